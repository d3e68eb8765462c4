"""The history of a work item: each save with its author, its time, and what it changed."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasPath, BaseModel, Field, TypeAdapter, ValidationError

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant, Page, Place, Position, Result, Untrusted, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.field_names import find_known_fields
from langchain_azure_devops.tools.work_items.log.changed_values import (
    CHANGED,
    HISTORY,
    STATE,
    FieldChange,
    RawChange,
    is_bookkeeping,
    is_change,
    show_change,
)
from langchain_azure_devops.tools.work_items.log.forms import Forms
from langchain_azure_devops.tools.work_items.models import Relation, make_link
from langchain_azure_devops.tools.work_items.related import describe_items
from langchain_azure_devops.tools.work_items.stored_texts import MARKUP
from langchain_azure_devops.tools.work_items.toolset import toolset

_UPDATES = "/_apis/wit/workItems/{id}/updates"
_LARGEST_PAGE = 200
_NEVER = 9999
_INSTANT = TypeAdapter[Instant](Instant)


class WorkItemChange(Result):
    """One save of a work item.

    Attributes:
        old_state: The state before, where the save changed it.
        new_state: The state afterwards, where the save changed it.
        links: The links that it added, changed or removed, in words.
        comment: The comment of the same save, as Markdown.
    """

    singular, plural = "change", "changes"
    author_fields = ("by",)
    identifying = ("work_item", "revision")
    web = "_workitems/edit/{work_item}"
    web_list = "_workitems/edit/{work_item}"

    work_item: int = Field(exclude=True)
    revision: int
    at: Instant | None
    by: NamedPerson
    by_id: str | None = Field(default=None, exclude=True)
    old_state: Untrusted | None = None
    new_state: Untrusted | None = None
    changes: list[FieldChange] = Field(default=[])
    links: list[Untrusted] = Field(default=[])
    comment: UntrustedText | None = None


class _Relations(BaseModel):
    added: OrNone[Relation] = Field(default=[])
    updated: OrNone[Relation] = Field(default=[])
    removed: OrNone[Relation] = Field(default=[])


class _Update(BaseModel):
    """A save as the service answers it."""

    work_item: int = Field(validation_alias="workItemId")
    revision: int = Field(validation_alias="rev")
    by: NamedPerson = Field(default=None, validation_alias="revisedBy")
    by_id: str | None = Field(default=None, validation_alias=AliasPath("revisedBy", "id"))
    revised: str | None = Field(default=None, validation_alias="revisedDate")
    fields: dict[str, RawChange] | None = None
    relations: _Relations | None = None

    @property
    def at(self) -> Instant | None:
        """The time of the save. The other date of a newest save is that of its end, which lies in the year 9999."""
        changed = (self.fields or {}).get(CHANGED, RawChange()).after
        for text in (changed, self.revised):
            try:
                when = _INSTANT.validate_python(text)
            except ValidationError:
                continue
            if when.year < _NEVER:
                return when
        return None

    @property
    def changed(self) -> dict[str, RawChange]:
        """The fields that have another value than before."""
        return {name: change for name, change in (self.fields or {}).items() if is_change(name, change)}

    @property
    def said(self) -> str:
        """The comment of the save as it is stored."""
        text = (self.fields or {}).get(HISTORY, RawChange()).after
        return text if isinstance(text, str) else ""


@toolset.read(
    Scope.WORK, example={"id": 4}, more_examples=({"id": 4, "fields": ["State", "Microsoft.VSTS.Common.Priority"]},)
)
async def list_work_item_changes(
    client: AzureDevOps,
    *,
    id: Annotated[int, Field(ge=1)],
    fields: Annotated[list[str], Field(description="Only their changes")] = [],  # noqa: B006 - read only
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkItemChange]:
    """List the history of a work item, oldest first: who changed which fields, state and links when, and the comment.

    Bookkeeping fields are left out unless named.

    Source: The fields left out hold dates and people of states, counters, ranks, and what a board keeps for itself.
    The first save names fields that stayed empty, which are no changes. `GET /_apis/wit/workItems/{id}/updates`; where
    a text has markup, the formats of fields and comments as well.
    """
    wanted_fields = await find_known_fields(client, fields)
    forms = Forms(client, id)
    looked, unnamed = 0, list[str]()

    async def fetch(position: Position, wanted: int) -> Batch[WorkItemChange]:
        nonlocal looked
        size = _LARGEST_PAGE if wanted_fields else min(wanted, _LARGEST_PAGE)
        query = {"$top": size, "$skip": position.skip or None}
        updates = decode(await client.get(_UPDATES, path={"id": id}, query=query), Collection[_Update]).value
        looked += len(updates)
        await _learn_forms(forms, updates, wanted_fields)
        titles = {} if wanted_fields else await _read_titles(client, updates, unnamed)
        rows = [_make_row(client, update, wanted_fields, forms, titles) for update in updates]
        after = Position(skip=position.skip + len(updates)) if len(updates) >= size else None
        return Batch([row for row in rows if row is not None], after)

    page = await collect(WorkItemChange, fetch, limit, cursor)
    page.looked_in = Place(project="*", words=f"work item {id}", web=f"_workitems/edit/{id}")
    page.notes.extend(dict.fromkeys([*unnamed, *forms.notes]))
    if wanted_fields and not page.items:
        page.notes.append(f"{looked} saves were looked through; none of them changed {', '.join(wanted_fields)}.")
    return page


def _choose(changes: Mapping[str, RawChange], wanted: list[str]) -> list[str]:
    """Return the fields to show."""
    if wanted:
        return [name for name in wanted if name in changes]
    return [name for name in changes if not is_bookkeeping(name)]


async def _learn_forms(forms: Forms, updates: list[_Update], wanted: list[str]) -> None:
    """Find out how those texts are stored that are shown."""
    shown = [(update, name) for update in updates for name in _choose(update.changed, wanted) if name != HISTORY]
    values = ((name, update.changed[name]) for update, name in shown)
    texts = ((name, text) for name, change in values for text in (change.before, change.after))
    await forms.learn_fields({name for name, text in texts if isinstance(text, str) and MARKUP.search(text)})
    await forms.learn_comments(update.said for update in updates if not wanted or _choose(update.changed, wanted))


def _make_row(
    client: AzureDevOps, update: _Update, wanted: list[str], forms: Forms, titles: Mapping[int, str]
) -> WorkItemChange | None:
    """Return a save as a row; None when it changed nothing that is asked for."""
    changes = update.changed
    names = _choose(changes, wanted)
    state = changes.get(STATE)
    links = [] if wanted else _tell_links(update.relations, titles)
    if not names and not links:
        return None
    shown = [
        show_change(name, changes[name], forms.show_field, client.secrets)
        for name in names
        if name not in {STATE, HISTORY}
    ]
    return WorkItemChange(
        work_item=update.work_item,
        revision=update.revision,
        at=update.at,
        by=update.by,
        by_id=update.by_id,
        old_state=None if state is None or state.before is None else str(state.before),
        new_state=None if state is None or state.after is None else str(state.after),
        changes=shown,
        links=links,
        comment=forms.show_comment(update.said) or None,
    )


def _tell_links(relations: _Relations | None, titles: Mapping[int, str]) -> list[str]:
    if relations is None:
        return []
    groups = {"added": relations.added, "changed": relations.updated, "removed": relations.removed}
    return [f"{done} {_name_link(relation, titles)}" for done, group in groups.items() for relation in group]


def _name_link(relation: Relation, titles: Mapping[int, str]) -> str:
    link = make_link(relation)
    title = link.title
    if link.to and link.to.kind == "WorkItem":
        title = titles.get(int(link.target))
    words = f"{link.kind} {link.target}" if title is None else f"{link.kind} {link.target} ({title})"
    return f"{words}, with the comment {link.comment!r}" if link.comment else words


async def _read_titles(client: AzureDevOps, updates: list[_Update], unnamed: list[str]) -> dict[int, str]:
    """Read what the linked work items are called. Where that fails, their ids are shown and a note says so."""
    groups = [update.relations for update in updates if update.relations]
    relations = [each for group in groups for each in (*group.added, *group.updated, *group.removed)]
    numbers = {int(to.target) for each in relations if (to := make_link(each).to) and to.kind == "WorkItem"}
    try:
        return await describe_items(client, sorted(numbers))
    except AzureDevOpsError as error:
        unnamed.append(f"The titles of linked work items could not be read: {error.message}")
        return {}
