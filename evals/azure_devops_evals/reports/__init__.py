"""The outcome of a run as text, Markdown, JUnit and files for CI."""
