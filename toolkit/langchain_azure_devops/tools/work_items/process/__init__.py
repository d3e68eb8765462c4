"""What the process of a project knows: types of work items, and templates of teams."""
