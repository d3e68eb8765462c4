"""The values of fields before and after a change, as a reader needs them."""

import re
from collections.abc import Callable
from itertools import takewhile

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.results.models import Result, Untrusted
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.people import name_person

HISTORY, STATE, CHANGED = "System.History", "System.State", "System.ChangedDate"
_DELETED = "System.IsDeleted"
_BOOKKEEPING = frozenset(
    {
        *(
            f"System.{name}"
            for name in (
                *("Id", "Rev", "Watermark", "PersonId", "AreaId", "IterationId", "NodeName", "CommentCount", "Parent"),
                *("ChangedDate", "ChangedBy", "RevisedDate", "AuthorizedDate", "AuthorizedAs", "CreatedDate"),
                *("CreatedBy", "AttachedFileCount", "HyperLinkCount", "ExternalLinkCount"),
                *("RelatedLinkCount", "RemoteLinkCount", "BoardColumnDone"),
            )
        ),
        *(
            f"Microsoft.VSTS.Common.{name}"
            for name in (
                *("StateChangeDate", "ActivatedDate", "ActivatedBy", "ResolvedDate", "ResolvedBy", "ClosedDate"),
                *("ClosedBy", "StackRank", "BacklogPriority"),
            )
        ),
    }
)
_LEVELS = re.compile(r"(?i)System\.(Area|Iteration)Level\d+|WEF_.*|System\.ExtensionMarker")
_LONGEST = 160
_BEFORE_THE_DIFFERENCE = 40
_SAME_TEXT = "the same text in another form"


class FieldChange(Result):
    """A field before and after a save; None where it was or became empty."""

    cell = "{field}: {before} -> {after}"

    field: str
    before: Untrusted | None
    after: Untrusted | None


class RawChange(BaseModel):
    """The values of a field as the service answers them."""

    before: JsonValue = Field(default=None, validation_alias="oldValue")
    after: JsonValue = Field(default=None, validation_alias="newValue")


def is_bookkeeping(name: str) -> bool:
    """Return whether the service alone keeps a field, or another field, a link or the row itself says the same."""
    return name in _BOOKKEEPING or _LEVELS.fullmatch(name) is not None


def is_change(name: str, change: RawChange) -> bool:
    """Return whether a field has another value than before. The first save names fields that stayed empty, too."""
    return _normal(name, change.before) != _normal(name, change.after)


def _normal(name: str, value: JsonValue) -> JsonValue:
    return None if value == "" or (name == _DELETED and value is False) else value


def show_change(
    name: str, change: RawChange, show_text: Callable[[str, str], str], secrets: KnownSecrets
) -> FieldChange:
    """Return what a save did to a field. Of long texts, only the part is shown in which they begin to differ.

    Args:
        name: The reference name of the field.
        change: Its values.
        show_text: Returns the text of a field, which is given by its reference name, as Markdown.
        secrets: Redact a text before it is cut: what is left might not show that it is a secret.
    """
    texts = [_show(name, value, show_text) for value in (change.before, change.after)]
    if any(len(text) > _LONGEST for text in texts):
        texts = _cut([one_line(secrets.redact(text)) for text in texts])
    if texts[0] == texts[1] and is_change(name, change):
        texts[1] = f"({_SAME_TEXT})"
    return FieldChange(field=name, before=texts[0] or None, after=texts[1] or None)


def _show(name: str, value: JsonValue, show_text: Callable[[str, str], str]) -> str:
    if value is None:
        return "no" if name == _DELETED else ""
    if isinstance(value, dict):
        return str(name_person(value) or "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return show_text(name, value) if isinstance(value, str) else str(value)


def _cut(texts: list[str]) -> list[str]:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    start = max(0, same - _BEFORE_THE_DIFFERENCE)
    return [_excerpt(text, start) for text in texts]


def _excerpt(text: str, start: int) -> str:
    part = text[start : start + _LONGEST]
    if not part:
        return ""
    left, right = "…" if start else "", "…" if start + _LONGEST < len(text) else ""
    return f"{left}{part}{right}" + (f" ({len(text):,} characters)" if left or right else "")
