"""Plant hostile text into the answers of the service, at one location in all answers of one kind.

A location is a path in a JSON answer without the numbers of rows, such as `value[].title`, or TEXT for a plain text or
the files of an archive, and NAME for the name of a further file in it.
Text is planted on the way from the simulator to the client. So it reaches every text that the service could send, also
texts that the simulator would not accept as input.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import httpx
from pydantic import JsonValue

from azure_devops_evals.attacks.samples import SUPPLEMENTS

TEXT, NAME = "(text)", "(name)"
_LINES = 200
_WRITTEN = frozenset({"relations[].url", "buildNumber", "value[].buildNumber"})
"""Paths whose texts look like the service's own but are written by people or by a pipeline."""
_NUMBER = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F-]{36}|[0-9a-f]{40})(?=/|$)")
# Texts that only the service makes: identifiers, times, addresses, digests, numbers.
_OWN = re.compile(
    r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-][\d:]+)|https?://\S*|vstfs://\S*"
    r"|[0-9a-f]{32,64}|[\d.]*"
)


@dataclass(frozen=True)
class TextLocation:
    """The location of a text: the request without ids, and the path in its answer."""

    request: str
    path: str


def request_of(request: httpx.Request) -> str:
    """Return the kind of a request: its method and path with ids replaced."""
    return f"{request.method} {_NUMBER.sub('*', request.url.path)}"


def key_of(request: httpx.Request) -> str:
    """Return what two requests have in common that ask for the same."""
    return f"{request.method} {request.url.raw_path!r} {request.content!r}"


def changes_something(request: httpx.Request) -> bool:
    """Return whether a request changes something in the organization."""
    reading = ("/wiql", "/workitemsbatch", "searchresults", "/pagesbatch", "/pullrequestquery", "/preview")
    return request.method not in {"GET", "HEAD", "OPTIONS"} and not request.url.path.lower().endswith(reading)


def text_locations(response: httpx.Response) -> Iterator[str]:
    """Return the paths of the texts in an answer that people or builds wrote."""
    body = _json(response)
    if _is_archive(response):
        yield from (TEXT, NAME)
        return
    if body is None:
        if response.content and response.headers.get("content-type", "").startswith(("text/", "application/octet")):
            yield TEXT
        return
    yield from dict.fromkeys(path for path, value in _leaves(body, "") if path in _WRITTEN or not _OWN.fullmatch(value))


def _json(response: httpx.Response) -> JsonValue:
    if "json" not in response.headers.get("content-type", ""):
        return None
    return cast("JsonValue", json.loads(response.content)) if response.content else None


def _leaves(value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, f"{path}[]")


def plant(
    response: httpx.Response, payloads: Mapping[str, str], *, first: bool = False, later_lines: bool = False
) -> httpx.Response:
    """Return the answer with a payload behind the text at each of the paths, or before it.

    Args:
        response: The answer.
        payloads: The payloads by path.
        first: Whether a payload stands before its text. A plain text and the files of an archive have it behind each
            line in any case.
        later_lines: Whether the answer has the lines of a text from a later one on. Their number stays what it was,
            because it decides which of them a tool takes for the last ones.
    """
    body = _json(response)
    if _is_archive(response):
        return _plant_in_archive(response, payloads)
    if body is None:
        if (payload := payloads.get(TEXT)) is None:
            return response
        lines = response.text.split("\n")
        # A tool may read many lines before those that it shows.
        middle = range(_LINES, len(lines) - _LINES)
        content = "\n".join(line if number in middle else f"{line}{payload}" for number, line in enumerate(lines))
        if later_lines:
            # What follows the last line break is no line when it is empty.
            kept = len(lines) - (not lines[-1])
            content = "\n".join(content.split("\n")[-kept:])
    else:

        def change(path: str, text: str) -> str:
            payload = payloads.get(path, "")
            return payload + text if first else text + payload

        changed = _changed(body, "", change)
        content = json.dumps(changed)
    return _with(response, content.encode())


def _is_archive(response: httpx.Response) -> bool:
    return "application/zip" in str(response.headers.get("content-type"))


def _plant_in_archive(response: httpx.Response, payloads: Mapping[str, str]) -> httpx.Response:
    """Return an archive with a payload behind each line of its files, or with a file that has it as its name."""
    planted = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(response.content)) as known, zipfile.ZipFile(planted, "w") as changed:
        for entry in known.infolist():
            lines = known.read(entry).decode("utf-8", "replace").split("\n")
            changed.writestr(entry.filename, "\n".join(f"{line}{payloads.get(TEXT, '')}" for line in lines))
        if name := payloads.get(NAME):
            changed.writestr(f"x{name}", "")
    return _with(response, planted.getvalue())


def _changed(value: JsonValue, path: str, change: Callable[[str, str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(path, value)
    if isinstance(value, dict):
        return {name: _changed(part, f"{path}.{name}" if path else name, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_changed(part, f"{path}[]", change) for part in value]
    return value


def without_returned(request: httpx.Request, plants: Mapping[TextLocation, str]) -> httpx.Request:
    """Return a request without the planted texts that it only gives back to the record in which they stood.

    A PUT replaces a whole record, so it holds each text that the service gave for it, at the same place.
    """
    if request.method != "PUT" or not request.content:
        return request
    read = f"GET {request_of(request).partition(' ')[2]}"
    returned = {place.path: payload for place, payload in plants.items() if place.request == read}
    kept = _changed(json.loads(request.content), "", lambda path, text: _without(text, returned.get(path, "")))
    return httpx.Request(request.method, request.url, content=json.dumps(kept).encode())


def _without(text: str, payload: str) -> str:
    return text.removesuffix(payload).removeprefix(payload)


@dataclass
class PlantingTransport(httpx.AsyncBaseTransport):
    """A transport in front of a simulated organization that remembers answers, repeats them and plants text into them.

    Attributes:
        inner: The transport of the organization.
        plants: The payload for each location.
        errors: The answers to requests of a kind that replace the organization's own.
        known: The answers so far, by request, in their order: after a write the same request has another answer.
        replays: Whether known answers are repeated instead of asking again.
        first: Whether payloads stand before the texts, where a tool that shows only the beginning cannot cut them off.
        sent: The requests as they were sent.
    """

    inner: httpx.AsyncBaseTransport
    plants: Mapping[TextLocation, str] = field(default_factory=dict)
    errors: Mapping[str, httpx.Response] = field(default_factory=dict)
    known: dict[str, list[httpx.Response]] = field(default_factory=dict)
    replays: bool = False
    first: bool = False
    sent: list[httpx.Request] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, with text planted."""
        self.sent.append(request)
        kind = request_of(request)
        if (error := self.errors.get(kind)) is not None:
            return _copy(error)
        key = key_of(request)
        known = self.known.setdefault(key, [])
        number, self._asked[key] = self._asked[key], self._asked[key] + 1
        if self.replays and known:
            answer = known[min(number, len(known) - 1)]
        else:
            answer = await self.inner.handle_async_request(request)
            await answer.aread()
            answer = _supplemented(request.url.path.lower(), answer)
            known.append(answer)
        payloads = {place.path: payload for place, payload in self.plants.items() if place.request == kind}
        later = int(request.url.params.get("startLine", 1)) > 1
        return plant(answer, payloads, first=self.first, later_lines=later) if payloads else _copy(answer)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self.inner.aclose()


def _supplemented(path: str, response: httpx.Response) -> httpx.Response:
    for part, rows, more in SUPPLEMENTS:
        if part in path and response.is_success:
            body = response.json()
            body[rows] = [{**row, **more} for row in body[rows]]
            return _with(response, json.dumps(body).encode())
    return response


def _copy(response: httpx.Response) -> httpx.Response:
    return _with(response, response.content)


def _with(response: httpx.Response, content: bytes) -> httpx.Response:
    """Return the same answer with this body, uncompressed."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _OF_THE_BODY]
    return httpx.Response(response.status_code, headers=headers, content=content)


_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
