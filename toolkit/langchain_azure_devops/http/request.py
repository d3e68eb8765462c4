"""One request of a tool, its context for the transport layers, and the probes of write scopes."""

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar, cast
from urllib.parse import quote, urlencode

import httpx
from pydantic import JsonValue, SecretStr

from langchain_azure_devops.errors import InvalidRequest, WriteBlocked
from langchain_azure_devops.http.pacing import Pacer
from langchain_azure_devops.runtime import Waiting
from langchain_azure_devops.safety.grants import Grant, GrantBook, Operation
from langchain_azure_devops.safety.operations import is_read
from langchain_azure_devops.text.known_secrets import PSEUDONYM_MARK, KnownSecrets
from langchain_azure_devops.text.secrets import PSEUDONYM

T = TypeVar("T")
QueryValue = str | int | bool | None
PathValues = Mapping[str, str | int | None]
"""The values of the placeholders of a route; a `project` of None drops its segment."""

API_VERSION = "7.1"
_HEADERS = {
    "User-Agent": "langchain-azure-devops",
    "X-TFS-FedAuthRedirect": "Suppress",
    # The encodings that body.py decompresses within bounds.
    "Accept-Encoding": "gzip, deflate",
}
_PIECE_BYTES = 64 * 1024
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]")


@dataclass(frozen=True)
class Request:
    """One request as a tool asks for it.

    Attributes:
        operation: The method and the route template.
        path: The values of the placeholders; a `project` of None drops its segment.
        query: The query parameters; None leaves one out.
        body: The JSON body, or None.
        area: The area of the service, which decides the host.
        version: The api-version; empty where the service takes none.
        accept: The media type of the answer.
        content_type: The media type of the body.
        headers: Further headers, such as the range of the bytes to send.
        file: The bytes to send in place of JSON.
    """

    operation: Operation
    path: PathValues
    query: Mapping[str, QueryValue]
    body: JsonValue = None
    area: str = "core"
    version: str = API_VERSION
    accept: str = "application/json"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    file: bytearray | None = field(default=None, repr=False)

    @property
    def project(self) -> str | None:
        """The project in the path, as the caller gave it."""
        value = self.path.get("project")
        return None if value is None else str(value)

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters that are sent, the api-version included."""
        given = {name: _query_text(value) for name, value in self.query.items() if value is not None}
        return {**given, "api-version": self.version} if self.version else given

    def revealed(self, secrets: KnownSecrets) -> "Request":
        """Return the request as it is sent: with secrets in place of pseudonyms. Only its HTTP request is made of it.

        Raises:
            InvalidRequest: A pseudonym is not known, or its secret cannot be part of a path.
            WriteBlocked: The request writes.
        """
        values = [text for value in (*self.path.values(), *self.query.values(), self.body) if (text := str(value))]
        if not any(PSEUDONYM_MARK in text and PSEUDONYM.search(text) for text in values):
            return self
        if not is_read(self.operation):
            raise WriteBlocked(
                "Nothing was written: a pseudonym stands for a secret, and no write may carry one. Describe where the "
                "secret is instead.",
                subject="secret",
            )
        # In a query language, the secret behind a pseudonym must not end at a quote inside of it.
        written = _double_quotes if self.operation.template.endswith("/wiql") else str
        path, query = _map_texts(dict(self.path), secrets.reveal), _map_texts(dict(self.query), secrets.reveal)
        for name, value in path.items():
            if value != self.path[name] and not _is_segment(str(value)):
                raise InvalidRequest(f"The secret behind {self.path[name]} cannot be a {name}.", subject=name)
        return replace(
            self, path=path, query=query, body=_map_texts(self.body, lambda text: secrets.reveal(text, written))
        )

    def http(self, base_url: str, extensions: Mapping[str, object], content: bytes | None = None) -> httpx.Request:
        """Build the HTTP request without the token.

        Args:
            base_url: The URL of the organization.
            extensions: The data for the transport layers.
            content: The body, where it is not made from `self.body`.

        Raises:
            InvalidRequest: A name cannot be part of a path, a text cannot be encoded, or the address is too long.
        """
        try:
            if content is None and self.body is not None:
                content = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
            query = urlencode(self.parameters, quote_via=quote, safe="")
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                f"{error.object[error.start : error.end]!r} is half a character, which cannot be sent. Leave it out."
            ) from error
        headers = {**_HEADERS, "Accept": self.accept, **self.headers}
        if content is not None or self.file is not None:
            headers["Content-Type"] = self.content_type
        url = f"{base_url}{expand_path(self.operation.template, self.path)}?{query}"
        body: bytes | _Pieces | None = content
        if self.file is not None:
            headers["Content-Length"] = str(len(self.file))
            body = bytes(self.file) if len(self.file) <= _PIECE_BYTES else _Pieces(self.file)
        try:
            return httpx.Request(self.operation.method, url, headers=headers, content=body, extensions=dict(extensions))
        except httpx.InvalidURL as error:
            raise InvalidRequest(
                f"The arguments make no valid address ({error}), so nothing was sent. Give shorter names, paths and "
                "texts to search for."
            ) from None


class _Pieces:
    """A file as the body of a request, in pieces, so that it is in memory only once. It can be sent again."""

    def __init__(self, content: bytearray) -> None:
        self._content = content
        self.size = len(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, self.size, _PIECE_BYTES):
            yield bytes(self._content[start : start + _PIECE_BYTES])


def _double_quotes(secret: str) -> str:
    return secret.replace("'", "''")


def _map_texts(value: T, change: Callable[[str], str]) -> T:
    """Change every text in plain data; the names in it stay."""
    found: object = value
    if isinstance(value, str):
        found = change(value)
    elif isinstance(value, list):
        found = [_map_texts(part, change) for part in value]
    elif isinstance(value, dict):
        found = {name: _map_texts(part, change) for name, part in value.items()}
    return cast("T", found)


def expand_path(template: str, path: PathValues) -> str:
    """Fill the placeholders of a template with quoted values. No other code puts outside names into a path.

    Raises:
        InvalidRequest: A value is empty, is a dot segment, or contains a separator or a control character.
    """
    if path.get("project") is None:
        template = template.replace("/{project}", "", 1)

    def fill(match: re.Match[str]) -> str:
        value = str(path[match[1]])
        if not _is_segment(value):
            raise InvalidRequest(
                f"{value!r} cannot be a {match[1].replace('_', ' ')}: it must not be empty, '.' or '..', and must not "
                "contain '/', '\\', control characters or half characters. Give the plain name or id.",
                subject=match[1],
            )
        return quote(value, safe="")

    return _PLACEHOLDER.sub(fill, template)


def _is_segment(value: str) -> bool:
    """Return whether a value can be one segment of a path."""
    return bool(value.strip()) and value.strip() not in {".", ".."} and not _UNSAFE.search(value)


def format_time(moment: datetime) -> str:
    """Return a time as the service reads it; a time without a zone is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # strftime writes years before 1000 with fewer digits, which the service refuses.
    return f"{aware.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _query_text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_NOBODY = "00000000-0000-0000-0000-000000000000"
PROBES: Mapping[str, tuple[Operation, str, str]] = {
    "vso.code_write": (
        Operation("POST", f"/_apis/git/repositories/{_NOBODY}/refs"),
        "application/json",
        "{}",
    ),
    "vso.code_manage": (
        Operation("POST", f"/_apis/git/repositories/{_NOBODY}/annotatedtags"),
        "application/json",
        "{}",
    ),
    "vso.work_write": (
        Operation("PATCH", "/_apis/wit/workitems/2147483647"),
        "application/json-patch+json",
        '[{"op":"test","path":"/rev","value":1}]',
    ),
    "vso.build_execute": (
        Operation("PATCH", "/{project}/_apis/build/builds/2147483647"),
        "application/json",
        "{}",
    ),
    "vso.wiki_write": (
        Operation("POST", f"/{{project}}/_apis/wiki/wikis/{_NOBODY}/pagemoves"),
        "application/json",
        "{}",
    ),
}
"""Requests that show whether the token has a write scope. They change nothing: the target cannot exist, and the
service refuses the body, or the body asks for nothing."""


class RequestSource(Protocol):
    """The client that sends a request: whether it may write, its open grants and its pace."""

    read_only: bool
    grants: GrantBook

    @property
    def pacer(self) -> Pacer:
        """The pacer that all clients of this organization and person share."""


@dataclass(frozen=True)
class RequestContext:
    """The facts about a request that the transport layers need. The `request_context` extension carries them.

    Attributes:
        operation: The operation that the request carries out.
        path: The values of the placeholders in its route.
        client: The client that sends it.
        deadline: The end of the call that it belongs to, by the monotonic clock.
        report_wait: Called with every wait that is long enough for a person to notice.
        grant: The grant of the tool call that it belongs to.
        probe: Whether it is one of PROBES.
        streamed: Whether the caller reads the body piece by piece and limits its size.
        token: The token to send, even if it is refused; None for the one in use.
        anonymous: Whether to send it without a token.
        before_write: Runs right before each attempt to send a write; an error means that it is not sent.
        started: The time when it was made, by the monotonic clock.
    """

    operation: Operation
    path: Mapping[str, str | int | None]
    client: RequestSource
    deadline: float
    report_wait: Callable[[Waiting], None]
    grant: Grant | None = None
    probe: bool = False
    streamed: bool = False
    token: SecretStr | None = None
    anonymous: bool = False
    before_write: Callable[[], Awaitable[None]] | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def reads(self) -> bool:
        """Whether the request cannot change anything."""
        return self.probe or is_read(self.operation)
