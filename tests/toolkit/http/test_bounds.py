"""Answers that want to be too much: bombs, bodies without an end, drips; all over a real socket."""

import gzip
import socket
import time
import tracemalloc
import zlib
from contextlib import contextmanager

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import Listener
from tool_calls import call

from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.errors import InvalidRequest, NotFound, ServiceFault, Unavailable, Unreachable
from langchain_azure_devops.http.body import MAX_ANSWER_BYTES, MAX_ERROR_BYTES, PIECE_BYTES, decompress
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.text.lines import MAX_COUNTED_CHARACTERS, MAX_SCAN_BYTES

MB = 2**20
FILE = {"repository": "r", "path": "/f.txt", "project": "p"}


def head(*lines: str, status: int = 200, kind: str = "application/json") -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status} x", f"Content-Type: {kind}", "X-VSS-UserData: 1:d", *lines, "", ""]
    ).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextmanager
def served(answer, timeline=None, **timeouts):
    """A client of a server that calls `answer(connection, how many requests came)`; a timeline may have its own."""
    asked = [0]

    def serve(connection: socket.socket) -> None:
        while request := connection.recv(65_536):
            asked[0] += 1
            if timeline and b"/timeline" in request:
                connection.sendall(timeline)
            else:
                answer(connection, asked[0])

    context = RunContext(timeouts=Timeouts(**timeouts))
    with (
        Listener(serve) as listener,
        AzureDevOps(load_settings(base_url=f"{listener.url}/contoso", pat="t", environ={}), context=context) as client,
    ):
        yield client


@contextmanager
def memory_below(most: int):
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most, f"{peak / MB:.0f} MB"


def packed(text: bytes) -> bytes:
    """A gigabyte of `text`, which is 16 MB, as gzip in 64 parts."""
    return gzip.compress(text, 9) * 64


def complete(body: bytes, *lines: str, **kind) -> bytes:
    return head(f"Content-Length: {len(body)}", *lines, **kind) + body


def test_a_packed_list_that_becomes_a_gigabyte_is_not_unpacked():
    bomb = complete(packed(b" " * (16 * MB)), "Content-Encoding: gzip")
    assert len(bomb) < 2 * MB
    with served(lambda connection, _: connection.sendall(bomb)) as client, memory_below(64 * MB):
        with pytest.raises(InvalidRequest, match="500 times"):
            call(client, "list_projects")


@pytest.mark.parametrize("line", [b"x" * 63 + b"\n", b"x"], ids=["lines", "one line"])
def test_a_packed_file_that_becomes_a_gigabyte_is_not_unpacked(line):
    bomb = complete(packed(line * (16 * MB // len(line))), "Content-Encoding: gzip", kind="application/octet-stream")
    with served(lambda connection, _: connection.sendall(bomb)) as client, memory_below(8 * MB):
        if len(line) == 1:
            with pytest.raises(InvalidRequest, match="500 times"):
                call(client, "read_repository_file", **FILE)
        else:
            text = call(client, "read_repository_file", **FILE)
            assert text.total_lines is None
            assert "there are more lines" in text.notes[0]


def test_an_answer_without_an_end_stops_at_the_cap():
    sent = [0]

    def endless(connection, _):
        connection.sendall(head("Transfer-Encoding: chunked") + chunk(b"["))
        while True:
            connection.sendall(chunk(b"1," * 50_000))
            sent[0] += 100_000

    with served(endless) as client, memory_below(3 * MAX_ANSWER_BYTES):
        with pytest.raises(InvalidRequest, match="larger than 32 MB"):
            call(client, "list_projects")
    assert sent[0] < MAX_ANSWER_BYTES + 16 * MB


def test_a_file_without_an_end_is_read_as_far_as_needed():
    sent = [0]

    def endless(connection, _):
        connection.sendall(head("Transfer-Encoding: chunked", kind="application/octet-stream"))
        while True:
            connection.sendall(chunk(b"a line of it\n" * 5_000))
            sent[0] += 65_000

    with served(endless) as client, memory_below(8 * MB):
        text = call(client, "read_repository_file", **FILE, last_line=3)
    assert (text.first_line, text.last_line, text.total_lines) == (1, 3, None)
    assert sent[0] < MAX_COUNTED_CHARACTERS + 16 * MB


def test_a_log_that_is_searched_stops_at_the_cap():
    def endless(connection, _):
        connection.sendall(head("Transfer-Encoding: chunked", kind="text/plain"))
        while True:
            connection.sendall(chunk((b"2026-11-20T09:00:00.0000000Z " + b"all is well " * 160 + b"\n") * 30))

    with served(endless, timeline=complete(b'{"records": []}')) as client, memory_below(8 * MB):
        found = call(client, "get_build_log", build=1, log=1, contains="trouble", project="p")
    assert found.matching == 0
    assert f"Reading stopped after {MAX_SCAN_BYTES // MB} MB" in found.note


@pytest.mark.parametrize(("tool", "arguments"), [("list_projects", {}), ("read_repository_file", FILE)])
def test_a_drip_ends_with_the_time_of_the_call(tool, arguments):
    def drip(connection, _):
        connection.sendall(head("Transfer-Encoding: chunked", kind="application/octet-stream"))
        while True:
            connection.sendall(chunk(b"1"))
            time.sleep(0.02)

    with served(drip, call=0.5) as client, pytest.raises(Unreachable, match="time for this call"):
        call(client, tool, **arguments)


def test_of_an_error_only_the_beginning_is_read():
    sent = [0]

    def endless(connection, _):
        connection.sendall(head("Transfer-Encoding: chunked", status=404))
        connection.sendall(chunk(b'{"typeKey":"GitItemNotFoundException","message":"Nothing there","more":"'))
        while True:
            connection.sendall(chunk(b"x" * 65_536))
            sent[0] += 65_536

    with served(endless) as client, memory_below(8 * MB), pytest.raises(NotFound):
        call(client, "list_projects")
    assert sent[0] < MAX_ERROR_BYTES + 16 * MB


def test_a_packing_that_was_not_asked_for_is_named():
    answer = complete(b"\x0b\x02\x80{}\x03", "Content-Encoding: br")
    with served(lambda connection, _: connection.sendall(answer)) as client:
        with pytest.raises(ServiceFault, match="'br'") as caught:
            call(client, "list_projects")
    assert caught.value.headline == "[unavailable ServiceFault encoding]"


def test_a_packed_answer_that_was_cut_is_asked_for_again():
    whole = gzip.compress(b'{"count":0,"value":[]}')

    def answer(connection, number):
        connection.sendall(complete(whole[:-9] if number == 1 else whole, "Content-Encoding: gzip"))

    with served(answer, retry_pause=0.01) as client:
        assert call(client, "list_projects").items == []
    with served(lambda connection, _: answer(connection, 1), retry_pause=0.01) as client, pytest.raises(Unavailable):
        call(client, "list_projects")


def framed(text: bytes, bits: int) -> bytes:
    made = zlib.compressobj(wbits=bits)
    return made.compress(text) + made.flush()


@given(
    repeated=st.lists(st.tuples(st.binary(max_size=200), st.sampled_from([1, 5, 5_000])), min_size=1, max_size=3),
    way=st.sampled_from([("gzip", 31), ("deflate", 15), ("deflate", -15), ("identity", 0)]),
    size=st.integers(1, 5_000),
)
async def test_whatever_was_packed_comes_out_in_small_pieces(repeated, way, size):
    texts = [text * times for text, times in repeated]
    name, bits = way
    # Only gzip says where a part ends, so only there several follow each other.
    parts = texts if name == "gzip" else texts[:1]
    body = b"".join(framed(text, bits) if bits else text for text in parts)

    async def wire():
        for start in range(0, len(body), size):
            yield body[start : start + size]

    response = httpx.Response(200, headers={"Content-Encoding": name}, content=wire())
    pieces = [piece async for piece in decompress(response)]
    assert b"".join(pieces) == b"".join(parts)
    assert all(len(piece) <= PIECE_BYTES for piece in pieces)
