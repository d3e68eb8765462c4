"""The request that a handler gets, and the answer that it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote

from azure_devops_simulator.api.contract import Contract, read_body
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_object, read_json
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import Token, User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue

_Row = TypeVar("_Row")


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/?&=$:@,+")


@dataclass
class Call:
    """A request as a handler gets it: the caller, the project, and the parts of the HTTP request."""

    organization: Organization
    user: User
    token: Token
    project: Project | None
    path: dict[str, str]
    query: Query
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    version: str = "7.1"
    method: str = "GET"
    contract: Contract = field(default_factory=Contract)

    def sent(self) -> JsonValue:
        """Return the body as the client sent it, or None when it is empty. Invalid JSON is a 400, as in the service."""
        if not self.body.strip():
            return None
        try:
            return read_json(self.body)
        except ValueError as error:
            # This text is known from pushes. We assume that other operations answer with the same text.
            raise ArgumentError("The body of the request contains invalid Json.", "contentStream") from error

    def json(self) -> JsonValue:
        """Return the body with names for the numbers of enumerations, and dates in ISO 8601."""
        return read_body("body", self.contract.body, self.sent())

    def json_object(self) -> JsonObject:
        """Return the body as a JSON object. Anything else counts as an empty one, as in the service."""
        return as_object(self.json())

    def in_project(self) -> Project:
        """Return the project of the path, for handlers whose template requires one."""
        if self.project is None:
            raise ServiceError(404, "ProjectDoesNotExistException", "VS800075: The project does not exist.")
        return self.project

    def projects(self) -> list[Project]:
        """Return the project of the path, or every project the user can see when the path names none."""
        return [self.project] if self.project else self.organization.visible_projects(self.user)

    def url(self, path: str) -> str:
        """Return an absolute link below the address of the organization in this request. The path is quoted here."""
        return f"{self.base_url}/{_quoted(path)}"

    def identity(self, user: User) -> JsonObject:
        """Return a user as an IdentityRef."""
        avatar = self.url(f"_apis/GraphProfile/MemberAvatars/{user.descriptor}")
        return {
            "displayName": user.display_name,
            "url": self.url(f"_apis/Identities/{user.id}"),
            "_links": {"avatar": {"href": avatar}},
            "id": user.id,
            "uniqueName": user.unique_name,
            "imageUrl": avatar,
            "descriptor": user.descriptor,
        }

    def denied(self, permission: str) -> bool:
        """Return whether the caller lacks a permission in the project of the path."""
        return self.organization.denied(self.user, permission, self.project)


@dataclass
class Answer:
    """The answer of a handler. JSON values get the JSON content type; text and bytes are sent unchanged."""

    status: int = 200
    body: JsonValue | bytes = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""


def collection(values: Iterable[JsonValue], continuation: str | None = None, **more: JsonValue) -> Answer:
    """Return a list answer `{"count": n, "value": [...]}`, with `x-ms-continuationtoken` when there is more."""
    rows = list(values)
    headers = {} if continuation is None else {"x-ms-continuationtoken": continuation}
    return Answer(body={"count": len(rows), "value": rows, **more}, headers=headers)


def page(
    call: Call, rows: Sequence[_Row], shape: Callable[[_Row], JsonValue], default: int = 100, highest: int = 10_000
) -> Answer:
    """Return the part of a list that a request asks for, each row as `shape` makes it, and the token of the next."""
    wanted = call.query.page(default, highest)
    return collection(map(shape, rows[wanted]), str(wanted.stop) if wanted.stop < len(rows) else None)
