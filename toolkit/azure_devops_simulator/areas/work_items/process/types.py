"""Work item types of the Agile and Scrum processes: states, reasons, fields and allowed values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.state.projects import Project

Category = Literal["Proposed", "InProgress", "Resolved", "Completed", "Removed"]

_COLORS: dict[Category, str] = {
    "Proposed": "b2b2b2",
    "InProgress": "007acc",
    "Resolved": "ff9d00",
    "Completed": "339933",
    "Removed": "ffffff",
}

_ORDER: tuple[Category, ...] = ("Proposed", "InProgress", "Resolved", "Completed", "Removed")


@dataclass(frozen=True)
class State:
    """A state of a type, with the reason that the service fills in when an item enters it.

    `others` are the reasons that may be written instead. `again` is filled in for an item that comes back from a later
    state.
    """

    name: str
    category: Category
    reason: str
    others: tuple[str, ...] = ()
    again: str = ""

    def reason_after(self, before: State) -> str:
        """Return the reason of an item that comes from another state."""
        back = _ORDER.index(before.category) > _ORDER.index(self.category) and before.category != "Removed"
        return self.again if back and self.again else self.reason

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason that an item may have in this state."""
        moved = f"Moved to state {self.name}"
        return tuple(dict.fromkeys(filter(None, (self.reason, self.again, *self.others, moved))))

    @property
    def color(self) -> str:
        """The color as six hexadecimal digits."""
        return _COLORS[self.category]


@dataclass(frozen=True)
class WorkItemType:
    """A work item type of a process. New items get its first state.

    Every state can follow every other, except that removed items only come back as new, and completed items are not
    removed.
    """

    name: str
    reference_name: str
    description: str
    color: str
    icon: str
    category: str
    states: tuple[State, ...]
    own_fields: tuple[str, ...]
    defaults: dict[str, str | int] = field(default_factory=dict)
    own_required: tuple[str, ...] = ()

    def following(self, state: State) -> tuple[State, ...]:
        """Return the states that an item in this one may be put into, its own included.

        Any follows any other, but what was removed only comes back as new, and what is completed is not removed.
        """
        if state.category == "Removed":
            return (state, self.states[0])
        removable = state.category != "Completed"
        return tuple(known for known in self.states if removable or known.category != "Removed")

    @property
    def required(self) -> frozenset[str]:
        """The reference names of the fields that cannot be empty."""
        return frozenset({"System.Title", "System.State", "System.AreaId", "System.IterationId", *self.own_required})

    def state(self, name: str) -> State | None:
        """Find a state without regard to case."""
        return next((state for state in self.states if state.name.lower() == name.lower()), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """The reference names of all fields of the type."""
        return _SHARED + self.own_fields


_COMMON, _SCHEDULING = "Microsoft.VSTS.Common.", "Microsoft.VSTS.Scheduling."
PRIORITY, SEVERITY, _VALUE_AREA = f"{_COMMON}Priority", f"{_COMMON}Severity", f"{_COMMON}ValueArea"
STATE_CHANGED = f"{_COMMON}StateChangeDate"

ALLOWED: dict[str, tuple[str | int, ...]] = {
    PRIORITY: (1, 2, 3, 4),
    SEVERITY: ("1 - Critical", "2 - High", "3 - Medium", "4 - Low"),
    _VALUE_AREA: ("Architectural", "Business"),
    f"{_COMMON}Risk": ("1 - High", "2 - Medium", "3 - Low"),
    f"{_COMMON}Activity": ("Deployment", "Design", "Development", "Documentation", "Requirements", "Testing"),
}
"""Fields that take a value of a list only."""

_SHARED = (
    *(name for name, known in FIELDS.items() if name.startswith("System.") and name != "System.Links.LinkType"),
    PRIORITY,
    f"{_COMMON}StackRank",
    f"{_COMMON}BacklogPriority",
    *(f"{_COMMON}{name}" for name in ("StateChangeDate", "ActivatedDate", "ActivatedBy", "ResolvedDate", "ResolvedBy")),
    *(f"{_COMMON}{name}" for name in ("ClosedDate", "ClosedBy", "ResolvedReason")),
    "Microsoft.VSTS.Build.IntegrationBuild",
)
_PLANNING = tuple(f"{_COMMON}{name}" for name in ("ValueArea", "Risk", "BusinessValue", "TimeCriticality"))
_DATES = tuple(f"{_SCHEDULING}{name}" for name in ("StartDate", "FinishDate", "TargetDate", "DueDate"))
_WORK = tuple(f"{_SCHEDULING}{name}" for name in ("OriginalEstimate", "RemainingWork", "CompletedWork"))
_CRITERIA = (f"{_COMMON}AcceptanceCriteria",)
_POINTS, _EFFORT = (f"{_SCHEDULING}StoryPoints",), (f"{_SCHEDULING}Effort",)
_ACTIVITY = (f"{_COMMON}Activity",)
_BUG = (
    SEVERITY,
    "Microsoft.VSTS.TCM.ReproSteps",
    "Microsoft.VSTS.TCM.SystemInfo",
    "Microsoft.VSTS.Build.FoundIn",
    f"{_COMMON}Resolution",
)

_MEDIUM: dict[str, str | int] = {PRIORITY: 2}
_BUSINESS: dict[str, str | int] = {PRIORITY: 2, _VALUE_AREA: "Business"}
_BUG_DEFAULTS: dict[str, str | int] = {**_BUSINESS, SEVERITY: "3 - Medium"}

_NOT_FIXED = ("As Designed", "Cannot Reproduce", "Copied to Backlog", "Deferred", "Duplicate", "Obsolete")
_REMOVED = State("Removed", "Removed", "Removed from the backlog")
_PORTFOLIO = (
    State("New", "Proposed", "New"),
    State("Active", "InProgress", "Implementation started"),
    State("Resolved", "Resolved", "Stories complete"),
    State("Closed", "Completed", "Acceptance tests pass"),
    _REMOVED,
)
_SCRUM_PORTFOLIO = (
    State("New", "Proposed", "New"),
    State("In Progress", "InProgress", "Implementation started"),
    State("Done", "Completed", "Work finished"),
    _REMOVED,
)
_SCRUM_BACKLOG = (
    State("New", "Proposed", "New backlog item"),
    State("Approved", "Proposed", "Approved by the Product Owner"),
    State("Committed", "InProgress", "Commitment made by the team"),
    State("Done", "Completed", "Work finished"),
    _REMOVED,
)


def _epic(states: tuple[State, ...]) -> WorkItemType:
    return WorkItemType(
        "Epic",
        "Microsoft.VSTS.WorkItemTypes.Epic",
        "Epics help teams effectively manage and groom their product backlog",
        "FF7B00",
        "icon_crown",
        "Microsoft.EpicCategory",
        states,
        (*_PLANNING, *_DATES, *_EFFORT, *_CRITERIA),
        _BUSINESS,
        (_VALUE_AREA, PRIORITY),
    )


def _feature(states: tuple[State, ...]) -> WorkItemType:
    return WorkItemType(
        "Feature",
        "Microsoft.VSTS.WorkItemTypes.Feature",
        "Tracks a feature that will be released with the product",
        "773B93",
        "icon_trophy",
        "Microsoft.FeatureCategory",
        states,
        (*_PLANNING, *_DATES, *_EFFORT, *_CRITERIA),
        _BUSINESS,
        (_VALUE_AREA, PRIORITY),
    )


_BUG_TEXT = "Describes a divergence between required and actual behavior, and tracks the work done to correct it."

_AGILE = (
    _epic(_PORTFOLIO),
    _feature(_PORTFOLIO),
    WorkItemType(
        "User Story",
        "Microsoft.VSTS.WorkItemTypes.UserStory",
        "Tracks an activity the user will be able to perform with the product",
        "009CCC",
        "icon_book",
        "Microsoft.RequirementCategory",
        (
            State("New", "Proposed", "New", again="Implementation halted"),
            State("Active", "InProgress", "Implementation started", again="Acceptance tests fail"),
            State("Resolved", "Resolved", "Code complete and unit tests pass"),
            State("Closed", "Completed", "Acceptance tests pass"),
            _REMOVED,
        ),
        (*_PLANNING, *_DATES, *_POINTS, *_CRITERIA),
        _BUSINESS,
        (_VALUE_AREA,),
    ),
    WorkItemType(
        "Task",
        "Microsoft.VSTS.WorkItemTypes.Task",
        "Tracks work that needs to be done",
        "F2CB1D",
        "icon_clipboard",
        "Microsoft.TaskCategory",
        (
            State("New", "Proposed", "New"),
            State("Active", "InProgress", "Work started", again="Reactivated"),
            State("Closed", "Completed", "Completed", ("Cut", "Deferred", "Obsolete")),
            _REMOVED,
        ),
        (*_WORK, *_DATES, *_ACTIVITY),
        _MEDIUM,
    ),
    WorkItemType(
        "Bug",
        "Microsoft.VSTS.WorkItemTypes.Bug",
        _BUG_TEXT,
        "CC293D",
        "icon_insect",
        "Microsoft.BugCategory",
        (
            State("New", "Proposed", "New", ("Build Failure",)),
            State("Active", "InProgress", "Approved", ("Investigate", "Not fixed", "Test failed"), again="Regression"),
            State("Resolved", "Resolved", "Fixed", _NOT_FIXED),
            State("Closed", "Completed", "Fixed and verified", _NOT_FIXED),
        ),
        (*_BUG, *_POINTS, *_WORK, *_ACTIVITY, *_PLANNING, *_CRITERIA),
        _BUG_DEFAULTS,
        (_VALUE_AREA,),
    ),
    WorkItemType(
        "Issue",
        "Microsoft.VSTS.WorkItemTypes.Issue",
        "Tracks an obstacle to progress",
        "B4009E",
        "icon_traffic_cone",
        "Microsoft.IssueCategory",
        (State("Active", "InProgress", "New"), State("Closed", "Completed", "Issue closed")),
        (*_DATES,),
        _MEDIUM,
    ),
)

_SCRUM = (
    _epic(_SCRUM_PORTFOLIO),
    _feature(_SCRUM_PORTFOLIO),
    WorkItemType(
        "Product Backlog Item",
        "Microsoft.VSTS.WorkItemTypes.ProductBacklogItem",
        "Tracks an activity the user will be able to perform with the product",
        "009CCC",
        "icon_list",
        "Microsoft.RequirementCategory",
        _SCRUM_BACKLOG,
        (*_PLANNING, *_EFFORT, *_CRITERIA),
        _BUSINESS,
        (_VALUE_AREA,),
    ),
    WorkItemType(
        "Task",
        "Microsoft.VSTS.WorkItemTypes.Task",
        "Tracks work that needs to be done",
        "F2CB1D",
        "icon_clipboard",
        "Microsoft.TaskCategory",
        (
            State("To Do", "Proposed", "New task", again="Work stopped"),
            State("In Progress", "InProgress", "Work started", again="Additional work found"),
            State("Done", "Completed", "Work finished"),
            _REMOVED,
        ),
        (f"{_SCHEDULING}RemainingWork", *_ACTIVITY),
        _MEDIUM,
    ),
    WorkItemType(
        "Bug",
        "Microsoft.VSTS.WorkItemTypes.Bug",
        _BUG_TEXT,
        "CC293D",
        "icon_insect",
        "Microsoft.BugCategory",
        (State("New", "Proposed", "New defect reported"), *_SCRUM_BACKLOG[1:]),
        (*_BUG, *_EFFORT, f"{_SCHEDULING}RemainingWork", *_ACTIVITY, *_PLANNING, *_CRITERIA),
        _BUG_DEFAULTS,
        (_VALUE_AREA,),
    ),
    WorkItemType(
        "Impediment",
        "Microsoft.VSTS.WorkItemTypes.Impediment",
        "Tracks an obstacle to progress",
        "B4009E",
        "icon_traffic_cone",
        "Microsoft.IssueCategory",
        (State("Open", "Proposed", "New impediment"), State("Closed", "Completed", "Impediment removed")),
        (f"{_COMMON}Resolution",),
        _MEDIUM,
    ),
)

CATEGORIES = {
    "Microsoft.EpicCategory": "Epic Category",
    "Microsoft.FeatureCategory": "Feature Category",
    "Microsoft.RequirementCategory": "Requirement Category",
    "Microsoft.TaskCategory": "Task Category",
    "Microsoft.BugCategory": "Bug Category",
    "Microsoft.IssueCategory": "Issue Category",
}
"""Work item type categories by reference name."""


def work_item_types(project: Project) -> tuple[WorkItemType, ...]:
    """Return the types of the project's process. Basic and CMMI projects use the Agile types."""
    return _SCRUM if project.process == "Scrum" else _AGILE


def work_item_type(project: Project, name: str) -> WorkItemType:
    """Return a type of the project by name.

    Raises:
        ServiceError: 404 VS402323 when the project's process has no such type.
    """
    wanted = name.lower()
    for known in work_item_types(project):
        if wanted in {known.name.lower(), known.reference_name.lower()}:
            return known
    space = "Microsoft.TeamFoundation.WorkItemTracking.Server"
    raise ServiceError(
        404,
        "WorkItemTypeNotFoundException",
        f"VS402323: Work item type {name} does not exist in project {project.id} "
        "or you do not have permission to access it.",
        event_id=3200,
        type_name=f"{space}.WorkItemTypeNotFoundException, {space}",
    )


def category_types(reference_name: str) -> frozenset[str]:
    """Return the names of the types of a category over all processes, or nothing for an unknown category."""
    wanted = reference_name.lower()
    return frozenset(known.name for known in (*_AGILE, *_SCRUM) if known.category.lower() == wanted)
