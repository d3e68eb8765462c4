"""The fields that a call sends, and whether the service stored exactly these."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.text.untrusted import clean
from langchain_azure_devops.tools.people import name_person
from langchain_azure_devops.tools.work_items.models import RawWorkItem

_NAMED = {
    "title": "System.Title",
    "state": "System.State",
    "assigned_to": "System.AssignedTo",
    "area": "System.AreaPath",
    "iteration": "System.IterationPath",
    "tags": "System.Tags",
}
LONG_TEXTS = frozenset(
    {
        "system.description",
        "microsoft.vsts.tcm.reprosteps",
        "microsoft.vsts.tcm.systeminfo",
        "microsoft.vsts.common.acceptancecriteria",
        "microsoft.vsts.common.resolution",
    }
)
"""The fields that are stored as HTML or as Markdown, in small letters. They are shown, and written, as Markdown."""
_ANY_CASE = frozenset({"system.state", "system.reason", "system.areapath", "system.iterationpath"})
_BODIES = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")


def description_field(type: str) -> str:
    """Return the field that holds the description; the form of a bug has none, and people use its repro steps."""
    return "Microsoft.VSTS.TCM.ReproSteps" if type.lower() == "bug" else "System.Description"


def sent_fields(given: Mapping[str, Any], type: str) -> dict[str, str]:
    """Return the fields that a call sends, by reference name.

    Args:
        given: The arguments of the call by their names.
        type: The type of the work item; it decides where the description goes.

    Raises:
        InvalidRequest: A field is given twice.
    """
    named = {reference: given.get(name) for name, reference in _NAMED.items()}
    if isinstance(named["System.Tags"], list):
        named["System.Tags"] = "; ".join(named["System.Tags"]) or None
    values = {name: str(value) for name, value in named.items() if value is not None}
    if (description := given.get("description")) is not None:
        values[description_field(type)] = description
    for field in given.get("fields") or []:
        if field.name in values:
            raise InvalidRequest(f"{field.name} is given twice.", subject=field.name)
        values[field.name] = field.value
    return values


def make_patch(sent: Mapping[str, str]) -> list[JsonValue]:
    """Return the operations that write the fields; long texts are Markdown from then on."""
    patch: list[JsonValue] = [
        # Adding tags adds to those that are there; every other field is set by it, also one that was empty.
        {"op": "replace" if name == "System.Tags" else "add", "path": f"/fields/{name}", "value": value}
        for name, value in sent.items()
    ]
    return patch + [
        {"op": "add", "path": f"/multilineFieldsFormat/{name}", "value": "Markdown"}
        for name in sent
        if name.lower() in LONG_TEXTS
    ]


def describe_conversions(sent: Iterable[str], stored: RawWorkItem) -> list[str]:
    """Say of each field that is HTML now that writing it as Markdown changes its format, which cannot be undone."""
    told = []
    for name in sent:
        if is_long_text(name) and not is_markdown(name, stored):
            lost = ". What only HTML can show, such as colors and sizes, is lost" if _find(name, stored) else ""
            told.append(f"{name} is HTML now and becomes Markdown for good{lost}.")
    return told


def find_changes(sent: Mapping[str, str], stored: RawWorkItem) -> dict[str, str]:
    """Return the values that differ from those that a work item has."""
    return {name: value for name, value in sent.items() if not _is_same(value, name, stored)}


def say_same(sent: Iterable[str], links: Iterable[str]) -> str:
    """Return the words for a change that was not sent, as the work item has these texts and links."""
    what = " and ".join([*["exactly these texts"] * any(sent), *["these links"] * any(links)])
    return f"The work item has {what} already, so nothing was sent."


def has_long_text(sent: Iterable[str]) -> bool:
    """Return whether one of the fields is stored as HTML or as Markdown."""
    return any(is_long_text(name) for name in sent)


def is_long_text(name: str) -> bool:
    """Return whether a field is stored as HTML or as Markdown."""
    return name.lower() in LONG_TEXTS


def drop_same_texts(sent: Mapping[str, str], stored: RawWorkItem) -> dict[str, str]:
    """Return what was sent without the long texts that a work item has already, as they are stored or shown."""
    changed = find_changes(sent, stored)
    return {name: value for name, value in sent.items() if name in changed or name.lower() not in LONG_TEXTS}


def show_stored(name: str, stored: RawWorkItem) -> str:
    """Return the present value of a field as it is shown; a long text as Markdown."""
    value = quote_stored(name, stored)
    return html_to_markdown(value) if is_long_text(name) and not is_markdown(name, stored) else value


def quote_stored(name: str, stored: RawWorkItem) -> str:
    """Return the present value of a field as it is stored; a person by the name."""
    value = _find(name, stored)
    return str(name_person(value)) if isinstance(value, dict) else "" if value is None else str(value)


def _find(name: str, stored: RawWorkItem) -> JsonValue:
    return {known.lower(): value for known, value in stored.fields.items()}.get(name.lower())


def is_markdown(name: str, stored: RawWorkItem) -> bool:
    """Return whether a work item stores a field as Markdown."""
    formats = {known.lower(): str(form).lower() for known, form in (stored.formats or {}).items()}
    return formats.get(name.lower()) == "markdown"


def _is_same(sent: str, name: str, stored: RawWorkItem) -> bool:
    """Return whether a field has exactly this value.

    Texts are compared as they are stored: a text in angle brackets counts. Only of a text that is stored as HTML, the
    Markdown that is shown of it is the same.
    """
    value, plain = _find(name, stored), sent.replace("\r\n", "\n")
    if value is None:
        return sent == ""
    if isinstance(value, dict):
        # A display name alone may be that of another person.
        keys = {str(value[key]).casefold() for key in ("id", "descriptor", "uniqueName") if value.get(key)}
        return sent.casefold() in keys | {str(name_person(value)).casefold()}
    if isinstance(value, bool):
        return sent.lower() == str(value).lower()
    if isinstance(value, int | float):
        return _number(sent) == value
    return _is_same_text(plain, str(value).replace("\r\n", "\n"), name.lower(), html=not is_markdown(name, stored))


def _is_same_text(sent: str, stored: str, field: str, *, html: bool) -> bool:
    if field == "system.tags":
        return _tags(sent) == _tags(stored)
    if field in _ANY_CASE:
        return sent.strip("\\").casefold() == stored.strip("\\").casefold()
    if field in LONG_TEXTS and html:
        shown = html_to_markdown(stored)
        return sent in {stored, shown, clean(shown)}
    return sent == stored


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _tags(text: str) -> set[str]:
    return {tag.strip().casefold() for tag in text.replace(",", ";").split(";") if tag.strip()}


def find_differences(sent: Mapping[str, str], stored: Mapping[str, JsonValue]) -> list[str]:
    """Return the fields whose stored value is not surely the one that was sent."""
    by_name = {name.lower(): value for name, value in stored.items()}
    return [name for name, value in sent.items() if not is_stored_as(value, by_name.get(name.lower()), name)]


def find_other_changes(
    sent: Iterable[str], before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> list[str]:
    """Return the fields that changed although they were not sent; only those that no rule of a process changes."""
    given = {name.lower() for name in sent}
    watched = (*(name for name in _NAMED.values() if name != "System.AssignedTo"), *_BODIES)
    return [
        name
        for name in watched
        if name.lower() not in given and (before.get(name) or None) != (after.get(name) or None)
    ]
