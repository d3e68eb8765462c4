"""Name the extra of this distribution that brings a library which is not installed."""

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager

_DISTRIBUTION = "langchain-azure-devops"
_EXTRA = re.compile(r"([\w.-]+)(?:\[([\w,\s-]+)\])?.*\bextra == [\"'](\w+)[\"']")
_OTHER_NAMES = {
    "vcr": "vcrpy",
    "PIL": "pillow",
    "markdown-it": "markdown-it-py",
    "mcp-types": "mcp",
    "psycopg-pool": "psycopg",
    "langgraph-store-postgres": "langgraph-checkpoint-postgres",
}
"""The libraries whose distributions have other names, or come with another one."""


class ExtraMissing(ModuleNotFoundError):
    """A library is not installed; the message names the extra that brings it."""


def describe_missing(library: str, extra: str) -> str:
    """Say what is not installed, and what to install."""
    return (
        f"The library {library!r} is not installed. Install the extra {extra!r}: pip install '{_DISTRIBUTION}[{extra}]'"
    )


@contextmanager
def naming_extras() -> Iterator[None]:
    """Let an import inside a `with` block that fails name the extra that brings the library.

    Raises:
        ExtraMissing: An extra brings the library. Other failed imports are raised as they are.
    """
    try:
        yield
    except ExtraMissing:
        raise
    except ModuleNotFoundError as error:
        if (extra := find_extra(error.name or "")) is None:
            raise
        raise ExtraMissing(describe_missing(str(error.name), extra), name=error.name) from error


def require(*modules: str) -> None:
    """Check that libraries are installed, without importing them.

    Raises:
        ExtraMissing: One is not; the message names the extra that brings it.
    """
    with naming_extras():
        for module in modules:
            if importlib.util.find_spec(module) is None:
                raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def find_extra(module: str, preferred: str = "") -> str | None:
    """Return the extra that brings a module, from what this distribution declares; None when none does.

    Args:
        module: The name of the module.
        preferred: The extra to return if it brings the module too. By default it is the smallest one.
    """
    words = module.replace("_", "-").split(".")
    names = ["-".join(words[:count]) for count in range(len(words), 0, -1)]
    extras = _list_extras()
    # An extra may contain others; the smallest one brings the least.
    smallest = sorted(extras, key=lambda extra: (extra != preferred, len(extras[extra])))
    wanted = [_OTHER_NAMES.get(name, name) for name in names]
    return next((extra for name in wanted for extra in smallest if name in extras[extra]), None)


def _list_extras() -> dict[str, set[str]]:
    """List the libraries of each extra, with those of the extras that it contains."""
    import importlib.metadata  # noqa: PLC0415 - slow to import, and needed only when something is missing

    try:
        declared = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    extras: dict[str, set[str]] = {}
    contained: dict[str, set[str]] = {}
    for line in declared:
        if found := _EXTRA.match(line):
            library, inner, extra = found[1].lower(), found[2] or "", found[3]
            extras.setdefault(extra, set()).add(library)
            if library == _DISTRIBUTION:
                contained.setdefault(extra, set()).update(name.strip() for name in inner.split(","))
    return {
        extra: libraries.union(*(extras.get(inner, set()) for inner in contained.get(extra, ())))
        for extra, libraries in extras.items()
    }
