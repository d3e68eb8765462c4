"""Search the texts of work items by the search service, and by a query where that does not answer."""
