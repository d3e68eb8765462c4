"""What the builder of organizations makes, read by the routes of the service: people, projects, code."""

from datetime import UTC, datetime

import httpx
import pytest

from azure_devops_simulator import (
    BuilderError,
    SimulatorServer,
    build_organization,
    difference,
    export_world,
    import_world,
    seed_organization,
)

FULL, READ = "full-token", "read-token"
API = "/Platform/_apis/git/repositories/api"


@pytest.fixture
def world():
    """A project with a repository, and Dana, who made both."""
    world = build_organization("contoso").at("2026-11-02 09:00")
    world.add_user("Dana Ortiz")
    world.add_user("Tom Becker")
    world.add_project("Platform", "Everything that runs.").add_repository(
        "api", files={"README.md": "# API\n", "src/parser.py": "def parse(text): ...\n"}
    )
    return world


@pytest.fixture
def organization(world):
    world.add_token(FULL)
    world.add_token(READ, ["code"], user="Tom Becker")
    return world.organization


@pytest.fixture
def api(world):
    return world.project("platform").repository("API")


def paths_in(client, **version):
    query = {f"versionDescriptor.{name}": value for name, value in version.items()}
    rows = client.get(f"{API}/items", scopePath="/", recursionLevel="full", **query)["value"]
    return {row["path"] for row in rows if not row.get("isFolder")}


def text_of(client, path, branch="main"):
    query = {"path": path, "versionDescriptor.version": branch, "$format": "octetStream"}
    return client.send("GET", f"{API}/items", **query).content


def test_projects_and_their_default_team(client):
    (project,) = client.get("/_apis/projects")["value"]
    assert (project["name"], project["description"]) == ("Platform", "Everything that runs.")
    members = client.get("/_apis/projects/Platform/teams/Platform Team/members")["value"]
    assert {each["identity"]["uniqueName"] for each in members} == {
        "dana.ortiz@contoso.example",
        "tom.becker@contoso.example",
    }


def test_a_project_has_the_process_and_visibility_that_it_is_given(world, client):
    world.add_project("Mobile", process="Scrum", visibility="public")
    project = client.get("/_apis/projects/Mobile", includeCapabilities="true")
    assert project["capabilities"]["processTemplate"]["templateName"] == "Scrum"
    assert project["visibility"] == "public"


def test_a_token_has_its_owner_and_its_scopes(reader, client):
    assert (
        client.get("/_apis/connectionData", version="7.1-preview.1")["authenticatedUser"]["providerDisplayName"]
        == "Dana Ortiz"
    )
    assert (
        reader.get("/_apis/connectionData", version="7.1-preview.1")["authenticatedUser"]["providerDisplayName"]
        == "Tom Becker"
    )
    assert reader.get(API)["name"] == "api"
    assert reader.send("GET", "/Platform/_apis/build/builds").status_code == 401


def test_an_account_outside_the_organization_is_refused(world, client):
    guest = world.add_user("Eve Moss", "eve@elsewhere.example", member=False)
    world.add_token("token-of-a-guest", user=guest)
    headers = {"X-TFS-FedAuthRedirect": "Suppress"}
    answer = httpx.get(f"{client.http.base_url}{API}", auth=("", "token-of-a-guest"), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["x-vss-userdata"].endswith(":eve@elsewhere.example")


def test_a_permission_is_denied_within_a_part_of_a_project(world, api, client):
    platform = world.project("Platform").add_area("Web")
    platform.add_pipeline("nightly", repository=api, yaml="steps:\n- script: make\n")
    parts = {
        "api/refs/heads/main": lambda: api.commit("x", {"a": "1"}, author="Tom Becker"),
        "Platform\\Web": lambda: platform.add_work_item("Bug", title="x", area="Web", author="Tom Becker"),
        "nightly": lambda: platform.pipeline("nightly").run(by="Tom Becker"),
    }
    permissions = ("GenericContribute", "WorkItemWrite", "QueueBuilds")
    for (part, act), permission in zip(parts.items(), permissions, strict=True):
        act()
        world.deny("Tom Becker", permission, project=platform, within=part)
        with pytest.raises(BuilderError, match="permission"):
            act()
    api.commit("x", {"a": "2"}, branch="other", author="Tom Becker")
    platform.add_work_item("Bug", title="x", author="Tom Becker")


def test_an_issued_token_is_sent_as_bearer(world, client):
    world.add_token("issued-token", ["code"], user="Tom Becker", kind="issued")
    for value, status in (("issued-token", 200), (FULL, 401)):
        headers = {"Authorization": f"Bearer {value}", "X-TFS-FedAuthRedirect": "Suppress"}
        assert httpx.get(f"{client.http.base_url}{API}", headers=headers).status_code == status


def test_teams(world, client):
    world.add_user("Luis Ferreira")
    platform = world.project("Platform")
    platform.add_team("Harbor", ["Tom Becker"], description="The team at the harbor.").add_members("Luis Ferreira")
    platform.team().add_members("Luis Ferreira", "Luis Ferreira")
    team = client.get("/_apis/projects/Platform/teams/Harbor")
    assert team["description"] == "The team at the harbor."
    for name, expected in (("Harbor", ["Tom Becker", "Luis Ferreira"]), ("Platform Team", [..., ..., "Luis Ferreira"])):
        members = client.get(f"/_apis/projects/Platform/teams/{name}/members")["value"]
        assert [each["identity"]["displayName"] for each in members][-1] == expected[-1]
        assert len(members) == len(expected)
        # Who made a team administers it.
        assert [each.get("isTeamAdmin", False) for each in members] == [True, *(False for _ in members[1:])]


def test_a_denied_permission_and_a_hidden_project(world, client, reader):
    platform = world.project("Platform")
    world.deny("Tom Becker", "createrepository", project=platform)
    with pytest.raises(BuilderError, match="You need the Git 'CreateRepository' permission"):
        platform.add_repository("docs", author="Tom Becker")
    world.hide(platform, "Tom Becker")
    assert reader.send("GET", API).status_code == 404
    assert client.get(API)["name"] == "api"


def test_the_first_files_of_a_repository(client):
    assert client.get(API)["defaultBranch"] == "refs/heads/main"
    assert paths_in(client) == {"/README.md", "/src/parser.py"}
    (commit,) = client.get(f"{API}/commits")["value"]
    assert (commit["comment"], commit["author"]["name"]) == ("Add the first files", "Dana Ortiz")
    assert commit["author"]["date"] == "2026-11-02T09:00:03Z"


def test_a_repository_without_files_is_empty(world, client):
    world.project("Platform").add_repository("empty")
    empty = client.get("/Platform/_apis/git/repositories/empty")
    assert (empty["size"], empty.get("defaultBranch")) == (0, None)


def test_commits_write_delete_and_rename_files(world, api, client):
    world.at(datetime(2026, 11, 3, 8, 30, tzinfo=UTC))
    api.commit(
        "Move the parser",
        {"/src/reader.py": "def read(): ...\n", "logo.png": b"\x89PNG\x00"},
        delete=["README.md"],
        rename={"src/parser.py": "lib/parser.py"},
        author="Tom Becker",
    )
    assert paths_in(client) == {"/src/reader.py", "/logo.png", "/lib/parser.py"}
    assert text_of(client, "/logo.png") == b"\x89PNG\x00"
    newest = client.get(f"{API}/commits")["value"][0]
    assert newest["commitId"] == api.tip()
    assert (newest["author"]["name"], newest["author"]["date"]) == ("Tom Becker", "2026-11-03T08:30:01Z")
    changes = client.get(f"{API}/commits/{api.tip()}/changes")["changes"]
    assert {(row["item"]["path"], row["changeType"]) for row in changes if not row["item"].get("isFolder")} >= {
        ("/lib/parser.py", "rename"),
        ("/README.md", "delete"),
        ("/src/reader.py", "add"),
    }


def test_a_branch_begins_at_the_default_branch_or_at_another_one(api, client):
    api.commit("Fix", {"fix.txt": "1"}, branch="fix").commit("Fix again", {"fix.txt": "2"}, branch="fix")
    api.add_branch("release").add_branch("retry", source="fix").delete_branch("release")
    assert {row["name"] for row in client.get(f"{API}/refs", filter="heads")["value"]} == {
        f"refs/heads/{name}" for name in ("main", "fix", "retry")
    }
    assert paths_in(client, version="retry") == {"/README.md", "/src/parser.py", "/fix.txt"}
    assert text_of(client, "/fix.txt", "fix") == b"2"
    assert paths_in(client) == {"/README.md", "/src/parser.py"}


def test_the_first_branch_of_a_repository_is_its_default_branch(world, client):
    trunk = world.project("Platform").add_repository("trunk", {"a": "1"}, branch="trunk")
    trunk.commit("Change it", {"a": "2"})
    assert client.get("/Platform/_apis/git/repositories/trunk")["defaultBranch"] == "refs/heads/trunk"
    assert trunk.tip() == trunk.tip("trunk")


def test_tags_with_and_without_a_message(api, client):
    api.add_tag("v1").add_tag("v1.0", message="The first release", author="Tom Becker")
    tags = {row["name"]: row for row in client.get(f"{API}/refs", filter="tags", peelTags="true")["value"]}
    assert tags["refs/tags/v1"]["objectId"] == tags["refs/tags/v1.0"]["peeledObjectId"] == api.tip()
    tag = client.get(f"{API}/annotatedtags/{tags['refs/tags/v1.0']['objectId']}")
    assert (tag["message"].strip(), tag["taggedBy"]["name"]) == ("The first release", "Tom Becker")


def test_a_protected_branch_takes_pull_requests_only(api, client):
    api.commit("Fix", {"fix.txt": "1"}, branch="fix").protect()
    with pytest.raises(BuilderError, match="you must use a pull request to update this branch"):
        api.commit("Fix it here", {"fix.txt": "2"})
    update = {"name": "refs/heads/main", "oldObjectId": api.tip(), "newObjectId": api.tip("fix")}
    assert client.call("POST", f"{API}/refs", [update])["value"][0]["updateStatus"] == "rejectedByPolicy"
    api.open_pull_request("Fix", source="fix").complete()
    assert text_of(client, "/fix.txt") == b"1"


def told_by_the_builder():
    world = build_organization("contoso").at("2026-11-02 09:00")
    dana, tom = world.add_user("Dana Ortiz"), world.add_user("Tom Becker")
    platform = world.add_project("Platform")
    api = platform.add_repository("api", {"a.txt": "1\n"})
    bug = platform.add_work_item("Bug", title="It broke", assigned_to=tom)
    api.commit("Fix it", {"a.txt": "2\n"}, branch="fix", author=tom)
    pull = api.open_pull_request("Fix it", source="fix", author=tom)
    pull.comment("Why?", author=dana).reply("So.")
    pull.vote(dana, "approve").complete(by=dana, strategy="squash")
    bug.update(state="Resolved", by=tom).comment("Done.")
    return world


def told_over_http():
    world = build_organization("contoso").at("2026-11-02 09:00")
    dana, tom = world.add_user("Dana Ortiz"), world.add_user("Tom Becker")
    world.add_project("Platform")
    for user in (dana, tom):
        world.add_token(user.display_name, user=user)
    git, wit = "Platform/_apis/git/repositories", "Platform/_apis/wit/workitems"
    with SimulatorServer(world) as server:

        def send(who, method, path, body, version="7.1"):
            kind = "json-patch+json" if isinstance(body, list) else "json"
            answer = httpx.request(
                method,
                f"{server.base_url}/{path}",
                params={"api-version": version},
                json=body,
                auth=("", who.display_name),
                headers={"Content-Type": f"application/{kind}"},
            )
            assert answer.is_success, answer.text
            return answer.json()

        def push(who, branch, kind, old, content, comment, parents=()):
            change = {"changeType": kind, "item": {"path": "/a.txt"}}
            change["newContent"] = {"content": content, "contentType": "rawtext"}
            commit = {"comment": comment, "changes": [change], "parents": list(parents)}
            update = {"name": f"refs/heads/{branch}", "oldObjectId": old}
            made = send(who, "POST", f"{git}/api/pushes", {"refUpdates": [update], "commits": [commit]})
            return made["commits"][0]["commitId"]

        send(dana, "POST", git, {"name": "api"})
        first = push(dana, "main", "add", "0" * 40, "1\n", "Add the first files")
        fields = {"System.Title": "It broke", "System.AssignedTo": tom.unique_name}
        bug = send(
            dana, "POST", f"{wit}/$Bug", [{"op": "add", "path": f"/fields/{k}", "value": fields[k]} for k in fields]
        )
        source = push(tom, "fix", "edit", "0" * 40, "2\n", "Fix it", [first])
        request = {"sourceRefName": "refs/heads/fix", "targetRefName": "refs/heads/main", "title": "Fix it"}
        send(tom, "POST", f"{git}/api/pullrequests", request)
        pull = f"{git}/api/pullRequests/1"
        thread = {"comments": [{"content": "Why?", "commentType": "text"}], "status": "active"}
        made = send(dana, "POST", f"{pull}/threads", thread)["id"]
        send(tom, "POST", f"{pull}/threads/{made}/comments", {"content": "So.", "parentCommentId": 1})
        send(dana, "PUT", f"{pull}/reviewers/{dana.id}", {"vote": 10})
        options = {"mergeStrategy": "squash"}
        body = {"status": "completed", "completionOptions": options, "lastMergeSourceCommit": {"commitId": source}}
        send(dana, "PATCH", pull, body)
        send(dana, "GET", pull, None)
        send(tom, "PATCH", f"{wit}/{bug['id']}", [{"op": "add", "path": "/fields/System.State", "value": "Resolved"}])
        send(tom, "POST", f"{wit}/{bug['id']}/comments", {"text": "Done."}, "7.1-preview.4")
    return world


def test_what_is_built_is_what_the_same_requests_make_over_http():
    assert difference(export_world(told_over_http()), export_world(told_by_the_builder())) == {}


def test_the_same_calls_make_the_same_world_which_can_be_saved_and_continued(world):
    made = export_world(told_by_the_builder())
    assert made == export_world(told_by_the_builder())
    again = build_organization(import_world(made))
    again.project("Platform").repository("api").commit("Go on", {"b.txt": "3"}, author="Tom Becker")
    assert difference(made, export_world(again)) != {}
    assert export_world(again)["pull_requests"] == made["pull_requests"]


def test_the_seed_organization_can_be_continued():
    seed = build_organization(seed_organization())
    platform = seed.project("Platform")
    api = platform.repository("platform-api")
    api.commit("Say more", {"NEWS.md": "Soon.\n"}, author="Dana Ortiz", branch="news")
    assert api.repository.find_commit("Say more").author.name == "Dana Ortiz"
    assert api.pull_request(15).pull_request.id == 15
    assert platform.work_item(1).update(title="Another title").item.title == "Another title"
    assert platform.pipeline("platform-api-ci").run(result="succeeded").result == "succeeded"
    with pytest.raises(BuilderError, match="pull request '4711' is not one of"):
        api.pull_request(4711)
    with pytest.raises(BuilderError, match="Platform has no work item 4711"):
        platform.work_item(4711)


def test_without_people_the_service_account_acts(tls):
    world = build_organization("contoso")
    world.add_project("Platform").add_repository("api", {"a": "1"}).commit("More", {"a": "2"})
    world.add_token(FULL)
    with (
        SimulatorServer(world) as server,
        httpx.Client(base_url=server.base_url, auth=("", FULL), verify=tls) as client,
    ):
        commits = client.get(f"{API}/commits").json()["value"]
    assert [commit["author"]["name"] for commit in commits] == ["svc-agent", "svc-agent"]


def other_user():
    return build_organization("other").add_user("Eve Moss")


MISTAKES = {
    "a name of an organization": (lambda world, api: build_organization("con toso"), "letters, digits and hyphens"),
    "a user": (lambda world, api: api.commit("x", {"a": "1"}, author="Dana Ortis"), "did you mean 'Dana Ortiz'"),
    "a user of elsewhere": (lambda world, api: api.commit("x", {"a": "1"}, author=other_user()), "is not one of"),
    "a name that is there twice": (
        lambda world, api: (
            world.add_user("Dana Ortiz", "dana.two@contoso.example"),
            api.commit("x", {"a": "1"}, author="dana ortiz"),
        ),
        "several users are called 'dana ortiz'; give one of the unique names dana.ortiz@contoso.example, dana.two@",
    ),
    "a unique name twice": (
        lambda world, api: world.add_user("Dana Ortiz", "dana.ortiz@contoso.example"),
        "there is a user 'dana.ortiz@contoso.example' already",
    ),
    "a user without a name": (lambda world, api: world.add_user(" "), "needs a name"),
    "a name of a project": (lambda world, api: world.add_project("a/b"), "TF200012"),
    "a user twice": (lambda world, api: world.add_user("dana ortiz"), "there is a user 'dana ortiz' already"),
    "a scope": (lambda world, api: world.add_token("t", ["vso.kode"]), "unknown scopes: kode"),
    "a scope as a text": (
        lambda world, api: world.add_token("t", "code", user="Nobody"),
        "user 'Nobody' is not one of",
    ),
    "a kind of token": (lambda world, api: world.add_token("t", kind="bearer"), "is not one of personal, issued"),
    "fewer than no approvals": (lambda world, api: api.protect(minimum_approvers=-1), "cannot be negative"),
    "a branch to protect": (lambda world, api: api.protect("release"), "branch 'release' is not one of main"),
    "a project": (lambda world, api: world.project("Platfrom"), "did you mean 'Platform'"),
    "a project twice": (lambda world, api: world.add_project("platform"), "there is a project 'platform' already"),
    "a process": (lambda world, api: world.add_project("X", process="Skrum"), "did you mean 'Scrum'"),
    "a permission": (lambda world, api: world.deny("Dana Ortiz", "Push"), "GenericContribute"),
    "a part of no project": (
        lambda world, api: world.deny("Dana Ortiz", "QueueBuilds", within="ci"),
        "give the project",
    ),
    "a part": (
        lambda world, api: world.deny("Dana Ortiz", "QueueBuilds", project=world.project("Platform"), within="apu"),
        "part of the project 'apu' is not one of api, Platform; did you mean 'api'",
    ),
    "a repository": (lambda world, api: world.project("Platform").repository("apy"), "did you mean 'api'"),
    "a repository twice": (lambda world, api: world.project("Platform").add_repository("api"), "already exists"),
    "a team": (lambda world, api: world.project("Platform").team("Harbor"), "Platform Team"),
    "a team twice": (
        lambda world, api: world.project("Platform").add_team("platform team"),
        "The team 'platform team' already exists",
    ),
    "a branch": (lambda world, api: api.tip("mian"), "did you mean 'main'"),
    "a branch twice": (lambda world, api: api.add_branch("main"), "refs/heads/main exists already"),
    "a name of a branch": (lambda world, api: api.add_branch("a..b"), "invalidRefName"),
    "a tag twice": (lambda world, api: api.add_tag("v1").add_tag("v1"), "refs/tags/v1 exists already"),
    "no change": (lambda world, api: api.commit("Nothing"), "a commit needs files"),
    "a file to delete": (lambda world, api: api.commit("x", delete=["READMY.md"]), "did you mean '/README.md'"),
    "a file to rename": (lambda world, api: api.commit("x", rename={"b": "c"}), "file '/b' is not one of"),
    "a file in a file": (lambda world, api: api.commit("x", {"README.md/a": "1"}), "'/README.md' would be a file and"),
    "a file for a folder": (lambda world, api: api.commit("x", {"src": "1"}), "'/src' would be a file and a folder"),
    "a path": (lambda world, api: api.commit("x", {"../a": "1"}), "is not valid"),
    "a time": (lambda world, api: world.at("tomorrow"), "write it as 2026-11-03 09:00"),
    "the past": (lambda world, api: world.at("2026-11-01"), "is in the past: it is 2026-11-02 09:00:03 in contoso"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_there_is(world, api, mistake):
    act, message = MISTAKES[mistake]
    before = export_world(world)
    with pytest.raises(BuilderError, match=message):
        act(world, api)
    if "twice" not in mistake and mistake not in {"a file in a file", "a file for a folder"}:
        assert difference(before, export_world(world)) == {}
