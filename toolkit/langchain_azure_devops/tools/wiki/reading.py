"""List the pages of a wiki, and read one."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotSignedIn, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.results.models import Instant, Lines, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_LINE, ScannedLines, read_range
from langchain_azure_devops.text.untrusted import find_hidden
from langchain_azure_devops.tools.wiki.changes import WikiChange, read_changes
from langchain_azure_devops.tools.wiki.models import PagePath
from langchain_azure_devops.tools.wiki.page_access import StoredPage, fetch_page, in_pieces
from langchain_azure_devops.tools.wiki.toolset import toolset
from langchain_azure_devops.tools.wiki.wikis import Wiki, place_of_rows, place_of_wiki, read_wiki

_MAX_TEXT = 120_000
_MOST_NAMED = 50


class WikiPageRow(Result):
    """A page of a wiki in a list."""

    singular, plural = "page", "pages"
    web = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    web_list = "{project}/_wiki/wikis/{wiki}"
    identifying = ("path",)

    path: Untrusted
    has_pages: bool = Field(default=False, description="Has pages below it")


class WikiPage(Lines):
    """Lines of a wiki page.

    Attributes:
        version: What an update of the page has to name.
        changed: When it was last changed, in the commit of that name.
        pages_below: The paths of the pages directly below it.
    """

    web = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    caption = "wiki page {path}"
    author_fields = ("changed_by",)
    identifying = ("wiki", "path", "version")

    wiki: Untrusted
    path: Untrusted
    id: int | None = None
    version: str | None = None
    changed: Instant | None = None
    changed_by: Untrusted | None = None
    commit: str | None = None
    pages_below: list[Untrusted] = Field(default=[])
    notes: list[str] = Field(default=[])


@toolset.read(Scope.WIKI, example={"wiki": "Platform.wiki"})
async def list_wiki_pages(
    client: AzureDevOps,
    *,
    wiki: str,
    path: str = "/",
    depth: Annotated[int, Field(ge=1, le=20, description="Levels below path")] = 20,
    project: Project = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Page[WikiPageRow]:
    """List the pages of a wiki below a path, in their order.

    Source: `GET .../wikis/{wiki}/pages?path=&recursionLevel=`.
    """
    where = await place_of_wiki(client, {"wiki": wiki, "project": project})
    known = await read_wiki(client, where)
    found = await fetch_page(client, where, known.on_branch(), path, level="oneLevel" if depth == 1 else "full")
    rows = [WikiPageRow(path=page.path, has_pages=page.has_pages or bool(page.below)) for page in found.walk(depth)]
    page = await page_rows(WikiPageRow, rows, limit, cursor)
    page.looked_in = place_of_rows(client, where)
    page.notes.append(f"The wiki is {known.name!r}.")
    if not rows:
        page.notes.append("It has no pages yet." if found.path == "/" else f"{found.path!r} has no pages below it.")
    return page


@toolset.read(
    Scope.WIKI,
    optional=(Scope.CODE,),
    resource="projects/{project}/wikis/{wiki}/pages{+path}{?first_line,last_line}",
    example={"wiki": "Platform.wiki", "path": "/On-call/Rota runbook"},
)
async def read_wiki_page(
    client: AzureDevOps,
    *,
    wiki: str,
    path: PagePath | None = None,
    id: Annotated[int | None, Field(ge=1, description="Instead of path")] = None,
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
    project: Project = None,
) -> WikiPage:
    """Read a wiki page: text, version, last change, pages below.

    Source: `GET .../wikis/{wiki}/pages?includeContent=true`, and the newest commit of its file.
    """
    if (path is None) == (id is None):
        raise InvalidRequest("Give either the path or the id of the page.", subject="path")
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="arguments")
    where = await place_of_wiki(client, {"wiki": wiki, "project": project})
    asked = path if path is not None else int(id or 0)
    found = await read_wiki(client, where)
    page = await fetch_page(client, where, found.on_branch(), asked, level="oneLevel", content=True)
    notes: list[str] = []
    change = await read_optional(
        Scope.CODE, "last change", _read_last_change(client, where, found, page, notes), default=None
    )
    lines = await read_range(in_pieces(page.content), first_line, last_line, _MAX_TEXT, client.secrets)
    text = client.secrets.remember_clear("\n".join(line for _, line in lines.kept))
    return WikiPage(
        wiki=found.name,
        path=page.path,
        id=page.id,
        version=page.version or None,
        changed=change.changed if change else None,
        changed_by=_name_author(change),
        commit=change.commit if change else None,
        pages_below=[below.path for below in page.below[:_MOST_NAMED]],
        partial=bool(notes) or not lines.whole or any(len(line) >= MAX_LINE for _, line in lines.kept),
        notes=[*notes, *_make_notes(found, page, lines, text, first_line)],
        first_line=lines.kept[0][0] if lines.kept else 0,
        total_lines=lines.count if lines.whole else None,
        text=text,
    )


async def _read_last_change(
    client: AzureDevOps, where: PathValues, wiki: Wiki, page: StoredPage, notes: list[str]
) -> WikiChange | None:
    """Read the newest commit of a page. The page is shown also when its repository cannot be read."""
    if not page.has_file:
        return None
    try:
        rows = await read_changes(client, where, wiki, page.file, 1)
    except (NotSignedIn, ScopeMissing):
        raise
    except AzureDevOpsError as error:
        notes.append(f"The last change was not read ({error.headline}).")
        return None
    return rows[0] if rows else None


def _name_author(change: WikiChange | None) -> str | None:
    if change is None:
        return None
    return f"{change.author} <{change.email}>" if change.email else change.author


def _make_notes(wiki: Wiki, page: StoredPage, lines: ScannedLines, text: str, first_line: int) -> list[str]:
    """Return notes about the page that its lines do not show."""
    notes: list[str] = []
    if not page.has_file:
        notes.append("This is a folder without a text of its own." if page.path != "/" else "This is the whole wiki.")
    elif not lines.kept and lines.count:
        notes.append(f"There is no line {first_line}: the page ends with line {lines.count}.")
    elif not page.content:
        notes.append("The page is empty.")
    if len(wiki.branches) > 1:
        notes.append(f"This is the page on {wiki.branch}; the wiki also publishes {', '.join(wiki.branches[1:])}.")
    if len(page.below) > _MOST_NAMED:
        notes.append(f"{len(page.below)} pages are directly below it; list_wiki_pages shows all.")
    if any(len(line) >= MAX_LINE for _, line in lines.kept):
        notes.append(f"Lines are cut at {MAX_LINE:,} characters.")
    if names := find_hidden(text):
        notes.append(f"Hidden characters were left out: {', '.join(names)}.")
    return notes
