"""The paths of wiki pages, and the files of the repository that hold them."""

import hashlib
from urllib.parse import unquote

from langchain_azure_devops.errors import InvalidRequest

EXTENSION = ".md"
_ENCODED = {sign: f"%{ord(sign):02X}" for sign in '-:<>*?|"'} | {" ": "-"}
MAX_PATH = 235


def clean_path(path: str) -> str:
    """Return the path of a page as the service writes it: with a slash at the start and none at the end."""
    return "/" + path.strip("/")


def check_new_path(path: str, argument: str) -> str:
    """Return the path of a page that is to be.

    Raises:
        InvalidRequest: No page can have it; the message says why.
    """
    cleaned = clean_path(path)
    for title in cleaned[1:].split("/"):
        why = ""
        if not title.strip():
            why = "a title is empty"
        elif title != title.strip():
            why = f"the title {title!r} begins or ends with a space"
        elif title.startswith(".") or title.endswith("."):
            why = f"the title {title!r} begins or ends with a dot"
        elif bad := sorted({sign for sign in title if sign in "\\#" or not sign.isprintable()}):
            why = f"the title {title!r} has characters that no title may have: {' '.join(map(ascii, bad))}"
        if why:
            raise InvalidRequest(
                f"{path!r} can be no path of a wiki page: {why}. A path has the titles as readers see them, such as "
                "/On-call/Rota runbook.",
                subject=argument,
            )
    if len(cleaned) > MAX_PATH:
        raise InvalidRequest(f"The path of a wiki page may have {MAX_PATH} characters at most.", subject=argument)
    return cleaned


def file_of(folder: str, path: str) -> str:
    """Return the path of the file that holds a page, in the repository of a wiki that shows a folder.

    A space is a hyphen in the name of a file, and a hyphen is `%2D`.
    """
    name = "".join(_ENCODED.get(sign, sign) for sign in path)
    return f"{folder.rstrip('/')}{name}{EXTENSION}"


def page_of(folder: str, file: str) -> str:
    """Return the path of the page that a file holds."""
    home = f"{folder.rstrip('/')}/"
    inner = (file.removeprefix(home) if file.startswith(home) else file).removesuffix(EXTENSION)
    return clean_path(unquote(inner.replace("-", " ")))


def above(path: str) -> str:
    """Return the path of the page above another one; `/` is the top of the wiki."""
    return path.rpartition("/")[0] or "/"


def version_of(text: str) -> str:
    """Return the version that a page with this text has: the id that git gives to its content."""
    raw = text.encode()
    return hashlib.sha1(b"blob %d\0%b" % (len(raw), raw), usedforsecurity=False).hexdigest()
