"""The person to whom the work items of a search are assigned."""

from collections.abc import Iterable

from langchain_azure_devops.errors import did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.people import split_person

_MOST_NAMES = 10
_ME = "@me"


async def find_assignee(client: AzureDevOps, wanted: str | None) -> str | None:
    """Return by what a person is recognized: the name or the e-mail address as given; for @Me the unique name."""
    if wanted is None or wanted.lower() != _ME:
        return wanted
    identity = await client.identity()
    return identity.unique_name if identity else wanted


def name_others(wanted: str, people: Iterable[str]) -> list[str]:
    """Tell to whom the work items are assigned that have the words, when none is assigned to the wanted person.

    Args:
        wanted: The person as the call names them.
        people: To whom the others are assigned, by display name and unique name.
    """
    names = sorted({one_line(name) for name in people})
    if not names:
        return []
    near = "" if wanted.lower() == _ME else _suggest(wanted, names)
    shown = ", ".join(names[:_MOST_NAMES]) + (" and others" if len(names) > _MOST_NAMES else "")
    told = f"None of the work items with these words is assigned to a person with the name or address {wanted!r}."
    return [f"{told}{near} They are assigned to {shown}."]


def _suggest(wanted: str, names: list[str]) -> str:
    parts = [name for name in names if wanted.strip().casefold() in name.casefold()]
    if parts:
        return f" Did you mean {' or '.join(repr(name) for name in parts[:3])}?"
    return did_you_mean(wanted, [split_person(name)[0] for name in names])
