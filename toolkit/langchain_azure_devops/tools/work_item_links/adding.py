"""Add links to a work item."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NamedTuple, cast

from pydantic import AfterValidator, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_item_links.changes import (
    JSON_PATCH,
    MOST,
    SAVES_UNREAD,
    ChangedLinks,
    Id,
    Revision,
    check_own,
    find_relation,
    find_saves,
    name_saves,
    read_saves,
)
from langchain_azure_devops.tools.work_item_links.relations import LinkingItem, read_linking_item
from langchain_azure_devops.tools.work_item_links.toolset import toolset
from langchain_azure_devops.tools.work_items.conflicts import check_revision
from langchain_azure_devops.tools.work_items.link_history import LinkUpdate, read_link_updates
from langchain_azure_devops.tools.work_items.link_kinds import RELATION_OF_KIND, name_kind, plain_kind
from langchain_azure_devops.tools.work_items.links import Target, add_links, check_form, find_missing, find_targets
from langchain_azure_devops.tools.work_items.recovery import ITEM
from langchain_azure_devops.tools.work_items.related import describe_items

_ONE_ONLY = {RELATION_OF_KIND[kind]: kind for kind in ("parent", "duplicate of")}

_KINDS = "related (default), parent, child, predecessor, duplicate of..."


class NewLink(BaseModel):
    """build:35, pull_request:13, work_item:4, commit:repository@id, branch:repository@name, or URL."""

    target: Annotated[str, AfterValidator(check_form)]
    kind: Annotated[
        str | None,
        Field(description="related (default), parent, child, predecessor, duplicate of..."),
    ] = None


NewLinks = Annotated[list[NewLink], Field(min_length=1, max_length=MOST)]


class _New(NamedTuple):
    """A link to add, in words and as the service stores it."""

    words: str
    target: Target

    def is_added_by(self, update: LinkUpdate) -> bool:
        return not find_missing([self.target], update.added)


class _Plan(NamedTuple):
    """The links that a call adds, and those that are there already."""

    item: LinkingItem
    new: list[_New]
    there: list[_New]

    @property
    def notes(self) -> list[str]:
        return [f"{each.words} is a link of it already." for each in self.there]


async def _find_new(client: AzureDevOps, project: str, links: Sequence[NewLink], comment: str | None) -> list[_New]:
    """Look up what the links of a call lead to, each once.

    Raises:
        InvalidRequest: A kind does not exist, or does not fit to what the link leads to.
        NotFound: There is nothing that a link names.
    """
    kinds = {link.kind: await find_relation(client, link.kind) for link in links if link.kind and _is_item(link)}
    targets = await find_targets(client, project, [link.target for link in links])
    found: dict[tuple[str, str], _New] = {}
    for link in links:
        target = targets[link.target]
        relation = dict(target.relation)
        attributes = dict(cast("dict[str, JsonValue]", relation.get("attributes") or {}))
        if link.kind and _is_item(link):
            relation["rel"] = kinds[link.kind]
        named = link.kind if _is_item(link) else attributes.get("name")
        kind = name_kind(str(relation["rel"]), plain_kind(str(named or "")))
        if link.kind and not _is_item(link) and plain_kind(link.kind) != kind:
            raise InvalidRequest(
                f"{link.target} cannot be linked as {link.kind!r}: leave kind out, which is for work items only.",
                subject="kind",
            )
        if comment:
            attributes["comment"] = comment
        if attributes:
            relation["attributes"] = attributes
        state = f" ({target.state})" if target.state else ""
        new = _New(f"{kind} {link.target}: {target.words}{state}", target._replace(relation=relation))
        found.setdefault(new.target.key, new)
    return list(found.values())


def _is_item(link: NewLink) -> bool:
    return link.target.startswith("work_item:")


async def _plan(client: AzureDevOps, id: int, revision: int, links: Sequence[NewLink], comment: str | None) -> _Plan:
    """Compare the links of a work item with those that a call wants.

    Raises:
        InvalidRequest: The call links the work item to itself, or gives it two parents.
        Conflict: The work item, or one that would become its child, has another parent; or it has another revision.
        NothingToSend: All of these links are there.
    """
    if f"work_item:{id}" in {link.target for link in links}:
        raise InvalidRequest(f"Work item {id} cannot be linked to itself.", subject=str(id))
    item = await read_linking_item(client, id)
    wanted = await _find_new(client, item.project, links, comment)
    there = [each for each in wanted if not find_missing([each.target], item.relations)]
    plan = _Plan(item, [each for each in wanted if each not in there], there)
    if not plan.new:
        raise NothingToSend(" ".join([*plan.notes, "Nothing was sent."]), subject=str(id))
    check_revision(id, item.revision, revision)
    for relation, kind in _ONE_ONLY.items():
        ends = [each.words for each in plan.new if each.target.key[0] == relation]
        before = [each.link.target for each in item.relations if each.kind == relation]
        if ends and (before or len(ends) > 1):
            await _refuse_second(client, item, kind, before, ends)
    for each in plan.new:
        if each.target.key[0] == RELATION_OF_KIND["child"] and each.target.parent not in (None, id):
            parent = each.target.parent or 0
            named = (await describe_items(client, [parent])).get(parent, "which cannot be read")
            raise Conflict(
                f"{each.words} has a parent already: work item {parent}, {named}. Nothing was changed. Remove that "
                "link first if it is wrong.",
                subject=str(parent),
            )
    return plan


async def _refuse_second(
    client: AzureDevOps, item: LinkingItem, kind: str, before: Sequence[str], ends: Sequence[str]
) -> None:
    if not before:
        raise InvalidRequest(
            f"A work item can have one link of the kind {kind!r}, and the call gives {len(ends)}: {'; '.join(ends)}. "
            "Nothing was changed.",
            subject="links",
        )
    number = int(before[0]) if before[0].isdecimal() else 0
    named = (await describe_items(client, [number])).get(number, "which cannot be read") if number else ""
    raise Conflict(
        f"Work item {item.id} has a link of the kind {kind!r} already: {before[0]}, {named}. It can have one only, so "
        "nothing was changed. Remove that link first if it is wrong.",
        subject=before[0],
    )


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the work item, and what each new link leads to."""
    links = [NewLink.model_validate(each) for each in cast("list[JsonValue]", arguments["links"])]
    comment = cast("str | None", arguments.get("comment"))
    plan = await _plan(client, int(str(arguments["id"])), int(str(arguments["revision"])), links, comment)
    current = plan.item.recognized
    current |= {f"new_{at}": each.words for at, each in enumerate(plan.new, 1)}
    current |= {f"already_{at}": each.words for at, each in enumerate(plan.there, 1)}
    return current


async def find_added(client: AzureDevOps, pending: PendingWrite) -> ChangedLinks | Missing:
    """Find in the history of the work item that this account added the links since then."""
    number, comment = pending.arguments["id"], pending.arguments.get("comment")
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    answer = await client.get(ITEM, path={"id": number}, query={"$expand": "relations"})
    item, since = decode(answer, LinkingItem), pending.since(client, answer)
    wanted = await _find_new(client, item.project, pending.arguments["links"], comment)
    account, updates = (await fetch_account(client)).id, await read_link_updates(client, number)
    missing, own, saves = list[str](), list[_New](), list[int]()
    for each in wanted:
        if find_missing([each.target], item.relations):
            missing.append(each.words)
            continue
        update = find_saves(updates, each.is_added_by)
        if update is not None and update.made is not None and update.made < since:
            # It was there before the call, which then did not send it.
            continue
        update = check_own(update, account, each.words)
        if comment != next(row.comment for row in update.added if not find_missing([each.target], [row])):
            raise unknown_outcome(f"{each.words} was added with another comment")
        own.append(each)
        saves.append(update.number)
    if missing:
        return Missing(f"the link {'; '.join(missing)} of work item {number}")
    if not own:
        raise unknown_outcome("all of these links were there before")
    named = name_saves(saves)
    if pending.is_of_another(client, ChangedLinks, number, named):
        raise unknown_outcome("another call added these links")
    added = [each.words for each in own]
    return ChangedLinks(id=number, revision=item.revision, title=item.title, added=added, saves=named)


@toolset.write(
    Scope.WORK_WRITE,
    destructive=False,
    idempotent=True,
    sends=f"PATCH {ITEM}",
    targets=("id", "links"),
    contents=("revision", "comment"),
    current=_read_before,
    recover=find_added,
    example={"id": 4, "revision": 5, "links": [{"target": "work_item:5", "kind": "predecessor"}], "comment": "First"},
    more_examples=({"id": 4, "revision": 5, "links": [{"target": "build:35"}, {"target": "work_item:5"}]},),
)
async def add_work_item_links(
    client: AzureDevOps, *, id: Id, revision: Revision, links: NewLinks, comment: str | None = None
) -> ChangedLinks:
    """Link a work item to others, builds, pull requests, commits, branches or pages.

    Raises:
        Conflict: It has a parent already, or another revision by now.
        InvalidRequest: The links would make a circle, or a kind does not fit.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    try:
        plan = await _plan(client, id, revision, links, comment)
    except NothingToSend as idle:
        item = await read_linking_item(client, id)
        return ChangedLinks(id=id, revision=item.revision, title=item.title, notes=[idle.message])
    patch: list[JsonValue] = [
        {"op": "test", "path": "/rev", "value": revision},
        *add_links([each.target for each in plan.new]),
    ]
    try:
        answer = await client.post(
            ITEM, patch, path={"id": id}, query={"$expand": "relations"}, content_type=JSON_PATCH, method="PATCH"
        )
    except Conflict:
        check_revision(id, (await read_linking_item(client, id)).revision, revision)
        raise
    except InvalidRequest as error:
        raise InvalidRequest(f"{error.message} Nothing was changed.", subject=error.subject) from error
    saved = decode(answer, LinkingItem)
    notes = [*plan.notes]
    if lost := [each.words for each in plan.new if find_missing([each.target], saved.relations)]:
        notes.append(f"The service accepted the change, and its answer lacks {'; '.join(lost)}.")
    checks: list[Callable[[LinkUpdate], bool]] = [each.is_added_by for each in plan.new]
    saves = await read_saves(client, id, checks)
    return ChangedLinks(
        id=id,
        revision=saved.revision,
        title=saved.title,
        added=[each.words for each in plan.new if each.words not in lost],
        saves=saves,
        notes=[*notes, *([] if saves else [SAVES_UNREAD])],
        partial=bool(lost),
    )
