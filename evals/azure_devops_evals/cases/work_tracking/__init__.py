"""The memory of an organization: what changed in work items, what was said and attached, and many changes at once."""
