"""Send the requests of a builder to the routes of the simulator, in this process.

Whatever a builder makes comes from the routes that a client of the service would call, so that their rules hold and
everything looks as if people had made it over HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias, TypeVar
from urllib.parse import urlencode

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, read_date
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Router
from azure_devops_simulator.areas.approvals import area as approvals
from azure_devops_simulator.areas.boards import area as boards
from azure_devops_simulator.areas.builds import area as builds
from azure_devops_simulator.areas.builds.run import catch_up
from azure_devops_simulator.areas.core import area as core
from azure_devops_simulator.areas.core.operations import settle
from azure_devops_simulator.areas.core.projects import find_project
from azure_devops_simulator.areas.distributed_task import area as distributed_task
from azure_devops_simulator.areas.environments import area as environments
from azure_devops_simulator.areas.git import area as git
from azure_devops_simulator.areas.pipelines import area as pipelines
from azure_devops_simulator.areas.policies import area as policies
from azure_devops_simulator.areas.pull_requests import area as pull_requests
from azure_devops_simulator.areas.pull_requests.replays import settle_replays
from azure_devops_simulator.areas.service_connections import area as service_connections
from azure_devops_simulator.areas.test_results import area as test_results
from azure_devops_simulator.areas.wiki import area as wiki
from azure_devops_simulator.areas.work_items import area as work_items
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import FULL_ACCESS, Token, User
from azure_devops_simulator.state.values import JsonObject, JsonValue, check_word

Person: TypeAlias = User | str
"""A user, or the display name, unique name or id of one."""


Word = TypeVar("Word", bound=str)


class BuilderError(ValueError):
    """What a builder was asked for cannot be made. The message says why, and what exists instead."""


@cache
def _router() -> Router:
    areas = (
        core.area,
        git.area,
        policies.area,
        pull_requests.area,
        work_items.area,
        builds.area,
        pipelines.area,
        test_results.area,
        distributed_task.area,
        service_connections.area,
        environments.area,
        approvals.area,
        wiki.area,
        boards.area,
    )
    return Router(route for area in areas for route in area.routes)


class Requests:
    """The routes of one organization, without a network."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization

    def person(self, named: Person | None) -> User:
        """Return a user of the organization: the first one, or a new service account when there is none, by default.

        Raises:
            BuilderError: nobody has this name, or several users share it.
        """
        users = self.organization.users
        if named is None:
            name = self.organization.name
            return next(iter(users.values()), None) or self.organization.add_user(
                "svc-agent", f"svc-agent@{name}.example"
            )
        if isinstance(named, str):
            refuse_shared(self.organization, named)
        if found := self.organization.user(named if isinstance(named, str) else named.id):
            return found
        wanted = named if isinstance(named, str) else named.display_name
        choose("user", wanted, [user.display_name for user in users.values()])
        raise BuilderError(f"{wanted} is a user of another organization")

    def send(
        self,
        by: Person | None,
        method: str,
        *path: str,
        body: JsonValue = None,
        patch: bool = False,
        content: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Send a request and return the body of the answer.

        Args:
            by: the user who sends it.
            method: the HTTP method.
            path: the segments of the path below the organization, not quoted.
            body: the JSON to send.
            patch: whether the body is a JSON Patch document.
            content: the bytes to send in place of JSON.
            query: the parameters of the query.
            headers: further headers, in lower case.

        Raises:
            BuilderError: the route refuses the request; the message is the one of the service.
        """
        user = self.person(by)
        match = _router().find(method, path)
        if match is None:
            raise LookupError(f"there is no route for {method} {'/'.join(path)}")
        call = Call(
            organization=self.organization,
            user=user,
            token=Token("", frozenset({FULL_ACCESS}), user),
            project=None,
            path={},
            query=Query(urlencode(query or {})),
            headers={"content-type": _content_type(patch, content), **(headers or {})},
            body=content or (b"" if body is None else json.dumps(body).encode()),
            base_url=f"https://dev.azure.com/{self.organization.name}",
            version=match.route.version,
            method=method,
        )
        settle(self.organization)
        settle_replays(self.organization)
        catch_up(self.organization.builds, self.organization.clock.now())
        try:
            match.bind(call)
            call.project = find_project(call, match.path["project"]) if "project" in match.path else None
            answer = match.route.handler(call)
        except ServiceError as error:
            raise BuilderError(_message(error)) from None
        return as_object(answer.body if isinstance(answer, Answer) else answer)


def _content_type(patch: bool, content: bytes | None) -> str:
    if content is not None:
        return "application/octet-stream"
    return "application/json-patch+json" if patch else "application/json"


def _message(error: ServiceError) -> str:
    """Return the text of an error with the details that the service puts beside it."""
    details = as_list(as_object(error.custom).get("ValidationResults"))
    texts = [error.message, *(as_text(as_object(detail).get("message")) for detail in details)]
    return " ".join(" ".join(texts).split())


def refuse_shared(organization: Organization, name: str) -> None:
    """Refuse a display name that does not say which user is meant.

    Raises:
        BuilderError: several users have it; the message names their unique names.
    """
    called = organization.users_called(name)
    if len(called) > 1:
        unique_names = ", ".join(user.unique_name for user in called)
        raise BuilderError(f"several users are called {name!r}; give one of the unique names {unique_names}")


def choose(what: str, given: str, known: Iterable[Word]) -> Word:
    """Return the known word that is meant, in any case.

    Raises:
        BuilderError: there is no such word; the message names the known ones and the nearest.
    """
    words = list(known)
    if found := next((word for word in words if word.lower() == given.lower()), None):
        return found
    if not words:
        raise BuilderError(f"{what} {given!r} does not exist; there is none yet")
    try:
        check_word(what, given, words)
    except ValueError as error:
        raise BuilderError(str(error)) from None
    raise BuilderError(f"{what} {given!r} cannot be chosen")


def moment(when: datetime | str) -> datetime:
    """Return a time; a text such as `2026-11-03 09:00` and a datetime without a zone are in UTC.

    Raises:
        BuilderError: the text is no date.
    """
    found = read_date(when) if isinstance(when, str) else when if when.tzinfo else when.replace(tzinfo=UTC)
    if found is None:
        raise BuilderError(f"{when!r} is no time; write it as 2026-11-03 09:00 (UTC)")
    return found


def texts(values: str | Sequence[str]) -> list[str]:
    """Return several texts; a single one may stand alone."""
    return [values] if isinstance(values, str) else list(values)
