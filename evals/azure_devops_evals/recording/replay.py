"""A transport that answers from a recording, and explains how an unknown request differs from the recorded ones."""

import difflib
import json
import threading
from dataclasses import dataclass, field

import httpx

from azure_devops_evals.recording.difference import differences
from azure_devops_evals.recording.format import PSEUDONYM_KEY, Exchange, Recording, RequestKey, request_key
from langchain_azure_devops.text import redact


class ReplayMiss(Exception):
    """The recording does not hold a request. This is not an error of the service, and no tool may handle it as one.

    Attributes:
        key: The request.
    """

    def __init__(self, key: RequestKey, nearest: RequestKey | None) -> None:
        """Describe the request, and how the nearest recorded one differs."""
        self.key = key
        message = f"The recording has no answer to {key}."
        if nearest is not None:
            message += f" The nearest it has: {nearest}. Different: {'; '.join(_describe_difference(nearest, key))}."
        super().__init__(message)


@dataclass
class ReplayTransport(httpx.AsyncBaseTransport):
    """Answers from a recording. A repeated request gets the next answer, and the last answer again and again.

    Attributes:
        recording: The recording.
        misses: The requests that the recording does not hold, in their order.
    """

    recording: Recording
    misses: list[ReplayMiss] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Group the exchanges by their request."""
        self._answers: dict[RequestKey, list[Exchange]] = {}
        for exchange in self.recording.exchanges:
            self._answers.setdefault(exchange.key, []).append(exchange)
        self._next = dict.fromkeys(self._answers, 0)
        self._lock = threading.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request.

        Raises:
            ReplayMiss: The recording does not hold this request; the error is also added to `misses`.
        """
        await request.aread()
        base_path = f"/{self.recording.provenance.organization}"
        key = request_key(request, base_path, lambda text: redact(text, PSEUDONYM_KEY))
        with self._lock:
            answers = self._answers.get(key)
            if answers is None:
                miss = ReplayMiss(key, self._nearest(key))
                self.misses.append(miss)
                raise miss
            turn = self._next[key]
            self._next[key] = min(turn + 1, len(answers) - 1)
        return answers[turn].response()

    def _nearest(self, key: RequestKey) -> RequestKey | None:
        known = {str(one): one for one in self._answers}
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.6)
        return known[near[0]] if near else None


def _describe_difference(recorded: RequestKey, key: RequestKey) -> list[str]:
    """Describe how two requests differ, with the recorded value first."""
    return list(differences(_parts(recorded), _parts(key)))


def _parts(key: RequestKey) -> dict[str, object]:
    body = json.loads(key.body) if key.body[:1] in {"{", "["} else key.body
    query = {name: [value for other, value in key.query if other == name] for name, _ in key.query}
    return {
        "method": key.method,
        "path": key.path,
        "query": {name: values[0] if len(values) == 1 else values for name, values in query.items()},
        "body": body,
    }
