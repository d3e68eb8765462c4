"""The pull requests that brought a commit."""

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Page, Position
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import REPOSITORY, commit_query, known_repository, place_of, require_commit_id
from langchain_azure_devops.tools.pull_requests.models import PullRequest
from langchain_azure_devops.tools.reviews.toolset import toolset

_PUSHED = "No pull request brought this commit: it was pushed to its branch directly."


class PullRequestOfCommit(PullRequest):
    """A pull request that a commit was part of, or that the commit merged."""

    merged_by_it: bool = Field(default=False, description="The commit is the one that merged it")


class _Answer(BaseModel):
    """The answer to the two queries: for each, the pull requests by commit."""

    results: list[dict[str, list[PullRequestOfCommit]]]


@toolset.read(Scope.CODE, example={"repository": "platform-api", "commit": "3b55ede28c3c07691e397eec108fd4d490b9816b"})
async def list_pull_requests_of_commit(
    client: AzureDevOps,
    *,
    repository: Repository,
    commit: str,
    project: Project = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PullRequestOfCommit]:
    """List the pull requests that contain a commit or were merged by it, the newest first.

    Source: `POST .../pullrequestquery`, which only reads.
    """
    at = commit_query(require_commit_id(commit))
    where = await place_of(client, project, repository)
    queries: JsonValue = {"queries": [{"type": kind, "items": [commit]} for kind in ("commit", "lastMergeCommit")]}

    async def fetch(_position: Position, _wanted: int) -> Batch[PullRequestOfCommit]:
        answer = decode(await client.post(f"{REPOSITORY}/pullrequestquery", queries, path=where), _Answer)
        found: dict[int, PullRequestOfCommit] = {}
        for number, result in enumerate(answer.results):
            for row in (row for rows in result.values() for row in rows):
                found[row.id] = row.model_copy(update={"merged_by_it": number == 1})
        rows = sorted(found.values(), key=lambda row: row.id, reverse=True)
        return Batch(rows, None, len(rows))

    async with known_repository(client, where, "/", at):
        page = await collect(PullRequestOfCommit, fetch, limit, cursor)
        if page.total == 0:
            # The service has an empty answer for a commit that it does not know.
            await client.get(f"{REPOSITORY}/commits/{{commit}}", path={**where, "commit": commit})
            page.notes.append(_PUSHED)
    return page
