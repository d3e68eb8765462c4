"""What tools return: typed records and pages, who wrote their fields, and their text for a model."""
