"""Publish test runs, as the tasks of a pipeline do: create a run, add its results, and complete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.test_results.runs import ONE, RUNS
from azure_devops_simulator.areas.test_results.shapes import WRITE, find_run, result_shape, run_shape, test_error
from azure_devops_simulator.state.test_results import FIRST_RESULT, Outcome, RunState, TestResult, TestRun
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("test")
_OUTCOMES: Mapping[str, Outcome] = {word.lower(): word for word in get_args(Outcome)}
_STATES: Mapping[str, RunState] = {word.lower(): word for word in get_args(RunState)}


@area.post(RUNS, scopes=WRITE, body="name automated build pipelineReference state")
def create_run(call: Call) -> JsonObject:
    """Create a test run of a build."""
    body, project = call.json_object(), call.in_project()
    if not (name := as_text(body.get("name")).strip()):
        raise ArgumentError("Value cannot be null or empty.", "TestRun.Name")
    build = None
    if wanted := as_text(as_object(body.get("build")).get("id")):
        found = call.organization.builds.builds.get(whole_number(wanted) or 0)
        if found is None or found.definition.project is not project:
            raise test_error(404, "TestObjectNotFoundException", f"Build {wanted} not found.")
        build = found.id
    number = call.organization.next_id("testRun")
    run = TestRun(number, project, name, build, call.user, call.organization.clock.tick(), _state(body))
    run.pipeline = as_object(body.get("pipelineReference"))
    call.organization.test_runs[number] = run
    return run_shape(call, run, whole=True)


@area.patch(ONE, scopes=WRITE, body="state")
def update_run(call: Call) -> JsonObject:
    """Complete a test run."""
    run = find_run(call)
    run.state = _state(call.json_object())
    now = call.organization.clock.tick()
    run.completed = now if run.state in {"Completed", "Aborted"} else None
    return run_shape(call, run, whole=True)


def _state(body: JsonObject) -> RunState:
    given = as_text(body.get("state"))
    if given and given.lower() not in _STATES:
        raise ArgumentError(f"The value '{given}' is not valid.", "state")
    return _STATES.get(given.lower(), "InProgress")


@area.post(f"{ONE}/results", scopes=WRITE)
def add_results(call: Call) -> Answer:
    """Add results of tests to a run."""
    run = find_run(call)
    rows = [as_object(row) for row in as_list(call.json())]
    if not rows:
        raise ArgumentError("Value cannot be null.", "results")
    made = [_result(row, FIRST_RESULT + len(run.results) + place) for place, row in enumerate(rows)]
    run.results.extend(made)
    call.organization.clock.tick()
    return collection(result_shape(call, run, result, reruns=True) for result in made)


def _result(row: JsonObject, number: int) -> TestResult:
    name, title = as_text(row.get("automatedTestName")), as_text(row.get("testCaseTitle"))
    outcome = _OUTCOMES.get(as_text(row.get("outcome"), "None").lower())
    if not (name or title) or outcome is None:
        raise ArgumentError("A result needs a name and a valid outcome.", "results")
    duration = row.get("durationInMs")
    return TestResult(
        number,
        name or title,
        outcome,
        title,
        as_text(row.get("automatedTestStorage")),
        as_text(row.get("errorMessage")),
        as_text(row.get("stackTrace")),
        duration if isinstance(duration, (int, float)) else 0,
        [_attempt(as_object(attempt)) for attempt in as_list(row.get("subResults"))],
    )


def _attempt(given: JsonObject) -> JsonObject:
    kept: dict[str, JsonValue] = {name: as_text(given.get(name)) for name in ("displayName", "outcome", "errorMessage")}
    return {name: value for name, value in kept.items() if value}
