"""Play cases with a model behind an API: a local OpenAI-compatible server and recorded answers."""
