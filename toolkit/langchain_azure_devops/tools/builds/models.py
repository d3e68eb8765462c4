"""Builds and their logs as readers need them."""

from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.results.models import (
    Branch,
    CollectedText,
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
    """Reduce the validation results of a build to their messages; a result without one says nothing."""
    if not isinstance(value, list):
        return [] if value is None else value
    found = [entry.get("message") if isinstance(entry, dict) else entry for entry in value]
    return [message for message in found if message]


_Messages = Annotated[list[Untrusted], BeforeValidator(_messages)]


class Build(Result):
    """A build as a reader of a list needs it."""

    singular, plural = "build", "builds"
    web = "{project}/_build/results?buildId={id}"
    caption = "build {id}"
    web_list = "{project}/_build"
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

    web = "{project}/_git/{git_repository}/commit/{commit}"
    author_fields = ("author",)

    commit: str = Field(validation_alias="id")
    author: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "displayName"))
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"), exclude=True)
    message: Untrusted | None = None


class BuildDetail(Build, PartialResult):
    """A build with its stages and what failed.

    Attributes:
        log_lines: The lines of the logs that tell why, `number: text` for each, below the place of the log.
    """

    web_names = ("git_repository",)

    number: Untrusted | None = Field(default=None, validation_alias="buildNumber")
    reason: str | None = None
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    repository: Untrusted | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    repository_type: str | None = Field(default=None, validation_alias=AliasPath("repository", "type"), exclude=True)
    started: Instant | None = Field(default=None, validation_alias="startTime")
    finished: Instant | None = Field(default=None, validation_alias="finishTime")
    validation: _Messages = Field(default=[], validation_alias="validationResults")
    stages: list[Stage] = Field(default=[])
    failed: list[Failure] = Field(default=[])
    steps: list[Step] = Field(default=[])
    note: str | None = None
    changes: list[Change] = Field(default=[])
    log_lines: CollectedText | None = None

    @property
    def git_repository(self) -> str | None:
        """The name of the repository if it belongs to the organization; the pages of others are elsewhere."""
        return self.repository if self.repository_type == "TfsGit" else None


_LOG_PAGE = "{project}/_build/results?buildId={build}&view=logs&j={job}&t={task}"


class BuildLog(Lines):
    """Lines of a build log, without their time stamps.

    Attributes:
        job: The id of the job in the timeline, which the web page needs; None when the log belongs to no step.
        task: The id of the step.
    """

    written_by = "builds"
    web = _LOG_PAGE
    web_lines = "&l={line}"
    caption = "log {log} of build {build}"

    build: int
    log: int
    job: str | None = Field(default=None, exclude=True)
    task: str | None = Field(default=None, exclude=True)
    notes: list[str] = Field(default=[])


class LogPart(PartialResult):
    """Lines of a build log that do not follow one another, each with its number.

    Attributes:
        job: The id of the job in the timeline, which the web page needs; None when the log belongs to no step.
        task: The id of the step.
        total_lines: How many lines the log has; None when that is not known.
        note: The parts that were not shown or not read, and how to go on.
    """

    written_by = "builds"
    web = _LOG_PAGE
    web_lines = "&l={line}"
    numbered = True
    caption = "log {log} of build {build}"

    build: int
    log: int
    job: str | None = Field(default=None, exclude=True)
    task: str | None = Field(default=None, exclude=True)
    total_lines: int | None
    note: str | None = None


class LogFailures(LogPart):
    """The lines of a build log that tell why a step failed.

    Attributes:
        lines: `number: text` for each line, without time stamps and colours; long lines are cut.
    """

    lines: UntrustedText


class LogMatches(LogPart):
    """Lines of a build log that contain the words, with the lines around them.

    Attributes:
        matching: How many lines hold them, shown or not, as far as the log was read.
        lines: `number: text` for a line that holds the words, `number- text` for one around it.
    """

    matching: int
    lines: UntrustedText
