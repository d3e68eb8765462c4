"""What a work item says of its own history: its revision, its relations and its parent, now and at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from azure_devops_simulator import Organization
from azure_devops_simulator.state.work_items.records import (
    FOREVER,
    Comment,
    Draft,
    NewRelation,
    Relation,
    Revision,
    Update,
    WorkItem,
)

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
PARENT, CHILD = "System.LinkTypes.Hierarchy-Reverse", "System.LinkTypes.Hierarchy-Forward"


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def revision(number: int, title: str = "A title") -> Revision:
    fields = {"System.ChangedDate": day(number), "System.ChangedBy": f"user {number}"}
    return Revision(number, {**fields, "System.WorkItemType": "Bug", "System.Title": title}, number)


def relation(target: int | str, added: int, removed: int | None = None, rel: str = CHILD) -> Relation:
    return Relation(1, rel, target, added, day(added), removed)


@pytest.fixture
def item(shared_organization: Organization) -> WorkItem:
    """An item that was changed on each of the first three days."""
    project = shared_organization.project("Platform")
    assert project is not None
    updates = [Update(number, number, "dana", day(number), True) for number in (1, 2, 3)]
    return WorkItem(1, project, [revision(1), revision(2, "B"), revision(3, "C")], updates)


def test_the_newest_revision_says_what_an_item_is(item: WorkItem) -> None:
    assert (item.revision.number, item.type, item.title) == (3, "Bug", "C")
    assert (item.revision.changed, item.revision.changed_by) == (day(3), "user 3")
    del item.revision.fields["System.Title"]
    assert item.title == ""


@pytest.mark.parametrize(("hours", "number"), [(-1, 0), (0, 1), (23, 1), (24, 2), (47, 2), (48, 3), (999, 3)])
def test_the_revision_at_a_time_is_the_last_one_before_it(item: WorkItem, hours: int, number: int) -> None:
    found = item.revision_at(day(1) + timedelta(hours=hours))
    assert (found.number if found else 0) == number


@pytest.mark.parametrize(
    ("when", "targets"), [(0, []), (1, [11]), (2, [11, 12, 13]), (3, [12, 14]), (4, [12, 14]), (None, [12, 14])]
)
def test_the_relations_at_a_time_were_added_until_then_and_removed_later(
    item: WorkItem, when: int | None, targets: list[int]
) -> None:
    item.all_relations = [relation(11, 1, 3), relation(12, 2), relation(13, 2, 3), relation(14, 3)]
    assert [one.target for one in item.relations(None if when is None else day(when))] == targets


@pytest.mark.parametrize(
    ("relations", "parent"),
    [
        ([], None),
        ([relation(5, 1)], None),
        ([relation(5, 1), relation(7, 2, rel=PARENT)], 7),
        ([relation(7, 1, 2, rel=PARENT)], None),
        ([relation(7, 1, 2, rel=PARENT), relation(8, 3, rel=PARENT)], 8),
        ([relation("vstfs:///x", 1, rel=PARENT)], None),
    ],
)
def test_the_parent_is_the_item_above_that_was_not_removed(
    item: WorkItem, relations: list[Relation], parent: int | None
) -> None:
    item.all_relations = relations
    assert item.parent() == parent


def test_what_a_new_record_says_of_itself() -> None:
    said = Comment(1, "Seen.", "html", "dana", START, "dana", START)
    assert (said.version, said.deleted) == (1, False)
    assert Draft({}).history_format == "html"
    assert NewRelation(CHILD, 4).between_items
    assert not NewRelation("Hyperlink", "https://tidewater.example").between_items
    assert datetime(9999, 1, 1, tzinfo=UTC) == FOREVER
