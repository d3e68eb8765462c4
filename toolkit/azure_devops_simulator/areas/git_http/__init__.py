"""git over HTTP: clone, fetch and push, on the objects that REST shows."""
