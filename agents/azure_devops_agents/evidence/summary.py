"""Summarize a result in one line for people, from the data of its artifact."""

from collections.abc import Mapping
from typing import Any

_MAX = 160
_TELLING = ("id", "build", "number", "pipeline", "category", "title")
"""The fields that tell people which record they see."""


def summarize_error(artifact: Mapping[str, Any]) -> str:
    """Name the status, the class and the subject of an error."""
    words = [str(artifact.get(name) or "") for name in ("status", "class", "subject")]
    return f"[{' '.join(word for word in words if word) or 'unavailable'}]"[:_MAX]


def summarize_refusal(artifact: Mapping[str, Any], text: str) -> str:
    """Say why a call was refused, in the first words below the headline, where all of them are the agent's own."""
    reason = "" if artifact.get("origins") else text.partition("\n")[2].partition("\n")[0]
    return (f"{reason[: _MAX - 3]}..." if len(reason) > _MAX else reason) or summarize_error(artifact)


def summarize_result(artifact: Mapping[str, Any]) -> str:
    """Say how many rows or lines a result has and whether these are all, or name the record that it is."""
    data, kind = artifact.get("data"), str(artifact.get("type") or "result").replace("_", " ")
    if isinstance(data, list):
        return _count(artifact, kind, len(data))
    if not isinstance(data, Mapping):
        return kind
    if "matching" in data:
        return _matches(artifact, kind, data)
    if "total_lines" in data:
        return _lines(artifact, kind, data)
    named = [f"{name}: {data[name]}" for name in _TELLING if data.get(name) not in (None, "")]
    return ", ".join(named)[:_MAX] or kind


def _count(artifact: Mapping[str, Any], kind: str, shown: int) -> str:
    if artifact.get("status") == "empty":
        return f"no {kind}"
    if not shown:
        return f"no {kind} in what was read{_extent(artifact)}"
    total = artifact.get("total")
    of = f" of {total}" if isinstance(total, int) and total >= shown else ""
    return f"{kind}: {shown}{of}{_extent(artifact)}"


def _matches(artifact: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> str:
    """Say how many lines hold the words, and in how many lines they were looked for."""
    total, found = data.get("total_lines"), data["matching"]
    among = f" in {total:,} lines" if isinstance(total, int) else ""
    extent = "" if artifact.get("complete") else _extent(artifact)
    return f"{kind}: {found:,}{among}{extent}" if found else f"no {kind}{among}{extent}"


def _lines(artifact: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> str:
    text, total = str(data.get("text") or data.get("lines") or ""), data["total_lines"]
    of = f" of {total:,}" if isinstance(total, int) else ""
    return f"{kind}: {text.count(chr(10)) + 1 if text else 0} lines{of}{_extent(artifact)}"


def _extent(artifact: Mapping[str, Any]) -> str:
    return ", all" if artifact.get("complete") else ", more follow" if artifact.get("next") else ", not all"
