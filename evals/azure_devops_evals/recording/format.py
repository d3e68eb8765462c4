"""The format of recordings, and the transport that makes them; `replay` answers from them.

A recording is JSON: its provenance, and the exchanges in order. A request is matched by method, path, sorted query and
body; host, organization, api-version and headers do not count. Secrets, the token and the identity in headers are taken
out while a recording is made.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, cast, get_args
from urllib.parse import quote, urlsplit

import httpx
from pydantic import JsonValue

from langchain_azure_devops.text import PSEUDONYM, make_pseudonym, redact, remove_token

CLOUD = "https://dev.azure.com"
PSEUDONYM_KEY = b"azure-devops-evals"
"""The key for pseudonyms of made-up secrets; it is fixed so that recording twice gives the same file."""

_STAND_INS: Mapping[str, str] = {
    "x-tfs-processid": "00000000-0000-4000-8000-000000000000",
    "x-vss-userdata": "00000000-0000-4000-8000-000000000001:somebody@example.invalid",
}
"""Headers of which only the presence counts: it shows that the service itself answered and knows the token."""
KEPT_HEADERS = frozenset(
    {"content-type", "location", "retry-after", "www-authenticate", "x-ms-continuationtoken", *_STAND_INS}
)
Form = Literal["body", "text", "base64", "broken"]
FORMS: tuple[Form, ...] = get_args(Form)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


@dataclass(frozen=True)
class Provenance:
    """The provenance of a recording.

    Attributes:
        recorded: The time when it was made, in ISO 8601 and UTC.
        source: The simulator, a live organization, or the published examples and recorded traffic that people wrote
            the answers after.
        api_version: The api-version that the client asked for.
        organization: The name of the organization in the paths of links.
        world: The digest of the simulated organization; empty for a live one. When it differs today, the answers may
            differ as well; `refresh` shows them.
    """

    recorded: str
    source: Literal["simulator", "live", "official"]
    api_version: str
    organization: str
    world: str = ""


@dataclass(frozen=True)
class RequestKey:
    """The parts of a request that decide its answer. The body is canonical JSON, other text, or empty."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return " ".join(part for part in (self.method, self.path + (f"?{query}" if query else ""), self.body) if part)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    The body of the answer is JSON (`body`), text (`text`) or bytes in base64 (`base64`). When the connection broke
    before the answer, it is `broken`, with the reason and the status 0.
    """

    key: RequestKey
    status: int
    headers: Mapping[str, str]
    kind: Form
    content: JsonValue

    def response(self) -> httpx.Response:
        """Return the answer as the network gave it.

        Raises:
            httpx.ReadError: The connection broke.
        """
        if self.kind == "broken":
            raise httpx.ReadError(str(self.content))
        if self.kind == "body":
            content = json.dumps(self.content, ensure_ascii=False).encode()
        elif self.kind == "base64":
            content = base64.b64decode(str(self.content))
        else:
            content = str(self.content).encode()
        return httpx.Response(self.status, headers=dict(self.headers), content=content)

    def as_json(self) -> dict[str, JsonValue]:
        """Return the exchange in the form of the file."""
        sent: JsonValue = self.key.body
        if self.key.body[:1] in {"{", "["}:
            sent = cast("JsonValue", json.loads(self.key.body))
        return {
            "method": self.key.method,
            "path": self.key.path,
            "query": [list(pair) for pair in self.key.query],
            "sent": sent,
            "status": self.status,
            "headers": dict(self.headers),
            self.kind: self.content,
        }


@dataclass(frozen=True)
class Recording:
    """The exchanges in their order, and their provenance."""

    provenance: Provenance
    exchanges: tuple[Exchange, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a recording.

        Raises:
            ValueError: The file is not a recording.
        """
        document = json.loads(path.read_text(encoding="utf-8"))
        try:
            return cls(Provenance(**document["provenance"]), tuple(map(_exchange, document["exchanges"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} is not a recording: {error!r}") from error

    def pseudonyms(self) -> frozenset[str]:
        """Return the pseudonyms of secrets in the recording."""
        texts = (json.dumps(exchange.as_json(), ensure_ascii=False) for exchange in self.exchanges)
        return frozenset(found[0] for text in texts for found in PSEUDONYM.finditer(text))

    def text(self) -> str:
        """Return indented JSON, so that a change can be reviewed."""
        document = {
            "provenance": dict(self.provenance.__dict__),
            "exchanges": [exchange.as_json() for exchange in self.exchanges],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _exchange(row: Mapping[str, JsonValue]) -> Exchange:
    sent = row["sent"]
    query = cast("list[list[str]]", row["query"])
    key = RequestKey(
        str(row["method"]),
        str(row["path"]),
        tuple((name, value) for name, value in query),
        sent if isinstance(sent, str) else _canonical(sent),
    )
    kind = next(kind for kind in FORMS if kind in row)
    headers = cast("dict[str, str]", row["headers"])
    return Exchange(key, int(str(row["status"])), headers, kind, row[kind])


# -- what counts, and what is taken out ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scrubber:
    """Takes out what must not be in a recording.

    Attributes:
        base_url: The address of the organization; the address of the cloud replaces it.
        key: The key of the pseudonyms. A live recording uses a random key: with a known one, a weak password could be
            guessed.
        people: Whether to replace mail addresses as well.
        known: The pseudonyms of the secrets found so far. A known secret is taken out wherever it occurs.
    """

    base_url: str
    key: bytes = PSEUDONYM_KEY
    people: bool = False
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def text(self, text: str, token: str = "") -> str:
        """Return a text without secrets, the token and the address of the machine."""
        if token:
            text = remove_token(text, token)
        parts = urlsplit(self.base_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        for address, instead in ((origin, CLOUD), (quote(origin, safe=""), quote(CLOUD, safe=""))):
            text = text.replace(address, instead)
        text = self.without_known(redact(text, self.key, self._remember))
        return _ADDRESS.sub(self._nobody, text) if self.people else text

    def without_known(self, text: str) -> str:
        """Remove all known secrets from a text."""
        for secret, pseudonym in self.known.items():
            text = text.replace(secret, pseudonym)
        return text

    def _remember(self, pseudonym: str, secret: str) -> None:
        self.known[secret] = pseudonym

    def _nobody(self, match: re.Match[str]) -> str:
        digest = make_pseudonym(match[0].lower(), "person", self.key).rstrip("]").rpartition(":")[2]
        return f"person-{digest}@example.invalid"


def request_key(request: httpx.Request, base_path: str, scrub: Callable[[str], str] = str) -> RequestKey:
    """Return the parts of a request that decide its answer, without the path of the organization."""
    path = request.url.raw_path.decode("ascii").partition("?")[0]
    if base_path and (path == base_path or path.startswith(base_path + "/")):
        path = path[len(base_path) :]
    query = sorted((name, scrub(value)) for name, value in request.url.params.multi_items() if name != "api-version")
    text = request.content.decode("utf-8", "backslashreplace")
    is_json = "json" in request.headers.get("content-type", "") and text
    text = _canonical(scrub_json(json.loads(text), scrub)) if is_json else scrub(text)
    return RequestKey(request.method, scrub(path), tuple(query), text)


def scrub_json(value: JsonValue, scrub: Callable[[str], str]) -> JsonValue:
    """Scrub every text in a JSON value, including the names of members."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [scrub_json(item, scrub) for item in value]
    if isinstance(value, dict):
        return {scrub(name): scrub_json(item, scrub) for name, item in value.items()}
    return value


def _canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _token_in(request: httpx.Request) -> str:
    authorization: str = request.headers.get("authorization", "")
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return encoded
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return encoded


# -- transports ------------------------------------------------------------------------------------------------------


class RecordingTransport(httpx.AsyncBaseTransport):
    """Passes requests on and records them with their answers, without secrets."""

    def __init__(self, inner: httpx.AsyncBaseTransport, scrubber: Scrubber) -> None:
        """Wrap `inner`, which reaches the organization of the scrubber's base URL."""
        self._inner = inner
        self._scrubber = scrubber
        self._base_path = urlsplit(scrubber.base_url).path.rstrip("/")
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, keep the exchange, and answer with the whole decoded body."""
        await request.aread()
        # A recording has whole answers: headers do not belong to the key, so two ranges would be the same request.
        for name in ("Range", "If-Range"):
            request.headers.pop(name, None)
        token = _token_in(request)

        def scrub(text: str) -> str:
            return self._scrubber.text(text, token)

        key = request_key(request, self._base_path, scrub)
        try:
            response = await self._inner.handle_async_request(request)
            content = await response.aread()
        except httpx.TransportError as error:
            self.exchanges.append(Exchange(key, 0, {}, "broken", scrub(str(error))))
            raise
        await response.aclose()
        headers = {
            name: _STAND_INS.get(name) or scrub(response.headers[name])
            for name in sorted(KEPT_HEADERS & set(response.headers.keys()))
        }
        kind, kept = _kept(content, response.headers.get("content-type", ""), scrub)
        self.exchanges.append(Exchange(key, response.status_code, headers, kind, kept))
        passed = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_BODY]
        return httpx.Response(response.status_code, headers=passed, content=content)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    def taken(self) -> tuple[Exchange, ...]:
        """Return the exchanges, each answer once, in an order that does not depend on concurrency.

        A secret that stands alone is recognized only after it was seen in its context, so all texts are scrubbed again.
        """
        kept: dict[RequestKey, list[Exchange]] = {}
        for made in self.exchanges:
            row = scrub_json(cast("JsonValue", made.as_json()), self._scrubber.without_known)
            exchange = _exchange(cast("Mapping[str, JsonValue]", row))
            answers = kept.setdefault(exchange.key, [])
            if not answers or answers[-1] != exchange:
                answers.append(exchange)
        return tuple(exchange for key in sorted(kept, key=str) for exchange in kept[key])


def _kept(content: bytes, content_type: str, scrub: Callable[[str], str]) -> tuple[Form, JsonValue]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        # A part of bytes cannot be replaced without breaking them, so bytes with a secret are left out as a whole.
        readable = content.decode("latin-1")
        return "base64", base64.b64encode(content if scrub(readable) == readable else b"[secret:binary]").decode()
    if "json" in content_type and text:
        return "body", scrub_json(json.loads(text), scrub)
    return "text", scrub(text)


_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
