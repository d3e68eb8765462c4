"""Pull requests: reviewers, threads, merges and policies."""
