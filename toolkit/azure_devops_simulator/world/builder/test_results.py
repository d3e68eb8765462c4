"""Publish the test results of a run, as the tasks of a pipeline do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.builder.requests import Requests, choose

_OUTCOMES = {"passed": "Passed", "failed": "Failed", "skipped": "NotExecuted", "timeout": "Timeout"}


@dataclass(frozen=True)
class CaseResult:
    """The result of one test.

    Attributes:
        name: its whole name, such as `tests/test_app.py::test_start`.
        outcome: `passed`, `failed`, `skipped` or `timeout`.
        message: the error message.
        stack_trace: the stack trace.
        storage: the file or library that holds the test.
        reruns: the outcomes of its attempts, when the test ran several times; `outcome` is what came out in the end.
    """

    name: str
    outcome: str = "passed"
    message: str = ""
    stack_trace: str = ""
    storage: str = ""
    reruns: tuple[str, ...] = ()

    def body(self) -> JsonObject:
        """Return the result as a client sends it."""
        return {
            "automatedTestName": self.name,
            "testCaseTitle": self.name.rsplit("::", 1)[-1],
            "automatedTestStorage": self.storage,
            "outcome": _outcome(self.outcome),
            "state": "Completed",
            "errorMessage": self.message,
            "stackTrace": self.stack_trace,
            "durationInMs": 5,
            "resultGroupType": "rerun" if self.reruns else "none",
            "subResults": [
                {"displayName": f"Attempt {number}", "outcome": _outcome(outcome)}
                for number, outcome in enumerate(self.reruns, 1)
            ],
        }


def _outcome(word: str) -> str:
    return _OUTCOMES[choose("outcome", word, _OUTCOMES)]


def publish_tests(
    requests: Requests, build: Build, tests: Iterable[CaseResult | str], name: str, job: str, attempt: int
) -> None:
    """Publish a test run of a build. A text stands for a test that passed."""
    project = build.definition.project.name
    body: JsonObject = {
        "name": name,
        "automated": True,
        "state": "InProgress",
        "build": {"id": str(build.id)},
        "pipelineReference": {
            "pipelineId": build.id,
            "stageReference": {"stageName": "__default", "attempt": 1},
            "phaseReference": {"phaseName": job or "Job", "attempt": 1},
            "jobReference": {"jobName": "__default", "attempt": attempt},
        },
    }
    run = str(requests.send(build.requested_by, "POST", project, "_apis", "test", "runs", body=body)["id"])
    rows = [(CaseResult(test) if isinstance(test, str) else test).body() for test in tests]
    own = (project, "_apis", "test", "runs", run)
    if rows:
        requests.send(build.requested_by, "POST", *own, "results", body=rows)
    requests.send(build.requested_by, "PATCH", *own, body={"state": "Completed"})
