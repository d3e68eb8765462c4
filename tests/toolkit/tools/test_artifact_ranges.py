"""Files out of archives of artifacts by ranges: what is transferred, other forms of answers, and archives that lie."""

import io
import struct
import zipfile
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from tool_calls import FULL, Recorder, call, connected, message_of, refusal

from azure_devops_simulator import Fault, SimulatorServer
from azure_devops_simulator.api.call import Answer
from azure_devops_simulator.areas.builds import details
from azure_devops_simulator.state.builds import Artifact
from langchain_azure_devops.errors import InvalidRequest, NotFound, ServiceFault, Unreachable
from langchain_azure_devops.tools.tests_and_artifacts import zip_ranges, zip_stream

OF_BUILD = {"build": 19, "artifact": "test-results"}
LINES = "".join(f"line {number}\n" for number in range(1, 2_001)).encode()
PAD = bytes(range(256)) * 2_000
MB = 2**20


class Traffic(Recorder):
    """The network, with a count of the bytes of bodies that came in and the ranges that were asked for.

    `change` may replace the answer to a request for an archive; it gets the number of the request, from 1.
    """

    def __init__(self, url: str, change: Callable[[int, httpx.Response], httpx.Response | None] | None = None) -> None:
        super().__init__(url, [])
        self._change = change
        self.received = 0
        self.asked: list[tuple[str | None, str | None]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if "$format" not in request.url.params:
            return answer
        self.asked.append((request.headers.get("range"), request.headers.get("if-range")))
        if self._change and (other := self._change(len(self.asked), answer)):
            await answer.aclose()
            return other
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Counted(answer, self))


class Counted(httpx.AsyncByteStream):
    def __init__(self, answer: httpx.Response, traffic: Traffic) -> None:
        self._answer, self._traffic = answer, traffic

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_raw():
            self._traffic.received += len(piece)
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


@pytest.fixture
def traffic(server: SimulatorServer) -> Traffic:
    return Traffic(server.base_url)


@pytest.fixture
def artifact(organization) -> Artifact:
    return organization.builds.builds[19].artifacts[0]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, server: SimulatorServer):
    """Lets the simulator send these bytes as the archive; returns a client, and takes what its traffic does."""

    def make(content: bytes | Callable[[], bytes], change=None):
        def answer(_artifact: Artifact) -> Answer:
            return Answer(body=content() if callable(content) else content, content_type="application/zip")

        monkeypatch.setattr(details, "artifact_archive", answer)
        return connected(server.base_url, FULL, Traffic(server.base_url, change))

    return make


def packed(*files: tuple[str, bytes], kind: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as written:
        for name, content in files:
            written.writestr(zipfile.ZipInfo(name), content, kind)
        written.comment = comment
    return buffer.getvalue()


BEHIND = packed(("pad.bin", PAD), ("log.txt", LINES), ("more.bin", PAD))
"""An archive whose text file lies before what is read of its end."""


def altered(content: bytes, mark: bytes, offset: int, value: bytes, *, nth: int = 0) -> bytes:
    """The archive with other bytes in its n-th record of a kind."""
    at = -1
    for _ in range(nth + 1):
        at = content.index(mark, at + 1)
    return content[: at + offset] + value + content[at + offset + len(value) :]


# -- what is transferred -------------------------------------------------------------------------------------------


def test_a_small_file_at_the_end_of_200_mb_is_read_with_less_than_one_mb(organization, server, artifact, traffic):
    block = PAD * 41
    artifact.files = {f"binaries/{number}.bin": block for number in range(10)}
    artifact.files |= {"logs/build.txt": LINES, "zz/last.bin": block[: 2 * MB]}
    with connected(server.base_url, FULL, traffic) as client:
        found = call(client, "read_artifact_file", **OF_BUILD, path="logs/build.txt", first_line=2_000)
        by_range, asked = traffic.received, len(traffic.asked)
        names = call(client, "read_artifact_file", **OF_BUILD).text.splitlines()
        organization.artifact_ranges, traffic.received = False, 0
        whole = call(client, "read_artifact_file", **OF_BUILD, path="logs/build.txt", first_line=2_000)
    assert (found.text, found.total_lines) == (whole.text, whole.total_lines) == ("line 2000", 2_000)
    assert (len(names), asked) == (12, 2)
    print(f"{by_range:,} bytes by ranges, {traffic.received:,} as a stream: 1/{traffic.received / by_range:.0f}")
    assert traffic.received > 200 * MB
    assert by_range < MB


def test_a_small_archive_needs_one_request(server, traffic):
    with connected(server.base_url, FULL, traffic) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="test-results.xml").text.startswith("<testsuites>")
    assert traffic.asked == [("bytes=-131072", None)]


def test_the_second_range_belongs_to_the_version_of_the_first(organization, server, artifact, traffic):
    artifact.files = {"a.txt": LINES, "pad.bin": PAD * 3}
    with connected(server.base_url, FULL, traffic) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="a.txt").total_lines == 2_000
    (_, first), (second, version) = traffic.asked
    assert first is None
    assert version
    assert second.startswith("bytes=0-")


def test_a_service_that_sends_no_ranges_is_asked_once(organization, server, artifact, traffic):
    organization.artifact_ranges = False
    artifact.files = {"pad.bin": PAD * 3, "a.txt": LINES}
    with connected(server.base_url, FULL, traffic) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="a.txt").total_lines == 2_000
        assert len(traffic.asked) == 1
        names = call(client, "read_artifact_file", **OF_BUILD).text.splitlines()
    assert names == [f"{len(PAD) * 3} test-results/pad.bin", f"{len(LINES)} test-results/a.txt"]


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_other_writers_are_read(serve, kind):
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    buffer = Unseekable()
    with zipfile.ZipFile(buffer, "w", kind) as written:
        for name, content in (("größe.txt", LINES), ("folder/", b""), ("pad.bin", PAD), ("empty.txt", b"")):
            written.writestr(zipfile.ZipInfo(name), content, kind)
        with written.open("long.txt", "w", force_zip64=True) as file:
            file.write(LINES)
    begun = b"#!/bin/sh\n" + packed(("log.txt", LINES), ("pad.bin", PAD), kind=kind, comment=b"c" * 65_535)
    with serve(buffer.getvalue()) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="größe.txt").total_lines == 2_000
        assert call(client, "read_artifact_file", **OF_BUILD, path="long.txt").total_lines == 2_000
        assert call(client, "read_artifact_file", **OF_BUILD, path="empty.txt").total_lines == 0
        assert len(call(client, "read_artifact_file", **OF_BUILD).text.splitlines()) == 4
        told = refusal(client, "read_artifact_file", NotFound, **OF_BUILD, path="grosse.txt")
        assert "Did you mean 'größe.txt'?" in told
    with serve(begun) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").total_lines == 2_000


def test_a_directory_that_is_longer_than_the_tail_is_requested(serve, server):
    many = packed(*((f"folder/with/a/long/name/{number:06}.txt", b"x") for number in range(3_000)))
    with serve(many) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="folder/with/a/long/name/000007.txt").text == "x"


def test_the_directory_of_a_large_archive_is_read_in_its_long_form(serve, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 10)
    long_form = packed(("log.txt", LINES), *((f"{number}.bin", PAD[:50_000]) for number in range(20)))
    assert b"PK\x06\x06" in long_form
    with serve(long_form) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").total_lines == 2_000


# -- other forms of answers ----------------------------------------------------------------------------------------


def part(content: bytes, told: str, status: int = 206, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, headers={"Content-Range": told, "X-VSS-UserData": "x", **headers}, stream=httpx.ByteStream(content)
    )


@pytest.mark.parametrize(
    "answer",
    [
        part(b"", "bytes */10", 416),
        part(BEHIND[-1_000:], ""),
        part(BEHIND[-1_000:], "bytes 0-999/*"),
        part(BEHIND[:1_000], f"bytes 0-999/{len(BEHIND)}"),
        part(BEHIND[-1_000:], f"bytes {len(BEHIND) - 1_000}-{len(BEHIND) - 1}/{len(BEHIND)}"),
        part(BEHIND[-1_000:], f"bytes {len(BEHIND) - zip_ranges.TAIL}-{len(BEHIND) - 1}/{len(BEHIND)}"),
        part(BEHIND, f"bytes {len(BEHIND) - zip_ranges.TAIL}-{len(BEHIND) - 1}/{len(BEHIND)}"),
        part(BEHIND[-1_000:], "bytes 9-1/5"),
        part(b"--x", "", **{"Content-Type": "multipart/byteranges; boundary=x"}),
    ],
)
def test_an_end_that_is_not_the_one_asked_for_leads_to_the_whole_archive(serve, answer):
    asked = []

    def change(number: int, _given: httpx.Response) -> httpx.Response | None:
        asked.append(number)
        return answer if number == 1 else None

    with serve(BEHIND, change) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").total_lines == 2_000
    assert asked == [1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        part(b"", "bytes */10", 416),
        part(LINES, f"bytes 0-9/{len(BEHIND)}"),
        part(LINES, ""),
    ],
)
def test_a_range_that_is_not_the_one_asked_for_is_never_read(serve, answer):
    with serve(BEHIND, lambda number, _: answer if number == 2 else None) as client:
        told = refusal(client, "read_artifact_file", ServiceFault, **OF_BUILD, path="log.txt")
    assert "changed while it was read" in told


def test_a_date_tells_versions_apart_where_there_is_no_tag(server, artifact):
    artifact.files = {"a.txt": LINES, "pad.bin": PAD * 3}

    def dated(_number: int, given: httpx.Response) -> None:
        del given.headers["etag"]
        given.headers["last-modified"] = "Fri, 20 Nov 2026 09:00:00 GMT"

    traffic = Traffic(server.base_url, dated)
    with connected(server.base_url, FULL, traffic) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="a.txt").total_lines == 2_000
    assert traffic.asked[1][1] == "Fri, 20 Nov 2026 09:00:00 GMT"


def test_a_range_of_another_version_is_never_read(serve):
    def without_condition(number: int, given: httpx.Response) -> httpx.Response | None:
        given.headers["etag"] = f'W/"{number}"'
        return None

    with serve(BEHIND, without_condition) as client:
        told = refusal(client, "read_artifact_file", ServiceFault, **OF_BUILD, path="log.txt")
    assert "changed while it was read" in told


def test_an_archive_that_changes_in_between_is_read_whole(serve):
    other = packed(("pad.bin", PAD), ("log.txt", b"new\n"), ("more.bin", PAD))
    answers = [BEHIND, other, BEHIND, packed(("pad.bin", PAD))]
    with serve(lambda: answers.pop(0)) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").text == "new"
        told = refusal(client, "read_artifact_file", ServiceFault, **OF_BUILD, path="log.txt")
    assert "changed while it was read" in told
    assert answers == []


def test_a_broken_range_is_resumed_only_with_the_same_range(serve, server):
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            raise httpx.ReadError("gone")
            yield b""

    def drop(number: int, given: httpx.Response) -> httpx.Response | None:
        if number == 2:
            return httpx.Response(206, headers=given.headers, stream=Broken())
        return httpx.Response(200, stream=httpx.ByteStream(BEHIND)) if number == 3 else None

    with serve(BEHIND, drop) as client:
        told = refusal(client, "read_artifact_file", Unreachable, **OF_BUILD, path="log.txt")
    assert "the content changed" in told


def test_a_connection_that_breaks_in_a_range_is_resumed(serve, organization):
    organization.faults.add(Fault("truncate", path="/artifacts", skip=2, times=1))
    with serve(BEHIND) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").total_lines == 2_000


# -- archives that lie ---------------------------------------------------------------------------------------------

LOCAL, LISTED, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DEFLATED = packed(("pad.bin", PAD), ("log.txt", LINES), ("more.bin", PAD), kind=zipfile.ZIP_DEFLATED)
ANYTHING = struct.pack("<I", 7)
BOTH = packed(("pad.bin", PAD), ("log.txt", LINES), ("a.bin", b"x"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (altered(BEHIND, LOCAL, 30, b"lug", nth=1), "is not what its directory says"),
        (altered(BEHIND, LOCAL, 14, ANYTHING, nth=1), "is not what its directory says"),
        (altered(BEHIND, LOCAL, 18, ANYTHING, nth=1), "is not what its directory says"),
        (altered(BEHIND, LOCAL, 22, ANYTHING, nth=1), "is not what its directory says"),
        (altered(DEFLATED, LOCAL, 8, b"\0\0", nth=1), "is not what its directory says"),
        (altered(BEHIND, LOCAL, 0, b"XX", nth=1), "no file begins"),
        (altered(BEHIND, LISTED, 16, ANYTHING, nth=1), "is not what its directory says"),
        (altered(BEHIND, LISTED, 42, ANYTHING, nth=1), "no file begins"),
        (altered(BEHIND, LISTED, 42, struct.pack("<I", len(BEHIND)), nth=1), "overlap"),
        (altered(BEHIND, LISTED, 42, struct.pack("<I", 0), nth=1), "overlap"),
        (altered(BEHIND, LISTED, 20, struct.pack("<I", len(BEHIND)), nth=1), "overlap"),
        (altered(BEHIND, LOCAL, 28, b"\xff\xff", nth=1), "ends too early"),
        (altered(BEHIND, LISTED, 0, b"XX", nth=1), "directory cannot be read"),
        (altered(BEHIND, END, 12, struct.pack("<I", len(BEHIND))), "directory cannot be read"),
        (altered(BEHIND, END, 16, ANYTHING), "no file begins"),
        (altered(BEHIND, LISTED, 6, b"\xff\0", nth=1), "directory cannot be read"),
        (BEHIND[:-22], "directory cannot be read"),
        (b"no archive at all", "directory cannot be read"),
        (b"x", "directory cannot be read"),
        (LINES * 20, "directory cannot be read"),
    ],
)
def test_what_lies_is_refused(serve, content, said):
    with serve(content) as client:
        told = message_of(client, "read_artifact_file", **OF_BUILD, path="log.txt")
    assert told.startswith("[unavailable ServiceFault"), told
    assert said in told


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_wrong_checksum_or_size_is_noticed_at_the_end(serve, organization, kind, ranges):
    organization.artifact_ranges = ranges
    sound = packed(("pad.bin", PAD), ("log.txt", LINES), ("more.bin", PAD), kind=kind)
    for field, value in ((14, ANYTHING), (22, ANYTHING), (22, struct.pack("<I", len(LINES) + 1))):
        lies = altered(altered(sound, LOCAL, field, value, nth=1), LISTED, field + 2, value, nth=1)
        with serve(lies) as client:
            told = refusal(client, "read_artifact_file", ServiceFault, **OF_BUILD, path="log.txt")
        assert "the checksum or a size of the file is wrong" in told


def test_an_encrypted_file_is_described_without_reading_it(serve):
    listed = altered(altered(BEHIND, LOCAL, 6, b"\1", nth=1), LISTED, 8, b"\1", nth=1)
    with serve(listed) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").notes == ["The file is encrypted."]
        assert call(client, "read_artifact_file", **OF_BUILD).text.splitlines()[1].endswith("log.txt (is encrypted)")


def test_a_bomb_is_not_inflated_to_its_end(serve, monkeypatch):
    monkeypatch.setattr(zip_stream, "MOST_INFLATED", MB)
    spaces = (b" " * 99 + b"\n") * (MB // 2)
    with serve(packed(("bomb.txt", spaces), ("pad.bin", PAD), kind=zipfile.ZIP_DEFLATED)) as client:
        told = refusal(client, "read_artifact_file", InvalidRequest, **OF_BUILD, path="bomb.txt", first_line=10**6)
    assert "reading stopped" in told


@pytest.mark.parametrize(("limit", "most"), [("MOST_LISTED", 4_999), ("MOST_DIRECTORY", 200_000)])
def test_an_archive_with_an_absurd_directory_is_read_as_a_stream(serve, monkeypatch, limit, most):
    many = packed(*((f"{number}", b"x") for number in range(5_000)))
    asked = []
    with serve(many, lambda _, given: asked.append(given.status_code)) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="4998").text == "x"
        assert asked[-1] == 206
        monkeypatch.setattr(zip_ranges, limit, most)
        assert call(client, "read_artifact_file", **OF_BUILD, path="4998").text == "x"
        assert asked[-1] == 200


def test_a_directory_that_claims_a_huge_size_is_not_read(serve):
    claims = BEHIND[:-22] + bytes(5 * MB) + struct.pack("<4s4H2IH", END, 0, 0, 3, 3, 5 * MB + 200, len(BEHIND) - 222, 0)
    asked = []
    with serve(claims, lambda number, _: asked.append(number)) as client:
        assert call(client, "read_artifact_file", **OF_BUILD, path="log.txt").total_lines == 2_000
    assert asked == [1, 2]
