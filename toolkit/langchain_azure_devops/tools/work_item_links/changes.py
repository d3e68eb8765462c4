"""What the tools share that add and remove links: their arguments, their result, and the saves that made a change."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.recovery import unknown_outcome
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.results.models import PartialResult, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.work_items.link_history import LinkUpdate, read_link_updates
from langchain_azure_devops.tools.work_items.link_kinds import RELATION_OF_KIND, plain_kind

MOST = 20
JSON_PATCH = "application/json-patch+json"
_TYPES = "/_apis/wit/workitemrelationtypes"

Id = Annotated[int, Field(ge=1)]
Revision = Annotated[int, Field(description="As last read")]


class ChangedLinks(PartialResult):
    """A work item whose links were changed.

    Attributes:
        saves: The saves in its history that changed them; None when that could not be read.
    """

    singular, plural = "work item", "work items"
    web = "_workitems/edit/{id}"
    caption = "work item {id}"
    identifying = ("id", "revision")
    effect = ("id", "saves")

    id: int
    revision: int
    title: Untrusted
    added: list[Untrusted] = Field(default=[])
    removed: list[Untrusted] = Field(default=[])
    saves: str | None = Field(default=None, exclude=True)
    notes: list[str] = Field(default=[])


class _RelationType(Named):
    reference_name: str = Field(validation_alias="referenceName")
    usage: str | None = Field(default=None, validation_alias=AliasPath("attributes", "usage"))


async def find_relation(client: AzureDevOps, kind: str) -> str:
    """Return the reference name of a kind of relation between work items; a process may have more than the usual ones.

    Raises:
        InvalidRequest: There is no such kind; the message names those that there are.
    """
    wanted = plain_kind(kind)
    if (known := RELATION_OF_KIND.get(wanted)) is not None:
        return known
    rows = decode(await client.get(_TYPES), Collection[_RelationType]).value
    between = [row for row in rows if row.usage == "workItemLink"]
    for row in between:
        if wanted in {plain_kind(row.name), plain_kind(row.reference_name)}:
            return row.reference_name
    usual = {reference.lower() for reference in RELATION_OF_KIND.values()}
    kinds = [*RELATION_OF_KIND, *(row.name.lower() for row in between if row.reference_name.lower() not in usual)]
    raise InvalidRequest(
        f"There is no kind of link {kind!r} between work items.{did_you_mean(wanted, kinds)} The kinds are: "
        f"{', '.join(kinds)}.",
        subject=as_subject(kind),
    )


SAVES_UNREAD = "The service accepted the change, and its history does not show the change so far, or cannot be read."


def find_saves(updates: Sequence[LinkUpdate], changes: Callable[[LinkUpdate], bool]) -> LinkUpdate | None:
    """Return the last save that changed a link; None when the history has none."""
    return next((update for update in reversed(updates) if changes(update)), None)


def name_saves(numbers: Sequence[int]) -> str | None:
    """Return what tells a change of links from others; None when it is not known."""
    return " ".join(map(str, sorted(set(numbers)))) or None


async def read_saves(client: AzureDevOps, id: int, changes: Sequence[Callable[[LinkUpdate], bool]]) -> str | None:
    """Return what tells a change that was just made from others; None when the history cannot be read."""
    try:
        updates = await read_link_updates(client, id)
    except AzureDevOpsError:
        return None
    found = [update.number for each in changes if (update := find_saves(updates, each))]
    return name_saves(found) if len(found) == len(changes) else None


def check_own(update: LinkUpdate | None, account: str, what: str) -> LinkUpdate:
    """Return a save if it is surely by this account.

    Raises:
        WriteOutcomeUnknown: The history does not have it, or it is not known when and by whom it was made.
    """
    if update is None or update.made is None or update.by is None:
        raise unknown_outcome(f"the history of the work item does not say who changed {what} and when")
    if update.by != account:
        raise unknown_outcome(f"somebody else has changed {what} since then")
    return update
