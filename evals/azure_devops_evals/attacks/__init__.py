"""Attacks on every field of every tool that people or builds write, found from the registry of tools."""
