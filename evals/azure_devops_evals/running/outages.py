"""Whether a model failed or could not be reached: the one says something about the agent, the other nothing."""

import json
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel

_PASSING = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Statuses of a provider that speak of the key, the address or the load, not of what was asked."""
_LOST = frozenset({"APIConnectionError", "TransportError", "APIResponseValidationError"})
"""Names of classes, or of their bases, by which clients say that the connection or the answer was no good."""
_NO_STREAM = "No generation chunks were returned"
"""How LangChain says that a streamed answer had nothing of a model's in it: a proxy's page, say."""


def is_outage(error: BaseException) -> bool:
    """Whether an error of a model's client is about reaching the model.

    A request that the provider refuses as wrong (400, 422) is the agent's own fault, and so is anything unknown.
    """
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in _PASSING or status >= 500
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & _LOST) or isinstance(error, OSError | json.JSONDecodeError) or str(error) == _NO_STREAM


class OutageWatch(BaseCallbackHandler):
    """Remembers why the model could not be reached, if so.

    Attributes:
        outage: The reason, in words.
    """

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.outage: str | None = None

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        """Keep the reason."""
        if is_outage(error):
            self.outage = f"{type(error).__name__}: {str(error)[:300]}"


def watch_for_outages(model: BaseChatModel, watch: OutageWatch) -> BaseChatModel:
    """The same model, with somebody who watches it."""
    present = model.callbacks if isinstance(model.callbacks, list) else []
    return model.model_copy(update={"callbacks": [*present, watch]})
