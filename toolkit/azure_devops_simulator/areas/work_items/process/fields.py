"""The fields of work items with name and kind, and how queries may use each kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.state.values import JsonObject

Kind = Literal[
    "string", "integer", "double", "dateTime", "boolean", "identity", "treePath", "html", "history", "plainText"
]

LONG_TEXT = frozenset({"html", "history", "plainText"})
NUMBERS = frozenset({"integer", "double"})


@dataclass(frozen=True)
class Field:
    """A field definition. `computed` fields are derived on reading; only the service sets `read_only` fields."""

    reference_name: str
    name: str
    kind: Kind
    read_only: bool = False
    computed: bool = False

    @property
    def type(self) -> str:
        """The type in the fields API, where identities are strings."""
        return "string" if self.kind == "identity" else self.kind


def _computed(reference_name: str, name: str, kind: Kind) -> Field:
    return Field(reference_name, name, kind, read_only=True, computed=True)


def _service(reference_name: str, name: str, kind: Kind) -> Field:
    return Field(reference_name, name, kind, read_only=True)


_LEVELS = [
    _computed(f"System.{tree}Level{level}", f"{tree} Level {level}", "string")
    for tree in ("Area", "Iteration")
    for level in range(1, 8)
]

_ALL = [
    _computed("System.Id", "ID", "integer"),
    _computed("System.Rev", "Rev", "integer"),
    _computed("System.TeamProject", "Team Project", "string"),
    _computed("System.AreaId", "Area ID", "integer"),
    _computed("System.IterationId", "Iteration ID", "integer"),
    _computed("System.NodeName", "Node Name", "string"),
    *_LEVELS,
    _computed("System.AuthorizedDate", "Authorized Date", "dateTime"),
    _computed("System.AuthorizedAs", "Authorized As", "identity"),
    _computed("System.RevisedDate", "Revised Date", "dateTime"),
    _computed("System.PersonId", "Person ID", "integer"),
    _computed("System.Watermark", "Watermark", "integer"),
    _computed("System.CommentCount", "Comment Count", "integer"),
    _computed("System.RelatedLinkCount", "Related Link Count", "integer"),
    _computed("System.ExternalLinkCount", "External Link Count", "integer"),
    _computed("System.HyperLinkCount", "Hyperlink Count", "integer"),
    _computed("System.AttachedFileCount", "Attached File Count", "integer"),
    _computed("System.Parent", "Parent", "integer"),
    _computed("System.IsDeleted", "Is Deleted", "boolean"),
    _computed("System.Links.LinkType", "Link Type", "string"),
    Field("System.AreaPath", "Area Path", "treePath"),
    Field("System.IterationPath", "Iteration Path", "treePath"),
    _service("System.WorkItemType", "Work Item Type", "string"),
    Field("System.State", "State", "string"),
    Field("System.Reason", "Reason", "string"),
    Field("System.AssignedTo", "Assigned To", "identity"),
    _service("System.CreatedDate", "Created Date", "dateTime"),
    _service("System.CreatedBy", "Created By", "identity"),
    _service("System.ChangedDate", "Changed Date", "dateTime"),
    _service("System.ChangedBy", "Changed By", "identity"),
    Field("System.Title", "Title", "string"),
    Field("System.Description", "Description", "html"),
    Field("System.History", "History", "history"),
    Field("System.Tags", "Tags", "plainText"),
    Field("System.BoardColumn", "Board Column", "string", read_only=True),
    Field("System.BoardLane", "Board Lane", "string", read_only=True),
    Field("Microsoft.VSTS.Common.Priority", "Priority", "integer"),
    Field("Microsoft.VSTS.Common.Severity", "Severity", "string"),
    Field("Microsoft.VSTS.Common.StackRank", "Stack Rank", "double"),
    Field("Microsoft.VSTS.Common.BacklogPriority", "Backlog Priority", "double"),
    Field("Microsoft.VSTS.Common.ValueArea", "Value Area", "string"),
    Field("Microsoft.VSTS.Common.Risk", "Risk", "string"),
    Field("Microsoft.VSTS.Common.BusinessValue", "Business Value", "integer"),
    Field("Microsoft.VSTS.Common.TimeCriticality", "Time Criticality", "double"),
    Field("Microsoft.VSTS.Common.Activity", "Activity", "string"),
    Field("Microsoft.VSTS.Common.AcceptanceCriteria", "Acceptance Criteria", "html"),
    Field("Microsoft.VSTS.Common.Resolution", "Resolution", "html"),
    Field("Microsoft.VSTS.Common.ResolvedReason", "Resolved Reason", "string"),
    _service("Microsoft.VSTS.Common.StateChangeDate", "State Change Date", "dateTime"),
    _service("Microsoft.VSTS.Common.ActivatedDate", "Activated Date", "dateTime"),
    _service("Microsoft.VSTS.Common.ActivatedBy", "Activated By", "identity"),
    _service("Microsoft.VSTS.Common.ResolvedDate", "Resolved Date", "dateTime"),
    _service("Microsoft.VSTS.Common.ResolvedBy", "Resolved By", "identity"),
    _service("Microsoft.VSTS.Common.ClosedDate", "Closed Date", "dateTime"),
    _service("Microsoft.VSTS.Common.ClosedBy", "Closed By", "identity"),
    Field("Microsoft.VSTS.Scheduling.StoryPoints", "Story Points", "double"),
    Field("Microsoft.VSTS.Scheduling.Effort", "Effort", "double"),
    Field("Microsoft.VSTS.Scheduling.OriginalEstimate", "Original Estimate", "double"),
    Field("Microsoft.VSTS.Scheduling.RemainingWork", "Remaining Work", "double"),
    Field("Microsoft.VSTS.Scheduling.CompletedWork", "Completed Work", "double"),
    Field("Microsoft.VSTS.Scheduling.StartDate", "Start Date", "dateTime"),
    Field("Microsoft.VSTS.Scheduling.FinishDate", "Finish Date", "dateTime"),
    Field("Microsoft.VSTS.Scheduling.TargetDate", "Target Date", "dateTime"),
    Field("Microsoft.VSTS.Scheduling.DueDate", "Due Date", "dateTime"),
    Field("Microsoft.VSTS.TCM.ReproSteps", "Repro Steps", "html"),
    Field("Microsoft.VSTS.TCM.SystemInfo", "System Info", "html"),
    Field("Microsoft.VSTS.Build.FoundIn", "Found In", "string"),
    Field("Microsoft.VSTS.Build.IntegrationBuild", "Integration Build", "string"),
]

_CARD_FIELD = re.compile(r"WEF_[0-9A-F]{32}_Kanban\.(?:Column(?P<done>\.Done)?|Lane)", re.IGNORECASE)


def is_card_field(name: str) -> bool:
    """Return whether a reference name is that of a field in which a board keeps the place of a card."""
    return _CARD_FIELD.fullmatch(name) is not None


class _Fields(dict[str, Field]):
    """The fields by reference name. Those of boards come into being with their teams, so they are not counted."""

    def __missing__(self, name: str) -> Field:
        found = _CARD_FIELD.fullmatch(name)
        if found is None:
            raise KeyError(name)
        return Field(name, name, "boolean" if found["done"] else "string")


FIELDS: dict[str, Field] = _Fields({field.reference_name: field for field in _ALL})
_BY_NAME = {field.name.lower(): field for field in _ALL} | {field.reference_name.lower(): field for field in _ALL}

OPERATIONS: dict[str, tuple[str, ...]] = {
    "=": ("Equals", "="),
    "<>": ("NotEquals", "<>"),
    ">": ("GreaterThan", ">"),
    "<": ("LessThan", "<"),
    ">=": ("GreaterThanEquals", ">="),
    "<=": ("LessThanEquals", "<="),
    "contains": ("Contains", "Contains"),
    "not contains": ("NotContains", "Does Not Contain"),
    "contains words": ("ContainsWords", "Contains Words"),
    "not contains words": ("NotContainsWords", "Does Not Contain Words"),
    "in": ("In", "In"),
    "not in": ("NotIn", "Not In"),
    "in group": ("InGroup", "In Group"),
    "not in group": ("NotInGroup", "Not In Group"),
    "ever": ("Ever", "Was Ever"),
    "under": ("Under", "Under"),
    "not under": ("NotUnder", "Not Under"),
    "is empty": ("IsEmpty", "Is Empty"),
    "is not empty": ("IsNotEmpty", "Is Not Empty"),
}
_COMPARE = ("=", "<>", ">", "<", ">=", "<=", "in", "not in", "ever")
_TEXT = (*_COMPARE, "contains", "not contains", "in group", "not in group")
SUPPORTED: dict[Kind, tuple[str, ...]] = {
    "string": _TEXT,
    "identity": _TEXT,
    "integer": _COMPARE,
    "double": _COMPARE,
    "dateTime": _COMPARE,
    "boolean": ("=", "<>", "ever"),
    "treePath": ("=", "<>", "in", "not in", "under", "not under", "ever"),
    "html": ("contains words", "not contains words", "is empty", "is not empty"),
    "history": ("contains words", "not contains words"),
    "plainText": ("contains", "not contains", "contains words", "not contains words", "is empty", "is not empty"),
}
"""The operations that a query may use with each kind of field."""


def find_field(name: str) -> Field | None:
    """Find a field by reference name or display name, without regard to case."""
    if is_card_field(name):
        identity, _, kind = name.partition("_Kanban.")
        return FIELDS[f"{identity.upper()}_Kanban.{kind.title()}"]
    return _BY_NAME.get(name.lower())


def require_field(name: str, *, status: int = 400) -> Field:
    """Find a field, or answer as the service does for an unknown one."""
    if field := find_field(name):
        return field
    space = "Microsoft.TeamFoundation.WorkItemTracking.Server"
    key = "WorkItemTrackingFieldDefinitionNotFoundException"
    raise ServiceError(
        status, key, f"TF51535: Cannot find field {name}.", event_id=3200, type_name=f"{space}.Metadata.{key}, {space}"
    )


def field_body(field: Field, url: str) -> JsonObject:
    """Return a field as `GET wit/fields` shows it."""
    operators = [OPERATIONS[operator] for operator in SUPPORTED[field.kind]]
    return {
        "name": field.name,
        "referenceName": field.reference_name,
        "description": None,
        "type": field.type,
        "usage": "workItem",
        "readOnly": field.read_only,
        "canSortBy": field.kind not in LONG_TEXT,
        "isQueryable": True,
        "supportedOperations": [
            {"referenceName": f"SupportedOperations.{reference}", "name": name} for reference, name in operators
        ],
        "isIdentity": field.kind == "identity",
        "isPicklist": False,
        "isPicklistSuggested": False,
        "isDeleted": False,
        "isLocked": False,
        "url": url,
    }
