"""The filter of a partial clone: which trees and blobs the server leaves out, by the rules of git."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import unquote

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class UnsupportedFilterError(ValueError):
    """The filter is not valid, or the simulator does not support it."""


@dataclass(frozen=True)
class ObjectFilter:
    """Keeps blobs with fewer bytes than `size`, and trees and blobs whose depth below a commit is less than `depth`.

    The root tree of a commit has depth 0. By these rules, `blob:none` is the size 0.
    """

    size: float = math.inf
    depth: float = math.inf

    @classmethod
    def parse(cls, text: str) -> ObjectFilter:
        """Read a filter as `git clone --filter` takes it.

        Raises:
            UnsupportedFilterError: for any other filter than `blob:none`, `blob:limit`, `tree` and combinations.
        """
        if text.startswith("combine:"):
            parts = [cls.parse(unquote(part)) for part in text.removeprefix("combine:").split("+")]
            return cls(min(part.size for part in parts), min(part.depth for part in parts))
        if text == "blob:none":
            return cls(size=0)
        if limit := re.fullmatch(r"blob:limit=(\d{1,15})([kmg]?)", text, re.IGNORECASE):
            return cls(size=int(limit[1]) * _UNITS[limit[2].lower()])
        if depth := re.fullmatch(r"tree:(\d{1,15})", text):
            return cls(depth=int(depth[1]))
        raise UnsupportedFilterError(f"The filter '{text}' is not supported.")
