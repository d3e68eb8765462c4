"""Threads that outlive a process: their checkpoints, evidence, journal of writes and locks, in SQLite or Postgres."""
