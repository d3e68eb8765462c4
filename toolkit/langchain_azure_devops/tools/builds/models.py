"""Builds and their logs as readers need them."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.results.models import (
    Branch,
    InProject,
    Instant,
    Lines,
    PartialResult,
    Result,
    Untrusted,
    UntrustedText,
)
from langchain_azure_devops.tools.builds.timeline import Failure, Stage, Step


def _messages(value: object) -> object:
    """Reduce the validation results of a build to their messages."""
    if not isinstance(value, list):
        return [] if value is None else value
    return [entry.get("message") or "" if isinstance(entry, dict) else entry for entry in value]


_Messages = Annotated[list[Untrusted], BeforeValidator(_messages)]


class Build(Result):
    """A build as a reader of a list needs it."""

    singular, plural = "build", "builds"
    web = "{project}/_build/results?buildId={id}"
    author_fields = ("requested_for",)

    id: int
    project: InProject = None
    pipeline: Untrusted = Field(validation_alias=AliasPath("definition", "name"))
    status: str
    result: str | None = None
    branch: Branch | None = Field(default=None, validation_alias="sourceBranch")
    requested_for: Untrusted | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))
    requested_for_id: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "id"), exclude=True)
    queued: Instant | None = Field(default=None, validation_alias="queueTime")


class Change(Result):
    """A commit that is new in this build."""

    author_fields = ("author",)

    commit: str = Field(validation_alias="id")
    author: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"), exclude=True)
    message: Untrusted | None = None


class BuildDetail(Build, PartialResult):
    """A build with its stages and what failed."""

    number: Untrusted | None = Field(default=None, validation_alias="buildNumber")
    reason: str | None = None
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    repository: Untrusted | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    validation: _Messages = Field(default=[], validation_alias="validationResults")
    stages: list[Stage] = Field(default=[])
    failed: list[Failure] = Field(default=[])
    steps: list[Step] = Field(default=[])
    note: str | None = None
    changes: list[Change] = Field(default=[])


class BuildLog(Lines):
    """Lines of a build log, without their time stamps."""

    written_by = "builds"
    web = "{project}/_build/results?buildId={build}&view=logs"

    build: int
    log: int
    notes: list[str] = Field(default=[])


class LogMatches(PartialResult):
    """Lines of a build log that contain the words, with their numbers and the lines around them.

    Attributes:
        matching: How many lines hold them, shown or not, as far as the log was read.
        note: The parts that were not shown or not read, and how to go on.
        lines: `number: text` for a line that holds the words, `number- text` for one around it.
    """

    written_by = "builds"
    web = "{project}/_build/results?buildId={build}&view=logs"

    build: int
    log: int
    matching: int
    total_lines: int | None
    note: str | None = None
    lines: UntrustedText
