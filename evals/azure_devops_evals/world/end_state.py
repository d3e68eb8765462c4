"""Compare two exported worlds and describe what changed, under the paths that cases use.

A case names the present values, such as `work items/59/System.Title`, and not each revision that led to them. Every
other difference is listed under its path in the exported world, so that nothing is overlooked.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from azure_devops_evals.wording import Maybe, find_fault
from azure_devops_simulator import difference
from azure_devops_simulator.state.values import JsonObject

World = Mapping[str, Any]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_WORDS = {"work_items": "work items", "pull_requests": "pull requests", "builds": "builds", "pipelines": "pipelines"}
_ABSENT = object()


def changes(before: JsonObject, after: JsonObject) -> dict[str, object]:
    """Return every value that differs, by its path; None for a value that is gone. Times are left out."""
    old, new = dict(_values(before)), dict(_values(after))
    found = {path: new.get(path) for path in {**old, **new} if old.get(path, _ABSENT) != new.get(path, _ABSENT)}
    return {**found, **_find_overlooked(before, after, found)}


def _find_overlooked(before: World, after: World, found: Mapping[str, object]) -> dict[str, object]:
    """Return the differences of parts that no path above mentions."""
    more: dict[str, object] = {}
    for name in {**before, **after}:
        if name in _WORDS or name == "projects":
            old, new = before[name], after[name]
            parts = [key for key in {**old, **new} if old.get(key) != new.get(key) and not _told(name, key, found)]
            pairs: list[tuple[JsonObject, JsonObject]] = [
                ({name: {key: old.get(key)}}, {name: {key: new.get(key)}}) for key in parts
            ]
        else:
            pairs = [({name: before.get(name)}, {name: after.get(name)})]
        for one, other in pairs:
            more.update({path: change.after for path, change in difference(one, other).items()})
    return more


def _told(section: str, key: str, found: Mapping[str, object]) -> bool:
    starts = (f"projects/{key}", f"repositories/{key}") if section == "projects" else (f"{_WORDS[section]}/{key}",)
    return any(path == start or path.startswith(f"{start}/") for path in found for start in starts)


def _values(world: World) -> Iterator[tuple[str, object]]:
    people = {user["id"]: user["display_name"] for user in world["users"].values()}
    names = {unique: user["display_name"] for unique, user in world["users"].items()}
    for item in world["work_items"].values():
        yield from _work_item(item, people)
    for request in world["pull_requests"].values():
        yield from _pull_request(request, names)
    for number, build in world["builds"].items():
        yield f"builds/{number}", (build["status"], build["result"])
    for number, pipeline in world["pipelines"].items():
        yield f"pipelines/{number}", (pipeline["name"], pipeline["revision"], pipeline["yaml_path"])
    for name, project in world["projects"].items():
        yield f"projects/{name}", tuple(project[key] for key in ("description", "visibility", "state", "revision"))
        for repository, record in project["repositories"].items():
            path = f"repositories/{name}/{repository}"
            yield path, (record["default_branch"], len(record["pushes"]), repr(record["statuses"]))
            for ref, commit in record["refs"].items():
                yield f"{path}/{ref}", commit
            for replay in record["replays"]:
                what = replay["pull_request"] or tuple(replay["commits"])
                yield f"{path}/{replay['kind']}/{replay['id']}", (what, replay["onto"], replay["generated"])


def _work_item(item: World, people: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    path = f"work items/{item['id']}"
    deleted = ", deleted" if item.get("deletion") else ""
    yield path, f"{item['project']}, revision {len(item['revisions'])}{deleted}"
    for name, value in item["revisions"][-1]["fields"].items():
        if not _TIME.fullmatch(str(value)):
            yield f"{path}/{name}", people.get(value, value) if isinstance(value, str) else value
    for link in item["all_relations"]:
        yield f"{path}/links/{link['id']}", (link["rel"], link["target"], link["removed_in"] is not None)
    for comment in item["comments"]:
        yield f"{path}/comments/{comment['id']}", (comment["text"], comment["deleted"])


def _pull_request(request: World, names: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    path = f"pull requests/{request['id']}"
    for name in ("title", "description", "status", "is_draft", "source", "target", "merge_commit", "last_source"):
        yield f"{path}/{name}", request[name]
    completion = (repr(request["completion_options"]), request["auto_complete_by"], request["completing_by"])
    yield f"{path}/completion", completion
    yield f"{path}/labels", tuple(request["labels"])
    for reviewer in request["reviewers"]:
        yield f"{path}/votes/{names.get(reviewer['user'])}", (reviewer["vote"], reviewer["required"])
    for thread in request["threads"]:
        for comment in thread["comments"]:
            value = (comment["content"], comment["deleted"], thread["status"])
            yield f"{path}/threads/{thread['id']}/{comment['id']}", value
        if context := thread["context"]:
            line = (context.get("rightFileStart") or context.get("leftFileStart") or {}).get("line")
            shown = (thread["pull_request_context"] or {}).get("iterationContext", {})
            yield f"{path}/threads/{thread['id']}/place", (
                context.get("filePath"), line, shown.get("secondComparingIteration"),
            )  # fmt: skip


def deviations(found: Mapping[str, object], expected: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """Compare the changes with the expected changes.

    Args:
        found: The changes.
        expected: All expected changes. A `Text` says what a text must and must not say; a `Maybe` need not be there.

    Returns:
        The paths that were not to change, and the paths that did not change as expected, each with what is wrong.
    """
    surplus = {path: f"{value!r}, not 'unchanged'" for path, value in found.items() if path not in expected}
    faults = {path: _find_fault(value, found.get(path, _ABSENT)) for path, value in expected.items()}
    return surplus, {path: fault for path, fault in faults.items() if fault}


def _find_fault(expected: object, found: object) -> str | None:
    if found is not _ABSENT:
        return find_fault(expected, found)
    return None if isinstance(expected, Maybe) else f"'unchanged', not {expected!r}"
