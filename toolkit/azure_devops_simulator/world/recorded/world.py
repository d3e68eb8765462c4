"""Make an organization of a recording, and tell what could not be taken over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.state.clock import Clock
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.recorded.builds import add_builds, commits_of_builds
from azure_devops_simulator.world.recorded.commits import write_repository
from azure_devops_simulator.world.recorded.people import People, add_nodes, add_projects
from azure_devops_simulator.world.recorded.policies import add_policies
from azure_devops_simulator.world.recorded.pull_requests import add_pull_requests
from azure_devops_simulator.world.recorded.repositories import add_repositories
from azure_devops_simulator.world.recorded.scrubbing import scrub
from azure_devops_simulator.world.recorded.seen import LONG_AGO, Answer, answers, date_of
from azure_devops_simulator.world.recorded.work_items import add_work_items

_TIMES = (
    "asOf",
    "closedDate",
    "createdDate",
    "creationDate",
    "date",
    "finishTime",
    "lastChangedDate",
    "lastUpdatedDate",
    "lastUpdateTime",
    "modifiedDate",
    "publishedDate",
    "queueTime",
    "System.ChangedDate",
)
"""Members that hold the time of something that has happened."""
_TAKEN = {"projects", "teams", "git", "wit", "build", "pipelines", "connectiondata", "identities", "policy"}


@dataclass
class RecordedWorld:
    """An organization that was made of a recording.

    Attributes:
        organization: the organization. It has no tokens.
        notes: what could not be taken over, one line each.
        ids: the new ids of commits, trees and files by those of the recording.
    """

    organization: Organization
    notes: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)


def world_from_recording(recording: JsonObject, *, keep_people: bool = False) -> RecordedWorld:
    """Return the organization that the answers of a recording describe.

    Args:
        recording: `{"provenance": {"organization": ...}, "exchanges": [...]}`.
        keep_people: whether to keep the names, addresses and ids of people and what looks like a secret. By default
            they are replaced by pseudonyms.

    Raises:
        WorldError: this is no recording.
    """
    notes: list[str] = []
    if not keep_people:
        recording = scrub(recording)
    seen = answers(recording)
    name = as_text(as_object(recording.get("provenance")).get("organization")) or "recorded"
    organization = Organization(name, clock=Clock(LONG_AGO))
    People(organization).add(seen)
    add_projects(organization, seen, notes)
    add_nodes(organization, seen)
    repositories = add_repositories(organization, seen)
    ids: dict[str, str] = {}
    for repository, commit in commits_of_builds(seen):
        if repository in repositories:
            repositories[repository].wanted(commit)
    for known in repositories.values():
        write_repository(organization, known, notes)
        ids |= known.ids
    add_policies(organization, seen, notes)
    add_pull_requests(organization, repositories, seen, notes)
    add_builds(organization, repositories, seen, notes)
    add_work_items(organization, ids, seen, notes)
    organization.clock = Clock(_latest(seen))
    notes += _left_out(seen)
    return RecordedWorld(organization, notes, ids)


def _latest(seen: list[Answer]) -> datetime:
    """Return the latest time at which something happened."""
    found = (date_of(row[name]) for answer in seen for row in answer.objects for name in _TIMES if name in row)
    return max(found, default=LONG_AGO)


def _left_out(seen: list[Answer]) -> list[str]:
    """Return a line for each area of which answers were seen that say nothing to a world."""
    others: Counter[str] = Counter()
    for answer in seen:
        lowered = [segment.lower() for segment in answer.segments]
        area = lowered[lowered.index("_apis") + 1 :][:1] if "_apis" in lowered else ["(no API)"]
        if area and area[0] not in _TAKEN:
            others[area[0]] += 1
    return [f"{count} answers of the area {area} were not used" for area, count in sorted(others.items())]
