"""Text that outsiders wrote: what a reader cannot see is removed, and secrets become pseudonyms."""
