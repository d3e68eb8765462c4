"""Policies of branches, which a pull request has to satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue

MINIMUM_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
COMMENTS = "c6a1889d-b943-4856-b76f-9e46bb6b0df2"
BUILD = "0609b952-1397-4640-95ec-e00a01b2c241"
WORK_ITEMS = "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e"
MERGE_STRATEGY = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
STATUS = "cbdc66da-9728-4af8-aada-9a5a32e4a226"


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

    def is_set(self, name: str) -> bool:
        """Return whether a setting is on. Clients write it as true or as a text."""
        return str(self.settings.get(name)).lower() == "true"

    def words(self, name: str) -> list[str]:
        """Return the texts of a setting that is a list."""
        value = self.settings.get(name)
        return [str(word) for word in value] if isinstance(value, list) else []

    def covers(self, repository: str, ref: str, default: str | None = None) -> bool:
        """Return whether its settings name a branch (full name) of a repository (id) with this default branch."""
        scopes = self.settings.get("scope")
        return isinstance(scopes, list) and any(_covers(scope, repository, ref, default) for scope in scopes)


def _covers(scope: JsonValue, repository: str, ref: str, default: str | None) -> bool:
    if not isinstance(scope, Mapping) or str(scope.get("repositoryId") or repository).lower() != repository:
        return False
    name, kind = str(scope.get("refName") or ""), str(scope.get("matchKind")).lower()
    if kind == "defaultbranch":
        return ref == default
    prefix = not name or kind == "prefix"
    return ref.startswith(name) if prefix else ref == name
