"""Git over HTTP without a git: what it answers to those who do not speak the protocol."""

import gzip
import io

import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import Blob, Commit, Tree
from dulwich.pack import write_pack_objects
from dulwich.protocol import pkt_line

DOCS = "/Platform/_git/docs"
SERVICES = ("git-upload-pack", "git-receive-pack")


def ask(client, path, content=None, **headers):
    method = "GET" if content is None else "POST"
    return client.http.request(method, DOCS + path, content=content, headers=headers)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("body", [b"", b"zzzz", b"00", b"0010hello", b"0009done\n", b"PACK", b"\x1f\x8b"])
def test_a_body_that_is_no_request_is_refused(client, service, body):
    answer = ask(client, f"/{service}", body)
    assert (answer.status_code, answer.json()["typeKey"]) == (400, "ArgumentException")
    assert service in answer.json()["message"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_compressed_body_is_read_and_a_broken_one_refused(client, service):
    zipped = ask(client, f"/{service}", gzip.compress(b"0000"), **{"Content-Encoding": "gzip"})
    assert (zipped.status_code, zipped.headers["content-type"]) == (200, f"application/x-{service}-result")
    assert ask(client, f"/{service}", b"0000", **{"Content-Encoding": "gzip"}).status_code == 400


def test_what_is_there_is_told_for_a_known_service_only(client):
    told = ask(client, "/info/refs?service=git-upload-pack")
    assert told.headers["content-type"] == "application/x-git-upload-pack-advertisement"
    assert told.content.startswith(b"001e# service=git-upload-pack\n0000")
    assert b"symref=HEAD:refs/heads/main" in told.content
    assert ask(client, "/info/refs").status_code == 400
    assert ask(client, "/info/refs?service=git-upload-archive").status_code == 400


def test_a_client_without_a_credential_is_asked_for_one_and_shown_no_page(connect):
    answer = connect(None).http.get(f"{DOCS}/info/refs?service=git-upload-pack", headers={"X-TFS-FedAuthRedirect": ""})
    assert answer.status_code == 401
    assert "Basic realm" in answer.headers["www-authenticate"]


def test_a_hidden_project_and_a_project_without_such_a_repository_look_alike(client, organization):
    where = "/Mobile%20App/_git/tidewater-app/info/refs?service=git-upload-pack"
    assert client.http.get(where).status_code == 200
    assert client.http.get("/_git/tidewater-app/info/refs?service=git-upload-pack").status_code == 404
    organization.hide_project(organization.project("Mobile App"), organization.named("svc-agent"))
    assert client.http.get(where).status_code == 404


def commit_of_one_file(*parents):
    blob, tree, commit = Blob.from_string(b"x\n"), Tree(), Commit()
    tree.add(b"x.md", 0o100644, blob.id)
    commit.tree, commit.parents, commit.message = tree.id, list(parents), b"One file\n"
    commit.author = commit.committer = b"Ada <ada@elsewhere.example>"
    commit.author_time = commit.commit_time = 1_790_000_000
    commit.author_timezone = commit.commit_timezone = 0
    return blob, tree, commit


def pushed(client, commit, *objects):
    """Push objects as they are to a new branch, and return what the server tells of it."""
    pack = io.BytesIO()
    write_pack_objects(pack, list(objects), object_format=DEFAULT_OBJECT_FORMAT)
    update = b"0" * 40 + b" " + commit.id + b" refs/heads/sent\0report-status\n"
    return ask(client, "/git-receive-pack", pkt_line(update) + pkt_line(None) + pack.getvalue()).content


@pytest.mark.parametrize("missing", ["blob", "tree", "parent"])
def test_a_push_without_all_its_objects_is_refused_and_cannot_be_fetched(client, missing):
    blob, tree, commit = commit_of_one_file(*([b"1" * 40] if missing == "parent" else []))
    sent = [made for made, name in ((blob, "blob"), (tree, "tree")) if name != missing]
    assert b"ng refs/heads/sent missing necessary objects" in pushed(client, commit, *sent, commit)
    want = pkt_line(b"want " + commit.id + b" side-band-64k\n") + pkt_line(None) + pkt_line(b"done\n")
    told = ask(client, "/git-upload-pack", want)
    assert (told.status_code, told.content[4:]) == (200, b"ERR upload-pack: not our ref " + commit.id)


def test_a_push_with_all_its_objects_is_taken(client):
    blob, tree, commit = commit_of_one_file()
    assert b"ok refs/heads/sent" in pushed(client, commit, blob, tree, commit)
    refs = client.get("/Platform/_apis/git/repositories/docs/refs", filter="heads/sent")["value"]
    assert [ref["objectId"] for ref in refs] == [commit.id.decode()]


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (["refs/heads/main/sub"], ["refs/heads/main/sub"]),
        (["refs/heads/new", "refs/heads/new/sub"], ["refs/heads/new/sub"]),
        (["refs/heads/new/sub", "refs/heads/new"], ["refs/heads/new"]),
        (["refs/heads/new", "refs/heads/newer"], []),
    ],
)
def test_no_branch_is_made_where_a_folder_of_branches_is(client, names, refused):
    """Also not within one push: no clone could hold both."""
    blob, tree, commit = commit_of_one_file()
    pack = io.BytesIO()
    write_pack_objects(pack, [blob, tree, commit], object_format=DEFAULT_OBJECT_FORMAT)
    asked = [b"0" * 40 + b" " + commit.id + b" " + name.encode() for name in names]
    asked[0] += b"\0report-status"
    lines = b"".join(pkt_line(update + b"\n") for update in asked)
    told = ask(client, "/git-receive-pack", lines + pkt_line(None) + pack.getvalue()).content.decode()
    for name in names:
        outcome = f"ng {name} The reference name conflicts" if name in refused else f"ok {name}\n"
        assert outcome in told
    rows = client.get("/Platform/_apis/git/repositories/docs/refs", filter="heads/")["value"]
    assert {row["name"] for row in rows} & set(names) == set(names) - set(refused)
