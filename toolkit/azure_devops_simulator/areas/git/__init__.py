"""Git repositories: objects, refs, items, commits, pushes and git over HTTP."""
