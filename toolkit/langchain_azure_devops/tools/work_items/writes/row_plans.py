"""What each row of a change of many work items would write."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import AliasPath, BaseModel, ConfigDict, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    NotFound,
    RevisionConflict,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.links import Links, add_links, find_targets, is_linked
from langchain_azure_devops.tools.work_items.models import FieldValues, RawWorkItem
from langchain_azure_devops.tools.work_items.sent_values import (
    describe_conversions,
    find_changes,
    make_patch,
    sent_fields,
    show_stored,
)
from langchain_azure_devops.tools.work_items.tools import Id
from langchain_azure_devops.tools.work_items.writes.shown_changes import show_change


class ItemUpdate(BaseModel):
    """As update_work_item."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    revision: int
    title: str | None = None
    state: str | None = None
    assigned_to: str | None = None
    area: str | None = None
    iteration: str | None = None
    tags: str | None = None
    description: Annotated[str | None, Field(description="Markdown")] = None
    links: Links = []
    fields: FieldValues = []


class StoredItem(RawWorkItem):
    """A work item as it is stored."""

    id: int
    revision: int = Field(validation_alias="rev")
    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))
    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))


class RowPlan(NamedTuple):
    """What one row would write.

    Attributes:
        update: The row.
        stored: The work item; None when it cannot be read.
        changes: The values that differ from the present ones, by field.
        links: The words of the links that it would get.
        linked: The words of those that it has already.
        patch: The operations behind the test of the revision.
        objection: Why the row cannot be written; None when it can.
    """

    update: ItemUpdate
    stored: StoredItem | None
    changes: Mapping[str, str]
    links: Sequence[str]
    linked: Sequence[str]
    patch: list[JsonValue]
    objection: AzureDevOpsError | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the work item has all these values already."""
        return self.objection is None and not self.patch

    def show(self, redact: Callable[[str], str]) -> str:
        """Return what is there and what it becomes, without secrets, for the person who decides."""
        if self.stored is None:
            return f"not written: {self.objection.message if self.objection else ''}"
        head = f"{self.stored.type} {self.stored.id} in {self.stored.project}: {self.stored.title}"
        lines = [head, f"revision {self.stored.revision}, {self.stored.state}, {self.stored.assigned_to or 'nobody'}"]
        if self.objection is not None:
            return "\n".join([*lines, f"not written: {self.objection.message}"])
        for name, new in self.changes.items():
            lines += show_change(name, show_stored(name, self.stored), new, redact)
        lines += describe_conversions(self.changes, self.stored)
        lines += [f"new link: {words}" for words in self.links]
        if self.is_idle:
            return "\n".join([*lines, "has all these values already: not written"])
        return "\n".join([*lines, *(f"linked already: {words}" for words in self.linked)])


async def plan_rows(client: AzureDevOps, updates: Iterable[ItemUpdate]) -> list[RowPlan]:
    """Read all work items and compare them with what is asked for.

    Raises:
        InvalidRequest: A work item is named twice, or a row changes nothing.
        AzureDevOpsError: None of the rows can be written; the error of the first.
        NothingToSend: Every work item has all the values already.
    """
    rows = list(updates)
    if twice := [row.id for at, row in enumerate(rows) if row.id in {other.id for other in rows[:at]}]:
        raise InvalidRequest(f"Work item {twice[0]} is given twice, so nothing was sent.", subject=str(twice[0]))
    for row in rows:
        if not row.model_dump(exclude={"id", "revision"}, exclude_none=True, exclude_defaults=True):
            raise InvalidRequest(f"Nothing to change was given for work item {row.id}.", subject=str(row.id))
    asked: list[JsonValue] = [row.id for row in rows]
    # All of it, so that the answer says which texts are stored as Markdown.
    body: dict[str, JsonValue] = {"ids": asked, "$expand": "all", "errorPolicy": "omit"}
    response = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
    stored = {found.id: found for found in decode(response, Collection[StoredItem | None]).value if found}
    answers = await fan_out(range(len(rows)), lambda at: plan_row(client, rows[at], stored.get(rows[at].id)))
    plans = [
        answers.done[at] if at in answers.done else _refused(row, stored.get(row.id), answers.failed[at])
        for at, row in enumerate(rows)
    ]
    objections = [plan.objection for plan in plans if plan.objection is not None]
    if len(objections) == len(plans) == 1:
        raise objections[0]
    if len(objections) == len(plans):
        told = " ".join(f"{plan.update.id}: {error.message}" for plan, error in zip(plans, objections, strict=True))
        raise Conflict(f"None of these {len(plans)} work items can be written, so nothing was sent. {told}")
    if all(plan.objection is not None or plan.is_idle for plan in plans):
        others = " The others cannot be written." if objections else ""
        idle = len(plans) - len(objections)
        raise NothingToSend(
            f"{idle} of {len(plans)} work items have all these values already, so nothing was sent.{others}"
        )
    return plans


def _refused(update: ItemUpdate, stored: StoredItem | None, error: AzureDevOpsError) -> RowPlan:
    return RowPlan(update, stored, {}, (), (), [], error)


async def plan_row(client: AzureDevOps, update: ItemUpdate, stored: StoredItem | None) -> RowPlan:
    """Compare one work item with what is asked for; what cannot be written is a plan with its objection."""
    number = update.id
    if stored is None:
        error = NotFound(
            f"Work item {number} does not exist, was deleted, or this token's owner may not see it.",
            subject=str(number),
        )
        return _refused(update, None, error)
    if stored.revision != update.revision:
        late = RevisionConflict(
            f"Work item {number} is at revision {stored.revision}, not {update.revision}: somebody changed it since "
            "it was read. Read it again.",
            subject=str(number),
        )
        return _refused(update, stored, late)
    sent = sent_fields(dict(update), stored.type)
    changes = find_changes(sent, stored)
    targets = (await find_targets(client, stored.project, update.links)).values()
    there = [target for target in targets if is_linked(target, stored.relations)]
    new = [target for target in targets if target not in there]
    patch = [*make_patch(changes), *add_links(new)]
    words = [target.words for target in new], [target.words for target in there]
    return RowPlan(update, stored, changes, *words, patch)
