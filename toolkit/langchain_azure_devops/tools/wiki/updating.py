"""Edit a wiki page that is still at the version that was read."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.errors import InvalidRequest, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.line_diff import show_difference
from langchain_azure_devops.tools.changes.file_text import FileText
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.wiki.creating import describe_page
from langchain_azure_devops.tools.wiki.models import LastRead, SavedWikiPage
from langchain_azure_devops.tools.wiki.names import version_of
from langchain_azure_devops.tools.wiki.page_access import PAGES, StoredPage, fetch_page, read_version
from langchain_azure_devops.tools.wiki.recovery import find_updated
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.versions import (
    check_version,
    describe_last_change,
    make_conflict,
    parse_version,
)
from langchain_azure_devops.tools.wiki.wikis import Wiki, place_of_wiki, read_wiki


class PageEdit(BaseModel):
    """An exact text of the page, found once, and what takes its place."""

    model_config = ConfigDict(extra="forbid")

    old: Annotated[str, Field(min_length=1)]
    new: str


class _Plan(NamedTuple):
    """An edit of a page.

    Attributes:
        wiki: Its wiki.
        page: The page as it is.
        text: The text as it would be.
    """

    wiki: Wiki
    page: StoredPage
    text: str


_edits = TypeAdapter(list[PageEdit])


async def _read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the page, and show the difference that the edit makes."""
    where = await place_of_wiki(client, arguments)
    edits, content = _edits.validate_python(arguments.get("edits") or []), arguments.get("content")
    version = str(arguments["version"])
    plan = await _plan(client, where, str(arguments["path"]), version, edits, None if content is None else str(content))
    difference = await asyncio.to_thread(_show_difference, plan.page.content, plan.text, client.secrets.redact)
    # A page that was changed and changed back has its old version again.
    last = await describe_last_change(client, where, plan.wiki, plan.page)
    return {
        **describe_page(where, plan.wiki, plan.page.path),
        "version": plan.page.version,
        "last_change": last or "not known",
        "difference": difference,
    }


def _show_difference(old: str, new: str, redact: Callable[[str], str]) -> str:
    """Return everything that a page loses and gets, without secrets; these are found in the whole texts."""
    lines = show_difference(*(redact(text.replace("\r\n", "\n")) for text in (old, new)))
    ends = ["CRLF" if "\r\n" in text else "LF" for text in (old, new)]
    told = f"The line ends change from {ends[0]} to {ends[1]}." if ends[0] != ends[1] else ""
    return "\n".join(filter(None, [told, "\n".join(lines)]))


async def _plan(
    client: AzureDevOps, where: PathValues, path: str, version: str, edits: Sequence[PageEdit], content: str | None
) -> _Plan:
    """Make the edits in the page as it is; nothing is sent.

    Raises:
        InvalidRequest: The edits do not fit to the page, or the call gives both or none of edits and content.
        RevisionConflict: The page is at another version.
        NothingToSend: The page has exactly this text already.
    """
    if bool(edits) == (content is not None):
        raise InvalidRequest("Give either edits or the whole content.", subject="edits")
    wanted = parse_version(version)
    wiki = await read_wiki(client, where)
    page = await fetch_page(client, where, wiki.on_branch(), path, content=True)
    if not page.has_file:
        raise InvalidRequest(
            f"{page.path!r} is a folder without a text. create_wiki_page gives it one.", subject="path"
        )
    await check_version(client, where, wiki, page, wanted)
    # Long texts are searched for secrets, and the client's loop serves other calls meanwhile.
    text = content if content is not None else await asyncio.to_thread(_edit, client, page, edits)
    if text == page.content:
        raise NothingToSend(f"The page {page.path!r} has exactly this text. Nothing was sent.", subject=page.path)
    return _Plan(wiki, page, text)


def _edit(client: AzureDevOps, page: StoredPage, edits: Sequence[PageEdit]) -> str:
    file = FileText(page.path, page.content.encode(), client.secrets.redact)
    for edit in edits:
        try:
            file.replace_found(edit.old.replace("\r\n", "\n"), edit.new.replace("\r\n", "\n"), None)
        except InvalidRequest as error:
            raise InvalidRequest(f"Nothing was sent. {error.message}", subject="edits") from error
    return file.encode().decode()


async def _find_updated(client: AzureDevOps, pending: PendingWrite) -> SavedWikiPage | Missing:
    """Find the push with which this account gave the page the text that was sent."""
    given = pending.arguments
    if (text := given.get("content")) is None:
        text = await _text_of_edits(client, pending)
    return await find_updated(client, pending, str(text))


async def _text_of_edits(client: AzureDevOps, pending: PendingWrite) -> str:
    """Make the edits once more in the version that they were made for, which git keeps."""
    given = pending.arguments
    where = await place_of_wiki(client, dict(given))
    wiki = await read_wiki(client, where)
    place: PathValues = {"project": where["project"], "repository": wiki.repository}
    blob = {**place, "blob": read_version(str(given["version"]))}
    answer = await client.get(f"{REPOSITORY}/blobs/{{blob}}", path=blob, query={"$format": "text"}, accept="text/plain")
    page = StoredPage(path=str(given["path"]), content=answer.content.decode("utf-8", "replace"))
    try:
        return _edit(client, page, _edits.validate_python(given["edits"]))
    except InvalidRequest as error:
        raise unknown_outcome("the edits do not fit to the version that they were made for") from error


@toolset.write(
    Scope.WIKI_WRITE,
    idempotent=True,
    sends=f"PUT {PAGES}",
    targets=("project", "wiki", "path", "version"),
    contents=("edits", "content"),
    current=_read_current,
    recover=_find_updated,
    example={
        "wiki": "Platform.wiki",
        "path": "/Label printers",
        "version": "69641444464bd2133f70e3b7b1f39d8850152f5a",
        "edits": [{"old": "twice", "new": "three times"}],
    },
)
async def update_wiki_page(
    client: AzureDevOps,
    *,
    wiki: str,
    path: str,
    version: LastRead,
    edits: Annotated[list[PageEdit], Field(max_length=50, description="Old text, found once, and new")] = [],  # noqa: B006 - read only
    content: Annotated[str | None, Field(min_length=1, description="Instead: the whole new text")] = None,
    project: Project = None,
) -> SavedWikiPage:
    """Edit a wiki page unless it changed since it was read.

    Raises:
        RevisionConflict: The page has another version now; the message contains it.
    Source: `GET .../wikis/{wiki}/pages?path=`, and `PUT` of it with `If-Match`.
    """
    where = await place_of_wiki(client, {"wiki": wiki, "project": project})
    try:
        plan = await _plan(client, where, path, version, edits, content)
    except NothingToSend as idle:
        known = await read_wiki(client, where)
        page = await fetch_page(client, where, known.on_branch(), path)
        return SavedWikiPage(wiki=known.name, path=page.path, id=page.id, version=page.version, notes=[idle.message])
    query = {"path": plan.page.path, **plan.wiki.on_branch()}
    headers = {"If-Match": f'"{plan.page.version}"'}
    try:
        response = await client.post(
            PAGES, {"content": plan.text}, path=where, query=query, method="PUT", headers=headers
        )
    except RevisionConflict as error:
        now = await fetch_page(client, where, plan.wiki.on_branch(), path)
        raise await make_conflict(client, where, plan.wiki, now, plan.page.version) from error
    saved = decode(response, StoredPage)
    made = read_version(response.headers.get("etag", "")) or version_of(plan.text)
    return SavedWikiPage(wiki=plan.wiki.name, path=saved.path, id=saved.id, version=made)
