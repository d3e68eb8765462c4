"""Test runs: published by the task of a pipeline, read by run and by build."""

from typing import Any

from azure_devops_simulator import CaseResult, Organization, build_organization, difference, export_world, import_world

RUNS = "/Platform/_apis/test/runs"
BY_BUILD = "/Platform/_apis/testresults/resultsbybuild"
PREVIEW = "7.1-preview.1"


def test_a_run_is_published_and_read(client: Any, organization: Organization) -> None:
    before = export_world(organization)
    made = client.call("POST", RUNS, {"name": "unit", "build": {"id": "35"}, "automated": True})
    assert (made["state"], made["buildConfiguration"]["id"], made["build"]["id"]) == ("InProgress", 35, "35")
    path = f"{RUNS}/{made['id']}"
    rows = [
        {"automatedTestName": "a.one", "outcome": "Passed"},
        {"automatedTestName": "a.two", "outcome": "failed", "errorMessage": "no", "stackTrace": "at a"},
        {"automatedTestName": "a.three", "outcome": "Passed", "subResults": [{"outcome": "Failed"}]},
        {"automatedTestName": "a.four", "outcome": "NotExecuted"},
    ]
    assert [row["id"] for row in client.call("POST", f"{path}/results", rows)["value"]] == [
        100000 + n for n in range(4)
    ]
    done = client.call("PATCH", path, {"state": "Completed"})
    assert (done["totalTests"], done["passedTests"], done["unanalyzedTests"]) == (4, 2, 1)
    [failed] = client.get(f"{path}/results", outcomes="Failed,Timeout")["value"]
    assert (failed["automatedTestName"], failed["errorMessage"], failed["stackTrace"]) == ("a.two", "no", "at a")
    assert client.get(f"{path}/results/100001") == failed
    again = client.get(f"{path}/results", detailsToInclude="subResults")["value"][2]
    assert [attempt["outcome"] for attempt in again["subResults"]] == ["Failed"]
    listed = client.get(RUNS, buildUri="vstfs:///Build/Build/35")["value"]
    assert [run["name"] for run in listed] == ["pytest", "unit"]
    assert "runStatistics" not in listed[0]
    short = client.get(BY_BUILD, version=PREVIEW, buildId=35)["value"]
    assert [row["isReRun"] for row in short if row["automatedTestName"] == "a.three"] == [True]
    assert len(client.get(BY_BUILD, version=PREVIEW, buildId=35, outcomes="Failed")["value"]) == 4
    assert export_world(import_world(export_world(organization))) == export_world(organization)
    assert {path.split("/")[0] for path in difference(before, export_world(organization))} == {"test_runs"}


def test_pages_of_a_build_follow_each_other(client: Any) -> None:
    rows = client.get(BY_BUILD, version=PREVIEW, buildId=35)["value"]
    first = client.get(BY_BUILD, version=PREVIEW, buildId=35, __top=3)["value"]
    rest = client.get(BY_BUILD, version=PREVIEW, buildId=35, __top=3, continuationToken="3")["value"]
    assert first + rest == rows
    assert len(rows) == 5


def test_what_does_not_exist_is_refused(client: Any) -> None:
    client.get(f"{RUNS}/999", expect=404)
    client.get(BY_BUILD, version=PREVIEW, buildId=999, expect=404)
    client.get(BY_BUILD, version=PREVIEW, expect=400)
    client.get(f"{RUNS}/12/results", expect=400, __top=201, detailsToInclude="subResults")
    client.get("/Payments/_apis/test/runs/4", expect=404)
    client.call("POST", RUNS, {"name": "unit", "build": {"id": "999"}}, expect=404)
    client.call("POST", f"{RUNS}/12/results", [{"automatedTestName": "a", "outcome": "Green"}], expect=400)
    client.call("PATCH", f"{RUNS}/12", {"state": "Green"}, expect=400)


def test_reading_needs_the_scope(connect: Any, organization: Organization) -> None:
    organization.add_token("builder", ["build", "project"])
    connect("builder").get(RUNS, expect=401)
    organization.add_token("tester", ["test", "project"])
    assert connect("tester").get(RUNS, __top=1)["count"] == 1
    connect("tester").call("POST", RUNS, {"name": "unit"}, expect=401)


def test_a_builder_publishes_the_tests_of_a_run() -> None:
    world = build_organization("contoso").at("2026-11-02 09:00")
    project = world.add_project("Platform")
    pipeline = project.add_pipeline("ci", repository=project.add_repository("api"), yaml="steps:\n- script: make\n")
    run = pipeline.run(tests=["one", CaseResult("two", "failed", "no", reruns=("failed", "failed"))])
    run.add_test_results([CaseResult("three", "skipped")], name="end to end", job="Screens", attempt=2)
    unit, screens = world.organization.test_runs.values()
    assert [(result.name, result.outcome) for result in unit.results] == [("one", "Passed"), ("two", "Failed")]
    assert (screens.build, screens.state, screens.name) == (run.id, "Completed", "end to end")
    assert screens.results[0].outcome == "NotExecuted"
