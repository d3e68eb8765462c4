"""Tags of a repository."""

from typing import Annotated

from pydantic import AliasChoices, AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project, Repository
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import REPOSITORY, known_repository, place_of
from langchain_azure_devops.tools.history.toolset import toolset


class Tag(Result):
    """A tag and the commit it points to; a date and a message belong to annotated tags only."""

    singular, plural = "tag", "tags"
    author_fields = ("tagged_by",)
    web = "{project}/_git/{repository}?version=GT{name}"
    web_list = "{project}/_git/{repository}/tags"

    name: Annotated[Untrusted, BeforeValidator(lambda name: str(name).removeprefix("refs/tags/"))]
    object_id: str = Field(validation_alias="objectId", exclude=True)
    commit: str = Field(validation_alias=AliasChoices("peeledObjectId", "objectId"))
    tagged_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("creator", "displayName"))
    tagged: Instant | None = None
    message: Untrusted | None = None


class _Annotation(Result):
    tagged_by: Untrusted = Field(validation_alias=AliasPath("taggedBy", "name"))
    tagged: Instant = Field(validation_alias=AliasPath("taggedBy", "date"))
    message: Untrusted | None = None


@toolset.read(Scope.CODE, example={"repository": "platform-api"})
async def list_tags(
    client: AzureDevOps,
    *,
    repository: Repository,
    project: Project = None,
    contains: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Tag]:
    """List tags of a repository with their commit, who tagged it and when.

    Source: `GET .../refs?filter=tags/&peelTags=true`, and `GET .../annotatedtags/{id}` of each annotated tag.
    """
    where = await place_of(client, project, repository)
    query: dict[str, QueryValue] = {"filter": "tags/", "filterContains": contains, "peelTags": True}

    async def read_annotation(object_id: str) -> _Annotation:
        path = {**where, "object": object_id}
        return decode(await client.get(f"{REPOSITORY}/annotatedtags/{{object}}", path=path), _Annotation)

    async with known_repository(client, where):
        page = await list_rows(
            client, Tag, f"{REPOSITORY}/refs", path=where, query=query, limit=limit, cursor=cursor, style="token"
        )
    annotated = [tag.object_id for tag in page.items if tag.object_id != tag.commit]
    answers = await fan_out(annotated, read_annotation)
    found = {object_id: dict(read) for object_id, read in answers.done.items()}
    page.items[:] = [tag.model_copy(update=found.get(tag.object_id, {})) for tag in page.items]
    page.failed.extend(answers.failures)
    page.partial = bool(answers.failed)
    return page
