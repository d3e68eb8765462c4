"""Cases of the tools for code and reviews outside of the default set, which the agent finds by words."""
