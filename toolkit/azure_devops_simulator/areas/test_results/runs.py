"""List and read test runs and their results."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.test_results.shapes import READ, find_run, result_shape, run_shape, test_error
from azure_devops_simulator.state.values import JsonObject

area = Area("test")
_Row = TypeVar("_Row")
RUNS = "{project}/_apis/test/runs"
ONE = f"{RUNS}/{{run:int}}"
_PAGE, _MOST, _MOST_WITH_DETAILS = 100, 1000, 200


@area.get(RUNS, scopes=READ, query="buildUri includeRunDetails automated $skip $top")
def list_runs(call: Call) -> Answer:
    """Return the test runs of a project, or of one build."""
    runs = [run for run in call.organization.test_runs.values() if run.project is call.in_project()]
    if uri := call.query.text("buildUri"):
        runs = [run for run in runs if run.build is not None and uri.lower() == f"vstfs:///build/build/{run.build}"]
    if not call.query.flag("automated", default=True):
        runs = []
    shape = partial(run_shape, call, whole=call.query.flag("includeRunDetails"))
    return collection(map(shape, _some(call, runs, _PAGE, _MOST)))


@area.get(ONE, scopes=READ, query="includeDetails")
def get_run(call: Call) -> JsonObject:
    """Return one test run."""
    return run_shape(call, find_run(call), whole=call.query.flag("includeDetails", default=True))


@area.get(f"{ONE}/results", scopes=READ, query="detailsToInclude outcomes $skip $top")
def list_results(call: Call) -> Answer:
    """Return the results of a run, or those with the given outcomes."""
    run, details = find_run(call), call.query.text("detailsToInclude", "none").lower()
    most = _MOST if details == "none" else _MOST_WITH_DETAILS
    outcomes = {word.lower() for word in call.query.words("outcomes")}
    found = [result for result in run.results if not outcomes or result.outcome.lower() in outcomes]
    wanted = _some(call, found, most, most)
    return collection(result_shape(call, run, result, reruns=details == "subresults") for result in wanted)


def _some(call: Call, rows: list[_Row], default: int, most: int) -> list[_Row]:
    """Return the rows that `$skip` and `$top` ask for. The text of the refusal is a guess."""
    skip, top = call.query.count("$skip", 0), call.query.count("$top", default)
    if top > most:
        raise ArgumentError(f"The value of $top must be at most {most}, not {top}.", "top")
    return rows[skip : skip + top]


@area.get(f"{ONE}/results/{{result}}", scopes=READ, query="detailsToInclude")
def get_result(call: Call) -> JsonObject:
    """Return the result of one test."""
    run, wanted = find_run(call), call.path["result"]
    for result in run.results:
        if result.id == whole_number(wanted):
            reruns = call.query.text("detailsToInclude").lower() == "subresults"
            return result_shape(call, run, result, reruns=reruns)
    raise test_error(404, "TestObjectNotFoundException", f"Test result {wanted} not found in run {run.id}.")
