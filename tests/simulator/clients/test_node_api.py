"""The vendor's Node client. It sends enumerations as numbers, dates as RFC 1123, and 404 means null to it.

The nightly run calls every method of its API classes (`walk_node_api.py`); here are the calls that matter most.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from node_api import NodeApi, Outcome, package_folder, player
from official_clients import FULL, READ

MAIN = {"version": "main", "versionType": 0, "versionOptions": 0}
"""A `GitVersionDescriptor`: branch, no options."""

PLATFORM_API = ("platform-api", "Platform")
ALL, RELATIONS = 4, 1
"""Of `WorkItemExpand`."""
QUEUED, COMPLETED = 1, 3
"""Of `GitAsyncOperationStatus`."""

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def node_api() -> Iterator[NodeApi]:
    with player(package_folder()) as running:
        yield running


@pytest.fixture
def outcome(node_api: NodeApi, plain) -> Callable[..., Outcome]:
    def play(name: str, *arguments: Any, token: str = FULL) -> Outcome:
        api, _, method = name.partition(".")
        return node_api.call(plain.base_url, token, api, method, *arguments)

    return play


@pytest.fixture
def call(outcome) -> Call:
    """The value that a method returns; anything that it or the simulator refuses fails the test."""

    def play(name: str, *arguments: Any) -> Any:
        played = outcome(name, *arguments)
        assert (played.refused, played.not_simulated) == ("", ""), name
        assert played.status < 400, name
        return played.value

    return play


def test_core(call):
    assert [project["name"] for project in call("Core.getProjects")] == ["Data", "Mobile App", "Payments", "Platform"]
    project = call("Core.getProject", "Platform", True)
    assert project["capabilities"]["processTemplate"]["templateName"] == "Agile"
    assert [team["name"] for team in call("Core.getTeams", "Platform")] == ["Platform Team"]
    members = call("Core.getTeamMembersWithExtendedProperties", "Platform", "Platform Team")
    assert "Dana Ortiz" in {member["identity"]["displayName"] for member in members}
    assert {process["name"] for process in call("Core.getProcesses")} == {"Agile", "Scrum", "Basic", "CMMI"}


def test_repositories_files_and_history(call):
    names = {repository["name"] for repository in call("Git.getRepositories", "Platform")}
    assert names >= {"docs", "infrastructure", "platform-api"}
    tree = call("Git.getItems", *PLATFORM_API, "/src", 120)
    assert {item["gitObjectType"] for item in tree} == {2, 3}, "trees and blobs, as numbers"
    one_level = call("Git.getItems", *PLATFORM_API, "/src", 1)
    assert 1 < len(one_level) < len(tree)
    text = call("Git.getItemText", "platform-api", "/README.md", "Platform")
    assert text["$starts"].startswith("# platform-api")
    zipped = call("Git.getItemZip", "platform-api", "/README.md", "Platform")
    assert zipped["$starts"].startswith("PK")
    commits = call("Git.getCommits", "platform-api", {"itemVersion": MAIN, "author": "Mina Sato"}, "Platform", 0, 3)
    assert {commit["author"]["name"] for commit in commits} == {"Mina Sato"}
    changes = call("Git.getChanges", commits[0]["commitId"], *PLATFORM_API)
    assert {change["changeType"] for change in changes["changes"]} <= {1, 2, 8, 16}
    branch = call("Git.getBranch", "platform-api", "feature/paginate-search", "Platform", MAIN)
    assert branch["aheadCount"] > 0
    assert {ref["name"] for ref in call("Git.getRefs", *PLATFORM_API, "tags/")} == {
        "refs/tags/v2.7.0",
        "refs/tags/v2.8.0",
    }


def test_a_push_whose_changes_are_numbers(call):
    call("Git.createRepository", {"name": "pushed"}, "Platform")
    added = {"changeType": 1, "item": {"path": "/a.txt"}, "newContent": {"content": "aGVsbG8=", "contentType": 1}}
    none = "0" * 40
    first = call(
        "Git.createPush",
        {"refUpdates": [{"name": "refs/heads/main", "oldObjectId": none}], "commits": [commit("Add", added)]},
        "pushed",
        "Platform",
    )
    tip = first["refUpdates"][0]["newObjectId"]
    assert call("Git.getItemText", "pushed", "/a.txt", "Platform")["$starts"] == "hello", "Base64 was decoded"
    edited = {"changeType": 2, "item": {"path": "/a.txt"}, "newContent": {"content": "plain", "contentType": 0}}
    call(
        "Git.createPush",
        {"refUpdates": [{"name": "refs/heads/main", "oldObjectId": tip}], "commits": [commit("Edit", edited)]},
        "pushed",
        "Platform",
    )
    assert call("Git.getItemText", "pushed", "/a.txt", "Platform")["$starts"] == "plain"
    since = {"fromDate": {"$date": "2026-01-01T00:00:00Z"}}
    assert len(call("Git.getPushes", "pushed", "Platform", 0, 10, since)) == 2


def commit(comment: str, *changes: dict[str, Any]) -> dict[str, Any]:
    return {"comment": comment, "changes": list(changes)}


def test_pull_requests(call):
    completed = call("Git.getPullRequests", "platform-api", {"status": 3}, "Platform")
    assert {pull_request["status"] for pull_request in completed} == {3}
    every = call("Git.getPullRequestsByProject", "Platform", {"status": 4})
    assert {pull_request["status"] for pull_request in every} == {1, 2, 3}
    asked = {"sourceRefName": "refs/heads/release/2.8", "targetRefName": "refs/heads/main", "title": "From Node"}
    made = call("Git.createPullRequest", asked, *PLATFORM_API)
    number = made["pullRequestId"]
    changed = call("Git.updatePullRequest", {"description": "New"}, "platform-api", number, "Platform")
    assert (changed["title"], changed["description"], changed["status"]) == ("From Node", "New", 1)
    thread = {"comments": [{"content": "Why?", "commentType": 1, "parentCommentId": 0}], "status": 1}
    opened = call("Git.createThread", thread, "platform-api", number, "Platform")
    assert (opened["status"], opened["comments"][0]["commentType"]) == (1, 1)
    answer = {"content": "Because", "parentCommentId": 1, "commentType": 1}
    call("Git.createComment", answer, "platform-api", number, opened["id"], "Platform")
    call("Git.updateThread", {"status": 2}, "platform-api", number, opened["id"], "Platform")
    threads = call("Git.getThreads", "platform-api", number, "Platform")
    fixed = next(thread for thread in threads if thread["id"] == opened["id"])
    assert (fixed["status"], [comment["content"] for comment in fixed["comments"]]) == (2, ["Why?", "Because"])
    call("Git.createPullRequestLabel", {"name": "node"}, "platform-api", number, "Platform")
    assert [row["name"] for row in call("Git.getPullRequestLabels", "platform-api", number, "Platform")] == ["node"]
    assert call("Git.getPullRequestIterations", "platform-api", number, "Platform")
    assert call("Git.updatePullRequest", {"status": 2}, "platform-api", number, "Platform")["status"] == 2


def test_a_squash_is_a_squash(call):
    done = {"mergeStrategy": 2, "deleteSourceBranch": True}
    before = call("Git.getPullRequest", "docs", 16, "Platform")
    body = {"status": 3, "lastMergeSourceCommit": before["lastMergeSourceCommit"], "completionOptions": done}
    call("Git.updatePullRequest", body, "docs", 16, "Platform")
    after = call("Git.getPullRequest", "docs", 16, "Platform")
    assert after["status"] == 3
    merged = call("Git.getCommit", after["lastMergeCommit"]["commitId"], "docs", "Platform")
    assert len(merged["parents"]) == 1


def test_work_items(call):
    wit = "WorkItemTracking"
    assert call(f"{wit}.getWorkItem", 8, None, None, RELATIONS)["relations"]
    assert "relations" not in call(f"{wit}.getWorkItem", 8)
    old = call(f"{wit}.getWorkItem", 4, ["System.Rev"], {"$date": "2026-10-01T00:00:00Z"})
    assert old["rev"] < call(f"{wit}.getWorkItem", 4)["rev"]
    found = call(f"{wit}.getWorkItems", [4, 999999], ["System.Title"], None, 0, 2)
    assert [item and item["id"] for item in found] == [4, None], "error policy `omit`"
    title = {"op": "add", "path": "/fields/System.Title", "value": "From Node"}
    made = call(f"{wit}.createWorkItem", {}, [title], "Platform", "Bug")
    changed = call(f"{wit}.updateWorkItem", {}, [{"op": "test", "path": "/rev", "value": 1}, title], made["id"])
    assert (made["rev"], changed["fields"]["System.Title"]) == (1, "From Node")
    said = call(f"{wit}.addComment", {"text": "Seen"}, "Platform", made["id"])
    assert [row["id"] for row in call(f"{wit}.getComments", "Platform", made["id"])["comments"]] == [said["id"]]
    bugs = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.WorkItemType] = 'Bug'"
    result = call(f"{wit}.queryByWiql", {"query": bugs}, {"project": "Platform"}, False, 3)
    assert (result["queryType"], len(result["workItems"])) == (1, 3)
    assert {"Bug", "Task"} <= {row["name"] for row in call(f"{wit}.getWorkItemTypes", "Platform")}
    sprint = call(f"{wit}.getClassificationNode", "Platform", 1, "Sprint 42")
    assert (sprint["name"], sprint["structureType"]) == ("Sprint 42", 1)
    deleted = call(f"{wit}.deleteWorkItem", made["id"])
    assert deleted["id"] == made["id"]
    in_the_bin = {row["id"] for row in call(f"{wit}.getDeletedWorkItemShallowReferences", "Platform")}
    assert in_the_bin == {900, made["id"]}, "the one of the seed, and this one"


def test_builds_and_pipelines(call):
    failed = call("Build.getBuilds", "Platform", [1], *[None] * 7, 8)
    assert {(build["result"], build["definition"]["id"]) for build in failed} == {(8, 1)}
    build = failed[0]["id"]
    by_start = call("Build.getBuilds", "Platform", None, *[None] * 11, 2, *[None] * 3, 7)
    assert [row["startTime"] for row in by_start] == sorted(row["startTime"] for row in by_start)
    records = call("Build.getBuildTimeline", "Platform", build)["records"]
    assert 2 in {record.get("result") for record in records}, "failed, as a number"
    logs = call("Build.getBuildLogs", "Platform", build)
    lines = call("Build.getBuildLogLines", "Platform", build, logs[0]["id"], 1, 3)
    assert len(lines) == 3
    assert call("Build.getBuildLogsZip", "Platform", build)["$starts"].startswith("PK")
    assert call("Build.getArtifactContentZip", "Platform", 19, "test-results")["$starts"].startswith("PK")
    assert call("Build.getDefinition", "Platform", 1)["name"] == "platform-api-ci"
    queued = call("Build.queueBuild", {"definition": {"id": 1}, "reason": 1}, "Platform")
    assert queued["reason"] == 1
    assert call("Build.updateBuild", {"status": 4}, "Platform", queued["id"])["status"] in {2, 4}
    assert call("Build.addBuildTag", "Platform", build, "node") == ["node"]
    pipelines = call("Pipelines.listPipelines", "Platform", "name asc")
    assert [row["name"] for row in pipelines] == sorted(row["name"] for row in pipelines)
    run = call("Pipelines.runPipeline", {"resources": {"repositories": {"self": {"refName": "main"}}}}, "Platform", 1)
    assert call("Pipelines.getRun", "Platform", 1, run["id"])["id"] == run["id"]
    signed = call("Pipelines.getLog", "Platform", 1, build, logs[0]["id"], 1)
    assert signed["signedContent"]["url"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Work.getTeamDaysOff", [{"project": "Platform", "team": "Platform Team"}, MAIN]),
        ("Git.getBranchStatsBatch", [{"baseCommit": MAIN, "targetCommits": [MAIN]}, *PLATFORM_API]),
        ("Test.getTestSettingsById", ["Platform", 1]),
        ("TestPlan.getTestVariables", ["Platform"]),
        ("TestResults.getBuildCodeCoverage", ["Platform", 35, 1]),
        ("Release.getReleases", ["Platform"]),
        ("Dashboard.getDashboardsByProject", [{"project": "Platform"}]),
    ],
)
def test_what_is_not_simulated_says_so(outcome, name, arguments):
    assert outcome(name, *arguments).not_simulated


def test_refusals_are_the_service_s(outcome):
    title = {"op": "add", "path": "/fields/System.Title", "value": "Not allowed"}
    refused = outcome("WorkItemTracking.createWorkItem", {}, [title], "Platform", "Bug", token=READ)
    assert refused.status == 401
    missing = outcome("WorkItemTracking.getWorkItem", 999_999)
    assert (missing.status, missing.value, missing.not_simulated) == (404, None, "")
    assert "TF400813" in outcome("Core.getProjects", token="no-such-token").refused


def test_cherry_picks_statuses_and_evaluations(call):
    source = {"commitList": [{"commitId": call("Git.getCommits", "docs", {}, "Platform", 0, 1)[0]["commitId"]}]}
    ends = {"ontoRefName": "refs/heads/main", "generatedRefName": "refs/heads/taken-back"}
    begun = call("Git.createRevert", {**ends, "source": source}, "Platform", "docs")
    assert begun["status"] == QUEUED
    assert call("Git.getRevert", "Platform", begun["revertId"], "docs")["status"] == COMPLETED
    body = {"state": 2, "context": {"name": "lint", "genre": "ci"}, "iterationId": 1}
    made = call("Git.createPullRequestStatus", body, "platform-api", 9, "Platform")
    assert (made["state"], made["iterationId"]) == (2, 1)
    assert call("Git.getPullRequestConflicts", "platform-api", 7, "Platform")[0]["conflictPath"].endswith("session.py")
    project = call("Core.getProject", "Platform")["id"]
    scope = [{"repositoryId": None, "refName": "refs/heads/main", "matchKind": "exact"}]
    linking = {"type": {"id": "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e"}, "isEnabled": True, "isBlocking": False}
    call("Policy.createPolicyConfiguration", {**linking, "settings": {"scope": scope}}, "Platform")
    artifact = f"vstfs:///CodeReview/CodeReviewId/{project}/9"
    [row] = call("Policy.getPolicyEvaluations", "Platform", artifact)
    assert row["configuration"]["type"]["displayName"] == "Work item linking"
    assert call("Policy.getPolicyEvaluation", "Platform", row["evaluationId"])["status"] == row["status"]
