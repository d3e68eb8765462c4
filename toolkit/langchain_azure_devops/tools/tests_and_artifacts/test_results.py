"""The tool that says which tests of a build failed, and since when."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.tests_and_artifacts.models import FailedTest, TestReport
from langchain_azure_devops.tools.tests_and_artifacts.test_history import TestHistory, read_test_history
from langchain_azure_devops.tools.tests_and_artifacts.test_runs import BuildTests, TestKey, read_build_tests
from langchain_azure_devops.tools.tests_and_artifacts.toolset import toolset

_AGES = {"new": 0, "unknown": 1, "old": 2}


@toolset.read(
    Scope.TEST,
    optional=(Scope.BUILD,),
    example={"build": 35},
    more_examples=({"build": 36, "project": "Mobile App"}, {"build": 31}),
)
async def list_test_results(
    client: AzureDevOps,
    *,
    build: int,
    contains: Annotated[str | None, Field(description="Part of a test's name")] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    project: Project = None,
) -> TestReport:
    """List failed tests of a build: message, stack trace, new or old failure, flaky or not by its last 20 builds.

    Source: `GET .../test/runs?buildUri=`, `GET .../test/runs/{id}/results`, and of each compared build
    `GET vstmr /{project}/_apis/testresults/resultsbybuild`.
    """
    chosen = await client.required_project(project)
    tests = await read_build_tests(client, chosen, build)
    if not tests.runs:
        return await _explain_nothing(client, chosen, build)
    history = await read_optional(
        Scope.BUILD, "history of the tests", read_test_history(client, chosen, build, tests.runs), None
    )
    return make_report(build, tests, history, contains and client.secrets.reveal(contains), limit)


async def read_test_report(client: AzureDevOps, project: str, build: int, limit: int = 20) -> TestReport:
    """Read the failed tests of a build with their history, for other tools. It needs `vso.build` and `vso.test`.

    Args:
        client: Where to ask.
        project: Name or id.
        build: The build's id.
        limit: How many failed tests to return at most; new failures come first.
    """
    tests = await read_build_tests(client, project, build)
    if not tests.runs:
        return TestReport(build=build, passed=0, failed=0, skipped=0)
    return make_report(build, tests, await read_test_history(client, project, build, tests.runs), None, limit)


def make_report(
    build: int, tests: BuildTests, history: TestHistory | None, contains: str | None, limit: int
) -> TestReport:
    """Join the tests of a build with their history, new failures first.

    Args:
        build: The build's id.
        tests: Its tests.
        history: How they went before; None when that could not be read.
        contains: Part of the names of the tests to show.
        limit: How many to show at most.
    """
    words = (contains or "").lower()
    fit = [(key, test) for key, test in tests.tests if words in test.name.lower()]
    rows = sorted((_with_history(key, test, history) for key, test in fit), key=_order)
    notes = [*tests.notes, *(history.notes if history else [])]
    if len(rows) > limit:
        notes.insert(0, f"{limit} of {len(rows)} failed tests are shown: contains= names others, limit= shows more.")
    unread = [*tests.unread, *(history.unread if history else [])]
    notes.extend(f"{each.place} not read: {each.reason}" for each in unread)
    return TestReport(
        build=build,
        passed=tests.passed,
        failed=tests.failed,
        skipped=tests.skipped,
        compared_builds=len(history.builds) if history else 0,
        failed_tests=_without_repeats(rows[:limit]),
        flaky_but_passed=history.passed_on_rerun[:limit] if history else [],
        notes=notes,
        unread=unread,
        partial=bool(tests.notes or unread or len(rows) > limit),
    )


def _with_history(key: TestKey, test: FailedTest, history: TestHistory | None) -> FailedTest:
    return history.add_to(key, test) if history else test


def _without_repeats(tests: list[FailedTest]) -> list[FailedTest]:
    """Show a stack trace that several tests have once."""
    first: dict[str, str] = {}
    shown = []
    for test in tests:
        other = first.setdefault(test.stack_trace or "", test.name)
        same = test.stack_trace and other != test.name
        shown.append(test.model_copy(update={"stack_trace": f"[the same as of {other}]"}) if same else test)
    return shown


def _order(test: FailedTest) -> tuple[bool, int, str]:
    return test.flaky is not None, _AGES[test.age], test.name


async def _explain_nothing(client: AzureDevOps, project: str, build: int) -> TestReport:
    """Return a report without tests, unless there is no such build."""
    query = {"buildId": build, "$top": 1}
    path = {"project": project}
    try:
        await client.get(
            "/{project}/_apis/testresults/resultsbybuild",
            path=path,
            query=query,
            area="testresults",
            version="7.1-preview.1",
        )
    except NotFound as error:
        raise NotFound(f"There is no build {build} in {project!r}. list_builds shows those there.") from error
    note = "The build published no test results. get_build_log shows what its steps wrote."
    return TestReport(build=build, passed=0, failed=0, skipped=0, notes=[note])
