"""What a token may do: verify the connection, and choose the tools that it gets."""
