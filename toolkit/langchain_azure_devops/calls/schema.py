"""JSON schemas of arguments: small, and in the one form that the strict mode of every provider accepts.

That form has objects, arrays, texts, numbers, truth values, enums, and `anyOf` with null for what may be left out.
Limits on lengths and numbers stand in the descriptions, because strict modes refuse the keywords; the validation of the
arguments enforces them.
"""

from copy import deepcopy
from functools import lru_cache
from typing import cast

from pydantic import BaseModel, JsonValue

Schema = dict[str, JsonValue]

_NULL: Schema = {"type": "null"}


def strict_schema(parameters: type[BaseModel]) -> Schema:
    """Return the schema of a tool's arguments: every property required, optional ones nullable, nothing else allowed.

    Titles and defaults are left out: they cost tokens, and a null counts as not given, also where the schema has none.

    Raises:
        TypeError: An argument is a union, or a dictionary with any keys, which strict modes refuse.
    """
    return deepcopy(_strict_schema(parameters))


@lru_cache(maxsize=256)
def _strict_schema(parameters: type[BaseModel]) -> Schema:
    """Make the schema once: an agent sends it with each of its turns."""
    raw = cast("Schema", parameters.model_json_schema())
    definitions = cast("dict[str, Schema]", raw.get("$defs", {}))
    return _object(raw, definitions)


def _object(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    return {
        "type": "object",
        "properties": {
            name: _named_property(name, entry, definitions, optional=name not in required)
            for name, entry in properties.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }


def _named_property(name: str, schema: Schema, definitions: dict[str, Schema], *, optional: bool) -> Schema:
    try:
        return _property(schema, definitions, optional=optional)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


def _property(schema: Schema, definitions: dict[str, Schema], *, optional: bool) -> Schema:
    schema = _resolved(schema, definitions)
    plain = _plain(schema, definitions)
    described = _description(schema)
    # An empty list or false says already that nothing is given.
    nullable = optional and schema.get("default") not in ([], False)
    return {"anyOf": [plain, _NULL], **described} if nullable else {**plain, **described}


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return a schema without references, and without a union with null, which only says that it is optional."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return _resolved({**definitions[name], **_without(schema, "$ref")}, definitions)
    if "anyOf" in schema:
        options = [option for option in cast("list[Schema]", schema["anyOf"]) if option.get("type") != "null"]
        if len(options) != 1:
            raise TypeError("an argument may not be a union")
        return _resolved({**options[0], **_without(schema, "anyOf")}, definitions)
    return schema


def _plain(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the type alone: of an object its properties, of an array its items, of a text its allowed values."""
    if schema.get("type") == "object":
        if "properties" not in schema:
            raise TypeError("an argument may not be a dictionary with any keys")
        return _object(schema, definitions)
    if schema.get("type") == "array":
        items = _resolved(cast("Schema", schema["items"]), definitions)
        return {"type": "array", "items": {**_plain(items, definitions), **_description(items)}}
    if "const" in schema:
        return {"type": "string", "enum": [schema["const"]]}
    return {name: value for name, value in schema.items() if name in {"type", "enum"}}


def _description(schema: Schema) -> Schema:
    """Return the description with the limits that no strict mode takes as keywords."""
    texts = [text for text in (str(schema.get("description") or ""), _limits(schema)) if text]
    return {"description": ", ".join(texts)} if texts else {}


def _limits(schema: Schema) -> str:
    low, high, longest, most = (schema.get(name) for name in ("minimum", "maximum", "maxLength", "maxItems"))
    if most is not None:
        return f"up to {most}"
    if high is not None:
        return f"{low} to {high}" if low is not None else f"up to {high}"
    if longest is not None:
        return f"up to {longest} characters"
    if low is not None:
        return f"from {low}"
    return "ISO 8601" if schema.get("format") == "date-time" else ""


def _without(schema: Schema, name: str) -> Schema:
    return {key: value for key, value in schema.items() if key != name}
