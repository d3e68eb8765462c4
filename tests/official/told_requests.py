"""What requests are made of: the parameters, bodies, enumerations and dates of every operation, told for the simulator.

Names come from the published description. The description leaves out the numbers of enumerations; they come from the
official Node client, `azure-devops-node-api`, where `AZURE_DEVOPS_NODE_API` names its folder, and otherwise stay as
they were told before.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from published import METHODS, RELEASES, Schema, shape_of

CONTRACT = Path(__file__).parents[2] / "toolkit" / "azure_devops_simulator" / "api" / "contract.json"
NODE_API = "AZURE_DEVOPS_NODE_API"
_MEMBER = re.compile(r'(\w+)\[\1\["(\w+)"\] = (-?\d+)\] = "\w+";')
_NOT_COUNTED = {"api-version"}
ELSEWHERE = {
    "ProjectState": {
        "all": -1,
        "new": 0,
        "wellFormed": 1,
        "deleting": 2,
        "createPending": 3,
        "deleted": 4,
        "unchanged": 5,
    }
}
"""Numbers that the Node client leaves out and other clients send."""


def told_requests(folder: Path) -> dict[str, Any]:
    """The contract that the simulator reads; `api/contract.py` explains its form."""
    told = _Told()
    answered: set[str] = set()
    operations: dict[str, dict[str, Any]] = {}
    for release in RELEASES:
        for path in sorted(folder.glob(f"*/{release}/*.json")):
            file, area = json.loads(path.read_text("utf-8-sig")), path.parts[-3]
            for template, item in {**file.get("paths", {}), **file.get("x-ms-paths", {})}.items():
                for method in (method for method in METHODS if method in item):
                    key = f"{method.upper()} {'/'.join(shape_of(template))}"
                    _add(operations.setdefault(key, {}), told.read(file, area, template, item[method]))
                    answered |= told.answers(area, item[method], file.get("definitions", {}))
    for operation in operations.values():
        if operation.get("body", "").strip("[]{}") in answered:
            operation["record"] = True
    types = decisive(told.types)
    for operation in operations.values():
        if not leads(operation.get("body", ""), types):
            operation.pop("body", None)
    return {"enumerations": _numbers(told.names), "operations": operations, "types": types}


def as_text(told: Mapping[str, Any]) -> str:
    """The contract as JSON with one operation, type or enumeration on a line."""
    parts = []
    for part, rows in sorted(told.items()):
        lines = [f"{json.dumps(name)}:{json.dumps(rows[name], separators=(',', ':'))}" for name in sorted(rows)]
        parts.append(f'"{part}":{{\n' + ",\n".join(lines) + "\n}")
    return "{" + ",\n".join(parts) + "}\n"


def _add(known: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Join operations of one method and path that differ in their query or their release."""
    for name, value in new.items():
        if isinstance(value, dict):
            known[name] = {**value, **known.get(name, {})}
        else:
            known.setdefault(name, value)


@dataclass
class _Told:
    names: dict[str, dict[str, None]] = field(default_factory=dict)
    types: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, file: Schema, area: str, template: str, operation: Schema) -> dict[str, Any]:
        shared, definitions = file.get("parameters", {}), file.get("definitions", {})
        given = [shared.get(str(p.get("$ref", "")).rpartition("/")[2], p) for p in operation.get("parameters", [])]
        places = shape_of(template.partition("?")[0])
        own = re.findall(r"\{(\w+)\}", template.partition("?")[0])[-places.count("*") :] if "*" in places else []
        found: dict[str, Any] = {"query": {}, "path": {}}
        for parameter in given:
            name = parameter.get("name", "")
            if parameter["in"] == "query" and name not in _NOT_COUNTED:
                found["query"][name] = self._notation(parameter, area, definitions)
            elif parameter["in"] == "path" and name in own and "enum" in parameter:
                found["path"][str(own.index(name))] = self._notation(parameter, area, definitions)
            elif parameter["in"] == "body":
                found["body"] = self._notation(parameter.get("schema", {}), area, definitions)
                found["fields"] = _fields(parameter.get("schema", {}), definitions)
        return {name: value for name, value in found.items() if value}

    def answers(self, area: str, operation: Schema, definitions: Mapping[str, Schema]) -> set[str]:
        schemas = (answer.get("schema") for answer in operation["responses"].values())
        return {self._notation(schema, area, definitions).strip("[]{}") for schema in schemas if schema}

    def _notation(self, schema: Schema, area: str, definitions: Mapping[str, Schema]) -> str:
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/definitions/")
            return self._type(name, area, definitions)
        if "enum" in schema:
            name = schema["x-ms-enum"]["name"]
            self.names.setdefault(name, {}).update(dict.fromkeys(schema["enum"]))
            return f"={name}"
        if schema.get("type") == "array":
            return f"[{self._notation(schema.get('items', {}), area, definitions)}]"
        if isinstance(schema.get("additionalProperties"), dict):
            return f"{{{self._notation(schema['additionalProperties'], area, definitions)}}}"
        return str(schema.get("format") or schema.get("type") or "any")

    def _type(self, name: str, area: str, definitions: Mapping[str, Schema]) -> str:
        schema = definitions.get(name, {})
        listed = next((base for base in schema.get("allOf", []) if base.get("type") == "array"), None)
        if "enum" in schema or listed:
            return self._notation(listed or schema, area, definitions)
        key = f"{area}.{name}"
        if key not in self.types:
            self.types[key] = {}
            told = {
                member: self._notation(inside, area, definitions) for member, inside in _members(schema, definitions)
            }
            self.types[key] = dict(sorted({**self.types[key], **told}.items()))
        return key


def _members(schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    for base in schema.get("allOf", []):
        yield from _members(definitions.get(str(base.get("$ref", "")).removeprefix("#/definitions/"), {}), definitions)
    yield from schema.get("properties", {}).items()


def _fields(schema: Schema, definitions: Mapping[str, Schema]) -> list[str]:
    """The names of the members of a body."""
    named = definitions.get(str(schema.get("$ref", "")).removeprefix("#/definitions/"), schema)
    return sorted({name for name, _ in _members(named, definitions)})


def leads(notation: str, types: Mapping[str, object]) -> bool:
    """Whether a notation is or holds an enumeration or a date, or a type that does."""
    bare = notation.strip("[]{}")
    return bare.startswith("=") or bare == "date-time" or bare in types


def decisive(types: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The types that lead to an enumeration or a date, with those members only."""
    found: dict[str, None] = {}
    while more := [n for n in types if n not in found and any(leads(told, found) for told in types[n].values())]:
        found.update(dict.fromkeys(more))
    return {n: {member: told for member, told in types[n].items() if leads(told, found)} for n in found}


def _numbers(names: Mapping[str, Mapping[str, None]]) -> dict[str, dict[str, int | None]]:
    folder = os.environ.get(NODE_API)
    if not folder:
        before = json.loads(CONTRACT.read_text("utf-8"))["enumerations"] if CONTRACT.exists() else {}
        return {name: {value: before.get(name, {}).get(value) for value in names[name]} for name in sorted(names)}
    known: dict[str, dict[str, int]] = {}
    for path in sorted((Path(folder) / "interfaces").rglob("*.js")):
        for name, member, number in _MEMBER.findall(path.read_text("utf-8")):
            known.setdefault(name.lower(), {})[member.lower()] = int(number)
    known |= {name.lower(): {v.lower(): n for v, n in told.items()} for name, told in ELSEWHERE.items()}
    return {n: {value: known.get(n.lower(), {}).get(value.lower()) for value in names[n]} for n in sorted(names)}
