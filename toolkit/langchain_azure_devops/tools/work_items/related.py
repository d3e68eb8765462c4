"""Read what work items are linked to: the names of builds, pull requests, commits, repositories and work items."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.safety.grants import current_call
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import Destination, WorkItemDetail

_BATCH = 200
_MOST_NAMED = 40
_PAGES = {
    "Build/Build": "{project}/_build/results?buildId={target}",
    "Git/PullRequestId": "{project}/_git/{repository}/pullrequest/{target}",
    "Git/Commit": "{project}/_git/{repository}/commit/{target}",
    "Git/Ref": "{project}/_git/{repository}?version={target}",
    "WorkItem": "_workitems/edit/{target}",
}
_REPOSITORY = "Git/Repository"


T = TypeVar("T")


class LinkedPullRequest(BaseModel):
    """A pull request that a link leads to."""

    title: str
    repository: str = Field(validation_alias=AliasPath("repository", "id"))
    project: str = Field(validation_alias=AliasPath("repository", "project", "id"))
    state: str | None = Field(default=None, validation_alias="status")
    author: NamedPerson = Field(default=None, validation_alias="createdBy")
    date: Instant | None = Field(default=None, validation_alias="creationDate")

    @property
    def words(self) -> str:
        """What a person knows it by."""
        return self.title


class LinkedBuild(BaseModel):
    """A build that a link leads to."""

    number: str = Field(validation_alias="buildNumber")
    pipeline: str = Field(validation_alias=AliasPath("definition", "name"))
    status: str | None = None
    result: str | None = None
    author: NamedPerson = Field(default=None, validation_alias="requestedFor")
    date: Instant | None = Field(default=None, validation_alias="queueTime")

    @property
    def state(self) -> str | None:
        """Its result, or its status as long as it has none."""
        return self.result or self.status

    @property
    def words(self) -> str:
        """What a person knows it by."""
        return f"{self.number} of {self.pipeline}"


class LinkedCommit(BaseModel):
    """A commit that a link leads to."""

    comment: str
    signed_by: str | None = Field(default=None, validation_alias=AliasPath("author", "name"))
    signed_with: str | None = Field(default=None, validation_alias=AliasPath("author", "email"))
    date: Instant | None = Field(default=None, validation_alias=AliasPath("author", "date"))

    @property
    def state(self) -> None:
        """A commit has none."""
        return None

    @property
    def author(self) -> str | None:
        """The name and address that the commit is signed with."""
        return f"{self.signed_by} <{self.signed_with}>" if self.signed_by and self.signed_with else self.signed_by

    @property
    def words(self) -> str:
        """The first line of its message."""
        return self.comment.split("\n", 1)[0]


class LinkedRepository(BaseModel):
    """The repository of a commit or branch."""

    id: str
    name: str
    project: str = Field(validation_alias=AliasPath("project", "id"))
    project_name: str = Field(validation_alias=AliasPath("project", "name"))


class LinkedWorkItem(BaseModel):
    """A work item that something leads to."""

    id: int
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))
    author: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.CreatedBy"))
    date: Instant | None = Field(default=None, validation_alias=AliasPath("fields", "System.ChangedDate"))
    parent: int | None = Field(default=None, validation_alias=AliasPath("fields", "System.Parent"))

    @property
    def words(self) -> str:
        """What a person knows it by."""
        return f"{self.type}: {self.title} ({self.state})"


Linked = LinkedPullRequest | LinkedBuild | LinkedCommit | LinkedWorkItem
_FIELDS = [
    f"System.{name}" for name in ("WorkItemType", "Title", "State", "AssignedTo", "CreatedBy", "ChangedDate", "Parent")
]


async def read_build(client: AzureDevOps, project: str, number: int) -> LinkedBuild:
    """Read a build of a project."""
    where: dict[str, str | int | None] = {"project": project, "build": number}
    return decode(await client.get("/{project}/_apis/build/builds/{build}", path=where), LinkedBuild)


async def read_linked_pull_request(client: AzureDevOps, number: int) -> LinkedPullRequest:
    """Read a pull request of the organization."""
    return decode(await client.get("/_apis/git/pullrequests/{id}", path={"id": number}), LinkedPullRequest)


async def read_repository(client: AzureDevOps, project: str, repository: str) -> LinkedRepository:
    """Read a repository by its name or id."""
    where: dict[str, str | int | None] = {"project": project, "repository": repository}
    return decode(await client.get(REPOSITORY, path=where), LinkedRepository)


async def read_commit(client: AzureDevOps, project: str, repository: str, commit: str) -> LinkedCommit:
    """Read a commit of a repository."""
    where: dict[str, str | int | None] = {"project": project, "repository": repository, "commit": commit}
    return decode(await client.get(f"{REPOSITORY}/commits/{{commit}}", path=where), LinkedCommit)


async def read_linked_work_item(client: AzureDevOps, number: int) -> LinkedWorkItem:
    """Read a work item."""
    query = {"fields": ",".join(_FIELDS)}
    return decode(await client.get("/_apis/wit/workitems/{id}", path={"id": number}, query=query), LinkedWorkItem)


async def read_linked_work_items(client: AzureDevOps, numbers: Sequence[int]) -> dict[int, LinkedWorkItem]:
    """Read those work items that can be read, by their ids."""
    found: dict[int, LinkedWorkItem] = {}
    for start in range(0, len(numbers), _BATCH):
        asked = list[JsonValue](numbers[start : start + _BATCH])
        body: dict[str, JsonValue] = {"ids": asked, "fields": [*_FIELDS], "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        found |= {row.id: row for row in decode(answer, Collection[LinkedWorkItem | None]).value if row}
    return found


async def describe_items(client: AzureDevOps, numbers: Sequence[int]) -> dict[int, str]:
    """Return type, title and state of those work items that can be read, by their ids."""
    return {number: item.words for number, item in (await read_linked_work_items(client, numbers)).items()}


class Asked(NamedTuple):
    """Something that a link leads to, and the project of the work item that has the link."""

    here: str
    to: Destination


class Resolved(NamedTuple):
    """What is known of something that a link leads to.

    Attributes:
        found: What it is; None when it could not be read, or has nothing but its name, as a branch.
        repository: Its repository.
        problem: Why a part of this could not be read.
        url: Its web page; None when it does not exist, or has none that is known.
    """

    found: Linked | None = None
    repository: LinkedRepository | None = None
    problem: AzureDevOpsError | None = None
    url: str | None = None


_Answer = Linked | LinkedRepository | dict[int, LinkedWorkItem] | AzureDevOpsError


async def resolve(client: AzureDevOps, wanted: Iterable[Asked], most: int) -> dict[Asked, Resolved]:
    """Read what links lead to: all work items with one request, each other target and each repository with one.

    Args:
        client: Where to ask.
        wanted: What the links lead to.
        most: How many targets and repositories to read at most, without the work items.
    """
    linked = [each for each in dict.fromkeys(wanted) if each.to.kind in _PAGES]
    rooms = [room for each in linked if (room := _room_of(each.to))]
    others = [each for each in linked if each.to.kind not in {"WorkItem", "Git/Ref"}]
    asked = list(dict.fromkeys([*rooms, *others]))[:most]
    numbers = sorted({int(each.to.target) for each in linked if each.to.kind == "WorkItem"})

    async def ask(each: Asked | None) -> _Answer:
        try:
            return await (read_linked_work_items(client, numbers) if each is None else _read(client, each))
        except AzureDevOpsError as error:
            explain_cut(error)
            return error

    answers = (await fan_out([*asked, *([None] if numbers else [])], ask)).done
    return {each: _resolve(client, each, answers) for each in linked}


def _room_of(to: Destination) -> Asked | None:
    """Return the repository in which something is."""
    return Asked("", Destination(_REPOSITORY, to.project, to.repository, "")) if to.repository else None


async def _read(client: AzureDevOps, asked: Asked) -> _Answer:
    to = asked.to
    if to.kind == "Build/Build":
        return await _with_scope(Scope.BUILD, read_build(client, asked.here, int(to.target)))
    if to.kind == _REPOSITORY:
        return await _with_scope(Scope.CODE, read_repository(client, to.project, to.repository))
    if to.kind == "Git/Commit":
        return await _with_scope(Scope.CODE, read_commit(client, to.project, to.repository, to.target))
    return await _with_scope(Scope.CODE, read_linked_pull_request(client, int(to.target)))


async def _with_scope(scope: Scope, part: Awaitable[T]) -> T:
    """Read something that needs a scope of its own, so that a refusal names this scope and not those of the tool."""
    call = current_call.get()
    if call is None:
        return await part
    token = current_call.set(replace(call, scopes=(scope.value,), grant=None))
    try:
        return await part
    finally:
        current_call.reset(token)


def _resolve(client: AzureDevOps, asked: Asked, answers: Mapping[Asked | None, _Answer]) -> Resolved:
    to, room = asked.to, _room_of(asked.to)
    found = answers.get(asked)
    if to.kind == "WorkItem":
        items = answers[None]
        found = items.get(int(to.target)) if isinstance(items, dict) else items
        found = found or NotFound(f"Work item {to.target} cannot be read.", subject=to.target)
    place = answers.get(room) if room else None
    repository = place if isinstance(place, LinkedRepository) else None
    problem = next((each for each in (found, place) if isinstance(each, AzureDevOpsError)), None)
    names = {"project": to.project or asked.here, "repository": to.repository, "target": to.target}
    if repository:
        names |= {"repository": repository.name, "project": repository.project_name}
    page = _PAGES[to.kind].format_map({key: quote(value, safe="") for key, value in names.items()})
    url = None if isinstance(found, NotFound) else f"{client.settings.url('core')}/{page}"
    return Resolved(found if isinstance(found, Linked) else None, repository, problem, url)


async def name_links(client: AzureDevOps, items: Sequence[WorkItemDetail]) -> list[WorkItemDetail]:
    """Return the work items with the names and web pages of what they are linked to.

    A target that cannot be read keeps its id, and a note of the work item names it; one that does not exist has no
    page.
    """
    wanted = [Asked(item.project, link.to) for item in items for link in item.links if link.to]
    answers = await resolve(client, wanted, _MOST_NAMED)
    return [_name_links_of(item, answers) for item in items]


def _name_links_of(item: WorkItemDetail, answers: Mapping[Asked, Resolved]) -> WorkItemDetail:
    links, unread = [], []
    for link in item.links:
        known = answers.get(Asked(item.project, link.to)) if link.to else None
        if known is None:
            links.append(link)
            continue
        if known.problem is not None:
            unread.append(f"{link.kind} {link.target} ({known.problem.status})")
        update = {
            "title": known.found and known.found.words,
            "url": known.url,
            "repository": known.repository.name if known.repository else link.repository,
        }
        links.append(link.model_copy(update=update))
    notes = [f"The names of these links could not be read: {', '.join(unread)}."] if unread else []
    return item.model_copy(update={"links": links, "notes": [*item.notes, *notes]})
