"""Ranges of the archives of artifacts, as RFC 9110 wants them."""

import io
import ssl
import zipfile
from typing import Any

import httpx
import pytest

from azure_devops_simulator import Organization
from azure_devops_simulator.world.export import export_world, import_world

ARTIFACTS = "/Platform/_apis/build/builds/19/artifacts"
RUN = "/Platform/_apis/pipelines/1/runs/19/artifacts"


@pytest.fixture
def url(client: Any) -> str:
    (artifact,) = client.get(ARTIFACTS)["value"]
    return str(artifact["resource"]["downloadUrl"])


def read(client: Any, url: str, wanted: str | None = None, **headers: str) -> httpx.Response:
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: httpx.Response = client.http.get(url, headers=asked | ({"Range": wanted} if wanted else {}))
    return answer


def test_an_archive_says_that_it_has_ranges_and_which_version_it_is(client: Any, url: str) -> None:
    whole = read(client, url)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert whole.headers["etag"] == read(client, url, "bytes=0-9").headers["etag"]
    assert "accept-ranges" not in client.http.get(ARTIFACTS).headers


@pytest.mark.parametrize(
    ("wanted", "begin", "end"),
    [("bytes=0-9", 0, 10), ("bytes=5-", 5, None), ("bytes=-22", -22, None), ("bytes=-99999", 0, None),
     ("bytes=10-99999", 10, None), ("Bytes= 3-3", 3, 4)],
)  # fmt: skip
def test_one_range_is_sent(client: Any, url: str, wanted: str, begin: int, end: int | None) -> None:
    whole = read(client, url).content
    answer = read(client, url, wanted)
    first, behind, _ = slice(begin, end).indices(len(whole))
    assert (answer.status_code, answer.content) == (206, whole[begin:end])
    assert answer.headers["content-range"] == f"bytes {first}-{behind - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999-", "bytes=-0"])
def test_a_range_without_any_byte_is_refused_with_the_size(client: Any, url: str, wanted: str) -> None:
    answer = read(client, url, wanted)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(read(client, url).content)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=9-1", "bytes=-", "lines=1-2", "bytes", "bytes=a-b"])
def test_several_ranges_and_what_is_none_get_the_whole_archive(client: Any, url: str, wanted: str) -> None:
    answer = read(client, url, wanted)
    assert (answer.status_code, answer.content) == (200, read(client, url).content)


def test_a_range_of_another_version_gets_the_whole_archive(client: Any, organization: Organization, url: str) -> None:
    tag = read(client, url).headers["etag"]
    assert read(client, url, "bytes=0-9", If_Range=tag).status_code == 206
    organization.builds.builds[19].artifacts[0].files["more.txt"] = b"more"
    answer = read(client, url, "bytes=0-9", If_Range=tag)
    assert answer.status_code == 200
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == 2


def test_a_range_counts_the_bytes_that_are_not_compressed(client: Any, organization: Organization, url: str) -> None:
    organization.builds.builds[19].artifacts[0].files["zeros.bin"] = bytes(2 * 2**20)
    answer = read(client, url, "bytes=-2000000", Accept_Encoding="gzip")
    assert (len(answer.content), answer.headers.get("content-encoding")) == (2_000_000, None)


def test_the_signed_link_of_a_run_has_ranges_too(client: Any, tls: ssl.SSLContext) -> None:
    found = client.get(RUN, artifactName="test-results", __expand="signedContent")
    answer = httpx.get(found["signedContent"]["url"], headers={"Range": "bytes=-22"}, verify=tls)
    assert (answer.status_code, answer.content[:4]) == (206, b"PK\x05\x06")


def test_archives_that_are_made_while_they_are_sent_have_no_ranges(
    client: Any, organization: Organization, url: str
) -> None:
    organization.artifact_ranges = False
    answer = read(client, url, "bytes=-22")
    assert (answer.status_code, answer.content) == (200, read(client, url).content)
    assert not {"accept-ranges", "etag"} & set(answer.headers)
    world = export_world(organization)
    assert import_world(world).artifact_ranges is False
    organization.artifact_ranges = True
    assert import_world(export_world(organization)).artifact_ranges is True
