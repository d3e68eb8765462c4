"""How the same pipeline went on the branch that a build's branch goes to.

A failure there is not the fault of the branch or pull request.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import SeenStep, read_records, read_steps
from langchain_azure_devops.tools.builds.timeline import Failure, list_failures
from langchain_azure_devops.tools.diagnosis.comparison import Compared
from langchain_azure_devops.tools.diagnosis.reference import find_newest_elsewhere
from langchain_azure_devops.tools.tests_and_artifacts.test_runs import read_build_tests

_VIEW = 1_500
_NUMBERS = re.compile(r"[0-9a-f]*\d[0-9a-f.:-]*")


class Elsewhere(NamedTuple):
    """The newest build of the same pipeline on the target of the pull request, or on the default branch.

    Attributes:
        branch: That branch.
        build: The build.
        result: How it ended.
        step: The first failed step that failed there, too; None when there is none.
        tests: The names of the tests that failed there.
        errors: The lines that prove why that step failed there, without numbers.
    """

    branch: str
    build: int
    result: str
    step: str | None = None
    tests: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()

    def explain(self, tests: Sequence[str], seen: Sequence[SeenStep]) -> str:
        """Say whether the build failed there for the same reason.

        Args:
            tests: The names of the tests that failed in the other build.
            seen: The failed steps of the other build.
        """
        there = f"{self.branch}: build {self.build} before this one"
        if self.result == "succeeded":
            return f"{there} succeeded there"
        if self.step is None:
            return f"{there} {self.result} there, in other steps"
        same = f"{there} failed there in the same step {self.step!r}"
        if tests and self.tests:
            own = [name for name in tests if name not in self.tests]
            if own:
                return f"{same}, but {len(own)} of the tests failed only here, such as {own[0]!r}"
            return f"{same}, with the same tests; this branch is not the cause"
        here = _list_errors(seen, self.step)
        if here & self.errors:
            return f"{same}, with the same error; this branch is not the cause"
        return f"{same}, with another error" if here and self.errors else same


async def look_elsewhere(
    client: AzureDevOps, project: str, compared: Compared, failed: Sequence[Failure]
) -> Elsewhere | None:
    """Read how the pipeline went on the target or default branch; None when there is no build, or this is that branch.

    Args:
        client: Where to ask.
        project: The project.
        compared: The build that failed.
        failed: Its failed steps.
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
    theirs = list_failures(await read_records(client, where))
    step = next((each.name for each in failed if any(each.name == their.name for their in theirs)), None)
    if step is None:
        return found
    seen = await read_steps(client, where, [each for each in theirs if each.name == step][:1], (_VIEW,))
    tests = await read_optional(Scope.TEST, "failed tests", read_build_tests(client, project, other.id), None)
    names = frozenset(test.name for _, test in tests.tests) if tests else frozenset[str]()
    return found._replace(step=step, tests=names, errors=_list_errors(seen, step))


def _list_errors(seen: Sequence[SeenStep], step: str) -> frozenset[str]:
    """Return the lines that prove why a step failed, without numbers, which differ from build to build."""
    view = next((each.view for each in seen if each.failure.name == step and each.view), None)
    if view is None:
        return frozenset()
    proven = {proof.number for proof in view.proofs}
    return frozenset(_NUMBERS.sub("#", line) for number, line in view.lines if number in proven)
