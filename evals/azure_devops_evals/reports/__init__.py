"""The results of a run as text, Markdown, JUnit XML and JSON."""
