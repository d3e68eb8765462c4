"""The answers of the service that decide whether a pull request can be merged, read at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, Numbered, OrNone, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.policies import Evaluation, read_evaluations
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to
from langchain_azure_devops.tools.pull_requests.review import RawThread, make_thread
from langchain_azure_devops.tools.reviews.threads import UNRESOLVED


class Voter(BaseModel):
    """A reviewer with what decides whether a vote counts."""

    id: str = ""
    name: str = Field(default="", validation_alias="displayName")
    vote: int = 0
    required: bool = Field(default=False, validation_alias="isRequired")
    declined: bool = Field(default=False, validation_alias="hasDeclined")
    is_group: bool = Field(default=False, validation_alias="isContainer")

    @property
    def approves(self) -> bool:
        """Whether the vote is an approval, also with suggestions."""
        return self.vote >= 5

    @property
    def words(self) -> str:
        """Who can act for this reviewer."""
        return f"a member of {self.name}" if self.is_group else self.name


class _Named(BaseModel):
    name: str = Field(validation_alias="displayName")


class _Options(BaseModel):
    strategy: str | None = Field(default=None, validation_alias="mergeStrategy")
    squash: bool | None = Field(default=None, validation_alias="squashMerge")
    ignored: OrNone[int] = Field(default=[], validation_alias="autoCompleteIgnoreConfigIds")


class Target(BaseModel):
    """The target branch as it is now; it has no commit when there is no such branch."""

    name: str
    commit: str | None = Field(default=None, validation_alias="objectId")
    locked: bool = Field(default=False, validation_alias="isLocked")
    locked_by: _Named | None = Field(default=None, validation_alias="isLockedBy")


class MergeState(BaseModel):
    """What a pull request says of its merge beside its own fields."""

    target: str = Field(default="", validation_alias="targetRefName")
    merged_with: str | None = Field(default=None, validation_alias=AliasPath("lastMergeTargetCommit", "commitId"))

    voters: OrNone[Voter] = Field(default=[], validation_alias="reviewers")
    failure: str | None = Field(default=None, validation_alias="mergeFailureMessage")
    failure_type: str | None = Field(default=None, validation_alias="mergeFailureType")
    auto_complete: _Named | None = Field(default=None, validation_alias="autoCompleteSetBy")
    options: _Options | None = Field(default=None, validation_alias="completionOptions")
    closed_by: _Named | None = Field(default=None, validation_alias="closedBy")

    @property
    def ignored(self) -> list[int]:
        """The ids of optional policies for which an automatic completion does not wait."""
        return self.options.ignored if self.options else []

    @property
    def strategy(self) -> str | None:
        """The strategy that was chosen for the merge; None when nothing was chosen."""
        if self.options is None:
            return None
        return self.options.strategy or ("squash" if self.options.squash else None)


class PostedStatus(BaseModel):
    """What another system says of a pull request."""

    id: int
    state: str = "notSet"
    description: str | None = None
    name: str = Field(default="", validation_alias=AliasPath("context", "name"))
    genre: str | None = Field(default=None, validation_alias=AliasPath("context", "genre"))
    by: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "displayName"))
    url: str | None = Field(default=None, validation_alias="targetUrl")
    iteration: int | None = Field(default=None, validation_alias="iterationId")

    @property
    def key(self) -> tuple[str, str]:
        """What says that two statuses are of one check."""
        return (self.genre or "").lower(), self.name.lower()

    @property
    def words(self) -> str:
        """The name of the check."""
        return f"{self.genre}/{self.name}" if self.genre else self.name


class _Conflict(BaseModel):
    path: str = Field(default="", validation_alias="conflictPath")


@dataclass
class Facts:
    """Everything that was read of a pull request. A part that is None could not be read.

    Attributes:
        found: The pull request.
        state: What it says of its merge.
        evaluations: What the policies of its target branch say.
        threads: The threads that people wrote and nobody resolved.
        statuses: The newest status of each check.
        newest: The number of its newest iteration.
        conflicts: The files that conflict.
        target: The target branch.
        unread: The parts that could not be read.
    """

    found: PullRequestDetail
    state: MergeState
    evaluations: list[Evaluation] | None = None
    threads: list[RawThread] | None = None
    statuses: list[PostedStatus] | None = None
    newest: int | None = None
    conflicts: list[str] | None = None
    target: Target | None = None
    unread: list[Failed] = field(default_factory=list)

    def voter(self, id: str) -> Voter | None:
        """Return the reviewer with an id."""
        return next((voter for voter in self.state.voters if voter.id.lower() == id.lower()), None)


async def read_facts(client: AzureDevOps, found: PullRequestDetail, state: MergeState) -> Facts:
    """Read the parts of an active pull request at once. One that cannot be read is named, whatever the reason."""
    where = path_to(found)
    facts = Facts(found, state)

    async def read_policies() -> None:
        facts.evaluations = await read_evaluations(client, found)

    async def read_threads() -> None:
        rows = decode(await client.get(f"{PULL_REQUEST}/threads", path=where), Collection[RawThread]).value
        facts.threads = [row for row in rows if row.status in UNRESOLVED and make_thread(row) is not None]

    async def read_statuses() -> None:
        answer = await client.get(f"{PULL_REQUEST}/statuses", path=where)
        facts.statuses = decode(answer, Collection[PostedStatus]).value

    async def read_newest() -> None:
        rows = decode(await client.get(f"{PULL_REQUEST}/iterations", path=where), Collection[Numbered]).value
        facts.newest = max((row.id for row in rows), default=None)

    async def read_target() -> None:
        # The filter is a prefix of names.
        query: dict[str, QueryValue] = {"filter": state.target.removeprefix("refs/"), "$top": 1000}
        rows = decode(await client.get(f"{REPOSITORY}/refs", path=where, query=query), Collection[Target]).value
        facts.target = next((row for row in rows if row.name == state.target), Target(name=state.target))

    async def read_conflicts() -> None:
        answer = await client.get(f"{PULL_REQUEST}/conflicts", path=where, query={"excludeResolved": True})
        facts.conflicts = [row.path for row in decode(answer, Collection[_Conflict]).value if row.path]

    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "policies": read_policies,
        "threads": read_threads,
        "statuses": read_statuses,
        "iterations": read_newest,
        "target branch": read_target,
    }
    if found.merge_status == "conflicts":
        parts["conflicts"] = read_conflicts

    async def ask(part: str) -> None:
        try:
            await parts[part]()
        except NotSignedIn:
            raise
        except AzureDevOpsError as error:
            # A part that this token may not read is as unknown as one that the service does not give.
            explain_cut(error)
            facts.unread.append(Failed(place=part, status=error.status, reason=error.message))

    await fan_out(parts, ask)
    facts.unread.sort(key=lambda failed: list(parts).index(failed.place))
    facts.statuses = None if facts.statuses is None else _choose_newest(facts.statuses, facts.newest)
    return facts


def _choose_newest(statuses: list[PostedStatus], newest: int | None) -> list[PostedStatus]:
    """Return the newest status of each check, without those of earlier iterations."""
    current: dict[tuple[str, str], PostedStatus] = {}
    for status in sorted(statuses, key=lambda status: status.id):
        if status.iteration is None or newest is None or status.iteration == newest:
            current[status.key] = status
    return list(current.values())
