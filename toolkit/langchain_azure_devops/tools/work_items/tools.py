"""Work items: find, read, create, change and comment on them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar, cast

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.declaration import Cursor, Ids, Limit, Project, Projects
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.calls.places import choose_project
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, ProjectNotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import format_time
from langchain_azure_devops.http.responses import Numbered, decode
from langchain_azure_devops.results.models import Failed, Page, Position, Records
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.people import shorten_people
from langchain_azure_devops.tools.work_items.conflicts import explain_conflict
from langchain_azure_devops.tools.work_items.current import read_before_update, read_item
from langchain_azure_devops.tools.work_items.field_names import find_fields
from langchain_azure_devops.tools.work_items.links import (
    Links,
    Target,
    add_links,
    describe_targets,
    find_targets,
    is_linked,
)
from langchain_azure_devops.tools.work_items.models import (
    PROJECT_FIELD,
    CommentAdded,
    FieldValues,
    RawWorkItem,
    SavedWorkItem,
    WorkItem,
    WorkItemDetail,
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
from langchain_azure_devops.tools.work_items.repair import add_repair_hint, explain_empty_result, explain_refusal
from langchain_azure_devops.tools.work_items.sent_values import (
    drop_same_texts,
    has_long_text,
    make_patch,
    say_same,
    sent_fields,
)
from langchain_azure_devops.tools.work_items.toolset import toolset
from langchain_azure_devops.tools.work_items.wiql import (
    MAX_IDS,
    build_query,
    condition,
    describe_reach,
    find_ids,
    name_project,
)

_CREATE = "/{project}/_apis/wit/workitems/${type}"
_JSON_PATCH = "application/json-patch+json"

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

    Source: `POST .../wit/wiql`, then `POST .../wit/workitemsbatch` for the fields. A row has the display name of a
    person alone, except where two people on the page share it: unique names would cost a long list a third more.
    """
    project = choose_project(client, project)
    filters = {
        "System.TeamProject": condition("=", await name_project(client, project)),
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
    shown = shorten_people(row.assigned_to for row in page.items if row.assigned_to)
    page.items[:] = [row.model_copy(update={"assigned_to": shown.get(row.assigned_to or "")}) for row in page.items]
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
    patch = make_patch(sent_fields(given, type))
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
    current=read_before_update,
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
    sent, targets = sent_fields(given, ""), list[Target]()
    if has_long_text(sent) or links:
        # A text that is shown of HTML and given back as it was shown stays HTML, and a link that is there stays one.
        answer = await client.get(ITEM, path={"id": id}, query={"$expand": "all"})
        saved, stored = decode(answer, SavedWorkItem), decode(answer, RawWorkItem)
        targets = list((await find_targets(client, decode(answer, Place).project, links)).values())
        sent = sent_fields(given, saved.type)
        if saved.revision == revision:
            sent = drop_same_texts(sent, stored)
            targets = [target for target in targets if not is_linked(target, stored.relations)]
            if not sent and not targets:
                return saved.model_copy(update={"notes": [say_same(sent_fields(given, saved.type), links)]})
    changes = [*make_patch(sent), *add_links(targets)]
    if not changes:
        raise InvalidRequest("Nothing to change was given.", subject="arguments")
    patch: list[JsonValue] = [{"op": "test", "path": "/rev", "value": revision}, *changes]
    try:
        response = await client.post(ITEM, patch, path={"id": id}, content_type=_JSON_PATCH, method="PATCH")
    except Conflict as error:
        raise await explain_conflict(client, error, id, revision, changes) from error
    except InvalidRequest as error:
        raise await explain_refusal(client, error, id) from error
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


async def _read_fields(client: AzureDevOps, id: int, model: type[T], names: str) -> T:
    return decode(await client.get(ITEM, path={"id": id}, query={"fields": names}), model)
