"""Files attached to work items: uploads, whole and in chunks, links to them, and their deletion."""

import io
import zipfile
from typing import Any

import httpx
import pytest

from azure_devops_simulator import Organization, export_world, import_world

MISSING = "11111111-2222-3333-4444-555555555555"


def upload(client: Any, content: bytes, expect: int = 201, path: str = "", **query: Any) -> Any:
    answer = client.http.post(f"{path}/_apis/wit/attachments", content=content, params={"api-version": "7.1", **query})
    assert answer.status_code == expect, answer.text
    return answer.json()


def chunk(client: Any, attachment: Any, content: bytes, content_range: str) -> httpx.Response:
    url, headers = attachment["url"].partition("?")[0], {"Content-Range": content_range}
    answer: httpx.Response = client.http.put(url, content=content, headers=headers, params={"api-version": "7.1"})
    return answer


def link(client: Any, url: str, number: int = 4, **attributes: str) -> httpx.Response:
    value = {"rel": "AttachedFile", "url": url, "attributes": attributes}
    operation = {"op": "add", "path": "/relations/-", "value": value}
    headers = {"Content-Type": "application/json-patch+json"}
    answer: httpx.Response = client.http.patch(
        f"/_apis/wit/workitems/{number}", json=[operation], headers=headers, params={"api-version": "7.1"}
    )
    return answer


def test_a_file_comes_back_as_it_went(client: Any) -> None:
    content = bytes(range(256)) * 40
    made = upload(client, content, fileName="ü plan.png")
    base = str(client.http.base_url).rstrip("/")
    assert made["url"] == f"{base}/_apis/wit/attachments/{made['id']}?fileName=%C3%BC%20plan.png"
    answer = client.http.get(made["url"])
    assert (answer.content, answer.headers["Content-Type"]) == (content, "application/octet-stream")
    assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''%C3%BC%20plan.png"
    saved = client.send("GET", f"/_apis/wit/attachments/{made['id']}", fileName="other.png", download="true")
    assert saved.headers["Content-Disposition"] == "attachment; filename*=UTF-8''other.png"
    zipped = client.http.get(made["url"], headers={"Accept": "application/zip"})
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert archive.read("ü plan.png") == content


def test_the_links_of_a_project_stay_in_it(client: Any) -> None:
    made = upload(client, b"x", path="/Platform")
    project = client.get("/_apis/projects/Platform")["id"]
    assert f"/{project}/_apis/wit/attachments/{made['id']}?fileName={made['id']}" in made["url"]
    assert client.http.get(made["url"]).content == b"x"


def test_chunks_follow_each_other_until_the_file_is_whole(client: Any) -> None:
    made = upload(client, b"", uploadType="chunked", fileName="big.bin")
    client.get(f"/_apis/wit/attachments/{made['id']}", expect=404)
    assert link(client, made["url"]).json()["typeKey"] == "WorkItemAttachmentNotFoundException"
    for content, content_range in [
        (b"hello", "bytes 1-5/8"),  # It does not begin at the first byte.
        (b"hello", "bytes 0-3/8"),  # It has another length.
        (b"hello", "bytes 0-4/4"),  # It goes beyond the end.
        (b"hello", "0-4"),
    ]:
        assert chunk(client, made, content, content_range).status_code == 400, content_range
    assert chunk(client, made, b"hello", "bytes 0-4/8").json()["id"] == made["id"]
    assert chunk(client, made, b"you", "bytes 5-7/9").status_code == 400
    client.get(f"/_apis/wit/attachments/{made['id']}", expect=404)
    assert chunk(client, made, b"you", "bytes 5-7/8").status_code == 201
    assert client.http.get(made["url"]).content == b"helloyou"
    assert chunk(client, made, b"", "bytes 8-7/8").status_code == 400
    assert link(client, made["url"]).status_code == 200


@pytest.mark.parametrize("url", ["{base}/_apis/wit/attachments/" + MISSING, "https://example.org/plan.png", "plan.png"])
def test_a_link_to_a_file_that_was_not_uploaded_is_refused(client: Any, url: str) -> None:
    filled = url.format(base=str(client.http.base_url).rstrip("/"))
    refused = link(client, filled)
    assert refused.status_code == 400
    assert refused.json()["typeKey"] == "WorkItemAttachmentNotFoundException"
    assert filled in refused.json()["message"]
    assert client.get("/_apis/wit/workitems/4")["rev"] == 5


def test_a_work_item_shows_its_files(client: Any) -> None:
    made = upload(client, b"four", fileName="notes.txt")
    assert link(client, made["url"], comment="from the call").status_code == 200
    assert link(client, made["url"]).json()["message"] == "Relation already exists."
    item = client.get("/_apis/wit/workitems/4", __expand="all")
    [file] = [relation for relation in item["relations"] if relation["rel"] == "AttachedFile"]
    shown = {name: file["attributes"][name] for name in ("name", "resourceSize", "comment")}
    assert (file["url"], shown) == (made["url"], {"name": "notes.txt", "resourceSize": 4, "comment": "from the call"})
    assert item["fields"]["System.AttachedFileCount"] == 1


def test_a_deleted_file_takes_its_links_along(client: Any, connect: Any, organization: Organization) -> None:
    made = upload(client, b"x", fileName="a.txt")
    link(client, made["url"])
    link(client, made["url"], 6)
    organization.add_token("writer", {"vso.work_write"})
    path, preview = f"/_apis/wit/attachments/{made['id']}", "7.2-preview.4"
    assert connect("writer").send("DELETE", path, version=preview).status_code == 401
    deleted = client.call("DELETE", path, version=preview)
    assert deleted["attachment"]["id"] == made["id"]
    assert [item["id"] for item in deleted["affectedWorkItems"]] == [4, 6]
    relations = client.get("/_apis/wit/workitems/4", __expand="relations").get("relations", [])
    assert "AttachedFile" not in {relation["rel"] for relation in relations}
    client.get(path, expect=404)
    client.call("DELETE", path, expect=404, version=preview)


def test_what_is_refused(client: Any, reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert upload(client, b"x", 400, uploadType="odd")["typeKey"] == "ArgumentException"
    assert reader.http.post("/_apis/wit/attachments?api-version=7.1", content=b"x").status_code == 401
    client.get(f"/_apis/wit/attachments/{MISSING}", expect=404)
    monkeypatch.setattr("azure_devops_simulator.areas.work_items.attachments.LARGEST", 3)
    assert upload(client, b"four", 400)["message"].startswith("TF237082: ")
    assert upload(client, b"six")["id"]


def test_a_world_keeps_its_files(client: Any, organization: Organization) -> None:
    whole, begun = upload(client, b"\xff\x00", fileName="a.bin"), upload(client, b"", uploadType="chunked")
    world = export_world(organization)
    copy = import_world(world)
    assert export_world(copy) == world
    files = copy.work_items.attachments
    assert (files[whole["id"]].content, files[whole["id"]].complete) == (b"\xff\x00", True)
    assert (files[begun["id"]].content, files[begun["id"]].complete) == (b"", False)
    older = {name: value for name, value in world.items() if name != "attachments"}
    assert import_world(older).work_items.attachments == {}
