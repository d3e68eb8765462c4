"""Measure the promised numbers against one stub server, each beside its budget."""
