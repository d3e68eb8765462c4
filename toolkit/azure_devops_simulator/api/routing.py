"""Declare operations, and find the operation for a method and a path.

A template is written as the service writes it: `{project?}/_apis/git/repositories/{repository}/items`. Segments match
without regard to case. `{name?}` may be absent, `{name...}` matches the rest of the path, `{name:int}` matches only
digits, and `${name}` matches a segment that begins with a dollar sign. A number is an `int` where another operation of
the service has a name in its place: `pipelines/approvals` is not a pipeline. A parameter called `project` is resolved
before the handler is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias, TypedDict, Unpack
from urllib.parse import unquote

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.contract import Contract, contract_of, read_enumeration
from azure_devops_simulator.api.errors import MethodNotAllowedError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.state.values import JsonObject, JsonValue

_PARAMETER = re.compile(r"(?P<prefix>\$?)\{(?P<name>\w+)(?P<kind>\?|\.\.\.|:int)?\}")
_DIGITS = re.compile(r"[0-9]+")
_SLOTS = {"...": "rest", ":int": "number"}


Handler: TypeAlias = Callable[[Call], Answer | JsonValue]


@dataclass(frozen=True)
class Route:
    """One operation: its method and path, the scopes it needs, and its version.

    `scopes`: any one is enough; `()` means any signed-in user. `version` is `7.1`, `7.1-preview.4` for a preview-only
    resource, or "" for what has no versions (git over HTTP). `anonymous`: it needs no credential. `query`: the query
    parameters that it honours. `body`: the members of the body that it honours. A route whose body is a record as it is
    read may leave them open, because clients send whole records with members that only the service sets. `ranges`: it
    sends a part of its bytes to a request with `Range`.
    """

    area: str
    method: str
    template: str
    handler: Handler
    scopes: tuple[str, ...]
    version: str
    anonymous: bool = False
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    ranges: bool = False

    @property
    def contract(self) -> Contract:
        """What the specification says about the requests of this operation; nothing if it does not know it."""
        return contract_of(self.method, self.template) or Contract()


class _Declared(TypedDict, total=False):
    """What a declaration may say beside its scopes: the other fields of `Route`.

    `query` and `body` are names with spaces between them.
    """

    version: str
    query: str
    body: str
    anonymous: bool
    ranges: bool


class Area:
    """A group of operations. Decorators add single operations to it, and an area can be made of several `parts`."""

    def __init__(self, name: str, *parts: Area) -> None:
        self.name = name
        self.routes: list[Route] = [route for part in parts for route in part.routes]

    def _add(
        self, method: str, template: str, scopes: tuple[str, ...], **more: Unpack[_Declared]
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            query, body = tuple(_spelt_out(more.get("query", ""))), tuple(more.get("body", "").split())
            version, anonymous = more.get("version", "7.1"), more.get("anonymous", False)
            ranges = more.get("ranges", False)
            self.routes.append(
                Route(self.name, method, template, handler, scopes, version, anonymous, query, body, ranges)
            )
            return handler

        return register

    def get(self, template: str, *, scopes: tuple[str, ...], **more: Unpack[_Declared]) -> Callable[[Handler], Handler]:
        """Declare a GET operation."""
        return self._add("GET", template, scopes, **more)

    def post(
        self, template: str, *, scopes: tuple[str, ...], **more: Unpack[_Declared]
    ) -> Callable[[Handler], Handler]:
        """Declare a POST operation."""
        return self._add("POST", template, scopes, **more)

    def patch(
        self, template: str, *, scopes: tuple[str, ...], **more: Unpack[_Declared]
    ) -> Callable[[Handler], Handler]:
        """Declare a PATCH operation."""
        return self._add("PATCH", template, scopes, **more)

    def put(self, template: str, *, scopes: tuple[str, ...], **more: Unpack[_Declared]) -> Callable[[Handler], Handler]:
        """Declare a PUT operation."""
        return self._add("PUT", template, scopes, **more)

    def delete(
        self, template: str, *, scopes: tuple[str, ...], **more: Unpack[_Declared]
    ) -> Callable[[Handler], Handler]:
        """Declare a DELETE operation."""
        return self._add("DELETE", template, scopes, **more)

    def options(self, template: str) -> Callable[[Handler], Handler]:
        """Declare an OPTIONS operation, open to any signed-in user."""
        return self._add("OPTIONS", template, ())


@dataclass
class Match:
    """A route that fits a path, with the values of its parameters."""

    route: Route
    path: dict[str, str]

    def bind(self, call: Call) -> None:
        """Give a call its path, and its query and body as the specification describes them.

        Raises:
            NotSimulatedError: The request asks for what the specification knows and the route does not honour.
            ArgumentError: The query has a value that its parameter cannot have.
            BindingError: The same, of a date.
        """
        route, contract = self.route, self.route.contract
        call.path, call.contract = dict(self.path), contract
        for position, notation in contract.path.items():
            name = _names(route.template)[position]
            call.path[name] = read_enumeration(notation[1:], call.path[name]) or call.path[name]
        operation = f"of {route.method} {route.template}"
        try:
            call.query.bind(contract, _lowered(route.query))
            if contract.fields and (route.body or not contract.record):
                _check_body(as_object(call.sent()), contract.fields, _lowered(route.body))
        except NotSimulatedError as error:
            raise NotSimulatedError(f"{error.what} {operation}") from None


def _spelt_out(names: str) -> Iterator[str]:
    """Return the parameters of a declaration. `version*` stands for the three of a version descriptor."""
    for name in names.split():
        whole = name.removesuffix("*")
        yield from (whole, f"{whole}Type", f"{whole}Options") if name.endswith("*") else (name,)


@cache
def _names(template: str) -> list[str]:
    """Return the names of the parameters of a template from `_apis` on."""
    return [found["name"] for found in _PARAMETER.finditer(template[max(template.find("_apis"), 0) :])]


@cache
def _lowered(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _check_body(body: JsonObject, known: Collection[str], honoured: Collection[str]) -> None:
    """Refuse a member that the specification knows, that asks for something, and that is not honoured."""
    for name in known:
        if body.get(name) not in (None, False, "", [], {}) and name.lower() not in honoured:
            raise NotSimulatedError(f"{name} in the body")


@dataclass
class _Node:
    """One segment of the routing tree. Leaves hold a route and its parameter names for each method."""

    static: dict[str, _Node] = field(default_factory=dict)
    dollar: _Node | None = None
    number: _Node | None = None
    parameter: _Node | None = None
    rest: _Node | None = None
    routes: dict[str, tuple[Route, list[str]]] = field(default_factory=dict)


class Router:
    """A tree over path segments. The cost of finding a route does not depend on the number of routes."""

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
            slot = "dollar" if parameter["prefix"] else _SLOTS.get(parameter["kind"], "parameter")
            child: _Node = getattr(node, slot) or _Node()
            setattr(node, slot, child)
            node = child
        if route.method in node.routes:
            raise ValueError(f"two handlers for {route.method} {route.template}")
        node.routes[route.method] = (route, names)

    def find(self, method: str, segments: Sequence[str]) -> Match | None:
        """Return the route of a method and path, or None when no method knows the path.

        Raises:
            MethodNotAllowedError: the path exists for other methods only.
        """
        others = False
        for node, values in self._walk(self._root, segments, 0):
            if hit := node.routes.get(method):
                return Match(hit[0], dict(zip(hit[1], values, strict=True)))
            # OPTIONS only announces other operations. A path with nothing else is unknown.
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
        if node.number and _DIGITS.fullmatch(segment):
            yield from ((n, [segment, *v]) for n, v in self._walk(node.number, segments, at + 1))
        if node.parameter and segment:
            yield from ((n, [segment, *v]) for n, v in self._walk(node.parameter, segments, at + 1))
        if node.rest:
            yield node.rest, ["/".join(segments[at:])]


def variants(template: str) -> list[list[str]]:
    """Return the segment lists that a template stands for, one for each way to leave out its optional segments.

    Of several optional segments in a row, one can be present only if those before it are: no team without its project.
    """
    found: list[tuple[list[str], bool]] = [([], False)]
    for segment in template.split("/"):
        optional = (parameter := _PARAMETER.fullmatch(segment)) is not None and parameter["kind"] == "?"
        shorter = [(before, True) for before, _ in found] if optional else []
        plain = segment.replace("?}", "}")
        found = [([*before, plain], False) for before, left_out in found if not (optional and left_out)] + shorter
    return [segments for segments, _ in found]


def split_path(raw_path: str) -> list[str]:
    """Split a path into segments and decode each on its own, so that an encoded slash stays part of a name."""
    return [unquote(segment) for segment in raw_path.strip("/").split("/") if segment]
