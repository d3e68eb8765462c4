"""Work items: find, read, create, change and comment on them."""

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.client import AzureDevOps
from langchain_azure_devops.errors import InvalidRequest, RevisionConflict
from langchain_azure_devops.paging import Batch, collect
from langchain_azure_devops.results import Page, Position
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.toolset import Cursor, Limit, Project, Toolset
from langchain_azure_devops.wiql import condition, query_text
from langchain_azure_devops.work_item_fields import (
    CommentAdded,
    WorkItem,
    WorkItemDetail,
    comments_text,
    detail_of,
    row_fields,
    row_of,
)

toolset = Toolset.named("work_items", "Find, read, create, change and comment on work items.")

_ITEM = "/_apis/wit/workitems/{id}"
_CREATE = "/{project}/_apis/wit/workitems/${type}"
_COMMENTS = "/{project}/_apis/wit/workItems/{id}/comments"
_JSON_PATCH = "application/json-patch+json"
_COMMENTS_VERSION = "7.1-preview.4"
_BATCH = 200
_DESCRIPTION = {"bug": "Microsoft.VSTS.TCM.ReproSteps"}

Id = Annotated[int, Field(ge=1)]


class FieldValue(BaseModel):
    """A field by its reference name."""

    name: Annotated[str, Field(description="Such as Microsoft.VSTS.Common.Priority", pattern=r"^[A-Za-z][\w.]*$")]
    value: str


FieldValues = Annotated[list[FieldValue], Field(description="Other fields")]


@toolset.read(Scope.WORK)
async def query_work_items(
    client: AzureDevOps,
    wiql: Annotated[str | None, Field(description="Whole WIQL query instead of the filters")] = None,
    project: Project = None,
    type: str | None = None,
    state: str | None = None,
    assigned_to: Annotated[str | None, Field(description="@Me, name or e-mail")] = None,
    area: str | None = None,
    iteration: str | None = None,
    tag: str | None = None,
    title: Annotated[str | None, Field(description="Words in the title")] = None,
    changed_since: datetime | None = None,
    fields: Annotated[list[str], Field(description="More fields to show")] = [],  # noqa: B006 - read only
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WorkItem]:
    """Find work items by WIQL or filters, latest change first.

    Source: `POST .../wit/wiql`, then `POST .../wit/workitemsbatch` for the fields.
    """
    project = project or client.settings.default_project
    filters = {
        "System.TeamProject": condition("=", project),
        "System.WorkItemType": condition("=", type),
        "System.State": condition("=", state),
        "System.AssignedTo": condition("=", assigned_to),
        "System.AreaPath": condition("UNDER", area),
        "System.IterationPath": condition("UNDER", iteration),
        "System.Tags": condition("CONTAINS", tag),
        "System.Title": condition("CONTAINS", title),
        "System.ChangedDate": condition(">=", changed_since.isoformat() if changed_since else None),
    }
    if wiql is not None and any(value for name, value in filters.items() if name != "System.TeamProject"):
        raise InvalidRequest("Give either wiql or filters, not both: put the filters into the query.", subject="wiql")
    text = wiql or query_text(filters)
    extra = [name for name in fields if name not in row_fields(())]

    async def fetch(position: Position, wanted: int) -> Batch[WorkItem]:
        ids, complete = await _ids(client, project, text, position.skip + wanted)
        chosen = ids[position.skip : position.skip + wanted]
        rows = await _rows(client, chosen, extra)
        after = position.skip + len(chosen)
        return Batch(rows, Position(skip=after) if after < len(ids) else None, len(ids) if complete else None)

    return await collect(fetch, limit, cursor)


@toolset.read(Scope.WORK)
async def get_work_item(client: AzureDevOps, id: Id, comments: bool = False) -> WorkItemDetail:
    """Read a work item: fields, links, revision; on request its comments.

    Source: `GET /_apis/wit/workitems/{id}?$expand=relations`.
    """
    raw = (await client.get(_ITEM, path={"id": id}, query={"$expand": "relations"})).json()
    text = None
    if comments:
        where = {"id": id, "project": raw["fields"]["System.TeamProject"]}
        query = {"$top": 200, "order": "asc"}
        text = comments_text((await client.get(_COMMENTS, path=where, query=query, version=_COMMENTS_VERSION)).json())
    return detail_of(raw, text)


@toolset.write(Scope.WORK_WRITE, sends=f"POST {_CREATE}")
async def create_work_item(
    client: AzureDevOps,
    type: Annotated[str, Field(description="Bug, Task, User Story...")],
    title: Annotated[str, Field(min_length=1, max_length=255)],
    project: Project = None,
    description: Annotated[str | None, Field(description="Markdown")] = None,
    area: str | None = None,
    iteration: str | None = None,
    assigned_to: str | None = None,
    tags: list[str] = [],  # noqa: B006 - read only, and the schema's default
    parent: int | None = None,
    fields: FieldValues = [],  # noqa: B006 - same
) -> WorkItem:
    """Create a work item.

    Source: `POST .../wit/workitems/${type}`.
    """
    project = await client.required_project(project)
    patch = _changes(
        {
            "System.Title": title,
            "System.AreaPath": area,
            "System.IterationPath": iteration,
            "System.AssignedTo": assigned_to,
            "System.Tags": "; ".join(tags) or None,
        },
        _DESCRIPTION.get(type.lower(), "System.Description"),
        description,
        fields,
    )
    if parent is not None:
        url = f"{client.settings.url('core')}/_apis/wit/workItems/{parent}"
        link: JsonValue = {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url}
        patch.append({"op": "add", "path": "/relations/-", "value": link})
    response = await client.post(_CREATE, patch, path={"project": project, "type": type}, content_type=_JSON_PATCH)
    return row_of(response.json())


@toolset.write(Scope.WORK_WRITE, sends=f"PATCH {_ITEM}")
async def update_work_item(
    client: AzureDevOps,
    id: Id,
    revision: Annotated[int, Field(ge=1, description="As last read")],
    title: Annotated[str | None, Field(min_length=1, max_length=255)] = None,
    state: str | None = None,
    assigned_to: Annotated[str | None, Field(description='"" clears')] = None,
    area: str | None = None,
    iteration: str | None = None,
    tags: Annotated[str | None, Field(description="All tags: a; b")] = None,
    description: str | None = None,
    fields: FieldValues = [],  # noqa: B006 - read only, and the schema's default
) -> WorkItem:
    """Change fields of a work item that nobody changed since it was read; only what is given changes.

    Source: `PATCH /_apis/wit/workitems/{id}` with a test of `/rev`.
    """
    named = {
        "System.Title": title,
        "System.State": state,
        "System.AssignedTo": assigned_to,
        "System.AreaPath": area,
        "System.IterationPath": iteration,
        "System.Tags": tags,
    }
    changes = _changes(named, "System.Description", description, fields)
    if not changes:
        raise InvalidRequest("Nothing to change was given.", subject="arguments")
    test: JsonValue = {"op": "test", "path": "/rev", "value": revision}
    try:
        response = await client.post(_ITEM, [test, *changes], path={"id": id}, content_type=_JSON_PATCH, method="PATCH")
    except RevisionConflict as error:
        current = (await client.get(_ITEM, path={"id": id})).json()
        paths = [str(change["path"]).removeprefix("/fields/") for change in changes if isinstance(change, dict)]
        raise _conflict(id, revision, current, paths) from error
    return row_of(response.json())


@toolset.write(Scope.WORK_WRITE, sends=f"POST {_COMMENTS}")
async def add_work_item_comment(
    client: AzureDevOps, id: Id, text: Annotated[str, Field(min_length=1, max_length=150_000, description="Markdown")]
) -> CommentAdded:
    """Comment on a work item.

    Source: `POST .../workItems/{id}/comments?format=markdown`.
    """
    item = (await client.get(_ITEM, path={"id": id}, query={"fields": "System.TeamProject"})).json()
    response = await client.post(
        _COMMENTS,
        {"text": text},
        path={"project": item["fields"]["System.TeamProject"], "id": id},
        query={"format": "markdown"},
        version=_COMMENTS_VERSION,
    )
    return CommentAdded(work_item=id, comment=response.json()["id"])


async def _ids(client: AzureDevOps, project: str | None, wiql: str, wanted: int) -> tuple[list[int], bool]:
    """The first ids that match, one more than wanted if there are more, and whether these are all."""
    top = min(wanted + 1, 19_999)
    response = await client.post(
        "/{project}/_apis/wit/wiql",
        {"query": wiql},
        path={"project": project},
        query={"$top": top, "timePrecision": True},
    )
    answer = response.json()
    rows = answer.get("workItems") or [link["target"] for link in answer.get("workItemRelations") or []]
    return list(dict.fromkeys(int(row["id"]) for row in rows)), len(rows) < top


async def _rows(client: AzureDevOps, ids: list[int], extra: list[str]) -> list[WorkItem]:
    """The work items with their fields, in the order of the ids; what vanished in between is left out."""
    wanted: list[JsonValue] = [*row_fields(extra)]
    answers = await asyncio.gather(
        *(
            client.post(
                "/{project}/_apis/wit/workitemsbatch",
                {"ids": [*ids[start : start + _BATCH]], "fields": wanted, "errorPolicy": "omit"},
                path={"project": None},
            )
            for start in range(0, len(ids), _BATCH)
        )
    )
    found = {raw["id"]: raw for answer in answers for raw in answer.json()["value"] if raw}
    return [row_of(found[number], extra) for number in ids if number in found]


def _changes(
    named: dict[str, str | None], description_field: str, description: str | None, fields: list[FieldValue]
) -> list[JsonValue]:
    values = {name: value for name, value in named.items() if value is not None}
    if description is not None:
        values[description_field] = description
    for field in fields:
        if field.name in values:
            raise InvalidRequest(f"{field.name} is given twice.", subject=field.name)
        values[field.name] = field.value
    patch: list[JsonValue] = [
        {"op": "add", "path": f"/fields/{name}", "value": value} for name, value in values.items()
    ]
    if description is not None:
        patch.append({"op": "add", "path": f"/multilineFieldsFormat/{description_field}", "value": "Markdown"})
    return patch


def _conflict(id: int, revision: int, current: dict[str, JsonValue], paths: list[str]) -> RevisionConflict:
    fields = current["fields"]
    now = {name: fields.get(name) for name in paths if name in fields} if isinstance(fields, dict) else {}
    values = ", ".join(f"{name} = {value!r}" for name, value in now.items()) or "these fields are empty now"
    return RevisionConflict(
        f"Work item {id} is at revision {current['rev']}, not {revision}: somebody changed it since it was read. Nothing "
        f"was changed. Current values: {values}. If the change still fits, repeat it with revision {current['rev']}.",
        subject=str(current["rev"]),
    )
