"""Tell the files that a page shows as they are from those that it renders, by their names."""

import re
from collections.abc import Collection, Mapping
from typing import Literal

Shown = Literal["message", "page", "source"]
"""How the service shows a text: as a message, in which a mention notifies somebody; as a page, which renders Markdown
or HTML; or as source, of which every character is shown as it stands."""

# What is not listed counts as rendered: documents, notebooks, drawings, templates, plain texts and unknown types.
# Of the names without a type, scripts have small letters, and documents such as README have none.
_SOURCE = re.compile(
    r"(?i)(?:.*/)?(?:(?-i:[^/.]*[a-z][^/.]*)|[^/]*\.(?:asm|bash|bat|bicep|bzl|c|cc|cfg|cjs|clj|cmake|cmd"
    r"|conf|cpp|cs|csproj|css|cts|cxx|dart|editorconfig|erl|exs?|fs|fsproj|gitattributes|gitignore|go|gradle|graphql"
    r"|groovy|h|hcl|hh|hpp|hs|hxx|ini|java|jl|jsx?|json|kts?|less|lock|lua|m|mjs|mk|mm|mod|mts|php|pl|pm|props"
    r"|properties|proto|ps1|psd1|psm1|pyi?|r|rb|rs|sass|scala|scss|sh|sln|sql|sum|swift|targets|tf|tfvars|toml|tsx?"
    r"|vb|vbproj|vue|ya?ml|zsh))"
)
_PLACE = re.compile(r"([a-z_]+)\.(\d+)\.([a-z_]+)")
_PATHS = frozenset({"path", "new_path"})
RENAMED_TO_PAGE = (
    "a name of a type that pages render, for a file that was not checked as one. Give the whole text as the content of "
    "a new file, and delete the old one"
)


def is_source(path: str) -> bool:
    """Return whether a page shows the file with this path as it stands, whatever its text says."""
    return _SOURCE.fullmatch(path) is not None


def tell_shown(arguments: Mapping[str, object], where: str, files: Collection[str]) -> Shown:
    """Say how the service shows the text at a place in the arguments of a write.

    Args:
        arguments: The arguments.
        where: The place, such as `changes.0.content`.
        files: The arguments that hold changes of files, each with its `path`.
    """
    if where.partition(".")[0] not in files:
        return "message"
    # A path is shown as text beside the file, and lists of files are rendered.
    paths = [path for path in _paths_beside(arguments, where) if path is not None]
    return "source" if paths and where.rpartition(".")[2] not in _PATHS and all(map(is_source, paths)) else "page"


def is_renamed_to_page(arguments: Mapping[str, object], where: str, files: Collection[str]) -> bool:
    """Return whether a place holds the new name of a file that makes a page render what was source before."""
    if where.partition(".")[0] not in files or where.rpartition(".")[2] != "new_path":
        return False
    path, new_path = _paths_beside(arguments, where)
    return path is not None and new_path is not None and is_source(path) and not is_source(new_path)


def _paths_beside(arguments: Mapping[str, object], where: str) -> tuple[str | None, str | None]:
    """Return the path and the new path of the change that holds a place."""
    if (steps := _PLACE.fullmatch(where)) is None:
        return None, None
    changes = arguments[steps[1]]
    change = changes[int(steps[2])] if isinstance(changes, list) else None
    if not isinstance(change, Mapping):
        return None, None
    path, new_path = change.get("path"), change.get("new_path")
    return path if isinstance(path, str) else None, new_path if isinstance(new_path, str) else None
