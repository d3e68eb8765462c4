"""Apply a template of a team to a work item: only the values that it names, and of these only those that differ."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from langchain_azure_devops.calls.approval import check_content
from langchain_azure_devops.calls.current_state import NothingToSend, check_is_approved
from langchain_azure_devops.calls.recovery import Missing, PendingWrite
from langchain_azure_devops.errors import Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.work_items.conflicts import check_revision, explain_conflict
from langchain_azure_devops.tools.work_items.models import RawWorkItem, SavedWorkItem
from langchain_azure_devops.tools.work_items.process.one_template import TemplateValues, find_template
from langchain_azure_devops.tools.work_items.recovery import ITEM, find_exact_change
from langchain_azure_devops.tools.work_items.repair import explain_refusal
from langchain_azure_devops.tools.work_items.sent_values import (
    find_changes,
    is_long_text,
    is_markdown,
    make_patch,
    quote_stored,
)
from langchain_azure_devops.tools.work_items.tools import Id, update_work_item
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.writes.row_plans import StoredItem
from langchain_azure_devops.tools.work_items.writes.shown_changes import show_change

_TAGS, _ADDED, _REMOVED = "system.tags", "system.tags-add", "system.tags-remove"
_MACRO = re.compile(r"@\w")
_JSON_PATCH = "application/json-patch+json"


def _find_wanted(template: TemplateValues, stored: RawWorkItem) -> dict[str, str]:
    """Return the values that a template gives to a work item, whether it has them or not.

    A template holds HTML. A long text that is stored as Markdown gets Markdown, and every other one HTML.

    Raises:
        InvalidRequest: A value is a macro, which only the web page of a work item replaces.
    """
    wanted, added, removed = dict[str, str](), list[str](), list[str]()
    for name, value in template.fields.items():
        if name.lower() in {_TAGS, _ADDED}:
            # The service itself adds tags to those that are there.
            added += _split(value)
        elif name.lower() == _REMOVED:
            removed += _split(value)
        elif is_long_text(name) or is_markdown(name, stored):
            wanted[name] = html_to_markdown(value) if is_markdown(name, stored) else value
        elif _MACRO.match(value.strip()) and name.lower() != "system.title":
            raise InvalidRequest(
                f"Template {template.name!r} gives {one_line(name)} the macro {one_line(value)!r}, which only the web "
                "page of Azure DevOps replaces, so nothing was sent. Set the fields with update_work_item.",
                subject=as_subject(name),
            )
        else:
            wanted[name] = value
    if added or removed:
        present = _split(quote_stored("System.Tags", stored))
        left = {tag.casefold(): tag for tag in [*reversed(added), *reversed(present)]}
        gone = {tag.casefold() for tag in removed} - {tag.casefold() for tag in added}
        order = dict.fromkeys(tag.casefold() for tag in [*present, *added])
        wanted["System.Tags"] = "; ".join(left[tag] for tag in order if tag not in gone)
    return wanted


def _split(tags: str) -> list[str]:
    return [tag.strip() for tag in tags.replace(",", ";").split(";") if tag.strip()]


class _Plan:
    """What a call changes."""

    def __init__(self, stored: StoredItem, template: TemplateValues) -> None:
        """Compare what the template gives with what is there."""
        self.stored, self.template = stored, template
        self.changes = find_changes(_find_wanted(template, stored), stored)

    @property
    def digest(self) -> str:
        """What tells these values from all others."""
        return hashlib.sha256(json.dumps(self.changes, sort_keys=True).encode()).hexdigest()

    def show(self, redact: Callable[[str], str]) -> str:
        """Return each value that is there and what is sent, as it is stored, for the person who decides.

        HTML is shown as such: what a page does not show of it is written, too.
        """
        lines = list[str]()
        for name, new in self.changes.items():
            lines += show_change(name, quote_stored(name, self.stored), new, redact)
        return "\n".join(lines)

    def list_new(self) -> dict[str, str]:
        """Return what the template brings; tags that are there are left out."""
        present = {tag.casefold() for tag in _split(quote_stored("System.Tags", self.stored))}
        brought = dict(self.changes)
        if "System.Tags" in brought:
            tags = _split(brought["System.Tags"])
            brought["System.Tags"] = "; ".join(tag for tag in tags if tag.casefold() not in present)
        return brought

    def make_patch(self) -> list[JsonValue]:
        """Return the operations that write the fields. No text changes its format.

        Tags that are there are sent back only where others go: the service can add tags, and cannot take single ones.
        """
        left = {tag.casefold() for tag in _split(self.changes.get("System.Tags", ""))}
        adds = all(tag.casefold() in left for tag in _split(quote_stored("System.Tags", self.stored)))
        patch = make_patch(self.list_new() if adds else self.changes)
        kept = list[JsonValue]()
        for operation in patch:
            path = str(operation["path"]) if isinstance(operation, dict) else ""
            if isinstance(operation, dict) and path == "/fields/System.Tags" and adds:
                kept.append({**operation, "op": "add"})
            elif not path.startswith("/multilineFieldsFormat/"):
                kept.append(operation)
        return kept

    @property
    def notes(self) -> list[str]:
        empty = ", ".join(map(one_line, self.template.empty))
        return [f"The template gives no value to {empty}, so that was left as it is."] if empty else []


async def _plan(client: AzureDevOps, number: int, template: str, team: str | None) -> _Plan:
    """Read the work item and the template, which is one of its own project.

    Raises:
        NothingToSend: The work item has all the values already.
        InvalidRequest: The template is for another type, or holds what cannot be written.
        NotFound: There is no such template.
        WriteBlocked: The template holds a secret, a link to a foreign host, or anything else that no write may send.
    """
    stored = decode(await client.get(ITEM, path={"id": number}, query={"$expand": "all"}), StoredItem)
    found = await find_template(client, stored.project, team, template)
    if found.type.casefold() != stored.type.casefold():
        raise InvalidRequest(
            f"Template {found.name!r} of {found.team} is for the type {found.type}, and work item {number} is a "
            f"{stored.type}, so nothing was sent.",
            subject=as_subject(found.name),
        )
    plan = _Plan(stored, found)
    if not plan.changes:
        raise NothingToSend(
            f"Work item {number} has everything that template {found.name!r} gives already, so nothing was sent.",
            subject=str(number),
        )
    # The texts of a template are no arguments, so nobody has checked them.
    brought: dict[str, JsonValue] = {
        "fields": [{"name": name, "value": value} for name, value in plan.list_new().items()]
    }
    await asyncio.to_thread(check_content, client, "apply_work_item_template", brought, update_work_item.is_target)
    return plan


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the work item, the template, and each value with what it becomes."""
    team = None if arguments.get("team") is None else str(arguments["team"])
    number = int(str(arguments["id"]))
    plan = await _plan(client, number, str(arguments["template"]), team)
    check_revision(number, plan.stored.revision, arguments["revision"])
    told: dict[str, JsonValue] = {
        "project": plan.stored.project,
        "type": plan.stored.type,
        "title": plan.stored.title,
        "state": plan.stored.state,
        "assigned_to": plan.stored.assigned_to or "",
        "revision": plan.stored.revision,
        "template": f"{plan.template.name} of {plan.template.team}",
        "changes": plan.show(client.secrets.redact),
        "changes_sha256": plan.digest,
    }
    return told


async def find_applied(client: AzureDevOps, pending: PendingWrite) -> SavedWorkItem | Missing:
    """Return the revision after the one that was read if it is recent, by this account, and makes exactly this change.

    What the template gives is read again; when it is another template by now, nothing is proven.
    """
    given = pending.arguments
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{given['id']}"
    answer = await client.get(ITEM, path={"id": given["id"]}, query={"$expand": "all"})
    template = await find_template(client, decode(answer, StoredItem).project, given.get("team"), given["template"])

    def find_sent(before: RawWorkItem, _type: str) -> dict[str, str]:
        return find_changes(_find_wanted(template, before), before)

    return await find_exact_change(client, pending, find_sent)


@toolset.write(
    Scope.WORK_WRITE,
    idempotent=True,
    sends=f"PATCH {ITEM}",
    targets=("id", "template", "team"),
    contents=("revision",),
    current=_read_before,
    recover=find_applied,
    example={"id": 4, "revision": 5, "template": "Production bug"},
)
async def apply_work_item_template(
    client: AzureDevOps,
    *,
    id: Id,
    revision: int,
    template: str,
    team: str | None = None,
) -> SavedWorkItem:
    """Apply a template, by name or id, to a work item.

    Raises:
        RevisionConflict: It has another revision now.
        InvalidRequest: Several templates have this name, it is for another type, or a rule refuses a value.
        NotFound: There is no such template.
        WriteBlocked: It holds what no write may send.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`; `GET /{project}/{team}/_apis/wit/templates`.
    """
    try:
        plan = await _plan(client, id, template, team)
    except NothingToSend as idle:
        same = decode(await client.get(ITEM, path={"id": id}, query={"$expand": "all"}), SavedWorkItem)
        return same.model_copy(update={"notes": [idle.message]})
    await check_is_approved("changes_sha256", plan.digest)
    changes = plan.make_patch()
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": revision}, *changes]
    try:
        answer = await client.post(ITEM, patch, path={"id": id}, content_type=_JSON_PATCH, method="PATCH")
    except Conflict as error:
        raise await explain_conflict(client, error, id, revision, changes) from error
    except InvalidRequest as error:
        raise await explain_refusal(client, error, id) from error
    saved = decode(answer, SavedWorkItem)
    return saved.model_copy(update={"notes": [*plan.notes, *saved.notes]})
