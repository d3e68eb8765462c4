"""List wikis, and find the wiki that a call names."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Limit, Projects
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.calls.places import list_by_project
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import EVERYWHERE, Failed, InProject, Page, Place, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.wiki.toolset import toolset

Query = dict[str, QueryValue]
WIKIS = "/{project}/_apis/wiki/wikis"
WIKI = f"{WIKIS}/{{wiki}}"
_MOST = 1_000


def _branches(value: object) -> object:
    rows = value if isinstance(value, list) else [value]
    return [row["version"] if isinstance(row, dict) and "version" in row else row for row in rows]


def on_branch(branch: str) -> Query:
    """Return what names a branch of a wiki in a request."""
    return {"versionDescriptor.version": branch, "versionDescriptor.versionType": "branch"}


class Wiki(Result):
    """A wiki: that of a project, or one that publishes a folder of a repository.

    Attributes:
        type: `projectWiki` or `codeWiki`.
        folder: The folder of its pages in the repository.
        branches: The branches that it publishes.
        repository: The id of the repository.
    """

    singular, plural = "wiki", "wikis"
    web = "{project}/_wiki/wikis/{name}"
    web_list = "{project}/_wiki"
    caption = "wiki {name}"
    identifying = ("name",)

    project: InProject = None
    name: Untrusted
    type: str
    folder: Untrusted = Field(default="/", validation_alias="mappedPath")
    branches: Annotated[list[Untrusted], BeforeValidator(_branches)] = Field(default=[], validation_alias="versions")
    repository: str = Field(validation_alias="repositoryId")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    id: str

    @property
    def branch(self) -> str:
        """The branch that is read and written: the first that it publishes."""
        return self.branches[0] if self.branches else "wikiMaster"

    def on_branch(self) -> Query:
        """Return what names the branch: nothing for the wiki of a project, which has only one."""
        return {} if self.type == "projectWiki" else on_branch(self.branch)


class _Named(BaseModel):
    name: str
    id: str


@toolset.read(Scope.WIKI, example={})
async def list_wikis(
    client: AzureDevOps, *, project: Projects = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[Wiki]:
    """List wikis.

    Source: `GET /{project}/_apis/wiki/wikis`.
    """
    return await _list(client, project, limit, cursor)


async def _list(client: AzureDevOps, project: str | None, limit: int, cursor: str | None) -> Page[Wiki]:
    async def fetch(each: str, most: int, going_on: str | None) -> Page[Wiki]:
        where = {"project": each}
        return await list_rows(client, Wiki, WIKIS, path=where, limit=most, cursor=going_on, style="none")

    return await list_by_project(client, Wiki, project, fetch, limit, cursor)


async def list_all_wikis(client: AzureDevOps, project: str | None) -> tuple[list[Wiki], list[Failed]]:
    """Return the wikis of a project, or of all for None; each names its project."""
    page = await _list(client, project or EVERYWHERE, _MOST, None)
    return [row.model_copy(update={"project": row.project or project or ""}) for row in page.items], page.failed


async def place_of_wiki(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> PathValues:
    """Return the place of the wiki that the arguments of a call name.

    Raises:
        InvalidRequest: No wiki was named.
    """
    wiki = str(arguments["wiki"])
    if not wiki.strip():
        raise InvalidRequest("wiki is empty. list_wikis shows the names.", subject="wiki")
    project = arguments.get("project")
    return {"project": await client.required_project(None if project is None else str(project)), "wiki": wiki}


def place_of_rows(client: AzureDevOps, where: PathValues, hint: str = "") -> Place:
    """Return where a list looked that reads one wiki. Whoever made it chose its name, so that stands in the notes."""
    project = client.secrets.replace_known(str(where["project"]))
    return Place(project=project, words=f"a wiki of {project}", hint=hint)


@asynccontextmanager
async def known_wiki(client: AzureDevOps, where: PathValues) -> AsyncIterator[None]:
    """Tell an unknown wiki from whatever else is not found, and suggest a near name.

    Raises:
        NotFound: The project has no such wiki; the message names those that it has.
    """
    try:
        yield
    except NotFound as error:
        if type(error) is not NotFound:
            raise
        wanted, project = str(where["wiki"]), where["project"]
        try:
            answer = await client.get(WIKIS, path={"project": project})
            known = decode(answer, Collection[_Named]).value
        except AzureDevOpsError:
            raise error from None
        if any(wanted.lower() in (each.name.lower(), each.id.lower()) for each in known):
            raise
        names = [each.name for each in known]
        raise NotFound(
            f"There is no wiki {wanted!r} in the project {project!r}, or this token's owner may not see it."
            f"{did_you_mean(wanted, names)} Wikis there: {', '.join(names[:30]) or 'none'}.",
            subject=as_subject(wanted),
        ) from error


async def read_wiki(client: AzureDevOps, where: PathValues) -> Wiki:
    """Read the wiki of a place.

    Raises:
        NotFound: There is none; the message suggests a near name.
    """
    async with known_wiki(client, where):
        return decode(await client.get(WIKI, path=where), Wiki)
