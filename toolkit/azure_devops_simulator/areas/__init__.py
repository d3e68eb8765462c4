"""The areas of the REST API, one package for each."""
