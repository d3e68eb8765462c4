"""Work items as readers need them: which fields are shown, and what the service's shapes become."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import AliasPath, Field

from langchain_azure_devops.html_text import markdown_of
from langchain_azure_devops.results import Instant, Result, Untrusted, UntrustedText

_ROW_FIELDS = (
    "System.WorkItemType",
    "System.Title",
    "System.State",
    "System.AssignedTo",
    "System.Tags",
    "System.ChangedDate",
)
_BODIES = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps", "Microsoft.VSTS.Common.AcceptanceCriteria")
_SHOWN = frozenset(
    {
        *_ROW_FIELDS,
        *_BODIES,
        "System.AreaPath", "System.IterationPath", "System.Reason", "System.CreatedBy", "System.CreatedDate",
        "System.ChangedBy", "System.TeamProject", "System.Parent", "System.CommentCount",
        "Microsoft.VSTS.Common.Priority", "Microsoft.VSTS.Common.Severity",
    }
)  # fmt: skip
_LINKS = {
    "System.LinkTypes.Hierarchy-Reverse": "parent",
    "System.LinkTypes.Hierarchy-Forward": "child",
    "System.LinkTypes.Related": "related",
    "System.LinkTypes.Dependency-Forward": "successor",
    "System.LinkTypes.Dependency-Reverse": "predecessor",
    "Hyperlink": "hyperlink",
    "AttachedFile": "attachment",
}


def _field(name: str, *inner: str, required: bool = False) -> Any:
    alias = AliasPath("fields", name, *inner)
    return Field(validation_alias=alias) if required else Field(default=None, validation_alias=alias)


class Extra(Result):
    """A field that was asked for by name."""

    name: str
    value: Untrusted


class WorkItem(Result):
    """A work item as a reader of a list needs it."""

    plural = "work items"

    id: int
    revision: int = Field(validation_alias="rev")
    type: Untrusted = _field("System.WorkItemType", required=True)
    title: Untrusted = _field("System.Title", required=True)
    state: Untrusted = _field("System.State", required=True)
    assigned_to: Untrusted | None = _field("System.AssignedTo", "displayName")
    tags: Untrusted | None = _field("System.Tags")
    changed: Instant | None = _field("System.ChangedDate")
    more: list[Extra] = Field(default=[])


class Link(Result):
    """A relation to something else."""

    kind: str
    target: Untrusted


class WorkItemDetail(WorkItem):
    """A work item with all its fields and links."""

    project: Untrusted = _field("System.TeamProject", required=True)
    area: Untrusted | None = _field("System.AreaPath")
    iteration: Untrusted | None = _field("System.IterationPath")
    reason: Untrusted | None = _field("System.Reason")
    priority: int | None = _field("Microsoft.VSTS.Common.Priority")
    severity: Untrusted | None = _field("Microsoft.VSTS.Common.Severity")
    created: Instant | None = _field("System.CreatedDate")
    created_by: Untrusted | None = _field("System.CreatedBy", "displayName")
    changed_by: Untrusted | None = _field("System.ChangedBy", "displayName")
    comment_count: int | None = _field("System.CommentCount")
    links: list[Link] = Field(default=[])
    description: UntrustedText | None = None
    repro_steps: UntrustedText | None = None
    acceptance_criteria: UntrustedText | None = None
    comments: UntrustedText | None = None


class CommentAdded(Result):
    """A comment that was added."""

    work_item: int
    comment: int


def row_fields(extra: Iterable[str]) -> list[str]:
    """Reference names of the fields a row shows."""
    return [*_ROW_FIELDS, *extra]


def row_of(raw: Mapping[str, Any], extra: Iterable[str] = ()) -> WorkItem:
    """A row from the service's work item."""
    more = [{"name": name, "value": _text(raw["fields"][name])} for name in extra if name in raw["fields"]]
    return WorkItem.model_validate({**raw, "more": more})


def detail_of(raw: Mapping[str, Any], comments: str | None) -> WorkItemDetail:
    """The whole work item from the service's."""
    fields: Mapping[str, Any] = raw["fields"]
    bodies = [markdown_of(fields[name]) if fields.get(name) else None for name in _BODIES]
    others = [{"name": name, "value": _text(value)} for name, value in fields.items() if _is_custom(name)]
    return WorkItemDetail.model_validate(
        {
            **raw,
            "more": others,
            "links": [_link(relation) for relation in raw.get("relations") or []],
            "description": bodies[0],
            "repro_steps": bodies[1],
            "acceptance_criteria": bodies[2],
            "comments": comments,
        }
    )


def comments_text(answer: Mapping[str, Any]) -> str:
    """Comments as Markdown, oldest first."""
    parts = [
        f"### {(comment.get('createdBy') or {}).get('displayName')}, {comment.get('createdDate')}\n"
        f"{markdown_of(str(comment.get('text') or ''))}"
        for comment in answer.get("comments") or []
        if not comment.get("isDeleted")
    ]
    left = int(answer.get("totalCount") or 0) - len(answer.get("comments") or [])
    if left > 0:
        parts.append(f"({left} more comments are not shown)")
    return "\n\n".join(parts)


def _is_custom(name: str) -> bool:
    """A field that is neither shown elsewhere nor the service's bookkeeping."""
    return name not in _SHOWN and not name.startswith(("System.", "WEF_")) and not name.endswith(("Date", "By"))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("displayName") or value)
    return markdown_of(str(value))


def _link(relation: Mapping[str, Any]) -> Link:
    url = str(relation.get("url") or "")
    kind = _LINKS.get(str(relation.get("rel")), "")
    if kind in {"parent", "child", "related", "successor", "predecessor"}:
        return Link(kind=kind, target=url.rsplit("/", 1)[-1])
    name = str((relation.get("attributes") or {}).get("name") or relation.get("rel") or "")
    if url.startswith("vstfs:///"):
        # The last part is a path of ids: project, repository, pull request or commit.
        return Link(kind=name.lower(), target=unquote(url.rsplit("/", 1)[-1]).rsplit("/", 1)[-1])
    return Link(kind=kind or name, target=url)
