"""Cherry-picks and reverts: onto a branch, into a new branch, after the answer."""

from datetime import datetime, timedelta

import pytest

from azure_devops_simulator import build_organization, export_world, import_world

API = "/Platform/_apis/git/repositories/api"


@pytest.fixture
def world():
    """A release branch from before two fixes on main."""
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker"):
        world.add_user(name)
    api = world.add_project("Platform").add_repository("api", {"a.txt": "one\n", "b.txt": "one\n"})
    api.add_branch("release/1")
    api.commit("Fix a\n\nIt was wrong.", {"a.txt": "two\n"}, author="Tom Becker")
    api.commit("Fix b", {"b.txt": "two\n"}, author="Tom Becker")
    return world


@pytest.fixture
def organization(world):
    world.add_token("full-token")
    return world.organization


@pytest.fixture
def api(world):
    return world.project("Platform").repository("api")


@pytest.fixture
def commits(api):
    """The commits by the first line of their message."""
    return {subject: api.repository.find_commit(subject).id for subject in ("Fix a", "Fix b")}


def order(source, onto="release/1", generated="again"):
    wanted = {"pullRequestId": source} if isinstance(source, int) else {"commitList": [{"commitId": c} for c in source]}
    return {"ontoRefName": f"refs/heads/{onto}", "generatedRefName": f"refs/heads/{generated}", "source": wanted}


def ended(client, path, made):
    """Poll until the end, and return the states that were seen on the way, and the last answer."""
    own = f"{API}/{path}/{made['cherryPickId' if path == 'cherryPicks' else 'revertId']}"
    seen = [made["status"]]
    for _ in range(10):
        answer = client.get(own)
        seen.append(answer["status"])
        if answer["status"] in {"completed", "failed"}:
            return seen, answer
    raise AssertionError(seen)


def files(client, branch):
    rows = client.get(f"{API}/items", **{"versionDescriptor.version": branch, "recursionLevel": "full"})["value"]
    paths = [row["path"] for row in rows if not row.get("isFolder")]
    return {
        path: client.send(
            "GET", f"{API}/items", path=path, **{"versionDescriptor.version": branch, "$format": "text"}
        ).text
        for path in paths
    }


def log(client, branch):
    query = {"searchCriteria.itemVersion.version": branch}
    return [row["comment"] for row in client.get(f"{API}/commits", **query)["value"]]


def replay_status(organization, api):
    return api.repository.replays[-1].status(organization.clock.now())


def test_commits_are_applied_to_a_branch_in_order(client, organization, world, api, commits):
    made = client.call("POST", f"{API}/cherryPicks", order([commits["Fix a"], commits["Fix b"]]), expect=201)
    assert (made["status"], made["detailedStatus"]) == ("queued", None)
    assert [row["commitId"] for row in made["parameters"]["source"]["commitList"]] == list(commits.values())
    assert client.get(f"{API}/refs", filter="heads/again")["value"] == []
    organization.clock.advance(0.5)
    assert replay_status(organization, api) == "inProgress"
    seen, done = ended(client, "cherryPicks", made)
    assert seen == ["queued", "completed"]
    assert (done["detailedStatus"]["progress"], done["detailedStatus"]["conflict"]) == (1.0, False)
    assert files(client, "again") == {"/a.txt": "two\n", "/b.txt": "two\n"}
    assert files(client, "release/1") == {"/a.txt": "one\n", "/b.txt": "one\n"}
    tip = client.get(f"{API}/refs", filter="heads/again")["value"][0]["objectId"]
    commit = client.get(f"{API}/commits/{tip}")
    assert (commit["author"]["name"], commit["committer"]["name"]) == ("Tom Becker", "Dana Ortiz")
    assert log(client, "again")[:2] == ["Fix b", "Fix a"]
    assert client.get(f"{API}/cherryPicks", refName="refs/heads/again")["cherryPickId"] == made["cherryPickId"]
    exported = export_world(world)
    assert export_world(import_world(exported)) == exported


def test_a_commit_is_taken_back(client, commits):
    made = client.call("POST", f"{API}/reverts", order([commits["Fix a"]], onto="main"), expect=201)
    assert ended(client, "reverts", made)[1]["status"] == "completed"
    assert files(client, "again") == {"/a.txt": "one\n", "/b.txt": "two\n"}
    assert log(client, "again")[0] == 'Revert "Fix a"'


def test_a_conflict_names_the_commit_and_the_files_and_makes_no_branch(client, api, commits):
    api.commit("Otherwise", {"b.txt": "three\n"}, branch="release/1")
    made = client.call("POST", f"{API}/cherryPicks", order(list(commits.values())), expect=201)
    _, failed = ended(client, "cherryPicks", made)
    details = failed["detailedStatus"]
    assert (failed["status"], details["conflict"], details["currentCommitId"]) == ("failed", True, commits["Fix b"])
    assert details["progress"] == 0.5
    rows = client.get(f"{API}/cherryPicks/{made['cherryPickId']}/conflicts")["value"]
    assert [(row["conflictPath"], row["conflictType"]) for row in rows] == [("/b.txt", "editEdit")]
    assert client.get(f"{API}/refs", filter="heads/again")["value"] == []


def test_a_revert_of_what_changed_since_has_conflicts(client, api, commits):
    api.commit("Change a again", {"a.txt": "three\n"})
    made = client.call("POST", f"{API}/reverts", order([commits["Fix a"]], onto="main"), expect=201)
    assert ended(client, "reverts", made)[1]["detailedStatus"]["conflict"] is True
    rows = client.get(f"{API}/reverts/{made['revertId']}/conflicts")["value"]
    assert [row["conflictPath"] for row in rows] == ["/a.txt"]


@pytest.mark.parametrize("strategy", ["noFastForward", "squash", "rebase", "rebaseMerge"])
def test_a_completed_pull_request_is_applied_and_taken_back(client, api, strategy):
    api.commit("Add c", {"c.txt": "one\n"}, branch="topic").commit("Add d", {"d.txt": "one\n"}, branch="topic")
    pull = api.open_pull_request("Add", source="topic")
    api.commit("Move on", {"e.txt": "one\n"})
    pull.complete(strategy=strategy)
    picked = client.call("POST", f"{API}/cherryPicks", order(pull.id, generated="picked"), expect=201)
    assert picked["parameters"]["source"] == {"pullRequestId": pull.id}
    assert ended(client, "cherryPicks", picked)[1]["status"] == "completed"
    assert set(files(client, "picked")) == {"/a.txt", "/b.txt", "/c.txt", "/d.txt"}
    reverted = client.call("POST", f"{API}/reverts", order(pull.id, onto="main"), expect=201)
    assert ended(client, "reverts", reverted)[1]["status"] == "completed"
    assert set(files(client, "again")) == {"/a.txt", "/b.txt", "/e.txt"}


def test_an_open_pull_request_is_applied_but_not_taken_back(client, api):
    pull = api.commit("Add c", {"c.txt": "one\n"}, branch="topic").open_pull_request("Add", source="topic")
    made = client.call("POST", f"{API}/cherryPicks", order(pull.id), expect=201)
    assert ended(client, "cherryPicks", made)[1]["status"] == "completed"
    client.call("POST", f"{API}/reverts", order(pull.id, generated="other"), expect=400)


def test_a_branch_that_cannot_be_made_is_a_failure_later(client, organization, api, commits):
    def failure(**more):
        made = client.call("POST", f"{API}/cherryPicks", order([commits["Fix a"]], **more), expect=201)
        answer = ended(client, "cherryPicks", made)[1]
        assert (answer["status"], answer["detailedStatus"]["conflict"]) == ("failed", False)
        return answer["detailedStatus"]["status"]

    assert failure(generated="a..b") == "invalidRefName"
    assert failure(generated="main") == "refNameConflict"
    assert failure(generated="release") == "refNameConflict"
    organization.deny(organization.named("Dana Ortiz"), "CreateBranch")
    assert failure() == "createBranchPermissionRequired"
    assert {ref["name"] for ref in client.get(f"{API}/refs")["value"]} == {"refs/heads/main", "refs/heads/release/1"}


def test_a_target_that_goes_away_meanwhile(client, api, commits):
    api.add_branch("gone")
    made = client.call("POST", f"{API}/cherryPicks", order([commits["Fix a"]], onto="gone"), expect=201)
    tip = client.get(f"{API}/refs", filter="heads/gone")["value"][0]["objectId"]
    update = {"name": "refs/heads/gone", "oldObjectId": tip, "newObjectId": "0" * 40}
    client.call("POST", f"{API}/refs", [update])
    assert ended(client, "cherryPicks", made)[1]["detailedStatus"]["status"] == "targetBranchDeleted"


def test_an_order_that_makes_no_sense_is_refused_at_once(client, api, commits):
    good = order([commits["Fix a"]])
    for wrong, status in (
        ({"ontoRefName": ""}, 400),
        ({"generatedRefName": ""}, 400),
        ({"ontoRefName": "refs/heads/none"}, 404),
        ({"source": {}}, 400),
        ({"source": {"commitList": [{"commitId": "1" * 40}]}}, 404),
        ({"source": {"pullRequestId": 99}}, 404),
        ({"source": {"pullRequestId": 99, "commitList": [{"commitId": commits["Fix a"]}]}}, 400),
        ({"repository": {"id": "11111111-1111-1111-1111-111111111111"}}, 400),
    ):
        client.call("POST", f"{API}/cherryPicks", {**good, **wrong}, expect=status)
    client.get(f"{API}/cherryPicks/1", expect=404)
    client.get(f"{API}/cherryPicks", refName="refs/heads/again", expect=404)


def test_what_nobody_asks_for_is_dated_when_it_ended(client, organization, commits):
    client.call("POST", f"{API}/cherryPicks", order([commits["Fix a"]]), expect=201)
    begun = organization.clock.now()
    organization.clock.advance(3600)
    push = client.get(f"{API}/pushes", **{"searchCriteria.refName": "refs/heads/again"})["value"][0]
    assert datetime.fromisoformat(push["date"]) - begun == timedelta(seconds=1)
