"""Approval of writes by the person at an MCP host, over both ways of asking; see test_mcp_server.py for the rest."""

import asyncio
import contextlib
import json
import time
from functools import partial

import anyio
import httpx
import jsonschema
import pytest
from mcp import Client, MCPError
from mcp.shared.memory import create_client_server_memory_streams
from mcp.types import ElicitResult, InputRequiredResult
from tool_calls import FULL, UPLOADS, Recorder, call, connected, find_work_items, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.adapters.mcp_server import approval, make_mcp_server
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import AuditLog

BUG = {"type": "Bug", "title": "The export fails"}
CHANGE = {"id": 4, "revision": 5, "title": "Another title"}
YES = ElicitResult(action="accept", content={"approve": True})
NO_ANSWERS = {
    "declined": ElicitResult(action="decline"),
    "cancelled": ElicitResult(action="cancel"),
    "accepted without the tick": ElicitResult(action="accept", content={"approve": False}),
    "accepted without an answer": ElicitResult(action="accept"),
    "a text for yes": ElicitResult(action="accept", content={"approve": "true"}),
    "a number for yes": ElicitResult(action="accept", content={"approve": 1}),
    "declined with a yes": ElicitResult(action="decline", content={"approve": True}),
    "another field": ElicitResult(action="accept", content={"approved": True}),
}

WRITERS = [
    (name, number) for name, tool in TOOLS.items() for number in range(len(tool.examples)) if tool.access == "write"
]
QUICK = Timeouts(recovery=0.5, recovery_pause=0.1)
MODES = pytest.mark.parametrize("mode", ["auto", "legacy"])


class Interfering(Recorder):
    """The real network, on which somebody acts right before one of the readings of work item 4."""

    def __init__(self, url, sent):
        super().__init__(url, sent)
        self.at, self.act, self.read = 0, None, 0

    async def handle_async_request(self, request):
        if request.method == "GET" and request.url.path.endswith("/workitems/4"):
            self.read += 1
            if self.read == self.at:
                await asyncio.to_thread(self.act)
        return await super().handle_async_request(request)


class Desk:
    """A host with a person, and a service that counts the writes."""

    def __init__(self, server):
        self.base_url, self.sent, self.asked, self.answers = server.base_url, [], [], []
        self.network = Interfering(server.base_url, self.sent)
        self.toolkit = AzureDevOpsToolkit.connect(
            base_url=server.base_url,
            pat=FULL,
            default_project="Platform",
            toolsets="all",
            attachments_folder=UPLOADS.folder,
            transport=self.network,
            context=RunContext(server.organization.clock.now, timeouts=QUICK),
        )
        self.sent.clear()  # the requests with which the toolkit found out what its token may do
        self.server = make_mcp_server(self.toolkit)

    async def answer(self, _, params):
        self.asked.append(params)
        given = self.answers.pop(0)
        return await given() if callable(given) else given

    def client(self, mode, **options):
        return Client(self.server, mode=mode, elicitation_callback=self.answer, **options)

    @property
    def written(self):
        return [request.url.path for request in writes(self.sent)]

    def change_title(self, number, title):
        """Change a work item as somebody else does."""
        with connected(self.base_url, FULL) as other:
            revision = call(other, "get_work_item", ids=[number]).revision
            call(other, "update_work_item", id=number, revision=revision, title=title)

    def count(self, title):
        with connected(self.base_url, FULL) as other:
            return len(find_work_items(other, title=title))


class Wire(anyio.abc.ObjectSendStream):
    """The stream from a server to its host, on which `on_report` runs before each report of progress is sent."""

    def __init__(self, stream, on_report, sent):
        self.stream, self.on_report, self.sent = stream, on_report, sent

    async def send(self, message):
        sent = message.message.model_dump(by_alias=True)
        if sent.get("method") == "notifications/progress":
            await self.on_report()
        self.sent.append(sent)
        await self.stream.send(message)

    async def aclose(self):
        await self.stream.aclose()


@contextlib.asynccontextmanager
async def wired(server, on_report, sent):
    """A transport to a server; `sent` gets what it sends."""
    async with (
        create_client_server_memory_streams() as (streams, (received, stream)),
        anyio.create_task_group() as group,
    ):
        wire = Wire(stream, on_report, sent)
        group.start_soon(server.run, received, wire, server.create_initialization_options())
        yield streams
        group.cancel_scope.cancel()


def put_title(server, number, title):
    """Give a work item a title that no client of ours would send."""
    change = [{"op": "add", "path": "/fields/System.Title", "value": title}]
    httpx.patch(
        f"{server.base_url}/Platform/_apis/wit/workitems/{number}?api-version=7.1",
        json=change,
        headers={"Content-Type": "application/json-patch+json"},
        auth=("", FULL),
    ).raise_for_status()


def wait_for_effect(desk, organization):
    """Wait until the service has done what it was asked, of which it tells slowly."""
    while not organization.faults.counted()[0][2] or not desk.count("The export fails"):
        time.sleep(0.01)


def wait_for_completion(organization):
    """Wait until the service has taken a completion, of which it tells slowly."""
    while organization.pull_requests[15].completing_by is None:
        time.sleep(0.01)


@pytest.fixture
def desk(server):
    made = Desk(server)
    with made.toolkit:
        yield made


def text(result):
    return result.content[0].text


@MODES
async def test_an_approved_write_is_sent_once_and_the_person_saw_all_of_it(desk, mode):
    desk.answers = [YES]
    async with desk.client(mode) as client:
        result = await client.call_tool("update_work_item", CHANGE)
    assert not result.is_error
    assert result.structured_content["data"]["title"] == "Another title"
    assert len(desk.written) == 1
    [asked] = desk.asked
    for part in ("update_work_item", "tidewater", "Platform", "Another title", "Finding 7: storage account", "Active"):
        assert part in asked.message
    assert asked.requested_schema["required"] == ["approve"]
    assert {field["type"] for field in asked.requested_schema["properties"].values()} == {"boolean"}


@pytest.mark.parametrize(("name", "number"), WRITERS)
async def test_every_example_of_a_write_gives_data_that_fits_the_output_schema(desk, name, number):
    desk.answers = [YES]
    async with desk.client("auto") as client:
        result = await client.call_tool(name, dict(TOOLS[name].examples[number]))
    assert not result.is_error, text(result)
    jsonschema.validate(result.structured_content, TOOLS[name].output_schema)


@MODES
@pytest.mark.parametrize("answer", NO_ANSWERS)
async def test_everything_but_a_clear_yes_is_no(desk, mode, answer):
    desk.answers = [NO_ANSWERS[answer]]
    async with desk.client(mode) as client:
        result = await client.call_tool("create_work_item", BUG)
    assert result.is_error
    assert text(result).startswith("[blocked WriteBlocked create_work_item]\n")
    assert "a person" in text(result)
    assert desk.written == []
    assert len(desk.asked) == 1


@MODES
async def test_a_host_that_cannot_ask_gets_no_write_and_learns_what_to_do(desk, mode):
    async with Client(desk.server, mode=mode) as client:
        result = await client.call_tool("create_work_item", BUG)
    assert result.is_error
    assert "this host cannot ask a person for approval" in text(result)
    assert "--read-only" in text(result)
    assert desk.written == []


async def fail_to_ask():
    raise RuntimeError("the dialog crashed")


async def test_a_host_whose_dialog_fails_gets_no_write_and_learns_where_to_look(desk):
    desk.answers = [fail_to_ask]
    async with desk.client("legacy") as client:
        result = await client.call_tool("create_work_item", BUG)
    assert result.is_error
    assert "the host could not ask a person. Look at the messages of the host." in result.content[0].text
    assert (len(desk.asked), desk.written) == (1, [])


async def test_a_host_whose_dialog_fails_after_the_call_has_ended_writes_nothing(desk):
    desk.answers = [fail_to_ask]
    with pytest.RaisesGroup(RuntimeError, flatten_subgroups=True):
        async with desk.client("auto") as client:
            await client.call_tool("create_work_item", BUG)
    assert (len(desk.asked), desk.written) == (1, [])


@MODES
async def test_what_the_person_was_shown_must_still_hold(desk, mode):
    """Somebody changes the work item while the person thinks: the person is asked again, about what it is now."""

    async def change_meanwhile():
        await asyncio.to_thread(desk.change_title, 4, "Changed by somebody else")
        return YES

    desk.answers = [change_meanwhile, ElicitResult(action="decline")]
    async with desk.client(mode) as client:
        result = await client.call_tool("add_work_item_comment", {"id": 4, "text": "Noted."})
    assert result.is_error
    assert desk.written == []
    first, second = (asked.message for asked in desk.asked)
    assert "Finding 7: storage account" in first
    assert "Changed by somebody else" not in first
    assert "Changed by somebody else" in second
    assert "Changed since" in second


@pytest.mark.parametrize(("mode", "reading"), [("auto", 3), ("legacy", 2)])
async def test_what_changes_between_the_answer_and_the_write_is_asked_again(desk, mode, reading):
    """The reading right before the write, after those for the question and, in a call of its own, for the answer."""
    desk.network.at, desk.network.act = reading, lambda: desk.change_title(4, "Changed by somebody else")
    desk.answers = [YES, ElicitResult(action="decline")]
    async with desk.client(mode) as client:
        result = await client.call_tool("add_work_item_comment", {"id": 4, "text": "Noted."})
    assert text(result).startswith("[blocked WriteBlocked add_work_item_comment]\n")
    assert desk.written == []
    assert len(desk.asked) == 2
    assert "Changed since it was approved" in desk.asked[1].message


async def watch(progress, total, message):
    """Ask for reports."""


@MODES
async def test_a_host_that_takes_no_reports_gets_the_result_of_its_write(desk, mode, organization, caplog):
    async def fail():
        raise OSError(f"the way of reports is closed to {FULL}")

    organization.faults.add(Fault("throttle", path="/comments", method="POST", retry_after=1, times=1))
    desk.answers = [YES]
    async with Client(wired(desk.server, fail, []), mode=mode, elicitation_callback=desk.answer) as client:
        result = await client.call_tool("add_work_item_comment", {"id": 4, "text": "Noted."}, progress_callback=watch)
    assert not result.is_error
    assert result.structured_content["data"]["work_item"] == 4
    assert "A report of progress failed" in caplog.text
    assert "OSError: the way of reports is closed to [secret:" in caplog.text
    assert FULL not in caplog.text


async def test_no_report_follows_the_question_that_ends_a_call(desk, organization):
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def dawdle():
        """Reach the host long after the call has read what it asks about."""
        await again.wait()
        await asyncio.sleep(0.5)

    desk.network.at, desk.network.act = 2, lambda: loop.call_soon_threadsafe(again.set)
    organization.faults.add(Fault("throttle", path="/workitems/4", retry_after=1, times=1))
    sent = []
    async with Client(wired(desk.server, dawdle, sent), mode="auto", elicitation_callback=desk.answer) as client:
        await client.session.call_tool(
            "add_work_item_comment", {"id": 4, "text": "Noted."}, progress_callback=watch, allow_input_required=True
        )
    report, question = sent[-2:]
    assert report["params"]["message"] == "throttled, continuing in 1 s"
    assert question["result"]["resultType"] == "input_required"


@MODES
async def test_a_question_shows_no_secret_and_hides_no_character(desk, mode, server):
    desk.answers = [ElicitResult(action="decline")]
    await asyncio.to_thread(put_title, server, 4, "key q7w2e4r6t2y5u7i3o4p6a2s5d7f3g4h6j2k5l7z3x4c6v2b5n7m3")
    async with desk.client(mode) as client:
        await client.call_tool("add_work_item_comment", {"id": 4, "text": "Noted.\u202e\nProject: Elsewhere"})
    [asked] = desk.asked
    assert "q7w2e4r6" not in asked.message
    assert "[secret:" in asked.message
    assert "RIGHT-TO-LEFT OVERRIDE" in asked.message
    assert "\u202e" not in asked.message
    assert "\nProject: Elsewhere" not in asked.message


@MODES
async def test_a_long_question_says_that_it_was_cut(desk, mode):
    desk.answers = [ElicitResult(action="decline")]
    async with desk.client(mode) as client:
        await client.call_tool("add_work_item_comment", {"id": 4, "text": "long " * 10_000})
    [asked] = desk.asked
    assert len(asked.message) < 21_000
    assert "more characters are not shown" in asked.message[-120:]


@MODES
async def test_the_audit_log_names_who_approved(desk, mode, tmp_path):
    desk.answers = [YES]
    desk.toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
    async with desk.client(mode) as client:
        await client.call_tool("create_work_item", BUG)
    desk.toolkit.client.audit.flush()
    events = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    [approved] = [event for event in events if event.get("event") == "approved"]
    assert "a person at " in str(approved)


# -- what the host does with the state of a question, in the protocol from 2026-07-28 ---------------------------------


async def ask(client, name="create_work_item", arguments=BUG):
    asked = await client.session.call_tool(name, arguments, allow_input_required=True)
    assert isinstance(asked, InputRequiredResult)
    return asked


def answered(client, asked, answer=YES, name="create_work_item", arguments=BUG):
    return client.session.call_tool(
        name,
        arguments,
        input_responses=dict.fromkeys(asked.input_requests, answer),
        request_state=asked.request_state,
        allow_input_required=True,
    )


async def test_a_retry_with_the_same_answer_writes_once_and_gives_the_same_result(desk):
    async with desk.client("auto") as client:
        asked = await ask(client)
        first = await answered(client, asked)
        second = await answered(client, asked)
    assert len(desk.written) == 1
    assert first.structured_content == second.structured_content
    assert desk.count("The export fails") == 1


async def test_two_retries_at_once_write_once(desk):
    results = []

    async with desk.client("auto") as client:
        asked = await ask(client)

        async def retry():
            results.append(await answered(client, asked))

        async with anyio.create_task_group() as group:
            group.start_soon(retry)
            group.start_soon(retry)
    assert desk.count("The export fails") == 1
    assert len(results) == 2


async def test_a_retry_after_a_call_that_was_cancelled_looks_for_the_write_and_sends_none(desk, organization):
    """The host gives up while the service answers slowly, and calls again with the same answer."""
    async with desk.client("auto") as client:
        asked = await ask(client)
        organization.faults.add(Fault("slow", method="POST", path="/wit/workitems/", delay=1.0, times=1))
        async with anyio.create_task_group() as group:
            group.start_soon(answered, client, asked)
            await asyncio.to_thread(wait_for_effect, desk, organization)
            group.cancel_scope.cancel()
        result = await answered(client, asked)
    assert not result.is_error, text(result)
    assert result.structured_content["data"]["title"] == "The export fails"
    assert len(desk.written) == 1
    assert desk.count("The export fails") == 1


async def test_an_answer_is_used_once_also_when_another_call_has_found_what_it_wrote(desk, organization):
    """The call with the answer was cancelled, and an equal call has settled its write: nothing is open any more."""
    async with desk.client("auto") as client:
        asked = await ask(client)
        organization.faults.add(Fault("slow", method="POST", path="/wit/workitems/", delay=1.0, times=1))
        async with anyio.create_task_group() as group:
            group.start_soon(answered, client, asked)
            await asyncio.to_thread(wait_for_effect, desk, organization)
            group.cancel_scope.cancel()
        # While the cancelled call is not over, an equal one asks about doing it twice; then it finds what was written.
        found = await client.session.call_tool("create_work_item", BUG, allow_input_required=True)
        while isinstance(found, InputRequiredResult):
            found = await client.session.call_tool("create_work_item", BUG, allow_input_required=True)
        assert not found.is_error
        await answered(client, asked)
    assert len(desk.written) == 1
    assert desk.count("The export fails") == 1


async def test_a_write_that_cannot_be_done_twice_is_found_and_not_refused(desk, organization):
    """The call with the answer was cancelled, and another one has found what it did: that is no refusal."""
    commit = organization.pull_requests[15].last_source
    given = {"name": "update_pull_request", "arguments": {"id": 15, "status": "completed", "source_commit": commit}}
    async with desk.client("auto") as client:
        asked = await ask(client, **given)
        organization.faults.add(Fault("slow", method="PATCH", path="/pullrequests/15", delay=1.0, times=1))
        async with anyio.create_task_group() as group:
            group.start_soon(partial(answered, client, asked, **given))
            await asyncio.to_thread(wait_for_completion, organization)
            group.cancel_scope.cancel()
        found = await client.session.call_tool(**given, allow_input_required=True)
        while isinstance(found, InputRequiredResult):
            found = await client.session.call_tool(**given, allow_input_required=True)
        again = await answered(client, asked, **given)
    assert not again.is_error, text(again)
    assert organization.pull_requests[15].status == "completed"


async def test_a_declined_write_stays_declined_when_the_host_answers_again(desk):
    async with desk.client("auto") as client:
        asked = await ask(client)
        await answered(client, asked, ElicitResult(action="decline"))
        again = await answered(client, asked, YES)
    assert again.is_error
    assert desk.written == []


async def test_an_answer_fits_no_other_call(desk):
    async with desk.client("auto") as client:
        asked = await ask(client)
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await answered(client, asked, arguments={**BUG, "title": "Something else"})
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await answered(client, asked, name="update_work_item", arguments=CHANGE)
    assert desk.written == []


@pytest.mark.parametrize("change", [lambda state: state[:-2], lambda state: "v1.AAAA", lambda state: "x" + state])
async def test_a_changed_state_is_refused(desk, change):
    async with desk.client("auto") as client:
        asked = await ask(client)
        changed = asked.model_copy(update={"request_state": change(asked.request_state)})
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await answered(client, changed)
    assert desk.written == []


async def test_a_state_of_another_server_is_refused(desk):
    async with desk.client("auto") as client, Client(make_mcp_server(desk.toolkit), mode="auto") as other:
        asked = await ask(client)
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await answered(other, asked)


async def test_an_answer_without_a_question_is_no_approval(desk):
    async with desk.client("auto") as client:
        asked = await ask(client)
        forged = asked.model_copy(update={"request_state": None})
        again = await answered(client, forged)
    assert isinstance(again, InputRequiredResult)
    assert desk.written == []


async def test_an_answer_under_another_name_is_no_approval(desk):
    async with desk.client("auto") as client:
        asked = await ask(client)
        again = await client.session.call_tool(
            "create_work_item",
            BUG,
            input_responses={"other": YES},
            request_state=asked.request_state,
            allow_input_required=True,
        )
    assert isinstance(again, InputRequiredResult)
    assert desk.written == []


async def test_an_answer_that_comes_too_late_asks_again(desk, monkeypatch):
    async with desk.client("auto") as client:
        asked = await ask(client)
        monkeypatch.setattr(approval, "ANSWER_SECONDS", 0.0)
        again = await answered(client, asked)
    assert isinstance(again, InputRequiredResult)
    assert desk.written == []
