"""The macros of the query language for people, times and projects."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure_devops_simulator.api.errors import NotSimulatedError, ServiceError
from azure_devops_simulator.areas.work_items.wiql.syntax import Macro, WiqlError
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.work_items.nodes import Node

_MODIFIER = re.compile(r"\s*(?P<sign>[+-]?)\s*(?P<count>\d+)\s*(?P<unit>[yMwdhm]?)\s*")
_TEAM = re.compile(r"\s*\[(?P<project>[^\]]+)\]\\(?P<team>[^<]+?)\s*(?:<.*>)?\s*")


@dataclass(frozen=True)
class Context:
    """The caller, the project and whether times of day count: what macros and permissions depend on."""

    organization: Organization
    user: User
    project: Project | None = None
    time_precision: bool = False


def resolve(macro: Macro, context: Context) -> str | datetime:
    """Return the value of a macro: text for names and paths, the user's id for `@Me`, a date for the others."""
    today = context.organization.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    match macro.name:
        case "@me":
            return context.user.id
        case "@project":
            return _project(macro, context).name
        case "@today":
            return today + timedelta(days=macro.offset)
        case "@currentiteration":
            return _iteration(macro, context).path
    # Weeks start on Sunday, as they do for an account in the default locale.
    starts = {
        "@startofday": (today, "d"),
        "@startofweek": (today - timedelta(days=(today.weekday() + 1) % 7), "w"),
        "@startofmonth": (today.replace(day=1), "M"),
        "@startofyear": (today.replace(month=1, day=1), "y"),
    }
    if macro.name not in starts:
        raise _unknown(macro, context)
    start, unit = starts[macro.name]
    return _shifted(start, macro, unit)


def _shifted(base: datetime, macro: Macro, unit: str) -> datetime:
    moved = move(base, macro.offset, unit)
    if macro.argument is None:
        return moved
    found = _MODIFIER.fullmatch(macro.argument)
    if found is None:
        raise WiqlError("The macro argument is not valid.", macro.text)
    return move(moved, int(found["sign"] + found["count"]), found["unit"] or unit)


def move(when: datetime, count: int, unit: str) -> datetime:
    """Move a date by a number of years (y), months (M), weeks (w), days (d), hours (h) or minutes (m)."""
    if unit in {"y", "M"}:
        months = when.year * 12 + when.month - 1 + count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        day = min(when.day, calendar.monthrange(year, month + 1)[1])
        return when.replace(year=year, month=month + 1, day=day)
    seconds = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60}[unit]
    return when + timedelta(seconds=count * seconds)


def _project(macro: Macro, context: Context) -> Project:
    if context.project is None:
        raise WiqlError("The macro needs a project in the URL of the query.", macro.text)
    return context.project


def _unknown(macro: Macro, context: Context) -> Exception:
    """Return the error for a macro without a value here: one that the service has, or one that it does not."""
    if macro.name == "@teamareas":
        _team_project(macro, context)
    if macro.name in _ELSEWHERE:
        return NotSimulatedError(f"the macro {_ELSEWHERE[macro.name]}")
    return WiqlError("TF51005: The query references a field that does not exist.", macro.text)


def _iteration(macro: Macro, context: Context) -> Node:
    """Return the iteration of today. Every dated iteration of the project counts as the team's."""
    project = _team_project(macro, context)
    dated = [node for node in context.organization.work_items.iteration(project).walk() if node.start and node.finish]
    dated.sort(key=lambda node: (node.start or context.organization.clock.start, node.path))
    now = context.organization.clock.now()
    for at, node in enumerate(dated):
        if node.start and node.finish and node.start <= now < node.finish + timedelta(days=1):
            if 0 <= at + macro.offset < len(dated):
                return dated[at + macro.offset]
            break
    message = f"TF20037: No Iterations are selected for the team. The macro '{_shown(macro)}' is undefined."
    raise WiqlError(message, macro.text)


def _team_project(macro: Macro, context: Context) -> Project:
    """Return the project of the team: the team of the argument, else the default team of the project of the path.

    For a team that does not exist, the service is reported to name the missing context. Its status is reported to be
    500, which clients repeat; here it is 400, as for every other mistake in a query.
    """
    project = context.project
    if macro.argument:
        found = _TEAM.fullmatch(macro.argument)
        if found is None:
            raise _no_team(f"'{macro.argument}' is not of the form '[project]\\team'.")
        project = context.organization.project(found["project"])
        if project and not any(team.name.lower() == found["team"].lower() for team in project.teams):
            project = None
    if project is None or not context.organization.sees(context.user, project):
        raise _no_team(f"VS402612: The macro '{_shown(macro)}' is not supported without a team context.")
    return project


def _no_team(message: str) -> ServiceError:
    return ServiceError(400, "VssPropertyValidationException", message)


def _shown(macro: Macro) -> str:
    """Return the name of a macro as the service writes it."""
    return {"@currentiteration": "@CurrentIteration", **_ELSEWHERE}[macro.name]


_ELSEWHERE = {
    "@teamareas": "@TeamAreas",
    "@follows": "@Follows",
    "@myrecentactivity": "@MyRecentActivity",
    "@recentmentions": "@RecentMentions",
    "@recentprojectactivity": "@RecentProjectActivity",
}
"""Macros that the service knows, about what the simulator does not hold."""
