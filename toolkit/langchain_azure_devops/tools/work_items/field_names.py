"""Find the fields of work items by their reference names or by the names that people see."""

import difflib
import re
from collections.abc import Iterable

from pydantic import Field

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.untrusted import one_line

REFERENCE_NAME = re.compile(r"[A-Za-z]\w*(\.\w+)+")
_SUGGESTED = 3


class _Field(Named):
    reference_name: str = Field(validation_alias="referenceName")
    kind: str | None = Field(default=None, validation_alias="type")


async def find_fields(client: AzureDevOps, names: Iterable[str]) -> list[str]:
    """Return the reference names of fields, each once and in the given order.

    The service itself checks what has the form of a reference name; other names need one request.

    Raises:
        InvalidRequest: There are names that no field has; the message says which, and which come near.
    """
    given = [name.strip() for name in names]
    if all(REFERENCE_NAME.fullmatch(name) for name in given):
        return _unique(given)
    return _unique(_look_up(await _read_fields(client), given))


async def find_known_fields(client: AzureDevOps, names: Iterable[str]) -> list[str]:
    """Return the reference names of fields, each once, where nothing that is sent to the service names them.

    Raises:
        InvalidRequest: There are names that no field has; the message says which, and which come near.
    """
    given = [name.strip() for name in names]
    if not given:
        return []
    rows = await _read_fields(client)
    return _unique(_look_up(rows, given))


async def find_html_fields(client: AzureDevOps) -> list[str]:
    """Return the reference names, in small letters, of the fields that hold HTML, or Markdown in its place."""
    return [row.reference_name.lower() for row in await _read_fields(client) if row.kind in {"html", "history"}]


async def suggest_fields(client: AzureDevOps, name: str) -> str:
    """Return a sentence that names the fields whose names come near to one that does not exist."""
    return _suggest(await _read_fields(client), name)


def _look_up(rows: list[_Field], given: list[str]) -> list[str]:
    known = {row.name.casefold(): row.reference_name for row in rows}
    known |= {row.reference_name.casefold(): row.reference_name for row in rows}
    if unknown := [name for name in given if name.casefold() not in known]:
        hints = " ".join(f"There is no field {name!r}. {_suggest(rows, name)}" for name in unknown)
        raise InvalidRequest(hints, subject=as_subject(unknown[0]))
    return [known[name.casefold()] for name in given]


async def _read_fields(client: AzureDevOps) -> list[_Field]:
    return decode(await client.get("/{project}/_apis/wit/fields", path={"project": None}), Collection[_Field]).value


def _unique(names: list[str]) -> list[str]:
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    return list(first.values())


def _suggest(rows: list[_Field], name: str) -> str:
    short = name.rpartition(".")[2].lower().replace(" ", "")
    by_ending = {row.reference_name.rpartition(".")[2].lower(): row.reference_name for row in rows}
    by_name = {row.name.lower().replace(" ", ""): row.reference_name for row in rows}
    keys = difflib.get_close_matches(short, [*by_name, *by_ending], n=_SUGGESTED, cutoff=0.6)
    near = [one_line(each) for each in dict.fromkeys(by_name.get(key) or by_ending[key] for key in keys)]
    return "Use a field's reference name." + (f" Did you mean {', '.join(near)}?" if near else "")
