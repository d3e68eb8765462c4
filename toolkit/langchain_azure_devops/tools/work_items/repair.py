"""Refusals of the work item service, with the names and values it would have taken.

The service says what it does not accept, seldom what it would: one more request, made only after a refusal, tells.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.text.untrusted import one_line

_TYPES = "/{project}/_apis/wit/workitemtypes"
_RULE = re.compile(r"Rule Error for field (?P<rule>.+?)\. Error code|The field '(?P<list>[^']+)' contains the value")
_PATH = re.compile(
    r"TF401347.*?System\.(?P<save>Area|Iteration)Path|TF51011.*?\b(?P<query>area|iteration)", re.IGNORECASE
)
_UNKNOWN_FIELD = re.compile(r"TF51535: Cannot find field (?P<save>\S+?)\.?(?:\s|$)|TF51005.*«(?P<query>[^»]*)»")
_MAX_NAMES = 30
_MAX_DEPTH = 14
_WIQL_FORM = (
    "The form is: SELECT [System.Id] FROM WorkItems WHERE [System.State] = 'Active' AND ... ORDER BY [System.Id]. "
    "There is no TOP, LIKE or JOIN: use limit, CONTAINS, or FROM WorkItemLinks."
)


async def repairable(
    client: AzureDevOps, error: InvalidRequest | NotFound, project: str | None, type: str | None = None
) -> InvalidRequest | NotFound:
    """The same error with what would have been accepted, where one request can tell; else unchanged.

    Args:
        client: Where to ask.
        error: What the service answered.
        project: The project of the work item or query, if it has one.
        type: The type of the work item; None for a query.
    """
    try:
        hint, subject = await _hint(client, error, project, type)
    except AzureDevOpsError:
        return error
    if not hint:
        return error
    message = f"{error.message} {hint}"
    return (
        NotFound(message, subject=subject) if isinstance(error, NotFound) else InvalidRequest(message, subject=subject)
    )


async def unknown_values(client: AzureDevOps, project: str, type: str | None, state: str | None) -> list[str]:
    """Why a query by type and state found nothing, where it asked for a type or state that the project has not.

    The service takes any text for both and answers with an empty list.
    """
    try:
        types = await _rows(client, _TYPES, {"project": project})
    except AzureDevOpsError:
        return []
    names = [str(row["name"]) for row in types]
    if type and type.lower() not in {name.lower() for name in names}:
        return [f"There is no work item type {type!r} here. {_meant(type, names)}The types are: {_listed(names)}."]
    chosen = [row for row in types if not type or str(row["name"]).lower() == type.lower()]
    states = list(dict.fromkeys(str(state["name"]) for row in chosen for state in row.get("states") or []))
    if state and states and state.lower() not in {name.lower() for name in states}:
        return [f"There is no state {state!r} here. {_meant(state, states)}The states are: {_listed(states)}."]
    return []


async def _hint(
    client: AzureDevOps, error: InvalidRequest | NotFound, project: str | None, type: str | None
) -> tuple[str, str]:
    """What would have been accepted, and what it is about; both empty when that cannot be told."""
    message = error.message
    hint, subject = "", ""
    if (found := _UNKNOWN_FIELD.search(message)) is not None:
        subject = (found["save"] or found["query"]).strip("[]")
        hint = await _fields_like(client, subject)
    elif project is not None and (found := _PATH.search(message)) is not None:
        subject = f"{(found['save'] or found['query']).lower()}s"
        hint = await _paths(client, project, subject)
    elif type is None and re.search(r"TF5\d{4}", message):
        hint, subject = _WIQL_FORM, "wiql"
    elif type is not None and project is not None and (found := _RULE.search(message)) is not None:
        subject = found["rule"] or found["list"]
        hint = await _values(client, project, type, subject)
    elif type is not None and project is not None and "VS402323" in message:
        hint, subject = await _types_like(client, project, type), type
    elif "unknown identity" in message:
        hint, subject = "Give the person's e-mail address or exact display name.", "identity"
    return hint, subject


async def _fields_like(client: AzureDevOps, name: str) -> str:
    rows = await _rows(client, "/{project}/_apis/wit/fields", {"project": None})
    names = {str(row["referenceName"]): str(row["name"]) for row in rows}
    short = name.rpartition(".")[2].lower().replace(" ", "")
    by_ending = {reference.rpartition(".")[2].lower(): reference for reference in names}
    by_name = {friendly.lower().replace(" ", ""): reference for reference, friendly in names.items()}
    keys = difflib.get_close_matches(short, [*by_name, *by_ending], n=3, cutoff=0.6)
    near = list(dict.fromkeys(by_name.get(key) or by_ending[key] for key in keys))
    return f"Use a field's reference name. Did you mean {_listed(near)}?" if near else "Use a field's reference name."


async def _paths(client: AzureDevOps, project: str, group: str) -> str:
    response = await client.get(
        "/{project}/_apis/wit/classificationnodes/{group}",
        path={"project": project, "group": group},
        query={"$depth": _MAX_DEPTH},
    )
    return f"Give the whole path. There are these {group}: {_listed(_tree(response.json(), ''))}."


def _tree(node: Mapping[str, Any], above: str) -> list[str]:
    path = f"{above}{node['name']}"
    return [path, *(deeper for child in node.get("children") or [] for deeper in _tree(child, f"{path}\\"))]


async def _values(client: AzureDevOps, project: str, type: str, field: str) -> str:
    where: dict[str, str | int | None] = {"project": project, "type": type, "field": field}
    if field.lower() in {"state", "system.state"}:
        states = [str(row["name"]) for row in await _rows(client, _TYPES + "/{type}/states", where)]
        return f"The states of a {type} are: {_listed(states)}; a new one begins as {states[0]}."
    response = await client.get(_TYPES + "/{type}/fields/{field}", path=where, query={"$expand": "allowedValues"})
    answer = response.json()
    values = [str(value) for value in answer.get("allowedValues") or []]
    needed = f"{field} ({answer['referenceName']}) must not be empty." if answer.get("alwaysRequired") else ""
    if values:
        return f"{needed} It allows: {_listed(values)}.".strip()
    return needed or f"{field} is {answer['referenceName']}; it may be read-only, too long, or of another kind."


async def _types_like(client: AzureDevOps, project: str, type: str) -> str:
    names = [str(row["name"]) for row in await _rows(client, _TYPES, {"project": project})]
    return f"{_meant(type, names)}The types of this project are: {_listed(names)}."


def _meant(given: str, names: list[str]) -> str:
    near = difflib.get_close_matches(given.lower(), [name.lower() for name in names], n=1)
    suggestion = next((name for name in names if near and name.lower() == near[0]), None)
    return f"Did you mean {suggestion!r}? " if suggestion else ""


async def _rows(client: AzureDevOps, template: str, where: Mapping[str, str | int | None]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get(template, path=where)).json()["value"]
    return rows


def _listed(names: Iterable[str]) -> str:
    every = [one_line(name) for name in names]
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more
