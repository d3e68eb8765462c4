"""People in results: the display name with the unique name, because several people may share a display name."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator

from langchain_azure_devops.results.models import Mark


def name_person(person: object) -> object:
    """Return `Display Name <unique name>` for a person as the service describes one; leave any other value unchanged.

    A text that the service answers instead has this form already. None means that there is no such person.
    """
    if not isinstance(person, dict):
        return person
    names = [str(person.get(key) or "").strip() for key in ("displayName", "uniqueName")]
    name, unique_name = names[0] or str(person.get("id") or ""), names[1]
    if not unique_name or unique_name == name:
        return name or None
    return f"{name} <{unique_name}>" if name else unique_name


NamedPerson = Annotated[str | None, Mark(), BeforeValidator(name_person)]
"""A person as `Display Name <unique name>`, read from the service's identity reference; None where there is none."""


def shorten_people(people: Iterable[str]) -> dict[str, str]:
    """Return what a long list calls each person: the display name alone, except where two people share it.

    Args:
        people: The people as `name_person` names them.
    """
    unique_names = defaultdict[str, set[str]](set)
    split = {person: split_person(person) for person in people}
    for name, unique_name in split.values():
        unique_names[name.casefold()].add(unique_name.casefold())
    return {person: name if len(unique_names[name.casefold()]) == 1 else person for person, (name, _) in split.items()}


def split_person(person: str) -> tuple[str, str]:
    """Return the display name and the unique name of a person; the second is empty where there is only one name."""
    name, _, unique_name = person.rpartition(" <")
    return (name, unique_name.removesuffix(">")) if name and unique_name.endswith(">") else (person, "")


def is_person(shown: str | None, wanted: str) -> bool:
    """Return whether a person has exactly this display name, this unique name, or both, in any case.

    Args:
        shown: The person as `name_person` names them; None for nobody, which only a blank text means.
        wanted: What was asked for.
    """
    whole = (shown or "").casefold()
    return wanted.strip().casefold() in {whole, *filter(None, split_person(whole))}
