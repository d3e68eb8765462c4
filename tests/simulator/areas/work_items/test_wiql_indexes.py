"""Queries answered from indexes find what looking at every item finds, in random worlds and while these change."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from azure_devops_simulator import Organization
from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.areas.work_items.process.rules import new_fields
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.areas.work_items.values import reader
from azure_devops_simulator.areas.work_items.wiql.conditions import compile_condition, sort_keys
from azure_devops_simulator.areas.work_items.wiql.filters import index_of
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.areas.work_items.wiql.parser import parse
from azure_devops_simulator.areas.work_items.wiql.run import run_query
from azure_devops_simulator.state.copies import Original
from azure_devops_simulator.state.work_items.indexes import Indexes, WordIndex
from azure_devops_simulator.state.work_items.records import Draft, FieldValue, NewRelation, WorkItem

IDS = "SELECT [System.Id] FROM WorkItems WHERE "
WORDS = ("login", "log-in", "in log", "Crash", "crashes", "user's", "map", "Map", "export", "42")
TAGS = ("slow", "Slow", "load", "ui")
PROJECTS, TYPES = ("Platform", "Data", "Payments"), ("Task", "Bug", "Feature")
PARENT = "System.LinkTypes.Hierarchy-Reverse"
DATES = ("'2026-10-01'", "'2026-11-20'", "'2026-11-21'", "'2026-11-22'", "'2026-11-25'", "'2026-12-10'", "'2027-01-05'")


class Writer:
    """Writes random items and changes, over a hundred days."""

    def __init__(self, organization: Organization, random: Random) -> None:
        self.organization, self.random, self.store = organization, random, organization.work_items
        self.people = list(organization.users.values())
        organization.clock.set(datetime(2026, 11, 21, tzinfo=UTC))  # Midnight, where days begin and end.

    def write(self, times: int, *, keep: bool = False) -> None:
        """Write some changes; with `keep` none after which the past cannot be known."""
        actions = [self.create, self.change, self.change, self.link, self.unlink, self.delete]
        actions += [] if keep else [self.destroy, self.restore]
        for _ in range(times):
            self.organization.clock.advance(self.random.choice((0, 1, 43_200, 86_399)))
            self.random.choice(actions)()

    def item(self) -> WorkItem:
        return self.random.choice(list(self.store))

    def save(self, item: WorkItem, draft: Draft) -> None:
        self.store.save(item, draft, by=self.random.choice(self.people), when=self.organization.clock.now())

    def values(self, item: WorkItem | None, fields: dict[str, FieldValue]) -> dict[str, FieldValue]:
        random = self.random
        project = item.project if item else self.organization.project(random.choice(PROJECTS))
        assert project is not None
        kind = work_item_type(project, item.type if item else random.choice(TYPES))
        fields = {**fields} if item else new_fields(self.organization, project, kind, self.organization.clock.now())
        fields["System.Title"] = " ".join(random.choices(WORDS, k=random.randint(1, 3)))
        fields["System.State"] = random.choice(kind.states).name
        fields["System.Tags"] = "; ".join(random.sample(TAGS, random.randint(0, 2)))
        fields["System.AreaPath"] = random.choice(list(self.store.area(project).walk())).path
        fields["System.IterationPath"] = random.choice(list(self.store.iteration(project).walk())).path
        fields.pop("System.AssignedTo", None)
        if random.random() < 0.7:
            fields["System.AssignedTo"] = random.choice(self.people).id
        return fields

    def create(self) -> None:
        fields = self.values(None, {})
        project = self.organization.project(str(fields["System.AreaPath"]).partition("\\")[0])
        assert project is not None
        self.store.create(
            project, Draft(fields), by=self.random.choice(self.people), when=self.organization.clock.now()
        )

    def change(self) -> None:
        item = self.item()
        self.save(item, Draft(self.values(item, item.revision.fields)))

    def link(self) -> None:
        item, parent = self.item(), self.item()
        if item.parent() is None and item is not parent:
            self.save(item, Draft(dict(item.revision.fields), added=[NewRelation(PARENT, parent.id)]))

    def unlink(self) -> None:
        item = self.item()
        up = [relation for relation in item.relations() if relation.rel == PARENT]
        self.save(item, Draft(dict(item.revision.fields), removed=up))

    def delete(self) -> None:
        self.store.delete(self.item(), by=self.random.choice(self.people), when=self.organization.clock.now())

    def destroy(self) -> None:
        self.store.destroy(self.item())

    def restore(self) -> None:
        if deleted := [item for item in self.store.items.values() if item.deletion]:
            by, when = self.random.choice(self.people), self.organization.clock.now()
            self.store.restore(self.random.choice(deleted), by=by, when=when)


COMPARE = ("=", "<>", ">", "<", ">=", "<=")
PAST: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("TeamProject", ("=", "<>"), ("'Platform'", "'DATA'")),
    ("WorkItemType", ("IN", "NOT IN"), ("('Task', 'bug')", "('Feature')")),
    ("State", COMPARE, ("'New'", "'active'", "'Closed'", "''")),
    ("AssignedTo", COMPARE, ("@Me", "''", "'Dana Ortiz'")),
    ("AssignedTo", ("IN GROUP", "NOT IN GROUP"), ("'[Data]\\Data Team'",)),
    ("ChangedDate", COMPARE, DATES),
    ("CreatedDate", ("IN", "NOT IN"), ("('2026-11-20', '2026-12-20')", "('2026-11-25')")),
    ("CreatedDate", COMPARE, ("[System.ChangedDate]",)),
    ("Tags", ("CONTAINS", "NOT CONTAINS", "=", "<>"), ("'slow'", "'LOAD'", "''")),
    ("AreaPath", ("UNDER", "NOT UNDER", "="), ("'Platform'", "'Platform\\Operations'", "'Data'")),
    ("IterationPath", ("UNDER", "<>"), ("'Platform'", "'Payments'")),
    ("Id", ("IN", "NOT IN"), ("(1, 7, 58, 60, 61, 70, 4711)",)),
    ("Id", COMPARE, ("50", "65", "90")),
    ("Title", ("CONTAINS WORDS", "NOT CONTAINS WORDS"), ("'login'", "'crash*'", "'log-in'", "'-'", "'map lo*'")),
    ("Title", ("CONTAINS", "NOT CONTAINS"), ("'ash'", "'g-'", "' M'")),
    ("Title", COMPARE, ("'map'", "'MAP login'", "''")),
    ("State", ("EVER",), ("'Active'",)),
    ("Rev", COMPARE, ("1", "2")),
    ("Description", ("IS EMPTY", "IS NOT EMPTY"), ("",)),
)
NOW = (
    *PAST,
    ("Parent", COMPARE, ("3", "20", "60")),
    ("IsDeleted", ("=", "<>"), ("true", "false")),
    ("CommentCount", (">", "="), ("0", "1")),
)
"""The conditions of today. Parents, comments and the recycle bin have no past in queries."""


def condition(random: Random, known: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...], depth: int = 2) -> str:
    """Return a random condition made of known fields, operators and values."""
    if depth and random.random() < 0.6:
        join = random.choice((" AND ", " OR "))
        inner = join.join(condition(random, known, depth - 1) for _ in range(random.randint(2, 3)))
        return f"NOT ({inner})" if random.random() < 0.2 else f"({inner})"
    field, operators, values = random.choice(known)
    negated = "NOT " if random.random() < 0.1 and "EVER" not in operators else ""
    return f"{negated}[System.{field}] {random.choice(operators)} {random.choice(values)}"


def order(random: Random) -> str:
    names = ("Title", "State", "ChangedDate", "AssignedTo", "AreaPath", "Id", "Tags", "TeamProject", "Rev", "History")
    fields = (*(f"System.{name}" for name in names), "Microsoft.VSTS.Common.ClosedDate", "System.Parent")
    keys = [f"[{name}] {random.choice(('ASC', 'DESC', ''))}" for name in random.sample(fields, 3)]
    return f" ORDER BY {', '.join(keys[: random.randint(1, 3)])}" if random.random() < 0.7 else ""


def one_by_one(text: str, context: Context) -> list[int]:
    """Answer a query by looking at every item."""
    query, store = parse(text), context.organization.work_items
    matches = compile_condition(query.where, context)
    deleted = "IsDeleted" in text
    items = [item for item in store.items.values() if deleted or item.deletion is None]
    found = sorted((item for item in items if matches(item, item.revision)), key=lambda item: item.id)
    for key in reversed(sort_keys(query.order, context)):
        found.sort(key=lambda item: key.value(item, item.revision), reverse=key.descending)
    return [item.id for item in found]


@pytest.mark.parametrize("seed", range(8))
def test_indexes_find_what_looking_at_every_item_finds(organization: Organization, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data
    writer = Writer(organization, random)
    context = Context(organization, organization.named("Mina Sato"), time_precision=seed % 2 == 0)
    several = 0
    for _ in range(60):
        writer.write(random.choice((1, 2, 30)))
        text = IDS + condition(random, NOW) + order(random)
        expected = one_by_one(text, context)
        assert run_query(text, context).ids == expected, text
        top = random.randint(1, 9)
        assert run_query(text, context, top).ids == expected[:top], (text, top)
        several += 0 < len(expected) < len(organization.work_items.items)
    assert several > 20


@pytest.mark.parametrize("seed", range(4))
def test_a_query_of_the_past_finds_what_was_found_then(organization: Organization, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data
    writer = Writer(organization, random)
    writer.write(40)
    then, before = organization.clock.now(), Original(organization).copy()
    organization.clock.advance(1)
    writer.write(6 + 10 * seed, keep=True)
    past = Context(before, before.named("Mina Sato"), time_precision=True)
    present = Context(organization, organization.named("Mina Sato"), time_precision=True)
    behind, differ = organization.clock.now() - then, 0
    for _ in range(80):
        text, top = IDS + condition(random, PAST) + order(random).replace("System.Parent", "System.Id"), None
        if random.random() < 0.7:
            top = random.randint(1, 9)
        expected = run_query(text, past, top).ids
        asof = f"{text} ASOF '{then.isoformat()}'"
        assert run_query(asof, present, top).ids == expected, text
        organization.work_item_lag = behind
        assert run_query(text, present, top).ids == expected, text
        organization.work_item_lag = timedelta(0)
        differ += run_query(text, present, top).ids != expected
    assert differ > 5


def test_an_index_is_the_same_whether_it_was_kept_or_built_anew(organization: Organization) -> None:
    """Each write alone changes so few items that the indexes are kept."""
    random = Random(1)  # noqa: S311 - test data
    writer, store = Writer(organization, random), organization.work_items
    writer.write(100)
    names = ("Title", "ChangedDate", "State", "AssignedTo", "Tags", "TeamProject", "Parent", "IsDeleted", "AreaPath")
    fields = [FIELDS[f"System.{name}"] for name in names]
    words = ("login", "crash*", "in", "nothing")

    def contents() -> list[object]:
        read = reader(store, FIELDS["System.Title"])
        title = store.indexes.use(WordIndex, "words", store.items, lambda *item: str(read(*item)).lower())
        found: list[object] = [title.having([word]) for word in words]
        for field in fields:
            index = index_of(store, field)
            assert index is not None
            runs = [list(index.runs(_rank, descending=descending)) for descending in (False, True)]
            assert runs[0] == runs[1][::-1]
            found.append(runs[0])
        return found

    contents()
    for _ in range(150):
        writer.write(1)
        kept, store.indexes = contents(), Indexes()
        assert kept == contents()


def _rank(value: FieldValue | None) -> tuple[bool, FieldValue]:
    return value is not None, "" if value is None else value
