"""Values as every checkpointer and every store keeps them."""

import math
from typing import Any

from langchain_azure_devops.text import join_halves

_MAX_DEPTH = 20
_MAX_INTEGER = 2**63


def storable(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return a value as every database stores it: whole characters without NUL, finite numbers, not too deep.

    A number that does not fit into 64 bits, or is not finite, becomes its text, and so do bytes.
    """
    if isinstance(value, str):
        return join_halves(value).replace("\0", "\ufffd")
    if isinstance(value, bytes | bytearray):
        return storable(bytes(value).decode(errors="replace"))
    if isinstance(value, list | tuple):
        return [storable(part, depth - 1) for part in value] if depth else []
    if isinstance(value, dict):
        return {storable(name): storable(part, depth - 1) for name, part in value.items()} if depth else {}
    too_large = isinstance(value, int) and not -_MAX_INTEGER <= value < _MAX_INTEGER
    if too_large or (isinstance(value, float) and not math.isfinite(value)):
        return f"{value:g}" if isinstance(value, float) else hex(value)
    return value
