"""Every fault, with every kind of operation, before and after its effect: the answer is right, or it says what is not.

Real HTTP against the simulator, which lets the effect happen or not and then fails as told.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from tool_calls import FULL, Recorder, seed_with_tokens, writes

from azure_devops_simulator import Fault, Organization, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, errors
from langchain_azure_devops.calls.recovery import FOUND
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

APPROVED, ITEM, DISCUSSED, BUILD = 15, 16, 12, 35
TIMEOUTS = Timeouts(request=1.2, retry_pause=0.005, max_retry_pause=0.01, recovery=0.1, recovery_pause=0.05)


@dataclass(frozen=True)
class Failure:
    """A fault, when it strikes, and which error a write becomes when its effect is not there."""

    name: str
    fault: dict[str, object]
    when: str = "before"
    repeated: bool = True
    absent: type[AzureDevOpsError] = errors.WriteOutcomeUnknown

    def at(self, method: str, path: str, skip: int) -> Fault:
        return Fault(method=method, path=path, when=self.when, skip=skip, times=1, **self.fault)

    def __str__(self) -> str:
        return f"{self.name}, {self.when}"


def status(code: int, body: str = "json") -> dict[str, object]:
    return {"kind": "status", "status": code, "body": body}


def both(name: str, fault: dict[str, object], **more: object) -> list[Failure]:
    return [Failure(name, fault, when, **more) for when in ("before", "after")]


FAILURES = [
    Failure("429 with Retry-After", {"kind": "throttle", "retry_after": 0.05}),
    Failure("429 without Retry-After", status(429)),
    *both("500 with a general type key", status(500)),
    *both("500 HTML", status(500, "html")),
    *both("502", status(502, "html")),
    *both("503 JSON", status(503)),
    *both("503 HTML", status(503, "html")),
    *both("503 with a byte order mark", status(503, "bom")),
    *both("504", status(504, "html")),
    *both("reset", {"kind": "reset"}),
    Failure("truncated body", {"kind": "truncate"}, "after"),
    *both("time-out", {"kind": "reset", "delay": 1.6}),
    Failure("sign-in page", status(203, "html"), repeated=False, absent=errors.SignInRequired),
]
"""A throttled request and one that was answered by the sign-in page never took effect, so there is no `after`."""


@dataclass(frozen=True)
class Read:
    """An operation that reads: which of its requests fails, and how to do it."""

    method: str
    path: str
    run: Callable[[AzureDevOps], object]
    skip: int = 0


def pages(client: AzureDevOps) -> list[int]:
    found, cursor = [], None
    while True:
        page = TOOLS["list_builds"].call_sync(client, limit=4, cursor=cursor)
        found += [build.id for build in page.items]
        if (cursor := page.cursor) is None or len(found) >= 12:
            return found


def reading(name: str, **arguments: object) -> Callable[[AzureDevOps], object]:
    return lambda client: TOOLS[name].call_sync(client, **arguments).model_dump()


READS = {
    "GET": Read("GET", f"/wit/workitems/{ITEM}", reading("get_work_item", ids=[ITEM])),
    "POST that reads": Read("POST", "/wit/wiql", reading("query_work_items", type="Bug", limit=5)),
    "second page": Read("GET", "/build/builds", pages, skip=1),
    "file": Read("GET", "/items", reading("read_repository_file", repository="platform-api", path="/README.md")),
    "log": Read("GET", "/logs/", reading("get_build_log", build=BUILD, log=1)),
}


@dataclass(frozen=True)
class Write:
    """An operation that writes: its one write request, how to do it, and how often its effect is there."""

    method: str
    path: str
    run: Callable[[AzureDevOps], object]
    effects: Callable[[Organization], int]


def complete(client: AzureDevOps) -> object:
    tip = TOOLS["get_pull_request"].call_sync(client, ids=[APPROVED]).source_commit
    return TOOLS["update_pull_request"].call_sync(client, id=APPROVED, status="completed", source_commit=tip)


def writing(name: str, **arguments: object) -> Callable[[AzureDevOps], object]:
    return lambda client: TOOLS[name].call_sync(client, **arguments)


def titled(title: str) -> Callable[[Organization], int]:
    return lambda organization: sum(item.revision.fields["System.Title"] == title for item in organization.work_items)


def commented(organization: Organization) -> int:
    return sum(comment.text == "Only once" for comment in organization.work_items.get(DISCUSSED).comments)


def merged(organization: Organization) -> int:
    return sum(
        request.status == "completed" and request.id == APPROVED for request in organization.pull_requests.values()
    )


WRITES = {
    "create": Write("POST", "/wit/workitems/", writing("create_work_item", type="Bug", title="Made"), titled("Made")),
    "comment": Write("POST", "/comments", writing("add_work_item_comment", id=DISCUSSED, text="Only once"), commented),
    "update": Write(
        "PATCH", "/wit/workitems/", writing("update_work_item", id=ITEM, revision=3, title="Changed"), titled("Changed")
    ),
    "complete": Write("PATCH", "/pullrequests/", complete, merged),
}


class Setting:
    """A service of its own, a client of it, and every request that was sent."""

    def __init__(self, server: SimulatorServer) -> None:
        self.sent: list[httpx.Request] = []
        self.organization = server.organization
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
        self.client = AzureDevOps(
            settings,
            writes="allow",
            context=RunContext(clock=server.organization.clock.now, timeouts=TIMEOUTS),
            transport=Recorder(server.base_url, self.sent),
        )
        self._known: dict[str, tuple[object, int]] = {}

    def undisturbed(self, read: Read) -> tuple[object, int]:
        """The answer without a fault, and how many requests it takes once names are known."""
        if read.path not in self._known:
            read.run(self.client)
            self.sent.clear()
            self._known[read.path] = (read.run(self.client), len(self.sent))
        return self._known[read.path]


@pytest.fixture(scope="module", params=FAILURES, ids=str)
def broken(request):
    """A service for each failure: the writes of one do not meet those of another."""
    with SimulatorServer(seed_with_tokens()) as server:
        made = Setting(server)
        with made.client:
            yield request.param, made


@pytest.fixture(scope="module")
def reader():
    """Reads change nothing: one service serves them all."""
    with SimulatorServer(seed_with_tokens()) as server:
        made = Setting(server)
        with made.client:
            yield made


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_read_answers_as_if_nothing_had_happened_or_says_why_not(reader, failure, operation):
    read = READS[operation]
    reader.organization.faults.clear()
    expected, requests = reader.undisturbed(read)
    reader.sent.clear()
    reader.organization.faults.add(failure.at(read.method, read.path, read.skip))
    if failure.repeated:
        assert read.run(reader.client) == expected
        assert len(reader.sent) == requests + 1
    else:
        with pytest.raises((errors.ServiceFault, errors.SignInRequired)) as caught:
            read.run(reader.client)
        assert caught.value.headline.startswith(("[unavailable ServiceFault", "[not_signed_in SignInRequired"))
        assert len(reader.sent) <= requests


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_is_done_once_and_told_so_or_reported_as_unknown(broken, operation):
    failure, setting = broken
    write = WRITES[operation]
    setting.organization.faults.clear()
    setting.sent.clear()
    setting.organization.faults.add(failure.at(write.method, write.path, 0))
    sent = 1
    if failure.name.startswith("429"):
        assert not write.run(setting.client).notes
        sent = 2
    elif failure.when == "after":
        result = write.run(setting.client)
        assert result.notes[0] == FOUND
    else:
        with pytest.raises(failure.absent) as caught:
            write.run(setting.client)
        assert type(caught.value) is failure.absent
        if failure.name != "sign-in page":
            assert "3 look-ups within 0 s did not find" in caught.value.message
            assert "do not repeat it" in caught.value.message
            assert caught.value.url in caught.value.message
            assert caught.value.url
            assert "does not prove that it was not done" in caught.value.message
    assert write.effects(setting.organization) == (0 if failure.when == "before" and sent == 1 else 1)
    assert len(writes(setting.sent)) == sent
