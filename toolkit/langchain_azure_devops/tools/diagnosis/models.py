"""What a comparison and a diagnosis of builds tell."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import Field

from langchain_azure_devops.results.models import (
    Branch,
    CollectedText,
    Failed,
    Instant,
    PartialResult,
    Result,
    Untrusted,
)
from langchain_azure_devops.tools.builds.timeline import Failure
from langchain_azure_devops.tools.diagnosis.verdict import Advice, Kind
from langchain_azure_devops.tools.history.models import Commit
from langchain_azure_devops.tools.tests_and_artifacts.models import Age, FailedTest

PartKind = Literal[
    "pipeline file",
    "template",
    "resource",
    "settings",
    "variables",
    "parameters",
    "variable group",
    "service connection",
    "task version",
    "pool",
    "agent image",
    "agent version",
    "run variables",
    "run parameters",
]
RENEWED: frozenset[PartKind] = frozenset(
    {"task version", "agent image", "agent version", "run variables", "run parameters"}
)
"""What changes without anybody changing the pipeline: the service renews it, or somebody gave it to one run."""


class PipelineChange(Result):
    """A part of the pipeline itself that differs between two builds.

    Attributes:
        what: The kind of the part.
        name: Its name or path. Of variables, only names are shown.
        before: What it was at the good build, where that can be said in a few words.
        after: What it was at the other build.
        by: Who changed it, where the service tells.
        at: When, likewise.
    """

    singular, plural = "change of the pipeline", "changes of the pipeline"
    author_fields = ("by",)

    what: PartKind
    name: Untrusted
    before: Untrusted | None = None
    after: Untrusted | None = None
    by: Untrusted | None = None
    by_id: str | None = Field(default=None, exclude=True)
    at: Instant | None = None


class Part(NamedTuple):
    """What the comparison of one part of two builds found.

    Attributes:
        changes: Changes of the pipeline itself.
        fields: Further fields of the result.
        unread: Why the part could not be compared, or not wholly.
        notes: What a reader has to know about it.
    """

    changes: Sequence[PipelineChange] = ()
    fields: Mapping[str, object] = MappingProxyType({})
    unread: Sequence[Failed] = ()
    notes: Sequence[str] = ()


class Duration(Result):
    """A stage or step that took much longer or shorter than before, in seconds."""

    kind: str
    name: Untrusted
    before: int
    after: int


class ChangedFile(Result):
    """A file that differs between the commits of two builds."""

    path: Untrusted
    change: str


class BuildComparison(PartialResult):
    """What differs between a build and the last good one before it.

    Attributes:
        good_build: The build that it is compared with; None when there is none.
        good_branch: Its branch, where that is another one.
        commits: The commits that the good build lacks, the newest first.
        same_commit: Whether both built the same commit, so that no code can be the cause; None when that is not known.
        file_count: How many files differ, shown or not.
        pipeline_changed: Whether somebody changed the pipeline itself: its file, a template, its settings, variables,
            a variable group, a service connection, a resource or the pool. "not determined" when nothing was found and
            a part could not be compared.
        diff: What changed in the files of the pipeline.
    """

    web = "{project}/_build/results?buildId={build}"
    caption = "build {build} compared with {good_build}"

    build: int
    good_build: int | None = None
    good_branch: Branch | None = None
    good_finished: Instant | None = None
    same_commit: bool | None = None
    pipeline_changed: Literal["yes", "no", "not determined"] = "not determined"
    pipeline_changes: list[PipelineChange] = Field(default=[])
    commits: list[Commit] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    file_count: int | None = None
    durations: list[Duration] = Field(default=[])
    diff: CollectedText | None = None
    notes: list[Untrusted] = Field(default=[])


class FailedStep(Failure):
    """A step, job or check that failed."""


class ShortTest(Result):
    """A failed test.

    Attributes:
        age: "new" when it passed before, "old" when it failed before, else "unknown".
        flaky: Why it counts as flaky.
    """

    written_by = "builds"

    name: Untrusted
    age: Age
    since_build: int | None = None
    flaky: Untrusted | None = None
    message: Untrusted | None = None

    @classmethod
    def of(cls, test: FailedTest) -> "ShortTest":
        """Return a failed test without its stack trace, and with its message on one line."""
        message = " ".join((test.message or "").split()) or None
        return cls(name=test.name, age=test.age, since_build=test.since_build, flaky=test.flaky, message=message)


class Diagnosis(PartialResult):
    """Why a build failed, as far as the service recorded it.

    Attributes:
        category: The kind of failure; "none" when it did not fail.
        decided_by: The rule that decided about the category, and where its proof stands.
        advice: What to do: run it again, fix it, or escalate it to somebody who may do more.
        elsewhere: How the same pipeline went on the target of the pull request, or on the default branch.
        failed: The steps, jobs and checks that failed.
        earlier: Those that failed in earlier attempts of the build.
        failed_test_count: How many tests failed; None when that is not known.
        log_lines: The lines of the logs that tell why, `number: text` for each, below the place of the log.
        good_build: The last good build; what follows is what changed since then, as `compare_builds` tells it.
    """

    written_by = "builds"
    web = "{project}/_build/results?buildId={build}"
    caption = "build {build}"
    author_fields = ("requested_for",)

    build: int
    pipeline: Untrusted
    result: str
    branch: Branch
    commit: str | None = None
    reason: str | None = None
    requested_for: Untrusted | None = None
    requested_for_id: str | None = Field(default=None, exclude=True)
    queued: Instant | None = None
    finished: Instant | None = None
    category: Kind
    decided_by: Untrusted
    advice: Advice
    elsewhere: Untrusted | None = None
    failed: list[FailedStep] = Field(default=[])
    earlier: list[FailedStep] = Field(default=[])
    failed_test_count: int | None = None
    tests: list[ShortTest] = Field(default=[])
    good_build: int | None = None
    good_branch: Branch | None = None
    good_finished: Instant | None = None
    same_commit: bool | None = None
    pipeline_changed: Literal["yes", "no", "not determined"] = "not determined"
    pipeline_changes: list[PipelineChange] = Field(default=[])
    commits: list[Commit] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    file_count: int | None = None
    durations: list[Duration] = Field(default=[])
    log_lines: CollectedText | None = None
    diff: CollectedText | None = None
    notes: list[Untrusted] = Field(default=[])
