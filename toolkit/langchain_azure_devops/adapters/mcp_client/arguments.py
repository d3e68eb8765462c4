"""The arguments of the vendor's operations as typed parameters, which are checked like those of our own tools."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from langchain_azure_devops.adapters.mcp_client.operations import ACTION, Offer, VendorOperation
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Result

_FRACTIONS = {"capacityPerDay"}
"""The numbers that may have a fraction; the server declares its ids and counts as numbers, too."""
_ABOUT_ACTIONS = re.compile(
    r"\s*(?:Used for|Used only for|Required for|Optional for|Used when|Required when)\b[^.]*(?:\.(?=\s|$)|$)"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_PROJECT = "Name or id"
_WORDS = re.compile(r"\b(\w+) \(((?:[^()]|\([^()]*\))*)\)")

Schema = Mapping[str, Any]


def make_signature(operation: VendorOperation, offer: Offer, result: type[Result]) -> inspect.Signature:
    """Return the signature of the function that calls an operation, from the schema that the server lists."""
    properties = cast("Mapping[str, Schema]", cast("Schema", offer["inputSchema"])["properties"])
    parameters = [inspect.Parameter("client", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=AzureDevOps)]
    for name in (*operation.required, *operation.optional):
        # A project that is not given is the default one.
        required = name in operation.required and name != "project"
        kind = _annotate(f"{operation.name}_{name}", name, properties[name])
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if required else None,
                annotation=kind if required else kind | None,
            )
        )
    return inspect.Signature(parameters, return_annotation=result)


def describe_operation(operation: VendorOperation, offer: Offer) -> str:
    """Return what an operation does, in the words of the server."""
    properties = cast("Mapping[str, Schema]", cast("Schema", offer["inputSchema"])["properties"])
    hidden = properties.keys() - {*operation.required, *operation.optional}
    whole = _drop_sentences(str(offer.get("description") or ""), hidden)
    if not operation.action:
        return whole
    told = dict(_WORDS.findall(str(properties[ACTION].get("description") or "")))
    text = str(told.get(operation.action) or f"{whole.partition(' Use the action')[0]} ({operation.action})").strip(
        ". "
    )
    return f"{text[0].upper()}{text[1:]}."


def takes_one_project(operation: VendorOperation, offer: Offer) -> bool:
    """Return whether an operation works in one project; a search takes several, and without any it looks everywhere."""
    properties = cast("Mapping[str, Schema]", cast("Schema", offer["inputSchema"])["properties"])
    return "project" in {*operation.required, *operation.optional} and properties["project"].get("type") == "string"


async def complete_arguments(
    client: AzureDevOps, operation: VendorOperation, given: Mapping[str, Any], *, one_project: bool
) -> dict[str, JsonValue]:
    """Return the arguments as the server takes them: only what was given, and the project where it needs one.

    Raises:
        InvalidRequest: A required project is missing, or a value would change the route of a request.
    """
    values = as_json(given)
    if "project" in operation.required:
        values["project"] = await client.required_project(cast("str | None", values.get("project")))
    elif one_project and values.keys().isdisjoint({"project", "url"}) and client.settings.default_project:
        # A URL names the project itself.
        values["project"] = client.settings.default_project
    for name, value in values.items():
        if name != "path":
            _check_segments(name, value)
    if operation.action:
        values[ACTION] = operation.action
    return values


def _check_segments(name: str, value: JsonValue) -> None:
    """Refuse what would change the address of a request. The server makes a part of an address of each text in a list.

    Raises:
        InvalidRequest: A text is such a part.
    """
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if isinstance(part, str) and (part.strip() in {".", ".."} or (parts is value and not part.strip())):
            raise InvalidRequest(f"{name}={part!r} would lead to another address. Give a name or an id.", subject=name)


def _drop_sentences(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without the sentences about what is not offered: arguments, prompts and files."""
    words = "|".join((*map(re.escape, names), "prompt", "prompted", "base64", "images"))
    return " ".join(each for each in _SENTENCE.split(text) if not re.search(rf"\b(?:{words})\b", each))


def _annotate(path: str, name: str, schema: Schema) -> Any:
    kind = _type_of(path, name, schema)
    text = (
        _PROJECT
        if name == "project"
        else _drop_sentences(_ABOUT_ACTIONS.sub("", str(schema.get("description") or "")).strip())
    )
    low, high = schema.get("minimum"), schema.get("maxLength")
    return Annotated[kind, Field(description=text or None, ge=low, max_length=high)]


def _type_of(path: str, name: str, schema: Schema) -> Any:
    """Return the type of an argument. Of several possible types it is the list, otherwise the text."""
    if options := schema.get("anyOf"):
        return _type_of(path, name, next((each for each in options if each.get("type") == "array"), options[0]))
    if "enum" in schema:
        return Literal[tuple(schema["enum"])]
    kind = schema.get("type")
    if isinstance(kind, list):
        return str
    if kind == "array":
        return list[_annotate(path, name, schema["items"])]  # type: ignore[misc] # a type made at run time
    if kind == "object":
        return _model_of(path, schema)
    numbers = {"integer": int, "number": float if name in _FRACTIONS else int}
    return {"string": str, "boolean": bool, **numbers}[str(kind)]


def _model_of(path: str, schema: Schema) -> type[BaseModel]:
    required = schema.get("required") or []
    fields: dict[str, Any] = {}
    for name, entry in schema["properties"].items():
        kind = _annotate(f"{path}_{name}", name, entry)
        fields[name] = (kind, ...) if name in required else (kind | None, None)
    return create_model(path, __config__=ConfigDict(extra="forbid"), **fields)


def as_json(given: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the arguments that were given as plain JSON."""
    return {name: _as_json(value) for name, value in given.items() if value is not None}


def _as_json(value: Any) -> JsonValue:
    if isinstance(value, BaseModel):
        return cast("JsonValue", value.model_dump(mode="json", exclude_none=True))
    return [_as_json(part) for part in value] if isinstance(value, list) else cast("JsonValue", value)
