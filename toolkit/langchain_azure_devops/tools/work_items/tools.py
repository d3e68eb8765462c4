"""Work items: find, read, create, change and comment on them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar, cast

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Ids, Limit, Project, Projects, Toolset
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, ProjectNotFound, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import format_time
from langchain_azure_devops.http.responses import Numbered, decode
from langchain_azure_devops.results.models import Failed, Page, Position, Records
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.current import read_item
from langchain_azure_devops.tools.work_items.field_names import find_fields
from langchain_azure_devops.tools.work_items.links import Links, add_links, describe_targets, find_targets
from langchain_azure_devops.tools.work_items.models import (
    PROJECT_FIELD,
    CommentAdded,
    FieldValues,
    RawWorkItem,
    SavedWorkItem,
    WorkItem,
    WorkItemDetail,
    show_on_one_line,
)
from langchain_azure_devops.tools.work_items.reading import read_item_details, read_items, read_rows
from langchain_azure_devops.tools.work_items.recovery import (
    COMMENTS,
    COMMENTS_VERSION,
    ITEM,
    Place,
    find_comment,
    find_created_item,
    find_update,
)
from langchain_azure_devops.tools.work_items.repair import add_repair_hint, explain_empty_result
from langchain_azure_devops.tools.work_items.sent_values import description_field, sent_fields
from langchain_azure_devops.tools.work_items.wiql import MAX_IDS, build_query, condition, describe_reach, find_ids

toolset = Toolset.named("work_items", "Find, read, create, change and comment on work items.")

_CREATE = "/{project}/_apis/wit/workitems/${type}"
_JSON_PATCH = "application/json-patch+json"
_MAX_SHOWN = 300

T = TypeVar("T")
Id = Annotated[int, Field(ge=1)]


@toolset.read(Scope.WORK, default=True, example={"fields": ["System.AreaPath"]})
async def query_work_items(
    client: AzureDevOps,
    *,
    wiql: Annotated[str | None, Field(description="Instead of filters")] = None,
    project: Projects = None,
    type: str | None = None,
    state: str | None = None,
    assigned_to: Annotated[str | None, Field(description="@Me, name or e-mail")] = None,
    area: str | None = None,
    iteration: str | None = None,
    tag: str | None = None,
    title: Annotated[str | None, Field(description="Words in the title")] = None,
    changed_since: datetime | None = None,
    fields: Annotated[list[str], Field(description="More columns")] = [],  # noqa: B006 - read only
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkItem]:
    """Find work items by WIQL or filters, latest change first.

    Source: `POST .../wit/wiql`, then `POST .../wit/workitemsbatch` for the fields.
    """
    project = choose_project(client, project)
    filters = {
        "System.TeamProject": condition("=", project),
        "System.WorkItemType": condition("=", type),
        "System.State": condition("=", state),
        "System.AssignedTo": condition("=", assigned_to),
        "System.AreaPath": condition("UNDER", area),
        "System.IterationPath": condition("UNDER", iteration),
        "System.Tags": condition("CONTAINS", tag),
        "System.Title": condition("CONTAINS", title),
        "System.ChangedDate": condition(">=", format_time(changed_since) if changed_since else None),
    }
    if wiql is not None and any(value for name, value in filters.items() if name != "System.TeamProject"):
        raise InvalidRequest("Give either wiql or filters, not both: put the filters into the query.", subject="wiql")
    columns = await find_fields(client, fields)
    placed = wiql is not None or project is None or PROJECT_FIELD.lower() in {name.lower() for name in columns}
    notes: list[str] = []
    failed: list[Failed] = []

    async def fetch(position: Position, wanted: int) -> Batch[WorkItem]:
        found = await find_ids(client, project, wiql or build_query(filters, position.token), position.skip + wanted)
        chosen = found.ids[position.skip : position.skip + wanted]
        rows, unread = await read_rows(client, chosen, columns, with_project=placed)
        failed.extend(unread)
        if (missing := len(chosen) - len(rows)) and not unread:
            notes.append(f"{missing} more could not be read: deleted, or hidden from this token's owner.")
        after = position.skip + len(chosen)
        if after >= len(found.ids) and not found.complete:
            notes.append(f"The query finds more than {MAX_IDS:,} work items; narrow it to see the others.")
        # Only a query made here can be pinned to its first moment: another one may have its own ASOF or MODE.
        following = Position(token="" if wiql else found.as_of, skip=after)
        return Batch(rows, following if after < len(found.ids) else None, len(found.ids) if found.complete else None)

    try:
        page = await collect(WorkItem, fetch, limit, cursor)
    except InvalidRequest as error:
        raise await add_repair_hint(client, error, project) from error
    if wiql is not None:
        page.looked_in = describe_reach(wiql)
    page.notes.extend(notes)
    page.failed.extend(failed)
    page.partial = bool(failed or notes)
    if project is not None and not page.items and (type or state):
        page.notes.extend(await explain_empty_result(client, project, type, state))
    return page


@toolset.read(
    Scope.WORK,
    default=True,
    example={"ids": [4], "comments": True},
    more_examples=({"ids": [8], "comments": True}, {"ids": [8]}, {"ids": [8, 4], "comments": True}),
)
async def get_work_item(
    client: AzureDevOps, *, ids: Ids, comments: bool = False
) -> WorkItemDetail | Records[WorkItemDetail]:
    """Read work items: fields, links, revision; on request their comments.

    Source: `GET /_apis/wit/workitems/{id}?$expand=all`, or `POST .../workitemsbatch` for several;
    `GET .../workItems/{id}/comments`.
    """
    return await read_items(client, ids, comments=comments)


async def _read_parent(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person recognizes the parent of a new work item by, and what it would be linked to."""
    links = cast("list[str]", arguments.get("links") or [])
    current: dict[str, JsonValue] = {}
    if links:
        project = await client.required_project(cast("str | None", arguments.get("project")))
        current = await describe_targets(client, project, links)
    if (parent := arguments.get("parent")) is None:
        return current
    found = await read_item_details(client, int(str(parent)))
    return current | {
        "parent_type": found.type,
        "parent_title": found.title,
        "parent_state": found.state,
        "parent_project": found.project,
    }


@toolset.write(
    Scope.WORK_WRITE,
    default=True,
    destructive=False,
    sends=f"POST {_CREATE}",
    targets=("type", "project", "area", "iteration", "assigned_to", "parent", "links"),
    contents=("title", "description", "tags", "fields"),
    current=_read_parent,
    recover=find_created_item,
    makes="work item",
    example={"type": "Bug", "title": "Broken", "assigned_to": "Tom Becker", "tags": ["a"]},
    more_examples=({"type": "Task", "title": "Follow up", "links": ["build:35", "pull_request:13", "work_item:4"]},),
)
async def create_work_item(
    client: AzureDevOps,
    *,
    type: Annotated[str, Field(description="Bug, Task...")],
    title: str,
    project: Project = None,
    description: Annotated[str | None, Field(description="Markdown")] = None,
    area: str | None = None,
    iteration: str | None = None,
    assigned_to: str | None = None,
    tags: list[str] = [],  # noqa: B006 - read only, and the schema's default
    parent: int | None = None,
    links: Links = [],  # noqa: B006 - same
    fields: FieldValues = [],  # noqa: B006 - same
) -> SavedWorkItem:
    """Create a work item.

    Raises:
        InvalidRequest: A rule of the process refuses a value; says what is allowed.
        NotFound: There is no such type, project or parent.
    Source: `POST .../wit/workitems/${type}`.
    """
    project = await client.required_project(project)
    given = {
        "title": title,
        "area": area,
        "iteration": iteration,
        "assigned_to": assigned_to,
        "tags": tags,
        "description": description,
        "fields": fields,
    }
    patch = _make_patch(given, type)
    if parent is not None:
        url = f"{client.settings.url('core')}/_apis/wit/workItems/{parent}"
        link: JsonValue = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}
        patch.append({"op": "add", "path": "/relations/-", "value": link})
    patch += add_links((await find_targets(client, project, links)).values())
    where = {"project": project, "type": type}
    try:
        response = await client.post(_CREATE, patch, path=where, content_type=_JSON_PATCH)
    except ProjectNotFound:
        raise
    except (InvalidRequest, NotFound) as error:
        raise await add_repair_hint(client, error, project, type) from error
    return decode(response, SavedWorkItem)


@toolset.write(
    Scope.WORK_WRITE,
    default=True,
    idempotent=True,
    sends=f"PATCH {ITEM}",
    targets=("id", "assigned_to", "area", "iteration", "links"),
    contents=("revision", "title", "state", "tags", "description", "fields"),
    current=read_item,
    recover=find_update,
    empty_clears=True,
    example={"id": 4, "revision": 5, "title": "Another title"},
)
async def update_work_item(
    client: AzureDevOps,
    *,
    id: Id,
    revision: Annotated[int, Field(description="As last read")],
    title: str | None = None,
    state: str | None = None,
    assigned_to: str | None = None,
    area: str | None = None,
    iteration: str | None = None,
    tags: Annotated[str | None, Field(description="All tags: a; b")] = None,
    description: Annotated[str | None, Field(description="Markdown")] = None,
    links: Links = [],  # noqa: B006 - read only, and the schema's default
    fields: FieldValues = [],  # noqa: B006 - same
) -> SavedWorkItem:
    """Change a work item unless somebody changed it since it was read. Only what is given changes; "" clears.

    Raises:
        RevisionConflict: It has another revision now; the message contains it and the current values.
        InvalidRequest: A rule of the process refuses a value; says what is allowed.
    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    given = {
        "title": title,
        "state": state,
        "assigned_to": assigned_to,
        "area": area,
        "iteration": iteration,
        "tags": tags,
        "description": description,
        "fields": fields,
    }
    kind = "" if description is None else (await _read_fields(client, id, _Kind, "System.WorkItemType")).type
    changes = _make_patch(given, kind)
    if links:
        here = (await _read_fields(client, id, Place, "System.TeamProject")).project
        changes += add_links((await find_targets(client, here, links)).values())
    if not changes:
        raise InvalidRequest("Nothing to change was given.", subject="arguments")
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": revision}, *changes]
    try:
        response = await client.post(ITEM, patch, path={"id": id}, content_type=_JSON_PATCH, method="PATCH")
    except Conflict as error:
        raise await _explain_conflict(client, error, id, revision, changes) from error
    except InvalidRequest as error:
        place = await _read_fields(client, id, _PlaceAndKind, "System.TeamProject,System.WorkItemType")
        raise await add_repair_hint(client, error, place.project, place.type) from error
    return decode(response, SavedWorkItem)


@toolset.write(
    Scope.WORK_WRITE,
    default=True,
    destructive=False,
    sends=f"POST {COMMENTS}",
    targets=("id",),
    contents=("text",),
    current=read_item,
    recover=find_comment,
    example={"id": 4, "text": "Noted."},
)
async def add_work_item_comment(
    client: AzureDevOps, *, id: Id, text: Annotated[str, Field(min_length=1, description="Markdown")]
) -> CommentAdded:
    """Comment on a work item.

    Source: `POST .../workItems/{id}/comments?format=markdown`.
    """
    project = (await _read_fields(client, id, Place, "System.TeamProject")).project
    response = await client.post(
        COMMENTS,
        {"text": text},
        path={"project": project, "id": id},
        query={"format": "markdown"},
        version=COMMENTS_VERSION,
    )
    return CommentAdded(work_item=id, comment=decode(response, Numbered).id)


class _Kind(BaseModel):
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))


class _PlaceAndKind(Place, _Kind):
    pass


async def _read_fields(client: AzureDevOps, id: int, model: type[T], names: str) -> T:
    return decode(await client.get(ITEM, path={"id": id}, query={"fields": names}), model)


def _make_patch(given: Mapping[str, object], type: str) -> list[JsonValue]:
    patch: list[JsonValue] = [
        # Adding tags adds to those that are there; every other field is set by it, also one that was empty.
        {"op": "replace" if name == "System.Tags" else "add", "path": f"/fields/{name}", "value": value}
        for name, value in sent_fields(given, type).items()
    ]
    if given["description"] is not None:
        patch.append({"op": "add", "path": f"/multilineFieldsFormat/{description_field(type)}", "value": "Markdown"})
    return patch


async def _explain_conflict(
    client: AzureDevOps, error: Conflict, id: int, revision: int, changes: list[JsonValue]
) -> Conflict:
    response = await client.get(ITEM, path={"id": id})
    now, fields = decode(response, WorkItem).revision, decode(response, RawWorkItem).fields
    if now == revision:
        return error
    paths = [str(change["path"]) for change in changes if isinstance(change, dict)]
    names = [path.removeprefix("/fields/") for path in paths if path.startswith("/fields/")]
    shown = [*dict.fromkeys([*names, "System.ChangedBy", "System.ChangedDate"])]
    told = {name: client.secrets.redact(show_on_one_line(fields.get(name)))[:_MAX_SHOWN] for name in shown}
    values = "\n".join(f"{name}: {value or '(empty)'}" for name, value in told.items())
    return RevisionConflict(
        f"Work item {id} is at revision {now}, not {revision}: somebody changed it since it was read. Nothing was "
        f"changed. If the change still fits, repeat it with revision {now}. Current values:\n{values}",
        subject=str(now),
    )
