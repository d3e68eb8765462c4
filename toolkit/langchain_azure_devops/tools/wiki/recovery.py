"""Find out from the pushes to the repository of a wiki whether a page was written or moved."""

from typing import Any
from urllib.parse import quote

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.tools.changes.recovery import find_own_pushes, the_update
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.wiki.commits import Files, read_files
from langchain_azure_devops.tools.wiki.models import MovedWikiPage, SavedWikiPage
from langchain_azure_devops.tools.wiki.names import EXTENSION, above, clean_path, file_of, version_of
from langchain_azure_devops.tools.wiki.page_access import StoredPage, fetch_page
from langchain_azure_devops.tools.wiki.wikis import Wiki, place_of_wiki, read_wiki


async def find_created(client: AzureDevOps, pending: PendingWrite) -> SavedWikiPage | Missing:
    """Find the push with which this account added the page with this text since then."""
    return await _find_saved(client, pending, pending.arguments["content"], "add")


async def find_updated(client: AzureDevOps, pending: PendingWrite, text: str) -> SavedWikiPage | Missing:
    """Find the push with which this account gave the page this text since then."""
    return await _find_saved(client, pending, text, "edit")


async def _find_saved(client: AzureDevOps, pending: PendingWrite, text: str, change: str) -> SavedWikiPage | Missing:
    given = pending.arguments
    path, version = clean_path(given["path"]), version_of(text)
    where, wiki = await _place_to_look(client, pending, path)
    if pending.is_of_another(client, SavedWikiPage, wiki.name, path, version):
        return Missing("its effect", "Another call gave the page the same text.")
    file = file_of(wiki.folder, path)
    found = [
        commit
        for commit, files in await _own_commits(client, pending, where, wiki)
        if (changed := files.get(file)) is not None and change in changed.change and changed.blob == version
    ]
    if len(found) > 1:
        raise unknown_outcome(f"commits {', '.join(found)} all fit")
    if not found:
        return Missing(f"a push by this account that gave {path!r} exactly this text")
    page = await _read(client, where, wiki, path)
    notes = [] if page and page.version == version else ["The page has been changed or moved since."]
    return SavedWikiPage(wiki=wiki.name, path=path, id=page.id if page else None, version=version, notes=notes)


async def find_moved(client: AzureDevOps, pending: PendingWrite) -> MovedWikiPage | Missing:
    """Find the push with which this account moved the page since then; it has to stand now as asked."""
    given = pending.arguments
    path, new, order = clean_path(given["path"]), clean_path(given["new_path"]), given.get("order")
    where, wiki = await _place_to_look(client, pending, new)
    old_file, new_file = file_of(wiki.folder, path), file_of(wiki.folder, new)
    found = [
        commit
        for commit, files in await _own_commits(client, pending, where, wiki)
        if (
            await _is_reordered(client, where, wiki, path, files)
            if new == path
            else {old_file, new_file} <= _moved_paths(files)
        )
    ]
    if len(found) > 1:
        raise unknown_outcome(f"commits {', '.join(found)} all fit")
    page = await _read(client, where, wiki, new, level="full") if found else None
    if page is None or (order is not None and page.order != order):
        return Missing(f"a push by this account that moved {path!r} to {new!r}")
    if pending.is_of_another(client, MovedWikiPage, wiki.name, path, new, page.order):
        return Missing("its effect", "Another call made the same move.")
    return moved_page(wiki, path, page)


async def _is_reordered(client: AzureDevOps, where: PathValues, wiki: Wiki, path: str, files: Files) -> bool:
    """Return whether a commit gave a page another place among its neighbours, and nothing else.

    The list of the pages changes as well when another one is added, moved or deleted, which moves this one along.
    """
    listing = file_of(wiki.folder, above(path)).rpartition(".")[0].rstrip("/") + "/.order"
    if set(files) != {listing}:
        return False
    change, name = files[listing], file_of("/", path).rpartition("/")[2].removesuffix(EXTENSION)
    before, after = [await _read_names(client, where, wiki, blob) for blob in (change.blob_before, change.blob)]
    common = set(before) & set(after) - {name}
    if name not in after or [each for each in before if each in common] != [each for each in after if each in common]:
        return False
    places = [sum(each in common for each in names[: names.index(name)]) for names in (before, after) if name in names]
    return len(set(places)) == 2 or name not in before


async def _read_names(client: AzureDevOps, where: PathValues, wiki: Wiki, blob: str | None) -> list[str]:
    """Return the names in a list of pages; none where there was no such list."""
    if blob is None:
        return []
    place: PathValues = {"project": where["project"], "repository": wiki.repository, "blob": blob}
    answer = await client.get(
        f"{REPOSITORY}/blobs/{{blob}}", path=place, query={"$format": "text"}, accept="text/plain"
    )
    lines = answer.content.decode("utf-8", "replace").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def moved_page(wiki: Wiki, path: str, page: StoredPage) -> MovedWikiPage:
    """Return a page that was moved, as it is now with those below it."""
    along = [below.path for below in page.walk()]
    notes = [] if path == page.path else ["Links in other pages still lead to the old paths."]
    return MovedWikiPage(
        wiki=wiki.name, path=page.path, moved_from=path, order=page.order, moved_along=along, notes=notes
    )


async def _place_to_look(client: AzureDevOps, pending: PendingWrite, path: str) -> tuple[PathValues, Wiki]:
    """Return the place of the wiki of a lost write, and note the page where a person looks."""
    given: dict[str, Any] = dict(pending.arguments)
    where = await place_of_wiki(client, given)
    project, name = (quote(str(where[key]), safe="") for key in ("project", "wiki"))
    address = f"{project}/_wiki/wikis/{name}?pagePath={quote(path, safe='')}"
    pending.url = f"{client.settings.url('core')}/{address}"
    return where, await read_wiki(client, where)


async def _own_commits(
    client: AzureDevOps, pending: PendingWrite, where: PathValues, wiki: Wiki
) -> list[tuple[str, Files]]:
    """Return the commits that this account pushed to the branch of a wiki since then, with the files they changed."""
    place: PathValues = {"project": where["project"], "repository": wiki.repository}
    ref = f"refs/heads/{wiki.branch}"
    pushes = await find_own_pushes(client, pending, place, ref)
    commits = [update.new for push in pushes if (update := the_update(push, ref))]
    return [(commit, await read_files(client, place, commit)) for commit in commits]


def _moved_paths(files: Files) -> set[str]:
    """Return the paths that a commit renamed, from and to: as one change, or as a deletion and an addition."""
    words = ("rename", "sourceRename", "delete", "add")
    found = {path for path, each in files.items() if any(word in each.change for word in words)}
    return found | {each.source for each in files.values() if each.source and "rename" in each.change}


async def _read(
    client: AzureDevOps, where: PathValues, wiki: Wiki, path: str, level: str = "none"
) -> StoredPage | None:
    try:
        return await fetch_page(client, where, wiki.on_branch(), path, level=level)
    except NotFound:
        return None
