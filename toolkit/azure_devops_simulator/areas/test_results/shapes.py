"""The JSON of test runs and their results, and how they are found."""

from __future__ import annotations

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.test_results import TestResult, TestRun
from azure_devops_simulator.state.values import JsonObject, guid, timestamp

READ, WRITE = ("vso.test",), ("vso.test_write",)
_SPACE = "Microsoft.TeamFoundation.TestManagement.WebApi"


def test_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the test service. The texts are a guess."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


def find_run(call: Call) -> TestRun:
    """Return the run of the path, or 404."""
    wanted = call.path["run"]
    run = call.organization.test_runs.get(whole_number(wanted) or 0)
    if run is None or run.project is not call.in_project():
        raise test_error(404, "TestObjectNotFoundException", f"Test run {wanted} not found.")
    return run


def build_of(call: Call, run: TestRun) -> Build | None:
    """Return the build that published a run, also when it was deleted since."""
    store, number = call.organization.builds, run.build or 0
    return store.builds.get(number) or store.deleted.get(number)


def run_shape(call: Call, run: TestRun, *, whole: bool = False) -> JsonObject:
    """Return a run, with counts of its results and its place in the pipeline when it is asked for as a `whole`."""
    url = call.url(f"{run.project.name}/_apis/test/Runs/{run.id}")
    body: JsonObject = {"id": run.id, "name": run.name, "url": url, "isAutomated": True, "state": run.state}
    body |= {
        "totalTests": len(run.results),
        "incompleteTests": 0,
        "notApplicableTests": run.count("NotApplicable"),
        "passedTests": run.count("Passed"),
        "unanalyzedTests": run.count("Failed", "Timeout", "Aborted", "Error"),
        "revision": 1,
        "webAccessUrl": call.url(f"{run.project.name}/_TestManagement/Runs?runId={run.id}&_a=runCharts"),
    }
    build = build_of(call, run)
    if build:
        address = call.url(f"_apis/build/Builds/{build.id}")
        body |= {"build": {"id": str(build.id), "name": build.number, "url": address}}
    if not whole:
        return body
    owner = call.identity(run.owner)
    started = timestamp(run.created)
    body |= {
        "project": {"id": run.project.id, "name": run.project.name},
        "owner": owner,
        "lastUpdatedBy": owner,
        "createdDate": started,
        "startedDate": started,
        "lastUpdatedDate": timestamp(run.completed or run.created),
        "runStatistics": _statistics(run),
    }
    if run.completed:
        body["completedDate"] = timestamp(run.completed)
    if run.pipeline:
        body["pipelineReference"] = run.pipeline
    if build:
        body["buildConfiguration"] = _configuration(run, build)
    return body


def _configuration(run: TestRun, build: Build) -> JsonObject:
    return {
        "id": build.id,
        "number": build.number,
        "uri": build.uri,
        "branchName": build.source_branch,
        "buildDefinitionId": build.definition.id,
        "project": {"id": run.project.id, "name": run.project.name},
    }


def _statistics(run: TestRun) -> list[JsonObject]:
    outcomes = dict.fromkeys(result.outcome for result in run.results)
    return [{"state": "Completed", "outcome": outcome, "count": run.count(outcome)} for outcome in outcomes]


def result_shape(call: Call, run: TestRun, result: TestResult, *, reruns: bool = False) -> JsonObject:
    """Return the result of one test. `reruns` adds its attempts."""
    url = call.url(f"{run.project.name}/_apis/test/Runs/{run.id}/Results/{result.id}")
    reference = project_reference(call, run.project)
    body: JsonObject = {
        "id": result.id,
        "project": {"id": run.project.id, "name": run.project.name, "url": reference["url"]},
        "startedDate": timestamp(run.created),
        "completedDate": timestamp(run.completed or run.created),
        "durationInMs": result.duration,
        "outcome": result.outcome,
        "revision": 1,
        "state": "Completed",
        "testCase": {"name": result.title or result.name},
        "testRun": {
            "id": str(run.id),
            "name": run.name,
            "url": call.url(f"{run.project.name}/_apis/test/Runs/{run.id}"),
        },
        "lastUpdatedDate": timestamp(run.completed or run.created),
        "priority": 255,
        "createdDate": timestamp(run.created),
        "url": url,
        "failureType": "None",
        "automatedTestStorage": result.storage,
        "automatedTestName": result.name,
        "testCaseTitle": result.title or result.name,
        "testCaseReferenceId": reference_of(run, result),
        "resultGroupType": "rerun" if result.reruns else "none",
    }
    if build := build_of(call, run):
        address = call.url(f"_apis/build/Builds/{build.id}")
        body["build"] = {"id": str(build.id), "name": build.number, "url": address}
    if result.message:
        body["errorMessage"] = result.message
    if result.stack_trace:
        body["stackTrace"] = result.stack_trace
    if reruns and result.reruns:
        body["subResults"] = [
            {"id": number, **attempt, "resultGroupType": "none"} for number, attempt in enumerate(result.reruns, 1)
        ]
    return body


def reference_of(run: TestRun, result: TestResult) -> int:
    """Return the number by which the service knows a test in every run."""
    return int(guid(f"test/{run.project.id}/{result.storage}/{result.name}")[:7], 16)
