"""Projects of the organization."""

from langchain_azure_devops.calls.declaration import Cursor, Limit, Toolset
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope

toolset = Toolset.named("projects", "See which projects there are.")


class Project(Result):
    """A team project."""

    singular, plural = "project", "projects"
    web = "{name}"
    caption = "project {name}"

    name: Untrusted
    id: str
    description: Untrusted | None = None
    visibility: str | None = None
    state: str


@toolset.read(Scope.PROJECT, Scope.PROFILE, default=True, example={})
async def list_projects(client: AzureDevOps, *, limit: Limit = 100, cursor: Cursor = None) -> Page[Project]:
    """List the projects visible to this token.

    Source: `GET /_apis/projects`.
    """
    return await list_rows(client, Project, "/_apis/projects", limit=limit, cursor=cursor, style="token")
