"""Query parameters and criteria of git: each value changes the answer."""

import base64

import pytest

from azure_devops_simulator.state.git_objects import Entry

ALL = "/Platform/_apis/git/repositories"
API = f"{ALL}/platform-api"
DOCS = f"{ALL}/docs"
SETTINGS = "/src/platform_api/settings.py"


def tip(client, branch="main", repository=API):
    refs = client.get(f"{repository}/refs", filter=f"heads/{branch}")["value"]
    return next(ref["objectId"] for ref in refs if ref["name"] == f"refs/heads/{branch}")


def push(client, *changes, branch="main", repository=API, comment="Change by test"):
    update = {"name": f"refs/heads/{branch}", "oldObjectId": tip(client, branch, repository)}
    body = {"refUpdates": [update], "commits": [{"comment": comment, "changes": list(changes)}]}
    return client.call("POST", f"{repository}/pushes", body, expect=201)


def change(kind, path, content=None):
    new = {} if content is None else {"newContent": {"content": content, "contentType": "rawtext"}}
    return {"changeType": kind, "item": {"path": path}, **new}


def both(client, repository=API, **criteria):
    """The commits that meet the criteria, which the query string and the body of a batch must agree on."""
    query = {f"searchCriteria.{name.replace('_', '.')}": value for name, value in criteria.items()}
    listed = client.get(f"{repository}/commits", **query)["value"]
    body = {}
    for name, value in criteria.items():
        outer, _, inner = name.partition("_")
        if inner:
            body.setdefault(outer, {})[inner] = value
        else:
            body[outer] = value
    assert client.call("POST", f"{repository}/commitsbatch", body)["value"] == listed
    return listed


def comments(rows):
    return [row["comment"] for row in rows]


# -- commits ---------------------------------------------------------------------------------------------------------


def test_a_batch_is_paged_by_its_body_and_by_its_query_string(client):
    ids = [row["commitId"] for row in client.get(f"{API}/commits")["value"]]
    path = f"{API}/commitsbatch"

    def page(body, **query):
        return [row["commitId"] for row in client.call("POST", path, body, **query)["value"]]

    assert page({"$top": 2, "$skip": 1}) == ids[1:3]
    assert page({}, __top=2, __skip=3) == ids[3:5]
    assert page({"$top": 9}, __top=2) == ids[:2]
    assert page({"ids": ids[4:6]}) == ids[4:6]


def test_commits_are_found_by_the_same_criteria_in_a_body(client):
    assert comments(both(client, itemPath=SETTINGS)) == [
        "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
        "Start platform-api from the service template",
    ]
    assert comments(both(client, itemVersion_version="release/2.8", compareVersion_version="main")) == [
        "Fix the label width for the new printers",
        "Prepare release 2.8.0",
    ]
    tag = both(client, itemVersion_version="v2.7.0", itemVersion_versionType="tag")
    assert tag != both(client, itemVersion_version="main")
    parent = both(client, itemVersion_version="main", itemVersion_versionOptions="firstParent")
    assert parent[0]["commitId"] == client.get(f"{API}/commits/{tip(client)}")["parents"][0]
    october = both(client, fromDate="2026-10-01T00:00:00Z", toDate="2026-10-31T00:00:00Z")
    assert 0 < len(october) < len(both(client))
    assert both(client, toCommitId=october[0]["commitId"], fromCommitId=october[-1]["commitId"]) == october


def test_author_and_committer_are_searched_apart(client):
    made = push(client, change("add", "/a.md", "a"))["commits"][0]
    other = {"refUpdates": [{"name": "refs/heads/main", "oldObjectId": made["commitId"]}]}
    author = {"name": "Ada Extern", "email": "ada@elsewhere.example", "date": "2026-11-01T00:00:00Z"}
    commit = {"comment": "By another", "author": author, "changes": [change("add", "/b.md", "b")]}
    client.call("POST", f"{API}/pushes", {**other, "commits": [commit]}, expect=201)
    assert comments(both(client, author="elsewhere.example")) == ["By another"]
    assert both(client, user="elsewhere.example") == []
    assert comments(both(client, user="svc-agent"))[:2] == ["By another", "Change by test"]


def test_commits_of_a_deleted_path_may_leave_the_deletion_out(client):
    push(client, change("add", "/gone.md", "x"), comment="Add it")
    push(client, change("delete", "/gone.md"), comment="Remove it")
    assert comments(both(client, itemPath="/gone.md")) == ["Remove it", "Add it"]
    assert comments(both(client, itemPath="/gone.md", excludeDeletes="true")) == ["Add it"]


def test_the_mode_of_history_decides_about_merged_commits(client, organization):
    repository = organization.repository("Platform", "docs")
    objects, start = repository.objects, repository.default_tip()
    who = repository.commit(start).author

    def commit(parents, message, **texts):
        files = dict(repository.files(parents[0]))
        files |= {f"/{n}.md": Entry(f"{n}.md", 0o100644, objects.put_blob(text.encode())) for n, text in texts.items()}
        return objects.put_commit(objects.put_tree(files), tuple(parents), who, message)

    side = commit([start], "On the side", x="1")
    here = commit([start], "Here", y="1")
    merged = commit([here, side], "Merge", x="1")
    repository.refs["refs/heads/main"] = merged

    def touching(path, mode):
        return comments(both(client, DOCS, itemPath=path, historyMode=mode))

    assert touching("/x.md", "simplifiedHistory") == ["On the side"]
    assert touching("/x.md", "firstParent") == ["Merge"]
    assert set(touching("/x.md", "fullHistory")) == {"Merge", "On the side"}
    assert touching("/x.md", "FIRSTPARENT") == touching("/x.md", 1) == ["Merge"]
    dropped = commit([start], "Dropped by a merge", y="2")
    repository.refs["refs/heads/main"] = commit([merged, dropped], "Keep ours")
    assert touching("/y.md", "simplifiedHistory") == ["Here"], "only the parent whose file it has is followed"
    assert set(touching("/y.md", "fullHistory")) == {"Here", "Merge", "Dropped by a merge", "Keep ours"}
    repository.refs["refs/heads/main"] = merged
    unsupported = {"searchCriteria.itemPath": "/x.md", "searchCriteria.historyMode": 3}
    assert (
        "history mode fullHistorySimplifyMerges" in client.get(f"{DOCS}/commits", expect=400, **unsupported)["message"]
    )
    assert client.get(f"{DOCS}/commits", **{"searchCriteria.historyMode": "fullHistory"})["count"] > 3


def test_oldest_commits_come_first_on_request(client):
    newest = both(client)
    oldest = both(client, showOldestCommitsFirst="true", itemVersion_version="release/2.8")
    assert oldest == newest[::-1]


def test_commits_show_more_on_request(client, organization):
    commit = tip(client)
    status = {"state": "succeeded", "context": {"name": "scan", "genre": "security"}}
    made = client.call("POST", f"{API}/commits/{commit}/statuses", status, expect=201)
    repository = organization.repository("Platform", "platform-api")
    uri = f"vstfs:///Git/Commit/{repository.project.id}%2F{repository.id}%2F{commit}"
    now, by = organization.clock.now(), organization.named("svc-agent")
    number = next(iter(organization.work_items.items))
    organization.work_items.link(number, uri, "Fixed in Commit", by=by, when=now)
    plain = both(client)[0]
    for criterion, field in (
        ("includePushData", "push"),
        ("includeLinks", "_links"),
        ("includeWorkItems", "workItems"),
    ):
        assert field not in plain
        assert both(client, **{criterion: "true"})[0].keys() - plain.keys() == {field}
    assert [ref["id"] for ref in both(client, includeWorkItems="true")[0]["workItems"]] == [str(number)]
    assert "imageUrl" not in plain["author"]
    assert "imageUrl" in both(client, includeUserImageUrl="true")[0]["author"]
    path = f"{API}/commitsbatch"
    assert client.call("POST", path, {}, includeStatuses="true")["value"][0]["statuses"] == [made]
    assert "statuses" not in client.call("POST", path, {})["value"][0]


def test_commits_of_a_push(client):
    push(client, change("add", "/one.md", "1"), comment="One")
    made = push(client, change("add", "/two.md", "2"), comment="Two")
    assert comments(client.get(f"{API}/commits", pushId=made["pushId"])["value"]) == ["Two"]
    assert client.get(f"{API}/commits", pushId=made["pushId"], top=0)["count"] == 0
    linked, bare = (
        client.get(f"{API}/commits", pushId=made["pushId"], includeLinks=flag)["value"][0] for flag in ("true", "false")
    )
    assert linked.keys() - bare.keys() == {"url", "remoteUrl"}
    client.get(f"{API}/commits", pushId=999999, expect=404)


def test_the_commit_that_two_others_have_in_common(client):
    main, release = tip(client), tip(client, "release/2.8")
    base = client.get(f"{API}/diffs/commits", baseVersion="main", targetVersion="release/2.8")["commonCommit"]
    found = client.get(f"{API}/commits/{main}/mergebases", otherCommitId=release)["value"]
    assert [row["commitId"] for row in found] == [base]
    assert base not in {main, release}
    client.get(f"{API}/commits/{main}/mergebases", otherCommitId="1" * 40, expect=404)


def test_only_the_latest_status_of_each_context(client):
    path = f"{API}/commits/{tip(client)}/statuses"
    for name, state in (("a", "pending"), ("b", "succeeded"), ("a", "failed")):
        client.call("POST", path, {"state": state, "context": {"name": name, "genre": "g"}}, expect=201)
    shown = [(row["context"]["name"], row["state"]) for row in client.get(path)["value"]]
    assert shown == [("a", "failed"), ("b", "succeeded"), ("a", "pending")]
    latest = client.get(path, latestOnly="true")["value"]
    assert [(row["context"]["name"], row["state"]) for row in latest] == shown[:2]
    assert client.get(path, top=1, skip=1)["value"] == client.get(path)["value"][1:2]


def test_a_push_shows_as_many_commits_as_asked_for(client):
    body = {
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": tip(client)}],
        "commits": [{"comment": f"Number {n}", "changes": [change("add", f"/{n}.md", "x")]} for n in range(3)],
    }
    number = client.call("POST", f"{API}/pushes", body, expect=201)["pushId"]
    assert len(client.get(f"{API}/pushes/{number}")["commits"]) == 3
    assert comments(client.get(f"{API}/pushes/{number}", includeCommits=1)["commits"]) == ["Number 2"]
    assert "refUpdates" not in client.get(f"{API}/pushes/{number}")
    assert "refUpdates" in client.get(f"{API}/pushes/{number}", includeRefUpdates="true")
    rows = [
        client.get(f"{API}/pushes", **{"searchCriteria.includeLinks": flag})["value"][0] for flag in ("true", "false")
    ]
    assert rows[0].keys() - rows[1].keys() == {"_links"}


# -- references, items, trees and repositories -----------------------------------------------------------------------


def test_references_show_more_on_request(client):
    commit = tip(client)
    made = [
        client.call(
            "POST",
            f"{API}/commits/{commit}/statuses",
            {"state": state, "context": {"name": "scan", "genre": "security"}},
            expect=201,
        )
        for state in ("pending", "succeeded")
    ]

    def main(**query):
        return client.get(f"{API}/refs", filter="heads/main", **query)["value"][0]

    assert main(includeLinks="true").keys() - main().keys() == {"_links"}
    assert main(includeStatuses="true")["statuses"] == made[::-1]
    assert main(includeStatuses="true", latestStatusesOnly="true")["statuses"] == made[1:]


def test_only_own_branches_and_the_default_one(client):
    zero = "0" * 40
    own = [{"name": "refs/heads/mine", "oldObjectId": zero, "newObjectId": tip(client)}]
    client.call("POST", f"{API}/refs", own)
    names = [row["name"] for row in client.get(f"{API}/refs", includeMyBranches="true")["value"]]
    assert names == ["refs/heads/main", "refs/heads/mine"]
    client.get(f"{API}/refs", includeMyBranches="true", filter="heads/", expect=400)


def test_items_have_links_on_request(client):
    plain, linked = (client.get(f"{API}/items", path=SETTINGS, includeLinks=flag) for flag in ("false", "true"))
    assert "_links" not in plain
    assert linked["_links"]["blob"]["href"].endswith(f"/blobs/{plain['objectId']}")
    rows = client.get(f"{API}/items", scopePath="/src", recursionLevel="full", includeLinks="true")["value"]
    assert {tuple(row["_links"]) for row in rows} == {("self", "repository", "tree"), ("self", "repository", "blob")}


def test_folders_without_files_of_their_own_are_opened_as_well(client):
    push(client, change("add", "/a/only/deeper/file.md", "x"), change("add", "/a/full/file.md", "x"))

    def paths(level):
        return [row["path"] for row in client.get(f"{API}/items", scopePath="/a", recursionLevel=level)["value"]]

    assert paths("oneLevel") == ["/a", "/a/full", "/a/only"]
    assert paths("oneLevelPlusNestedEmptyFolders") == ["/a", "/a/full", "/a/only", "/a/only/deeper"]


def test_a_batch_of_items_shows_more_on_request(client):
    def item(**options):
        body = {"itemDescriptors": [{"path": SETTINGS}], **options}
        return client.call("POST", f"{API}/itemsbatch", body)["value"][0][0]

    for option, field in (
        ("includeLinks", "_links"),
        ("includeContentMetadata", "contentMetadata"),
        ("latestProcessedChange", "latestProcessedChange"),
    ):
        assert item(**{option: True}).keys() - item().keys() == {field}


def test_a_pointer_to_a_large_file_is_not_resolved_by_its_blob_either(client):
    blob = client.get(f"{API}/items", path="/assets/demand-model.bin")["objectId"]
    accept = {"Accept": "application/octet-stream"}
    plain, resolved = (
        client.http.get(f"{API}/blobs/{blob}", params={"resolveLfs": flag}, headers=accept)
        for flag in ("false", "true")
    )
    assert (plain.status_code, resolved.status_code) == (200, 400)


def test_repositories_show_every_address_on_request(client):
    plain, urls = (client.get(ALL, includeAllUrls=flag)["value"][0] for flag in ("false", "true"))
    assert "validRemoteUrls" not in plain
    assert urls["validRemoteUrls"] == [plain["remoteUrl"], plain["sshUrl"]]


@pytest.mark.parametrize("project", ["Platform", "Payments"])
def test_a_project_named_beside_the_path_must_be_the_one_of_the_repository(client, project):
    expected = 200 if project == "Platform" else 404
    tree = client.get(f"{API}/commits/{tip(client)}")["treeId"]
    pull_request = client.get("/Platform/_apis/git/pullrequests")["value"][0]
    labels = f"{ALL}/{pull_request['repository']['id']}/pullRequests/{pull_request['pullRequestId']}/labels"
    assert client.send("GET", f"{API}/trees/{tree}", projectId=project).status_code == expected
    assert client.send("POST", f"{API}/refs", [], projectId=project).status_code == expected
    assert client.send("GET", labels, projectId=project).status_code == expected


@pytest.mark.parametrize("spelling", ["{}Version", "{}VersionDescriptor.version", "{}VersionDescriptor.{}Version"])
def test_versions_to_compare_are_named_in_each_spelling_of_clients(client, spelling):
    release, main = tip(client, "release/2.8"), tip(client)
    base, target = (spelling.replace("{}", name) for name in ("base", "target"))
    for kind in ("commit", "Commit", "2"):
        query = {base: release, f"{base}Type": kind, target: main, f"{target}Type": kind}
        found = client.get(f"{API}/diffs/commits", **query)
        assert (found["baseCommit"], found["targetCommit"]) == (release, main)
    query[f"{target}Options"] = "firstParent"
    assert client.get(f"{API}/diffs/commits", **query)["targetCommit"] != main
    for odd in ({f"{base}Type": "changeset"}, {f"{base}Options": "next"}):
        assert (
            client.get(f"{API}/diffs/commits", expect=400, **{**query, **odd})["typeKey"]
            == "InvalidEnumArgumentException"
        )


# -- numbers and names in bodies -------------------------------------------------------------------------------------

ADD, EDIT, RENAME, DELETE = 1, 2, 8, 16
RAW, BASE64 = 0, 1


@pytest.mark.parametrize("spelling", [str, int], ids=["digits", "numbers"])
def test_a_push_may_give_numbers_for_names(client, spelling):
    content = bytes(range(256))
    new = {"content": base64.b64encode(content).decode(), "contentType": spelling(BASE64)}
    push(
        client,
        {"changeType": spelling(ADD), "item": {"path": "/bytes"}, "newContent": new},
        {
            "changeType": spelling(EDIT | RENAME),
            "item": {"path": "/READ.md"},
            "sourceServerItem": "/README.md",
            "newContent": {"content": "new\n", "contentType": spelling(RAW)},
        },
        {"changeType": spelling(DELETE), "item": {"path": "/CHANGELOG.md"}},
    )
    raw = client.http.get(f"{API}/items", params={"path": "/bytes", "$format": "octetStream"})
    assert raw.content == content
    assert client.get(f"{API}/items", path="/READ.md", includeContent="true")["content"] == "new\n"
    for gone in ("/README.md", "/CHANGELOG.md"):
        client.get(f"{API}/items", path=gone, expect=404)


def test_versions_and_states_may_be_numbers(client):
    branch, tag, commit = (0, "release/2.8"), (1, "v2.7.0"), (2, tip(client))
    for number, version in (branch, tag, commit):
        body = {"itemDescriptors": [{"path": "/src", "version": version, "versionType": number, "recursionLevel": 120}]}
        rows = client.call("POST", f"{API}/itemsbatch", body)["value"][0]
        query = {"versionDescriptor.version": version, "versionDescriptor.versionType": number}
        assert rows == client.get(f"{API}/items", scopePath="/src", recursionLevel="full", **query)["value"]
    status = {"state": 2, "context": {"name": "scan", "genre": "security"}}
    assert client.call("POST", f"{API}/commits/{tip(client)}/statuses", status, expect=201)["state"] == "succeeded"


def test_a_push_may_name_author_and_committer(client):
    who = {
        "author": {"name": "Ada", "email": "ada@elsewhere.example", "date": "2026-11-01T10:00:00+02:00"},
        "committer": {"name": "Bot", "email": "bot@elsewhere.example", "date": "Sun, 01 Nov 2026 09:00:00 GMT"},
    }
    update = {"name": "refs/heads/main", "oldObjectId": tip(client)}
    body = {"comment": "By two", "changes": [change("add", "/two.md", "x")], **who}
    made = client.call("POST", f"{API}/pushes", {"refUpdates": [update], "commits": [body]}, expect=201)["commits"][0]
    assert made["author"] == {**who["author"], "date": "2026-11-01T08:00:00Z"}
    assert made["committer"] == {**who["committer"], "date": "2026-11-01T09:00:00Z"}


def test_what_a_write_cannot_do_is_refused_and_changes_nothing(client):
    repository = client.get(API)
    refused = client.call("PATCH", API, {"isDisabled": True, "name": "other"}, expect=400)
    assert "does not simulate isDisabled in an update of a repository" in refused["message"]
    assert client.get(API) == repository
    client.call("PATCH", API, {"isDisabled": False, "name": repository["name"]})
    template = {**change("add", "/x.md"), "newContentTemplate": {"name": "x", "type": "gitignore"}}
    body = {
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": tip(client)}],
        "commits": [{"comment": "x", "changes": [template]}],
    }
    assert client.call("POST", f"{API}/pushes", body, expect=400)["typeKey"] == "NotSimulatedException"
