"""Read work items: one, several, a batch, or those linked to an artifact."""

from __future__ import annotations

from datetime import datetime

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import as_list, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.lookup import (
    MOST_IDS,
    expansion,
    field_list,
    item_of,
    moment,
    revision_of,
    visible,
)
from azure_devops_simulator.areas.work_items.patch import no_such_item
from azure_devops_simulator.areas.work_items.process.fields import FIELDS, Field
from azure_devops_simulator.areas.work_items.process.rules import new_fields
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.areas.work_items.shapes import Expand, item_body, item_url, value_body
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.records import FieldValue

area = Area("wit")
_READ = ("vso.work",)


@area.get("{project?}/_apis/wit/workitems/{id:int}", scopes=_READ, query="$expand asOf fields")
def get_item(call: Call) -> Answer | JsonValue:
    """Return one work item, now or as of a date."""
    item = item_of(call)
    expand = expansion(call.query.get("$expand"))
    fields = field_list(call.query.words("fields"), expand)
    at = moment(call.query.get("asOf"))
    revision = revision_of(item, at)
    if revision is None:
        raise no_such_item(item.id)
    relations = item.relations(at)
    return item_body(call, item, revision, expand=expand, fields=fields, single=True, relations=relations)


@area.get("{project?}/_apis/wit/workitems", scopes=_READ, query="$expand asOf errorPolicy fields ids")
def list_items(call: Call) -> Answer | JsonValue:
    """Return up to 200 work items by id."""
    ids: list[JsonValue] = [*call.query.words("ids")]
    if not ids:
        raise ServiceError(400, "VssPropertyValidationException", "The list of work item ids must not be empty.")
    expand = expansion(call.query.get("$expand"))
    fields = field_list(call.query.words("fields"), expand)
    omit = call.query.text("errorPolicy").lower() == "omit"
    return _several(call, ids, expand, fields, moment(call.query.get("asOf")), omit=omit)


@area.post("{project?}/_apis/wit/workitemsbatch", scopes=_READ, body="$expand asOf errorPolicy fields ids")
def get_batch(call: Call) -> Answer | JsonValue:
    """Return up to 200 work items by id. This POST only reads."""
    body = call.json_object()
    expand = expansion(body.get("$expand"))
    fields = field_list([as_text(name) for name in as_list(body.get("fields"))], expand)
    ids = as_list(body.get("ids"))
    if not ids:
        raise ServiceError(400, "VssPropertyValidationException", "The list of work item ids must not be empty.")
    omit = as_text(body.get("errorPolicy")).lower() == "omit"
    return _several(call, ids, expand, fields, moment(as_text(body.get("asOf"))), omit=omit)


def _several(
    call: Call, ids: list[JsonValue], expand: Expand, fields: list[Field] | None, at: datetime | None, *, omit: bool
) -> Answer:
    if len(ids) > MOST_IDS:
        message = f"VS403474: You requested {len(ids)} work items, which exceeds the limit of {MOST_IDS}."
        raise ServiceError(400, "WorkItemPageSizeExceededException", message, event_id=3200)
    found: list[JsonValue] = []
    for entry in dict.fromkeys(str(entry) for entry in ids):
        number = whole_number(entry)
        if number is None:
            raise ServiceError(400, "VssPropertyValidationException", f"The value '{entry}' is not a work item id.")
        item = call.organization.work_items.get(number)
        revision = revision_of(item, at) if item and visible(call, item) else None
        if item is None or revision is None:
            if not omit:
                raise no_such_item(number)
            found.append(None)
            continue
        relations = item.relations(at)
        found.append(item_body(call, item, revision, expand=expand, fields=fields, relations=relations))
    return collection(found)


@area.get("{project}/_apis/wit/workitems/${type}", scopes=_READ, query="fields")
def get_template(call: Call) -> Answer | JsonValue:
    """Return the initial fields of a new item of a type, or those that `fields` names."""
    project = call.in_project()
    kind = work_item_type(project, call.path["type"])
    stored = new_fields(call.organization, project, kind, call.organization.clock.now())
    values: dict[str, FieldValue] = {**stored, "System.TeamProject": project.name}
    if wanted := field_list(call.query.words("fields"), "none"):
        values = {f.reference_name: values[f.reference_name] for f in wanted if f.reference_name in values}
    fields: JsonObject = {name: value_body(call, FIELDS[name], value) for name, value in values.items()}
    return {"fields": fields, "url": call.url(f"_apis/wit/workItems/${kind.name}")}


@area.post("{project?}/_apis/wit/artifacturiquery", scopes=_READ, body="artifactUris")
def query_artifacts(call: Call) -> Answer | JsonValue:
    """Return the work items linked to artifacts. This POST only reads."""
    uris = [as_text(uri) for uri in as_list(call.json_object().get("artifactUris"))]
    found: JsonObject = {}
    for uri in uris:
        items = (call.organization.work_items.get(number) for number in call.organization.work_items.linked_to(uri))
        shown = [item for item in items if item and visible(call, item)]
        if shown:
            found[uri] = [{"id": item.id, "url": item_url(call, item.id)} for item in shown]
    return {"artifactUrisQueryResult": found}
