"""Move a wiki page, with the pages below it, to another path or to another place beside its neighbours.

The service compares no version of a page that moves, so it is compared right before.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.wiki.creating import check_place, describe_page
from langchain_azure_devops.tools.wiki.models import LastRead, MovedWikiPage
from langchain_azure_devops.tools.wiki.names import check_new_path
from langchain_azure_devops.tools.wiki.page_access import StoredPage, fetch_page
from langchain_azure_devops.tools.wiki.recovery import find_moved, moved_page
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.versions import check_version, parse_version
from langchain_azure_devops.tools.wiki.wikis import WIKI, Wiki, place_of_wiki, read_wiki

_MOVES = f"{WIKI}/pagemoves"


class _Move(NamedTuple):
    """A move of a page.

    Attributes:
        wiki: Its wiki.
        page: The page as it is, with all pages below it.
        new_path: Where it would be.
    """

    wiki: Wiki
    page: StoredPage
    new_path: str


class _Moved(BaseModel):
    page: StoredPage


async def _plan(
    client: AzureDevOps, where: PathValues, path: str, version: str, new_path: str, order: int | None
) -> _Move:
    """Look at the page and the place to which it would move.

    Raises:
        InvalidRequest: The page would move below itself or behind the last place, or is the wiki itself.
        AlreadyExists: There is a page of the new path.
        NotFound: There is no such page, or none above the new path.
        RevisionConflict: The page is at another version.
        NothingToSend: The page stands there already.
    """
    wanted, new = parse_version(version), check_new_path(new_path, "new_path")
    wiki = await read_wiki(client, where)
    page = await fetch_page(client, where, wiki.on_branch(), path, level="full")
    if page.path == "/":
        raise InvalidRequest("The wiki itself cannot be moved: path names one of its pages.", subject="path")
    if new.startswith(f"{page.path}/"):
        raise InvalidRequest(f"{page.path!r} cannot be moved below itself.", subject="new_path")
    await check_version(client, where, wiki, page, wanted)
    if new == page.path and order in (None, page.order):
        raise NothingToSend(
            f"The page {page.path!r} stands there already, as number {page.order}. Nothing was sent.",
            subject=page.path,
        )
    parent = await check_place(client, where, wiki, new, moving=page)
    last = sum(each.path != page.path for each in parent.below)
    if order is not None and order > last:
        # The service would put it last without saying so.
        raise InvalidRequest(
            f"Nothing was written: there is no place {order} below {parent.path!r}, where the last one is {last}.",
            subject="order",
        )
    return _Move(wiki, page, new)


async def _read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the page, and show which pages below it move along."""
    where, order = await place_of_wiki(client, arguments), arguments.get("order")
    wanted = order if isinstance(order, int) else None
    path, version, new_path = (str(arguments[name]) for name in ("path", "version", "new_path"))
    move = await _plan(client, where, path, version, new_path, wanted)
    along = [page.path for page in move.page.walk()]
    shown: list[JsonValue] = [f"{each} -> {move.new_path}{each[len(move.page.path) :]}" for each in along]
    links: dict[str, JsonValue] = {"links": "Links in other pages will still lead to the old paths."}
    return {
        **describe_page(where, move.wiki, move.page.path),
        "path": move.page.path,
        "order": move.page.order,
        "version": move.page.version,
        "moves_along": shown or "no pages below it",
        **(links if move.new_path != move.page.path else {}),
    }


@toolset.write(
    Scope.WIKI_WRITE,
    idempotent=True,
    sends=f"POST {_MOVES}",
    targets=("project", "wiki", "path", "version", "new_path", "order"),
    contents=(),
    current=_read_current,
    recover=find_moved,
    example={
        "wiki": "Platform.wiki",
        "path": "/Label printers",
        "version": "69641444464bd2133f70e3b7b1f39d8850152f5a",
        "new_path": "/Deployments/Label printers",
    },
)
async def move_wiki_page(
    client: AzureDevOps,
    *,
    wiki: str,
    path: str,
    version: LastRead,
    new_path: Annotated[str, Field(description="Whole, with the title")],
    order: Annotated[int | None, Field(ge=0, description="Place among its neighbours, from 0")] = None,
    project: Project = None,
) -> MovedWikiPage:
    """Move or rename a wiki page with the pages below it, unless it changed since it was read.

    Raises:
        RevisionConflict: The page has another version now; the message contains it.
    Source: `GET .../wikis/{wiki}/pages`, and `POST .../wikis/{wiki}/pagemoves`.
    """
    where = await place_of_wiki(client, {"wiki": wiki, "project": project})
    try:
        move = await _plan(client, where, path, version, new_path, order)
    except NothingToSend as idle:
        known = await read_wiki(client, where)
        page = await fetch_page(client, where, known.on_branch(), path, level="full")
        return moved_page(known, page.path, page).model_copy(update={"notes": [idle.message]})
    body: dict[str, JsonValue] = {"path": move.page.path, "newPath": move.new_path}
    if order is not None:
        body["newOrder"] = order
    response = await client.post(_MOVES, body, path=where, query=move.wiki.on_branch())
    moved = decode(response, _Moved).page
    # The answer names no pages below: those that were there moved along.
    new = moved_page(move.wiki, move.page.path, moved)
    along = [f"{moved.path}{page.path[len(move.page.path) :]}" for page in move.page.walk()]
    return new.model_copy(update={"moved_along": along})
