"""Work item tracking: items, comments, links, queries and process rules."""
