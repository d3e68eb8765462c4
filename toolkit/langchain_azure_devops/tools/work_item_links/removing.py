"""Remove links from a work item."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_item_links.changes import (
    JSON_PATCH,
    MOST,
    SAVES_UNREAD,
    ChangedLinks,
    Id,
    Revision,
    check_own,
    find_saves,
    name_saves,
    read_saves,
)
from langchain_azure_devops.tools.work_item_links.relations import (
    LinkingItem,
    name_relation,
    read_linking_item,
)
from langchain_azure_devops.tools.work_item_links.toolset import toolset
from langchain_azure_devops.tools.work_items.conflicts import check_revision
from langchain_azure_devops.tools.work_items.link_history import LinkUpdate, read_link_updates
from langchain_azure_devops.tools.work_items.link_kinds import ATTACHMENT, HYPERLINK, plain_kind
from langchain_azure_devops.tools.work_items.links import identify
from langchain_azure_devops.tools.work_items.models import Link, Relation, make_link
from langchain_azure_devops.tools.work_items.recovery import ITEM
from langchain_azure_devops.tools.work_items.related import Asked, Resolved, resolve

_MOST_NAMED = 20
_MOST_READ = 100
_GIT = re.compile(r"(commit|branch):(?P<repository>[^@]+)@")


class OldLink(BaseModel):
    """As listed."""

    target: Annotated[str, Field(min_length=1)]
    kind: Annotated[str | None, Field(description="If several")] = None


OldLinks = Annotated[list[OldLink], Field(min_length=1, max_length=MOST)]


class _Shown(NamedTuple):
    """A relation in all the forms in which a call may name it."""

    relation: Relation
    link: Link
    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.link.kind} {self.forms[0]}"

    def is_named(self, wanted: OldLink) -> bool:
        if wanted.kind is not None and plain_kind(wanted.kind) != plain_kind(self.link.kind):
            return False
        return _plain_form(wanted.target) in map(_plain_form, self.forms)


def _plain_form(form: str) -> str:
    """Return a form in which a call names a link without the letter case that tells no two targets apart."""
    if "://" in form:
        return identify(form)
    if not form.casefold().startswith("branch:"):
        return form.casefold()
    repository, at, branch = form.partition("@")
    return repository.casefold() + at + branch


async def _show(
    client: AzureDevOps, project: str, relations: Iterable[Relation], links: Sequence[OldLink]
) -> list[_Shown]:
    """Return relations with the forms that name them; the names of repositories are read where a call gives one."""
    all_links = [(relation, make_link(relation)) for relation in relations]
    named = any(_GIT.match(each.target) for each in links)
    asked = [Asked(project, link.to) for _, link in all_links if link.to and link.to.repository and named]
    known = await resolve(client, asked, _MOST_READ)
    shown = []
    for relation, link in all_links:
        answer = known.get(Asked(project, link.to), Resolved()) if link.to else Resolved()
        repository = answer.repository.name if answer.repository else None
        forms = [name_relation(relation, link, repository), name_relation(relation, link), relation.url or ""]
        shown.append(_Shown(relation, link, tuple(dict.fromkeys(forms))))
    return shown


class _Found(NamedTuple):
    """A relation to remove, and its position among all relations of the revision that was read."""

    position: int
    shown: _Shown


async def _find(client: AzureDevOps, item: LinkingItem, links: Sequence[OldLink]) -> list[_Found]:
    """Find the relations that a call names.

    Raises:
        NotFound: There is no such link; the message names those that come near.
        InvalidRequest: Several links lead there, or it is an attached file.
    """
    if not item.relations:
        raise NotFound(f"Work item {item.id} has no links, so nothing was changed.", subject=str(item.id))
    shown = await _show(client, item.project, item.relations, links)
    found: dict[int, _Found] = {}
    for wanted in links:
        same = [position for position, each in enumerate(shown) if each.is_named(wanted)]
        if not same:
            raise _not_there(item, wanted, shown)
        if len(same) > 1:
            raise InvalidRequest(
                f"Several links of work item {item.id} lead to {wanted.target}: "
                f"{', '.join(shown[each].link.kind for each in same)}. Give kind, too. Nothing was changed.",
                subject=as_subject(wanted.target),
            )
        if shown[same[0]].link.kind == ATTACHMENT:
            raise InvalidRequest(
                f"{wanted.target} is an attached file, which this tool does not remove. Nothing was changed.",
                subject=as_subject(wanted.target),
            )
        found[same[0]] = _Found(same[0], shown[same[0]])
    return list(found.values())


def _not_there(item: LinkingItem, wanted: OldLink, shown: Sequence[_Shown]) -> NotFound:
    names = [each.name for each in shown]
    name = f"{plain_kind(wanted.kind)} {wanted.target}" if wanted.kind else wanted.target
    near = did_you_mean(name, names if wanted.kind else [each.forms[0] for each in shown])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return NotFound(
        f"Work item {item.id} has no link {name}, so nothing was changed.{near} Its links: "
        f"{', '.join(names[:_MOST_NAMED])}{more}.",
        subject=as_subject(wanted.target),
    )


async def _describe(client: AzureDevOps, item: LinkingItem, found: Sequence[_Found]) -> dict[str, JsonValue]:
    """Describe the links to remove. Their positions belong to it: when these change, the approver is asked again."""
    asked = [Asked(item.project, each.shown.link.to) for each in found if each.shown.link.to]
    known = await resolve(client, asked, _MOST_READ)
    described: dict[str, JsonValue] = {}
    for at, each in enumerate(found, 1):
        link = each.shown.link
        target = known.get(Asked(item.project, link.to), Resolved()).found if link.to else None
        other = link.title or (link.target if link.kind == HYPERLINK else "")
        title = f": {target.words}" if target else f": {other}" if other else ""
        state = f" ({target.state})" if target and target.state and f"({target.state})" not in title else ""
        comment = f", with the comment {link.comment!r}" if link.comment else ""
        place = f" [link {each.position + 1} of {len(item.relations)}]"
        described[f"old_{at}"] = f"{each.shown.name}{title}{state}{comment}{place}"
    return described


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the work item and the links that would be removed."""
    links = [OldLink.model_validate(each) for each in cast("list[JsonValue]", arguments["links"])]
    item = await read_linking_item(client, int(str(arguments["id"])))
    found = await _find(client, item, links)
    check_revision(item.id, item.revision, arguments["revision"])
    return item.recognized | await _describe(client, item, found)


def _removes(relation: Relation) -> Callable[[LinkUpdate], bool]:
    """Return a check whether a save removed a relation."""
    return lambda update: _key(relation) in map(_key, update.removed)


def _key(relation: Relation) -> tuple[str, str]:
    return relation.kind or "", identify(relation.url or "")


async def find_removed(client: AzureDevOps, pending: PendingWrite) -> ChangedLinks | Missing:
    """Find in the history of the work item that this account removed the links since then."""
    number, links = pending.arguments["id"], pending.arguments["links"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    answer = await client.get(ITEM, path={"id": number}, query={"$expand": "relations"})
    item, since = decode(answer, LinkingItem), pending.since(client, answer)
    account, updates = (await fetch_account(client)).id, await read_link_updates(client, number)
    standing = await _show(client, item.project, item.relations, links)
    gone = await _show(client, item.project, [each for update in updates for each in update.removed], links)
    removed, saves = list[str](), list[int]()
    for wanted in links:
        if any(each.is_named(wanted) for each in standing):
            return Missing(f"work item {number} without the link {wanted.target}")
        last = next((each for each in reversed(gone) if each.is_named(wanted)), None)
        update = check_own(find_saves(updates, _removes(last.relation)) if last else None, account, wanted.target)
        if update.made is None or update.made < since or last is None:
            raise unknown_outcome(f"the link {wanted.target} was removed before this call")
        removed.append(last.name)
        saves.append(update.number)
    named = name_saves(saves)
    if pending.is_of_another(client, ChangedLinks, number, named):
        raise unknown_outcome("another call removed these links")
    return ChangedLinks(id=number, revision=item.revision, title=item.title, removed=removed, saves=named)


@toolset.write(
    Scope.WORK_WRITE,
    sends=f"PATCH {ITEM}",
    targets=("id", "links"),
    contents=("revision",),
    current=_read_before,
    recover=find_removed,
    example={"id": 8, "revision": 4, "links": [{"target": "work_item:17"}]},
    more_examples=({"id": 4, "revision": 5, "links": [{"target": "pull_request:2"}]},),
)
async def remove_work_item_links(client: AzureDevOps, *, id: Id, revision: Revision, links: OldLinks) -> ChangedLinks:
    """Remove links of a work item; what they lead to stays.

    Raises:
        NotFound: There is no such link; the message names those that come near.
        RevisionConflict: It has another revision by now.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    item = await read_linking_item(client, id)
    found = await _find(client, item, links)
    check_revision(item.id, item.revision, revision)
    # From the last position on, so that no removal moves another one.
    positions = sorted((each.position for each in found), reverse=True)
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": revision}]
    patch += [{"op": "remove", "path": f"/relations/{position}"} for position in positions]
    try:
        answer = await client.post(
            ITEM, patch, path={"id": id}, query={"$expand": "relations"}, content_type=JSON_PATCH, method="PATCH"
        )
    except Conflict:
        check_revision(id, (await read_linking_item(client, id)).revision, revision)
        raise
    saved = decode(answer, LinkingItem)
    left = _compare(item.relations, [each.shown.relation for each in found], saved.relations)
    gone = [each for each in found if each.shown.relation not in left.standing]
    saves = await read_saves(
        client, id, [_removes(each) for each in [*(each.shown.relation for each in gone), *left.lost]]
    )
    return ChangedLinks(
        id=id,
        revision=saved.revision,
        title=saved.title,
        removed=[each.shown.name for each in gone],
        saves=saves,
        notes=[*left.notes, *([] if saves else [SAVES_UNREAD])],
        partial=bool(left.notes),
        unread=left.failed,
    )


class _Compared(NamedTuple):
    """What the removal of links at their positions did beside, or instead of, what was asked for.

    A link that another client adds or removes may change the positions without a new revision.

    Attributes:
        standing: The named links that are still there.
        lost: The links that are gone although nobody named them.
    """

    standing: list[Relation]
    lost: list[Relation]

    @property
    def notes(self) -> list[str]:
        notes = []
        if self.lost:
            notes.append(
                f"Another client changed the links at the same time: {_name_all(self.lost)} is gone as well. Check it."
            )
        if self.standing:
            notes.append(f"This link is still there: {_name_all(self.standing)}. List the links again.")
        return notes

    @property
    def failed(self) -> list[Failed]:
        reasons = [(each, "It is still there.") for each in self.standing]
        reasons += [(each, "It is gone although the call does not name it.") for each in self.lost]
        return [Failed(place=f"the link {_name_all([each])}", status="conflict", reason=why) for each, why in reasons]


def _name_all(relations: Iterable[Relation]) -> str:
    return ", ".join(f"{make_link(each).kind} {each.url}" for each in relations)


def _compare(before: Sequence[Relation], wanted: Sequence[Relation], after: Sequence[Relation]) -> _Compared:
    """Find the links that are gone although nobody named them, and the named ones that are still there."""
    left = Counter(map(_key, after))
    expected = Counter(map(_key, before)) - Counter(map(_key, wanted))
    return _Compared(
        standing=[each for each in wanted if left[_key(each)] > expected[_key(each)]],
        lost=[each for each in before if expected[_key(each)] > left[_key(each)]],
    )
