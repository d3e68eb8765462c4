"""Requests to the service: the client, credentials, the write gate, retries, pacing and answers."""
