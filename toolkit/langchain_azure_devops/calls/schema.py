"""JSON schemas of arguments: small, and in the form that OpenAI's strict mode accepts."""

from typing import cast

from pydantic import BaseModel, JsonValue

Schema = dict[str, JsonValue]


def strict_schema(parameters: type[BaseModel]) -> Schema:
    """The schema of a tool's arguments: every property required, optional ones nullable, nothing else allowed.

    Titles and defaults are left out: they cost tokens, and a null counts as not given.
    """
    raw = cast("Schema", parameters.model_json_schema())
    definitions = cast("dict[str, Schema]", raw.get("$defs", {}))
    return _object(raw, definitions)


def _object(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    return {
        "type": "object",
        "properties": {
            name: _nullable(_plain(entry, definitions), name not in required) for name, entry in properties.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }


def _plain(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """One property without references, titles, defaults and spelled-out unions with null."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        schema = {**definitions[name], **{key: value for key, value in schema.items() if key != "$ref"}}
    if "anyOf" in schema:
        options = [option for option in cast("list[Schema]", schema["anyOf"]) if option.get("type") != "null"]
        if len(options) != 1:
            raise TypeError(f"A parameter may not be a union: {schema}")
        schema = {**options[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
        return _plain(schema, definitions)
    if schema.get("type") == "object":
        return {**_object(schema, definitions), **_described(schema)}
    kept: Schema = {key: value for key, value in schema.items() if key not in {"title", "default", "items"}}
    if "items" in schema:
        kept["items"] = _plain(cast("Schema", schema["items"]), definitions)
    return kept


def _described(schema: Schema) -> Schema:
    return {"description": schema["description"]} if "description" in schema else {}


def _nullable(schema: Schema, optional: bool) -> Schema:
    if not optional or "type" not in schema:
        return schema
    nullable: Schema = {**schema, "type": [schema["type"], "null"]}
    if isinstance(values := schema.get("enum"), list):
        nullable["enum"] = [*values, None]
    return nullable
