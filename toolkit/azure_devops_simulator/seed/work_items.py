"""The work items of the seed organization: areas, iterations, and items with a plausible history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from azure_devops_simulator.areas.work_items.process.rules import enter_state, join_tags, new_fields, split_tags
from azure_devops_simulator.areas.work_items.process.types import WorkItemType, work_item_type
from azure_devops_simulator.seed.work_item_rows import Row
from azure_devops_simulator.seed.work_items_platform import DELETED, PLATFORM
from azure_devops_simulator.seed.work_items_products import DATA, MOBILE_APP, PAYMENTS
from azure_devops_simulator.seed.work_tracking.attachments import FILES, attach_file
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.work_items.records import Draft, FieldValue, NewRelation, WorkItem

_AREAS = {
    "Platform": ("Team Harbor", "Team Lighthouse", "Operations"),
    "Payments": ("Checkout", "Ledger"),
    "Mobile App": ("Tracking",),
    "Data": (),
}
_FIRST_SPRINT, _SPRINTS = 40, 4
_FIRST_MONDAY = datetime(2026, 10, 19, tzinfo=UTC)
_TWO_WEEKS = timedelta(days=14)
DELETED_ITEM = 900
"""The item in the recycle bin."""


def seed_work_items(organization: Organization) -> None:
    """Add areas, iterations and work items. Item numbers follow the order of the rows."""
    for project in organization.projects.values():
        _seed_trees(organization, project)
    for name, rows in (("Platform", PLATFORM), ("Payments", PAYMENTS), ("Mobile App", MOBILE_APP), ("Data", DATA)):
        seed_rows(organization, next(p for p in organization.projects.values() if p.name == name), rows)
    _seed_recycle_bin(organization)


def _seed_recycle_bin(organization: Organization) -> None:
    """Add an item that somebody deleted, with a number far above the others, whose numbers go on as if without it."""
    store = organization.work_items
    last = store.counters["item"]
    store.counters["item"] = DELETED_ITEM - 1
    platform = next(p for p in organization.projects.values() if p.name == "Platform")
    item = _Seeding(organization, platform, DELETED).run({})
    store.counters["item"] = last
    store.delete(item, by=organization.named("Mina Sato"), when=SEED_NOW - timedelta(days=2, minutes=22))


def _seed_trees(organization: Organization, project: Project) -> None:
    store = organization.work_items
    for area in _AREAS[project.name]:
        store.trees.add(store.area(project), area)
    for number in range(_SPRINTS):
        start = _FIRST_MONDAY + number * _TWO_WEEKS
        finish = start + timedelta(days=11)
        name = f"Sprint {_FIRST_SPRINT + number}"
        store.trees.add(store.iteration(project), name, start=start, finish=finish)


def seed_rows(organization: Organization, project: Project, rows: tuple[Row, ...]) -> None:
    """Add work items to a project; a row may name an earlier one of them by its title."""
    titles: dict[str, WorkItem] = {}
    for row in rows:
        titles[row.title] = _Seeding(organization, project, row).run(titles)


class _Seeding:
    """Gives one item its history: it is created, assigned, moved from state to state and discussed."""

    def __init__(self, organization: Organization, project: Project, row: Row) -> None:
        self._organization = organization
        self._project = project
        self._row = row
        self._kind: WorkItemType = work_item_type(project, row.type)
        self._author = organization.named(row.by)
        self._owner: User = organization.named(row.to) if row.to else self._author
        created = datetime.fromisoformat(f"{row.created}T08:00:00+00:00")
        # Minutes derived from the title give items of the same day different times.
        self._created = created + timedelta(minutes=len(row.title) * 7 % 420)

    def run(self, others: dict[str, WorkItem]) -> WorkItem:
        """Save the item and everything that happened to it."""
        store, row = self._organization.work_items, self._row
        draft = Draft(self._first_fields(), formats={self._text_field: "markdown"} if row.markdown else {})
        draft.added = self._relations(others)
        item = store.create(self._project, draft, by=self._author, when=self._created)
        for step, change in enumerate(self._changes(item), start=1):
            store.save(item, change, by=self._owner, when=self._moment(step))
        for number, (who, text) in enumerate(row.comments, start=1):
            when = self._moment(len(item.revisions) + number)
            store.comment(item, text, "html", by=self._organization.named(who), when=when)
        for file in FILES.get(row.title, ()):
            attach_file(self._organization, item, file, item.revision.changed + timedelta(minutes=10))
        return item

    def _moment(self, step: int) -> datetime:
        """Return the time of a step: a little more than a day apart, but never in the future."""
        wanted = self._created + step * timedelta(days=1, hours=2, minutes=11)
        latest = SEED_NOW - timedelta(hours=14) + step * timedelta(minutes=20)
        return min(wanted, latest)

    @property
    def _text_field(self) -> str:
        is_bug = self._kind.category == "Microsoft.BugCategory"
        return "Microsoft.VSTS.TCM.ReproSteps" if is_bug else "System.Description"

    def _first_fields(self) -> dict[str, FieldValue]:
        row, common = self._row, "Microsoft.VSTS.Common."
        fields = new_fields(self._organization, self._project, self._kind, self._created)
        root = self._project.name
        optional: dict[str, FieldValue] = {
            "System.AreaPath": f"{root}\\{row.area}" if row.area else "",
            "System.IterationPath": _sprint(root, row.first_sprint or row.sprint),
            "System.Tags": join_tags(split_tags(row.tags)),
            self._text_field: row.text,
            f"{common}AcceptanceCriteria": row.criteria,
            f"{common}Severity": row.severity,
            "Microsoft.VSTS.Scheduling.RemainingWork": row.remaining,
        }
        fields |= {name: value for name, value in optional.items() if value}
        fields |= {"System.Title": row.title, f"{common}Priority": row.priority}
        if row.points:
            points = "Effort" if self._project.process == "Scrum" else "StoryPoints"
            fields[f"Microsoft.VSTS.Scheduling.{points}"] = row.points
        return fields

    def _relations(self, others: dict[str, WorkItem]) -> list[NewRelation]:
        found = [NewRelation("System.LinkTypes.Related", others[title].id) for title in self._row.related]
        if self._row.parent:
            found.append(NewRelation("System.LinkTypes.Hierarchy-Reverse", others[self._row.parent].id))
        for number in self._row.pull_requests:
            uri = self._organization.pull_requests[number].artifact_uri
            found.append(NewRelation("ArtifactLink", uri, name="Pull Request"))
        return found

    def _changes(self, item: WorkItem) -> list[Draft]:
        """Yield the assignment first, then one state after another until the state of the row."""
        fields = dict(item.revision.fields)
        changes: list[Draft] = []
        if self._row.to:
            fields["System.AssignedTo"] = self._owner.id
            changes.append(Draft(dict(fields)))
        if self._row.first_sprint:
            fields["System.IterationPath"] = _sprint(self._project.name, self._row.sprint)
            changes.append(Draft(dict(fields)))
        states = [state.name for state in self._kind.states]
        target = states.index(self._row.state)
        path = states[1 : target + 1] if self._row.state != "Removed" else ["Removed"]
        for name in path:
            state = self._kind.state(name)
            if state is None:
                raise KeyError(name)
            enter_state(self._kind, fields, state, by=self._owner, when=self._moment(len(changes) + 1))
            changes.append(Draft(dict(fields)))
        return changes


def _sprint(root: str, number: int) -> str:
    return f"{root}\\Sprint {number}" if number else ""
