"""Faults in what the toolkit sends to write: another value than a person approved."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

Spoil = Callable[[str, Any], Any]
"""Returns another body, of the path and the body of a request that writes."""
_PULL_REQUEST = re.compile(r"/pullrequests(/\d+)?$", re.IGNORECASE)


def _publish(path: str, body: Any) -> Any:
    """Publish a draft with every change of it."""
    return {**body, "isDraft": False} if _PULL_REQUEST.search(path) and isinstance(body, Mapping) else body


def _forget(_: str, body: Any) -> Any:
    """Leave out the last value."""
    if isinstance(body, list):
        return body[:-1]
    return dict(list(body.items())[:-1]) if isinstance(body, Mapping) else body


FAULTY_WRITES: Mapping[str, Spoil] = {"publish drafts": _publish, "forget the last value": _forget}


class SpoilingTransport(httpx.AsyncBaseTransport):
    """A transport that changes what is written on its way.

    Attributes:
        touched: How many requests it changed.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, spoil: Spoil) -> None:
        """Take the transport that carries the requests on."""
        self._inner, self._spoil, self.touched = inner, spoil, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry on a request, with another body when it writes."""
        if request.method in {"POST", "PATCH", "PUT"} and not _reads(request.url.path):
            body = json.loads(await request.aread() or b"null")
            if (other := self._spoil(request.url.path, body)) != body:
                self.touched += 1
                headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
                request = httpx.Request(request.method, request.url, headers=headers, json=other)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


def _reads(path: str) -> bool:
    """Return whether a request with a body only asks for something."""
    return path.lower().endswith(("wiql", "batch", "codesearchresults", "workitemsbatch", "commitsbatch"))
