"""Find saved queries and folders by their path or id."""

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.people import NamedPerson

ALL = "/{project}/_apis/wit/queries"
DEEPEST = 2
"""The most levels that the service shows at once."""
_SHOWN = 20


class StoredQuery(BaseModel):
    """A query or folder as the service answers it."""

    id: str
    name: str
    path: str
    folder: bool | None = Field(default=None, validation_alias="isFolder")
    has_children: bool | None = Field(default=None, validation_alias="hasChildren")
    children: OrNone["StoredQuery"] = Field(default=[])
    kind: str | None = Field(default=None, validation_alias="queryType")
    wiql: str | None = None
    changed: Instant | None = Field(default=None, validation_alias="lastModifiedDate")
    changed_by: NamedPerson = Field(default=None, validation_alias=AliasPath("lastModifiedBy"))


def list_parts(path: str) -> list[str]:
    """Return the names in the path of a query. Both kinds of slashes separate them.

    Raises:
        InvalidRequest: The path is empty.
    """
    parts = [part.strip() for part in path.replace("\\", "/").split("/") if part.strip()]
    if not parts:
        raise InvalidRequest("The path of a query or folder is empty.", subject="query")
    return parts


async def read_roots(client: AzureDevOps, project: str, depth: int) -> list[StoredQuery]:
    """Read the folders on top, with as many levels below them."""
    answer = await client.get(ALL, path={"project": project}, query={"$depth": depth, "$expand": "wiql"})
    return decode(answer, Collection[StoredQuery]).value


async def read_query(client: AzureDevOps, project: str, wanted: str, depth: int = 0) -> StoredQuery:
    """Read a query or folder by its path or id.

    Raises:
        NotFound: There is none; the message names those that come near.
    """
    parts = list_parts(wanted)
    # The service separates the names by slashes, so each of them is a part of the address.
    template = "/".join([ALL, *(f"{{name{at}}}" for at in range(len(parts)))])
    where: PathValues = {"project": project, **{f"name{at}": part for at, part in enumerate(parts)}}
    query: dict[str, QueryValue] = {"$depth": depth, "$expand": "wiql"}
    try:
        return decode(await client.get(template, path=where, query=query), StoredQuery)
    except NotFound as error:
        if type(error) is not NotFound:
            raise
        raise await _suggest(client, error, project, wanted) from error


async def _suggest(client: AzureDevOps, error: NotFound, project: str, wanted: str) -> NotFound:
    """Return the error with the paths that come near to the one that was given."""
    try:
        paths = [each.path for root in await read_roots(client, project, DEEPEST) for each in _walk(root)]
    except AzureDevOpsError:
        return error
    shown = [one_line(client.secrets.replace_known(path)) for path in paths]
    last = wanted.replace("\\", "/").rpartition("/")[2]
    by_name = {path.rpartition("/")[2]: path for path in shown}
    near = did_you_mean(wanted, shown) or did_you_mean(last, by_name)
    for name, path in by_name.items():
        near = near.replace(f"{name!r}?", f"{path!r}?") if near.endswith(f" {name!r}?") else near
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return NotFound(
        f"There is no query or folder {wanted!r} in project {project!r}, or this token's owner may not see it.{near} "
        f"There are: {', '.join(shown[:_SHOWN])}{more}. list_saved_queries shows them.",
        subject=as_subject(wanted),
    )


def _walk(item: StoredQuery) -> list[StoredQuery]:
    return [item, *(deeper for child in item.children for deeper in _walk(child))]
