"""What a person sees and decides before a write, and the journal of writes."""
