"""Additions to the seeded organization, so that the examples of the tools show every field of an answer."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from azure_devops_simulator import Organization

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
