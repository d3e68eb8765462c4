"""Evidence: what the tools answered, kept whole under an id."""
