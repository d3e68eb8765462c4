"""One template of work items, found by its name or id among the templates of one team or all."""

from typing import NamedTuple

from langchain_azure_devops.calls.fan_out import Answers, fan_out
from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.work_items.process.templates import (
    RawTemplate,
    name_teams,
    read_teams,
    read_template,
    read_templates,
)

_MOST_NAMES = 30


class TemplateValues(NamedTuple):
    """A template with what it gives.

    Attributes:
        name: Its name.
        team: The team that it belongs to.
        type: The type of work items that it is for.
        fields: Its values by the reference names of the fields.
        empty: The fields that it names without a value.
    """

    name: str
    team: str
    type: str
    fields: dict[str, str]
    empty: list[str]


async def find_template(client: AzureDevOps, project: str, team: str | None, wanted: str) -> TemplateValues:
    """Find a template by its name or id, and read its values.

    Raises:
        InvalidRequest: Several have this name, or it is not known whether another team has one.
        NotFound: There is none; the message names those that there are.
    """
    answers = await _read_teams(client, project, team)
    rows = [(name, row) for name, found in answers.done.items() for row in found]
    where = f"team {team} of {project}" if team is not None else f"the teams of {project}"
    owner, row = _choose(rows, wanted, where, ", ".join(map(one_line, answers.failed)))
    whole = await read_template(client, project, owner, row.id)
    given = {name: "" if value is None else str(value) for name, value in (whole.fields or {}).items()}
    return TemplateValues(
        one_line(whole.name),
        one_line(owner),
        whole.type or row.type or "",
        {name: value for name, value in given.items() if value.strip()},
        [name for name, value in given.items() if not value.strip()],
    )


async def _read_teams(client: AzureDevOps, project: str, team: str | None) -> Answers[str, list[RawTemplate]]:
    """Read the templates of one team or all teams, without their values."""
    teams = [team] if team is not None else await read_teams(client, project)

    async def read_team(name: str) -> list[RawTemplate]:
        return await read_templates(client, project, name)

    try:
        return await fan_out(teams, read_team)
    except NotFound as error:
        if team is None or type(error) is not NotFound:
            raise
        raise await name_teams(client, error, project, team) from error


def _choose(rows: list[tuple[str, RawTemplate]], wanted: str, where: str, unread: str) -> tuple[str, RawTemplate]:
    """Return the one template with this id or name, and its team."""
    key = wanted.strip().casefold()
    if by_id := [(name, row) for name, row in rows if row.id.casefold() == key]:
        return by_id[0]
    found = [(name, row) for name, row in rows if row.name.strip().casefold() == key]
    if len(found) > 1:
        each = ", ".join(f"{row.id} of {one_line(name)}" for name, row in found)
        raise InvalidRequest(
            f"{len(found)} templates are called {wanted!r}, so nothing was sent. Name the team, or give the id: "
            f"{each}.",
            subject=as_subject(wanted),
        )
    if unread:
        raise InvalidRequest(
            f"The templates of {unread} could not be read, so it is not known which template {wanted!r} is. Name the "
            "team.",
            subject="team",
        )
    if not found:
        names = list(dict.fromkeys(one_line(row.name) for _, row in rows))
        raise NotFound(
            f"There is no template {wanted!r} in {where}.{did_you_mean(wanted, names)} "
            f"Templates there: {', '.join(names[:_MOST_NAMES]) or 'none'}.",
            subject=as_subject(wanted),
        )
    return found[0]
