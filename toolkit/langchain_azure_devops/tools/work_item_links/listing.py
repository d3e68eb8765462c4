"""List the links of a work item, and the children below it as a tree."""

from collections.abc import Iterator
from typing import Annotated, NamedTuple

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.errors import AzureDevOpsError, NotFound, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import EVERYWHERE, Failed, Instant, Page, Place, Position, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.work_item_links.relations import (
    LinkingItem,
    StoredRelation,
    name_relation,
    read_linking_item,
    read_linking_items,
)
from langchain_azure_devops.tools.work_item_links.toolset import toolset
from langchain_azure_devops.tools.work_items.link_kinds import ATTACHMENT, HYPERLINK
from langchain_azure_devops.tools.work_items.models import Link
from langchain_azure_devops.tools.work_items.related import Asked, LinkedWorkItem, Resolved, resolve

_BATCH = 200
_MOST_FOLLOWED = 1_000
_AT_ONCE = 100

Id = Annotated[int, Field(ge=1)]


class WorkItemLink(Result):
    """A link of a work item, with what it leads to.

    Attributes:
        level: 1 for a link of the work item itself; None in a list without the links of its children.
        item: The child that has the link, where the list also has the links of children.
        kind: The kind in words.
        target: In the form in which a call names it.
        id: The id of a work item, whose web page it completes.
        author: Who opened, requested or signed what it leads to.
        date: When a work item was changed last; when anything else was made or linked.
        comment: The comment of the link.
        url: The web page of anything else; None where there is none.
        note: Why something is missing.
    """

    singular, plural = "link", "links"
    identifying = ("kind", "target")
    web = web_list = "_workitems/edit/{id}"

    level: int | None = None
    item: int | None = None
    kind: Untrusted
    target: Untrusted
    id: int | None = None
    type: Untrusted | None = None
    title: Untrusted | None = None
    state: Untrusted | None = None
    assigned_to: Untrusted | None = None
    author: Untrusted | None = None
    date: Instant | None = None
    comment: Untrusted | None = None
    url: Untrusted | None = None
    note: Untrusted | None = None


class _Row(NamedTuple):
    """A link before what it leads to is known."""

    level: int
    item: LinkingItem
    relation: StoredRelation
    link: Link
    cut: bool

    @property
    def asked(self) -> Asked | None:
        return Asked(self.item.project, self.link.to) if self.link.to else None


class _Tree(NamedTuple):
    """The work item, the children below it by their ids, and what could not be read of them."""

    root: LinkingItem
    below: dict[int, LinkingItem]
    failed: list[Failed]
    notes: list[str]

    def list_rows(self, depth: int) -> list[_Row]:
        """Return all links: those of the work item, and behind each child the children below it."""
        return [*self._walk(self.root, 1, depth, {self.root.id})]

    def _walk(self, item: LinkingItem, level: int, depth: int, seen: set[int]) -> Iterator[_Row]:
        for relation in item.relations:
            link = relation.link
            child = _child_of(link)
            if level > 1 and child is None:
                continue
            cut = child in seen
            yield _Row(level, item, relation, link, cut)
            if child is not None and not cut:
                seen.add(child)
                if level < depth and child in self.below:
                    yield from self._walk(self.below[child], level + 1, depth, seen)


def _linked_item(link: Link) -> int | None:
    return int(link.to.target) if link.to and link.to.kind == "WorkItem" else None


def _child_of(link: Link) -> int | None:
    return _linked_item(link) if link.kind == "child" else None


async def _read_tree(client: AzureDevOps, id: int, depth: int) -> _Tree:
    root = await read_linking_item(client, id)
    tree = _Tree(root, {}, [], [])
    level = [root]
    for _ in range(depth - 1):
        found = dict.fromkeys(child for item in level for link in item.relations if (child := _child_of(link.link)))
        wanted = [child for child in found if child not in tree.below and child != id]
        room = _MOST_FOLLOWED - len(tree.below)
        if len(wanted) > room:
            tree.notes.append(
                f"The children of {len(wanted) - room} of these work items are not listed: a list follows at most "
                f"{_MOST_FOLLOWED:,} of them. List the links of one of them to see the others."
            )
        level = await _read_level(client, wanted[:room], tree)
        if not level:
            break
    return tree


async def _read_level(client: AzureDevOps, wanted: list[int], tree: _Tree) -> list[LinkingItem]:
    async def read(start: int) -> list[LinkingItem] | AzureDevOpsError:
        try:
            return await read_linking_items(client, wanted[start : start + _BATCH])
        except AzureDevOpsError as error:
            return error

    found: list[LinkingItem] = []
    for start, answer in (await fan_out(range(0, len(wanted), _BATCH), read)).done.items():
        if isinstance(answer, AzureDevOpsError):
            place = f"the children of work items {wanted[start]} and following"
            tree.failed.append(Failed(place=place, status=answer.status, reason=answer.message))
        else:
            found += answer
    tree.below.update({item.id: item for item in found})
    return found


@toolset.read(
    Scope.WORK,
    optional=(Scope.CODE, Scope.BUILD),
    example={"id": 8},
    more_examples=({"id": 8, "depth": 2},),
)
async def list_work_item_links(
    client: AzureDevOps,
    *,
    id: Id,
    depth: Annotated[int, Field(ge=1, le=3, description="Levels of children")] = 1,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkItemLink]:
    """List the links of a work item, such as parent and children, with titles.

    Source: `GET /_apis/wit/workitems/{id}?$expand=relations`, `POST .../workitemsbatch`, and one request for each pull
    request, build, commit and repository.
    """
    tree = await _read_tree(client, id, depth)
    rows = tree.list_rows(depth)
    failed = [*tree.failed]

    async def fetch(position: Position, wanted: int) -> Batch[WorkItemLink]:
        chosen = rows[position.skip : position.skip + min(wanted, _AT_ONCE)]
        asked = [each for row in chosen if (each := row.asked)]
        known = await resolve(client, asked, 2 * _AT_ONCE)
        made = []
        for row in chosen:
            answer = known.get(row.asked, Resolved()) if row.asked else Resolved()
            made.append(_show(row, answer, deep=depth > 1))
            if answer.problem is not None:
                place = f"{row.link.kind} {name_relation(row.relation, row.link)}"
                failed.append(Failed(place=place, status=answer.problem.status, reason=answer.problem.message))
        after = position.skip + len(chosen)
        return Batch(made, Position(skip=after) if after < len(rows) else None, len(rows))

    page = await collect(WorkItemLink, fetch, limit, cursor)
    page.looked_in = Place(project=EVERYWHERE, words=f"work item {id}", web=f"_workitems/edit/{id}")
    page.failed.extend(failed)
    page.notes.extend(tree.notes)
    page.partial = bool(failed or tree.notes)
    return page


def _show(row: _Row, known: Resolved, *, deep: bool) -> WorkItemLink:
    link, found = row.link, known.found
    linked = _linked_item(link)
    return WorkItemLink(
        level=row.level if deep else None,
        item=row.item.id if deep and row.level > 1 else None,
        kind=link.kind,
        target=name_relation(row.relation, link, known.repository.name if known.repository else None),
        id=linked,
        type=found.type if isinstance(found, LinkedWorkItem) else None,
        title=_title_of(link, known),
        state=found.state if found else None,
        assigned_to=found.assigned_to if isinstance(found, LinkedWorkItem) else None,
        author=found.author if found else None,
        date=found.date if found else row.relation.date,
        comment=link.comment,
        url=None if linked else known.url or (link.target if link.kind in {ATTACHMENT, HYPERLINK} else None),
        note=_describe_gap(row, known.problem),
    )


def _title_of(link: Link, known: Resolved) -> str | None:
    if known.found is None:
        return link.title
    return known.found.title if isinstance(known.found, LinkedWorkItem) else known.found.words


def _describe_gap(row: _Row, problem: AzureDevOpsError | None) -> str | None:
    if isinstance(problem, NotFound):
        return "cannot be read: it was deleted, or is hidden from this token's owner"
    if isinstance(problem, ScopeMissing):
        return f"cannot be read: the token needs {problem.subject}"
    if problem is not None:
        return f"cannot be read ({problem.status}): {one_line(problem.message)}"
    return "listed above, so its children are not listed again" if row.cut else None
