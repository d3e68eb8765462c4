"""Find out why a build failed: the whole triage in one call, decided by code."""

import asyncio
from collections.abc import Sequence

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import SeenStep, join_views, read_steps
from langchain_azure_devops.tools.builds.timeline import Failure, list_failures, list_job_errors
from langchain_azure_devops.tools.diagnosis.advice import advise, are_flaky
from langchain_azure_devops.tools.diagnosis.attempts import read_earlier_failures
from langchain_azure_devops.tools.diagnosis.comparison import Compared, compare, name_steps, read_compared
from langchain_azure_devops.tools.diagnosis.elsewhere import Elsewhere, look_elsewhere
from langchain_azure_devops.tools.diagnosis.gaps import list_once, read_part
from langchain_azure_devops.tools.diagnosis.models import BuildComparison, Diagnosis, FailedStep, ShortTest
from langchain_azure_devops.tools.diagnosis.size import fit
from langchain_azure_devops.tools.diagnosis.toolset import toolset
from langchain_azure_devops.tools.diagnosis.verdict import decide
from langchain_azure_devops.tools.tests_and_artifacts import read_test_report
from langchain_azure_devops.tools.tests_and_artifacts.models import TestReport

_COMPARED = BuildComparison.model_fields.keys() & Diagnosis.model_fields.keys() - {
    "build",
    "notes",
    "unread",
    "partial",
}
"""What a diagnosis tells of the comparison with the last good build."""
_VIEWS = (4_500, 2_000, 1_200)
"""The characters of the views of the first failed steps. Later steps often fail because of the first."""
_FURTHER, _FURTHER_VIEW = 9, 1_200
"""So many further logs are read for proofs; of them only the one is shown that decides about the category."""
_SIZES = (*_VIEWS, *(_FURTHER_VIEW,) * _FURTHER)
_TESTS = 100


@toolset.read(
    Scope.BUILD,
    optional=(Scope.CODE, Scope.TEST, Scope.VARIABLEGROUPS_READ, Scope.SERVICEENDPOINT),
    default=True,
    example={"build": 35},
    more_examples=({"build": 27}, {"build": 19}),
)
async def diagnose_build(client: AzureDevOps, *, build: int, project: Project = None) -> Diagnosis:
    """Explain why a build failed: root cause, tests, if the pull request or a changed pipeline is at fault.

    Args:
        client: Where to ask.
        build: The build's id.
        project: Name or id.

    Raises:
        NotFound: There is no such build.
    Source: those of `compare_builds`, `list_test_results` and `get_build_log`; usually 20 to 60 requests, never
    more than 200.
    """
    chosen = await client.required_project(project)
    compared = await read_compared(client, chosen, build)
    failures = list_failures(compared.records)
    failed = [each for each in failures if each.result != "succeededWithIssues"] or failures
    unread: list[Failed] = []
    where: PathValues = {"project": chosen, "build": build}
    comparison, seen, earlier, tests, elsewhere = await asyncio.gather(
        compare(client, chosen, compared),
        read_steps(client, where, failed, _SIZES),
        read_part("earlier attempts", read_earlier_failures(client, where, compared.records), [], unread),
        read_part("failed tests", _read_tests(client, chosen, build), None, unread),
        read_part("default branch", look_elsewhere(client, chosen, compared, failed, _SIZES), None, unread),
    )
    return fit(_report(compared, comparison, seen, earlier, tests, elsewhere, unread), client.secrets)


async def _read_tests(client: AzureDevOps, project: str, build: int) -> TestReport | None:
    """Read the failed tests with their history; None when they cannot be read."""
    report = read_test_report(client, project, build, _TESTS)
    return await read_optional(Scope.TEST, "failed tests", report, None)


def _report(
    compared: Compared,
    comparison: BuildComparison,
    seen: Sequence[SeenStep],
    earlier: Sequence[Failure],
    tests: TestReport | None,
    elsewhere: Elsewhere | None,
    others: Sequence[Failed],
) -> Diagnosis:
    """Put together what was found."""
    build = compared.build
    failed_tests = tests.failed_tests if tests else []
    flaky = are_flaky(failed_tests, build.id)
    known = all(failed.place != name_steps(build.id) for failed in compared.unread)
    decided = decide(build, build.refusals, list_job_errors(compared.records), seen, flaky, steps_known=known)
    failed = [each.failure for each in seen]
    verdict = advise(decided, comparison.pipeline_changes, comparison.durations, failed, earlier)
    further = [*others, *(tests.unread if tests else []), *(each.unread for each in seen if each.unread)]
    unread = list_once([*comparison.unread, *further])
    return Diagnosis(
        **{name: value for name, value in comparison if name in _COMPARED},
        build=build.id,
        pipeline=build.pipeline_name,
        result=build.result or build.status or "",
        branch=build.branch,
        commit=build.commit,
        reason=build.reason,
        requested_for=build.requested_for,
        requested_for_id=build.requested_for_id,
        queued=build.queued,
        finished=build.finished,
        category=verdict.kind,
        decided_by=verdict.rule,
        advice=verdict.advice,
        elsewhere=elsewhere.explain(failed_tests, seen) if elsewhere else None,
        failed=[FailedStep(**dict(each)) for each in failed],
        earlier=[FailedStep(**dict(each)) for each in earlier],
        tests=[ShortTest.of(test) for test in failed_tests],
        failed_test_count=tests.failed if tests and tests.passed + tests.failed else None,
        log_lines=join_views(_choose_shown(seen, verdict.log)),
        unread=unread,
        partial=bool(unread),
        notes=list_once([*build.refusals[:3], *_count_unread(seen), *comparison.notes, *_explain(further)]),
    )


def _explain(unread: Sequence[Failed]) -> list[str]:
    return [f"{each.place} not read: {each.reason}" for each in unread]


def _choose_shown(seen: Sequence[SeenStep], deciding: int | None) -> list[SeenStep]:
    """Return the steps whose logs are shown: the first ones, behind the one that decides if it is not among them."""
    with_log = [each for each in seen if each.failure.log is not None]
    first = with_log[: len(_VIEWS)]
    later = [each for each in with_log[len(_VIEWS) :] if each.failure.log == deciding]
    return [*later, *first]


def _count_unread(seen: Sequence[SeenStep]) -> list[str]:
    """Say how many logs nobody asked for."""
    count = sum(1 for each in seen if each.failure.log is not None and not each.view and not each.unread)
    return [f"{count} logs of further failed steps were not read; get_build_log reads each."] if count else []
