"""Change many work items with one approval. Each is written alone, and the result says of each what became of it."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from langchain_azure_devops.calls.current_state import NotCompared, NothingToSend
from langchain_azure_devops.calls.fan_out import AT_ONCE
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, unknown_outcome
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    NotSignedIn,
    ScopeMissing,
    StateChanged,
    WriteBlocked,
    WriteNotDone,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed, PartialResult, Result, Untrusted
from langchain_azure_devops.safety.write_memory import BegunWrite
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.models import SavedWorkItem
from langchain_azure_devops.tools.work_items.recovery import ITEM, find_update
from langchain_azure_devops.tools.work_items.repair import explain_refusal
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.writes.row_plans import (
    ItemUpdate,
    RowPlan,
    StoredItem,
    plan_row,
    plan_rows,
)

MOST = 50
_JSON_PATCH = "application/json-patch+json"


_updates = TypeAdapter(list[ItemUpdate])


class UpdatedRow(Result):
    """What became of one of the work items."""

    web = "_workitems/edit/{id}"

    id: int
    outcome: Literal["done", "unchanged", "refused", "unknown"]
    revision: int | None = None
    title: Untrusted | None = None
    state: Untrusted | None = None
    reason: Untrusted | None = None


class UpdatedWorkItems(PartialResult):
    """What became of each of the work items."""

    identifying = ("items",)
    effect = ("made",)
    web = "_workitems/recentlyupdated"

    done: int
    unchanged: int
    refused: int
    unknown: int
    items: list[UpdatedRow]
    made: str | None = Field(default=None, exclude=True)
    notes: list[str] = Field(default=[])


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read each work item, and say what is there and what it becomes."""
    plans = await plan_rows(client, _updates.validate_python(arguments["updates"]))
    projects = sorted({plan.stored.project for plan in plans if plan.stored})
    shown: dict[str, JsonValue] = {f"work_item_{plan.update.id}": plan.show(client.secrets.redact) for plan in plans}
    return {"project": ", ".join(projects), "title": f"{len(plans)} work items", **shown}


async def _write(client: AzureDevOps, plan: RowPlan, begun: float, *, alone: bool) -> UpdatedRow | AzureDevOpsError:
    """Write one row. A refusal is returned, and a lost answer looked up at once, so that neither hides the others."""
    number = plan.update.id
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": plan.update.revision}, *plan.patch]
    try:
        answer = await client.post(ITEM, patch, path={"id": number}, content_type=_JSON_PATCH, method="PATCH")
        return _describe(decode(answer, SavedWorkItem))
    except (StateChanged, NotCompared):
        # Nothing of this call was sent so far: the state is compared once, before the first request.
        raise
    except WriteOutcomeUnknown as lost:
        if alone:
            raise
        return await _settle(client, plan, begun, lost)
    except InvalidRequest as error:
        return await explain_refusal(client, error, number)
    except AzureDevOpsError as error:
        return error


async def _write_all(
    client: AzureDevOps, plans: Sequence[RowPlan], begun: float
) -> dict[int, UpdatedRow | AzureDevOpsError]:
    """Write the rows, some at the same time, and return what became of each.

    Raises:
        StateChanged: What was shown has changed; nothing was sent.
    """
    left = iter(plans)
    found: dict[int, UpdatedRow | AzureDevOpsError] = {}

    async def work() -> None:
        for plan in left:
            found[plan.update.id] = await _write(client, plan, begun, alone=len(plans) == 1)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(plans))):
                group.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return found


async def _settle(client: AzureDevOps, plan: RowPlan, begun: float, lost: WriteOutcomeUnknown) -> UpdatedRow:
    """Find out what became of one row whose answer was lost; only proof counts."""
    arguments = dict(plan.update)
    write = BegunWrite("update_work_item", plan.update.model_dump(mode="json"), begun)
    pending = PendingWrite("update_work_item", arguments, begun, lost.accepted, write)
    timeouts, waited = client.context.timeouts, 0.0
    pause = timeouts.recovery_pause
    reason = lost.message
    while True:
        try:
            found = await find_update(client, pending)
        except WriteNotDone as refused:
            return _tell(plan, "refused", refused.message)
        except AzureDevOpsError as error:
            return _tell(plan, "unknown", f"{reason} {error.message}")
        if not isinstance(found, Missing):
            row = _describe(found)
            return row.model_copy(update={"reason": "The answer was lost; it was looked up and found as asked."})
        if waited >= timeouts.recovery or pause <= 0:
            return _tell(plan, "unknown", f"{reason} {found.looked_for} was not found, which proves nothing.")
        await asyncio.sleep(pause)
        waited += pause


def _describe(saved: SavedWorkItem) -> UpdatedRow:
    return UpdatedRow(id=saved.id, outcome="done", revision=saved.revision, title=saved.title, state=saved.state)


def _tell(plan: RowPlan, outcome: Literal["unchanged", "refused", "unknown"], reason: str = "") -> UpdatedRow:
    stored = plan.stored
    return UpdatedRow(
        id=plan.update.id,
        outcome=outcome,
        revision=stored.revision if stored and outcome != "unknown" else None,
        title=stored.title if stored else None,
        state=stored.state if stored and outcome != "unknown" else None,
        reason=reason or None,
    )


def _sum_up(rows: list[UpdatedRow], *notes: str) -> UpdatedWorkItems:
    """Return the outcome of each row with their counts; what was refused or is unknown is named as unread, too."""
    counts = {name: sum(row.outcome == name for row in rows) for name in ("done", "unchanged", "refused", "unknown")}
    told = [*notes]
    if counts["refused"]:
        told.append(f"{counts['refused']} of {len(rows)} were not changed; each says why.")
    if counts["unknown"]:
        told.append(f"Of {counts['unknown']} of {len(rows)} the outcome is unknown. Do not repeat them; read them.")
    failed = [
        Failed(place=f"work item {row.id}", status="conflict" if row.outcome == "refused" else "unavailable",
               reason=row.reason or "")
        for row in rows
        if row.outcome in {"refused", "unknown"}
    ]  # fmt: skip
    made = " ".join(f"{row.id}@{row.revision}" for row in rows if row.outcome == "done") or None
    return UpdatedWorkItems(**counts, items=rows, made=made, notes=told, partial=bool(failed), unread=failed)


async def find_updates(client: AzureDevOps, pending: PendingWrite) -> UpdatedWorkItems | Missing:
    """Find the revisions that this account made of all the work items since then, each with exactly its change."""
    pending.url = f"{client.settings.url('core')}/_workitems/recentlyupdated"
    rows, open_rows, late = list[UpdatedRow](), list[str](), list[str]()
    for update in pending.arguments["updates"]:
        one = PendingWrite(pending.tool, dict(update), pending.begun, pending.accepted, pending.write)
        try:
            found = await find_update(client, one)
        except (WriteNotDone, WriteOutcomeUnknown, Conflict) as error:
            open_rows.append(f"{update.id} ({error.message})")
            continue
        if isinstance(found, Missing):
            answer = await client.get(ITEM, path={"id": update.id}, query={"$expand": "all"})
            plan = await plan_row(client, update, decode(answer, StoredItem))
            if plan.is_idle:
                rows.append(_tell(plan, "unchanged"))
            else:
                late.append(str(update.id))
        else:
            rows.append(_describe(found))
    if not open_rows and not late:
        found_all = _sum_up(rows)
        if pending.is_of_another(client, UpdatedWorkItems, found_all.made):
            raise unknown_outcome("another call made these revisions")
        return found_all
    done = f"work items {', '.join(str(row.id) for row in rows)} are as asked" if rows else ""
    if not open_rows:
        # A change may still come, so it is looked for again.
        return Missing(f"the changes of work items {', '.join(late)}", f"{done[:1].upper()}{done[1:]}." if done else "")
    raise unknown_outcome(f"{done}{', but ' * bool(done)}not surely work items {', '.join([*open_rows, *late])}")


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"PATCH {ITEM}",
    times=MOST,
    targets=("updates",),
    current=_read_before,
    recover=find_updates,
    empty_clears=True,
    example={"updates": [{"id": 4, "revision": 5, "state": "Resolved"}]},
)
async def update_work_items(
    client: AzureDevOps, *, updates: Annotated[list[ItemUpdate], Field(min_length=1, max_length=MOST)]
) -> UpdatedWorkItems:
    """Change several work items, each as update_work_item does.

    Source: `POST .../wit/workitemsbatch`, then `PATCH /_apis/wit/workitems/{id}` with a test of `/rev` for each.
    """
    begun = time.monotonic()
    try:
        plans = await plan_rows(client, updates)
    except NothingToSend as idle:
        return await _tell_idle(client, updates, idle)
    sending = [plan for plan in plans if plan.objection is None and not plan.is_idle]
    written = await _write_all(client, sending, begun)
    errors = {number: error for number, error in written.items() if isinstance(error, AzureDevOpsError)}
    if len(errors) == len(written) and (len(plans) == 1 or _is_same_for_all(errors.values())):
        raise next(iter(errors.values()))
    rows = []
    for plan in plans:
        outcome = written.get(plan.update.id) or plan.objection
        if isinstance(outcome, UpdatedRow):
            rows.append(outcome)
        else:
            rows.append(_tell(plan, "refused", outcome.message) if outcome else _tell(plan, "unchanged"))
    outcomes = {row.outcome for row in rows}
    if "unknown" in outcomes and "done" not in outcomes:
        # Nothing is known to be written, so this must not read, or be remembered, as a write that was carried out.
        told = " ".join(f"{row.id}: {row.reason}" for row in rows if row.outcome != "unchanged")
        raise WriteOutcomeUnknown(f"None of these {len(rows)} changes is known to be done. {told}")
    return _sum_up(rows)


def _is_same_for_all(errors: Iterable[AzureDevOpsError]) -> bool:
    """Return whether every write was refused because of the token, which says nothing about any work item."""
    return all(isinstance(error, NotSignedIn | ScopeMissing | WriteBlocked) for error in errors)


async def _tell_idle(client: AzureDevOps, updates: Iterable[ItemUpdate], idle: NothingToSend) -> UpdatedWorkItems:
    """Say of each row that nothing was sent for it."""
    rows = []
    for update in updates:
        answer = await client.get(ITEM, path={"id": update.id}, query={"$expand": "all"})
        plan = await plan_row(client, update, decode(answer, StoredItem))
        rows.append(_tell(plan, "unchanged") if plan.is_idle else _tell(plan, "refused", _why(plan)))
    return _sum_up(rows, idle.message)


def _why(plan: RowPlan) -> str:
    return plan.objection.message if plan.objection else ""
