"""What happened to a work item: its comments and its changes."""
