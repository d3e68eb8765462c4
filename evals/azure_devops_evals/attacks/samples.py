"""Additions to the seeded organization, so that the examples of the tools show every field of an answer."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from azure_devops_simulator import Organization

OTHERS_TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret23"  # noqa: S105 - opens a made-up organization only
"""The token of another account."""
SCOPES = ("vso.project", "vso.code", "vso.work", "vso.build", "vso.work_write", "vso.code_write")

SUPPLEMENTS: Sequence[tuple[str, str, Mapping[str, JsonValue]]] = (
    ("/pullrequests/9/iterations/", "changeEntries", {"originalPath": "/src/former.py"}),
)
"""Fields that no answer of the seeded organization has.

Each entry is a part of the request's path, the list in the answer, and the fields to add to its rows.
"""


def prepare(organization: Organization) -> None:
    """Add a comment to a link of work item 8; the seed has no such comment."""
    organization.work_items.items[8].all_relations[0].comment = "see here"


OTHER_VALUES: Mapping[str, tuple[JsonValue, JsonValue]] = {
    "title": ("One title", "Quite another title"),
    "description": ("One description.", "Quite another description."),
    "text": ("One remark.", "Quite another remark."),
    "state": ("Resolved", "Closed"),
    "assigned_to": ("Tom Becker", "Mina Sato"),
    "area": ("Platform\\Team Harbor", "Platform"),
    "iteration": ("Platform\\Sprint 43", "Platform\\Sprint 41"),
    "tags": ("one; two", "three"),
    "fields": (
        {"name": "Microsoft.VSTS.Common.Priority", "value": "2"},
        {"name": "Microsoft.VSTS.Common.Priority", "value": "3"},
    ),
    "draft": (True, False),
    "parent": (8, 13),
    "links": ("work_item:8", "work_item:13"),
    "work_items": (8, 13),
}
"""Two values for each argument of a write that may have any value; an argument that is a list gets one of them."""
FIXED = frozenset({"id", "revision", "project", "repository", "source", "target", "status", "source_commit", "type"})
"""The arguments of writes whose value decides what is written to, or which the seeded organization fixes."""
