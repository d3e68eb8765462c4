"""Add to a refusal of the work item service the names and values that it would have accepted.

The service names the refused value, but seldom the accepted ones. One more request after a refusal finds them.
"""

import difflib
import re
from collections.abc import Iterable

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.work_items.field_names import suggest_fields
from langchain_azure_devops.tools.work_items.recovery import ITEM

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


_LONG_TEXT = "Write [Field] CONTAINS WORDS 'some words' for a long text; IS EMPTY and IS NOT EMPTY also work."


_Names = Collection[Named]


class _Type(Named):
    states: OrNone[Named] = Field(default=[])


class _Transition(BaseModel):
    to: str


class _Workflow(BaseModel):
    transitions: dict[str, OrNone[_Transition]] = Field(default={})


class _Node(Named):
    children: OrNone["_Node"] = Field(default=[])


class _Allowed(BaseModel):
    reference_name: str = Field(validation_alias="referenceName")
    required: bool | None = Field(default=None, validation_alias="alwaysRequired")
    values: OrNone[JsonValue] = Field(default=[], validation_alias="allowedValues")


async def add_repair_hint(
    client: AzureDevOps,
    error: InvalidRequest | NotFound,
    project: str | None,
    type: str | None = None,
    state: str | None = None,
) -> InvalidRequest | NotFound:
    """Add the accepted names or values to an error if one request finds them; otherwise return it unchanged.

    Args:
        client: The client that asks.
        error: The error of the service.
        project: The project of the work item or query, if it has one.
        type: The type of the work item; None for a query.
        state: The state in which the work item is; None for a new one and for a query.
    """
    try:
        hint, subject = await _find_hint(client, error, project, type, state)
    except AzureDevOpsError:
        return error
    if not hint:
        return error
    kind = NotFound if isinstance(error, NotFound) else InvalidRequest
    return kind(f"{error.message} {hint}", subject=subject)


class _Standing(BaseModel):
    """What the rules of a process decide by."""

    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))


async def explain_refusal(
    client: AzureDevOps, error: InvalidRequest | NotFound, id: int, type: str | None = None
) -> InvalidRequest | NotFound:
    """Add to the refusal of a change of a work item what its process would have accepted; read now.

    Args:
        client: The client that asks.
        error: The error of the service.
        id: The work item.
        type: The type that it would get, where the change is one of the type.
    """
    names = "System.TeamProject,System.WorkItemType,System.State"
    try:
        now = decode(await client.get(ITEM, path={"id": id}, query={"fields": names}), _Standing)
    except AzureDevOpsError:
        return error
    if type is not None and type.casefold() != now.type.casefold():
        return await add_repair_hint(client, error, now.project, type)
    return await add_repair_hint(client, error, now.project, now.type, now.state)


async def explain_empty_result(client: AzureDevOps, project: str, type: str | None, state: str | None) -> list[str]:
    """Explain the empty result of a query for a type or state that the project does not have.

    The service takes any text for both and answers with an empty list.
    """
    try:
        types = decode(await client.get(_TYPES, path={"project": project}), Collection[_Type]).value
    except AzureDevOpsError:
        return []
    # The arguments hold pseudonyms in place of secrets, so they are compared with names that do so, too.
    shown = client.secrets.replace_known
    names = [shown(row.name) for row in types]
    if type and type.lower() not in {name.lower() for name in names}:
        return [f"There is no work item type {type!r} here. {_suggest(type, names)}The types are: {_join(names)}."]
    chosen = [row for row in types if not type or shown(row.name).lower() == type.lower()]
    states = list(dict.fromkeys(shown(state.name) for row in chosen for state in row.states))
    if state and states and state.lower() not in {name.lower() for name in states}:
        return [f"There is no state {state!r} here. {_suggest(state, states)}The states are: {_join(states)}."]
    return []


async def _find_hint(
    client: AzureDevOps, error: InvalidRequest | NotFound, project: str | None, type: str | None, state: str | None
) -> tuple[str, str]:
    """Return a hint about the accepted values and its subject; both are empty when they are not known."""
    message = error.message
    hint, subject = "", ""
    if (found := _UNKNOWN_FIELD.search(message)) is not None:
        field = (found["save"] or found["query"]).strip("[]")
        hint, subject = await suggest_fields(client, field), as_subject(field)
    elif project is not None and (found := _PATH.search(message)) is not None:
        subject = f"{(found['save'] or found['query']).lower()}s"
        hint = await _list_paths(client, project, subject)
    elif type is None and "long-text" in message:
        hint, subject = _LONG_TEXT, "wiql"
    elif type is None and re.search(r"TF5\d{4}", message):
        hint, subject = _WIQL_FORM, "wiql"
    elif type is not None and project is not None and (found := _RULE.search(message)) is not None:
        field = found["rule"] or found["list"]
        hint, subject = await _list_values(client, project, type, field, state), as_subject(field)
    elif type is not None and project is not None and "VS402323" in message:
        hint, subject = await _suggest_types(client, project, type), as_subject(type)
    elif "unknown identity" in message:
        hint, subject = "Give the person's e-mail address or exact display name.", "identity"
    return hint, subject


async def _list_paths(client: AzureDevOps, project: str, group: str) -> str:
    response = await client.get(
        "/{project}/_apis/wit/classificationnodes/{group}",
        path={"project": project, "group": group},
        query={"$depth": _MAX_DEPTH},
    )
    return f"Give the whole path. There are these {group}: {_join(_flatten_tree(decode(response, _Node), ''))}."


def _flatten_tree(node: _Node, above: str) -> list[str]:
    path = f"{above}{node.name}"
    return [path, *(deeper for child in node.children for deeper in _flatten_tree(child, f"{path}\\"))]


async def list_following_states(client: AzureDevOps, project: str, type: str, state: str) -> list[str]:
    """Return the states into which the process lets a work item of this type go from a state; empty when not known."""
    answer = await client.get(_TYPES + "/{type}", path={"project": project, "type": type})
    transitions = {name.casefold(): row for name, row in decode(answer, _Workflow).transitions.items()}
    return [row.to for row in transitions.get(state.casefold(), []) if row.to.casefold() != state.casefold()]


async def _list_values(client: AzureDevOps, project: str, type: str, field: str, state: str | None) -> str:
    where: dict[str, str | int | None] = {"project": project, "type": type, "field": field}
    if field.lower() in {"state", "system.state"}:
        states = [row.name for row in decode(await client.get(_TYPES + "/{type}/states", path=where), _Names).value]
        known = f"The states of a {type} are: {_join(states)}" if states else ""
        if known and state is None:
            return f"{known}; a new one begins as {states[0]}."
        following = [] if state is None else await list_following_states(client, project, type, state)
        after = f"It is {one_line(state or '')}, and this process lets only these follow: {_join(following)}."
        return " ".join([f"{known}." if known else "", after if following else ""]).strip()
    response = await client.get(_TYPES + "/{type}/fields/{field}", path=where, query={"$expand": "allowedValues"})
    answer = decode(response, _Allowed)
    values = [str(value) for value in answer.values]
    needed = f"{field} ({answer.reference_name}) must not be empty." if answer.required else ""
    if values:
        return f"{needed} It allows: {_join(values)}.".strip()
    return needed or f"{field} is {answer.reference_name}; it may be read-only, too long, or of another kind."


async def _suggest_types(client: AzureDevOps, project: str, type: str) -> str:
    names = [row.name for row in decode(await client.get(_TYPES, path={"project": project}), _Names).value]
    return f"{_suggest(type, names)}The types of this project are: {_join(names)}."


def _suggest(given: str, names: list[str]) -> str:
    near = difflib.get_close_matches(given.lower(), [name.lower() for name in names], n=1)
    suggestion = next((name for name in names if near and name.lower() == near[0]), None)
    return f"Did you mean {suggestion!r}? " if suggestion else ""


def _join(names: Iterable[str]) -> str:
    every = [one_line(name) for name in names]
    more = f" and {len(every) - _MAX_NAMES} more" if len(every) > _MAX_NAMES else ""
    return ", ".join(every[:_MAX_NAMES]) + more
