"""The paths of wiki pages, and the names of the files that hold them.

A title stands in the name of its file with a hyphen for each space, and with `%2D` for each hyphen. Other characters
that a file cannot have are encoded in the same way.
"""

from __future__ import annotations

from urllib.parse import unquote

from azure_devops_simulator.api.errors import ArgumentError

EXTENSION = ".md"
ORDER = ".order"
"""The file of each folder that holds the names of its pages, without the extension, in their order."""

_ENCODED = {sign: f"%{ord(sign):02X}" for sign in '-:<>*?|"'} | {" ": "-"}
_FORBIDDEN = frozenset("\\#")
_LONGEST_PATH = 235


def clean_path(path: str) -> str:
    """Return the path of a page as the service writes it: with a slash at the start and none at the end."""
    return "/" + path.strip("/")


def check_path(path: str, parameter: str) -> None:
    """Refuse a path that no page can have. The rules are those of the documentation, the texts are a guess."""
    parts = path.strip("/").split("/")
    for title in parts:
        if not title.strip() or title != title.strip() or title.startswith(".") or title.endswith("."):
            raise ArgumentError(f"The page name '{title}' is not valid.", parameter)
        if any(sign in _FORBIDDEN or not sign.isprintable() for sign in title):
            raise ArgumentError(f"The page name '{title}' contains characters that are not allowed.", parameter)
    if len(path) > _LONGEST_PATH:
        raise ArgumentError(f"The path of the page is longer than {_LONGEST_PATH} characters.", parameter)


def encode(path: str) -> str:
    """Return the path of a file or folder without its extension, of the path of a page."""
    return "".join(_ENCODED.get(sign, sign) for sign in path)


def decode(name: str) -> str:
    """Return the title of a page of the name of its file."""
    return unquote(name.replace("-", " "))


def in_folder(folder: str, path: str) -> str:
    """Return the path in the repository of a path below the folder of the pages."""
    return f"{folder.rstrip('/')}{path}" or "/"
