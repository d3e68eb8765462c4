"""Read a page of a wiki as the service has it, and suggest the near one when there is none."""

from collections.abc import AsyncIterator, Iterator

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import AzureDevOpsError, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.wiki.names import EXTENSION, MAX_PATH, above, clean_path, page_of
from langchain_azure_devops.tools.wiki.wikis import WIKI, Query

PAGES = f"{WIKI}/pages"
_PAGE = f"{PAGES}/{{id}}"
_NAMED, _PIECE = 30, 65_536


class StoredPage(BaseModel):
    """A page as the service has it.

    Attributes:
        file: The path of its file in the repository; that of a folder when the page has no file.
        version: The id of its content, from the ETag; empty for a page that was read as one below another.
    """

    path: str
    order: int = 0
    id: int | None = None
    file: str = Field(default="", validation_alias="gitItemPath")
    has_pages: bool = Field(default=False, validation_alias="isParentPage")
    below: OrNone["StoredPage"] = Field(default=[], validation_alias="subPages")
    content: str = ""
    version: str = ""

    @property
    def has_file(self) -> bool:
        """Whether it has a text of its own."""
        return self.file.lower().endswith(EXTENSION)

    def walk(self, depth: int = 1000) -> Iterator["StoredPage"]:
        """Return the pages below it in their order, down to so many levels."""
        for page in self.below if depth else ():
            yield page
            yield from page.walk(depth - 1)


def read_version(tag: str) -> str:
    """Return a version without the quotes of an ETag."""
    return tag.strip().removeprefix("W/").strip('"').lower()


async def fetch_page(
    client: AzureDevOps,
    where: PathValues,
    branch: Query,
    page: str | int,
    *,
    level: str = "none",
    content: bool = False,
) -> StoredPage:
    """Read a page by its path or its id.

    Args:
        client: Where to ask.
        where: The wiki.
        branch: What names the branch of a path; an id is one of the first branch.
        page: The path or the id.
        level: How many levels below it are read: none, oneLevel or full.
        content: Whether to read its text.

    Raises:
        NotFound: There is no such page; the message suggests a near one.
    """
    query: Query = {"recursionLevel": level, "includeContent": content}
    try:
        if isinstance(page, int):
            response = await client.get(_PAGE, path={**where, "id": page}, query=query)
        else:
            response = await client.get(PAGES, path=where, query={"path": clean_path(page), **branch, **query})
    except NotFound as error:
        if type(error) is not NotFound:
            raise
        try:
            told = await _describe_unknown(client, where, branch, page)
        except AzureDevOpsError:
            raise error from None
        raise told from error
    found = decode(response, StoredPage)
    return found.model_copy(update={"version": read_version(response.headers.get("etag", ""))})


async def fetch_nearest(client: AzureDevOps, where: PathValues, branch: Query, path: str) -> StoredPage:
    """Read the page of a path, or the nearest one above it that exists, with the pages directly below it.

    Raises:
        NotFound: Not even the top of the wiki exists.
    """
    near = path[:MAX_PATH]
    while True:
        query: Query = {"path": near, "recursionLevel": "oneLevel", **branch}
        try:
            return decode(await client.get(PAGES, path=where, query=query), StoredPage)
        except NotFound as error:
            if near == "/" or type(error) is not NotFound:
                raise
            near = above(near)


def first_missing(path: str, near: StoredPage) -> str:
    """Return the topmost path on the way from a page to a path below it that it does not lead to."""
    home = near.path.rstrip("/")
    return f"{home}/{path[len(home) + 1 :].partition('/')[0]}"


async def in_pieces(text: str) -> AsyncIterator[bytes]:
    """Yield a text as a body that is read piece by piece. A NUL would make a binary of it, and the page is a text."""
    raw = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    for start in range(0, len(raw), _PIECE):
        yield raw[start : start + _PIECE]


async def _describe_unknown(client: AzureDevOps, where: PathValues, branch: Query, page: str | int) -> NotFound:
    """Return the error for a page that does not exist, with the pages beside the place where it would be."""
    if isinstance(page, int):
        return NotFound(
            f"The wiki {where['wiki']!r} has no page with the id {page}. list_wiki_pages shows the paths.",
            subject=str(page),
        )
    path = clean_path(page)
    # A file of the repository may have been given for its page.
    told = clean_path(page_of("/", path)) if "%" in path or path.endswith(EXTENSION) else path
    near = await fetch_nearest(client, where, branch, above(told))
    known = [each.path for each in near.below]
    meant = f" Did you mean {told!r}?" if told in known else did_you_mean(first_missing(told, near), known)
    place = "at the top" if near.path == "/" else f"below {near.path!r}"
    return NotFound(
        f"The wiki {where['wiki']!r} has no page {path!r}.{meant} Pages {place}: "
        f"{', '.join(map(repr, known[:_NAMED])) or 'none'}. search_wiki finds pages elsewhere.",
        subject=as_subject(path),
    )
