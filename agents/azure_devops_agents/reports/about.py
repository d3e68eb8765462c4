"""Describe a report: where and when it was written, by which model, and where its links lead."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from langchain_azure_devops.settings import Settings

if TYPE_CHECKING:
    from azure_devops_agents.models.scripted import KeylessModel

SIMULATED = "the simulator"
"""The source of the token where a command starts a simulator for itself."""
_LINKS_END = "The links lead to a simulated organization, which ended with the command that wrote this report."


def describe_report(
    model: str, keyless: "KeylessModel | None", settings: Settings, moment: datetime
) -> dict[str, str | bool]:
    """Describe a report for its readers; a text is empty where there is nothing to say.

    `time` is in UTC. `notice` stands before everything else, `links` says why no link leads anywhere, and
    `language_model` says whether one wrote the report.

    Args:
        model: The name of the model that answered.
        keyless: The rules or the script that took its place; None for a language model.
        settings: The settings of the organization.
        moment: When the report was written.
    """
    return {
        "organization": settings.organization,
        "project": settings.default_project or "",
        "time": describe_time(moment),
        "model": keyless.description if keyless else model,
        "language_model": keyless is None,
        "notice": keyless.notice if keyless else "",
        "links": _LINKS_END if settings.credential_source == SIMULATED else "",
    }


def describe_time(moment: datetime) -> str:
    """Write a point in time in UTC as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
