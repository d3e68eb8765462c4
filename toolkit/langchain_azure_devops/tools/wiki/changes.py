"""Changes of wiki pages, from the repository of the wiki."""

import json
from typing import ClassVar

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.optional import read_with
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Page, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.wiki.commits import find_loss, read_files
from langchain_azure_devops.tools.wiki.names import clean_path, file_of, page_of
from langchain_azure_devops.tools.wiki.page_access import fetch_page
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.wikis import Wiki, place_of_rows, place_of_wiki, read_wiki

_MOST_AT_ONCE = 1_000


class WikiChange(Result):
    """A commit that changed a page. The author's name and address are what the author gave; git does not check them."""

    singular, plural = "change", "changes"
    author_fields: ClassVar[tuple[str, ...]] = ("author",)
    identifying = ("commit",)
    web = "{project}/_git/{repository}/commit/{commit}"
    web_list = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    caption = "commit {commit}"

    changed: Instant = Field(validation_alias=AliasPath("author", "date"))
    author: Untrusted = Field(validation_alias=AliasPath("author", "name"))
    email: Untrusted | None = Field(default=None, validation_alias=AliasPath("author", "email"))
    message: Untrusted = Field(default="", validation_alias="comment")
    commit: str = Field(validation_alias="commitId")
    repository: str = Field(default="", exclude=True)


@toolset.read(Scope.WIKI, also=(Scope.CODE,), example={"wiki": "Platform.wiki", "path": "/On-call/Rota runbook"})
async def list_wiki_page_changes(
    client: AzureDevOps, *, wiki: str, path: str, project: Project = None, limit: Limit = 20, cursor: Cursor = None
) -> Page[WikiChange]:
    """List who changed a wiki page when, newest first; not before it was moved.

    Source: `GET .../git/repositories/{id}/commits?searchCriteria.itemPath=`, with the repository and file of the page.
    """
    where = await place_of_wiki(client, {"wiki": wiki, "project": project})
    found, gone = await read_wiki(client, where), []
    try:
        file = (await fetch_page(client, where, found.on_branch(), path)).file
    except NotFound:
        # A deleted page still has its changes.
        file = file_of(found.folder, clean_path(path))
        lost = await read_with(Scope.CODE, _describe_loss(client, where, found, file))
        if not lost:
            raise
        gone = [f"{clean_path(path)!r} is no page any more: {lost}"]

    async def fetch(position: Position, wanted: int) -> Batch[WikiChange]:
        rows = await read_changes(client, where, found, file, min(wanted, _MOST_AT_ONCE), position.skip)
        more = len(rows) >= min(wanted, _MOST_AT_ONCE)
        return Batch(rows, Position(skip=position.skip + len(rows)) if more else None)

    page = await read_with(Scope.CODE, collect(WikiChange, fetch, limit, cursor))
    page.notes.extend([*gone, f"The wiki is {found.name!r}."])
    if page.items:
        given = {"project": where["project"], "repository": found.repository, "path": file}
        shown = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in given.items())
        page.notes.append(f"What a change did: get_commit({shown}, version=<commit>).")
    page.looked_in = place_of_rows(client, where)
    return page


async def _describe_loss(client: AzureDevOps, where: PathValues, wiki: Wiki, file: str) -> str:
    """Say how a page was lost; an empty text unless the newest commit of its file deleted or moved it."""
    for newest in await read_changes(client, where, wiki, file, 1):
        place: PathValues = {"project": where["project"], "repository": wiki.repository}
        moved = find_loss(await read_files(client, place, newest.commit), file)
        if moved is not None:
            done = f"moved it to {page_of(wiki.folder, moved)!r}" if moved else "deleted it"
            return f"commit {newest.commit} {done}."
    return ""


async def read_changes(
    client: AzureDevOps, where: PathValues, wiki: Wiki, file: str, most: int, skip: int = 0
) -> list[WikiChange]:
    """Read the newest commits that changed a file of a wiki, at most so many."""
    query: dict[str, QueryValue] = {
        "searchCriteria.itemPath": file,
        "searchCriteria.itemVersion.version": wiki.branch,
        "searchCriteria.itemVersion.versionType": "branch",
        "searchCriteria.$top": most,
        "searchCriteria.$skip": skip or None,
    }
    place = {"project": where["project"], "repository": wiki.repository}
    answer = await client.get(f"{REPOSITORY}/commits", path=place, query=query)
    rows = decode(answer, Collection[WikiChange]).value
    return [row.model_copy(update={"repository": wiki.repository}) for row in rows]
