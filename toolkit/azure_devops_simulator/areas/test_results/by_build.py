"""The results of all test runs of a build in one list, in their short form."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, page
from azure_devops_simulator.api.errors import BindingError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.test_results.shapes import READ, reference_of, test_error
from azure_devops_simulator.state.test_results import TestResult, TestRun
from azure_devops_simulator.state.values import JsonObject

area = Area("testResults")
_PAGE, _MOST = 1000, 10_000


@area.get(
    "{project}/_apis/testresults/resultsbybuild",
    scopes=READ,
    version="7.1-preview.1",
    query="buildId outcomes $top continuationToken",
)
def list_results_of_build(call: Call) -> Answer:
    """Return the results of a build, or those with the given outcomes, without messages and stack traces."""
    if "buildId" not in call.query:
        raise BindingError("The parameter 'buildId' is required.")
    number = call.query.integer("buildId", 0)
    build = call.organization.builds.builds.get(number)
    if build is None or build.definition.project is not call.in_project():
        raise test_error(404, "TestObjectNotFoundException", f"Build {number} not found.")
    outcomes = {word.lower() for word in call.query.words("outcomes")}
    runs = [run for run in call.organization.test_runs.values() if run.build == number]
    found = [
        (run, result) for run in runs for result in run.results if not outcomes or result.outcome.lower() in outcomes
    ]
    return page(call, found, _shape, _PAGE, _MOST)


def _shape(found: tuple[TestRun, TestResult]) -> JsonObject:
    run, result = found
    return {
        "id": result.id,
        "isReRun": bool(result.reruns),
        "runId": run.id,
        "refId": reference_of(run, result),
        "automatedTestName": result.name,
        "automatedTestStorage": result.storage,
        "testCaseTitle": result.title or result.name,
        "outcome": result.outcome,
        "durationInMs": result.duration,
        "priority": 255,
        "tags": [],
    }
