"""Run a query: flat lists, links over one hop, and trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Literal, TypeAlias

from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import read_date
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field
from azure_devops_simulator.areas.work_items.wiql.conditions import (
    compile_condition,
    compile_test,
    known_field,
    sort_keys,
)
from azure_devops_simulator.areas.work_items.wiql.macros import Context, resolve
from azure_devops_simulator.areas.work_items.wiql.rows import Row, Rows
from azure_devops_simulator.areas.work_items.wiql.syntax import (
    Combination,
    Comparison,
    Condition,
    Constant,
    Negation,
    Prefix,
    Query,
    WiqlError,
)

if find_spec("lark") is None:
    # The first query imports it, which is too late to say that it is missing.
    raise ModuleNotFoundError("No module named 'lark'", name="lark")

MOST_ROWS = 20_000
_LINK_TYPE = "system.links.linktype"


@dataclass(frozen=True)
class Link:
    """A row of a link query. A root row has neither source nor relation."""

    target: int
    source: int | None = None
    rel: str | None = None


@dataclass
class QueryResult:
    """The result of a query: ids for a flat query, links for the others."""

    kind: Literal["flat", "oneHop", "tree"]
    as_of: datetime
    columns: list[Field]
    sorting: list[tuple[Field, bool]]
    ids: list[int] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def run_query(text: str, context: Context, top: int | None = None) -> QueryResult:
    """Parse and run a query.

    Args:
        text: the query.
        context: who asks, where.
        top: most rows wanted; without it, or from 20,000 on, more rows than that are an error.

    Raises:
        WiqlError: the query is not valid.
        ServiceError: VS402337 when it finds too much.
    """
    # At the first query: the library behind the grammar takes longer to load than the rest of the simulator.
    from azure_devops_simulator.areas.work_items.wiql.parser import parse  # noqa: PLC0415 - see above

    query = parse(text)
    at, now = _as_of(query, context), context.organization.clock.now()
    result = QueryResult(
        kind="flat",
        as_of=at or now,
        columns=[known_field(name) for name in query.select],
        sorting=[(known_field(name), descending) for name, descending in query.order],
    )
    lag = context.organization.work_item_lag
    seen = min(at or now, now - lag) if lag else at
    rows = Rows(context, seen, sort_keys(query.order, context))
    if query.links:
        result.kind = "tree" if query.mode == "recursive" else "oneHop"
        result.links = _LinkQuery(query, context, rows).run()
        result.links = result.links[: _limit(len(result.links), top)]
    else:
        _require_no_prefixes(query.where)
        found = rows.matching(compile_condition(query.where, context), deleted=_about_deleted(query.where))
        result.ids = rows.first(found, _limit(len(found), top))
    return result


def _limit(found: int, top: int | None) -> int:
    if top is not None and 0 < top < MOST_ROWS:
        return top
    if found <= MOST_ROWS:
        return found
    key, space = "WorkItemTrackingQueryResultSizeLimitExceededException", "Microsoft.TeamFoundation.WorkItemTracking"
    message = (
        f"VS402337: The number of work items returned exceeds the size limit of {MOST_ROWS}. "
        "Change the query to return fewer items."
    )
    raise ServiceError(400, key, message, event_id=3200, type_name=f"{space}.Server.{key}, {space}.Server")


def _as_of(query: Query, context: Context) -> datetime | None:
    if query.as_of is None:
        return None
    value = query.as_of.value if isinstance(query.as_of, Constant) else resolve(query.as_of, context)
    when = value if isinstance(value, datetime) else read_date(str(value))
    if when is None:
        raise WiqlError("The date of the ASOF clause is not valid.", query.as_of.text)
    return when


class _LinkQuery:
    """A query FROM WorkItemLinks: conditions on the source, the target and the type of the link."""

    def __init__(self, query: Query, context: Context, rows: Rows) -> None:
        parts = _split(query.where)
        self._rows = rows
        self._mode = query.mode or "mustcontain"
        self._source = compile_condition(parts["source"], context)
        self._target = compile_condition(parts["target"], context)
        self._link = _link_condition(parts[""], context)
        self._deleted_sources, self._deleted_targets = (_about_deleted(parts[end]) for end in ("source", "target"))

    def run(self) -> list[Link]:
        """Return the rows of the result."""
        sources = self._rows.sorted(self._rows.matching(self._source, deleted=self._deleted_sources))
        if self._mode == "recursive":
            return self._tree(sources)
        links: list[Link] = []
        for source in sources:
            hits = self._hits(source)
            if self._mode == "doesnotcontain" and not hits:
                links.append(Link(source.item.id))
            if self._mode == "maycontain" or (self._mode == "mustcontain" and hits):
                links.append(Link(source.item.id))
                links += hits
        return links

    def _hits(self, source: Row) -> list[Link]:
        rels: dict[int, list[str]] = {}
        for rel, target in self._rows.links(source):
            row = self._rows.row(target, deleted=self._deleted_targets)
            if row and self._link(rel) and self._target(row.item, row.revision):
                rels.setdefault(target, []).append(rel)
        ordered = self._rows.sorted(rels)
        return [Link(row.item.id, source.item.id, rel) for row in ordered for rel in rels[row.item.id]]

    def _tree(self, sources: list[Row]) -> list[Link]:
        children: dict[int, list[Link]] = {}
        waiting = list(sources)
        while waiting:
            row = waiting.pop()
            if row.item.id not in children:
                children[row.item.id] = self._hits(row)
                waiting += self._rows.sorted(link.target for link in children[row.item.id])
        inner = {link.target for links in children.values() for link in links}
        result: list[Link] = []
        pending = [Link(row.item.id) for row in reversed(sources) if row.item.id not in inner]
        shown: set[int] = set()
        while pending:
            link = pending.pop()
            result.append(link)
            if link.target not in shown:
                shown.add(link.target)
                pending += reversed(children[link.target])
        return result


def _prefixes(condition: Condition) -> set[Prefix]:
    if isinstance(condition, Comparison):
        if condition.field.prefix or condition.field.name.lower() == _LINK_TYPE:
            return {condition.field.prefix}
        return {"source"}
    terms = [condition.term] if isinstance(condition, Negation) else condition.terms
    return {prefix for term in terms for prefix in _prefixes(term)}


def _split(where: Condition | None) -> dict[Prefix, Condition | None]:
    """Sort the conditions of a link query by the end of the link. Each top-level AND term must concern one end."""
    found: dict[Prefix, list[Condition]] = {"": [], "source": [], "target": []}
    waiting: list[Condition] = [where] if where else []
    while waiting:
        term = waiting.pop()
        prefixes = _prefixes(term)
        if len(prefixes) == 1:
            found[prefixes.pop()].append(term)
        elif isinstance(term, Combination) and term.join == "and":
            waiting += term.terms
        else:
            message = "TF51009: Conditions on the source, on the target and on the link can be joined by AND only."
            raise WiqlError(message, "OR")
    return {prefix: Combination("and", tuple(terms)) if terms else None for prefix, terms in found.items()}


def _comparisons(where: Condition | None) -> Iterator[Comparison]:
    waiting: list[Condition] = [where] if where else []
    while waiting:
        term = waiting.pop()
        if isinstance(term, Comparison):
            yield term
        else:
            waiting += [term.term] if isinstance(term, Negation) else term.terms


def _require_no_prefixes(where: Condition | None) -> None:
    """Refuse a flat query about links, which it does not know."""
    for comparison in _comparisons(where):
        if comparison.field.prefix or comparison.field.name.lower() == _LINK_TYPE:
            raise WiqlError("The field can be used in a query of links only.", comparison.field.text)


def _about_deleted(where: Condition | None) -> bool:
    """Return whether a condition looks into the recycle bin too: it does when it asks what is deleted."""
    return any(known_field(one.field).reference_name == "System.IsDeleted" for one in _comparisons(where))


_LinkTest: TypeAlias = Callable[[str], bool]


def _link_condition(condition: Condition | None, context: Context) -> _LinkTest:
    if condition is None:
        return lambda _rel: True
    if isinstance(condition, Negation):
        inner = _link_condition(condition.term, context)
        return lambda rel: not inner(rel)
    if isinstance(condition, Combination):
        terms = [_link_condition(term, context) for term in condition.terms]
        combine = all if condition.join == "and" else any
        return lambda rel: combine(term(rel) for term in terms)
    test = compile_test(condition, FIELDS["System.Links.LinkType"], context)
    return lambda rel: test(rel) != condition.negated
