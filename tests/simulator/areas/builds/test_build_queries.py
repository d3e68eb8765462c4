"""Each parameter of builds, definitions and pipelines changes the answer as the specification says."""

import json
from typing import Any

import pytest

from azure_devops_simulator import Organization, export_world, import_world

BUILD, PIPELINES = "/Platform/_apis/build", "/Platform/_apis/pipelines"
RED, RUNNING = 35, 38


def ids(client: Any, what: str, **query: Any) -> list[int]:
    return [row["id"] for row in client.get(f"{BUILD}/{what}", **query)["value"]]


@pytest.mark.parametrize(
    ("number", "name", "expected"),
    [
        (0, "none", [1, 2, 3, 4]),
        (1, "lastModifiedAscending", [3, 4, 2, 1]),
        (2, "lastModifiedDescending", [1, 2, 4, 3]),
        (3, "definitionNameAscending", [4, 3, 2, 1]),
        (4, "DefinitionNameDescending", [1, 2, 3, 4]),
    ],
)
def test_definitions_in_order(
    client: Any, organization: Organization, number: int, name: str, expected: list[int]
) -> None:
    definition = organization.builds.definitions[1]
    definition.changed = organization.clock.now()
    assert ids(client, "definitions", queryOrder=number) == expected
    assert ids(client, "definitions", queryOrder=name) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"builtAfter": "2026-11-19T12:00:00Z"}, [1, 2]),
        ({"builtAfter": "Thu, 19 Nov 2026 12:00:00 GMT"}, [1, 2]),
        ({"notBuiltAfter": "2026-11-19T12:00:00Z"}, [3, 4]),
        ({"processType": 1}, []),
        ({"processType": 2}, [1, 2, 3, 4]),
        ({"repositoryType": "GitHub"}, []),
        ({"repositoryType": "TfsGit"}, [1, 2, 3, 4]),
    ],
)
def test_definitions_are_filtered(client: Any, query: Any, expected: list[int]) -> None:
    assert ids(client, "definitions", **query) == expected


def test_metrics_of_definitions(client: Any) -> None:
    (first, *_) = client.get(f"{BUILD}/definitions", minMetricsTime="2026-11-17")["value"]
    assert "metrics" not in client.get(f"{BUILD}/definitions")["value"][0]
    assert first["metrics"] == client.get(f"{BUILD}/definitions/1", minMetricsTime="2026-11-17")["metrics"]
    found = {(row["date"][:10], row["scope"], row["name"]): row["intValue"] for row in first["metrics"]}
    assert found["2026-11-17", "refs/heads/main", "TotalBuilds"] == 2
    assert found["2026-11-17", "refs/heads/main", "FailedBuilds"] == 2
    assert not [key for key in found if key[0] < "2026-11-17"]
    own = client.get(f"{BUILD}/definitions/1/metrics", version="7.1-preview.1", minMetricsTime="2026-11-17")
    assert own["value"] == first["metrics"]
    more = client.get(f"{BUILD}/definitions/1/metrics", version="7.1-preview.1")
    assert more["count"] > own["count"]


def test_the_latest_builds_and_properties_of_one_definition(client: Any, organization: Organization) -> None:
    organization.builds.definitions[1].settings["properties"] = {"a": 1, "b": 2}
    path = f"{BUILD}/definitions/1"
    assert client.get(path)["properties"] == {"a": 1, "b": 2}
    assert client.get(path, propertyFilters="B,c")["properties"] == {"b": 2}
    assert "latestBuild" not in client.get(path)
    latest = client.get(path, includeLatestBuilds="true")
    assert (latest["latestBuild"]["id"], latest["latestCompletedBuild"]["id"]) == (RUNNING, RED)


@pytest.mark.parametrize(
    ("method", "path", "parameter"),
    [
        ("GET", f"{BUILD}/definitions/1", "revision"),
        ("GET", f"{BUILD}/definitions/1/yaml", "revision"),
        ("GET", f"{PIPELINES}/1", "pipelineVersion"),
        ("POST", f"{PIPELINES}/1/preview", "pipelineVersion"),
        ("POST", f"{PIPELINES}/1/runs", "pipelineVersion"),
    ],
)
def test_the_current_revision_is_known_and_earlier_ones_are_not(
    client: Any, organization: Organization, method: str, path: str, parameter: str
) -> None:
    organization.builds.definitions[1].revision = 3
    body = {} if method == "POST" else None
    answers = {number: client.send(method, path, body, **{parameter: number}) for number in (2, 3, 4)}
    assert {number: answer.status_code for number, answer in answers.items()} == {2: 400, 3: 200, 4: 404}
    assert "not simulate" in answers[2].text


@pytest.mark.parametrize("order", [2, "finishTimeAscending"])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("2026-11-17T00:00:00Z", "2026-11-17T23:00:00Z"),
        ("Tue, 17 Nov 2026 00:00:00 GMT", "Tue, 17 Nov 2026 23:00:00 GMT"),
        ("2026-11-17", "2026-11-18T00:00:00+01:00"),
    ],
)
def test_builds_of_a_time(client: Any, order: Any, low: str, high: str) -> None:
    window = {"definitions": "1", "minTime": low, "maxTime": high, "queryOrder": order}
    assert ids(client, "builds", **window) == [23, 25]
    assert ids(client, "builds", **window | {"queryOrder": "startTimeDescending"}) == [25, 23]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"queues": "25"}, [33, 7, 4]),
        ({"queues": "25,1", "$top": 1}, [33]),
        ({"queues": "1"}, []),
        ({"repositoryType": "tfsgit", "$top": 1}, [38]),
        ({"repositoryType": "GitHub"}, []),
        ({"resultFilter": 36, "$top": 2}, [18, 14]),
        ({"statusFilter": 1}, [38]),
        ({"reasonFilter": 256}, [31]),
        ({"reasonFilter": "triggered", "$top": 4}, [38, 37, 35, 33]),
        ({"reasonFilter": "all", "$top": 4}, [38, 37, 35, 33]),
        ({"statusFilter": "all", "$top": 2}, [38, 37]),
        ({"resultFilter": "none"}, [38]),
        ({"tagFilters": "all"}, []),
    ],
)
def test_builds_are_filtered(client: Any, query: Any, expected: list[int]) -> None:
    assert ids(client, "builds", **query) == expected


def test_deleted_builds_are_shown_when_asked_for(client: Any, organization: Organization) -> None:
    client.call("DELETE", f"{BUILD}/builds/{RED}", expect=204)
    usual = ids(client, "builds")
    assert RED not in usual
    assert ids(client, "builds", deletedFilter="excludeDeleted") == usual
    assert sorted(ids(client, "builds", deletedFilter=1)) == sorted([*usual, RED])
    (deleted,) = client.get(f"{BUILD}/builds", deletedFilter="onlyDeleted")["value"]
    assert (deleted["id"], deleted["deleted"], deleted["deletedBy"]["displayName"]) == (RED, True, "svc-agent")
    client.get(f"{BUILD}/builds/{RED}", expect=404)
    again = import_world(export_world(organization))
    assert again.builds.deleted[RED].deleted == organization.builds.deleted[RED].deleted
    client.call("DELETE", f"{BUILD}/definitions/1", expect=204)
    assert ids(client, "builds", deletedFilter="onlyDeleted") == []


def patch(client: Any, body: Any, media_type: str = "application/json-patch+json") -> Any:
    return client.http.patch(
        f"{BUILD}/builds/{RED}/properties?api-version=7.1",
        content=json.dumps(body),
        headers={"Content-Type": media_type},
    )


def test_properties_of_builds(client: Any) -> None:
    wanted = [
        {"op": "add", "path": "/owner", "value": "ops"},
        {"op": "add", "path": "/size", "value": 3},
        {"op": "add", "path": "/old", "value": True},
    ]
    assert patch(client, wanted).json()["count"] == 3
    shown = {"owner": {"$type": "System.String", "$value": "ops"}, "size": {"$type": "System.Int32", "$value": 3}}
    assert patch(client, [{"op": "remove", "path": "/old"}]).json() == {"count": 2, "value": shown}
    only = client.http.get(f"{BUILD}/builds/{RED}/properties", params={"filter": "Owner"}).json()
    assert only == {"count": 1, "value": {"owner": shown["owner"]}}
    assert client.get(f"{BUILD}/builds/{RED}")["properties"] == {}
    assert client.get(f"{BUILD}/builds/{RED}", propertyFilters="size")["properties"] == {"size": shown["size"]}
    (listed,) = client.get(f"{BUILD}/builds", buildIds=RED, properties="owner,none")["value"]
    assert listed["properties"] == {"owner": shown["owner"]}
    assert patch(client, wanted, "application/json").status_code == 400
    assert patch(client, [{"op": "test", "path": "/size", "value": 3}]).status_code == 400


def test_the_built_commit_is_a_change_when_there_is_no_other(client: Any) -> None:
    path = f"{BUILD}/builds/25/changes"
    assert client.get(path)["value"] == []
    (own,) = client.get(path, includeSourceChange="true")["value"]
    assert own["id"] == client.get(f"{BUILD}/builds/25")["sourceVersion"]
    brought = client.get(f"{BUILD}/builds/23/changes")
    assert client.get(f"{BUILD}/builds/23/changes", includeSourceChange="true") == brought


def test_the_timeline_of_another_plan(client: Any) -> None:
    timeline = client.get(f"{BUILD}/builds/{RED}/timeline")
    plan = timeline["id"]
    assert client.get(f"{BUILD}/builds/{RED}/timeline/{plan}", planId=plan) == timeline
    for path in ("timeline", f"timeline/{plan}"):
        client.get(f"{BUILD}/builds/{RED}/{path}", planId="0" * 8, expect=204)


def test_stages_and_jobs_have_the_names_of_the_file(client: Any) -> None:
    records = client.get(f"{BUILD}/builds/{RED}/timeline")["records"]
    names = {(record["type"], record["refName"]) for record in records}
    assert {("Stage", "Build"), ("Phase", "Test"), ("Job", None), ("Task", None)} <= names


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", [4, 3, 2, 1]),
        ("name desc", [1, 2, 3, 4]),
        ("ID asc", [1, 2, 3, 4]),
        ("id desc", [4, 3, 2, 1]),
        ("folder desc", [3, 4, 2, 1]),
    ],
)
def test_pipelines_in_order(client: Any, order: str, expected: list[int]) -> None:
    assert [row["id"] for row in client.get(PIPELINES, orderBy=order)["value"]] == expected


def test_pipelines_in_an_order_that_does_not_exist(client: Any) -> None:
    assert client.get(PIPELINES, orderBy="colour", expect=400)["typeKey"] == "ArgumentException"


def test_a_stage_runs_only_its_failed_jobs_again_unless_told_otherwise(client: Any, organization: Organization) -> None:
    def attempts(**body: Any) -> set[tuple[str, int]]:
        client.call("PATCH", f"{BUILD}/builds/{RED}/stages/Build", {"state": "retry", **body}, expect=204)
        organization.clock.advance(3600)
        records = client.get(f"{BUILD}/builds/{RED}/timeline")["records"]
        return {(record["name"], record["attempt"]) for record in records if record["type"] in {"Job", "Task"}}

    first = attempts()
    assert {("Run unit tests", 2), ("Initialize job", 1)} <= first
    assert {("Run unit tests", 3), ("Initialize job", 2)} <= attempts(forceRetryAllJobs=True)


def test_a_build_gets_another_number(client: Any) -> None:
    path = f"{BUILD}/builds/{RED}"
    assert client.call("PATCH", path, {"buildNumber": "2.8.1-rc"})["buildNumber"] == "2.8.1-rc"
    assert ids(client, "builds", buildNumber="2.8.*") == [RED]
    for wrong in ("a/b", "ends.", "x" * 256):
        client.call("PATCH", path, {"buildNumber": wrong}, expect=400)
    assert client.get(path)["buildNumber"] == "2.8.1-rc"


@pytest.mark.parametrize(("reason", "shown"), [("schedule", "schedule"), (256, "pullRequest"), (0, "manual")])
def test_a_queued_build_says_why(client: Any, reason: Any, shown: str) -> None:
    build = client.call("POST", f"{BUILD}/builds", {"definition": {"id": 1}, "reason": reason})
    assert build["reason"] == shown
    assert build["id"] in ids(client, "builds", reasonFilter=shown)


def test_a_build_is_not_queued_for_a_reason_that_is_not_simulated(client: Any) -> None:
    answer = client.send("POST", f"{BUILD}/builds", {"definition": {"id": 1}, "reason": "checkInShelveset"})
    assert answer.is_error
    assert "not simulate" in answer.text
    assert ids(client, "builds", __top=1) == [RUNNING]


@pytest.mark.parametrize(
    "what", ["builds?definitions", "builds?buildIds", "builds?queues", "definitions?definitionIds"]
)
@pytest.mark.parametrize("value", ["abc", "1,abc", "-1"])
def test_what_is_no_number_is_refused(client: Any, what: str, value: str) -> None:
    """An empty list would say that there are no builds."""
    path, _, name = what.partition("?")
    client.get(f"{BUILD}/{path}", expect=400, **{name: value})


@pytest.mark.parametrize("names", [["definitions[0]", "definitions[1]"], ["definitions[]"], ["definitions"]])
def test_a_list_may_be_written_as_an_array(client: Any, names: list[str]) -> None:
    values = ["1", "2"] if len(names) == 2 else ["1,2"]
    found = client.get(f"{BUILD}/builds", **dict(zip(names, values, strict=True)))["value"]
    assert {row["definition"]["id"] for row in found} == {1, 2}
