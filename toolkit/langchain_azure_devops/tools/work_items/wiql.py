"""Build WIQL from filters, with quoted values, and run a query."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Named, Numbered, OrNone, decode
from langchain_azure_devops.results.models import EVERYWHERE, Place

MAX_IDS = 19_999
"""The most work items that one query may find."""
_LOOK_AHEAD = 1_000
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"['\"]\d{4}-\d\d-\d\dT\d")

_ORDER = "ORDER BY [System.ChangedDate] DESC, [System.Id] DESC"


def condition(operator: str, value: str | None) -> str | None:
    """Return the right-hand part of a comparison; None when there is nothing to compare with.

    A macro such as `@Me` is left as it is; everything else becomes a quoted text, with quotes inside doubled.

    Raises:
        InvalidRequest: The value holds a line break or another control character.
    """
    if value is None:
        return None
    return f"{operator} @Me" if value.lower() == "@me" else f"{operator} {_quote(value)}"


async def read_project_name(client: AzureDevOps, project: str) -> str:
    """Return the name of a project that is given by its name or id.

    The root of its areas has this name, and needs no other scope than work items do.
    """
    where = {"project": project, "group": "areas"}
    response = await client.get("/{project}/_apis/wit/classificationnodes/{group}", path=where)
    return decode(response, Named).name


async def name_project(client: AzureDevOps, project: str | None) -> str | None:
    """Return the name of a project for a filter, which compares names; only an id has to be looked up."""
    if project is None or not _GUID.fullmatch(project):
        return project
    return await read_project_name(client, project)


def build_query(conditions: Mapping[str, str | None], as_of: str = "") -> str:
    """Return a whole query, latest change first.

    Args:
        conditions: The condition for each field, as `condition` makes it; None for any value.
        as_of: The time at which the query looks, so that a second page continues the first; empty for now.
    """
    where = " AND ".join(f"[{field}] {text}" for field, text in conditions.items() if text is not None)
    clause = f" WHERE {where}" if where else ""
    moment = f" ASOF {_quote(as_of)}" if as_of else ""
    return f"SELECT [System.Id] FROM WorkItems{clause} {_ORDER}{moment}"  # noqa: S608 - WIQL, its values are quoted


def _quote(value: str) -> str:
    if not value.isprintable():
        raise InvalidRequest(f"{value!r} holds a line break or control character.", subject="wiql")
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def describe_reach(wiql: str) -> Place:
    """Return where a query that somebody wrote looks: the project of the call narrows only its macro @project."""
    named = re.search(r"(?i)System\.TeamProject|Team Project|@project|System\.(Area|Iteration)", wiql)
    return Place(project=EVERYWHERE, words="the projects that the query names" if named else "")


class _Target(BaseModel):
    target: Numbered


class _QueryAnswer(BaseModel):
    """The answer to a query: work items, or links between them, of which the targets count."""

    as_of: str = Field(validation_alias="asOf")
    work_items: OrNone[Numbered] = Field(default=[], validation_alias="workItems")
    links: OrNone[_Target] = Field(default=[], validation_alias="workItemRelations")


class Found(NamedTuple):
    """The ids a query finds, when it was run, and whether these are all."""

    ids: list[int]
    as_of: str
    complete: bool


async def find_ids(client: AzureDevOps, project: str | None, wiql: str, wanted: int) -> Found:
    """Find the first ids that match, some more than wanted if there are more, so that small totals are known."""
    top = min(wanted + _LOOK_AHEAD, MAX_IDS)
    response = await client.post(
        "/{project}/_apis/wit/wiql",
        {"query": wiql},
        path={"project": project},
        # With time precision a plain date means its midnight: only a query that has a time of day is run so.
        query={"$top": top, "timePrecision": _TIME.search(wiql) is not None},
    )
    answer = decode(response, _QueryAnswer)
    rows = answer.work_items or [link.target for link in answer.links]
    return Found(list(dict.fromkeys(row.id for row in rows)), answer.as_of, len(rows) < top)
