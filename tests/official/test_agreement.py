"""Our facts about the service agree with the published files, where `AZURE_DEVOPS_SPECS` names a checkout of them.

`python tests/official/test_agreement.py` writes the facts anew.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from invented import OF_THE_SERVICE, Condenser, Inventor, inside
from official_facts import ANSWERS, COLUMNS, ERRORS, SCHEMAS, TABLE, answers
from published import (
    RELEASES,
    VARIABLE,
    examples,
    operations,
    recordings,
    refusals,
    shape_of,
    specs_folder,
    told_schemas,
)
from told_requests import CONTRACT, as_text, told_requests

from azure_devops_simulator import Organization
from azure_devops_simulator.server.app import Service

ANSWERED = {
    "builds": r"build/(builds(/\d+(/(changes|logs|timeline))?)?|definitions(/(\d+|\{\w+\}))?)",
    "core": r"projects(/[^/]+(/teams(/[^/]+/members)?)?)?|teams|connectionData",
    "git": r"git/repositories(/[^/]+(/(refs|items))?)?",
    "identities": r"identities",
    "pull-requests": r"git/(repositories/[^/]+/)?pullrequests"
    r"(/[^/]+(/(workitems|threads|statuses|iterations(/.+/changes)?))?)?",
    "policies": r"policy/evaluations",
    "search": r"search/codesearchresults",
    "work-items": r"wit/(wiql|recyclebin|workitems(batch|/[^/]+(/(updates|comments(/[^/]+)?))?)?)",
}
"""The answers of which our facts are kept, by the path behind `_apis/`: those that tools read."""
DECISIVE = re.compile(r"content-type|www-authenticate|location|retry-after|x-vss-userdata|x-tfs-(service|fedauth).*")
"""The headers of refusals that are kept."""


def written(folder: Path) -> dict[Path, str]:
    """Our facts as the published files tell them: files and their texts."""
    lines = table(folder)
    words, segments = words_of(folder)

    def inventor() -> Inventor:
        return Inventor(words, segments)

    found = {TABLE: "\n".join("\t".join(line) for line in lines) + "\n"}
    asked = [(route.method, shape_of(route.template)) for route in Service(Organization("any")).router.routes]
    for area, told in told_schemas(folder, asked).items():
        found[SCHEMAS / f"{area}.yaml"] = yaml.dump(told, width=118, default_flow_style=None)
    for name, pattern in ANSWERED.items():
        found[ANSWERS / f"{name}.json"] = as_json(dict(answered(folder, pattern, inventor)))
    found[CONTRACT] = as_text(told_requests(folder))
    found[ERRORS] = as_json([refusal(row, inventor()) for row in refusals(folder)])
    return found


def table(folder: Path) -> list[list[str]]:
    """The operations of 7.1, and of 7.2 where it has others or asks for other scopes."""
    told = [row for row, _, _ in operations(folder)]
    known = {(row.method, row.path, row.scopes) for row in told if row.release == RELEASES[0]}
    new = (row for row in told if row.release == RELEASES[0] or (row.method, row.path, row.scopes) not in known)
    return [list(COLUMNS), *(row.line() for row in new)]


def words_of(folder: Path) -> tuple[dict[str, set[str]], set[str]]:
    """The service's own words by the member that holds them, and its own parts of paths."""
    words: dict[str, set[str]] = {"type": {"Stage", "Phase", "Job", "Task", "Checkpoint"}}
    segments = {"_apis", "_git", "_workitems", "_build", "projects", "project", "collection", "git", "pullrequest"}
    for row, told, definitions in operations(folder):
        segments |= set(row.path.split("/"))
        for schema in [*definitions.values(), *(schema for schema in told.values() if schema)]:
            for name, told_type in properties(schema):
                kind = definitions.get(str(told_type.get("$ref", "")).removeprefix("#/definitions/"), told_type)
                words.setdefault(name, set()).update(kind.get("enum", ()))
    return words, segments


def properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, told_type in schema.get("properties", {}).items():
        yield name, told_type
        yield from properties(told_type)


def answered(folder: Path, pattern: str, inventor: Callable[[], Inventor]) -> Iterator[tuple[str, list[Any]]]:
    """The answers at a pattern of paths, each path once, with what says nothing new left out."""
    told: dict[str, list[Any]] = {}
    literal = {part for row, _, _ in operations(folder) for part in row.path.split("/")} | {"connectiondata"}
    for answer in (*examples(folder), *recordings(folder)):
        if re.fullmatch(pattern, answer.path, re.IGNORECASE):
            parts = (part.lower() if part.lower() in literal else "{id}" for part in answer.path.split("/"))
            told.setdefault("/".join(parts), []).append(inventor().value(answer.body))
    for path, bodies in sorted(told.items()):
        condenser = Condenser(bodies)
        yield path, [condenser.condense(body) for body in bodies if condenser.is_new(body)]


def refusal(row: Mapping[str, Any], inventor: Inventor) -> dict[str, Any]:
    """A refusal: its code and the names of its type are facts, the rest of its text is invented."""
    told = row["response"]
    headers = {}
    for name, value in told["headers"].items():
        if DECISIVE.fullmatch(name):
            values = value if isinstance(value, list) else [value]
            headers[name] = ", ".join(header(name, one, inventor) for one in values)
    found = {"method": row["request"]["method"], "resource": row["area_resource"], "status": told["status"]}
    found["headers"] = headers
    if isinstance(told.get("json"), dict) and "message" in told["json"]:
        code = re.match(r"(TF|VS)\d+: ", told["json"]["message"])
        found["json"] = {**told["json"], "message": f"{code[0] if code else ''}This was refused."}
    elif "json" in told:
        found["json"] = inventor.value(told["json"])
    else:
        html = "<!DOCTYPE html>\r\n<html><body>This was refused.</body></html>"
        found["text"] = html if told["text"].startswith("<!") else told["text"] and "This was refused."
    return found | ({"bom": True} if told.get("bom") else {})


def header(name: str, value: str, inventor: Inventor) -> str:
    """The value of a header: words of the protocol are facts, addresses, ids and people are invented."""
    if name == "content-type":
        return value
    if name == "x-tfs-serviceerror":
        return "This%20was%20refused."
    if name == "x-vss-userdata":
        return ":".join(inventor.value(part) for part in value.split(":"))
    return re.sub(r"https://[^\s\"]+", "https://example.com/", value)


def as_json(value: Any) -> str:
    """JSON with one line for each member or item of the second level, so that a change can be reviewed."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n]\n"
    parts = (
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in rows) + "\n]"
        for name, rows in value.items()
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


@pytest.fixture(scope="module")
def folder() -> Path:
    found = specs_folder()
    if found is None:
        pytest.skip(f"not run: {VARIABLE} does not say where the published files are")
    return found


def test_our_facts_are_what_the_published_files_say(folder):
    told = written(folder)
    differing = [path.name for path, text in told.items() if path.read_text("utf-8") != text]
    assert differing == [], "write them anew: python tests/official/test_agreement.py"
    kept = {*ANSWERS.iterdir(), *SCHEMAS.iterdir(), TABLE, ERRORS, CONTRACT}
    assert kept == set(told)


def test_nothing_that_was_said_is_kept(folder):
    """The words that stand in the published answers and in ours are the service's own, not those of an organization."""
    words, segments = words_of(folder)
    service = {part for known in words.values() for word in known for part in words_in(word)}
    service |= {part for segment in segments for part in words_in(segment)} | OWN
    said = {
        word
        for answer in (*examples(folder), *recordings(folder))
        if any(re.fullmatch(pattern, answer.path, re.IGNORECASE) for pattern in ANSWERED.values())
        for text in texts(answer.body)
        for word in words_in(text)
    }
    ours = {text for bodies in answers().values() for body in bodies for text in texts(body)}
    kept = {word for text in ours if not OF_THE_SERVICE.fullmatch(text) for word in words_in(text)}
    assert len(said) > 500
    assert (said & kept) - service == set()


OWN = {
    "http", "https", "azure", "example", "vstfs", "classification", "codereview", "codereviewid",
    "framework", "identitydomain", "controller",
    "pullrequestid", "remotes", "name",
}  # fmt: skip
"""Parts of addresses that are the same for every organization."""


def words_in(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_]{4,}", text)]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for _, inner in inside(value, ""):
        yield from texts(inner)


if __name__ == "__main__":
    checkout = specs_folder()
    if checkout is None:
        raise SystemExit(f"{VARIABLE} must name the checkout of the published files.")
    for path, text in written(checkout).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"{path.name}: {len(text):,} characters")
