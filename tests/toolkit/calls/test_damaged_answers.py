"""Every answer that every example call gets, damaged in every way: a correct result or an error of ours, nothing else.

The answers are recorded from the simulator, those to the recovery of a write included, and served again over HTTP.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from stub_service import Reply, Seen, StubService, ok
from tool_calls import FULL, UPLOADS, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from azure_devops_simulator.state.clock import SEED_NOW
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, Page, Result, Tool, Toolset, errors
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.results.models import Records
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import audit
from langchain_azure_devops.safety.audit import AuditLog, read_entries
from langchain_azure_devops.safety.write_memory import WriteMemory
from langchain_azure_devops.settings import load_settings

QUICK = RunContext(
    clock=lambda: SEED_NOW,
    timeouts=Timeouts(retry_pause=0.001, max_retry_pause=0.001, max_attempts=2, recovery=0.0),
)
CASES = [(name, number) for name, tool in TOOLS.items() for number in range(len(tool.examples))]
OUTCOMES = {"written", "failed", "unknown"}
NO_TIMELINE = ("nothing", "null")
"""What the service itself answers for the timeline of a build that never ran."""

Key = tuple[bool, str, str]
"""Whether the write was sent before, the method, and the target of a request."""


@dataclass
class Recording:
    """The first answer to each request of one call."""

    answers: dict[Key, Reply] = field(default_factory=dict)
    written: bool = False

    def key(self, method: str, target: str) -> Key:
        return self.written, method, target.split("?api-version", maxsplit=1)[0]


class Recorder(httpx.AsyncBaseTransport):
    """The simulator over HTTP; records its answers, and loses the answer to a write if it is told to."""

    def __init__(self, url: str, recording: Recording, writes: frozenset[str], *, lose: bool) -> None:
        self._inner = open_network(url)
        self._recording = recording
        self._writes = writes
        self._lose = lose

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        await response.aclose()
        kept = ("x-vss-userdata", "x-ms-continuationtoken", "date", "etag")
        headers = {name: response.headers[name] for name in kept if name in response.headers}
        reply = Reply(response.status_code, content, headers, response.headers.get("content-type", ""))
        recording = self._recording
        recording.answers.setdefault(recording.key(request.method, request.url.raw_path.decode()), reply)
        if is_write(request.method, request.extensions["request_context"].operation.template, self._writes):
            recording.written = True
            if self._lose:
                raise httpx.ReadError("lost")
        headers["content-type"] = reply.content_type
        return httpx.Response(response.status_code, headers=headers, content=content)

    async def aclose(self) -> None:
        await self._inner.aclose()


def is_write(method: str, template: str, writes: frozenset[str]) -> bool:
    return f"{method} {template}" in writes


def writes_of(tool: Tool) -> frozenset[str]:
    return frozenset(f"{operation.method} {operation.template}" for operation in tool.operations)


def record(tool: Tool, arguments: dict) -> Recording:
    recording = Recording()
    for lose in (False, True) if tool.access == "write" else (False,):
        recording.written = False
        with SimulatorServer(seed_with_tokens()) as server:
            settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
            transport = Recorder(server.base_url, recording, writes_of(tool), lose=lose)
            with AzureDevOps(settings, files=UPLOADS, writes="allow", context=QUICK, transport=transport) as client:
                try:
                    tool.call_sync(client, **arguments)
                except errors.WriteOutcomeUnknown:
                    assert lose
    return recording


# -- damage --------------------------------------------------------------------------------------------------------

DEEP = b'{"value":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
BAD_LOCATIONS = ("http://[bad", "https://\x01/", "http://host:99999999/", "//[::1")
BAD_DATE = "Mon, 01 Jan 2024 99999999999999999999:00:00 GMT"
WHOLE = {
    "nothing": b"", "null": b"null", "a list": b"[]", "a text": b'"text"', "a number": b"7", "no field": b"{}",
    "no JSON": b"{not json}", "deep": DEEP,
}  # fmt: skip


@dataclass(frozen=True)
class Damage:
    name: str
    reply: Reply
    whole: bool = False


def damages(reply: Reply) -> Iterator[Damage]:
    """Everything that may become of an answer on its way."""
    for location in BAD_LOCATIONS:
        yield Damage(f"location {location!r}", Reply(302, b"moved", {"Location": location}, "text/html"), whole=True)
    yield Damage("date", Reply(reply.status, reply.body, {**reply.headers, "date": BAD_DATE}, reply.content_type))
    if "json" not in reply.content_type:
        yield Damage("nothing", with_body(reply, b""))
        yield Damage("no UTF-8", with_body(reply, b"\xff\xfe\xfd\x00\xd8" + reply.body))
        return
    for name, body in WHOLE.items():
        yield Damage(name, with_body(reply, body), whole=True)
    yield Damage("cut", with_body(reply, reply.body[: len(reply.body) * 2 // 3]), whole=True)
    yield Damage("no UTF-8", with_body(reply, reply.body.replace(b'"', b'"\xff', 1)), whole=True)


def with_body(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.status, body, reply.headers, reply.content_type)


def emptied(reply: Reply) -> Reply:
    """The answer to a query that finds nothing; an answer about one thing stays as it is."""
    body = json.loads(reply.body) if "json" in reply.content_type else None
    if not isinstance(body, dict):
        return reply
    empty = {name: [] if isinstance(value, list) else value for name, value in body.items()}
    return with_body(reply, json.dumps(empty).encode())


def shortened(body: object) -> object:
    """An answer with at most two rows in each list, which has the same fields as the whole one."""
    if isinstance(body, dict):
        return {name: shortened(value) for name, value in body.items()}
    return [shortened(row) for row in body[:1] + body[1:][-1:]] if isinstance(body, list) else body


def inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
    elif isinstance(value, list):
        yield from range(len(value))


def changed(body: object, path: tuple, value: object) -> object:
    body = copy.deepcopy(body)
    place = body
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return body


# -- the matrix ----------------------------------------------------------------------------------------------------


class Service:
    """Serves a recording, with one answer of it damaged."""

    def __init__(self, recording: Recording, tool: Tool) -> None:
        self._recording = recording
        self._writes = [operation.method for operation in tool.operations]
        self.damaged: dict[Key, Reply] = {}
        self.written = False
        self.unknown: list[str] = []

    def __call__(self, seen: Seen) -> Reply:
        key = (self.written, *self._recording.key(seen.method, seen.target)[1:])
        reply = self._recording.answers.get(key) or self._recording.answers.get((not self.written, *key[1:]))
        if reply is None:
            self.unknown.append(f"{seen.method} {seen.target}")
            return Reply(404, {"message": "not recorded", "typeKey": "NotRecorded"}, {"X-VSS-UserData": "1:x"})
        if self.is_write(seen.method, seen.target):
            self.written = True
        return self.damaged.get(key, reply)

    def is_write(self, method: str, target: str) -> bool:
        return method in self._writes and not any(read in target for read in ("wiql", "/preview"))


async def outcome(tool: Tool, client: AzureDevOps, arguments: dict) -> object:
    # Each call stands for one of its own, which knows of no other.
    client.write_memory = WriteMemory()
    try:
        return await tool(client, **arguments)
    except AzureDevOpsError as error:
        return error


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """This test is about what is recorded, not about when it is on the disk."""
    monkeypatch.setattr(audit.os, "fsync", lambda _descriptor: None)


# The walk of diagnose_build makes thousands of calls.
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "example"), CASES, ids=str)
def test_a_damaged_answer_is_an_error_of_ours_and_leaves_the_outcome_of_a_write(name, example, tmp_path):
    tool = TOOLS[name]
    arguments = dict(tool.examples[example])
    recording = record(tool, arguments)
    service = Service(recording, tool)
    log = AuditLog(tmp_path / "audit.jsonl")
    with StubService(service) as stub:
        base_url = stub.base_url.replace("/contoso", "/tidewater")
        settings = load_settings(base_url=base_url, pat=FULL, default_project="Platform", environ={})
        with AzureDevOps(settings, files=UPLOADS, writes="allow", context=QUICK, audit=log) as client:
            client.run_sync(go_through(tool, client, arguments, recording, service))
    events = [entry.event for entry in read_entries(log.path)]
    assert events.count("granted") == sum(event in OUTCOMES for event in events)


async def go_through(tool: Tool, client: AzureDevOps, arguments: dict, recording: Recording, service: Service) -> None:
    async def got_with(key: Key | None, damage: Damage | None) -> object:
        service.damaged, service.written = {key: damage.reply} if key and damage else {}, False
        return await outcome(tool, client, arguments)

    async def damage_values(key: Key, reply: Reply, body: object, reference: object, path: tuple = ()) -> None:
        """Damage each value that the tool reads; one that can be replaced or left out without effect is not read."""
        value = body
        for name in path:
            value = value[name]
        for name in inside(value):
            here = (*path, name)
            got = [await got_with(key, damaged(reply, body, here, other)) for other in ({"no": 1}, ...)]
            if got != [reference, reference]:
                for other in (None, -7 if isinstance(value[name], str) else "text"):
                    await got_with(key, damaged(reply, body, here, other))
                await damage_values(key, reply, body, reference, here)

    reference = await got_with(None, None)
    assert not isinstance(reference, AzureDevOpsError), reference
    assert service.unknown == []
    seen = set()
    for key, reply in recording.answers.items():
        if not key[0] and service.is_write(*key[1:]):
            await damage_recovery(tool, client, arguments, recording, service, key)
        for damage in damages(reply):
            got = await got_with(key, damage)
            if damage.whole and not isinstance(got, AzureDevOpsError) and got != reference:
                where = f"{key[1]} {key[2]}: {damage.name}"
                assert says_what_is_missing(got) or ("timeline" in key[2] and damage.name in NO_TIMELINE), where
        # The values of answers to the same question about another build or commit are damaged once.
        form = (*key[:2], re.sub(r"\b([0-9a-f-]{32,}|\d+)\b", "#", key[2]))
        if "json" in reply.content_type and arguments == tool.examples[0] and form not in seen:
            seen.add(form)
            body = shortened(json.loads(reply.body))
            undamaged = await got_with(key, Damage("short", with_body(reply, json.dumps(body).encode())))
            await damage_values(key, reply, body, undamaged)


async def damage_recovery(
    tool: Tool, client: AzureDevOps, arguments: dict, recording: Recording, service: Service, write: Key
) -> None:
    """Damage the answer to a write that was accepted, and the answers to its recovery too: it is never "not done"."""
    reply = recording.answers[write]
    empty = {key: emptied(answer) for key, answer in recording.answers.items() if key[0]}
    later = [{}, empty, *({key: damage.reply} for key in empty for damage in damages(recording.answers[key]))]
    for damage in (damage for damage in damages(reply) if damage.reply.status < 300):
        for others in later if damage.name in {"nothing", "no field"} else later[:2]:
            service.damaged, service.written = {**others, write: damage.reply}, False
            got = await outcome(tool, client, arguments)
            assert not isinstance(got, AzureDevOpsError) or isinstance(got, errors.WriteOutcomeUnknown), got


def damaged(reply: Reply, body: object, path: tuple, value: object) -> Damage:
    return Damage(f"{path} is {value}", with_body(reply, json.dumps(changed(body, path, value)).encode()))


async def broken(client: AzureDevOps, *, id: int) -> Result:
    """Fail as a tool with a mistake in it does."""
    where = {"id": id}
    await client.post("/_apis/wit/workitems/{id}", {}, path=where, method="PATCH")
    return Result.model_validate(where["title"])


@pytest.mark.parametrize("access", ["read", "write"])
def test_a_mistake_of_a_tool_propagates_and_a_write_leaves_its_outcome(access, tmp_path):
    toolset = Toolset.named("own", "A user's own tools.")
    declare = toolset.read() if access == "read" else toolset.write(sends="PATCH /_apis/wit/workitems/{id}")

    async def reading(client: AzureDevOps, *, id: int) -> Result:
        """Fail before anything is asked."""
        return Result.model_validate({"id": id}["title"])

    tool = declare(reading if access == "read" else broken)
    log = AuditLog(tmp_path / "audit.jsonl")
    with StubService([ok({"id": 1})]) as stub:
        settings = load_settings(base_url=stub.base_url, pat=FULL, environ={})
        with AzureDevOps(settings, files=UPLOADS, writes="allow", context=QUICK, audit=log) as client:
            with pytest.raises(KeyError, match="title"):
                tool.call_sync(client, id=1)
    events = [entry.event for entry in read_entries(log.path)] if log.path.exists() else []
    assert events == ([] if access == "read" else ["approved", "granted", "unknown"])


def says_what_is_missing(result: object) -> bool:
    if isinstance(result, Records) and any(map(says_what_is_missing, result.items)):
        return True
    notes = [*getattr(result, "notes", []), getattr(result, "note", None)]
    return any(notes) or (isinstance(result, Page) and bool(result.failed))
