"""Create a wiki page."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import AlreadyExists, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.wiki.models import PagePath, SavedWikiPage
from langchain_azure_devops.tools.wiki.names import above, check_new_path, version_of
from langchain_azure_devops.tools.wiki.page_access import PAGES, StoredPage, fetch_nearest, first_missing, read_version
from langchain_azure_devops.tools.wiki.recovery import find_created
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.wikis import Wiki, place_of_wiki, read_wiki


async def _read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read where the page would stand: the wiki, the page above it and the pages beside it."""
    where, path = await place_of_wiki(client, arguments), check_new_path(str(arguments["path"]), "path")
    wiki = await read_wiki(client, where)
    parent = await check_place(client, where, wiki, path)
    beside = [page.path.rpartition("/")[2] for page in parent.below]
    return {
        **describe_page(where, wiki, path),
        "below": "the top of the wiki" if parent.path == "/" else parent.path,
        "pages_beside": ", ".join(beside) or "none",
    }


def describe_page(where: PathValues, wiki: Wiki, path: str) -> dict[str, JsonValue]:
    """Return by what a person recognizes a page that is written."""
    shown: dict[str, JsonValue] = {
        "project": where["project"],
        "wiki_name": wiki.name,
        "title": path.rpartition("/")[2],
    }
    code: dict[str, JsonValue] = {"published_branch": wiki.branch, "folder": wiki.folder}
    return shown if wiki.type == "projectWiki" else {**shown, **code}


async def check_place(
    client: AzureDevOps, where: PathValues, wiki: Wiki, path: str, moving: StoredPage | None = None
) -> StoredPage:
    """Return the page above a new path, with those directly below it.

    Args:
        client: Where to ask.
        where: The wiki.
        wiki: The same, as it was read.
        path: The new path.
        moving: The page that would move there, if one would.

    Raises:
        AlreadyExists: There is another page of this path.
        NotFound: There is no page above it; the message says what to create first.
    """
    parent = await fetch_nearest(client, where, wiki.on_branch(), above(path))
    if parent.path != above(path):
        missing = first_missing(path, parent)
        raise NotFound(
            f"Nothing was written: the wiki {wiki.name!r} has no page {above(path)!r}, below which {path!r} would "
            f"stand. Create {missing!r} first, or choose a path below one of the pages that list_wiki_pages shows.",
            subject=as_subject(above(path)),
        )
    for each in parent.below:
        # Two names that differ in letter case only cannot be checked out on every system.
        if each.path.lower() != path.lower() or (moving is not None and each.path == moving.path):
            continue
        if moving is None and not each.has_file:
            continue
        advice = "Read it, and change it with update_wiki_page." if moving is None else "Choose another new_path."
        raise AlreadyExists(
            f"Nothing was written: the wiki {wiki.name!r} has the page {each.path!r}. {advice}",
            subject=as_subject(path),
        )
    return parent


@toolset.write(
    Scope.WIKI_WRITE,
    destructive=False,
    sends=f"PUT {PAGES}",
    targets=("project", "wiki", "path"),
    contents=("content",),
    current=_read_current,
    recover=find_created,
    makes="wiki page",
    example={"wiki": "Platform.wiki", "path": "/On-call/Handover", "content": "# Handover\n"},
)
async def create_wiki_page(
    client: AzureDevOps,
    *,
    wiki: str,
    path: PagePath,
    content: Annotated[str, Field(min_length=1, description="Markdown")],
    project: Project = None,
) -> SavedWikiPage:
    """Create a wiki page; the page above has to exist.

    Raises:
        AlreadyExists: There is a page of this path.
        NotFound: There is no page above it.
    Source: `PUT .../wikis/{wiki}/pages?path=` without a version.
    """
    where, cleaned = await place_of_wiki(client, {"wiki": wiki, "project": project}), check_new_path(path, "path")
    found = await read_wiki(client, where)
    await check_place(client, where, found, cleaned)
    query = {"path": cleaned, **found.on_branch()}
    response = await client.post(PAGES, {"content": content}, path=where, query=query, method="PUT")
    page = decode(response, StoredPage)
    version = read_version(response.headers.get("etag", "")) or version_of(content)
    return SavedWikiPage(wiki=found.name, path=page.path, id=page.id, version=version)
