"""The service's published description, examples and recorded answers, read from a checkout and told as facts.

The files are not part of the project. `AZURE_DEVOPS_SPECS` says where a checkout is, laid out as
`<area>/<version>/*.json`.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml
from official_facts import Row

VARIABLE = "AZURE_DEVOPS_SPECS"
RELEASES = ("7.1", "7.2")
METHODS = ("get", "post", "put", "patch", "delete", "head")
Schema = Mapping[str, Any]


def specs_folder() -> Path | None:
    """Where the published files are, if anywhere."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else None


def shape_of(template: str) -> tuple[str, ...]:
    """What a path template says after organization, project and team: segments from `_apis` on, `*` for a parameter."""
    path = template.replace("?}", "}").partition("?")[0]
    segments = [segment for segment in path.strip("/").split("/") if segment]
    at = segments.index("_apis") if "_apis" in segments else 0
    return tuple(re.sub(r"\{[^}]*\}", "*", segment).lower() for segment in segments[at:])


# -- operations and schemas ------------------------------------------------------------------------------------------


@cache
def operations(folder: Path) -> tuple[tuple[Row, Mapping[str, Any], Mapping[str, Any]], ...]:
    """Every operation, with its answers by status and the file's definitions."""
    return tuple(_operations(folder))


def _operations(folder: Path) -> Iterator[tuple[Row, Mapping[str, Any], Mapping[str, Any]]]:
    listed = json.loads((folder / "_derived" / "status-mismatches.json").read_text("utf-8"))
    shown = {(area, name): told["example"] for area, names in listed.items() for name, told in names.items()}
    for release in RELEASES:
        for path in sorted(folder.glob(f"*/{release}/*.json")):
            file, area = json.loads(path.read_text("utf-8-sig")), path.parts[-3]
            for template, item in {**file.get("paths", {}), **file.get("x-ms-paths", {})}.items():
                for method in (method for method in METHODS if method in item):
                    found = item[method]
                    name = f"{method.upper()} {template.removeprefix('/{organization}')}"
                    seen = tuple(shown.get((area, name), ())) if release == RELEASES[0] else ()
                    row = _row(file, found, area, release, method, template, seen)
                    told = {status: answer.get("schema") for status, answer in found["responses"].items()}
                    yield row, told, file.get("definitions", {})


def _row(
    file: Schema, found: Schema, area: str, release: str, method: str, template: str, shown: tuple[str, ...]
) -> Row:
    shared = file.get("parameters", {})
    given = [shared.get(str(p.get("$ref", "")).rpartition("/")[2], p) for p in found.get("parameters", [])]
    text = next((p["description"] for p in given if p.get("name") == "api-version"), "")
    version = re.search(r"set to '([^']+)'", text)
    scopes = {scope for option in found.get("security", []) for scope in option.get("oauth2", ())}
    query = sorted(name for name, _ in parse_qsl(template.partition("?")[2], keep_blank_values=True))
    return Row(
        area,
        release,
        found["operationId"],
        method.upper(),
        "/".join(shape_of(template)),
        tuple(query),
        version[1] if version else "",
        tuple(sorted(scopes)),
        shown,
    )


def told_schemas(folder: Path, asked: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """What the answers of operations are, by area. `asked` are their methods and shapes; see `official_facts`."""
    wanted = {(method, "/".join(shape)) for method, bare in asked for shape in (bare, (*bare, "*"))}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row, told, definitions in operations(folder):
        if row.release != RELEASES[0] or (row.method, row.path) not in wanted:
            continue
        area = found.setdefault(row.area, {"answers": {}, "types": {}})
        area["answers"][f"{row.name} {row.path}"] = {
            status: _notation(schema) if schema else None for status, schema in told.items()
        }
        for schema in told.values():
            for name in _reached(schema or {}, definitions):
                area["types"].setdefault(name, _told_type(definitions[name]))
    return found


def _reached(schema: Schema, definitions: Mapping[str, Schema]) -> set[str]:
    """The names of all types that an answer can hold; one that is declared to be a base may be any derived type."""
    found: set[str] = set()
    left = list(_names(schema))
    while left:
        name = left.pop()
        if name not in found and name in definitions:
            found.add(name)
            left += _names(definitions[name])
            left += [other for other in definitions if name in _names(definitions[other].get("allOf", []))]
    return found


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield str(schema["$ref"]).removeprefix("#/definitions/")
        for inside in schema.values():
            yield from _names(inside)
    elif isinstance(schema, list):
        for inside in schema:
            yield from _names(inside)


def _told_type(schema: Schema) -> Any:
    if not schema.keys() & {"properties", "allOf", "required"}:
        return _notation(schema)
    told = {
        "extends": sorted(_names(schema.get("allOf", []))),
        "required": sorted(schema.get("required", [])),
        "fields": {name: _notation(inside) for name, inside in sorted(schema.get("properties", {}).items())},
        "others": _notation(more) if isinstance(more := schema.get("additionalProperties"), dict) else None,
    }
    return {name: value for name, value in told.items() if value}


def _notation(schema: Schema) -> str:
    """A schema in a few characters: `[x]` a list, `{x}` a map, `<a|b>` one of these, and names of types and formats."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix("#/definitions/")
    if "enum" in schema:
        return f"<{'|'.join(schema['enum'])}>"
    if schema.get("type") == "array":
        return f"[{_notation(schema.get('items', {}))}]"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{{{_notation(schema['additionalProperties'])}}}"
    return str(schema.get("format") or schema.get("type") or "any")


# -- examples and recorded answers -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """An answer of the service. `path` is what stands behind `_apis/`, `where` the file it comes from."""

    where: str
    path: str
    body: Any


MISFILED = {
    "git/7.1/httpExamples/repositories/GET__git_repositories__remoteurl.json": "of a clone address, not of the API",
}
"""Examples that are filed under an operation that never answers so."""


@cache
def examples(folder: Path) -> tuple[Told, ...]:
    """The published examples: those of an operation, then the older ones that say themselves what was asked."""
    return tuple(_examples(folder))


def _examples(folder: Path) -> Iterator[Told]:
    index = json.loads((folder / "_derived" / "example-index.json").read_text("utf-8"))
    files = {row["file"]: _path(row["path"]) for row in index}
    files |= dict.fromkeys(json.loads((folder / "_derived" / "unreferenced-examples.json").read_text("utf-8")), "")
    for file, path in files.items():
        example = json.loads((folder / file).read_text("utf-8-sig"))
        for status, answer in example["responses"].items():
            if status in {"200", "201"} and answer.get("body") and file not in MISFILED:
                yield Told(file, path or _path(example.get("x-ms-vss-request-url", "")), answer["body"])


@cache
def recordings(folder: Path) -> tuple[Told, ...]:
    """The recorded answers that are no refusals."""
    return tuple(_recordings(folder))


def _recordings(folder: Path) -> Iterator[Told]:
    for line in (folder / "_derived" / "recorded-samples.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["response"]["status"] in {200, 201} and row["response"].get("json"):
            yield Told(row["recording"], _path(row["request"]["uri"]), row["response"]["json"])
    for file in sorted((folder / "_recordings").rglob("*.yaml")):
        for row in yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)["interactions"]:
            text = row["response"]["body"]["string"]
            if row["response"]["status"]["code"] in {200, 201} and str(text).startswith("{"):
                yield Told(file.name, _path(row["request"]["uri"]), json.loads(text))


def refusals(folder: Path) -> list[Mapping[str, Any]]:
    """The recorded answers that are refusals."""
    return json.loads((folder / "_derived" / "error-responses.json").read_text("utf-8"))


def _path(uri: str) -> str:
    return uri.partition("_apis/")[2].partition("?")[0].rstrip("/")
