"""Pull requests: find, read, open and update them."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.declaration import (
    AnyRepository,
    Cursor,
    Ids,
    Limit,
    Project,
    Projects,
    Repository,
    Toolset,
)
from langchain_azure_devops.calls.fan_out import read_by_id
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import list_by_project
from langchain_azure_devops.errors import AlreadyExists, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Page, Records
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import branch_ref, known_repository, place_of
from langchain_azure_devops.tools.pull_requests.branches import LIST, check_branches, check_unique, read_branches
from langchain_azure_devops.tools.pull_requests.completion import UPDATED, complete, require_source_commit
from langchain_azure_devops.tools.pull_requests.merge import read_merge
from langchain_azure_devops.tools.pull_requests.models import OpenedPullRequest, PullRequest, PullRequestDetail
from langchain_azure_devops.tools.pull_requests.people import Person, find_person_id, is_person
from langchain_azure_devops.tools.pull_requests.reading import path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.recovery import find_opened, find_update
from langchain_azure_devops.tools.pull_requests.review import read_review
from langchain_azure_devops.tools.pull_requests.updating import Update, read_current

toolset = Toolset.named("pull_requests", "Find, read, open and update pull requests.")

_CREATE = f"POST {LIST}"
_UPDATE = f"PATCH {UPDATED}"
_NOBODY = (
    "author and reviewer were compared with the names and e-mail addresses of the people on each pull request, as a "
    "token for code cannot look people up."
)

Title = Annotated[str, Field(min_length=1, max_length=400)]
Description = Annotated[str | None, Field(max_length=4000, description="Markdown")]


class _Row(PullRequest):
    """A row with the people that the filters compare; a reader does not need them."""

    by: Person = Field(default_factory=Person, validation_alias="createdBy", exclude=True)
    asked: list[Person] = Field(default=[], validation_alias="reviewers", exclude=True)


@toolset.read(Scope.CODE, default=True, example={})
async def list_pull_requests(
    client: AzureDevOps,
    *,
    repository: AnyRepository = None,
    project: Projects = None,
    status: Literal["active", "completed", "abandoned", "all"] = "active",
    author: Annotated[str | None, Field(description="@Me, name, e-mail or id")] = None,
    reviewer: str | None = None,
    source: Annotated[str | None, Field(description="Branch")] = None,
    target: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PullRequest]:
    """List pull requests, newest first.

    Source: `GET /{project}/_apis/git/pullrequests`, or of one repository; of each project for all.
    """
    author_id, reviewer_id = await find_person_id(client, author), await find_person_id(client, reviewer)
    people = [name and client.secrets.reveal(name) for name in (author, reviewer)]
    keep = _make_people_filter(None if author_id else people[0], None if reviewer_id else people[1])
    query = {
        "searchCriteria.status": status,
        "searchCriteria.creatorId": author_id,
        "searchCriteria.reviewerId": reviewer_id,
        "searchCriteria.sourceRefName": branch_ref(source),
        "searchCriteria.targetRefName": branch_ref(target),
    }

    async def fetch(each: str, most: int, going_on: str | None) -> Page[PullRequest]:
        return await fetch_of({"project": each}, "/{project}/_apis/git/pullrequests", most, going_on)

    async def fetch_of(where: PathValues, template: str, most: int, going_on: str | None) -> Page[PullRequest]:
        # Only a filter made here looks at people; without one they are not even decoded.
        kind = PullRequest if keep is None else _Row
        async with known_repository(client, where):
            return await list_rows(
                client, kind, template, path=where, query=query, limit=most, cursor=going_on, style="skip", keep=keep
            )

    if repository is None:
        page = await list_by_project(
            client, PullRequest, project, fetch, limit, cursor, lambda row: (row.created, row.id)
        )
    else:
        page = await fetch_of(await place_of(client, project, repository), LIST, limit, cursor)
    if keep is not None and not page.items and cursor is None:
        page.notes.append(_NOBODY)
    return page


@toolset.read(
    Scope.CODE,
    default=True,
    example={"ids": [16], "include": ["files", "threads", "diff"]},
    more_examples=({"ids": [9], "include": ["files", "threads", "diff", "votes"]}, {"ids": [17, 13]}),
)
async def get_pull_request(
    client: AzureDevOps,
    *,
    ids: Ids,
    include: list[Literal["files", "threads", "diff", "votes"]] = [],  # noqa: B006 - read only, the schema's default
) -> PullRequestDetail | Records[PullRequestDetail]:
    """Read pull requests: description, votes, work items; on request files, threads, diff, dates of votes.

    Source: `GET /_apis/git/pullrequests/{id}` and the resources below it.
    """

    async def read(id: int) -> PullRequestDetail:
        found = await read_pull_request(client, id)
        where: PathValues = {"project": found.project_id, "repository": found.repository_id, "pull_request": id}
        return found.model_copy(update=await read_review(client, where, frozenset(include), found.reviewers))

    return await read_by_id(PullRequestDetail, ids, read)


@toolset.write(
    Scope.CODE_WRITE,
    default=True,
    destructive=False,
    sends=_CREATE,
    targets=("project", "repository", "source", "target", "work_items"),
    contents=("title", "description", "draft"),
    current=read_merge,
    recover=find_opened,
    makes="pull request",
    example={"repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Rota"},
)
async def create_pull_request(
    client: AzureDevOps,
    *,
    repository: Repository,
    source: Annotated[str, Field(description="Branch")],
    target: str,
    title: Title,
    description: Description = None,
    draft: bool = False,
    work_items: list[int] = [],  # noqa: B006 - read only, and the schema's default
    project: Project = None,
) -> OpenedPullRequest:
    """Open a pull request.

    Source: `POST .../pullrequests`.
    """
    project = await client.required_project(project)
    references: list[JsonValue] = [{"id": str(number)} for number in work_items]
    body: dict[str, JsonValue] = {
        "sourceRefName": branch_ref(source),
        "targetRefName": branch_ref(target),
        "title": title,
        "isDraft": draft,
    }
    if description is not None:
        body["description"] = description
    if references:
        body["workItemRefs"] = references
    where = {"project": project, "repository": repository}
    async with known_repository(client, where):
        try:
            response = await client.post(LIST, body, path=where)
        except AlreadyExists:
            await check_unique(client, where, source, target)
            raise
        except InvalidRequest:
            check_branches(repository, await read_branches(client, where, [source, target]), [source, target])
            raise
    return decode(response, OpenedPullRequest)


@toolset.write(
    Scope.CODE_WRITE,
    default=True,
    idempotent=True,
    sends=_UPDATE,
    targets=("id", "target", "status", "source_commit"),
    contents=("title", "description", "draft"),
    current=read_current,
    recover=find_update,
    empty_clears=True,
    example={"id": 16, "title": "Another title"},
)
async def update_pull_request(
    client: AzureDevOps,
    *,
    id: int,
    title: Title | None = None,
    description: Description = None,
    target: str | None = None,
    draft: bool | None = None,
    status: Literal["active", "abandoned", "completed"] | None = None,
    source_commit: Annotated[str | None, Field(description="To complete (merge): from get_pull_request")] = None,
) -> PullRequestDetail:
    """Change a pull request; only what is given changes. update_work_item links work items to it.

    Source: `PATCH .../pullrequests/{id}`.
    """
    update = Update(title, description, target, draft, status, source_commit)
    update.check_arguments()
    if status == "completed":
        return await complete(client, id, require_source_commit(source_commit))
    current = await read_pull_request(client, id)
    await update.check(client, current)
    response = await client.post(UPDATED, update.body, path=path_to(current), method="PATCH")
    return decode(response, PullRequestDetail)


def _make_people_filter(author: str | None, reviewer: str | None) -> Callable[[PullRequest], bool] | None:
    """Make a filter by people. The service filters by id only, and few tokens have the scope to look up a name."""
    if author is None and reviewer is None:
        return None

    def keep(row: PullRequest) -> bool:
        assert isinstance(row, _Row)  # noqa: S101 - what is decoded when there is a filter
        by_author = author is None or is_person(author, row.by)
        return by_author and (reviewer is None or any(is_person(reviewer, person) for person in row.asked))

    return keep
