"""Run WIQL queries."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import as_list, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.query_shapes import field_reference, sort_columns
from azure_devops_simulator.areas.work_items.shapes import item_url
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.areas.work_items.wiql.run import QueryResult, run_query
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.queries import SavedQuery

area = Area("wit")


@area.post("{project?}/{team?}/_apis/wit/wiql", scopes=("vso.work",), query="$top timePrecision", body="query")
def query_by_wiql(call: Call) -> Answer | JsonValue:
    """Run a query; the POST reads only. The answer has ids and links, the fields are read separately."""
    return _run(call, as_text(call.json_object().get("query")))


def run_saved(call: Call, wiql: str) -> Answer:
    """Run the text of a saved query."""
    body = _run(call, wiql)
    rows = as_list(body.get("workItems") or body.get("workItemRelations"))
    return Answer(body=body, headers={"X-Total-Count": str(len(rows))})


def _run(call: Call, wiql: str) -> JsonObject:
    _check_team(call)
    top = call.query.integer("$top", 0)
    if top < 0:
        raise ServiceError(400, "VssPropertyValidationException", "The value of $top must be positive.")
    return _body(call, run_query(wiql, context_of(call, time_precision=call.query.flag("timePrecision")), top or None))


def context_of(call: Call, *, time_precision: bool = False) -> Context:
    """Return who asks, and where."""
    return Context(call.organization, call.user, call.project, time_precision)


def find_saved(call: Call, name: str, *, deleted: bool = False) -> SavedQuery:
    """Return a saved query or folder by its id or path.

    Raises:
        ServiceError: 404 TF401243 when there is none that the caller may see.
    """
    queries, project = call.organization.work_items.queries, call.in_project()
    if found := queries.get(project, call.user, name):
        if deleted or not found.deleted:
            return found
        raise no_such_query(name)
    inside = queries.roots(project, call.user)
    item: SavedQuery | None = None
    for part in name.strip("/").split("/"):
        item = next((one for one in inside if one.name.lower() == part.lower()), None)
        if item is None:
            raise no_such_query(name)
        inside = queries.children(item, deleted=deleted)
    if item is None:
        raise no_such_query(name)
    return item


def no_such_query(name: str) -> ServiceError:
    """Return the one answer for a query that is missing and for one that may not be read."""
    key, space = "QueryItemNotFoundException", "Microsoft.TeamFoundation.WorkItemTracking.Server"
    message = f"TF401243: The query {name} does not exist, or you do not have permission to read it."
    return ServiceError(404, key, message, event_id=3200, type_name=f"{space}.{key}, {space}")


def _check_team(call: Call) -> None:
    wanted = call.path.get("team", "").lower()
    if not wanted or any(wanted in {team.id, team.name.lower()} for team in call.in_project().teams):
        return
    name = call.path["team"]
    message = f"The team with id '{name}' does not exist, or you do not have permission to access it."
    raise ServiceError(404, "TeamNotFoundException", message)


def _body(call: Call, result: QueryResult) -> JsonObject:
    body: JsonObject = {
        "queryType": result.kind,
        "queryResultType": "workItem" if result.kind == "flat" else "workItemLink",
        "asOf": timestamp(result.as_of),
        "columns": [field_reference(call, field) for field in result.columns],
    }
    if result.sorting:
        body["sortColumns"] = sort_columns(call, result.sorting)

    place = item_url(call, 0, call.project).removesuffix("0")

    def reference(number: int | None) -> JsonValue:
        return None if number is None else {"id": number, "url": f"{place}{number}"}

    if result.kind == "flat":
        body["workItems"] = [reference(number) for number in result.ids]
    else:
        body["workItemRelations"] = [
            {"rel": link.rel, "source": reference(link.source), "target": reference(link.target)}
            for link in result.links
        ]
    return body
