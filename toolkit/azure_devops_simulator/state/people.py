"""Users, their groups and tokens, and the permissions that they lack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from azure_devops_simulator.state.values import check_word

TokenState = Literal["active", "expired", "revoked", "elsewhere"]
TokenKind = Literal["personal", "issued"]

FULL_ACCESS = "app_token"
"""The scope of a token that may do everything."""

PERMISSIONS = (
    "CreateBranch",
    "CreateRepository",
    "ForcePush",
    "GenericContribute",
    "PullRequestBypassPolicy",
    "PullRequestContribute",
    "QueueBuilds",
    "RenameRepository",
    "WorkItemWrite",
)
"""The permissions that can be taken from a user or a group, by the service's own names where it has one."""

ANONYMOUS_ID = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"


@dataclass(frozen=True)
class User:
    """A person, service account or build identity. `member` is False for a user who is not in this organization."""

    id: str
    display_name: str
    unique_name: str
    descriptor: str
    member: bool = True


@dataclass
class Group:
    """A group of users of the organization."""

    id: str
    name: str
    description: str = ""
    members: list[User] = field(default_factory=list)


@dataclass
class Token:
    """A token with its owner and its scopes (`vso.code`, ..., or `app_token` for full access).

    The owner made a `personal` access token. An `issued` token comes from an identity provider or from a running job.
    A token in the state `elsewhere` is valid, but for another organization.
    """

    value: str
    scopes: frozenset[str]
    user: User
    state: TokenState = "active"
    kind: TokenKind = "personal"

    def __post_init__(self) -> None:
        check_word("state", self.state, get_args(TokenState))
        check_word("kind", self.kind, get_args(TokenKind))


class Denial(NamedTuple):
    """A permission that a user or each member of a group lacks.

    `identity` is the id of the user or the group. `project` is an id or empty, `within` a part of the project or empty.
    """

    identity: str
    permission: str
    project: str
    within: str

    def covers(self, part: str) -> bool:
        """Return whether the denial applies to a part of the project: its own part, or one below it."""
        own, wanted = self.within.lower(), part.lower()
        return not own or own == wanted or wanted.startswith((f"{own}/", f"{own}\\"))
