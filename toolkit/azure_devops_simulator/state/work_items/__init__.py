"""Work items as they are kept: revisions, relations, comments, areas and iterations."""
