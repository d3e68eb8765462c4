"""Build an organization, save it as JSON, load it again, and compare two of them."""
