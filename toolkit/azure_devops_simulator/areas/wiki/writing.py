"""Create, edit and delete wiki pages."""

from __future__ import annotations

import re

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.wiki.commits import Changes, commit
from azure_devops_simulator.areas.wiki.lookup import (
    VERSION,
    WIKI,
    WRITE,
    Version,
    first_version,
    invalid_argument,
    no_page,
    page_of_id,
    read_version,
    wiki_error,
)
from azure_devops_simulator.areas.wiki.names import EXTENSION, check_path, clean_path, encode, in_folder
from azure_devops_simulator.areas.wiki.pages import Page, find_page, name_pages
from azure_devops_simulator.areas.wiki.shapes import page_answer

area = Area("wiki")

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{40}")
_LARGEST = 25 * 1024 * 1024


@area.put(f"{WIKI}/pages", scopes=WRITE, query=f"path comment {VERSION}*", body="content")
def put_page(call: Call) -> Answer:
    """Create the page of a path, or edit it when `If-Match` names its version.

    Raises:
        ServiceError: 500 when the page exists and no version is named; 412 when it has another version; 404 when the
            page that a version is named of, or the page above a new one, does not exist.
    """
    version, path = read_version(call, write=True), clean_path(call.query.text("path"))
    if path == "/":
        raise ArgumentError("Value cannot be null.", "path", type_key="ArgumentNullException")
    check_path(path, "path")
    found, wanted = find_page(version.pages(), path), _if_match(call)
    if wanted:
        if found is None:
            raise no_page(path)
        return _edit(call, version, found, wanted)
    if found is not None and found.has_file:
        # Clients know this status. The text is a guess.
        raise wiki_error(500, "WikiPageAlreadyExistsException", f"The wiki page '{path}' already exists.")
    return _create(call, version, path)


@area.patch(f"{WIKI}/pages/{{id:int}}", scopes=WRITE, query="comment", body="content")
def patch_page(call: Call) -> Answer:
    """Edit the page of an id, whose version `If-Match` has to name."""
    version, wanted = first_version(call), _if_match(call)
    page = page_of_id(version, call.path["id"])
    if not wanted:
        raise invalid_argument("The version of the page must be given.", "IfMatch")
    return _edit(call, version, page, wanted)


@area.delete(f"{WIKI}/pages", scopes=WRITE, query=f"path comment {VERSION}*")
def delete_page(call: Call) -> Answer:
    """Delete the page of a path with those below it."""
    version = read_version(call, write=True)
    return _delete(call, version, version.page(clean_path(call.query.text("path"))))


@area.delete(f"{WIKI}/pages/{{id:int}}", scopes=WRITE, query="comment")
def delete_page_by_id(call: Call) -> Answer:
    """Delete the page of an id with those below it."""
    version = first_version(call)
    return _delete(call, version, page_of_id(version, call.path["id"]))


def _if_match(call: Call) -> str:
    """Return the version that the request names; empty when it names none."""
    wanted = call.headers.get("if-match", "").strip().strip('"')
    if wanted and not _OBJECT_ID.fullmatch(wanted):
        raise invalid_argument("The version of the page is not valid.", "IfMatch")
    return wanted.lower()


def _content(call: Call) -> bytes:
    content = call.json_object().get("content")
    if not isinstance(content, str):
        raise ArgumentError("Value cannot be null.", "content", type_key="ArgumentNullException")
    if len(raw := content.encode()) > _LARGEST:
        raise ArgumentError("The page is larger than 25 MB.", "content")
    return raw


def _create(call: Call, version: Version, path: str) -> Answer:
    above, _, title = path.rpartition("/")
    if above and find_page(version.pages(), above) is None:
        message = f"One or more ancestor pages of the page '{path}' does not exist."
        raise wiki_error(404, "WikiAncestorPageNotFoundException", message)
    changes = Changes(version)
    changes.write(in_folder(version.wiki.path, encode(path) + EXTENSION), _content(call))
    changes.order(encode(above), lambda names: [*names, *([encode(title)] if encode(title) not in names else [])])
    made = commit(call, changes, call.query.text("comment", f"Added {encode(title)}{EXTENSION}"))
    name_pages(made.project, made.wiki)
    return page_answer(call, made, made.page(path), status=201, content=True)


def _edit(call: Call, version: Version, page: Page, wanted: str) -> Answer:
    if wanted != page.version:
        # The status is known, the type key and the text are a guess.
        message = f"The wiki page '{page.path}' has been changed since version '{wanted}'. Read it again."
        raise wiki_error(412, "WikiPageHasConflictsException", message)
    changes = Changes(version)
    changes.write(page.item, _content(call))
    made = commit(call, changes, call.query.text("comment", f"Updated {page.item.rsplit('/', 1)[-1]}"))
    return page_answer(call, made, made.page(page.path), content=True)


def _delete(call: Call, version: Version, page: Page) -> Answer:
    if page.path == "/":
        raise ArgumentError("The root of the wiki cannot be deleted.", "path")
    changes, name = Changes(version), encode(page.path.rpartition("/")[2])
    folder = in_folder(version.wiki.path, encode(page.path))
    for path in [path for path in changes.files if path == page.item or path.startswith(f"{folder}/")]:
        changes.remove(path)
    changes.order(encode(page.path.rpartition("/")[0]), lambda names: [each for each in names if each != name])
    answer = page_answer(call, version, page)
    made = commit(call, changes, call.query.text("comment", f"Deleted {page.item.rsplit('/', 1)[-1]}"))
    name_pages(made.project, made.wiki)
    shape = {key: value for key, value in as_object(answer.body).items() if key != "id"}
    return Answer(200, shape, headers={"ETag": '""'})
