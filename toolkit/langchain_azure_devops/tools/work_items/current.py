"""What the approver of a write is shown of the work item that it changes."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.work_items.links import describe_targets
from langchain_azure_devops.tools.work_items.models import RawWorkItem, WorkItemDetail, add_details
from langchain_azure_devops.tools.work_items.recovery import ITEM
from langchain_azure_devops.tools.work_items.sent_values import description_field


async def read_item(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person recognizes a work item by, and the values that a change would replace.

    The values are named like the arguments and fields of the call.
    """
    found = await _read(client, arguments["id"])
    values = found.model_dump(mode="json")
    if description_field(found.type) != "System.Description":
        # People read and write the description of a bug in its repro steps.
        values["description"] = values["repro_steps"]
    recognized = {"type", "title", "state", "assigned_to", "project"}
    current: dict[str, JsonValue] = {}
    for name in recognized | (arguments.keys() & values.keys() - {"id", "links"}):
        current[name] = "" if values[name] is None else values[name]
    others = {field.name: field.value for field in found.more}
    for field in cast("list[dict[str, str]]", arguments.get("fields") or []):
        # Some fields have a place of their own in the record, under the last part of their name.
        own = values.get(field["name"].rsplit(".", 1)[-1].lower())
        current[field["name"]] = others.get(field["name"], "" if own is None else own)
    links = cast("list[str]", arguments.get("links") or [])
    current |= await describe_targets(client, found.project, links)
    return dict(sorted(current.items()))


async def _read(client: AzureDevOps, number: JsonValue) -> WorkItemDetail:
    response = await client.get(ITEM, path={"id": int(str(number))}, query={"$expand": "all"})
    return add_details(decode(response, WorkItemDetail), decode(response, RawWorkItem), None)
