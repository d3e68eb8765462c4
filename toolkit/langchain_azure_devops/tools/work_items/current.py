"""What the approver of a write is shown of the work item that it changes."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue, TypeAdapter

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.work_items.links import describe_targets, find_targets, is_linked
from langchain_azure_devops.tools.work_items.models import FieldValue, RawWorkItem, WorkItemDetail, add_details
from langchain_azure_devops.tools.work_items.recovery import ITEM
from langchain_azure_devops.tools.work_items.sent_values import (
    describe_conversions,
    description_field,
    drop_same_texts,
    say_same,
    sent_fields,
)

_fields = TypeAdapter(list[FieldValue])


async def read_item(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person recognizes a work item by, and the values that a change would replace.

    The values are named like the arguments and fields of the call.
    """
    found, raw = await _read(client, arguments["id"])
    return await _describe(client, found, raw, arguments)


async def _describe(
    client: AzureDevOps, found: WorkItemDetail, raw: RawWorkItem, arguments: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
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
    current |= await describe_targets(client, found.project, links, raw.relations)
    return dict(sorted(current.items()))


async def read_before_update(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the same as `read_item` and which texts become Markdown, unless the work item has these texts and links.

    Raises:
        NothingToSend: Only texts and links that it has exactly so were given.
    """
    given = {**arguments, "fields": _fields.validate_python(arguments.get("fields") or [])}
    found, raw = await _read(client, arguments["id"])
    links, fields = cast("list[str]", arguments.get("links") or []), sent_fields(given, found.type)
    sent = drop_same_texts(fields, raw)
    if found.revision == arguments["revision"] and not sent and (fields or links):
        targets = (await find_targets(client, found.project, links)).values()
        if all(is_linked(target, raw.relations) for target in targets):
            raise NothingToSend(say_same(fields, links), subject=str(found.id))
    conversions = describe_conversions(sent, raw)
    return await _describe(client, found, raw, arguments) | ({"format": " ".join(conversions)} if conversions else {})


async def _read(client: AzureDevOps, number: JsonValue) -> tuple[WorkItemDetail, RawWorkItem]:
    response = await client.get(ITEM, path={"id": int(str(number))}, query={"$expand": "all"})
    raw = decode(response, RawWorkItem)
    return add_details(decode(response, WorkItemDetail), raw, None), raw
