"""What a comparison and a diagnosis of builds tell."""

from typing import Literal

from pydantic import Field

from langchain_azure_devops.results.models import Branch, CollectedText, Instant, PartialResult, Result, Untrusted
from langchain_azure_devops.tools.history.models import Commit

PartKind = Literal[
    "pipeline file",
    "template",
    "template repository",
    "settings",
    "variables",
    "parameters",
    "variable group",
    "service connection",
    "task version",
    "pool",
    "agent image",
    "agent version",
]


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


class Duration(Result):
    """A stage that took much longer or shorter than before, in seconds."""

    stage: Untrusted
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
        commits: The commits between them, the newest first.
        pipeline_changed: Whether the pipeline itself was changed: its file, a template, its settings, variables,
            variable groups, service connections, versions of tasks, the pool or the agent. "not determined" when
            nothing was found and a part could not be compared.
        diff: What changed in the files of the pipeline.
    """

    web = "{project}/_build/results?buildId={build}"
    caption = "build {build} compared with {good_build}"

    build: int
    good_build: int | None = None
    good_branch: Branch | None = None
    good_finished: Instant | None = None
    pipeline_changed: Literal["yes", "no", "not determined"] = "not determined"
    pipeline_changes: list[PipelineChange] = Field(default=[])
    commits: list[Commit] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    durations: list[Duration] = Field(default=[])
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])
