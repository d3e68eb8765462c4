"""The reference of all tools, made from their declarations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_azure_devops import Tool
from langchain_azure_devops.tools import TOOLSETS


def toolset_table() -> str:
    """List the toolsets with their tools: those of the default set, and those that are chosen by the toolset's name."""
    rows = ["| toolset | default tools | further tools |", "|---|---|---|"]
    for toolset in TOOLSETS.values():
        default, further = (
            ", ".join(_name_tool(tool) for tool in toolset.tools if tool.default is chosen) for chosen in (True, False)
        )
        rows.append(f"| [`{toolset.name}`](toolkit/TOOLS.md#{toolset.name}) | {default} | {further} |")
    return "\n".join(rows)


def _name_tool(tool: Tool[..., Any]) -> str:
    return f"**`{tool.name}`**" if tool.access == "write" else f"`{tool.name}`"


def tool_reference() -> str:
    """Describe every tool: what it does, which scope it needs, its arguments, and an example."""
    lines: list[str] = []
    for toolset in TOOLSETS.values():
        lines += [f"## {toolset.name}", "", toolset.description, ""]
        for tool in toolset.tools:
            lines += _describe_tool(tool)
    return "\n".join(lines).rstrip()


def _describe_tool(tool: Tool[..., Any]) -> Iterator[str]:
    yield from (f"### {tool.name}", "", tool.description, "")
    groups = (" or ".join(f"`{scope.value}`" for scope in group) for group in tool.scope_groups)
    optional = f", and for parts of the result {', '.join(f'`{scope.value}`' for scope in tool.optional)}"
    needs = f"needs the scope {' and the scope '.join(groups)}{optional if tool.optional else ''}"
    belongs = (
        "in the default set" if tool.default else f"not in the default set; choose it by the toolset `{tool.toolset}`"
    )
    yield f"{tool.access.capitalize()}s; {needs}; {belongs}."
    if tool.access == "write":
        sends = ", ".join(sorted(f"`{operation.method} {operation.template}`" for operation in tool.operations))
        yield f"After an approval it sends {sends}."
    yield from ("", *_arguments(tool))
    if tool.examples:
        yield from (f"Example: `{json.dumps(tool.examples[0], ensure_ascii=False)}`", "")


def _arguments(tool: Tool[..., Any]) -> Iterator[str]:
    schema = tool.parameters.model_json_schema()
    properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
    if not properties:
        yield from ("It takes no arguments.", "")
        return
    yield from ("| argument | type | default | |", "|---|---|---|---|")
    required: Sequence[str] = schema.get("required", ())
    for name, value in properties.items():
        default = "required" if name in required else _default(value.get("default"))
        about = str(value.get("description", "")).replace("|", "\\|")
        yield f"| `{name}` | {_type(value, schema.get('$defs', {}))} | {default} | {about} |"
    yield ""


def _default(value: object) -> str:
    return "" if value in (None, []) else f"`{json.dumps(value)}`"


def _type(value: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    """Name the type of an argument as a person would."""
    if "$ref" in value:
        return _type(shared[value["$ref"].rpartition("/")[2]], shared)
    if "anyOf" in value:
        named = (_type(option, shared) for option in value["anyOf"] if option.get("type") != "null")
        return " or ".join(dict.fromkeys(named))
    if choices := value.get("enum") or [value[key] for key in ("const",) if key in value]:
        return ", ".join(f"`{choice}`" for choice in choices)
    return _plain_type(value, shared)


def _plain_type(value: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    name = str(value.get("type", "any value"))
    if name == "array":
        return f"list of {_many(_type(value['items'], shared))}"
    if name == "object":
        return f"object with {', '.join(f'`{field}`' for field in value.get('properties', {}))}"
    if value.get("format") == "date-time":
        return "date and time"
    if {"minimum", "maximum"} <= value.keys():
        return f"{value['minimum']} to {value['maximum']}"
    return name


def _many(type_name: str) -> str:
    head, space, rest = type_name.partition(" ")
    return type_name if head.startswith("`") else f"{head}s{space}{rest}"
