"""Create and change work items."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.json_patch import read_document, require_media_type
from azure_devops_simulator.areas.work_items.lookup import expansion, item_of
from azure_devops_simulator.areas.work_items.patch import Patch, patch_for
from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.areas.work_items.shapes import item_body
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.records import Draft, Revision, WorkItem

area = Area("wit")
_WRITE = ("vso.work_write",)
_QUERY = "$expand bypassRules suppressNotifications validateOnly"


@area.post("{project}/_apis/wit/workitems/${type}", scopes=_WRITE, query=_QUERY)
def create_item(call: Call) -> Answer | JsonValue:
    """Create a work item; with `validateOnly` nothing is kept."""
    return _create(call)


@area.patch("{project}/_apis/wit/workitems/${type}", scopes=_WRITE, query=_QUERY)
def create_item_by_patch(call: Call) -> Answer | JsonValue:
    """Create a work item with the PATCH verb, as old clients do."""
    return _create(call)


def _create(call: Call) -> JsonValue:
    require_media_type(call)
    _check_quiet(call)
    project = call.in_project()
    kind = work_item_type(project, call.path["type"])
    operations = read_document(call.body)
    now = call.organization.clock.now()
    patch = Patch(call.organization, project, kind, None, call.user, now, call.query.flag("bypassRules"))
    draft = patch.apply(operations)
    _check_permission(call, project, draft)
    if call.query.flag("validateOnly"):
        item = _unsaved(WorkItem(-1, project), draft, call.user)
    else:
        when = call.organization.clock.tick()
        item = call.organization.work_items.create(project, draft, by=call.user, when=when)
    return item_body(call, item, expand=expansion(call.query.get("$expand")), single=True)


@area.patch("{project?}/_apis/wit/workitems/{id}", scopes=_WRITE, query=_QUERY)
def update_item(call: Call) -> Answer | JsonValue:
    """Change a work item; with `validateOnly` nothing is kept."""
    require_media_type(call)
    _check_quiet(call)
    item = item_of(call)
    _check_permission(call, item.project, Draft(item.revision.fields))
    operations = read_document(call.body)
    patch = patch_for(item, call.organization, call.user, bypass_rules=call.query.flag("bypassRules"))
    draft = patch.apply(operations)
    _check_permission(call, item.project, draft)
    if call.query.flag("validateOnly"):
        shown = WorkItem(item.id, item.project, list(item.revisions), formats={**item.formats, **draft.formats})
        shown.comments = item.comments
        return item_body(call, _unsaved(shown, draft, call.user), single=True)
    call.organization.work_items.save(item, draft, by=call.user, when=call.organization.clock.tick())
    expand = expansion(call.query.get("$expand"))
    return item_body(call, item, expand="relations" if expand == "none" else expand, single=True)


def _unsaved(item: WorkItem, draft: Draft, user: User) -> WorkItem:
    """Return the item as it would look. Its revision keeps its number, because nothing is saved."""
    number = len(item.revisions) or 1
    fields = dict(draft.fields)
    if item.revisions:
        watermark = item.revision.watermark
        item.revisions[-1] = Revision(number, fields, watermark)
        return item
    when = fields["Microsoft.VSTS.Common.StateChangeDate"]
    for name in ("System.CreatedDate", "System.ChangedDate"):
        fields[name] = when
    for name in ("System.CreatedBy", "System.ChangedBy"):
        fields[name] = user.id
    item.revisions.append(Revision(number, fields, 0))
    return item


def _check_quiet(call: Call) -> None:
    """Read whether notifications are wanted. The simulator sends none in either case."""
    call.query.flag("suppressNotifications")


def _check_permission(call: Call, project: Project, draft: Draft) -> None:
    """Return the area path decides, the one an item has and the one it would get."""
    if not call.organization.denied(call.user, "WorkItemWrite", project, str(draft.fields["System.AreaPath"])):
        return
    key, space = "WorkItemUnauthorizedSaveException", "Microsoft.TeamFoundation.WorkItemTracking.Server"
    message = "TF237111: The current user does not have permissions to save work items under the specified area path."
    custom: JsonObject = {"ReferenceName": FIELDS["System.AreaPath"].reference_name}
    raise ServiceError(403, key, message, event_id=3200, type_name=f"{space}.{key}, {space}", custom=custom)
