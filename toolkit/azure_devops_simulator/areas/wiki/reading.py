"""Read wiki pages, alone and with those below them, and list all of them with their ids."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import zip_answer
from azure_devops_simulator.areas.wiki.lookup import (
    READ,
    VERSION,
    WIKI,
    Version,
    first_version,
    page_of_id,
    read_version,
)
from azure_devops_simulator.areas.wiki.names import clean_path
from azure_devops_simulator.areas.wiki.pages import Page
from azure_devops_simulator.areas.wiki.shapes import LEVELS, blob, page_answer

area = Area("wiki")

_MOST = 100


@area.get(f"{WIKI}/pages", scopes=READ, query=f"path recursionLevel {VERSION}* includeContent")
def get_page(call: Call) -> Answer:
    """Return the page of a path, the root of the wiki by default."""
    version = read_version(call)
    return _answer(call, version, version.page(clean_path(call.query.text("path"))))


@area.get(f"{WIKI}/pages/{{id:int}}", scopes=READ, query="recursionLevel includeContent")
def get_page_by_id(call: Call) -> Answer:
    """Return the page of an id."""
    version = first_version(call)
    return _answer(call, version, page_of_id(version, call.path["id"]))


def _answer(call: Call, version: Version, page: Page) -> Answer:
    accept = call.headers.get("accept", "").lower()
    if "application/zip" in accept:
        return zip_answer(page.path.rpartition("/")[2] or version.wiki.name, {page.item: blob(version, page)})
    if any(kind in accept for kind in ("text/plain", "application/octet-stream")):
        kind = "text/plain" if "text/plain" in accept else "application/octet-stream"
        return Answer(body=blob(version, page), headers={"ETag": f'"{page.version}"'}, content_type=kind)
    level = call.query.text("recursionLevel", "none").lower()
    if level not in LEVELS:
        message = f"The value '{level}' is not valid."
        raise ArgumentError(message, "recursionLevel", type_key="InvalidEnumArgumentException")
    return page_answer(call, version, page, LEVELS[level], content=call.query.flag("includeContent"))


@area.post(f"{WIKI}/pagesbatch", scopes=READ, query=f"{VERSION}*", body="continuationToken top")
def list_pages(call: Call) -> Answer:
    """Return the pages of a wiki with their ids, a part at a time."""
    version, body = read_version(call), call.json_object()
    top, token = body.get("top"), body.get("continuationToken")
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or not 1 <= top <= _MOST):
        # The limit is the documented one, the text is a guess.
        raise ArgumentError(f"The value of top must be from 1 to {_MOST}.", "top")
    wanted = Query(f"$top={top if isinstance(top, int) else _MOST}&continuationToken={as_text(token)}")
    part = wanted.page(_MOST, _MOST)
    pages = [page for page in version.pages().walk() if page.has_file]
    rows = [{"path": page.path, "id": version.wiki.page_ids.get(page.path)} for page in pages[part]]
    return collection(rows, str(part.stop) if part.stop < len(pages) else None)
