"""Read a page of a wiki as the service has it, and suggest the near one when there is none."""

from collections.abc import AsyncIterator, Iterator

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.wiki.names import EXTENSION, above, clean_path, page_of
from langchain_azure_devops.tools.wiki.wikis import WIKI, known_wiki

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
    client: AzureDevOps, where: PathValues, page: str | int, *, level: str = "none", content: bool = False
) -> StoredPage:
    """Read a page by its path or its id.

    Args:
        client: Where to ask.
        where: The wiki.
        page: The path or the id.
        level: How many levels below it are read: none, oneLevel or full.
        content: Whether to read its text.

    Raises:
        NotFound: There is no such wiki or page; the message suggests a near one.
    """
    query: dict[str, QueryValue] = {"recursionLevel": level, "includeContent": content}
    async with known_wiki(client, where):
        try:
            if isinstance(page, int):
                response = await client.get(_PAGE, path={**where, "id": page}, query=query)
            else:
                response = await client.get(PAGES, path=where, query={"path": clean_path(page), **query})
        except NotFound as error:
            root = await client.get(PAGES, path=where, query={"path": "/", "recursionLevel": "full"})
            known = [each.path for each in decode(root, StoredPage).walk()]
            raise _unknown_page(where, page, known) from error
    found = decode(response, StoredPage)
    return found.model_copy(update={"version": read_version(response.headers.get("etag", ""))})


async def in_pieces(text: str) -> AsyncIterator[bytes]:
    """Yield a text as a body that is read piece by piece. A NUL would make a binary of it, and the page is a text."""
    raw = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    for start in range(0, len(raw), _PIECE):
        yield raw[start : start + _PIECE]


def _unknown_page(where: PathValues, page: str | int, known: list[str]) -> NotFound:
    if isinstance(page, int):
        return NotFound(
            f"The wiki {where['wiki']!r} has no page with the id {page}. list_wiki_pages shows the paths.",
            subject=str(page),
        )
    path = clean_path(page)
    happened = f"The wiki {where['wiki']!r} has no page {path!r}."
    told = clean_path(page_of("/", path))
    near = f" Did you mean {told!r}?" if told != path and told in known else did_you_mean(path, known)
    title = path.rpartition("/")[2].lower()
    same = [each for each in known if each.rpartition("/")[2].lower() == title]
    beside = [each for each in known if above(each) == above(path)]
    listed = same or beside or [each for each in known if above(each) == "/"]
    place = "Pages of this title" if same else f"Pages below {above(path)!r}" if beside else "Pages at the top"
    return NotFound(
        f"{happened}{near} {place}: {', '.join(map(repr, listed[:_NAMED])) or 'none'}.", subject=as_subject(path)
    )
