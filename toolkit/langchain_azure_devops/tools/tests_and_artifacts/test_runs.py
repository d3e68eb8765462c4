"""Read the test runs of a build, and the tests in them that failed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.tools.tests_and_artifacts.models import CaseResult, FailedTest, Run
from langchain_azure_devops.tools.tests_and_artifacts.stack_traces import cut_message, cut_stack_trace

FAILED = frozenset({"failed", "timeout", "aborted", "error"})
"""The outcomes that count as a failure."""
PASSED = frozenset({"passed", "passedwithissues", "warning"})
_RUNS = "/{project}/_apis/test/runs"
_PAGE, _PAGES = 100, 5
_MOST_RUNS, _MOST_RESULTS = 20, 200

TestKey = tuple[str, str]
"""What tells a test from others: the file or library that holds it, and its whole name."""


class BuildTests(NamedTuple):
    """The tests of a build in the last attempt of each job.

    Attributes:
        passed: How many passed.
        failed: How many failed.
        skipped: How many did neither.
        tests: Those that failed, with their keys, as far as they were read.
        runs: The ids of the runs that count, and of those that a later attempt replaced.
        notes: What was not read.
        unread: The test runs that could not be read.
    """

    passed: int
    failed: int
    skipped: int
    tests: list[tuple[TestKey, FailedTest]]
    runs: dict[int, bool]
    notes: list[str]
    unread: list[Failed]


async def read_build_tests(client: AzureDevOps, project: str, build: int) -> BuildTests:
    """Read how many tests of a build passed and failed, and the messages of those that failed.

    It needs the scope `vso.test` only. A build that published no tests, and one that does not exist, have none.
    """
    runs = await _read_runs(client, project, build)
    final = _choose_final(runs)
    passed, failed, skipped = (sum(counts) for counts in zip(*map(_count, final), strict=True)) if final else (0, 0, 0)
    broken = [run for run in final if _count(run)[1]]
    notes: list[str] = []
    if len(runs) == _PAGE * _PAGES:
        notes.append(f"Only the first {len(runs)} test runs were counted.")
    if len(broken) > _MOST_RUNS:
        notes.append(f"Failed tests of {len(broken) - _MOST_RUNS} more test runs were not read.")

    async def read(run: Run) -> list[CaseResult]:
        return await _read_failed(client, {"project": project, "run": run.id})

    by_id = {run.id: run for run in broken[:_MOST_RUNS]}
    answers = await fan_out(by_id, lambda number: read(by_id[number]))
    tests = [
        ((each.storage, each.name), _describe(by_id[number], each))
        for number, rows in answers.done.items()
        for each in rows
    ]
    cut = [by_id[number].name for number, rows in answers.done.items() if len(rows) >= _MOST_RESULTS]
    notes.extend(f"Only the first {_MOST_RESULTS} failed tests of {name!r} were read." for name in cut)
    unread = [
        Failed(place=f"test run {by_id[number].name}", status=error.status, reason=error.message)
        for number, error in answers.failed.items()
    ]
    counted = {run.id for run in final}
    return BuildTests(passed, failed, skipped, tests, {run.id: run.id in counted for run in runs}, notes, unread)


async def _read_runs(client: AzureDevOps, project: str, build: int) -> list[Run]:
    runs: list[Run] = []
    for page in range(_PAGES):
        response = await client.get(
            _RUNS,
            path={"project": project},
            query={
                "buildUri": f"vstfs:///Build/Build/{build}",
                "includeRunDetails": True,
                "$top": _PAGE,
                "$skip": page * _PAGE or None,
            },
        )
        rows = decode(response, Collection[Run]).value
        runs.extend(rows)
        if len(rows) < _PAGE:
            break
    return runs


def _choose_final(runs: Iterable[Run]) -> list[Run]:
    """Return the runs of the last attempt of each job; a job may publish several of the same name."""
    last: dict[tuple[str, ...], tuple[int, ...]] = {}
    known = list(runs)
    for run in known:
        last[run.place] = max(last.get(run.place, ()), run.attempt)
    return [run for run in known if run.attempt == last[run.place]]


def _count(run: Run) -> tuple[int, int, int]:
    """Return how many tests of a run passed, failed, and did neither."""
    if run.statistics:
        passed = _sum(run, PASSED)
        failed = _sum(run, FAILED)
        return passed, failed, max(0, sum(each.count for each in run.statistics) - passed - failed)
    return run.passed, run.unanalyzed, max(0, run.total - run.passed - run.unanalyzed)


def _sum(run: Run, outcomes: frozenset[str]) -> int:
    return sum(each.count for each in run.statistics or () if each.outcome.lower() in outcomes)


async def _read_failed(client: AzureDevOps, where: PathValues) -> list[CaseResult]:
    query: Mapping[str, QueryValue] = {"outcomes": "Failed,Timeout,Aborted,Error", "$top": _MOST_RESULTS}
    response = await client.get(f"{_RUNS}/{{run}}/results", path=where, query=query)
    return decode(response, Collection[CaseResult]).value


def _describe(run: Run, result: CaseResult) -> FailedTest:
    return FailedTest(
        name=result.name,
        test_run=run.name,
        run=run.id,
        result=result.id,
        outcome=result.outcome,
        message=cut_message(result.message or "") or None,
        stack_trace=cut_stack_trace(result.stack_trace or "") or None,
    )
