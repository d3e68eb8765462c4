"""The words by which secrets are told from what only looks like them."""

import tomllib
from functools import cache
from importlib.resources import files


def load_words(group: str) -> frozenset[str]:
    """Return a group of words of the data file."""
    return frozenset(_load_document()[group].split())


@cache
def _load_document() -> dict[str, str]:
    return tomllib.loads((files("langchain_azure_devops.text") / "secret_words.toml").read_text(encoding="utf-8"))
