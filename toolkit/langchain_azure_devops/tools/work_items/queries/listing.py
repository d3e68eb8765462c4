"""List saved queries and their folders."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Project
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Failed, Instant, Page, Place, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.queries.finding import DEEPEST, StoredQuery, read_query, read_roots
from langchain_azure_devops.tools.work_items.toolset import toolset

_PAGE = 100
_KINDS = {"flat": "flat", "tree": "tree", "onehop": "one hop"}


class SavedQuery(Result):
    """A saved query or a folder.

    Attributes:
        kind: flat, tree, one hop, or folder.
        more: Whether it is a folder whose contents are not listed here.
    """

    singular, plural = "saved query", "saved queries"
    web = "{project}/_queries/query/{id}"
    web_list = "{project}/_queries/all"
    caption = "query {path}"

    path: Untrusted
    kind: str
    more: bool = False
    changed: Instant | None = None
    changed_by: NamedPerson = None
    id: str


@toolset.read(Scope.WORK, example={"project": "Platform"})
async def list_saved_queries(
    client: AzureDevOps,
    *,
    folder: str | None = None,
    depth: Annotated[int, Field(ge=1, le=10)] = 2,
    project: Project = None,
    cursor: Cursor = None,
) -> Page[SavedQuery]:
    """List saved queries and folders.

    Raises:
        NotFound: There is no such folder; the message names those that come near.
    Source: `GET .../wit/queries?$depth=2`, and folder by folder below.
    """
    project = await client.required_project(project)
    first = min(depth, DEEPEST)
    if folder is None:
        tops = await read_roots(client, project, first)
    else:
        tops = [await read_query(client, project, folder, first)]
    failed = await _read_deeper(client, project, tops, depth)
    rows = [row for top in tops for row in _list_rows(top, top if folder is not None else None)]
    page = await page_rows(SavedQuery, rows, _PAGE, cursor)
    page.failed.extend(failed)
    page.partial = bool(failed)
    if folder is not None:
        page.looked_in = Place(project=project, words=client.secrets.replace_known(f"{folder} of {project}"))
    if any(row.more for row in page.items):
        page.notes.append("Folders with more: yes hold queries that are not listed: give a larger depth or the folder.")
    return page


async def _read_deeper(client: AzureDevOps, project: str, tops: list[StoredQuery], depth: int) -> list[Failed]:
    """Read the folders below those that one request shows, level by level; return which could not be read."""
    failed: list[Failed] = []
    level = DEEPEST
    while level < depth:
        open_folders = {each.id: each for top in tops for each in _find_unread(top)}
        asked = [number for number, each in open_folders.items() if not each.children]
        if not asked:
            break

        async def read(number: str, levels: int = min(DEEPEST, depth - level)) -> list[StoredQuery]:
            return (await read_query(client, project, number, levels)).children

        try:
            answers = await fan_out(asked, read)
            done, errors = answers.done, answers.failed
        except AzureDevOpsError as error:
            done, errors = {}, dict.fromkeys(asked, error)
        for number, children in done.items():
            open_folders[number].children.extend(children)
        for number, problem in errors.items():
            failed.append(Failed(place=open_folders[number].path, status=problem.status, reason=problem.message))
        if not done:
            break
        level += DEEPEST
    return failed


def _find_unread(item: StoredQuery) -> list[StoredQuery]:
    """Return the folders in a tree whose contents were not read."""
    if item.folder and item.has_children and not item.children:
        return [item]
    return [deeper for child in item.children for deeper in _find_unread(child)]


def _list_rows(item: StoredQuery, hidden: StoredQuery | None) -> list[SavedQuery]:
    """Return an item and everything below it; the folder that the call names is not listed itself."""
    below = [row for child in item.children for row in _list_rows(child, None)]
    return below if item is hidden and item.folder else [_make_row(item), *below]


def _make_row(item: StoredQuery) -> SavedQuery:
    kind = "folder" if item.folder else _KINDS.get((item.kind or "flat").lower(), item.kind or "flat")
    return SavedQuery(
        path=item.path,
        kind=kind,
        more=bool(item.folder and item.has_children and not item.children),
        changed=item.changed,
        changed_by=item.changed_by,
        id=item.id,
    )
