"""Decide where a list or a search looks: in one project or in every visible one; and let its result say so."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from langchain_azure_devops.calls.fan_out import merge_lists
from langchain_azure_devops.errors import Denied, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import EVERYWHERE, Page, Place, Result

Row = TypeVar("Row", bound=Result)

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Reach(Enum):
    """Marks an argument that says where a call looks."""

    ALL_PROJECTS = "a project, or EVERYWHERE"
    ONE_PROJECT = "a name inside one project, such as that of a repository"


def refuse_names_everywhere(parameters: type[BaseModel], values: Mapping[str, Any]) -> None:
    """Refuse a name that belongs to one project in a call that looks in all of them; the id of a repository is none.

    Args:
        parameters: The arguments of the tool with their marks.
        values: The arguments of the call.

    Raises:
        InvalidRequest: The message names the argument.
    """
    if values.get("project") != EVERYWHERE:
        return
    for name in _list_inner(parameters, values):
        if name != "repository" or not _GUID.fullmatch(str(values[name])):
            told = (
                f'{name} needs one project, and "*" is all of them. Give project="<name>": the rows of a list with '
                f'project="{EVERYWHERE}" and without {name} name it.'
            )
            raise InvalidRequest(told, subject="project")


def _list_inner(parameters: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    """Return the arguments that are given and name something inside one project."""
    fields = parameters.model_fields
    return [name for name, field in fields.items() if Reach.ONE_PROJECT in field.metadata and values.get(name)]


def find_place(client: AzureDevOps, parameters: type[BaseModel], values: Mapping[str, Any]) -> Place:
    """Return where a call of a list or search looks, as the declaration of its arguments says.

    Args:
        client: Has the default project.
        parameters: The arguments of the tool with their marks.
        values: The arguments of the call.
    """
    fields = parameters.model_fields
    if "project" not in fields:
        return Place(project=EVERYWHERE, words="the organization")
    known = client.secrets.replace_known
    inner = _list_inner(parameters, values)
    repository = str(values["repository"]) if "repository" in inner else None
    project = values["project"] or client.settings.default_project
    if repository is not None and values["project"] in (None, EVERYWHERE) and _GUID.fullmatch(repository):
        # The id alone says where the repository is.
        return Place(project=EVERYWHERE, repository=repository, words=f"repository {repository}")
    hint = ""
    if Reach.ALL_PROJECTS in fields["project"].metadata and project not in (None, EVERYWHERE):
        without = f" without {' and '.join(inner)}" if inner else ""
        hint = f'project="{EVERYWHERE}"{without} looks everywhere'
    return Place(
        project=known(project or EVERYWHERE),
        repository=None if repository is None else known(repository),
        hint=hint,
    )


def choose_project(client: AzureDevOps, project: str | None) -> str | None:
    """Return the given project, else the default one; None for every project."""
    return None if project == EVERYWHERE else project or client.settings.default_project


async def list_by_project(
    client: AzureDevOps,
    row: type[Row],
    project: str | None,
    fetch: Callable[[str, int, str | None], Awaitable[Page[Row]]],
    limit: int,
    cursor: str | None,
    newest: Callable[[Row], tuple[datetime, int]] | None = None,
) -> Page[Row]:
    """Return a list of one project, or the lists of all visible ones as one, whose rows name their project.

    Args:
        client: Where to ask.
        row: What the rows are.
        project: As the call gives it.
        fetch: Returns the page of one project, at most so many rows from a cursor on.
        limit: How many rows to return at most.
        cursor: From an earlier page.
        newest: Returns the sort key, the newest first; without it, the rows come project by project.

    Raises:
        InvalidRequest: This token can see no project.
        NotSignedIn: The token is not accepted.
    """
    if (chosen := choose_project(client, project)) is not None:
        return await fetch(chosen, limit, cursor)
    try:
        names = await client.project_names(strict=True)
    except Denied:
        names = []
    if len(names) < 2:
        only = names[0] if names else await client.required_project(None)
        return (await fetch(only, limit, cursor)).each(project=only)

    async def fetch_one(each: str, most: int) -> Page[Row]:
        return (await fetch(each, most, None)).each(project=each)

    return await merge_lists(row, names, fetch_one, limit, cursor, newest)
