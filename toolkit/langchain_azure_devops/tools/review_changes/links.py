"""Link work items to a pull request. The service takes such a link only as a change of the work item."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import AzureDevOpsError, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import describe, read_pull_request
from langchain_azure_devops.tools.pull_requests.recovery import find_pull_request
from langchain_azure_devops.tools.review_changes.each import add_failed, write_each
from langchain_azure_devops.tools.review_changes.models import LinkedPullRequest, read_again, read_changed
from langchain_azure_devops.tools.review_changes.toolset import review_changes
from langchain_azure_devops.tools.work_items.link_history import LinkUpdate, read_link_updates
from langchain_azure_devops.tools.work_items.links import Target, add_links, find_missing, target_pull_request
from langchain_azure_devops.tools.work_items.models import Relation
from langchain_azure_devops.tools.work_items.related import describe_items

_ITEM = "/_apis/wit/workitems/{work_items}"
_JSON_PATCH = "application/json-patch+json"
_MOST = 20

WorkItems = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=_MOST)]


class _Item(BaseModel):
    revision: int = Field(validation_alias="rev")
    relations: OrNone[Relation] = Field(default=[])


def _target(found: PullRequestDetail) -> Target:
    """Return the link that leads to a pull request."""
    return target_pull_request(found.project_id, found.repository_id, found.id, found.title)


async def _read_item(client: AzureDevOps, number: int) -> _Item:
    return decode(await client.get(_ITEM, path={"work_items": number}, query={"$expand": "relations"}), _Item)


class _Plan(NamedTuple):
    """What a call links: the pull request, the link to it, and the work items with what each is called."""

    found: PullRequestDetail
    target: Target
    items: dict[int, _Item]
    named: Mapping[int, str]

    @property
    def unlinked(self) -> list[int]:
        """The work items that are not linked to it so far."""
        return [number for number, item in self.items.items() if find_missing([self.target], item.relations)]


async def _plan(client: AzureDevOps, id: int, work_items: Sequence[int]) -> _Plan:
    """Read the pull request and the work items of a call.

    Raises:
        NotFound: A work item does not exist.
    """
    found = await read_pull_request(client, id)
    named = await describe_items(client, work_items)
    _check_known(work_items, named)
    items = {number: await _read_item(client, number) for number in dict.fromkeys(work_items)}
    return _Plan(found, _target(found), items, named)


async def _read_linked(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the pull request, and title and state of each work item that would be linked to it."""
    plan = await _plan(client, int(str(arguments["id"])), cast("list[int]", arguments["work_items"]))
    if not plan.unlinked:
        raise NothingToSend("These work items are linked already, so nothing was sent.", subject=str(plan.found.id))
    current = describe(plan.found)
    for number in sorted(plan.items):
        linked = "" if number in plan.unlinked else ", linked already"
        current[f"work_item_{number}"] = plan.named[number] + linked
    return current


def _check_known(numbers: Sequence[int], named: Mapping[int, str]) -> None:
    if unknown := sorted(set(numbers) - named.keys()):
        raise NotFound(
            f"There is no work item {', '.join(map(str, unknown))}, or this token's owner may not see it. Nothing was "
            "linked.",
            subject=str(unknown[0]),
        )


async def find_links(client: AzureDevOps, pending: PendingWrite) -> LinkedPullRequest | Missing:
    """Find in the history of the work items that this account linked them since then.

    A work item that was linked before the call needs no proof.
    """
    found = await find_pull_request(client, pending)
    target, account = _target(found), (await fetch_account(client)).id
    missing, own = list[int](), dict[int, int]()
    for number in sorted(set(pending.arguments["work_items"])):
        response = await client.get(_ITEM, path={"work_items": number}, query={"$expand": "relations"})
        if find_missing([target], decode(response, _Item).relations):
            missing.append(number)
            continue
        update = await _find_linking(client, number, target)
        made = None if update is None else update.made
        if update is None or made is None:
            raise unknown_outcome(f"work item {number} is linked, but its history does not say by whom")
        if made >= pending.since(client, response):
            if update.by != account:
                raise unknown_outcome(f"somebody else has linked work item {number} since then")
            own[number] = update.number
    if missing:
        others = f"Work item {', '.join(map(str, own))} was linked since then." if own else ""
        return Missing(f"the link of work item {', '.join(map(str, missing))} to pull request {found.id}", others)
    if not own:
        raise unknown_outcome("all of these work items were linked before")
    linked = _name_linking(own)
    if pending.is_of_another(client, LinkedPullRequest, found.id, linked):
        raise unknown_outcome("another call has linked these work items")
    links = {"work_items": list(own), "linked": linked}
    return LinkedPullRequest.model_construct(**{**dict(await read_changed(client, found.id)), **links})


def _name_linking(saves: Mapping[int, int]) -> str:
    """Return what tells these links from others: the work items, and the saves that made them."""
    return " ".join(f"{number}@{save}" for number, save in sorted(saves.items()))


async def _read_linking(client: AzureDevOps, numbers: Sequence[int], target: Target) -> str | None:
    """Return the same for links that were just made; None when that cannot be read."""
    try:
        found = {number: await _find_linking(client, number, target) for number in numbers}
    except AzureDevOpsError:
        return None
    return _name_linking({number: update.number for number, update in found.items() if update}) or None


async def _find_linking(client: AzureDevOps, number: int, target: Target) -> LinkUpdate | None:
    """Return the last save of a work item that added a link."""
    updates = await read_link_updates(client, number)
    return next((row for row in reversed(updates) if row.added and not find_missing([target], row.added)), None)


@review_changes.write(
    Scope.WORK_WRITE,
    destructive=False,
    idempotent=True,
    sends=f"PATCH {_ITEM}",
    times=_MOST,
    targets=("id", "work_items"),
    current=_read_linked,
    recover=find_links,
    example={"id": 15, "work_items": [8]},
)
async def link_work_items(client: AzureDevOps, *, id: int, work_items: WorkItems) -> LinkedPullRequest:
    """Link work items to a pull request.

    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`, once for each.
    """
    plan = await _plan(client, id, work_items)
    found, target, items, unlinked = plan.found, plan.target, plan.items, plan.unlinked
    notes = [f"Work item {number} is linked already." for number in items if number not in unlinked]

    async def write(name: str) -> None:
        number = int(name.rsplit(" ", 1)[1])
        patch: list[JsonValue] = [
            {"op": "test", "path": "/rev", "value": items[number].revision},
            *add_links([target]),
        ]
        place = {"work_items": number}
        # A save that somebody else's came before is refused; only the item in the answer says that this one was not.
        decode(await client.post(_ITEM, patch, path=place, content_type=_JSON_PATCH, method="PATCH"), _Item)

    failed = await write_each([f"The link of work item {number}" for number in unlinked], write)
    if not unlinked:
        notes.append("Nothing was sent.")
    done = [number for number in unlinked if f"The link of work item {number}" not in {each.place for each in failed}]
    changed = await read_again(client, found)
    made: dict[str, object] = {"work_items": done, "linked": await _read_linking(client, done, target)}
    if done and made["linked"] is None:
        notes.append("The history of the work items could not be read after the links were made.")
        made["partial"] = True
    return add_failed(LinkedPullRequest.model_construct(**{**dict(changed), **made}), failed, notes)
