"""Describe the failure of a model: what happened, where, and what to do next."""

from contextlib import suppress
from urllib.parse import urlsplit

_LONGEST = 300
_NEXT = {
    401: "Check the key of the model",
    403: "Check what the key of the model may do",
    404: "Check the name of the model and the address",
    429: "Wait, or raise the limit at the provider",
}
_NOT_REACHED = "Check the address, and that its server runs and can be reached from here"
_OTHERWISE = "Ask again, or choose another model"


def describe_failure(name: str, error: Exception) -> str:
    """Say how a model failed, without the full stop at the end.

    Args:
        name: The name of the model.
        error: What its client raised. Most clients keep the request that failed, and the status of an answer.
    """
    text = str(error)[:_LONGEST].strip().rstrip(".")
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    address, status = _find_address(error), getattr(error, "status_code", None)
    where = f"the model {name} at {address}" if address else f"the model {name}"
    unanswered = _NOT_REACHED if address else _OTHERWISE
    advice = _NEXT.get(status, _OTHERWISE) if isinstance(status, int) else unanswered
    return f"The model failed: {told}. This was {where}. {advice}"


def _find_address(error: Exception) -> str:
    """Return where the request went, without the query and the user, which may hold secrets; empty when not known."""
    # Clients based on httpx raise when an error has no request.
    with suppress(RuntimeError, ValueError):
        found = urlsplit(str(getattr(getattr(error, "request", None), "url", "")))
        if found.scheme and found.hostname:
            return f"{found.scheme}://{found.netloc.rpartition('@')[2]}{found.path}"
    return ""
