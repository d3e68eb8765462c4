"""What teams plan with: iterations, areas, backlogs, boards and capacity."""
