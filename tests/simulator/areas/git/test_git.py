"""Repositories, references, files, commits and pushes."""

import base64
import hashlib
import io
import zipfile
from dataclasses import replace

import pytest

ALL = "/Platform/_apis/git/repositories"
API = f"{ALL}/platform-api"
ZERO = "0" * 40
RENAME = "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"


def error(client, path, /, expect=404, **query):
    body = client.get(path, expect=expect, **query)
    return body["typeKey"], body["message"]


def tip(client, branch="main", repository=API):
    refs = client.get(f"{repository}/refs", filter=f"heads/{branch}")["value"]
    return next(ref["objectId"] for ref in refs if ref["name"] == f"refs/heads/{branch}")


def git_id(kind, content):
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def push_body(client, changes, branch="main", comment="Change by test", old=None):
    old = old or tip(client, branch)
    return {
        "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": old}],
        "commits": [{"comment": comment, "changes": changes}],
    }


def change(kind, path, content=None, **more):
    body = {"changeType": kind, "item": {"path": path}, **more}
    if content is not None:
        body["newContent"] = {"content": content, "contentType": "rawtext"}
    return body


def test_repositories_of_a_project_and_of_everything(client):
    in_platform = client.get(ALL)
    assert [r["name"] for r in in_platform["value"]] == ["docs", "infrastructure", "platform-api"]
    everywhere = {r["name"]: r for r in client.get("/_apis/git/repositories")["value"]}
    assert set(everywhere) >= {"checkout-service", "ledger", "tidewater-app", "empty-lake", "docs"}
    assert "defaultBranch" not in everywhere["empty-lake"]
    assert everywhere["empty-lake"]["size"] == 0
    assert everywhere["docs"]["defaultBranch"] == "refs/heads/main"
    assert everywhere["tidewater-app"]["webUrl"].endswith("/tidewater/Mobile%20App/_git/tidewater-app")


def test_a_repository_by_name_or_id(client):
    by_name = client.get(f"{ALL}/PLATFORM-API")
    assert by_name["_links"]["commits"]["href"].endswith(f"/_apis/git/repositories/{by_name['id']}/commits")
    assert client.get(f"/_apis/git/repositories/{by_name['id']}") == by_name
    assert client.get(f"/Payments/_apis/git/repositories/{by_name['id']}", expect=404)["typeKey"]
    key, message = error(client, f"{ALL}/nothing")
    assert key == "GitRepositoryNotFoundException"
    assert message == (
        "TF401019: The Git repository with name or identifier nothing does not exist or you do not have permissions "
        "for the operation you are attempting."
    )
    assert error(client, "/_apis/git/repositories/platform-api", 400)[0] == "ArgumentException"


def test_a_repository_is_created_and_renamed(client):
    made = client.call("POST", ALL, {"name": "tools"}, expect=201)
    assert made["size"] == 0
    assert client.call("POST", ALL, {"name": "Tools"}, expect=409)["message"].startswith("TF400948")
    assert client.call("PATCH", f"{ALL}/tools", {"name": "toolbox"})["id"] == made["id"]
    assert client.get(f"{ALL}/toolbox")["id"] == made["id"]
    zero = "00000000-0000-0000-0000-000000000000"
    assert client.call("PATCH", f"{ALL}/{zero}", {}, expect=404)["message"].startswith("TF401019")


def test_refs_by_prefix_and_part(client):
    heads = [ref["name"] for ref in client.get(f"{API}/refs", filter="heads/feature/")["value"]]
    assert "refs/heads/feature/cache-ports" in heads
    assert all(name.startswith("refs/heads/feature/") for name in heads)
    part = client.get(f"{API}/refs", filterContains="RELEASE")["value"]
    assert [ref["name"] for ref in part] == ["refs/heads/release/2.8"]
    assert part[0]["creator"]["displayName"] == "Dana Ortiz"
    assert client.get("/Data/_apis/git/repositories/empty-lake/refs") == {"count": 0, "value": []}


def test_annotated_tags_are_peeled_on_request(client):
    plain = {ref["name"]: ref for ref in client.get(f"{API}/refs", filter="tags/")["value"]}
    assert "peeledObjectId" not in plain["refs/tags/v2.8.0"]
    peeled = {ref["name"]: ref for ref in client.get(f"{API}/refs", filter="tags/", peelTags="true")["value"]}
    assert "peeledObjectId" not in peeled["refs/tags/v2.7.0"]
    annotated = peeled["refs/tags/v2.8.0"]
    tag = client.get(f"{API}/annotatedtags/{annotated['objectId']}")
    assert tag["name"] == "v2.8.0"
    assert tag["taggedObject"]["objectId"] == annotated["peeledObjectId"]
    assert tag["message"].startswith("platform-api 2.8.0")
    version = {"versionDescriptor.version": "v2.8.0", "versionDescriptor.versionType": "tag"}
    item = client.get(f"{API}/items", path="/pyproject.toml", **version)
    assert item["commitId"] == annotated["peeledObjectId"]


def test_refs_are_paged(client):
    names, token = [], None
    while True:
        query = {"continuationToken": token} if token else {}
        answer = client.send("GET", f"{API}/refs", __top=4, **query)
        names += [ref["name"] for ref in answer.json()["value"]]
        token = answer.headers.get("x-ms-continuationtoken")
        if token is None:
            break
    assert names == [ref["name"] for ref in client.get(f"{API}/refs")["value"]]
    assert len(names) > 4


def test_refs_are_created_moved_and_deleted_each_with_its_own_outcome(client):
    main, release = tip(client), tip(client, "release/2.8")

    def outcomes(*updates):
        body = [{"name": n, "oldObjectId": o, "newObjectId": w} for n, o, w in updates]
        return [(row["updateStatus"], row["success"]) for row in client.call("POST", f"{API}/refs", body)["value"]]

    assert outcomes(("refs/heads/trial", ZERO, main), ("refs/heads/feature", ZERO, main)) == [
        ("succeeded", True),
        ("refNameConflict", False),
    ]
    assert outcomes(("refs/heads/trial", release, main)) == [("staleOldObjectId", False)]
    assert outcomes(("refs/heads/trial", main, release)) == [("succeeded", True)]
    assert tip(client, "trial") == release
    assert outcomes(("refs/heads/trial", release, ZERO)) == [("succeeded", True)]
    assert client.get(f"{API}/refs", filter="heads/trial")["count"] == 0
    for bad in ("trial", "refs/heads/", "refs/heads/a b", "refs/heads/a..b", "refs/heads/x.lock"):
        assert outcomes((bad, ZERO, main)) == [("invalidRefName", False)]
    assert outcomes(("refs/heads/ghost", ZERO, "1" * 40)) == [("unresolvableToCommit", False)]


def test_a_denied_branch_is_an_outcome_not_an_error(client, organization):
    main = tip(client)
    organization.deny(organization.named("svc-agent"), "CreateBranch")
    body = [{"name": "refs/heads/trial", "oldObjectId": ZERO, "newObjectId": main}]
    row = client.call("POST", f"{API}/refs", body)["value"][0]
    assert (row["updateStatus"], row["success"]) == ("createBranchPermissionRequired", False)


def test_a_locked_branch_is_changed_only_by_who_locked_it(client, organization):
    repository = organization.project("Platform").repository("platform-api")
    main, release = tip(client), tip(client, "release/2.8")
    update = [{"name": "refs/heads/release/2.8", "oldObjectId": release, "newObjectId": main}]
    repository.locks["refs/heads/release/2.8"] = organization.named("Priya Raman")
    [row] = client.get(f"{API}/refs", filter="heads/release/2.8")["value"]
    assert (row["isLocked"], row["isLockedBy"]["displayName"]) == (True, "Priya Raman")
    [row] = client.get(f"{API}/refs", filter="heads/main")["value"]
    assert "isLocked" not in row
    [row] = client.call("POST", f"{API}/refs", update)["value"]
    assert (row["updateStatus"], row["success"], row["isLocked"]) == ("locked", False, True)
    repository.locks["refs/heads/release/2.8"] = organization.named("svc-agent")
    [row] = client.call("POST", f"{API}/refs", update)["value"]
    assert (row["updateStatus"], row["success"]) == ("succeeded", True)


def test_a_file_as_json_and_raw(client):
    path = "/src/platform_api/settings.py"
    item = client.get(f"{API}/items", path=path, includeContent="true", includeContentMetadata="true")
    assert item["gitObjectType"] == "blob"
    assert item["commitId"] == tip(client)
    assert item["objectId"] == git_id("blob", item["content"].encode())
    assert item["contentMetadata"] == {
        "contentType": "text/plain",
        "encoding": 65001,
        "fileName": "settings.py",
        "extension": "py",
    }
    assert "content" not in client.get(f"{API}/items", path=path)
    for headers, content_type in (
        ({"Accept": "text/plain"}, "text/plain"),
        ({"Accept": "application/octet-stream"}, "application/octet-stream"),
        ({"Accept": "*/*"}, "text/plain"),
    ):
        answer = client.http.get(f"{API}/items", params={"path": path}, headers=headers)
        assert answer.text == item["content"]
        assert answer.headers["content-type"].startswith(content_type)
    answer = client.http.get(f"{API}/items", params={"path": path, "$format": "text", "download": "true"})
    assert answer.headers["content-disposition"] == 'attachment; filename="settings.py"'


def test_binary_crlf_and_pointer_files(client):
    logo = client.get(f"{API}/items", path="/assets/logo.png", includeContent="true", includeContentMetadata="true")
    assert "content" not in logo
    assert logo["contentMetadata"]["isBinary"]
    assert logo["contentMetadata"]["contentType"] == "image/png"
    raw = client.http.get(f"{API}/blobs/{logo['objectId']}", headers={"Accept": "application/octet-stream"})
    assert raw.content.startswith(b"\x89PNG\r\n\x1a\n")
    shape = client.get(f"{API}/blobs/{logo['objectId']}")
    assert shape["size"] == len(raw.content)
    script = client.http.get(f"{API}/items", params={"path": "/scripts/restart-agent.cmd", "$format": "octetStream"})
    assert script.content.count(b"\r\n") == script.content.count(b"\n") > 3
    pointer = {"path": "/assets/demand-model.bin"}
    assert client.http.get(f"{API}/items", params={**pointer, "$format": "text"}).text.startswith(
        "version https://git-lfs"
    )
    assert client.http.get(f"{API}/items", params={**pointer, "resolveLfs": "true"}).status_code == 400
    labels = client.http.get(
        f"{API}/items", params={"path": "/src/platform_api/routes/labels.py", "$format": "text"}
    ).text
    assert "\u202e" in labels
    assert "\u200b" in labels


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="1" height="1"/></svg>\n'
IMAGES = {
    "/img/a.png": (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
    "/img/b.SVG": (SVG, "image/svg+xml"),
    "/img/c.gif": (b"GIF89a\x01\0\x01\0;", "image/gif"),
    "/img/d.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    "/img/e.ico": (b"\0\0\x01\0\x01\0", "image/x-icon"),
}


def test_images_are_served_as_images_with_their_bytes(client):
    changes = [
        {
            **change("add", path),
            "newContent": {"content": base64.b64encode(content).decode(), "contentType": "base64Encoded"},
        }
        for path, (content, _) in IMAGES.items()
    ]
    client.call("POST", f"{API}/pushes", push_body(client, changes), expect=201)
    for path, (content, content_type) in IMAGES.items():
        shown = client.get(f"{API}/items", path=path, includeContentMetadata="true")
        metadata = shown["contentMetadata"]
        assert (metadata["contentType"], metadata["isImage"]) == (content_type, True)
        assert metadata.get("isBinary", False) is (content != SVG)
        for query, accept, expected in (
            ({}, "*/*", content_type),
            ({}, "image/*", content_type),
            ({"$format": "octetStream"}, "application/json", "application/octet-stream"),
            ({}, "application/octet-stream", "application/octet-stream"),
        ):
            answer = client.http.get(f"{API}/items", params={"path": path, **query}, headers={"Accept": accept})
            assert (answer.headers["content-type"].partition(";")[0], answer.content) == (expected, content)
        blob = f"{API}/blobs/{shown['objectId']}"
        named = client.http.get(blob, params={"fileName": path.rsplit("/")[-1]}, headers={"Accept": "*/*"})
        assert (named.headers["content-type"], named.content) == (content_type, content)


def test_a_sanitized_drawing_is_an_image_whatever_is_accepted(client):
    changes = [change("add", "/a.svg", SVG.decode())]
    client.call("POST", f"{API}/pushes", push_body(client, changes), expect=201)
    plain, image = (
        client.http.get(f"{API}/items", params={"path": "/a.svg", "$format": "text", "sanitize": sanitize})
        for sanitize in ("false", "true")
    )
    assert plain.headers["content-type"].startswith("text/plain")
    assert image.headers["content-type"] == "image/svg+xml"


def test_versions_of_a_file(client):
    path = "/src/platform_api/settings.py"
    before = {"versionDescriptor.version": "v2.8.0", "versionDescriptor.versionType": "tag"}
    assert "DATABASE_TIMEOUT" not in client.get(f"{API}/items", path=path, includeContent="true", **before)["content"]
    commit = {"versionDescriptor.version": tip(client), "versionDescriptor.versionType": "commit"}
    assert "DATABASE_TIMEOUT" in client.get(f"{API}/items", path=path, includeContent="true", **commit)["content"]
    previous = {**commit, "versionDescriptor.versionOptions": "previousChange"}
    assert "DATABASE_TIMEOUT" not in client.get(f"{API}/items", path=path, includeContent="true", **previous)["content"]
    branch = {"versionDescriptor.version": "release/2.8"}
    item = client.get(f"{API}/items", path="/src/platform_api/routes/labels.py", includeContent="true", **branch)
    assert "LABEL_WIDTH_MM = 104" in item["content"]


def test_folders_are_listed_as_deep_as_asked(client):
    def paths(level, scope="/src/platform_api/tracking"):
        rows = client.get(f"{API}/items", scopePath=scope, recursionLevel=level)["value"]
        return [(row["path"], row.get("isFolder", False)) for row in rows]

    folder = "/src/platform_api/tracking"
    assert paths("none") == [(folder, True)]
    assert paths("oneLevel") == [
        (folder, True),
        (f"{folder}/__init__.py", False),
        (f"{folder}/carriers", True),
        (f"{folder}/events.py", False),
    ]
    assert (f"{folder}/carriers/northline.py", False) in paths("full")
    assert paths("full", f"{folder}/events.py") == [(f"{folder}/events.py", False)]
    assert len(paths("full", "/")) > 40
    assert client.get(f"{API}/items", path=folder)["isFolder"]
    assert error(client, f"{API}/items", 400, path=folder, recursionLevel="full")[0] == "ArgumentException"
    assert error(client, f"{API}/items", 400, scopePath="/", recursionLevel="deep")[0] == "InvalidEnumArgumentException"


def test_a_folder_as_an_archive(client):
    query = {"scopePath": "/deploy", "$format": "zip"}
    answer = client.http.get(f"{API}/items", params=query)
    assert answer.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["deploy/Dockerfile", "deploy/ci.env", "deploy/helm/values.yaml"]
        assert b"DB_TIMEOUT=30" in archive.read("deploy/ci.env")


def unzipped(answer):
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {entry.filename: (archive.read(entry), entry.external_attr >> 16) for entry in archive.infolist()}


def test_an_archive_keeps_the_modes_of_files_on_request(client, organization):
    repository = organization.repository("Platform", "platform-api")
    files = dict(repository.files(repository.default_tip()))
    files["/deploy/run.sh"] = replace(files["/deploy/ci.env"], name="run.sh", mode=0o100755)
    who = repository.commit(repository.default_tip()).author
    tree = repository.objects.put_tree(files)
    made = repository.objects.put_commit(tree, (repository.default_tip(),), who, "Add a program")
    query = {"scopePath": "/deploy", "$format": "zip", "version": made, "versionType": "commit"}
    kept = unzipped(client.http.get(f"{API}/items", params={**query, "zipForUnix": "true"}))
    assert kept["deploy/run.sh"][1] == 0o100755
    assert unzipped(client.http.get(f"{API}/items", params=query))["deploy/run.sh"][1] != 0o100755


def test_a_tree_and_several_blobs_as_archives(client):
    rows = {row["path"]: row["objectId"] for row in client.get(f"{API}/items", recursionLevel="full")["value"]}
    for query, headers in (({"$format": "zip"}, {}), ({"fileName": "d.zip"}, {"Accept": "application/zip"})):
        answer = client.http.get(f"{API}/trees/{rows['/deploy']}", params=query, headers=headers)
        name = query.get("fileName", f"{rows['/deploy']}.zip")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        found = unzipped(answer)
        assert list(found) == ["Dockerfile", "ci.env", "helm/values.yaml"]
        assert b"DB_TIMEOUT=30" in found["ci.env"][0]
    blobs = [rows["/README.md"], rows["/deploy/ci.env"]]
    answer = client.send("POST", f"{API}/blobs", blobs, filename="two.zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="two.zip"'
    assert {git_id("blob", content) for content, _ in unzipped(answer).values()} == set(unzipped(answer)) == set(blobs)
    assert client.send("POST", f"{API}/blobs", ["1" * 40]).status_code == 404
    assert client.send("POST", f"{API}/blobs", []).status_code == 400


def test_several_items_at_once(client):
    descriptors = [
        {"path": "/README.md", "version": "main", "versionType": "branch"},
        {"path": "/deploy", "recursionLevel": "full", "version": "v2.7.0", "versionType": "tag"},
    ]
    batches = client.call("POST", f"{API}/itemsbatch", {"itemDescriptors": descriptors})["value"]
    assert [len(batch) for batch in batches] == [1, 5]


def test_items_that_are_not_there(client):
    key, message = error(client, f"{API}/items", path="/nothing.py")
    assert key == "GitItemNotFoundException"
    assert message == (
        "TF401174: The item '/nothing.py' could not be found in the repository 'platform-api' at the version specified "
        f"by '<Branch: main >' (resolved to commit '{tip(client)}')"
    )
    key, message = error(client, f"{API}/items", path="/README.md", **{"versionDescriptor.version": "refs/heads/main"})
    assert key == "GitUnresolvableToCommitException"
    assert message.startswith("TF401175:The version descriptor <Branch: refs/heads/main > could not be resolved")
    empty = "/Data/_apis/git/repositories/empty-lake"
    assert error(client, f"{empty}/items", path="/README.md")[1].startswith("VS403403")
    assert error(client, f"{API}/blobs/{'1' * 40}")[1].startswith("TF401035")


def test_trees(client):
    commit = client.get(f"{API}/commits/{tip(client)}")
    root = client.get(f"{API}/trees/{commit['treeId']}")
    rows = {row["relativePath"]: row for row in root["treeEntries"]}
    assert rows["src"]["gitObjectType"] == "tree"
    assert rows["src"]["mode"] == "40000"
    assert rows["README.md"]["mode"] == "100644"
    everything = client.get(f"{API}/trees/{commit['treeId']}", recursive="true")["treeEntries"]
    assert "src/platform_api/tracking/carriers/northline.py" in {row["relativePath"] for row in everything}
    message = error(client, f"{API}/trees/{commit['commitId']}", 400)[1]
    assert message == f"Expected a Tree, but objectId {commit['commitId']} resolved to a Commit"


def search(client, **criteria):
    query = {f"searchCriteria.{name.replace('_', '.')}": value for name, value in criteria.items()}
    return [row["comment"] for row in client.get(f"{API}/commits", **query)["value"]]


def test_history_is_newest_first_and_paged(client):
    everything = client.get(f"{API}/commits")["value"]
    assert len(everything) > 24
    dates = [row["committer"]["date"] for row in everything]
    assert dates == sorted(dates, reverse=True)
    assert everything[-1]["comment"] == "Start platform-api from the service template"
    assert everything[-1]["changeCounts"] == {"Add": 13, "Edit": 0, "Delete": 0}
    two = client.get(f"{API}/commits", **{"searchCriteria.$top": 2, "searchCriteria.$skip": 3})["value"]
    assert two == everything[3:5]
    merged = next(row for row in everything if row["comment"].startswith("Merged PR 13"))
    assert merged["commentTruncated"] is True


def test_history_is_filtered(client):
    settings = search(client, itemPath="/src/platform_api/settings.py")
    assert settings == [RENAME, "Start platform-api from the service template"]
    assert RENAME in search(client, author="tom")
    assert "Start a changelog" not in search(client, author="tom")
    october = search(client, fromDate="2026-10-01T00:00:00Z", toDate="10/31/2026")
    assert october[0] == "Show the time of the last event in search results"
    assert october[-1] == "Close the pool when the service stops"
    release = search(client, itemVersion_version="release/2.8", compareVersion_version="main")
    assert release == ["Fix the label width for the new printers", "Prepare release 2.8.0"]
    deploy = search(client, itemPath="/deploy", itemVersion_version="v2.7.0", itemVersion_versionType="tag")
    assert deploy == ["Package the service as a container", "Add CI pipeline"]
    ids = client.get(f"{API}/commits")["value"]
    body = {"itemVersion": {"version": "main"}, "$top": 2}
    assert client.call("POST", f"{API}/commitsbatch", body)["value"] == ids[:2]


def test_a_commit_and_what_it_changed(client):
    rename = next(row for row in client.get(f"{API}/commits")["value"] if row["comment"] == RENAME)
    commit = client.get(f"{API}/commits/{rename['commitId']}")
    assert commit["author"] == {
        "name": "Tom Becker",
        "email": "tom.becker@tidewater.example",
        "date": "2026-11-16T14:41:00Z",
    }
    assert commit["push"]["pushedBy"]["displayName"] == "Tom Becker"
    assert len(commit["parents"]) == 1
    changed = client.get(f"{API}/commits/{rename['commitId']}/changes")
    files = {row["item"]["path"]: row["changeType"] for row in changed["changes"] if not row["item"].get("isFolder")}
    assert files == {
        "/deploy/helm/values.yaml": "edit",
        "/src/platform_api/db/session.py": "edit",
        "/src/platform_api/settings.py": "edit",
        "/tests/test_settings.py": "edit",
    }
    folders = [row["item"]["path"] for row in changed["changes"] if row["item"].get("isFolder")]
    assert "/src/platform_api" in folders
    assert changed["changeCounts"] == {"Edit": len(files) + len(folders)}
    assert len(client.get(f"{API}/commits/{rename['commitId']}/changes", top=2, skip=1)["changes"]) == 2
    assert error(client, f"{API}/commits/{'1' * 40}")[0] == "GitUnresolvableToCommitException"


def test_object_ids_are_those_of_git(client):
    commit = client.get(f"{API}/commits/{tip(client)}")
    who = "Mina Sato <mina.sato@tidewater.example> 1795096500 +0000"
    lines = [
        f"tree {commit['treeId']}",
        *(f"parent {p}" for p in commit["parents"]),
        f"author {who}",
        f"committer {who}",
    ]
    raw = "\n".join([*lines, "encoding UTF-8", "", commit["comment"], ""]).encode()
    assert git_id("commit", raw) == commit["commitId"]


def test_the_difference_between_two_versions(client):
    query = {"baseVersion": "main", "targetVersion": "feature/paginate-search"}
    difference = client.get(f"{API}/diffs/commits", **query)
    files = [row["item"]["path"] for row in difference["changes"] if not row["item"].get("isFolder")]
    assert files == ["/src/platform_api/routes/shipments.py"]
    assert (difference["aheadCount"], difference["behindCount"]) == (2, 4)
    assert difference["targetCommit"] == tip(client, "feature/paginate-search")
    assert difference["allChangesIncluded"]
    direct = client.get(f"{API}/diffs/commits", **query, diffCommonCommit="false", __top=2)
    assert not direct["allChangesIncluded"]
    assert len(direct["changes"]) == 2


def test_branch_statistics(client):
    rows = {row["name"]: row for row in client.get(f"{API}/stats/branches")["value"]}
    assert rows["main"]["isBaseVersion"]
    assert (rows["main"]["aheadCount"], rows["main"]["behindCount"]) == (0, 0)
    assert rows["release/2.8"]["aheadCount"] == 2
    assert not rows["release/2.8"]["isBaseVersion"]
    one = client.get(f"{API}/stats/branches", name="release/2.8")
    assert one["behindCount"] == rows["release/2.8"]["behindCount"] > 5
    assert one["commit"]["treeId"]
    assert error(client, f"{API}/stats/branches", name="nothing")[0] == "GitUnresolvableToCommitException"


def test_the_base_version_is_the_branch_whose_commit_others_are_compared_with(client):
    release = tip(client, "release/2.8")
    made = [{"name": "refs/heads/twin", "oldObjectId": ZERO, "newObjectId": release}]
    client.call("POST", f"{API}/refs", made)
    for query in (
        {"baseVersionDescriptor.version": "release/2.8"},
        {"baseVersion": release, "baseVersionType": "commit"},
    ):
        rows = client.get(f"{API}/stats/branches", **query)["value"]
        assert {row["name"] for row in rows if row["isBaseVersion"]} == {"release/2.8", "twin"}
        assert client.get(f"{API}/stats/branches", name="main", **query)["isBaseVersion"] is False


def test_a_push_edits_a_file_while_it_renames_it(client):
    moved = change("edit, rename", "/docs/READ.md", "# Moved\n", sourceServerItem="/README.md")
    client.call("POST", f"{API}/pushes", push_body(client, [moved]), expect=201)
    read = client.get(f"{API}/items", path="/docs/READ.md", includeContent="true")
    assert read["content"] == "# Moved\n"
    assert error(client, f"{API}/items", path="/README.md")[0] == "GitItemNotFoundException"
    both = push_body(client, [change("add, delete", "/x", "x")])
    assert client.send("POST", f"{API}/pushes", both).status_code == 400


def test_a_push_adds_edits_renames_and_deletes(client):
    changes = [
        change("add", "/notes/today.md", "One line\n"),
        {**change("add", "/notes/bytes.bin"), "newContent": {"content": "AAEC", "contentType": "base64encoded"}},
        change("edit", "/README.md", "# platform-api\n"),
        change("delete", "/scripts/restart-agent.cmd"),
        change("rename", "/docs/CHANGELOG.md", sourceServerItem="/CHANGELOG.md"),
    ]
    old = tip(client)
    push = client.call("POST", f"{API}/pushes", push_body(client, changes), expect=201)
    commit = push["commits"][0]
    assert push["refUpdates"][0]["newObjectId"] == commit["commitId"] == tip(client)
    assert commit["parents"] == [old]
    rows = client.get(f"{API}/commits/{commit['commitId']}/changes")["changes"]
    files = {row["item"]["path"]: row["changeType"] for row in rows if not row["item"].get("isFolder")}
    assert files == {
        "/README.md": "edit",
        "/docs/CHANGELOG.md": "rename",
        "/notes/bytes.bin": "add",
        "/notes/today.md": "add",
        "/scripts/restart-agent.cmd": "delete",
    }
    read = client.http.get(f"{API}/items", params={"path": "/notes/bytes.bin", "$format": "octetStream"})
    assert read.content == base64.b64decode("AAEC")
    listed = client.get(f"{API}/pushes", **{"searchCriteria.includeRefUpdates": "true"}, __top=1)["value"][0]
    assert listed["pushId"] == push["pushId"]
    assert listed["pushedBy"]["displayName"] == "svc-agent"
    assert client.get(f"{API}/pushes/{push['pushId']}")["commits"][0]["commitId"] == commit["commitId"]


def test_a_push_may_make_the_first_commit(client):
    lake = "/Data/_apis/git/repositories/empty-lake"
    body = push_body(client, [change("add", "readme.md", "Lake")], "trunk", old=ZERO)
    push = client.call("POST", f"{lake}/pushes", body, expect=201)
    assert push["commits"][0]["parents"] == []
    assert client.get(lake)["defaultBranch"] == "refs/heads/trunk"


def test_a_push_on_a_moved_branch_is_409(client):
    body = push_body(client, [change("add", "/a.txt", "a")])
    client.call("POST", f"{API}/pushes", body, expect=201)
    stale = client.call("POST", f"{API}/pushes", body, expect=409)
    assert stale["typeKey"] == "GitReferenceStaleException"
    assert stale["message"].startswith("TF401028: The reference 'refs/heads/main' has already been updated")


def test_a_push_begins_a_branch_on_an_existing_commit(client):
    """As the vendor's own sample makes a branch with a commit."""
    base = tip(client)
    body = push_body(client, [change("add", "/on-top.md", "x")], "begun", old=base)
    push = client.call("POST", f"{API}/pushes", body, expect=201)
    assert push["refUpdates"][0]["oldObjectId"] == ZERO
    assert [commit["parents"] for commit in push["commits"]] == [[base]]
    assert tip(client, "begun") == push["commits"][0]["commitId"]
    assert tip(client) == base
    client.call("POST", f"{API}/pushes", body, expect=409)
    unknown = push_body(client, [change("add", "/on-top.md", "x")], "unknown", old="1" * 40)
    assert client.call("POST", f"{API}/pushes", unknown, expect=409)["typeKey"] == "GitReferenceStaleException"


def test_a_branch_that_a_push_begins_needs_the_permission(client, organization):
    body = push_body(client, [change("add", "/on-top.md", "x")], "begun", old=tip(client))
    organization.deny(organization.named("svc-agent"), "CreateBranch", organization.project("Platform"))
    assert client.call("POST", f"{API}/pushes", body, expect=403)["message"].startswith("TF401027")


@pytest.mark.parametrize("name", ["refs/heads/a..b", "main", "refs/heads/x.lock", "refs/heads/", "HEAD", ""])
def test_a_push_names_a_reference_that_cannot_be(client, name):
    body = push_body(client, [change("add", "/a.txt", "a")], old=ZERO)
    body["refUpdates"][0]["name"] = name
    assert f"The name '{name}' is not valid" in client.call("POST", f"{API}/pushes", body, expect=400)["message"]


@pytest.mark.parametrize("path", ["", "/"])
def test_a_push_names_no_path(client, path):
    body = push_body(client, [change("add", path, "a")])
    assert "The path '/' is not valid" in client.call("POST", f"{API}/pushes", body, expect=400)["message"]


@pytest.mark.parametrize("name", ["main/sub", "topic", "topic/one/more"])
@pytest.mark.parametrize("begins", ["without history", "on a commit"])
def test_a_push_does_not_make_a_branch_where_a_folder_of_branches_is(client, name, begins):
    base = tip(client)
    new = {"name": "refs/heads/topic/one", "oldObjectId": ZERO, "newObjectId": base}
    assert client.call("POST", f"{API}/refs", [new])["value"][0]["success"]
    old = ZERO if begins == "without history" else base
    body = push_body(client, [change("add", "/a.txt", "a")], name, old=old)
    answer = client.call("POST", f"{API}/pushes", body, expect=409)
    assert f"'refs/heads/{name}' conflicts" in answer["message"]
    names = [row["name"] for row in client.get(f"{API}/refs", filter="heads/")["value"]]
    assert f"refs/heads/{name}" not in names


@pytest.mark.parametrize(
    "changes",
    [
        [change("add", "/README.md", "again")],
        [change("edit", "/nothing.md", "x")],
        [change("delete", "/nothing.md")],
        [change("rename", "/b.md", sourceServerItem="/nothing.md")],
        [change("add", "/a.md")],
        [change("touch", "/README.md", "x")],
    ],
)
def test_a_push_that_makes_no_sense_changes_nothing(client, changes):
    before = tip(client)
    client.call("POST", f"{API}/pushes", push_body(client, changes), expect=400)
    assert tip(client) == before


def test_a_push_with_null_members_is_the_invalid_json_of_the_service(client):
    body = {"refUpdates": None, "commits": None}
    answer = client.call("POST", f"{API}/pushes", body, expect=400)
    assert answer["message"] == "The body of the request contains invalid Json.\r\nParameter name: contentStream"


def test_a_push_needs_the_permission(client, organization):
    body = push_body(client, [change("add", "/a.txt", "a")])
    organization.deny(organization.named("svc-agent"), "GenericContribute", organization.project("Platform"))
    assert client.call("POST", f"{API}/pushes", body, expect=403)["message"].startswith("TF401027")


def test_statuses_of_a_commit(client):
    path = f"{API}/commits/{tip(client)}/statuses"
    body = {"state": "succeeded", "description": "fine", "context": {"name": "scan", "genre": "security"}}
    made = client.call("POST", path, body, expect=201)
    assert client.get(path)["value"] == [made]
    client.call("POST", f"{API}/commits/{ZERO}/statuses", {}, expect=404)


@pytest.mark.parametrize("name", ["a/b", "a:b", ".git", "_own", "two\nlines", "ends.", "x" * 65])
def test_a_repository_cannot_have_the_name(client, name):
    for method, path in (("POST", "/Platform/_apis/git/repositories"), ("PATCH", API)):
        error = client.call(method, path, {"name": name}, expect=400)
        assert error["typeKey"] == "InvalidGitRepositoryNameException"
