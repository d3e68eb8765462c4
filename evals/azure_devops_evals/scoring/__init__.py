"""Judge runs: the gates, the baseline, and statistics over trials."""
