"""How the same pipeline went on the branch that a build's branch goes to.

What failed there in the same way is not the fault of the branch or pull request.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import SeenStep, read_records, read_steps
from langchain_azure_devops.tools.builds.timeline import Failure, list_failures
from langchain_azure_devops.tools.diagnosis.comparison import Compared
from langchain_azure_devops.tools.diagnosis.reference import find_newest_elsewhere
from langchain_azure_devops.tools.tests_and_artifacts.models import FailedTest
from langchain_azure_devops.tools.tests_and_artifacts.test_runs import read_build_tests

_NUMBERS = re.compile(r"[0-9a-f]*\d[0-9a-f.:-]*")
_NAMED = re.compile(r"\w[./:\\]+\w|['\"`]\w|\w_\w|[a-z][A-Z]")
"""A part of a line that names a file, a test or another thing. A line of counts or an exit code names none."""


class Elsewhere(NamedTuple):
    """The newest build of the same pipeline on the target of the pull request, or on the default branch.

    Attributes:
        branch: That branch.
        build: The build.
        result: How it ended.
        steps: The names of the steps that failed in both builds.
        tests: The tests that failed there, each with its message without numbers.
        errors: The lines that prove why those steps failed there, without numbers.
    """

    branch: str
    build: int
    result: str
    steps: frozenset[str] = frozenset()
    tests: Mapping[str, str] = MappingProxyType({})
    errors: frozenset[str] = frozenset()

    def explain(self, tests: Sequence[FailedTest], seen: Sequence[SeenStep]) -> str:
        """Say whether the build failed there for the same reason.

        Args:
            tests: The tests that failed in the other build.
            seen: The failed steps of the other build.
        """
        there = f"{self.branch}: build {self.build} before this one"
        if self.result == "succeeded":
            return f"{there} succeeded there"
        names = list(dict.fromkeys(each.failure.name for each in seen))
        both = [name for name in names if name in self.steps]
        if not both:
            return f"{there} {self.result} there, in other steps"
        same = f"{there} failed there in the same step {both[0]!r}"
        own = [name for name in names if name not in self.steps]
        if own:
            return f"{same}, but the step {own[0]!r} failed only here"
        return same + (self._compare_tests(tests) if tests and self.tests else self._compare_errors(seen))

    def _compare_tests(self, tests: Sequence[FailedTest]) -> str:
        """Say whether all tests that failed here failed there in the same way."""
        own = [test.name for test in tests if test.name not in self.tests]
        if own:
            return f", but {len(own)} of the tests failed only here, such as {own[0]!r}"
        others = [test.name for test in tests if _shorten(test.message) != self.tests[test.name]]
        if others:
            return f", but {len(others)} of the tests with another message, such as {others[0]!r}"
        return ", with the same tests; this branch is not the cause"

    def _compare_errors(self, seen: Sequence[SeenStep]) -> str:
        """Say whether all errors of the logs here stand in those there. One of many in common proves nothing."""
        here = _list_errors(seen)
        if not here or not self.errors:
            return ""
        if not here <= self.errors:
            return ", with another error"
        if any(map(_NAMED.search, here)):
            return ", with the same error; this branch is not the cause"
        return "; the errors name nothing by which they could be compared"


async def look_elsewhere(
    client: AzureDevOps, project: str, compared: Compared, failed: Sequence[Failure], sizes: Sequence[int]
) -> Elsewhere | None:
    """Read how the pipeline went on the target or default branch; None when there is no build, or this is that branch.

    Args:
        client: Where to ask.
        project: The project.
        compared: The build that failed.
        failed: Its failed steps.
        sizes: The characters of the views of its logs. Of the other build as much is read, so that no error is left out
            of the comparison for want of room.
    """
    build, branch = compared.build, next(iter(compared.bases), None)
    if build.pipeline is None or not failed or branch is None or branch == build.branch:
        return None
    other = await find_newest_elsewhere(client, project, build, branch)
    if other is None:
        return None
    found = Elsewhere(branch.removeprefix("refs/heads/"), other.id, other.result or "")
    if other.result == "succeeded":
        return found
    where: PathValues = {"project": project, "build": other.id}
    names = {each.name for each in failed}
    both = [each for each in list_failures(await read_records(client, where)) if each.name in names]
    if not both:
        return found
    seen = await read_steps(client, where, both, sizes)
    tests = await read_optional(Scope.TEST, "failed tests", read_build_tests(client, project, other.id), None)
    messages = {test.name: _shorten(test.message) for _, test in tests.tests} if tests else {}
    return found._replace(steps=frozenset(each.name for each in both), tests=messages, errors=_list_errors(seen))


def _shorten(message: str | None) -> str:
    """Return the first line of a message without numbers, which differ from build to build."""
    return _NUMBERS.sub("#", (message or "").strip().partition("\n")[0])


def _list_errors(seen: Sequence[SeenStep]) -> frozenset[str]:
    """Return the lines that prove why steps failed, without numbers, which differ from build to build."""
    return frozenset(
        _NUMBERS.sub("#", line)
        for each in seen
        if each.view
        for proven in [{proof.number for proof in each.view.proofs}]
        for number, line in each.view.lines
        if number in proven
    )
