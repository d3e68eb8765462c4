"""The site of this repository: its pages as they stand, and the reference of all public names. MkDocs calls the hooks.

A page keeps its path as its name, so that a link between two pages leads to the same place on the site as in the
repository. A file that is no page, such as a picture or a test, becomes a part of the site when a page links to it.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Link, Navigation
from mkdocs.structure.pages import Page

from azure_devops_agents.cli.documents.commonmark import for_python_markdown
from azure_devops_agents.cli.documents.public_names import PublicNames, find_public_names

_FOLDERS = (".github", "toolkit", "agents", "evals")
"""The folders that hold pages, besides the top level."""
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
_CODE = re.compile(r"(<pre.*?</pre>|<a\b.*?</a>|<autoref.*?</autoref>|<h\d.*?</h\d>)|<code>(\w+)</code>", re.DOTALL)


def on_config(config: MkDocsConfig) -> None:
    """Find the public names and add their pages to the navigation."""
    root = _root(config)
    config.extra["root"], config.extra["names"] = root, (names := find_public_names(root))
    sections: dict[str, list[str | dict[str, str]]] = {}
    for module in names.documented:
        package = module.partition(".")[0]
        sections.setdefault(package, []).append({module.removeprefix(f"{package}."): f"reference/{module}.md"})
    pages: list[Any] = ["reference/index.md", *({package: below} for package, below in sections.items())]
    listed = list(_paths(config.nav))
    config.nav = [*(config.nav or []), *(page for page in _pages(root) if page not in listed), {"API reference": pages}]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the pages of the navigation, the files that they link to, and the pages of the reference."""
    root, names = config.extra["root"], config.extra["names"]
    for file in list(files.documentation_pages()):
        files.remove(file)
    for path in _reachable(root, [page for page in _paths(config.nav) if (root / page).is_file()]):
        files.append(_file(config, path))
    for module, text in _reference(names):
        files.append(File.generated(config, f"reference/{module}.md", content=text))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    """Give some sections of pages an entry of their own."""
    for title, place in reversed(config.extra["sections"].items()):
        path, _, anchor = place.partition("#")
        if (page := files.src_uris[path].page) is not None:
            siblings = page.parent.children if page.parent else nav.items
            siblings.insert(siblings.index(page) + 1, Link(title, f"{page.url}#{anchor}"))


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Write a page in the way in which the parser of MkDocs reads the same."""
    return markdown if page.file.src_uri.startswith("reference/") else for_python_markdown(markdown)


def on_page_content(html: str, config: MkDocsConfig, **_: object) -> str:
    """Make a reference of every public name that stands in a text as code."""
    targets = config.extra["names"].targets

    def link(found: re.Match[str]) -> str:
        target = targets.get(found[2] or "")
        return f'<autoref identifier="{target}">{found[0]}</autoref>' if target else found[0]

    return _CODE.sub(link, html)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).resolve().parents[1]


def _pages(root: Path) -> list[str]:
    """List the pages of this repository."""
    found = [*root.glob("*.md"), *(page for folder in _FOLDERS for page in (root / folder).rglob("*.md"))]
    return sorted(page.relative_to(root).as_posix() for page in found)


def _paths(nav: object) -> Iterator[str]:
    """Yield the paths in a navigation, however deep they stand."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, Mapping):
        yield from _paths(list(nav.values()))
    elif isinstance(nav, list):
        for each in nav:
            yield from _paths(each)


def _reachable(root: Path, paths: list[str]) -> Iterator[str]:
    """Yield these files and every file that they link to."""
    seen = set()
    while paths:
        if (path := paths.pop()) in seen or not (root / path).is_file():
            continue
        seen.add(path)
        yield path
        if path.endswith(".md"):
            text = (root / path).read_text(encoding="utf-8")
            paths += [posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) for link in _LINK.findall(text)]


def _file(config: MkDocsConfig, path: str) -> File:
    """Return a file of this repository under its path; no address on the site has a folder that begins with a dot."""
    stem = Path(path).stem
    if path.endswith(".md"):
        address = f"{stem.lower()}/index.html" if stem != "README" else None
    else:
        address = "/".join(part.lstrip(".") for part in Path(path).parts)
    return File(
        path,
        config.extra["root"].as_posix(),
        config.site_dir,
        config.use_directory_urls,
        dest_uri=address,
        inclusion=InclusionLevel.INCLUDED,
    )


def _reference(names: PublicNames) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page of the reference."""
    rows = [f"- [`{module}`]({module}.md): {names.summaries[module]}" for module in names.documented]
    yield "index", "\n".join([*_INTRODUCTION, *rows])
    for module, documented in names.documented.items():
        lines = ["---", f"title: {module}", "---", "", f"::: {module}", *_MODULE_OPTIONS, ""]
        if elsewhere := names.elsewhere[module]:
            links = ", ".join(f"[`{name}`][{place}]" for name, place in elsewhere.items())
            lines += [f"Also importable from here: {links}.", ""]
        yield module, "\n".join([*lines, *(f"::: {module}.{name}\n" for name in documented)])


_INTRODUCTION = (
    "# API reference",
    "",
    "Every public name of the packages, once, at the first place from which it can be imported. What is not here may",
    "change without notice.",
    "",
)
_MODULE_OPTIONS = ("    options:", "      heading_level: 1", "      members: false", "      show_root_full_path: true")
