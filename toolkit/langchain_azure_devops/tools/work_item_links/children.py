"""Create children of a work item."""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import (
    Missing,
    PendingWrite,
    look_again,
    remember_write,
    settle_write,
    unknown_outcome,
)
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Conflict,
    Denied,
    InvalidRequest,
    NotFound,
    NotSignedIn,
    ProjectNotFound,
    WriteNotDone,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed, PartialResult, Result, Untrusted
from langchain_azure_devops.safety.grants import WriteRequest, current_call, digest_call
from langchain_azure_devops.safety.write_memory import BegunWrite
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_item_links.changes import JSON_PATCH, MOST, Id
from langchain_azure_devops.tools.work_item_links.relations import LinkingItem, read_linking_item
from langchain_azure_devops.tools.work_item_links.toolset import toolset
from langchain_azure_devops.tools.work_items.link_kinds import RELATION_OF_KIND
from langchain_azure_devops.tools.work_items.models import SavedWorkItem
from langchain_azure_devops.tools.work_items.recovery import find_created_item
from langchain_azure_devops.tools.work_items.related import LinkedWorkItem, read_linked_work_items
from langchain_azure_devops.tools.work_items.repair import add_repair_hint
from langchain_azure_devops.tools.work_items.sent_values import make_patch, sent_fields

_CREATE = "/{project}/_apis/wit/workitems/${type}"
_TOOL = "create_work_item"
"""Each child is one write of this kind, so that an equal one is known, whichever tool began it."""
_REFUSALS = (InvalidRequest, NotFound, Denied, Conflict, WriteNotDone)

Outcome = Literal["created", "refused", "unknown", "not sent"]


class NewChild(BaseModel):
    """Area and iteration: as the parent."""

    type: str
    title: Annotated[str, Field(min_length=1)]
    description: Annotated[str | None, Field(description="Markdown")] = None
    assigned_to: str | None = None
    area: str | None = None
    iteration: str | None = None


NewChildren = Annotated[list[NewChild], Field(min_length=1, max_length=MOST)]


class ChildOutcome(Result):
    """What became of one child.

    Attributes:
        outcome: `unknown` when the answer was lost and nothing proves what happened; `not sent` behind such a child.
        reason: Why it was not created, or how that is known.
    """

    web = "_workitems/edit/{id}"

    outcome: Outcome
    id: int | None = None
    type: Untrusted
    title: Untrusted
    reason: Untrusted | None = None


class CreatedChildren(PartialResult):
    """What became of each child of a call.

    Attributes:
        ids: The ids of those that were created, which tell this call from others.
    """

    web = "_workitems/edit/{parent}"
    caption = "children of work item {parent}"
    identifying = ("parent", "ids")
    effect = ("parent", "ids")

    parent: int
    ids: str = Field(default="", exclude=True)
    children: list[ChildOutcome]
    notes: list[str] = Field(default=[])


class _Done(NamedTuple):
    """What became of one child, and the error where it was not created."""

    row: ChildOutcome
    error: AzureDevOpsError | None = None


def _arguments(item: LinkingItem, child: NewChild) -> dict[str, JsonValue]:
    """Return the arguments with which `create_work_item` would create a child."""
    places = {"area": child.area or item.area, "iteration": child.iteration or item.iteration}
    given = {**child.model_dump(exclude_none=True), **places, "project": item.project, "parent": item.id}
    return {**given, "tags": [], "links": [], "fields": []}


def _make_patch(client: AzureDevOps, item: LinkingItem, arguments: Mapping[str, JsonValue]) -> list[JsonValue]:
    patch = make_patch(sent_fields(arguments, str(arguments["type"])))
    url = f"{client.settings.url('core')}/_apis/wit/workItems/{item.id}"
    link: JsonValue = {"rel": RELATION_OF_KIND["parent"], "url": url}
    return [*patch, {"op": "add", "path": "/relations/-", "value": link}]


async def _create(client: AzureDevOps, item: LinkingItem, child: NewChild) -> tuple[SavedWorkItem, str]:
    """Create one child, or find it when the answer was lost; return it with what there is to say of it.

    Raises:
        WriteOutcomeUnknown: The answer was lost, or that of an equal write was, and nothing proves what happened.
    """
    arguments = _arguments(item, child)
    begun = time.monotonic()
    call = current_call.get()
    told = call is not None and call.grant is not None and call.grant.request.notice
    # The approver was told that the call may do the same twice, and decided about each of its children.
    for earlier in [] if told else client.write_memory.list_equal(BegunWrite(_TOOL, arguments, begun)):
        pending = PendingWrite(_TOOL, arguments, earlier.begun, False, earlier)
        found = await look_again(client, find_created_item, pending) if earlier.state == "unknown" else None
        if found is not None:
            return found, "It was not sent: an equal write was begun before, and it is now found as asked."
        raise WriteOutcomeUnknown(
            f"It was not sent: an equal write was begun at {earlier.at:%Y-%m-%d %H:%M:%S} UTC, and its outcome is not "
            "known.",
            subject=_TOOL,
            url=earlier.url,
        )
    request = WriteRequest(_TOOL, arguments, digest_call(_TOOL, arguments), item.project)
    with remember_write(client, request, begun) as (write, made):
        note = ""
        try:
            where: dict[str, str | int | None] = {"project": item.project, "type": child.type}
            patch = _make_patch(client, item, arguments)
            saved = decode(await client.post(_CREATE, patch, path=where, content_type=JSON_PATCH), SavedWorkItem)
        except WriteOutcomeUnknown as lost:
            pending = PendingWrite(_TOOL, arguments, begun, lost.accepted, write)
            saved = await settle_write(client, find_created_item, pending, lost.happened)
            note = "The answer was lost; it was looked up and found as asked."
        made.append(saved)
    return saved, note


async def _try(client: AzureDevOps, item: LinkingItem, child: NewChild) -> _Done:
    """Create one child, and return what became of it. An error that ends the whole call is raised.

    Raises:
        AzureDevOpsError: It says nothing about the child alone, such as that the approval does not hold any more.
    """
    try:
        saved, note = await _create(client, item, child)
    except WriteOutcomeUnknown as unknown:
        return _Done(_tell(child, "unknown", unknown.message), unknown)
    except ProjectNotFound:
        raise
    except (InvalidRequest, NotFound) as error:
        hinted = await add_repair_hint(client, error, item.project, child.type)
        return _Done(_tell(child, "refused", hinted.message), hinted)
    except _REFUSALS as error:
        return _Done(_tell(child, "refused", error.message), error)
    return _Done(ChildOutcome(outcome="created", id=saved.id, type=saved.type, title=saved.title, reason=note or None))


def _tell(child: NewChild, outcome: Outcome, reason: str) -> ChildOutcome:
    return ChildOutcome(outcome=outcome, type=child.type, title=child.title, reason=reason)


async def _create_all(client: AzureDevOps, item: LinkingItem, children: Sequence[NewChild]) -> list[_Done]:
    """Create the children in order. Nothing is sent behind one whose outcome is unknown.

    Raises:
        AzureDevOpsError: None was created, and the first error says nothing about one child alone.
    """
    done: list[_Done] = []
    stopped = ""
    for child in children:
        if stopped:
            done.append(_Done(_tell(child, "not sent", stopped)))
            continue
        try:
            done.append(await _try(client, item, child))
        except AzureDevOpsError as error:
            if isinstance(error, NotSignedIn) or not any(each.row.outcome == "created" for each in done):
                raise
            stopped = error.message
            done.append(_Done(_tell(child, "not sent", error.message), error))
        if done[-1].row.outcome == "unknown":
            stopped = "The outcome of the child before it is unknown."
    return done


def _sum_up(parent: int, done: Sequence[_Done]) -> CreatedChildren:
    """Return the result, or raise when no child was created.

    Raises:
        WriteOutcomeUnknown: It is not known whether one was.
        AzureDevOpsError: All were refused.
    """
    rows = [each.row for each in done]
    created = [row.id for row in rows if row.id is not None]
    problems = [each for each in done if each.error is not None]
    if not created:
        unknown = next((each.error for each in problems if isinstance(each.error, WriteOutcomeUnknown)), None)
        if unknown is not None or len(problems) == 1:
            raise unknown or cast("AzureDevOpsError", problems[0].error)
        told = " ".join(f"{at}. {row.type} {row.title!r}: {row.reason}" for at, row in enumerate(rows, 1))
        raise InvalidRequest(f"None of the {len(rows)} children was created. {told}", subject="children")
    others = [row for row in rows if row.outcome != "created"]
    notes = [f"{len(created)} of {len(rows)} were created; each of the others says why not."] if others else []
    if found := [str(row.id) for row in rows if row.outcome == "created" and row.reason]:
        notes.append(f"Looked up and found as asked: work item {', '.join(found)}.")
    if any(row.outcome == "unknown" for row in rows):
        notes.append("Do not ask again for a child whose outcome is unknown: a person has to look for it first.")
    failed = [Failed(place=f"{row.type} {row.title}", status=row.outcome, reason=row.reason or "") for row in others]
    ids = " ".join(map(str, created))
    return CreatedChildren(parent=parent, ids=ids, children=rows, notes=notes, partial=bool(others), unread=failed)


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the parent, what the children take over from it, and its children that have the title of a new one."""
    item = await read_linking_item(client, int(str(arguments["parent"])))
    links = [relation.link for relation in item.relations]
    numbers = [int(link.to.target) for link in links if link.kind == "child" and link.to]
    there: dict[str, LinkedWorkItem] = {}
    for each in (await read_linked_work_items(client, numbers)).values():
        there.setdefault(each.title.strip().casefold(), each)
    current: dict[str, JsonValue] = {f"parent_{name}": value for name, value in item.recognized.items()}
    current |= {"project": item.project, "parent_area": item.area, "parent_iteration": item.iteration}
    for at, row in enumerate(cast("list[dict[str, JsonValue]]", arguments["children"]), 1):
        if (same := there.get(str(row["title"]).strip().casefold())) is not None:
            current[f"same_title_as_{at}"] = f"work item {same.id}, {same.words}"
    return current


async def find_children(client: AzureDevOps, pending: PendingWrite) -> CreatedChildren | Missing:
    """Find each child that this account created since then with exactly the values that were sent."""
    number, children = pending.arguments["parent"], pending.arguments["children"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    item = await read_linking_item(client, number)
    rows, missing = list[ChildOutcome](), list[str]()
    for child in children:
        one = PendingWrite(_TOOL, _arguments(item, child), pending.begun, pending.accepted, pending.write)
        found = await find_created_item(client, one)
        if isinstance(found, Missing):
            missing.append(f"{child.type} {child.title!r}")
        else:
            rows.append(ChildOutcome(outcome="created", id=found.id, type=found.type, title=found.title))
    ids = [str(row.id) for row in rows]
    if missing:
        there = f"Created were: {', '.join(ids)}." if ids else ""
        return Missing(f"the child {', '.join(missing)} of work item {number}", there)
    if len(set(ids)) < len(ids):
        raise unknown_outcome(f"work item {ids[0]} fits to several of the children")
    return CreatedChildren(parent=number, ids=" ".join(ids), children=rows)


@toolset.write(
    Scope.WORK_WRITE,
    destructive=False,
    sends=f"POST {_CREATE}",
    times=MOST,
    several=("type",),
    targets=("parent", "children"),
    current=_read_before,
    recover=find_children,
    makes="work items",
    example={"parent": 8, "children": [{"type": "Task", "title": "Write the tests", "assigned_to": "Mina Sato"}]},
)
async def create_child_work_items(client: AzureDevOps, *, parent: Id, children: NewChildren) -> CreatedChildren:
    """Create children of a work item.

    Raises:
        InvalidRequest: All of them are refused; says what is allowed.
    Source: `POST .../wit/workitems/${type}` with the link to the parent, once for each.
    """
    item = await read_linking_item(client, parent)
    return _sum_up(parent, await _create_all(client, item, children))
