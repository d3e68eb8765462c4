"""Policies of branches hold pull requests back until people have approved and comments are resolved."""

from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

PATH = "/Platform/_apis/policy/configurations"
REVIEWERS, COMMENTS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd", "c6a1889d-b943-4856-b76f-9e46bb6b0df2"
BUILD, REQUIRED = "0609b952-1397-4640-95ec-e00a01b2c241", "fd2167ab-b0be-447a-8ec8-39368250530e"
STATUS, SIZE = "cbdc66da-9728-4af8-aada-9a5a32e4a226", "2e26e725-8201-4edd-8bf5-978563c34a80"
GIT = "/Platform/_apis/git/repositories/docs"


def wanted(organization: Organization, kind: str = REVIEWERS, name: str = "main", **settings: Any) -> dict[str, Any]:
    repository = organization.repository("Platform", "docs").id
    scope = [{"repositoryId": repository, "refName": f"refs/heads/{name}", "matchKind": "exact"}]
    return {"type": {"id": kind}, "isEnabled": True, "isBlocking": True, "settings": {"scope": scope, **settings}}


@pytest.fixture
def opened(client: Any) -> dict[str, Any]:
    """A new pull request of the service account, without votes and threads."""
    tip = client.get(f"{GIT}/refs", filter="heads/main")["value"][0]["objectId"]
    change = {"changeType": "add", "item": {"path": "/new.md"}, "newContent": {"content": "x"}}
    push = {"refUpdates": [{"name": "refs/heads/new", "oldObjectId": "0" * 40}]}
    push["commits"] = [{"comment": "New", "changes": [change], "parents": [tip]}]
    client.call("POST", f"{GIT}/pushes", push, expect=201)
    ends = {"sourceRefName": "refs/heads/new", "targetRefName": "refs/heads/main", "title": "New"}
    return dict(client.call("POST", f"{GIT}/pullrequests", ends, expect=201))


def complete(client: Any, opened: dict[str, Any]) -> tuple[str, str]:
    path = f"{GIT}/pullrequests/{opened['pullRequestId']}"
    commit = {"commitId": opened["lastMergeSourceCommit"]["commitId"]}
    client.call("PATCH", path, {"status": "completed", "lastMergeSourceCommit": commit})
    found = client.get(path)
    return found["status"], found["mergeStatus"]


def test_approvals(client: Any, connect: Any, organization: Organization, opened: dict[str, Any]) -> None:
    made = client.call("POST", PATH, wanted(organization, minimumApproverCount=1, creatorVoteCounts=False))
    assert (made["id"], made["revision"], made["type"]["displayName"]) == (1, 1, "Minimum number of reviewers")
    assert client.get(f"{PATH}/1") == made
    assert client.get(PATH, policyType=REVIEWERS)["value"] == [made]
    assert client.get(PATH, policyType=COMMENTS)["value"] == []
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    me, tom = organization.named("svc-agent"), organization.named("Tom Becker")
    organization.add_token("tom", user=tom)
    number = opened["pullRequestId"]
    client.call("PUT", f"{GIT}/pullRequests/{number}/reviewers/{me.id}", {"vote": 10})
    assert complete(client, opened) == ("active", "rejectedByPolicy")
    connect("tom").call("PUT", f"{GIT}/pullRequests/{number}/reviewers/{tom.id}", {"vote": 10})
    assert complete(client, opened)[0] == "completed"


def test_the_own_vote_counts_if_the_policy_says_so(
    client: Any, organization: Organization, opened: dict[str, Any]
) -> None:
    client.call("POST", PATH, wanted(organization, minimumApproverCount=1, creatorVoteCounts=True))
    me = organization.named("svc-agent").id
    client.call("PUT", f"{GIT}/pullRequests/{opened['pullRequestId']}/reviewers/{me}", {"vote": 10})
    assert complete(client, opened)[0] == "completed"


def test_comments(client: Any, organization: Organization, opened: dict[str, Any]) -> None:
    client.call("POST", PATH, wanted(organization, COMMENTS))
    threads = f"{GIT}/pullRequests/{opened['pullRequestId']}/threads"
    body = {"comments": [{"content": "Why?"}], "status": "active"}
    thread = client.call("POST", threads, body)["id"]
    assert complete(client, opened) == ("active", "rejectedByPolicy")
    client.call("PATCH", f"{threads}/{thread}", {"status": "fixed"})
    assert complete(client, opened)[0] == "completed"


def test_a_branch_with_a_policy_takes_pull_requests_only(client: Any, organization: Organization) -> None:
    body = wanted(organization, COMMENTS)
    body["settings"]["scope"] = [{"repositoryId": None, "refName": "refs/heads/ma", "matchKind": "prefix"}]
    made = client.call("POST", PATH, body)
    tip = client.get(f"{GIT}/refs", filter="heads/main")["value"][0]["objectId"]
    change = {"changeType": "add", "item": {"path": "/new.md"}, "newContent": {"content": "x"}}
    push = {"refUpdates": [{"name": "refs/heads/main", "oldObjectId": tip}]}
    push["commits"] = [{"comment": "New", "changes": [change]}]
    refused = client.call("POST", f"{GIT}/pushes", push, expect=403)
    assert refused["typeKey"] == "GitRefUpdateRejectedByPolicyException"
    off = client.call("PUT", f"{PATH}/{made['id']}", {**body, "isEnabled": False})
    assert (off["isEnabled"], off["revision"]) == (False, 2)
    client.call("POST", f"{GIT}/pushes", push, expect=201)
    client.call("DELETE", f"{PATH}/{made['id']}", expect=204)
    client.get(f"{PATH}/{made['id']}", expect=404)


def test_what_is_not_enforced_is_refused(client: Any, organization: Organization) -> None:
    team = organization.project("Platform").teams[0].id
    for body in (
        wanted(organization, SIZE, maximumGitBlobSizeInBytes=1),
        wanted(organization, REQUIRED, requiredReviewerIds=[team]),
        wanted(organization, minimumApproverCount=1, requireVoteOnLastIteration=True),
    ):
        answer = client.send("POST", PATH, body)
        assert answer.status_code == 400
        assert "X-Simulator-Not-Simulated" in answer.headers
    for body in (
        wanted(organization, minimumApproverCount=0),
        {**wanted(organization, COMMENTS), "settings": {}},
        wanted(organization, COMMENTS, name="a..b"),
        wanted(organization, BUILD, buildDefinitionId=999),
        wanted(organization, REQUIRED),
        wanted(organization, REQUIRED, requiredReviewerIds=["11111111-1111-1111-1111-111111111111"]),
        wanted(organization, STATUS),
    ):
        client.call("POST", PATH, body, expect=400)
    client.call("POST", PATH, {"type": {"id": "none"}}, expect=404)
    assert client.get(PATH)["value"] == []
    assert len(client.get("/Platform/_apis/policy/types")["value"]) == 8


def test_a_type_that_is_not_listed_is_no_fact_about_the_service(client):
    body = {
        "isEnabled": True,
        "isBlocking": True,
        "type": {"id": "7ed39669-655c-494e-b4a0-a08b4da0fcce"},
        "settings": {},
    }
    answer = client.send("POST", "/Platform/_apis/policy/configurations", body)
    assert answer.json()["typeKey"] == "NotSimulatedException"
    assert answer.headers["X-Simulator-Not-Simulated"] == "policies of other types"


def test_the_policies_of_a_branch_of_a_repository_and_of_the_project(client, organization):
    docs, other = (organization.repository("Platform", name) for name in ("docs", "platform-api"))
    scopes = {
        "exact": {"repositoryId": docs.id, "refName": "refs/heads/main", "matchKind": "Exact"},
        "prefix": {"repositoryId": docs.id, "refName": "refs/heads/release/", "matchKind": "Prefix"},
        "default": {"repositoryId": None, "refName": None, "matchKind": "DefaultBranch"},
        "project": {"repositoryId": None},
        "other": {"repositoryId": other.id, "refName": "refs/heads/main", "matchKind": "Exact"},
    }
    numbers = {}
    for name, scope in scopes.items():
        body = {"type": {"id": COMMENTS}, "isEnabled": True, "isBlocking": False, "settings": {"scope": [scope]}}
        numbers[client.call("POST", PATH, body)["id"]] = name

    def found(**query):
        rows = client.get("/Platform/_apis/git/policy/configurations", **query)["value"]
        return {numbers[row["id"]] for row in rows}

    assert found(repositoryId=docs.id, refName="refs/heads/main") == {"exact", "default", "project"}
    assert found(repositoryId=docs.id, refName="refs/heads/release/2") == {"prefix", "project"}
    assert found(repositoryId=docs.id) == {"exact", "prefix", "default", "project"}
    assert found() == {"default", "project"}
    assert found(repositoryId=docs.id, policyType=REVIEWERS) == set()
    client.get("/Platform/_apis/git/policy/configurations", repositoryId=REVIEWERS, expect=404)
