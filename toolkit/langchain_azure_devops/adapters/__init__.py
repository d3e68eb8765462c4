"""The tools as LangChain tools. Only this package imports LangChain."""
