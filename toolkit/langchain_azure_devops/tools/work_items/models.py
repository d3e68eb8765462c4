"""Work items: the fields that a result shows, how it is made from the service's answer, and fields as arguments."""

import re
from collections.abc import Iterable
from textwrap import indent
from typing import Annotated, Any, NamedTuple
from urllib.parse import unquote

from pydantic import AfterValidator, AliasChoices, AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.content_fields import ContentFields
from langchain_azure_devops.http.responses import OrNone
from langchain_azure_devops.results.models import (
    CollectedText,
    Instant,
    PartialResult,
    Result,
    Untrusted,
    UntrustedText,
)
from langchain_azure_devops.text.untrusted import clean, one_line
from langchain_azure_devops.tools.people import NamedPerson, name_person
from langchain_azure_devops.tools.work_items.field_names import REFERENCE_NAME
from langchain_azure_devops.tools.work_items.link_kinds import ATTACHMENT, name_kind
from langchain_azure_devops.tools.work_items.stored_texts import is_plain, show_text, show_text_of_unknown_form

_ROW_FIELDS = (
    "System.WorkItemType",
    "System.Title",
    "System.State",
    "System.AssignedTo",
    "System.Tags",
    "System.ChangedDate",
)
PROJECT_FIELD = "System.TeamProject"
_COMMENT = "System.History"
_BODIES = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.Common.AcceptanceCriteria")
_OWN = ("System.", "Microsoft.VSTS.")
"""How the names of the service's own fields begin. Of any other one it is not known whether it holds HTML."""
_SHOWN = frozenset(
    {
        *_ROW_FIELDS,
        *_BODIES,
        "System.AreaPath", "System.IterationPath", "System.Reason", "System.CreatedBy", "System.CreatedDate",
        "System.ChangedBy", "System.TeamProject", "System.Parent", "System.CommentCount",
        "Microsoft.VSTS.Common.Priority", "Microsoft.VSTS.Common.Severity",
    }
)  # fmt: skip


def _reference_name(name: str) -> str:
    if not REFERENCE_NAME.fullmatch(name):
        raise ValueError("must be a reference name, such as System.Title or Microsoft.VSTS.Common.Priority")
    return name


FieldName = Annotated[str, AfterValidator(_reference_name)]


class FieldValue(BaseModel):
    """By reference name, such as Microsoft.VSTS.Common.Priority."""

    name: FieldName
    value: str


FieldValues = Annotated[
    list[FieldValue],
    ContentFields.named(
        *("System.Title", "System.Description", "System.State", "System.Reason", "System.Tags", "System.History"),
        *(
            f"Microsoft.VSTS.Common.{name}"
            for name in (
                *(
                    "AcceptanceCriteria",
                    "BacklogPriority",
                    "BusinessValue",
                    "Discipline",
                    "Issue",
                    "Priority",
                    "Rating",
                ),
                *("Resolution", "ResolvedReason", "Risk", "Severity", "StackRank", "TimeCriticality", "Triage"),
                *("ValueArea", "Activity"),
            )
        ),
        *(
            f"Microsoft.VSTS.Scheduling.{name}"
            for name in (
                *("CompletedWork", "DueDate", "Effort", "FinishDate", "OriginalEstimate", "RemainingWork", "Size"),
                *("StartDate", "StoryPoints", "TargetDate"),
            )
        ),
        *("Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.TCM.SystemInfo", "Microsoft.VSTS.TCM.Steps"),
        *("Microsoft.VSTS.Build.FoundIn", "Microsoft.VSTS.Build.IntegrationBuild"),
    ),
]
"""Fields by name; those named here hold texts, numbers and dates. Any other may hold a place or a person."""


def _field(name: str, *inner: str, required: bool = False, hidden: bool = False) -> Any:
    alias = AliasPath("fields", name, *inner)
    return Field(validation_alias=alias) if required else Field(default=None, validation_alias=alias, exclude=hidden)


class Extra(Result):
    """A field that was asked for by name."""

    name: str
    value: Untrusted


class WorkItem(Result):
    """A work item as a reader of a list needs it."""

    singular, plural = "work item", "work items"
    web = "_workitems/edit/{id}"
    caption = "{type} {id}"
    web_list = "{project}/_workitems"
    identifying = ("id", "revision")
    spread = "more"

    id: int
    project: Untrusted | None = _field("System.TeamProject")
    revision: int = Field(validation_alias="rev")
    type: Untrusted = _field("System.WorkItemType", required=True)
    title: Untrusted = _field("System.Title", required=True)
    state: Untrusted = _field("System.State", required=True)
    assigned_to: NamedPerson = _field("System.AssignedTo")
    tags: Untrusted | None = _field("System.Tags")
    changed: Instant | None = _field("System.ChangedDate")
    more: list[Extra] = Field(default=[])


class Destination(NamedTuple):
    """What a link leads to, in the service's own terms.

    Attributes:
        kind: As in the addresses of artifacts, such as `Git/Commit`; `WorkItem` for a work item.
        project: The id of the project, where the address has one.
        repository: The id of the repository, where the address has one.
        target: The id of the thing itself.
    """

    kind: str
    project: str
    repository: str
    target: str


class Link(Result):
    """A relation to something else.

    Attributes:
        title: The name of what it leads to; None when that was not read.
        url: Its web page, for programs. The text leaves it out, because an address costs more tokens than it tells.
    """

    kind: Untrusted
    target: Untrusted
    title: Untrusted | None = None
    repository: Untrusted | None = None
    comment: Untrusted | None = None
    url: Untrusted | None = Field(default=None, exclude=True)
    to: Destination | None = Field(default=None, exclude=True)


class SavedWorkItem(WorkItem):
    """A work item as it was just stored."""

    effect = ("id", "revision")

    area: Untrusted | None = _field("System.AreaPath")
    iteration: Untrusted | None = _field("System.IterationPath")
    parent: int | None = _field("System.Parent")
    url: str | None = Field(default=None, validation_alias=AliasPath("_links", "html", "href"))
    notes: list[str] = Field(default=[])


class Comment(Result):
    """A comment on a work item."""

    author_fields = ("author",)

    author: Untrusted
    author_id: str | None = None
    text: UntrustedText
    id: int
    created: str


class WorkItemDetail(WorkItem, PartialResult):
    """A work item with all its fields and links."""

    author_fields = ("changed_by", "created_by")

    project: Untrusted = _field("System.TeamProject", required=True)
    area: Untrusted | None = _field("System.AreaPath")
    iteration: Untrusted | None = _field("System.IterationPath")
    reason: Untrusted | None = _field("System.Reason")
    priority: int | None = _field("Microsoft.VSTS.Common.Priority")
    severity: Untrusted | None = _field("Microsoft.VSTS.Common.Severity")
    created: Instant | None = _field("System.CreatedDate")
    created_by: NamedPerson = _field("System.CreatedBy")
    created_by_id: str | None = _field("System.CreatedBy", "id", hidden=True)
    changed_by: NamedPerson = _field("System.ChangedBy")
    changed_by_id: str | None = _field("System.ChangedBy", "id", hidden=True)
    comment_count: int | None = _field("System.CommentCount")
    links: list[Link] = Field(default=[])
    description: UntrustedText | None = None
    repro_steps: UntrustedText | None = None
    acceptance_criteria: UntrustedText | None = None
    comments: CollectedText | None = None
    comment_records: list[Comment] = Field(default=[], exclude=True)
    notes: list[str] = Field(default=[])


class Relation(BaseModel):
    """A link as the service answers it."""

    kind: str | None = Field(default=None, validation_alias="rel")
    url: str | None = None
    name: str | None = Field(default=None, validation_alias=AliasPath("attributes", "name"))
    comment: str | None = Field(default=None, validation_alias=AliasPath("attributes", "comment"))
    number: int | None = Field(default=None, validation_alias=AliasPath("attributes", "id"))


class RawWorkItem(BaseModel):
    """The parts of the service's answer that a result does not take over unchanged."""

    fields: dict[str, JsonValue]
    formats: dict[str, JsonValue] | None = Field(default=None, validation_alias="multilineFieldsFormat")
    relations: OrNone[Relation] = Field(default=[])


class RawComment(BaseModel):
    """A comment as the service answers it."""

    id: int = Field(validation_alias=AliasChoices("id", "commentId"))
    author: NamedPerson = Field(default=None, validation_alias="createdBy")
    author_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"))
    text: str | None = None
    format: str | None = None
    created: Instant | None = Field(default=None, validation_alias="createdDate")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")

    @property
    def shown_text(self) -> str:
        """The text as Markdown."""
        return show_text(_COMMENT, self.text or "", (self.format or "html").lower())


class RawComments(BaseModel):
    """The newest comments, the newest first, and how many there are in all."""

    total: int = Field(default=0, validation_alias="totalCount")
    comments: OrNone[RawComment]


class CommentAdded(Result):
    """A comment that was added."""

    identifying = ("work_item", "comment")
    effect = ("work_item", "comment")
    web = "_workitems/edit/{work_item}#{comment}"
    caption = "comment {comment} on work item {work_item}"

    work_item: int
    comment: int
    notes: list[str] = Field(default=[])


def row_fields(extra: Iterable[str]) -> list[str]:
    """Return the reference names of the fields that a row shows."""
    return [*_ROW_FIELDS, *extra]


def fields_beyond_row(names: Iterable[str]) -> list[str]:
    """Return those of the fields that a row does not show by itself."""
    shown = {name.lower() for name in (*_ROW_FIELDS, "System.Id", "System.Rev", PROJECT_FIELD)}
    return [name for name in names if name.lower() not in shown]


def add_extra_fields(row: WorkItem, raw: RawWorkItem, extra: Iterable[str]) -> WorkItem:
    """Add to a row the fields that were asked for by name; a work item without such a field has an empty one."""
    given = {name.lower(): value for name, value in raw.fields.items()}
    found = {name: given.get(name.lower()) for name in extra}
    more = [Extra(name=name, value="" if value is None else _text(name, value)) for name, value in found.items()]
    return row.model_copy(update={"more": more})


def add_details(found: WorkItemDetail, raw: RawWorkItem, comments: RawComments | None) -> WorkItemDetail:
    """Add to a work item its custom fields, links, long texts and comments."""
    said = [] if comments is None else _order_comments(comments)
    formats = {name: str(form).lower() for name, form in (raw.formats or {}).items()}
    texts = {
        name: _text(name, value, formats.get(name, "html" if name.startswith(_OWN) else None))
        for name, value in raw.fields.items()
        if value is not None
    }
    bodies = [texts.get(name) or None for name in _BODIES]
    return found.model_copy(
        update={
            "more": [Extra(name=name, value=text) for name, text in texts.items() if _is_custom(name)],
            "links": [make_link(relation) for relation in raw.relations],
            "description": bodies[0],
            "repro_steps": bodies[1],
            "acceptance_criteria": bodies[2],
            "comments": None if comments is None else _render_comments(said, comments.total - len(comments.comments)),
            "comment_records": said,
            "partial": comments is not None and comments.total > len(comments.comments),
        }
    )


def _order_comments(answer: RawComments) -> list[Comment]:
    """Order the comments from the oldest on; the answer has the newest first."""
    return [
        Comment(
            author=one_line(comment.author or "None"),
            author_id=comment.author_id,
            text=clean(comment.shown_text),
            id=comment.id,
            created=f"{comment.created:%Y-%m-%dT%H:%MZ}" if comment.created else "",
        )
        for comment in reversed(answer.comments)
        if not comment.deleted
    ]


def _render_comments(comments: list[Comment], left: int) -> str:
    """Render comments as Markdown, with indented texts, so that no comment looks like the heading of another."""
    parts = [f"({left} older comments are not shown)"] if left > 0 else []
    parts += [f"#{said.id} {said.author}, {said.created}\n{indent(said.text, '  ')}" for said in comments]
    return "\n\n".join(parts)


def _is_custom(name: str) -> bool:
    """Return whether a field is neither shown elsewhere nor the service's bookkeeping."""
    return name not in _SHOWN and not name.startswith(("System.", "WEF_")) and not name.endswith(("Date", "By"))


def _text(name: str, value: Any, form: str | None = None) -> str:
    """Return the value of a field as a text; of a text whose form is not known, only what surely is HTML is converted.

    Args:
        name: The reference name of the field.
        value: The value as the service answers it.
        form: How the work item stores the field; None where the answer does not say so.
    """
    if isinstance(value, dict):
        return str(name_person(value) or value)
    if form is None and not is_plain(name):
        return show_text_of_unknown_form(str(value))
    return show_text(name, str(value), form or "html")


def show_on_one_line(name: str, value: object) -> str:
    """Return the value of a field on one line."""
    return "" if value is None else one_line(_text(name, value))


def make_link(relation: Relation) -> Link:
    """Return a relation as a reader needs it, without the name of what it leads to."""
    url, name, comment = relation.url or "", relation.name or relation.kind or "", relation.comment
    kind = name_kind(relation.kind or "", name)
    if item := re.search(r"/_apis/wit/workitems/(\d+)$", url, re.IGNORECASE):
        to = Destination("WorkItem", "", "", item[1])
        return Link(kind=kind, target=item[1], comment=comment, to=to)
    if url.startswith("vstfs:///"):
        area, what, ids = f"{url.removeprefix('vstfs:///')}//".split("/", 2)
        # The last part is a path of ids: project, repository, and pull request, commit or branch; a build has no path.
        *place, target = unquote(ids.rstrip("/")).split("/", 2)
        project, repository = place if len(place) == 2 else ("", "")
        known = target.isdecimal() or what not in {"Build", "PullRequestId"}
        leads_to = Destination(f"{area}/{what}", project, repository, target) if known else None
        shown = target.removeprefix("GB") if what == "Ref" else target
        return Link(kind=kind, target=shown, repository=repository or None, comment=comment, to=leads_to)
    title = relation.name if kind == ATTACHMENT else None
    return Link(kind=kind, target=url, title=title, comment=comment)
