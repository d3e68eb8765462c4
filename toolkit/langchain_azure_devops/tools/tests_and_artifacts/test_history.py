"""How tests went in earlier builds: since when one fails, how often it passed, and whether it is flaky."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import TOKEN_HEADER
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.tools.builds.parameters import find_target
from langchain_azure_devops.tools.tests_and_artifacts.models import FailedTest, ShortResult
from langchain_azure_devops.tools.tests_and_artifacts.test_runs import FAILED, PASSED, TestKey

MOST_BUILDS = 20
"""How many builds are compared, the build itself included."""
_MOST_RESULTS = 1_000
_BUILDS = "/{project}/_apis/build/builds"
_PULL_REQUEST = "refs/pull/"


class Past(BaseModel):
    """A build as the comparison needs it."""

    id: int
    pipeline: int = Field(validation_alias=AliasPath("definition", "id"))
    branch: str | None = Field(default=None, validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    parameters: str | None = None
    finished: str | None = Field(default=None, validation_alias="finishTime")


class _Definition(BaseModel):
    branch: str | None = Field(default=None, validation_alias=AliasPath("repository", "defaultBranch"))


@dataclass
class _Outcomes:
    """How the tests of one build went, all runs and attempts together."""

    failed: set[TestKey] = field(default_factory=set)
    passed: set[TestKey] = field(default_factory=set)
    rerun: set[TestKey] = field(default_factory=set)
    """Those that passed in the end, and failed in an earlier attempt."""
    whole: bool = True

    def of(self, key: TestKey) -> Literal["failed", "passed", ""]:
        """Return how a test went; nothing when it did not run, or when that was not read."""
        return "failed" if key in self.failed else "passed" if key in self.passed else ""


@dataclass
class TestHistory:
    """How tests went in a build and in those before it, the newest first.

    Attributes:
        builds: The builds whose tests were read.
        notes: What was not compared, and with which branch.
        unread: The builds whose tests could not be read.
        passed_on_rerun: The names of tests of the build itself that failed at first and passed in the end.
    """

    __test__ = False

    builds: list[Past]
    notes: list[str]
    unread: list[Failed]
    passed_on_rerun: list[str]
    outcomes: Mapping[int, _Outcomes]

    def add_to(self, key: TestKey, test: FailedTest) -> FailedTest:
        """Return a failed test with what its history says."""
        went = [(build, self.outcomes[build.id].of(key)) for build in self.builds]
        ran = [(build, outcome) for build, outcome in went if outcome]
        failing = []
        for build, outcome in ran:
            if outcome != "failed":
                break
            failing.append(build)
        ended = len(failing) < len(ran)
        age = "new" if ended and len(failing) <= 1 else "old" if len(failing) > 1 else "unknown"
        return test.model_copy(
            update={
                "age": age,
                "since_build": failing[-1].id if failing else None,
                "or_earlier": age == "old" and not ended,
                "failed": sum(outcome == "failed" for _, outcome in ran) or 1,
                "passed": sum(outcome == "passed" for _, outcome in ran),
                "flaky": next(self._explain_flaky(key, ran), None),
            }
        )

    def _explain_flaky(self, key: TestKey, ran: Sequence[tuple[Past, str]]) -> Iterator[str]:
        """Say why a test is flaky: the same commit, or a rerun in one build, had both outcomes."""
        seen: dict[str, tuple[int, str]] = {}
        for build, outcome in ran:
            commit = build.commit or ""
            other = seen.setdefault(commit, (build.id, outcome)) if commit else (build.id, outcome)
            if other[1] != outcome:
                good, bad = (build.id, other[0]) if outcome == "passed" else (other[0], build.id)
                yield f"passed in build {good} and failed in build {bad}, both of commit {commit[:8]}"
        for build in self.builds:
            if key in self.outcomes[build.id].rerun:
                yield f"passed on a rerun in build {build.id}"


async def read_test_history(client: AzureDevOps, project: str, build: int, runs: Mapping[int, bool]) -> TestHistory:
    """Read how the tests of a build and of up to 19 builds before it went: same pipeline, same branch.

    Where its branch has fewer, those of another branch follow: of the target of a pull request, or else of the default
    branch.
    It needs the scopes `vso.build` and `vso.test`.

    Args:
        client: Where to ask.
        project: Name or id.
        build: The build's id.
        runs: The test runs of the build, and whether each counts: a later attempt replaces an earlier one.
    """
    response = await client.get(f"{_BUILDS}/{{build}}", path={"project": project, "build": build})
    this = decode(response, Past)
    builds, notes = [this, *await _list_earlier(client, project, this, this.branch, MOST_BUILDS - 1)], list[str]()
    if len(builds) < MOST_BUILDS:
        more, note = await _list_elsewhere(client, project, this, MOST_BUILDS - len(builds))
        builds += more
        notes += [note] if note else []
    by_id = {each.id: each for each in builds}
    answers = await fan_out(by_id, lambda number: _read_outcomes(client, project, number, runs))
    cut = [number for number, outcomes in answers.done.items() if not outcomes.whole]
    if cut:
        notes.append(
            f"{len(cut)} builds have more than {_MOST_RESULTS:,} results each: of these, only failures were compared."
        )
    unread = [
        Failed(place=f"tests of build {number}", status=error.status, reason=error.message)
        for number, error in answers.failed.items()
    ]
    own = answers.done.get(build) or _Outcomes()
    return TestHistory(
        builds=[each for number, each in by_id.items() if number in answers.done],
        notes=notes,
        unread=unread,
        passed_on_rerun=sorted({name for _, name in own.rerun}),
        outcomes=answers.done,
    )


async def _list_earlier(client: AzureDevOps, project: str, build: Past, branch: str | None, most: int) -> list[Past]:
    """Return the builds of the pipeline and branch that ended before a build, the newest first."""
    query = {
        "definitions": build.pipeline,
        "branchName": branch,
        "statusFilter": "completed",
        "queryOrder": "finishTimeDescending",
        "maxTime": build.finished,
        "$top": most + 1,
    }
    response = await client.get(_BUILDS, path={"project": project}, query=query)
    rows = [row for row in decode(response, Collection[Past]).value if row.id != build.id]
    return rows[:most]


async def _list_elsewhere(client: AzureDevOps, project: str, build: Past, most: int) -> tuple[list[Past], str]:
    """Return earlier builds of the branch that a build is to be compared with after its own, and a note about it."""
    pulled = (build.branch or "").startswith(_PULL_REQUEST)
    base = await _find_target(client, project, build)
    if base is None:
        unknown = "The target of the pull request is not known: only its own builds were compared."
        return [], unknown if pulled else ""
    if base == build.branch:
        return [], ""
    found = await _list_earlier(client, project, build, base, most)
    if pulled:
        return found, "Compared with earlier builds of the pull request, then with those of its target branch."
    note = "Compared with earlier builds of the branch, then with those of the default branch."
    return found, note if found else ""


async def _find_target(client: AzureDevOps, project: str, build: Past) -> str | None:
    """Return the target branch of a build of a pull request, else the default branch of the pipeline."""
    if target := find_target(build.parameters):
        return target
    where: PathValues = {"project": project, "definition": build.pipeline}
    response = await client.get("/{project}/_apis/build/definitions/{definition}", path=where)
    return decode(response, _Definition).branch


async def _read_outcomes(client: AzureDevOps, project: str, build: int, counted: Mapping[int, bool]) -> _Outcomes:
    """Read how the tests of a build went. Of a build with very many results, only the failures are read."""
    rows, whole = await _read_short(client, project, build, None)
    if not whole:
        rows, _ = await _read_short(client, project, build, "Failed,Timeout,Aborted,Error")
    outcomes = _Outcomes(whole=whole)
    replaced: set[TestKey] = set()
    for row in rows:
        key, outcome = (row.storage, row.name), row.outcome.lower()
        if not counted.get(row.run, True):
            replaced |= {key} if outcome in FAILED else set()
        elif outcome in FAILED:
            outcomes.failed.add(key)
        elif outcome in PASSED:
            outcomes.passed.add(key)
            outcomes.rerun |= {key} if row.rerun else set()
    outcomes.rerun |= replaced & outcomes.passed - outcomes.failed
    return outcomes


async def _read_short(
    client: AzureDevOps, project: str, build: int, outcomes: str | None
) -> tuple[list[ShortResult], bool]:
    """Return results of a build, and whether these are all."""
    response = await client.get(
        "/{project}/_apis/testresults/resultsbybuild",
        path={"project": project},
        query={"buildId": build, "outcomes": outcomes, "$top": _MOST_RESULTS},
        area="testresults",
        version="7.1-preview.1",
    )
    return decode(response, Collection[ShortResult]).value, TOKEN_HEADER not in response.headers
