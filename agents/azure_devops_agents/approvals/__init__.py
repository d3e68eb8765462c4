"""Let a person approve each write, and keep the journal of writes."""
