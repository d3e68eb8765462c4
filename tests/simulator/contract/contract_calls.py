"""Calls that drive every operation of the simulator once: first what succeeds, in an order that works, then what fails.

`successes.txt` and `failures.txt` read like an access log, with the body behind a request. `{name}` is filled in from
the names of `things_of`, or from the answers of calls that went before: `-> name` keeps the id of what was made,
`-> name = path` what stands there. An operation that is not driven fails the contract test: add its line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from azure_devops_simulator import Organization, SimulatorServer, seed_organization
from azure_devops_simulator.api.errors import MethodNotAllowedError
from azure_devops_simulator.api.routing import Route, Router, split_path
from azure_devops_simulator.areas.core.projects import PROCESSES
from azure_devops_simulator.server.app import Service
from azure_devops_simulator.state.deployment import Approval, ApprovalStep
from azure_devops_simulator.state.projects import ZERO_ID

FOLDER = Path(__file__).parent
TITLE = [{"op": "add", "path": "/fields/System.Title", "value": "Driven by the contract test"}]

PAGE_VERSION = '"1b491068990bbad962919dcce5cc2f019fb73ddd"'
"""The version of a wiki page that says `# Driven`."""

CANNOT_FAIL = {
    ("GET", "_apis/connectionData"): "open to all, without parameters",
    ("GET", "_apis/ResourceAreas"): "without parameters",
    ("GET", "{project?}/_apis/git/repositories/{repository}/refs/{filter...}"): "a prefix of nothing is an empty list",
    ("OPTIONS", "_apis"): "without parameters",
    ("OPTIONS", "_apis/{area}"): "an unknown area is not simulated",
    ("POST", "{project?}/_apis/wit/artifacturiquery"): "what is linked to nothing is an empty list",
}
"""Operations for which there is no request of a signed-in caller that they refuse by themselves, and why."""


@dataclass(frozen=True)
class Exchange:
    """A request that reached an operation, and its answer."""

    route: Route
    request: str
    query: frozenset[str]
    response: httpx.Response


@dataclass
class Driver:
    """Plays calls against a served seed organization and keeps what came back."""

    server: SimulatorServer
    names: dict[str, str]
    successes: list[Exchange] = field(default_factory=list)
    failures: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.server.base_url, auth=("", "driver"))
        self.router = router()

    def send(self, line: str) -> Exchange:
        """Play one line; `-> name` keeps the id of the answer."""
        request, _, keeps = line.partition(" -> ")
        method, target, body = [*request.split(" ", 2), ""][:3]
        target = self.fill(target).removeprefix(self.server.base_url)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        body = json.dumps(TITLE) if body == "{title}" else body
        if body.startswith('[{"op"'):
            headers |= {"Content-Type": "application/json-patch+json"}
        if method == "PATCH" and "{page}" in request:
            headers |= {"If-Match": PAGE_VERSION}
        if body == "{chunk}":
            headers |= {"Content-Range": "bytes 0-4/5"}
        url = httpx.URL(self.server.base_url + target)
        route = self._route(method, url)
        if route.version and "api-version" not in url.params:
            url = url.copy_merge_params({"api-version": route.version})
        response = self.http.request(method, url, content=self.fill(body) or None, headers=headers)
        if keeps:
            name, _, path = keeps.partition(" = ")
            self.names[name] = _at(response.json(), path.split("."))
        return Exchange(route, f"{method} {target}", frozenset(url.params), response)

    def play(self) -> None:
        """Play everything: what succeeds, then what fails, one failure for each operation that can."""
        self.successes = [self.send(line) for line in lines("successes.txt")]
        self.failures = [self.send(line) for line in lines("failures.txt")]
        failed = {exchange.route for exchange in self.failures}
        for exchange in self.successes:
            route = exchange.route
            line = None if route in failed or (route.method, route.template) in CANNOT_FAIL else missing(exchange)
            if line is not None:
                self.failures.append(self.send(line + (" {}" if route.method in {"POST", "PATCH", "PUT"} else "")))
                failed.add(route)

    def fill(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self.names[found[1]], text)

    def _route(self, method: str, url: httpx.URL) -> Route:
        try:
            match = self.router.find(method, split_path(url.raw_path.decode().partition("?")[0])[1:])
        except MethodNotAllowedError as error:
            raise AssertionError(f"{method} {url}: {error}") from error
        assert match is not None, f"{method} {url}: no operation"
        return match.route


def _at(value: Any, path: list[str]) -> str:
    """What stands at a path of an answer; the id of the thing when the path is empty."""
    for key in path if path != [""] else ():
        value = value[int(key)] if key.isdigit() else value[key]
    if isinstance(value, dict):
        value = next(value[key] for key in ("id", "pullRequestId", "pushId") if key in value)
    return str(value)


def router() -> Router:
    """The way from a path to its operation, as the application builds it."""
    return Service(Organization("any")).router


def lines(name: str) -> list[str]:
    """The calls of a file; empty lines and those that begin with `#` are for readers."""
    return [line for line in (FOLDER / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]


def missing(exchange: Exchange) -> str | None:
    """The same request with its last parameter (or its project) naming nothing; None when it has no parameter."""
    method, target = exchange.request.split(" ", 1)
    path, _, query = target.partition("?")
    parts, template = path.strip("/").split("/"), exchange.route.template.split("/")
    if "{project?}" in template and parts[0] == "_apis":
        template.remove("{project?}")
    template = [part for part in template if part != "{team?}"]
    at = max((index for index, part in enumerate(template) if "{" in part), default=None)
    if at is None:
        return None
    parts[at] = (
        "$NoSuchThing" if template[at].startswith("$") else "2147483646" if parts[at].isdigit() else "no-such-thing"
    )
    return f"{method} /{'/'.join(parts)}" + (f"?{query}" if query else "")


def things_of(organization: Organization) -> dict[str, str]:
    """Names for the ids of the seed that calls need."""
    platform, docs = (organization.repository("Platform", name) for name in ("platform-api", "docs"))
    tip = platform.commit(platform.default_tip() or "")
    files = platform.files(tip.id)
    builds = organization.builds.builds
    repositories = "/Platform/_apis/git/repositories"
    return {
        "git": f"{repositories}/platform-api",
        "docs": f"{repositories}/docs",
        "pull_request": f"{repositories}/platform-api/pullRequests/9",
        "conflicted": f"{repositories}/platform-api/pullRequests/7",
        "wit": "/Platform/_apis/wit",
        "build": "/Platform/_apis/build",
        "pipelines": "/Platform/_apis/pipelines",
        "zero": ZERO_ID,
        "commit": tip.id,
        "tree": tip.tree,
        "blob": files["/README.md"].id,
        "tag": platform.refs["refs/tags/v2.8.0"],
        "docs_id": docs.id,
        "docs_tip": docs.default_tip() or "",
        "platform": platform.project.id,
        "repository_id": platform.id,
        "tom": organization.named("Tom Becker").id,
        "luis": organization.named("Luis Ferreira").id,
        "agent": organization.named("svc-agent").id,
        "title": json.dumps(TITLE),
        "chunk": "chunk",
        "process": PROCESSES["Agile"],
        "timeline": builds[31].plan,
        "artifact": builds[19].artifacts[0].name,
        "approval": wait_for_approval(organization).id,
    }


def wait_for_approval(organization: Organization) -> Approval:
    """An approval that the service account may give."""
    number, step = "00000000-0000-4000-8000-00000000000a", ApprovalStep(organization.named("svc-agent"))
    platform = organization.repository("Platform", "docs").project
    waiting = Approval(number, platform, 38, "Deploy", organization.clock.now(), [step])
    organization.deployment.approvals[number] = waiting
    return waiting


def drive() -> Iterator[Driver]:
    """Play everything against a fresh seed; for a fixture."""
    organization = seed_organization()
    organization.add_token("driver")
    with SimulatorServer(organization) as server:
        driver = Driver(server, things_of(organization))
        try:
            yield driver
        finally:
            driver.http.close()
