"""WIQL, the query language of work items."""
