"""The stub server on loopback. It runs in a process of its own, so that it shares no lock with what is measured.

`python -m azure_devops_evals.benchmarks.stub` prints its address and serves until its standard input ends. The first
segment of a path chooses how it answers: `plain`, `delay` (20 ms later), `faulty` (every fifth time one of FAULTS).
Bodies are made once and kept, so that an answer costs the server next to nothing.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from azure_devops_evals.benchmarks import answers

DELAY = 0.020
FILE_BYTES = 100 * 1024 * 1024
LOG_LINES, LOG_WIDTH = 524_288, 99
"""Lines and characters of a long log: 50 MB with the line ends."""
LONG_LOGS: Mapping[int, Callable[[int, int], str]] = {
    4: answers.log_line,
    5: answers.log_line_with_few_failures,
    6: answers.log_line_with_error,
}
"""The long logs by their ids."""
SHORT_LOG_LINES = 50_000
REPOSITORIES = 40
FAULTS = (429, 503, 500, None)
"""The statuses of the faulty answers in turn; None resets the connection. 500 is the general failure TF400898."""
_PIECE = 64 * 1024


class Body(NamedTuple):
    """An answer: one body, or pieces when the body is too large to hold."""

    content: bytes = b""
    pieces: Iterator[bytes] | None = None
    content_type: str = "application/json; charset=utf-8"
    head: str = ""
    status: int = 200


class Asked(NamedTuple):
    """A request: its decoded path without the organization, its query, its body."""

    path: str
    query: dict[str, str]
    body: bytes

    def number(self, name: str, default: int) -> int:
        """Return a number of the query."""
        return int(self.query.get(name, default))


class Counts:
    """The requests, connections and bytes since the last reset."""

    requests = 0
    connections = 0
    sent = 0


_ROWS: dict[str, Callable[[int], answers.Json]] = {
    "pullrequests": answers.pull_request,
    "builds": answers.build,
    "projects": answers.project,
    "teams": answers.team,
    "repositories": answers.repository,
    "refs": answers.ref,
    "definitions": answers.definition,
    "variablegroups": answers.variable_group,
    "endpoints": answers.service_connection,
    "environments": answers.environment,
    "pools": answers.pool,
    "iterations": answers.iteration,
    "plans": answers.test_plan,
    "wikis": answers.wiki,
}


@cache
def _row(kind: str, number: int) -> bytes:
    return json.dumps(_ROWS[kind](number), separators=(",", ":")).encode()


@cache
def _rows(kind: str, first: int, count: int) -> bytes:
    listed = b",".join(_row(kind, number) for number in range(first, first + count))
    return b'{"count":%d,"value":[%b]}' % (count, listed)


def _list_rows(kind: str) -> Callable[[Asked], Body]:
    """Answer with as many rows as asked for, from a list that does not end."""
    return lambda asked: Body(_rows(kind, asked.number("$skip", 0) or _continued(asked), asked.number("$top", 100)))


def _builds(asked: Asked) -> Body:
    first, count = _continued(asked), asked.number("$top", 100)
    return Body(_rows("builds", first, count), head=f"x-ms-continuationtoken: {first + count}\r\n")


def _continued(asked: Asked) -> int:
    return asked.number("continuationToken", 0)


def _wiql(asked: Asked) -> Body:
    ids = [{"id": number} for number in range(asked.number("$top", 200), 0, -1)]
    return Body(_json({"queryType": "flat", "asOf": "2026-11-20T09:00:00Z", "workItems": ids[-200:]}))


def _batch(asked: Asked) -> Body:
    rows = [answers.work_item(number) for number in json.loads(asked.body)["ids"]]
    return Body(_json({"count": len(rows), "value": rows}))


def _search(asked: Asked) -> Body:
    wanted = json.loads(asked.body)
    hits = [answers.found_file(number) for number in range(wanted["$skip"], wanted["$skip"] + wanted["$top"])]
    return Body(_json({"count": 50, "results": hits[:50], "infoCode": 0}))


def _items(asked: Asked) -> Body:
    if asked.query.get("path") == "/big.txt":
        line = answers.log_line(0, LOG_WIDTH).encode() + b"\n"
        piece = line * (_PIECE // len(line))
        count = FILE_BYTES // len(piece) + 1
        return Body(pieces=(piece for _ in range(count)), content_type="application/octet-stream")
    return Body(answers.FILE, content_type="application/octet-stream")


def _logs(_: Asked) -> Body:
    counts = {3: SHORT_LOG_LINES, **dict.fromkeys(LONG_LOGS, LOG_LINES)}
    return Body(
        _json({"count": len(counts), "value": [{"id": log, "lineCount": count} for log, count in counts.items()]})
    )


def _log(asked: Asked) -> Body:
    line = LONG_LOGS.get(int(asked.path.rpartition("/")[2]))
    lines, width = (LOG_LINES, LOG_WIDTH) if line else (SHORT_LOG_LINES, 0)
    first, last = asked.number("startLine", 1), min(asked.number("endLine", lines), lines)
    return Body(pieces=_text(first, last, width, line or answers.log_line), content_type="text/plain")


def _text(first: int, last: int, width: int, line: Callable[[int, int], str]) -> Iterator[bytes]:
    for start in range(first, last + 1, 500):
        numbers = range(start, min(start + 500, last + 1))
        yield "".join(f"{line(number, width)}\n" for number in numbers).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_ROUTES: list[tuple[re.Pattern[str], Callable[[Asked], Body]]] = [
    (re.compile(pattern, re.IGNORECASE), answer)
    for pattern, answer in (
        (r"/_apis/connectionData$", lambda _: Body(_json({"authenticatedUser": {
            "id": "11111111-2222-3333-4444-555555555555", "providerDisplayName": "Dana Ortiz"}}))),
        (r"/pullrequests$", _list_rows("pullrequests")),
        (r"/_apis/projects$", lambda _: Body(_rows("projects", 0, 2))),
        (r"/_apis/projects/[^/]+/teams$", lambda _: Body(_rows("teams", 0, 3))),
        (r"/_apis/git/repositories$", lambda _: Body(_rows("repositories", 0, REPOSITORIES))),
        (r"/refs$", lambda _: Body(_rows("refs", 0, 5))),
        (r"/_apis/build/definitions$", lambda _: Body(_rows("definitions", 0, 4))),
        (r"/distributedtask/variablegroups$", lambda _: Body(_rows("variablegroups", 0, 4))),
        (r"/serviceendpoint/endpoints$", lambda _: Body(_rows("endpoints", 0, 4))),
        (r"/pipelines/environments$", lambda _: Body(_rows("environments", 0, 4))),
        (r"/distributedtask/pools$", lambda _: Body(_rows("pools", 0, 4))),
        (r"/work/teamsettings/iterations$", lambda _: Body(_rows("iterations", 0, 6))),
        (r"/wit/classificationnodes/areas$", lambda _: Body(_json(answers.area(0, areas=4)))),
        (r"/testplan/plans$", lambda _: Body(_rows("plans", 0, 4))),
        (r"/wiki/wikis$", lambda _: Body(_rows("wikis", 0, 2))),
        (r"/_apis/build/builds$", _builds),
        (r"/builds/\d+/logs$", _logs),
        (r"/builds/\d+/logs/\d+$", _log),
        (r"/wit/wiql$", _wiql),
        (r"/wit/workitemsbatch$", _batch),
        (r"/codesearchresults$", _search),
        (r"/items$", _items),
    )
]  # fmt: skip


class Connection(asyncio.Protocol):
    """HTTP/1.1 on one connection, as far as the measured clients need it."""

    faulty_calls = 0

    def __init__(self) -> None:
        """Wait for a request."""
        self._buffer = b""
        self._wire: asyncio.Transport
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what asyncio gives for TCP
        self._wire = transport
        Counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Stop sending."""
        for task in self._under_way:
            task.cancel()

    def pause_writing(self) -> None:
        """Stop writing until the client has caught up."""
        self._flowing.clear()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._flowing.set()

    def data_received(self, data: bytes) -> None:
        """Answer when a request is complete."""
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        url = urlsplit(head.split(b" ", 2)[1].decode())
        _, mode, path = unquote(url.path).split("/", 2)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._choose(mode, Asked(f"/{path}", query, rest[:size]))

    def _choose(self, mode: str, asked: Asked) -> None:
        if asked.path == "/_stats":
            stats = _json({"requests": Counts.requests, "connections": Counts.connections, "sent": Counts.sent})
            self._send(Body(stats))
            Counts.requests = Counts.connections = Counts.sent = 0
            return
        Counts.requests += 1
        if mode == "faulty":
            Connection.faulty_calls += 1
            turn, rest = divmod(Connection.faulty_calls, 5)
            if rest == 0:
                self._fail(FAULTS[turn % len(FAULTS)])
                return
        body = next((answer(asked) for route, answer in _ROUTES if route.search(asked.path)), Body(status=404))
        if mode == "delay":
            asyncio.get_running_loop().call_later(DELAY, self._send, body)
        else:
            self._send(body)

    def _fail(self, status: int | None) -> None:
        if status is None:
            self._wire.abort()
        elif status == 500:
            self._send(
                Body(_json({"message": "TF400898: An Internal Error Occurred.", "typeKey": "Exception"}), status=500)
            )
        else:
            self._send(Body(status=status, head=f"Retry-After: {1 if status == 429 else 0}\r\n"))

    def _send(self, body: Body) -> None:
        framing = "Transfer-Encoding: chunked" if body.pieces else f"Content-Length: {len(body.content)}"
        signed = "".join(f"{name}: {value}\r\n" for name, value in answers.SIGNED_IN.items())
        head = f"HTTP/1.1 {body.status} -\r\nContent-Type: {body.content_type}\r\n{framing}\r\n{signed}{body.head}\r\n"
        self._write(head.encode() + body.content)
        if body.pieces:
            task = asyncio.get_running_loop().create_task(self._stream(body.pieces))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _stream(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            await self._flowing.wait()
            self._write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        Counts.sent += len(data)
        self._wire.write(data)


async def serve() -> None:
    """Serve until standard input ends, which also happens when the parent process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
