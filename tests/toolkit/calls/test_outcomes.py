"""What is said of a write whose answer was lost is true, whatever else happens around it.

Generated from the declarations: every example of every tool that writes, in every situation, over HTTP against the
simulator. What really happened is what differs from a second organization, in which everything but this write happened.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest
from tool_calls import FULL, Recorder, seed_with_tokens, writes

from azure_devops_simulator import Fault, Organization, SimulatorServer, difference, export_world
from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.state.builds import BuildStore
from azure_devops_simulator.state.copies import Original
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, approve_writes_with, errors
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import Approval, WriteRequest
from langchain_azure_devops.settings import load_settings

OTHERS = "others-token"
BRIEF = Timeouts(retry_pause=0.005, recovery=0.04, recovery_pause=0.02)
PATIENT = Timeouts(retry_pause=0.005, recovery=5.0, recovery_pause=0.05)
WRITERS = {name: tool for name, tool in TOOLS.items() if tool.access == "write" and name != "upload_attachment"}
"""Which part of an upload was lost decides what is said of it; test_attachment_uploads.py tests that."""
LATEST_OF_DOCS = "1aa8f65d687f013ee38926c29d8a3aa60f262b5f"
MORE_CALLS = [
    (
        "create_work_item",
        {"type": "task", "title": " Several <b> values ", "description": "a & b\r\n\r\n- c", "parent": 12},
    ),
    (
        "create_work_item",
        {
            "type": "Bug",
            "title": "Fields",
            "area": "platform",
            "tags": ["b", "a"],
            "fields": [{"name": "Microsoft.VSTS.Common.Priority", "value": "1"}],
        },
    ),
    ("update_work_item", {"id": 4, "revision": 5, "description": "Other words", "tags": "b; A"}),
    ("update_work_item", {"id": 16, "revision": 3, "assigned_to": "mina sato"}),
    (
        "create_pull_request",
        {
            "repository": "platform-api",
            "source": "refs/heads/feature/async-sqlalchemy",
            "target": "main",
            "title": "Long",
            "description": "word " * 200,
            "draft": True,
            "work_items": [4],
        },
    ),
    ("update_pull_request", {"id": 16, "status": "abandoned"}),
    ("create_branch", {"repository": "docs", "branch": "refs/heads/by-tag", "source": "feature/rota-december"}),
    ("create_tag", {"repository": "platform-api", "tag": "v3", "source": "refs/tags/v2.8.0", "message": "Third one"}),
    ("revert", {"repository": "docs", "commits": [LATEST_OF_DOCS], "onto": "main", "branch": "refs/heads/back"}),
]
EXAMPLES = [(name, dict(example)) for name, tool in WRITERS.items() for example in tool.examples]
CALLS = EXAMPLES + MORE_CALLS
UNPROVABLE = {
    ("update_pull_request", "title"), ("set_thread_status", "status"), ("set_reviewers", "required"),
    ("set_reviewers", "optional"), ("label_pull_request", "add"), ("label_pull_request", "remove"),
    ("set_auto_complete", "strategy"), ("reactivate_pull_request", "id"), ("publish_pull_request", "id"),
    ("run_pipeline", "skip_stages"), ("create_iteration", "finish"), ("create_iteration", "team"),
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """The write request of a call, without host and token."""

    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes

    def twin(self, base_url: str, token: str, body: bytes | None = None) -> httpx.Request:
        url = httpx.URL(f"{base_url}{self.path}").copy_with(query=self.query)
        request = httpx.Request(self.method, url, headers=self.headers, content=self.body if body is None else body)
        next(httpx.BasicAuth("", token).auth_flow(request))
        return request

    def varied(self) -> bytes:
        """The same write with other texts."""
        if not self.body:
            return self.body
        body = json.loads(self.body)
        for row in body if isinstance(body, list) else []:
            path = row.get("path", "")
            if path.endswith("AssignedTo"):
                row["value"] = "Luis Ferreira"
            elif path.endswith(("Title", "Description", "ReproSteps")):
                row["value"] = f"{row['value']} or not"
        if isinstance(body, dict):
            for commit in body.get("commits", []):
                commit["comment"] = f"{commit['comment']} or not"
            body = {**body, **{key: f"{body[key]} or not" for key in ("title", "text", "description") if key in body}}
        return json.dumps(body).encode()

    def other_field(self) -> bytes:
        """A change of something else in the same item."""
        body = json.loads(self.body)
        if isinstance(body, dict):
            return json.dumps({"description": "Something else"}).encode()
        return json.dumps([{"op": "add", "path": "/fields/Microsoft.VSTS.Common.Priority", "value": 4}]).encode()


@dataclass
class Scene:
    """An organization, the same organization without the write, and what is done to both."""

    server: SimulatorServer
    control: Organization
    sent: Sent
    tls: object
    arguments: dict[str, object]
    skip: int = 0
    backdate: timedelta = timedelta(0)
    during: list[Callable[["Scene", AzureDevOps, str], Awaitable[None]]] = field(default_factory=list)

    @property
    def both(self) -> tuple[Organization, Organization]:
        return self.server.organization, self.control

    def twin(self, token: str = FULL, body: bytes | None = None) -> None:
        """Send a write to both, as another process would."""
        with httpx.Client(verify=self.tls) as raw:
            raw.send(self.sent.twin(self.server.base_url, token, body))
        self.repeat_in_control(token, body)
        self.refresh()

    def repeat_in_control(self, token: str = FULL, body: bytes | None = None) -> None:
        """Let what another call did happen in the other organization, too."""

        async def send() -> None:
            transport = httpx.ASGITransport(create_app(self.control))
            async with httpx.AsyncClient(transport=transport, verify=self.tls) as raw:
                await raw.send(self.sent.twin(f"http://127.0.0.1/{self.control.name}", token, body))

        asyncio.run(send())

    def refresh(self) -> None:
        """Read the pull requests of both: one whose completion was asked for is completed when it is read."""
        for organization in self.both:
            asyncio.run(self._read(organization))

    async def _read(self, organization: Organization) -> None:
        address = str(httpx.URL(self.server.base_url))
        transport = httpx.ASGITransport(create_app(organization))
        async with httpx.AsyncClient(transport=transport, auth=("", FULL), params={"api-version": "7.1"}) as raw:
            answer = await raw.get(f"{address}/_apis/git/pullrequests", params={"searchCriteria.status": "all"})
            assert answer.is_success, answer.text

    def happened(self) -> bool:
        """Whether the write had an effect. A cherry-pick or revert that failed leaves a record of the attempt only."""
        self.refresh()
        found = difference(export_world(self.control), export_world(self.server.organization))
        return any("/replays/" not in path for path in found)


class Wire(httpx.AsyncBaseTransport):
    """The network. Around the first write it lets other things happen; the dates of answers may be wrong."""

    def __init__(self, scene: Scene) -> None:
        self._inner, self._scene, self.client = open_network(scene.server.base_url), scene, None
        self._waiting = list(scene.during)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        while writes([request]) and self._waiting:
            await self._waiting.pop(0)(self._scene, self.client, self.tool)
        response = await self._inner.handle_async_request(request)
        if self._scene.backdate and "date" in response.headers:
            told = parsedate_to_datetime(response.headers["date"]) - self._scene.backdate
            response.headers["date"] = format_datetime(told, usegmt=True)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


# -- situations: what is there before, and what happens while the write is under way -----------------------------------


def alone(scene: Scene) -> None:
    pass


def with_a_slow_index(scene: Scene) -> None:
    for organization in scene.both:
        organization.work_item_lag = timedelta(hours=1)


def project_by_id(scene: Scene) -> None:
    scene.arguments["project"] = scene.server.organization.project("Platform").id


def project_in_other_letters(scene: Scene) -> None:
    scene.arguments["project"] = "pLATFORM"


def renamed_project(scene: Scene) -> None:
    scene.arguments["project"] = scene.server.organization.project("Platform").id
    for organization in scene.both:
        project = organization.project("Platform")
        project.name = "Foundation"
        for root in (organization.work_items.area(project), organization.work_items.iteration(project)):
            root.name = "Foundation"


def same_write_a_minute_before(scene: Scene) -> None:
    scene.twin()
    for organization in scene.both:
        organization.clock.advance(60)


def same_write_a_minute_before_and_wrong_dates(scene: Scene) -> None:
    same_write_a_minute_before(scene)
    for organization in scene.both:
        organization.clock.advance(600)
    scene.backdate = timedelta(days=1)


def during(scene: Scene, happens: Callable[[], None]) -> None:
    async def happen(_scene: Scene, _client: AzureDevOps, _tool: str) -> None:
        await asyncio.to_thread(happens)

    scene.during.append(happen)
    scene.skip += 1


def same_write_of_another_account(scene: Scene) -> None:
    during(scene, lambda: scene.twin(OTHERS))


def other_values_of_the_same_account(scene: Scene) -> None:
    if scene.sent.body and json.loads(scene.sent.varied()) != json.loads(scene.sent.body):
        during(scene, lambda: scene.twin(FULL, scene.sent.varied()))


def other_field_of_the_same_account(scene: Scene) -> None:
    if scene.sent.method == "PATCH":
        during(scene, lambda: scene.twin(FULL, scene.sent.other_field()))


def same_call_of_this_process(scene: Scene) -> None:
    async def call(scene: Scene, client: AzureDevOps, tool: str) -> None:
        await asyncio.to_thread(attempt, client, tool, scene.arguments)
        await asyncio.to_thread(scene.repeat_in_control)

    scene.during.append(call)
    scene.skip += 1


def same_call_of_this_process_lost_as_well(scene: Scene) -> None:
    async def call(scene: Scene, client: AzureDevOps, tool: str) -> None:
        await asyncio.to_thread(attempt, client, tool, scene.arguments)
        await asyncio.to_thread(scene.repeat_in_control)

    scene.during.append(call)
    scene.server.organization.faults.add(Fault("reset", scene.sent.method, when="after", times=1, path=scene.sent.path))
    scene.skip = 0


SITUATIONS = [
    alone, with_a_slow_index, project_by_id, project_in_other_letters, renamed_project,
    same_write_a_minute_before, same_write_a_minute_before_and_wrong_dates, same_write_of_another_account,
    other_values_of_the_same_account, other_field_of_the_same_account, same_call_of_this_process,
    same_call_of_this_process_lost_as_well,
]  # fmt: skip
LOSSES = {
    "before": {"kind": "reset", "when": "before"},
    "after": {"kind": "status", "status": 502, "body": "html", "when": "after"},
    "late": {"kind": "status", "status": 502, "body": "html", "when": "late", "late": 0.1},
    "too late": {"kind": "reset", "when": "late", "late": 0.5},
}
CERTAIN = {
    alone,
    with_a_slow_index,
    project_by_id,
    project_in_other_letters,
    renamed_project,
    same_write_a_minute_before,
}
"""Situations in which an effect that is there within the time has to be found."""


def combine(calls: list[tuple[str, dict]], situations: list[Callable[[Scene], None]], losses: set[str]) -> list[tuple]:
    return [
        (name, arguments, situation, loss)
        for name, arguments in calls
        for situation in situations
        for loss in LOSSES
        if loss in losses and ("project" not in situation.__name__ or "project" in TOOLS[name].parameters.model_fields)
    ]


CASES = [
    *combine(EXAMPLES, SITUATIONS, {"before", "after"}),
    *combine(EXAMPLES, [alone, with_a_slow_index], {"late", "too late"}),
    *combine(MORE_CALLS, [alone], {"after", "late"}),
    *combine(MORE_CALLS, [other_values_of_the_same_account], {"before", "after"}),
]


class Agreeing:
    """Approves every write, also one that may be done twice."""

    needs_current = False

    def __call__(self, request: WriteRequest) -> Approval:
        return Approval(True, request.digest, "dana")


def attempt(client: AzureDevOps, tool: str, arguments: dict[str, object]) -> object:
    try:
        with approve_writes_with(Agreeing()):
            return TOOLS[tool].call_sync(client, **arguments)
    except AzureDevOpsError as error:
        return error


@pytest.fixture(scope="module")
def seeded() -> Original:
    organization = seed_with_tokens()
    other = next(user for user in organization.users.values() if user.id != organization.tokens[FULL].user.id)
    organization.add_token(OTHERS, ("app_token",), other)
    # Without builds, an organization is copied and compared much faster. One of them is what a work item is linked to,
    # and another one waits for an approval.
    known = organization.builds
    organization.builds = BuildStore()
    organization.builds.definitions = known.definitions
    organization.builds.builds |= {number: known.builds[number] for number in (35, 38)}
    return Original(organization)


@pytest.fixture(scope="module")
def requests(seeded) -> dict[str, Sent]:
    """The write request of each call, taken from a call that nothing disturbs."""
    found = {}
    for name, arguments in CALLS:
        seen: list[httpx.Request] = []
        with SimulatorServer(seeded.copy()) as server:
            settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
            with AzureDevOps(settings, writes="allow", transport=Recorder(server.base_url, seen)) as client:
                TOOLS[name].call_sync(client, **arguments)
            request = writes(seen)[0]
            path = request.url.raw_path.decode().partition("?")[0].removeprefix(httpx.URL(server.base_url).path)
            headers = {key: request.headers[key] for key in ("accept", "content-type") if key in request.headers}
            found[str((name, arguments))] = Sent(request.method, path, request.url.query, headers, request.content)
    return found


def wait_for_late_effects(scene: Scene, loss: str) -> None:
    """Wait until the clock, which every write moves on, shows that the late write took effect."""
    end = time.monotonic() + 5
    while "late" in loss and time.monotonic() < end:
        if scene.server.organization.clock.now() > scene.control.clock.now():
            break
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "arguments", "situation", "loss"),
    CASES,
    ids=[f"{name}-{'-'.join(arguments)}-{situation.__name__}-{loss}" for name, arguments, situation, loss in CASES],
)
def test_what_is_said_of_a_lost_write_is_true(name, arguments, situation, loss, seeded, requests, tls):
    sent = requests[str((name, arguments))]
    with SimulatorServer(seeded.copy()) as server:
        timeouts = PATIENT if loss == "late" else BRIEF
        scene = Scene(server, seeded.copy(), sent, tls, dict(arguments))
        situation(scene)
        path = sent.path.removeprefix("/Platform")
        server.organization.faults.add(Fault(method=sent.method, path=path, skip=scene.skip, times=1, **LOSSES[loss]))
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
        wire = Wire(scene)
        context = RunContext(server.organization.clock.now, timeouts=timeouts)
        with AzureDevOps(settings, writes="ask", context=context, transport=wire) as client:
            wire.client, wire.tool = client, name
            said = attempt(client, name, scene.arguments)
        wait_for_late_effects(scene, loss)
    happened = scene.happened()
    said_class = type(said).__name__ if isinstance(said, AzureDevOpsError) else "done"
    if said_class == "done" and any("nothing was sent" in note.lower() for note in said.notes):
        assert not happened, said
    elif said_class == "done":
        assert happened, said
        assert said.notes
    elif isinstance(said, errors.WriteOutcomeUnknown):
        assert said.url in said.message
        assert said.url
    else:
        assert not happened, said
    provable = (name, next(reversed(arguments))) not in UNPROVABLE
    if situation in CERTAIN and loss in {"after", "late"} and provable and happened:
        assert said_class == "done", said
