"""Git repositories: objects, refs, items, commits and pushes."""
