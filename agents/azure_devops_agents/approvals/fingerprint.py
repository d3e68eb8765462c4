"""The fingerprint of a write: it tells a write that a person rejected from a new one, however it is spelled."""

import re
import unicodedata
from typing import Any, cast

from pydantic import JsonValue

from langchain_azure_devops.safety import WriteRequest, digest_call
from langchain_azure_devops.text import clean

_INSIGNIFICANT = re.compile(r"[\W_]+")


def fingerprint(request: WriteRequest) -> str:
    """Return a digest that two writes share when a person would call them the same write.

    Letter case, white space, punctuation, compatibility forms, invisible characters, empty arguments and the expected
    revision do not count.
    """
    given = {name: value for name, value in request.arguments.items() if name != "revision"}
    arguments = {
        name: value
        for name, value in given.items()
        if value not in (None, []) and (request.empty_clears or value != "")
    }
    return digest_call(request.tool, cast("dict[str, JsonValue]", _fold(arguments)))


def _fold(value: Any) -> Any:
    if isinstance(value, str):
        return _INSIGNIFICANT.sub("", unicodedata.normalize("NFKC", clean(value)).casefold())
    if isinstance(value, list):
        return [_fold(part) for part in value]
    if isinstance(value, dict):
        return {name: _fold(part) for name, part in value.items()}
    return value
