"""What a run is judged by: gates, the baseline and statistics over trials."""
