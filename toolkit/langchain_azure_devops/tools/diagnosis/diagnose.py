"""Find out why a build failed: the whole triage in one call, decided by code."""

import asyncio
from collections.abc import Sequence

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import SeenStep, join_views, read_records, read_steps
from langchain_azure_devops.tools.builds.timeline import Failure, list_failures
from langchain_azure_devops.tools.diagnosis.comparison import Compared, compare, read_compared
from langchain_azure_devops.tools.diagnosis.models import BuildComparison, Diagnosis, FailedStep, ShortTest
from langchain_azure_devops.tools.diagnosis.reference import RawBuild, find_newest_elsewhere
from langchain_azure_devops.tools.diagnosis.settings import read_settings
from langchain_azure_devops.tools.diagnosis.toolset import toolset
from langchain_azure_devops.tools.diagnosis.verdict import decide
from langchain_azure_devops.tools.tests_and_artifacts import read_test_report
from langchain_azure_devops.tools.tests_and_artifacts.models import TestReport

_VIEWS = (4_500, 2_000, 1_200)
"""The characters of the views of the first failed steps. Later steps often fail because of the first."""
_STEPS, _ISSUES, _TESTS, _COMMITS, _FILES, _CHANGES = 8, 4, 10, 8, 12, 15
_DIFF, _MESSAGE = 1_800, 240


@toolset.read(
    Scope.BUILD,
    optional=(Scope.CODE, Scope.TEST, Scope.VARIABLEGROUPS_READ, Scope.SERVICEENDPOINT),
    default=True,
    example={"build": 37},
    more_examples=({"build": 35}, {"build": 27}, {"build": 19}),
)
async def diagnose_build(client: AzureDevOps, *, build: int, project: Project = None) -> Diagnosis:
    """Explain why a build failed: category, failed steps and tests, what changed since the last good build.

    Args:
        client: Where to ask.
        build: The build's id.
        project: Name or id.

    Raises:
        NotFound: There is no such build.
    Source: those of `compare_builds`, `list_test_results` and `get_build_log`.
    """
    chosen = await client.required_project(project)
    compared = await read_compared(client, chosen, build)
    failures = list_failures(compared.records)
    failed = [each for each in failures if each.result != "succeededWithIssues"] or failures
    comparison, seen, tests, elsewhere = await asyncio.gather(
        compare(client, chosen, compared),
        read_steps(client, {"project": chosen, "build": build}, failed, _VIEWS),
        _read_tests(client, chosen, build),
        _look_elsewhere(client, chosen, compared, failed),
    )
    return _report(compared.build, comparison, seen, tests, elsewhere)


async def _read_tests(client: AzureDevOps, project: str, build: int) -> TestReport | None:
    """Read the failed tests with their history; None when they cannot be read."""
    report = read_test_report(client, project, build, _TESTS)
    return await read_optional(Scope.TEST, "failed tests", report, None)


async def _look_elsewhere(
    client: AzureDevOps, project: str, compared: Compared, failed: Sequence[Failure]
) -> str | None:
    """Say whether the same step fails on the default branch, too: then the branch or pull request is not the cause."""
    build = compared.build
    if build.pipeline is None or not failed:
        return None
    branch = (await read_settings(client, project, build.pipeline)).default_branch
    if branch is None or branch == build.branch:
        return None
    other = await find_newest_elsewhere(client, project, build, branch)
    name = branch.removeprefix("refs/heads/")
    if other is None:
        return None
    if other.result == "succeeded":
        return f"{name}: build {other.id} before this one succeeded there"
    records = await read_records(client, {"project": project, "build": other.id})
    theirs = {each.name for each in list_failures(records)}
    same = [each.name for each in failed if each.name in theirs]
    if same:
        return f"{name}: the step {same[0]!r} fails there, too, in build {other.id}; this branch is not the cause"
    return f"{name}: build {other.id} before this one {other.result} there, in other steps"


def _report(
    build: RawBuild,
    comparison: BuildComparison,
    seen: Sequence[SeenStep],
    tests: TestReport | None,
    elsewhere: str | None,
) -> Diagnosis:
    """Put together what was found, in at most 6,000 tokens."""
    failed_tests = tests.failed_tests if tests else []
    flaky = all(test.flaky for test in failed_tests) if failed_tests else None
    messages = [str(each.get("message")) for each in build.messages or [] if each.get("message")]
    verdict = decide(build, messages, seen, flaky)
    unread = [*comparison.unread, *(tests.unread if tests else [])]
    return Diagnosis(
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
        elsewhere=elsewhere,
        failed=[_shorten(each.failure) for each in seen[:_STEPS]],
        tests=[ShortTest.of(test) for test in failed_tests[:_TESTS]],
        failed_test_count=tests.failed if tests and tests.passed + tests.failed else None,
        good_build=comparison.good_build,
        good_branch=comparison.good_branch,
        good_finished=comparison.good_finished,
        same_commit=comparison.same_commit,
        pipeline_changed=comparison.pipeline_changed,
        pipeline_changes=comparison.pipeline_changes[:_CHANGES],
        commits=comparison.commits[:_COMMITS],
        files=comparison.files[:_FILES],
        durations=comparison.durations,
        log_lines=join_views(seen),
        diff=(comparison.diff or "")[:_DIFF] or None,
        unread=unread,
        partial=bool(unread),
        notes=[*messages[:3], *comparison.notes],
    )


def _shorten(failure: Failure) -> FailedStep:
    issues = [issue[:_MESSAGE] for issue in failure.issues[:_ISSUES]]
    return FailedStep(**{**dict(failure), "issues": issues})
