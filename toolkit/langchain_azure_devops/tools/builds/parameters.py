"""The variables that a build was queued with, which the service keeps as JSON in a text."""

import json

_BY_SERVICE = "system.pullRequest."
"""How the variables begin that the service itself gives to each build of a pull request."""
_TARGET = f"{_BY_SERVICE}targetBranch"


def read_parameters(text: str | None) -> dict[str, object]:
    """Return the variables that somebody gave to a run. Those that the service sets itself are left out."""
    return {name: value for name, value in _load(text).items() if not name.startswith(_BY_SERVICE)}


def find_target(text: str | None) -> str | None:
    """Return the target branch, such as `refs/heads/main`, of a build of a pull request; None of another build."""
    target = _load(text).get(_TARGET)
    return target if isinstance(target, str) and target else None


def _load(text: str | None) -> dict[str, object]:
    try:
        loaded = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
