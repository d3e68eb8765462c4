"""Builds, definitions, timelines and logs over HTTP."""

import io
import json
import zipfile
from typing import Any

import pytest

from azure_devops_simulator import Organization

BIG = 2147483647
BUILDS = "/Platform/_apis/build/builds"
RED, SOAK, RUNNING, INVALID, LOST = 35, 37, 38, 27, 33


def ids(client: Any, project: str = "Platform", **query: Any) -> list[int]:
    return [build["id"] for build in client.get(f"/{project}/_apis/build/builds", **query)["value"]]


def test_one_build(client: Any, organization: Organization) -> None:
    build = client.get(f"{BUILDS}/{RED}")
    assert (build["id"], build["buildNumber"], build["status"], build["result"]) == (
        RED,
        "20261119.1",
        "completed",
        "failed",
    )
    assert build["definition"]["name"] == "platform-api-ci"
    assert build["sourceBranch"] == "refs/heads/main"
    repository = organization.repository("Platform", "platform-api")
    assert build["sourceVersion"] == repository.find_commit("Answer 422 to a malformed shipment number").id
    assert build["triggerInfo"]["ci.sourceSha"] == build["sourceVersion"]
    assert build["requestedFor"]["displayName"] == "Mina Sato"
    assert build["repository"]["id"] == repository.id
    assert build["uri"] == "vstfs:///Build/Build/35"
    assert build["queueTime"] < build["startTime"] < build["finishTime"]
    running = client.get(f"{BUILDS}/{RUNNING}")
    assert running["status"] == "inProgress"
    assert "result" not in running
    assert "finishTime" not in running


@pytest.mark.parametrize("path", [f"{BUILDS}/{BIG}", f"/Payments/_apis/build/builds/{RED}", f"{BUILDS}/x/timeline"])
def test_a_missing_build(client: Any, path: str) -> None:
    error = client.get(path, expect=404)
    assert error["typeKey"] == "BuildNotFoundException"
    assert error["message"].startswith("The requested build ")


def test_the_list_is_filtered(client: Any) -> None:
    assert ids(client, __top=3) == [38, 37, 35]
    assert ids(client, definitions="1", branchName="refs/heads/main", __top=4) == [35, 29, 25, 23]
    assert ids(client, definitions="1", resultFilter="succeeded", __top=2) == [19, 15]
    assert ids(client, resultFilter="canceled,partiallySucceeded") == [18, 14]
    assert ids(client, statusFilter="inProgress") == [RUNNING]
    assert ids(client, reasonFilter="pullRequest") == [31]
    assert ids(client, reasonFilter="all", definitions="3,4", __top=2) == [33, 27]
    assert ids(client, buildNumber="20261117.*", definitions="1") == [25, 23]
    assert ids(client, requestedFor="Mina Sato", definitions="1") == [35, 9]
    assert ids(client, requestedFor="Nobody") == []
    assert ids(client, tagFilters="release") == [15, 12]
    assert ids(client, buildIds="4,6") == [6, 4]
    window = {"minTime": "2026-11-17T00:00:00Z", "maxTime": "2026-11-18T00:00:00Z"}
    assert ids(client, definitions="1", **window) == [25, 23]
    assert ids(client, definitions="4", queryOrder="finishTimeAscending") == [13, 17, 27]
    assert ids(client, maxBuildsPerDefinition=1) == [38, 37, 33, 27]
    assert ids(client, "Payments", definitions="6", resultFilter="failed") == []
    assert client.get(BUILDS, expect=400, queryOrder="sideways")["typeKey"] == "InvalidEnumArgumentException"


@pytest.mark.parametrize(("top", "pages"), [(5, [5, 5, 4]), (7, [7, 7])])
def test_the_list_goes_on_with_a_token_and_ends_without_one_also_when_its_last_page_is_full(
    client: Any, top: int, pages: list[int]
) -> None:
    seen: list[list[int]] = []
    query: dict[str, str] = {}
    while not seen or query:
        answer = client.send("GET", BUILDS, definitions="1", __top=top, **query)
        seen.append([build["id"] for build in answer.json()["value"]])
        token = answer.headers.get("x-ms-continuationtoken")
        query = {} if token is None else {"continuationToken": token}
    assert [len(page) for page in seen] == pages
    assert [number for page in seen for number in page] == ids(client, definitions="1")


def test_the_newest_of_a_definition(client: Any) -> None:
    version = "7.1-preview.1"
    assert client.get("/Platform/_apis/build/latest/platform-api-ci", version=version)["id"] == RED
    assert client.get("/Platform/_apis/build/latest/1", version=version, branchName="release/2.8")["id"] == 15
    error = client.get("/Platform/_apis/build/latest/1", version=version, branchName="none", expect=404)
    assert error["message"] == "No completed builds were found for pipeline 1."


def test_definitions(client: Any) -> None:
    path = "/Platform/_apis/build/definitions"
    rows = client.get(path)["value"]
    assert [row["name"] for row in rows] == [
        "platform-api-ci",
        "nightly-soak",
        "infrastructure-deploy",
        "docs-publish",
    ]
    assert "process" not in rows[0]
    assert [row["id"] for row in client.get(path, name="PLATFORM-api-ci")["value"]] == [1]
    assert client.get(path, name="platform")["value"] == []
    assert [row["id"] for row in client.get(path, name="*-*", queryOrder="definitionNameAscending")["value"]] == [
        4,
        3,
        2,
        1,
    ]
    assert [row["id"] for row in client.get(path, path="\\operations")["value"]] == [3]
    assert [row["id"] for row in client.get(path, yamlFilename="pipelines/nightly-soak.yml")["value"]] == [2]
    answer = client.send("GET", path, __top=3)
    more = client.get(path, continuationToken=answer.headers["x-ms-continuationtoken"])
    assert [row["id"] for row in more["value"]] == [4]
    whole = client.get(f"{path}/2")
    assert whole["process"] == {"yamlFilename": "pipelines/nightly-soak.yml", "type": 2}
    assert whole["repository"]["defaultBranch"] == "refs/heads/main"
    assert "cron" in client.get(f"{path}/2/yaml")["yaml"]
    latest = client.get(path, includeLatestBuilds="true")["value"][0]
    assert (latest["latestBuild"]["id"], latest["latestCompletedBuild"]["id"]) == (RUNNING, RED)
    assert client.get(f"{path}/5", expect=404)["typeKey"] == "DefinitionNotFoundException"


def test_the_timeline_leads_to_the_failing_step(client: Any) -> None:
    timeline = client.get(f"{BUILDS}/{RED}/timeline")
    records = {record["id"]: record for record in timeline["records"]}
    failed = [record for record in records.values() if record["type"] == "Task" and record["result"] == "failed"]
    (step,) = failed
    assert step["name"] == "Run unit tests"
    job = records[step["parentId"]]
    phase = records[job["parentId"]]
    stage = records[phase["parentId"]]
    assert [(r["type"], r["name"]) for r in (job, phase, stage)] == [
        ("Job", "Test"),
        ("Phase", "Test"),
        ("Stage", "Build"),
    ]
    assert stage["parentId"] is None
    (issue,) = step["issues"]
    assert issue["message"] == "Bash exited with code '1'."
    lines = client.get(f"{BUILDS}/{RED}/logs/{step['log']['id']}")["value"]
    assert lines[int(issue["data"]["logFileLineNumber"]) - 1].endswith("##[error]Bash exited with code '1'.")
    assert sum("KeyError: 'DATABASE_TIMEOUT'" in line for line in lines) > 3
    assert 300 < len(lines) < 450
    skipped = [record["name"] for record in records.values() if record["result"] == "skipped"]
    assert skipped == ["Package", "Package", "Deploy", "Checkpoint", "Staging", "Staging"]
    assert client.get(f"{BUILDS}/{RED}/timeline/{timeline['id']}") == timeline
    assert "Checkpoint" in {record["type"] for record in records.values()}


def test_builds_without_a_timeline(client: Any) -> None:
    answer = client.send("GET", f"{BUILDS}/{INVALID}/timeline")
    assert (answer.status_code, answer.content) == (204, b"")
    build = client.get(f"{BUILDS}/{INVALID}")
    (problem,) = build["validationResults"]
    assert problem["result"] == "error"
    assert problem["message"].startswith("/azure-pipelines.yml (Line: ")
    assert "templates/publish.yml" in problem["message"]
    assert client.get(f"{BUILDS}/{INVALID}/logs")["value"] == []


def test_a_lost_agent_leaves_an_issue_but_no_log(client: Any) -> None:
    records = client.get(f"{BUILDS}/{LOST}/timeline")["records"]
    job = next(record for record in records if record["type"] == "Job" and record["result"] == "failed")
    assert job["issues"][0]["message"].startswith("The agent did not connect")
    assert not [record for record in records if record["type"] == "Task"]
    assert client.get(f"{BUILDS}/{LOST}/logs")["value"] == []


def test_a_running_build_has_a_step_that_runs(client: Any) -> None:
    records = client.get(f"{BUILDS}/{RUNNING}/timeline")["records"]
    running = [(r["type"], r["name"]) for r in records if r["state"] == "inProgress"]
    assert running == [("Stage", "Build"), ("Phase", "Test"), ("Job", "Test"), ("Task", "Run unit tests")]


def test_logs_as_json_and_as_text(client: Any) -> None:
    logs = client.get(f"{BUILDS}/{RED}/logs")["value"]
    assert [log["id"] for log in logs] == list(range(1, len(logs) + 1))
    whole = client.get(f"{BUILDS}/{RED}/logs/5")
    assert whole["count"] == logs[4]["lineCount"]
    some = client.get(f"{BUILDS}/{RED}/logs/5", startLine=3, endLine=5)
    assert some == {"count": 3, "value": whole["value"][2:5]}
    assert client.get(f"{BUILDS}/{RED}/logs/5", startLine=0, endLine=1)["value"] == whole["value"][:1]
    assert client.get(f"{BUILDS}/{RED}/logs/5", startLine=9999)["value"] == []
    text = client.http.get(f"{BUILDS}/{RED}/logs/5", params={"endLine": 5}, headers={"Accept": "text/plain"})
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text.splitlines() == whole["value"][:5]
    first = whole["value"][0]
    assert first.endswith("Z ##[section]Starting: Run unit tests")
    assert len(first.split("Z ")[0]) == len("2026-11-19T13:58:00.0000000")
    assert whole["value"] == sorted(whole["value"], key=lambda line: line.split("Z ")[0])
    error = client.get(f"{BUILDS}/{RED}/logs/99", expect=404)
    assert error["typeKey"] == "BuildLogNotFoundException"


def test_the_large_log(client: Any, organization: Organization) -> None:
    log = client.get(f"{BUILDS}/{SOAK}/logs")["value"][2]
    assert (log["id"], log["lineCount"]) == (3, 50_000)
    (line,) = client.get(f"{BUILDS}/{SOAK}/logs/3", startLine=31_337, endLine=31_337)["value"]
    assert " ERROR soak.client " in line
    assert "PoolTimeout" in line
    whole = client.http.get(f"{BUILDS}/{SOAK}/logs/3", headers={"Accept": "text/plain"}).text.splitlines()
    assert len(whole) == 50_000
    assert [number for number, text in enumerate(whole, start=1) if "ERROR" in text] == [31_337]
    assert client.get(f"{BUILDS}/{SOAK}/logs/3", startLine=49_999)["value"] == whole[49_998:]
    assert whole[7] == client.get(f"{BUILDS}/{SOAK}/logs/3", startLine=8, endLine=8)["value"][0]


def test_the_leaked_key_is_in_one_log(organization: Organization) -> None:
    from azure_devops_simulator.seed.content import storage_account_key

    where = [
        (build.id, log.id, number)
        for build in organization.builds.builds.values()
        for log in build.logs.values()
        if log.line_count < 10_000
        for number, line in enumerate(log.lines(), start=1)
        if storage_account_key() in line
    ]
    assert where == [(8, 6, 12)]


def test_changes_are_the_commits_since_the_build_before(client: Any, organization: Organization) -> None:
    changes = client.get(f"{BUILDS}/23/changes")["value"]
    assert [change["message"] for change in changes] == [
        "Merged PR 13: Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
        "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
    ]
    assert changes[0]["author"]["displayName"] == "Tom Becker"
    assert changes[0]["type"] == "TfsGit"
    assert client.get(f"{BUILDS}/25/changes")["value"] == []
    paged = client.send("GET", f"{BUILDS}/23/changes", __top=1)
    assert paged.headers["x-ms-continuationtoken"] == "1"
    between = client.get("/Platform/_apis/build/changes", fromBuildId=19, toBuildId=29)["value"]
    assert [change["message"] for change in between] == [
        "Say how to reach the owners",
        *[c["message"] for c in changes],
    ]


def test_work_items_of_builds(client: Any, organization: Organization) -> None:
    assert [row["id"] for row in client.get(f"{BUILDS}/9/workitems")["value"]] == ["12"]
    repository = organization.repository("Platform", "platform-api")
    commit = repository.find_commit("Merged PR 3: Retry carrier calls on 502 and 503").id
    asked = client.call("POST", f"{BUILDS}/{RED}/workitems", [commit])
    assert [row["id"] for row in asked["value"]] == ["12"]
    assert client.call("POST", f"{BUILDS}/{RED}/workitems", [])["value"] == []
    between = client.get("/Platform/_apis/build/workitems", fromBuildId=6, toBuildId=11)["value"]
    assert [row["id"] for row in between] == ["12"]


def test_artifacts(client: Any) -> None:
    (artifact,) = client.get(f"{BUILDS}/19/artifacts")["value"]
    assert artifact["resource"]["type"] == "PipelineArtifact"
    assert client.get(f"{BUILDS}/19/artifacts", artifactName="test-results") == artifact
    content = client.http.get(artifact["resource"]["downloadUrl"]).content
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["test-results/test-results.xml"]
    error = client.get(f"{BUILDS}/19/artifacts", artifactName="nothing", expect=404)
    assert error["typeKey"] == "ArtifactNotFoundException"


def test_tags(client: Any) -> None:
    assert client.call("POST", f"{BUILDS}/{RED}/tags", ["red", "known"])["value"] == ["known", "red"]
    assert client.call("PUT", f"{BUILDS}/{RED}/tags/again")["value"] == ["again", "known", "red"]
    assert client.call("DELETE", f"{BUILDS}/{RED}/tags/known") == {"count": 2, "value": ["again", "red"]}
    assert client.get(f"{BUILDS}/{RED}/tags")["value"] == ["again", "red"]
    assert client.get("/Platform/_apis/build/tags")["value"] == ["again", "red", "release"]


def test_queueing(client: Any, organization: Organization) -> None:
    body = {"definition": {"id": 1}, "sourceBranch": "release/2.8", "parameters": json.dumps({"a": "b"})}
    build = client.call("POST", BUILDS, body)
    assert (build["id"], build["status"], build["buildNumber"]) == (39, "notStarted", "20261120.2")
    assert build["sourceBranch"] == "refs/heads/release/2.8"
    assert build["sourceVersion"] == organization.repository("Platform", "platform-api").branch("release/2.8")
    assert (build["reason"], build["requestedFor"]["displayName"]) == ("manual", "svc-agent")
    assert client.send("GET", f"{BUILDS}/39/timeline").status_code == 204
    assert ids(client, statusFilter="notStarted") == [39]
    canceled = client.call("PATCH", f"{BUILDS}/39", {"status": "Cancelling"})
    assert (canceled["status"], canceled["result"]) == ("completed", "canceled")


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        ({}, 400, "ArgumentNullException"),
        ({"definition": {"id": 99}}, 404, "DefinitionNotFoundException"),
        ({"definition": {"id": 1}, "sourceBranch": "refs/heads/none"}, 400, "BuildRequestValidationFailedException"),
        ({"definition": {"id": 1}, "sourceVersion": "0" * 40}, 400, "BuildRequestValidationFailedException"),
        ({"definition": {"id": 1}, "parameters": "{"}, 400, "BuildRequestValidationFailedException"),
        ({"definition": {"id": 4}}, 400, "BuildRequestValidationFailedException"),
    ],
)
def test_what_cannot_be_queued(client: Any, organization: Organization, body: Any, status: int, key: str) -> None:
    now = organization.clock.now()
    error = client.call("POST", BUILDS, body, expect=status)
    assert error["typeKey"] == key
    if key.startswith("BuildRequest"):
        assert error["customProperties"]["ValidationResults"][0]["result"] == "error"
    assert len(organization.builds.builds) == 38
    assert organization.clock.now() == now


def test_cancelling_and_running_again(client: Any) -> None:
    assert client.call("PATCH", f"{BUILDS}/{RUNNING}", {"status": "cancelling"})["status"] == "cancelling"
    error = client.call("PATCH", f"{BUILDS}/{RED}", {"status": "cancelling"}, expect=400)
    assert error["typeKey"] == "BuildStatusInvalidChangeException"
    again = client.call("PATCH", f"{BUILDS}/{RED}", {}, retry="true")
    assert again["status"] == "inProgress"
    assert "result" not in again
    records = client.get(f"{BUILDS}/{RED}/timeline")["records"]
    step = next(record for record in records if record["name"] == "Run unit tests")
    assert (step["state"], step["attempt"], step["log"]) == ("pending", 2, None)
    client.call("PATCH", f"{BUILDS}/19", {}, retry="true", expect=400)


def test_stages(client: Any) -> None:
    client.call("PATCH", f"{BUILDS}/{RED}/stages/Build", {"state": "retry"}, expect=204)
    assert client.get(f"{BUILDS}/{RED}")["status"] == "inProgress"
    client.call("PATCH", f"{BUILDS}/{RUNNING}/stages/build", {"state": "cancel"}, expect=204)
    records = client.get(f"{BUILDS}/{RUNNING}/timeline")["records"]
    assert {record["result"] for record in records if record["name"] == "Run unit tests"} == {"canceled"}
    client.call("PATCH", f"{BUILDS}/{RED}/stages/Nothing", {"state": "retry"}, expect=404)
    client.call("PATCH", f"{BUILDS}/{RED}/stages/Build", {"state": "dance"}, expect=400)


def test_the_scope_probe_changes_nothing(client: Any, reader: Any, organization: Organization) -> None:
    now = organization.clock.now()
    answer = client.send("PATCH", f"{BUILDS}/{BIG}", {})
    assert (answer.status_code, answer.json()["typeKey"]) == (404, "BuildNotFoundException")
    assert "x-vss-userdata" in answer.headers
    refused = reader.send("PATCH", f"{BUILDS}/{BIG}", {})
    assert (refused.status_code, refused.content) == (401, b"")
    assert organization.clock.now() == now


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", BUILDS, {"definition": {"id": 1}}),
        ("PATCH", f"{BUILDS}/{RUNNING}", {"status": "cancelling"}),
        ("POST", f"{BUILDS}/{RED}/workitems", []),
        ("PUT", f"{BUILDS}/{RED}/tags/x", None),
        ("PATCH", f"{BUILDS}/{RED}/stages/Build", {"state": "retry"}),
    ],
)
def test_reading_scopes_do_not_execute(reader: Any, method: str, path: str, body: Any) -> None:
    assert reader.send(method, path, body).status_code == 401


def test_permission_to_queue_can_be_taken(client: Any, organization: Organization) -> None:
    organization.deny(organization.named("svc-agent"), "QueueBuilds")
    error = client.call("POST", BUILDS, {"definition": {"id": 1}}, expect=403)
    assert error["message"].startswith("TF215106: Access denied.")
