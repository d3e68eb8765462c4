"""Name operations that the simulator lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

HEADER = "X-Simulator-Not-Simulated"
"""The header of every answer about something that is not simulated."""

_MARKER = re.compile(r"_\w+", re.ASCII)
_PLACES = ("{project}", "{team}")
_LONGEST = 60


class Names:
    """Names of operations without ids: words that no known template contains are left out."""

    def __init__(self, templates: Iterable[str]) -> None:
        segments = {segment.lower() for template in templates for segment in template.split("/")}
        self._words = {segment for segment in segments if "{" not in segment}

    def operation(self, method: str, segments: Sequence[str]) -> str:
        """Return a name for a request, such as `GET {project}/_apis/wiki/wikis/{}` or `the web page _dashboards`."""
        at = next((place for place, segment in enumerate(segments) if _MARKER.fullmatch(segment)), None)
        if method == "GET" and (at is None or segments[at] not in {"_apis", "_git"}):
            return "the web pages of the service" if at is None else f"the web pages below {segments[at][:_LONGEST]}"
        if at is None:
            return f"{method} of the web pages of the service"
        start = at + (3 if segments[at] == "_apis" else 1)
        known = [*_PLACES[:at], *segments[at:start]]
        rest = [segment if segment.lower() in self._words else "{}" for segment in segments[start:]]
        text = "/".join(quote(segment[:_LONGEST], safe="{}$,:@") for segment in known + rest)
        return f"{method} {text}"
