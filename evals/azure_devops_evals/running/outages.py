"""Distinguish a model that failed from a model that could not be reached, which says nothing about the agent."""

import json
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel

_PASSING = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Statuses about the key, the address or the load, not about the content of the request."""
_LOST = frozenset({"APIConnectionError", "TransportError", "APIResponseValidationError"})
"""Names of error classes, or of their bases, that report a bad connection or a bad answer."""
_NO_STREAM = "No generation chunks were returned"
"""The message of LangChain for a stream without any output of a model, such as the page of a proxy."""


def is_outage(error: BaseException) -> bool:
    """Return whether an error of a model's client means that the model could not be reached.

    A request that the provider refuses as wrong (400, 422) is a fault of the agent, and so is every unknown error.
    """
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in _PASSING or status >= 500
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & _LOST) or isinstance(error, OSError | json.JSONDecodeError) or str(error) == _NO_STREAM


class OutageWatch(BaseCallbackHandler):
    """Remembers why the model could not be reached.

    Attributes:
        outage: The reason; None when the model could be reached.
    """

    def __init__(self) -> None:
        """Begin without an outage."""
        self.outage: str | None = None

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        """Keep the reason when the error is an outage."""
        if is_outage(error):
            self.outage = f"{type(error).__name__}: {str(error)[:300]}"


def watch_for_outages(model: BaseChatModel, watch: OutageWatch) -> BaseChatModel:
    """Return a copy of the model whose outages `watch` remembers."""
    present = model.callbacks if isinstance(model.callbacks, list) else []
    return model.model_copy(update={"callbacks": [*present, watch]})
