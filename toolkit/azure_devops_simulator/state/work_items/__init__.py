"""Work items with revisions, relations and comments, and the trees of areas and iterations."""
