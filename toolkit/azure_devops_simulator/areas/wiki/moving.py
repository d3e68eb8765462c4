"""Move wiki pages to another path, or to another place among the pages beside them."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.wiki.commits import Changes, commit
from azure_devops_simulator.areas.wiki.lookup import VERSION, WIKI, WRITE, Version, read_version, wiki_error
from azure_devops_simulator.areas.wiki.names import EXTENSION, check_path, clean_path, encode, in_folder
from azure_devops_simulator.areas.wiki.pages import Page, find_page, name_pages
from azure_devops_simulator.areas.wiki.shapes import page_answer

area = Area("wiki")


@area.post(f"{WIKI}/pagemoves", scopes=WRITE, query=f"comment {VERSION}*", body="newOrder newPath path")
def move_page(call: Call) -> Answer:
    """Move a page with those below it. The texts of the refusals are a guess."""
    body = call.json_object()
    given, new_given, order = as_text(body.get("path")), as_text(body.get("newPath")), body.get("newOrder")
    version = read_version(call, write=True)
    for name, value in (("path", given), ("newPath", new_given)):
        if not value.strip("/"):
            raise ArgumentError("Value cannot be null.", name, type_key="ArgumentNullException")
    if order is not None and (not isinstance(order, int) or isinstance(order, bool) or order < 0):
        raise ArgumentError("The order of a page must not be negative.", "newOrder")
    path, new = clean_path(given), clean_path(new_given)
    page = version.page(path)
    _check_place(version, path, new)
    moved = _move(call, version, page, new, order if isinstance(order, int) else None)
    told = {**body, "page": page_answer(call, moved, moved.page(new)).body}
    return Answer(201, told, headers={"ETag": f'"{moved.page(new).version}"'})


def _check_place(version: Version, path: str, new: str) -> None:
    check_path(new, "newPath")
    if new == path:
        return
    if new.startswith(f"{path}/"):
        raise ArgumentError("A page cannot be moved below itself.", "newPath")
    root, above = version.pages(), new.rpartition("/")[0]
    if find_page(root, new) is not None:
        raise wiki_error(500, "WikiPageAlreadyExistsException", f"The wiki page '{new}' already exists.")
    if above and find_page(root, above) is None:
        message = f"One or more ancestor pages of the page '{new}' does not exist."
        raise wiki_error(404, "WikiAncestorPageNotFoundException", message)


def _move(call: Call, version: Version, page: Page, new: str, order: int | None) -> Version:
    changes, folder = Changes(version), version.wiki.path
    (above, _, title), (new_above, _, new_title) = page.path.rpartition("/"), new.rpartition("/")
    if new != page.path:
        if page.has_file:
            changes.move(page.item, in_folder(folder, encode(new) + EXTENSION))
        changes.move(in_folder(folder, encode(page.path)), in_folder(folder, encode(new)))
    beside = version.pages() if not new_above else version.page(new_above)
    names = [encode(each.path.rpartition("/")[2]) for each in beside.below if each.path != page.path]
    at = len(names) if order is None else min(order, len(names))
    if above != new_above:
        changes.order(encode(above), lambda known: [each for each in known if each != encode(title)])
    changes.order(encode(new_above), lambda _: [*names[:at], encode(new_title), *names[at:]])
    ids = dict(version.wiki.page_ids)
    moved = commit(call, changes, call.query.text("comment", f"Moved {page.path} to {new}"))
    for old, number in ids.items():
        if old == page.path or old.startswith(f"{page.path}/"):
            version.wiki.page_ids[new + old.removeprefix(page.path)] = number
            if new != page.path:
                version.wiki.page_ids.pop(old, None)
    name_pages(moved.project, moved.wiki)
    return moved
