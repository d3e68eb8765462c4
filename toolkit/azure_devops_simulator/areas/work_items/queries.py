"""Run WIQL queries."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.process.fields import Field
from azure_devops_simulator.areas.work_items.shapes import item_url
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.areas.work_items.wiql.run import QueryResult, run_query
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("wit")


@area.post("{project?}/{team?}/_apis/wit/wiql", scopes=("vso.work",), query="$top timePrecision", body="query")
def query_by_wiql(call: Call) -> Answer | JsonValue:
    """Run a query; the POST reads only. The answer has ids and links, the fields are read separately."""
    _check_team(call)
    context = Context(call.organization, call.user, call.project, call.query.flag("timePrecision"))
    top = call.query.integer("$top", 0)
    if top < 0:
        raise ServiceError(400, "VssPropertyValidationException", "The value of $top must be positive.")
    return _body(call, run_query(as_text(call.json_object().get("query")), context, top or None))


def _check_team(call: Call) -> None:
    wanted = call.path.get("team", "").lower()
    if not wanted or any(wanted in {team.id, team.name.lower()} for team in call.in_project().teams):
        return
    name = call.path["team"]
    message = f"The team with id '{name}' does not exist, or you do not have permission to access it."
    raise ServiceError(404, "TeamNotFoundException", message)


def _field(call: Call, field: Field) -> JsonObject:
    url = call.url(f"_apis/wit/fields/{field.reference_name}")
    return {"referenceName": field.reference_name, "name": field.name, "url": url}


def _body(call: Call, result: QueryResult) -> JsonObject:
    body: JsonObject = {
        "queryType": result.kind,
        "queryResultType": "workItem" if result.kind == "flat" else "workItemLink",
        "asOf": timestamp(result.as_of),
        "columns": [_field(call, field) for field in result.columns],
    }
    if result.sorting:
        body["sortColumns"] = [
            {"field": _field(call, field), "descending": descending} for field, descending in result.sorting
        ]

    def reference(number: int | None) -> JsonValue:
        return None if number is None else {"id": number, "url": item_url(call, number, call.project)}

    if result.kind == "flat":
        body["workItems"] = [reference(number) for number in result.ids]
    else:
        body["workItemRelations"] = [
            {"rel": link.rel, "source": reference(link.source), "target": reference(link.target)}
            for link in result.links
        ]
    return body
