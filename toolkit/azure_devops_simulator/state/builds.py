"""Build definitions, builds, their timelines and their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project, Repository
from azure_devops_simulator.state.values import LATER, JsonObject, check_word, guid

Status = Literal["notStarted", "inProgress", "cancelling", "completed"]
Result = Literal["succeeded", "partiallySucceeded", "failed", "canceled"]
Reason = Literal["manual", "individualCI", "batchedCI", "schedule", "pullRequest"]
RecordType = Literal["Stage", "Phase", "Job", "Task", "Checkpoint", "Checkpoint.Approval"]
RecordState = Literal["pending", "inProgress", "completed"]
RecordResult = Literal["succeeded", "succeededWithIssues", "failed", "canceled", "skipped", "abandoned"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class DefinitionVersion:
    """What a pipeline was in one of its revisions, who made that revision and when."""

    revision: int
    by: User
    when: datetime
    name: str
    folder: str
    repository: Repository
    yaml_path: str
    default_branch: str
    pool: str
    settings: JsonObject


@dataclass
class Definition:
    """A YAML pipeline. `folder` is written with backslashes; the root is a single one.

    `settings` are parts of a definition that are kept and shown and have no effect here, such as its description.
    `changed` and `changed_by` tell of the current revision, unless that is the first. `earlier` are those before it.
    """

    id: int
    project: Project
    name: str
    repository: Repository
    yaml_path: str
    author: User
    created: datetime
    folder: str = "\\"
    revision: int = 1
    default_branch: str = "refs/heads/main"
    pool: str = "Azure Pipelines"
    changed: datetime | None = None
    settings: JsonObject = field(default_factory=dict)
    changed_by: User | None = field(default=None, metadata=LATER)
    earlier: list[DefinitionVersion] = field(default_factory=list, metadata=LATER)

    @property
    def version(self) -> DefinitionVersion:
        """The current revision."""
        return DefinitionVersion(
            self.revision,
            self.changed_by or self.author,
            self.changed or self.created,
            self.name,
            self.folder,
            self.repository,
            self.yaml_path,
            self.default_branch,
            self.pool,
            self.settings,
        )

    def at(self, revision: int) -> Definition | None:
        """Return the pipeline as it was in a revision; None where that is not kept."""
        if revision == self.revision:
            return self
        for was in self.earlier:
            if was.revision == revision:
                return replace(
                    self,
                    name=was.name,
                    folder=was.folder,
                    repository=was.repository,
                    yaml_path=was.yaml_path,
                    default_branch=was.default_branch,
                    pool=was.pool,
                    settings=was.settings,
                    revision=revision,
                    changed=was.when,
                    changed_by=was.by,
                )
        return None


@dataclass(frozen=True)
class Issue:
    """An error or warning of a timeline record. `line` is its line in the log."""

    type: Literal["error", "warning"]
    message: str
    line: int | None = None
    category: str = "General"


@dataclass
class Record:
    """One node of a timeline. `id` and `parent` are guids; `log` is the number of its log."""

    id: str
    parent: str | None
    type: RecordType
    name: str
    identifier: str
    order: int
    state: RecordState
    result: RecordResult | None = None
    start: datetime | None = None
    finish: datetime | None = None
    log: int | None = None
    issues: list[Issue] = field(default_factory=list)
    worker: str | None = None
    task: tuple[str, str] | None = None
    """Name and version of the task, for tasks that are not scripts."""
    attempt: int = 1


@dataclass
class Log:
    """A log. It stores lines without their times, which follow from `start` and `seconds`.

    `messages` may be any sequence, even one that makes a line when it is read. `written` is the number of lines so far
    while the step runs; None means all.
    """

    id: int
    start: datetime
    seconds: float
    messages: Sequence[str]
    written: int | None = None

    @property
    def line_count(self) -> int:
        """How many lines the log has so far."""
        return len(self.messages) if self.written is None else self.written

    @property
    def end(self) -> datetime:
        """The time of the last line."""
        part = 1.0 if self.written is None else self.written / max(len(self.messages), 1)
        return self.start + timedelta(seconds=self.seconds * part)

    def lines(self, first: int = 1, last: int | None = None) -> Iterator[str]:
        """Yield lines `first` to `last`, both included and counted from 1, each with its time."""
        end = self.line_count if last is None else min(last, self.line_count)
        ticks = int((self.start - _EPOCH) / timedelta(microseconds=1))
        step = self.seconds * 1_000_000 / max(len(self.messages), 1)
        for number in range(max(first, 1), end + 1):
            # The service writes seven digits of a second. The last one is that of the line number.
            seconds, micros = divmod(ticks + int(step * (number - 1)), 1_000_000)
            moment = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
            yield f"{moment}.{micros:06d}{number % 10}Z {self.messages[number - 1]}"


@dataclass
class Artifact:
    """The name and the files of something that a build published."""

    id: int
    name: str
    files: dict[str, bytes]

    @property
    def size(self) -> int:
        """The total size of the files in bytes."""
        return sum(len(content) for content in self.files.values())


@dataclass
class Course:
    """The planned course of an unfinished build: its final timeline, logs and result."""

    start: datetime
    finish: datetime
    result: Result
    records: list[Record]
    logs: dict[int, Log]


@dataclass
class Attempt:
    """The timeline of a build as it was before some of its records ran again. `id` is a guid."""

    id: str
    records: list[Record]


@dataclass
class Build:
    """A build. `records` is None until it starts. `course` is the part that the clock has yet to reveal."""

    id: int
    definition: Definition
    number: str
    revision: int
    status: Status
    queued: datetime
    source_branch: str
    source_version: str
    requested_for: User
    requested_by: User
    reason: Reason = "manual"
    result: Result | None = None
    start: datetime | None = None
    finish: datetime | None = None
    changed: datetime | None = None
    parameters: str | None = None
    template_parameters: JsonObject = field(default_factory=dict)
    variables: dict[str, JsonObject] = field(default_factory=dict)
    """The variables that were given with the run: `value`, and `isSecret` for a secret one."""
    skipped_stages: list[str] = field(default_factory=list)
    trigger_info: JsonObject = field(default_factory=dict)
    validation: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    records: list[Record] | None = None
    logs: dict[int, Log] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    keep_forever: bool = False
    properties: JsonObject = field(default_factory=dict)
    """Values that clients attached to the build."""
    deleted: datetime | None = None
    deleted_by: User | None = None
    course: Course | None = None
    changed_by: User | None = field(default=None, metadata=LATER)
    """Who changed it last; None when nobody did since it was requested."""
    definition_revision: int = field(default=1, metadata=LATER)
    """The revision of the pipeline with which it was queued."""
    resources: JsonObject = field(default_factory=dict, metadata=LATER)
    """What it used beside its own repository: `repositories`, `pipelines` and `containers` by their aliases."""
    attempts: list[Attempt] = field(default_factory=list, metadata=LATER)
    """Its timelines before each retry, oldest first."""

    @property
    def queued_definition(self) -> Definition:
        """The pipeline as it was when the build was queued, as far as that is kept."""
        return self.definition.at(self.definition_revision) or self.definition

    @property
    def uri(self) -> str:
        """The address by which a work item links to the build."""
        return f"vstfs:///Build/Build/{self.id}"

    @property
    def plan(self) -> str:
        """The guid of its orchestration plan, which is also the guid of its timeline."""
        return guid(f"build/{self.id}/plan")


class BuildStore:
    """Definitions and builds of an organization, by id. Deleted builds of existing definitions are apart.

    `counters` hold the last numbers given. `shown_at` is the time for which the builds were last brought up to date.
    """

    def __init__(self) -> None:
        self.definitions: dict[int, Definition] = {}
        self.builds: dict[int, Build] = {}
        self.deleted: dict[int, Build] = {}
        self.counters: Counter[str] = Counter()
        self.shown_at: datetime | None = None
        self._under_way: list[Build] = []

    def add_definition(
        self,
        repository: Repository,
        name: str,
        yaml_path: str,
        *,
        author: User,
        when: datetime,
        folder: str = "\\",
        pool: str = "Azure Pipelines",
    ) -> Definition:
        """Add a pipeline for a YAML file of a repository."""
        number = self._next("definition")
        definition = Definition(
            number, repository.project, name, repository, yaml_path, author, when, folder=folder, pool=pool
        )
        self.definitions[number] = definition
        return definition

    def add_build(
        self,
        definition: Definition,
        *,
        branch: str,
        version: str,
        by: User,
        when: datetime,
        reason: Reason = "manual",
        requested_for: User | None = None,
    ) -> Build:
        """Queue a build. Its number is the date and a count for that day.

        Raises:
            ValueError: the reason does not exist.
        """
        check_word("reason", reason, get_args(Reason))
        number = self._next("build")
        day = f"{when:%Y%m%d}"
        revision = self._next(f"{definition.id}/{day}")
        build = Build(
            id=number,
            definition=definition,
            number=f"{day}.{revision}",
            revision=revision,
            status="notStarted",
            queued=when,
            changed=when,
            source_branch=branch,
            source_version=version,
            requested_for=requested_for or by,
            requested_by=by,
            reason=reason,
            definition_revision=definition.revision,
        )
        self.builds[number] = build
        return build

    def remove_definition(self, definition: Definition) -> None:
        """Remove a pipeline with its builds."""
        for builds in (self.builds, self.deleted):
            for build in [build for build in builds.values() if build.definition is definition]:
                build.course = None
                del builds[build.id]
        del self.definitions[definition.id]

    def remove(self, build: Build, by: User, when: datetime) -> None:
        """Delete a build. Only lists that ask for deleted builds still show it."""
        build.deleted, build.deleted_by, build.changed, build.course = when, by, when, None
        self.deleted[build.id] = self.builds.pop(build.id)

    def _next(self, kind: str) -> int:
        self.counters[kind] += 1
        return self.counters[kind]

    def under_way(self) -> list[Build]:
        """Return the builds that still change with the clock."""
        self._under_way = [build for build in self._under_way if build.course]
        return self._under_way

    def watch(self, build: Build) -> None:
        """Let a build change with the clock."""
        self.shown_at = None
        if all(known is not build for known in self._under_way):
            self._under_way.append(build)

    def of(self, definition: Definition) -> list[Build]:
        """Return the builds of a definition, newest first."""
        return [build for build in reversed(self.builds.values()) if build.definition is definition]

    def previous(self, build: Build) -> Build | None:
        """Return the completed build of the same definition and branch before this one."""
        for other in self.of(build.definition):
            if other.id < build.id and other.source_branch == build.source_branch and other.status == "completed":
                return other
        return None
