"""The pages of a wiki at a commit, as its files and their order make them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from azure_devops_simulator.areas.wiki.names import EXTENSION, ORDER, decode, in_folder
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.projects import Project, Repository, Wiki


@dataclass
class Page:
    """A page. One without a file of its own is a folder that has pages.

    `item` is the path of its file or folder in the repository, `version` the id of that object. `listed` tells whether
    the order of its folder names it.
    """

    path: str
    item: str
    version: str
    has_file: bool = True
    order: int = 0
    listed: bool = True
    below: list[Page] = field(default_factory=list)

    def walk(self) -> Iterator[Page]:
        """Return this page and every page below it, in their order."""
        yield self
        for page in self.below:
            yield from page.walk()


def repository_of(project: Project, wiki: Wiki) -> Repository:
    """Return the repository of a wiki. Raises KeyError when it is gone."""
    known = {**project.repositories, **project.hidden_repositories}
    return known[wiki.repository]


def read_pages(wiki: Wiki, repository: Repository, commit: str) -> Page:
    """Return the root of the pages at a commit, with all pages below it. A folder that is missing has none."""
    tree = repository.objects.at(repository.commit(commit).tree, wiki.path)
    root = Page("/", wiki.path, tree.id if tree else "", has_file=False)
    if tree is not None and tree.is_folder:
        root.below = _pages_in(repository, tree.id, "", wiki.path)
    return root


def _pages_in(repository: Repository, tree: str, path: str, folder: str) -> list[Page]:
    entries = {entry.name: entry for entry in repository.objects.entries(tree) or () if not entry.name.startswith(".")}
    found: dict[str, Page] = {}
    for name, entry in entries.items():
        if not entry.is_folder and name.endswith(EXTENSION):
            stem = name.removesuffix(EXTENSION)
            found[stem] = Page(f"{path}/{decode(stem)}", in_folder(folder, f"/{name}"), entry.id)
    for name, entry in entries.items():
        if not entry.is_folder:
            continue
        own = found.get(name) or Page(f"{path}/{decode(name)}", in_folder(folder, f"/{name}"), entry.id, has_file=False)
        own.below = _pages_in(repository, entry.id, own.path, in_folder(folder, f"/{name}"))
        if own.has_file or own.below:
            found[name] = own
    listed = read_order(repository, tree)
    names = [*(name for name in listed if name in found), *sorted(found.keys() - set(listed))]
    for number, name in enumerate(names):
        found[name].order, found[name].listed = number, name in listed
    return [found[name] for name in names]


def read_order(repository: Repository, tree: str) -> list[str]:
    """Return the names in the order file of a folder; each counts once."""
    entry = repository.objects.at(tree, f"/{ORDER}")
    content = repository.objects.blob(entry.id) if entry else None
    lines = (content or b"").decode("utf-8", "replace").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def find_page(root: Page, path: str) -> Page | None:
    """Return the page of a path, or None."""
    return next((page for page in root.walk() if page.path == path), None)


def settle_pages(organization: Organization) -> None:
    """Give an id to each page that has none: pages that a push to the repository made."""
    for project in organization.projects.values():
        for wiki in project.wikis.values():
            name_pages(project, wiki)


def name_pages(project: Project, wiki: Wiki) -> None:
    """Give an id to each page of the first branch of a wiki that has none, and forget those of pages that are gone."""
    try:
        repository = repository_of(project, wiki)
    except KeyError:
        return
    tip = repository.branch(wiki.branches[0])
    paths = [page.path for page in read_pages(wiki, repository, tip).walk() if page.has_file] if tip else []
    wiki.page_ids = {path: wiki.page_ids[path] for path in wiki.page_ids if path in set(paths)}
    for path in sorted(set(paths) - wiki.page_ids.keys()):
        wiki.last_page += 1
        wiki.page_ids[path] = wiki.last_page
