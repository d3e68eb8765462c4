"""How handlers are declared, what they get, and how a path finds its handler.

A template is written as the service writes it: `{project?}/_apis/git/repositories/{repository}/items`. Segments match
without regard to case; `{name?}` may be absent, `{name...}` takes the rest of the path, `${name}` a segment that starts
with a dollar sign. A parameter called `project` is resolved before the handler is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, unquote

from azure_devops_simulator.api.enums import in_query
from azure_devops_simulator.api.parsing import read_json
from azure_devops_simulator.state.organization import JsonObject, JsonValue, Organization, Project, Token, User

_PARAMETER = re.compile(r"(?P<prefix>\$?)\{(?P<name>\w+)(?P<kind>\?|\.\.\.)?\}")


class ServiceError(Exception):
    """An error as the service words it; rendered as its usual JSON error body.

    Args:
        status: HTTP status.
        type_key: short exception name, for example `GitRepositoryNotFoundException`.
        message: what the service says, with its TF or VS code in front when it has one.
        event_id: 3000 is usual, 0 for argument errors.
        type_name: full .NET name with its assembly; made up from `type_key` when absent.
        custom: `customProperties` of the body.
    """

    def __init__(
        self,
        status: int,
        type_key: str,
        message: str,
        *,
        event_id: int = 3000,
        type_name: str | None = None,
        custom: JsonObject | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type_key = type_key
        self.message = message
        self.event_id = event_id
        space = "Microsoft.VisualStudio.Services.Common"
        self.type_name = type_name or f"{space}.{type_key}, {space}"
        self.custom = custom

    def body(self) -> JsonObject:
        """The error body."""
        body: JsonObject = {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": self.type_name,
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": self.event_id,
        }
        return body if self.custom is None else {**body, "customProperties": self.custom}


class ArgumentError(ServiceError):
    """A bad argument: 400, event 0, a .NET argument exception; `parameter` is named at the end as .NET does."""

    def __init__(self, message: str, parameter: str | None = None, *, type_key: str = "ArgumentException") -> None:
        text = f"{message}\r\nParameter name: {parameter}" if parameter else message
        super().__init__(400, type_key, text, event_id=0, type_name=f"System.{type_key}, mscorlib")


class BindingError(Exception):
    """A value that cannot be read as the type its parameter has: 400 with the body shape of model binding."""


class Query:
    """The query string; names ignore case, enumerations given by number read as if given by name."""

    def __init__(self, raw: str) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            self._values.setdefault(name.lower(), []).append(in_query(name.lower(), value))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value, or the default."""
        values = self._values.get(name.lower())
        return values[0] if values else default

    def text(self, name: str, default: str = "") -> str:
        """The first value, or a text when it is absent."""
        return self.get(name) or default

    def all(self, name: str) -> list[str]:
        """Every value given under this name."""
        return self._values.get(name.lower(), [])

    def integer(self, name: str, default: int) -> int:
        """A whole number; anything else is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if not re.fullmatch(r"-?\d{1,10}", value) or not -(2**31) <= int(value) < 2**31:
            raise BindingError(f"The value '{value}' is not valid for Int32.")
        return int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false; anything else is a 400."""
        value = self.get(name)
        if value is None or value == "":
            return default
        if value.lower() not in {"true", "false"}:
            raise BindingError(f"The value '{value}' is not valid for Boolean.")
        return value.lower() == "true"

    def names(self) -> list[str]:
        """The names that were given, in lower case."""
        return list(self._values)


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/?&=$:@,+")


@dataclass
class Call:
    """What a handler gets: who asks for what, in which project."""

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

    def json(self) -> JsonValue:
        """The body as JSON; 400 as the service does when it is none. An empty body is None."""
        if not self.body.strip():
            return None
        try:
            return read_json(self.body)
        except ValueError as error:
            # Known from pushes; other operations are taken to answer in the same words.
            raise ArgumentError("The body of the request contains invalid Json.", "contentStream") from error

    def json_object(self) -> JsonObject:
        """The body as a JSON object; anything else counts as an empty one, as model binding does."""
        return as_object(self.json())

    def in_project(self) -> Project:
        """The project of the path; for handlers whose template requires one."""
        if self.project is None:
            raise ServiceError(404, "ProjectDoesNotExistException", "VS800075: The project does not exist.")
        return self.project

    def projects(self) -> list[Project]:
        """The project of the path, or every project the user can see when the path names none."""
        return [self.project] if self.project else self.organization.visible_projects(self.user)

    def url(self, path: str) -> str:
        """An absolute link under the organization, in the form of the request. The path is quoted here."""
        return f"{self.base_url}/{_quoted(path)}"

    def identity(self, user: User) -> JsonObject:
        """A user as an IdentityRef."""
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
        """Whether the caller lacks a permission in the project of the path."""
        return self.organization.denied(self.user, permission, self.project)


@dataclass
class Answer:
    """A handler's answer. JSON values get the JSON content type; text and bytes go out as they are."""

    status: int = 200
    body: JsonValue | bytes = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""


Handler: TypeAlias = Callable[[Call], Answer | JsonValue]


def collection(values: Iterable[JsonValue], continuation: str | None = None, **more: JsonValue) -> Answer:
    """A list answer `{"count": n, "value": [...]}`, with `x-ms-continuationtoken` when there is more."""
    rows = list(values)
    headers = {} if continuation is None else {"x-ms-continuationtoken": continuation}
    return Answer(body={"count": len(rows), "value": rows, **more}, headers=headers)


def as_object(value: JsonValue) -> JsonObject:
    """The value when it is a JSON object, else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """The value when it is a JSON array, else an empty one."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def as_text(value: JsonValue, default: str = "") -> str:
    """The value when it is a string, else the default."""
    return value if isinstance(value, str) else default


@dataclass(frozen=True)
class Route:
    """One operation: how it is reached, who may use it, and since which version.

    `scopes`: any one suffices, `()` = any signed-in user. `version`: `7.1`, or `7.1-preview.4` for a preview-only
    resource, "" for what has no versions (git over HTTP). `anonymous`: reachable without a credential.
    """

    area: str
    method: str
    template: str
    handler: Handler
    scopes: tuple[str, ...]
    version: str
    anonymous: bool = False


class Area:
    """The operations of one area of the API, collected by decorators."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: list[Route] = []

    def _add(
        self, method: str, template: str, scopes: tuple[str, ...], version: str, anonymous: bool
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.routes.append(Route(self.name, method, template, handler, scopes, version, anonymous))
            return handler

        return register

    def get(
        self, template: str, *, scopes: tuple[str, ...], version: str = "7.1", anonymous: bool = False
    ) -> Callable[[Handler], Handler]:
        """Declare a GET operation."""
        return self._add("GET", template, scopes, version, anonymous)

    def post(self, template: str, *, scopes: tuple[str, ...], version: str = "7.1") -> Callable[[Handler], Handler]:
        """Declare a POST operation."""
        return self._add("POST", template, scopes, version, anonymous=False)

    def patch(self, template: str, *, scopes: tuple[str, ...], version: str = "7.1") -> Callable[[Handler], Handler]:
        """Declare a PATCH operation."""
        return self._add("PATCH", template, scopes, version, anonymous=False)

    def put(self, template: str, *, scopes: tuple[str, ...], version: str = "7.1") -> Callable[[Handler], Handler]:
        """Declare a PUT operation."""
        return self._add("PUT", template, scopes, version, anonymous=False)

    def delete(self, template: str, *, scopes: tuple[str, ...], version: str = "7.1") -> Callable[[Handler], Handler]:
        """Declare a DELETE operation."""
        return self._add("DELETE", template, scopes, version, anonymous=False)

    def options(self, template: str) -> Callable[[Handler], Handler]:
        """Declare an OPTIONS operation, open to any signed-in user."""
        return self._add("OPTIONS", template, (), "7.1", anonymous=False)


class MissingScopeError(Exception):
    """The token lacks a scope that only the handler knows to be needed: an empty 401."""


@dataclass
class Match:
    """A route that fits a path, with the values of its parameters."""

    route: Route
    path: dict[str, str]


@dataclass
class _Node:
    """One segment of the routing tree. Leaves hold a route and its parameter names for each method."""

    static: dict[str, _Node] = field(default_factory=dict)
    dollar: _Node | None = None
    parameter: _Node | None = None
    rest: _Node | None = None
    routes: dict[str, tuple[Route, list[str]]] = field(default_factory=dict)


class Router:
    """A tree over path segments, so that the cost of a look-up does not depend on the number of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.routes = list(routes)
        for route in self.routes:
            for segments in variants(route.template):
                self._insert(route, segments)

    def _insert(self, route: Route, segments: list[str]) -> None:
        node, names = self._root, []
        for segment in segments:
            parameter = _PARAMETER.fullmatch(segment)
            if parameter is None:
                node = node.static.setdefault(segment.lower(), _Node())
                continue
            names.append(parameter["name"])
            slot = "rest" if parameter["kind"] == "..." else "dollar" if parameter["prefix"] else "parameter"
            child: _Node = getattr(node, slot) or _Node()
            setattr(node, slot, child)
            node = child
        if route.method in node.routes:
            raise ValueError(f"two handlers for {route.method} {route.template}")
        node.routes[route.method] = (route, names)

    def find(self, method: str, segments: Sequence[str]) -> Match | None:
        """The route of a method and path; None when the path is unknown for every method.

        Raises:
            MethodNotAllowedError: 405 when the path exists for other methods only.
        """
        others = False
        for node, values in self._walk(self._root, segments, 0):
            if hit := node.routes.get(method):
                return Match(hit[0], dict(zip(hit[1], values, strict=True)))
            # OPTIONS only announces: a path that nothing else is at is not known.
            others = others or not node.routes.keys() <= {"OPTIONS"}
        if others:
            raise MethodNotAllowedError(f"The requested resource does not support http method '{method}'.")
        return None

    def _walk(self, node: _Node, segments: Sequence[str], at: int) -> Iterator[tuple[_Node, list[str]]]:
        if at == len(segments):
            yield node, []
            return
        segment = segments[at]
        if child := node.static.get(segment.lower()):
            yield from self._walk(child, segments, at + 1)
        if node.dollar and segment.startswith("$"):
            yield from ((n, [segment[1:], *v]) for n, v in self._walk(node.dollar, segments, at + 1))
        if node.parameter and segment:
            yield from ((n, [segment, *v]) for n, v in self._walk(node.parameter, segments, at + 1))
        if node.rest:
            yield node.rest, ["/".join(segments[at:])]


class MethodNotAllowedError(Exception):
    """The path exists, the method does not: 405."""


def variants(template: str) -> list[list[str]]:
    """The segment lists a template stands for: one for each way to leave optional segments out.

    Of optional segments in a row, one can only be there when those before it are: no team without its project.
    """
    found: list[tuple[list[str], bool]] = [([], False)]
    for segment in template.split("/"):
        optional = (parameter := _PARAMETER.fullmatch(segment)) is not None and parameter["kind"] == "?"
        shorter = [(before, True) for before, _ in found] if optional else []
        plain = segment.replace("?}", "}")
        found = [([*before, plain], False) for before, left_out in found if not (optional and left_out)] + shorter
    return [segments for segments, _ in found]


def split_path(raw_path: str) -> list[str]:
    """Path segments, each decoded on its own, so that an encoded slash stays part of a name."""
    return [unquote(segment) for segment in raw_path.strip("/").split("/") if segment]
