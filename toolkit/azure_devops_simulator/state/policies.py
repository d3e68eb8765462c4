"""Policies of branches, which a pull request has to satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue

MINIMUM_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
COMMENTS = "c6a1889d-b943-4856-b76f-9e46bb6b0df2"


@dataclass
class Policy:
    """A policy of a project. Its settings name the branches for which it holds. `type` is the guid of its type."""

    id: int
    type: str
    settings: JsonObject
    created_by: User
    created: datetime
    enabled: bool = True
    blocking: bool = True
    revision: int = 1

    @property
    def minimum(self) -> int:
        """How many people have to approve."""
        count = self.settings.get("minimumApproverCount")
        return count if self.type == MINIMUM_REVIEWERS and isinstance(count, int) else 0

    def holds_for(self, repository: str, ref: str) -> bool:
        """Return whether it is in force for a branch (full name) of a repository (id)."""
        scopes = self.settings.get("scope")
        return (
            self.enabled
            and self.blocking
            and isinstance(scopes, list)
            and any(_covers(scope, repository, ref) for scope in scopes)
        )


def _covers(scope: JsonValue, repository: str, ref: str) -> bool:
    if not isinstance(scope, Mapping) or str(scope.get("repositoryId") or repository).lower() != repository:
        return False
    name = str(scope.get("refName") or "")
    prefix = not name or str(scope.get("matchKind")).lower() == "prefix"
    return ref.startswith(name) if prefix else ref == name
