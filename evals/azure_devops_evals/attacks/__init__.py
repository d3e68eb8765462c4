"""Attacks through every text that a tool shows; the texts are found from the tools' declarations."""
