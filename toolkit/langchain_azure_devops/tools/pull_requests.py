"""Pull requests: find, read, open and update them."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.paging import list_rows
from langchain_azure_devops.pull_request_review import ChangedFile, Thread, review_of
from langchain_azure_devops.results import Branch, Instant, Page, Result, Untrusted, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.repositories import REPOSITORY, known_repository
from langchain_azure_devops.toolset import Cursor, Limit, Project, Repository, Toolset

toolset = Toolset.named("pull_requests", "Find, read, open and update pull requests.")

_VOTES = {10: "approved", 5: "approved with suggestions", 0: "no vote", -5: "waits for the author", -10: "rejected"}
_CREATE = f"POST {REPOSITORY}/pullrequests"
_UPDATE = f"PATCH {REPOSITORY}/pullrequests/{{pull_request}}"


class PullRequest(Result):
    """A pull request as a reader of a list needs it."""

    plural = "pull requests"

    id: int = Field(validation_alias="pullRequestId")
    title: Untrusted
    author: Untrusted = Field(validation_alias=AliasPath("createdBy", "displayName"))
    repository: Untrusted = Field(validation_alias=AliasPath("repository", "name"))
    source: Branch = Field(validation_alias="sourceRefName")
    target: Branch = Field(validation_alias="targetRefName")
    status: str
    draft: bool = Field(default=False, validation_alias="isDraft")
    created: Instant = Field(validation_alias="creationDate")


class Reviewer(Result):
    """Somebody who was asked to review, and the vote."""

    name: Untrusted = Field(validation_alias="displayName")
    vote: str
    required: bool = Field(default=False, validation_alias="isRequired")


class PullRequestDetail(PullRequest):
    """A pull request with all that belongs to it."""

    project: Untrusted = Field(validation_alias=AliasPath("repository", "project", "name"))
    closed: Instant | None = Field(default=None, validation_alias="closedDate")
    merge_status: str | None = Field(default=None, validation_alias="mergeStatus")
    source_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeSourceCommit", "commitId"))
    merge_commit: str | None = Field(default=None, validation_alias=AliasPath("lastMergeCommit", "commitId"))
    reviewers: list[Reviewer] = Field(default=[], validation_alias="votes")
    work_items: list[int] = Field(default=[])
    files: list[ChangedFile] = Field(default=[])
    threads: list[Thread] = Field(default=[])
    description: UntrustedText | None = None
    diff: UntrustedText | None = None
    notes: list[str] = Field(default=[])


class _Person(BaseModel):
    name: str = Field(default="", validation_alias=AliasPath("displayName"))
    unique_name: str = Field(default="", validation_alias=AliasPath("uniqueName"))
    id: str = ""


class _Row(PullRequest):
    """A row with what the filters look at and a reader does not need."""

    by: _Person = Field(default_factory=_Person, validation_alias="createdBy", exclude=True)
    asked: list[_Person] = Field(default=[], validation_alias="reviewers", exclude=True)


@toolset.read(Scope.CODE)
async def list_pull_requests(
    client: AzureDevOps,
    repository: Annotated[str | None, Field(description="Default: all of the project")] = None,
    project: Project = None,
    status: Literal["active", "completed", "abandoned", "all"] = "active",
    author: Annotated[str | None, Field(description="Name, e-mail or id")] = None,
    reviewer: str | None = None,
    source: Annotated[str | None, Field(description="Branch")] = None,
    target: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PullRequest]:
    """List pull requests, newest first.

    Source: `GET /{project}/_apis/git/pullrequests`, or of one repository.
    """
    project = await client.required_project(project)
    template = "/{project}/_apis/git/pullrequests" if repository is None else f"{REPOSITORY}/pullrequests"
    keep = _involving(author, reviewer)
    async with known_repository(client, project, repository or ""):
        page = await list_rows(
            client,
            _Row,
            template,
            path={"project": project, "repository": repository},
            query={
                "searchCriteria.status": status,
                "searchCriteria.sourceRefName": _ref(source),
                "searchCriteria.targetRefName": _ref(target),
            },
            limit=limit,
            cursor=cursor,
            style="skip",
            keep=keep,
        )
    return page  # type: ignore[return-value] # a page of a subclass is a page of its base: rows are never put in


@toolset.read(Scope.CODE)
async def get_pull_request(
    client: AzureDevOps,
    id: Annotated[int, Field(ge=1)],
    include: list[Literal["files", "threads", "diff"]] = [],  # noqa: B006 - read only, and the schema's default
) -> PullRequestDetail:
    """Read a pull request: description, votes, work items; on request files, threads, diff.

    Source: `GET /_apis/git/pullrequests/{id}` and what hangs below it.
    """
    response = await client.get("/_apis/git/pullrequests/{pull_request}", path={"pull_request": id})
    raw = response.json()
    where = {"project": raw["repository"]["project"]["id"], "repository": raw["repository"]["id"], "pull_request": id}
    review = await review_of(client, where, frozenset(include))
    votes = [{**entry, "vote": _VOTES.get(entry.get("vote", 0), str(entry.get("vote")))} for entry in raw["reviewers"]]
    # The service's own lists under these names have other shapes.
    plain = {name: value for name, value in raw.items() if name not in {"reviewers", "workItemRefs"}}
    return PullRequestDetail.model_validate({**plain, "votes": votes, **review})


@toolset.write(Scope.CODE_WRITE, sends=_CREATE)
async def create_pull_request(
    client: AzureDevOps,
    repository: Repository,
    source: Annotated[str, Field(description="Branch")],
    target: str,
    title: Annotated[str, Field(min_length=1, max_length=400)],
    description: Annotated[str | None, Field(max_length=4000)] = None,
    draft: bool = False,
    work_items: list[int] = [],  # noqa: B006 - read only, and the schema's default
    project: Project = None,
) -> PullRequest:
    """Open a pull request.

    Source: `POST .../pullrequests`.
    """
    project = await client.required_project(project)
    references: list[JsonValue] = [{"id": str(number)} for number in work_items]
    body: dict[str, JsonValue] = {
        "sourceRefName": _ref(source),
        "targetRefName": _ref(target),
        "title": title,
        "isDraft": draft,
    }
    if description is not None:
        body["description"] = description
    if references:
        body["workItemRefs"] = references
    async with known_repository(client, project, repository):
        response = await client.post(
            f"{REPOSITORY}/pullrequests", body, path={"project": project, "repository": repository}
        )
    return PullRequest.model_validate_json(response.content)


@toolset.write(Scope.CODE_WRITE, sends=_UPDATE)
async def update_pull_request(
    client: AzureDevOps,
    id: Annotated[int, Field(ge=1)],
    title: Annotated[str | None, Field(min_length=1, max_length=400)] = None,
    description: Annotated[str | None, Field(max_length=4000)] = None,
    target: str | None = None,
    draft: bool | None = None,
    status: Annotated[
        Literal["active", "abandoned", "completed"] | None, Field(description="completed merges it")
    ] = None,
) -> PullRequest:
    """Change a pull request; only what is given changes.

    Source: `PATCH .../pullrequests/{id}`.
    """
    given = {
        "title": title,
        "description": description,
        "targetRefName": _ref(target),
        "isDraft": draft,
        "status": status,
    }
    body: dict[str, JsonValue] = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise InvalidRequest("Nothing to change was given.", subject="arguments")
    response = await client.get("/_apis/git/pullrequests/{pull_request}", path={"pull_request": id})
    current = response.json()
    if status == "completed":
        # The service merges only what the caller has seen: the tip at the time of reading.
        body["lastMergeSourceCommit"] = {"commitId": current["lastMergeSourceCommit"]["commitId"]}
    repository = current["repository"]
    response = await client.post(
        f"{REPOSITORY}/pullrequests/{{pull_request}}",
        body,
        path={"project": repository["project"]["id"], "repository": repository["id"], "pull_request": id},
        method="PATCH",
    )
    return PullRequest.model_validate_json(response.content)


def _ref(branch: str | None) -> str | None:
    if branch is None or branch.startswith("refs/"):
        return branch
    return f"refs/heads/{branch}"


def _involving(author: str | None, reviewer: str | None) -> Callable[[_Row], bool] | None:
    """A filter by people; the service filters by id only, and turning a name into one takes a scope few tokens have."""
    if author is None and reviewer is None:
        return None

    def is_person(wanted: str, person: _Person) -> bool:
        text = wanted.lower()
        return text in person.name.lower() or text in (person.unique_name.lower(), person.id.lower())

    def keep(row: _Row) -> bool:
        by_author = author is None or is_person(author, row.by)
        return by_author and (reviewer is None or any(is_person(reviewer, person) for person in row.asked))

    return keep
