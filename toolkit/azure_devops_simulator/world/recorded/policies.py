"""The branch policies of a recording, as far as they are taken over: approvals and comments."""

from __future__ import annotations

from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.policies import COMMENTS, MINIMUM_REVIEWERS, Policy
from azure_devops_simulator.world.recorded.people import People
from azure_devops_simulator.world.recorded.seen import Answer, date_of


def add_policies(organization: Organization, seen: list[Answer], notes: list[str]) -> None:
    """Add every policy that was seen and that is taken over."""
    people, left_out = People(organization), set[str]()
    for answer in seen:
        project = organization.project(answer.segments[0]) if answer.below("policy", "configurations") == () else None
        for row in answer.rows() if project else ():
            kind, number = as_object(row.get("type")), row.get("id")
            if kind.get("id") not in {MINIMUM_REVIEWERS, COMMENTS} or not isinstance(number, int) or project is None:
                left_out.add(as_text(kind.get("displayName")) or as_text(kind.get("id")))
                continue
            project.policies[number] = Policy(
                number,
                as_text(kind.get("id")),
                as_object(row.get("settings")),
                people.of(row.get("createdBy")),
                date_of(row.get("createdDate")),
                row.get("isEnabled") is True,
                row.get("isBlocking") is True,
                revision if isinstance(revision := row.get("revision"), int) else 1,
            )
            organization.counters["policy"] = max(organization.counters["policy"], number)
    if left_out:
        notes.append(f"policies of the types {', '.join(sorted(left_out))} were left out")
