"""Read what work items are linked to: the names of builds, pull requests, commits, repositories and work items."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.git import REPOSITORY
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


class LinkedPullRequest(BaseModel):
    """A pull request that a link leads to."""

    title: str
    repository: str = Field(validation_alias=AliasPath("repository", "id"))
    project: str = Field(validation_alias=AliasPath("repository", "project", "id"))


class LinkedBuild(BaseModel):
    """A build that a link leads to."""

    number: str = Field(validation_alias="buildNumber")
    pipeline: str = Field(validation_alias=AliasPath("definition", "name"))

    @property
    def words(self) -> str:
        """What a person knows it by."""
        return f"{self.number} of {self.pipeline}"


class LinkedCommit(BaseModel):
    """A commit that a link leads to."""

    comment: str

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

    @property
    def words(self) -> str:
        """What a person knows it by."""
        return f"{self.type}: {self.title} ({self.state})"


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


async def read_linked_work_items(client: AzureDevOps, numbers: Sequence[int]) -> dict[int, LinkedWorkItem]:
    """Read those work items that can be read, by their ids."""
    found: dict[int, LinkedWorkItem] = {}
    for start in range(0, len(numbers), _BATCH):
        asked = list[JsonValue](numbers[start : start + _BATCH])
        fields: list[JsonValue] = ["System.WorkItemType", "System.Title", "System.State"]
        body: dict[str, JsonValue] = {"ids": asked, "fields": fields, "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        found |= {row.id: row for row in decode(answer, Collection[LinkedWorkItem | None]).value if row}
    return found


async def describe_items(client: AzureDevOps, numbers: Sequence[int]) -> dict[int, str]:
    """Return type, title and state of those work items that can be read, by their ids."""
    return {number: item.words for number, item in (await read_linked_work_items(client, numbers)).items()}


class _Asked(NamedTuple):
    """What is read for the names of links: something that a link leads to, or the repository where that is."""

    here: str
    to: Destination


_Answer = str | LinkedRepository | dict[int, str] | AzureDevOpsError


async def name_links(client: AzureDevOps, items: Sequence[WorkItemDetail]) -> list[WorkItemDetail]:
    """Return the work items with the names and web pages of what they are linked to.

    All work items that they lead to are read with one request, each other target with one. A target that cannot be read
    keeps its id, and a note of the work item names it; one that does not exist has no page.
    """
    linked = [(item, link.to) for item in items for link in item.links if link.to and link.to.kind in _PAGES]
    others = [_Asked(item.project, to) for item, to in linked if to.kind != "WorkItem"]
    rooms = [_Asked("", Destination(_REPOSITORY, to.project, to.repository, "")) for _, to in linked if to.repository]
    wanted = list(dict.fromkeys(each for each in [*rooms, *others] if each.to.kind != "Git/Ref"))[:_MOST_NAMED]
    numbers = sorted({int(to.target) for _, to in linked if to.kind == "WorkItem"})

    async def ask(each: _Asked | None) -> _Answer:
        try:
            return await (describe_items(client, numbers) if each is None else _read_name(client, each))
        except AzureDevOpsError as error:
            explain_cut(error)
            return error

    answers = (await fan_out([*wanted, *([None] if numbers else [])], ask)).done
    return [_name_links_of(client, item, answers) for item in items]


async def _read_name(client: AzureDevOps, asked: _Asked) -> _Answer:
    to = asked.to
    if to.kind == _REPOSITORY:
        return await read_repository(client, to.project, to.repository)
    if to.kind == "Build/Build":
        return (await read_build(client, asked.here, int(to.target))).words
    if to.kind == "Git/Commit":
        return (await read_commit(client, to.project, to.repository, to.target)).words
    return (await read_linked_pull_request(client, int(to.target))).title


def _name_links_of(client: AzureDevOps, item: WorkItemDetail, answers: dict[_Asked | None, _Answer]) -> WorkItemDetail:
    links, unread = [], []
    for link in item.links:
        to = link.to
        if to is None or to.kind not in _PAGES:
            links.append(link)
            continue
        name = _find_name(item, to, answers)
        room = answers.get(_Asked("", Destination(_REPOSITORY, to.project, to.repository, "")))
        known = {"repository": room.name, "project": room.project_name} if isinstance(room, LinkedRepository) else {}
        problem = next((each for each in (name, room) if isinstance(each, AzureDevOpsError)), None)
        if problem is not None:
            unread.append(f"{link.kind} {link.target} ({problem.status})")
        names = {"project": to.project or item.project, "repository": to.repository, "target": to.target, **known}
        page = _PAGES[to.kind].format_map({key: quote(value, safe="") for key, value in names.items()})
        found = {
            "title": name if isinstance(name, str) else None,
            "url": None if isinstance(name, NotFound) else f"{client.settings.url('core')}/{page}",
            "repository": known.get("repository", link.repository),
        }
        links.append(link.model_copy(update=found))
    notes = [f"The names of these links could not be read: {', '.join(unread)}."] if unread else []
    return item.model_copy(update={"links": links, "notes": [*item.notes, *notes]})


def _find_name(
    item: WorkItemDetail, to: Destination, answers: dict[_Asked | None, _Answer]
) -> str | AzureDevOpsError | None:
    """Return the name of what a link leads to, why it is not known, or None for what has no other name."""
    if to.kind == "WorkItem":
        titles = answers.get(None)
        if not isinstance(titles, dict):
            return titles if isinstance(titles, AzureDevOpsError) else None
        return titles.get(int(to.target)) or NotFound(f"Work item {to.target} cannot be read.", subject=to.target)
    found = answers.get(_Asked(item.project, to))
    return found if isinstance(found, str | AzureDevOpsError) else None
