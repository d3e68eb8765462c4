"""The LangChain side: sync and async, text and artifact, errors that a model can read."""

import asyncio

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from pydantic import Field
from stub_service import EMPTY_401, PERSON, RESET, StubService, failure, ok
from tool_calls import UPLOADS

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, Page
from langchain_azure_devops.adapters.langchain import bind, deliver
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.results.models import Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.projects import Project

PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"
PROJECT = {"id": "1", "name": "Platform", "state": "wellFormed", "visibility": "private"}
CALL = {"type": "tool_call", "id": "1", "name": "list_projects", "args": {}}
TOOL_NAMES = sorted(TOOLS)


def toolkit_of(service, **arguments):
    return AzureDevOpsToolkit(base_url=service.base_url, pat=PAT, **arguments)


def list_projects(toolkit) -> BaseTool:
    return next(tool for tool in toolkit.get_tools() if tool.name.endswith("list_projects"))


def test_a_result_is_text_for_the_model_and_plain_data():
    with StubService([ok({"value": [PROJECT]})]) as service, toolkit_of(service) as toolkit:
        message = list_projects(toolkit).invoke(CALL)
    assert isinstance(message, ToolMessage)
    assert message.status == "success"
    assert message.content.startswith("1 project, all, in the organization\n<untrusted ")
    assert message.artifact["status"] == "ok"
    assert message.artifact["data"][0]["name"] == "Platform"


async def test_sync_and_async_are_the_same():
    with StubService([ok({"value": [PROJECT]})]) as service, toolkit_of(service) as toolkit:
        tool = list_projects(toolkit)
        artifact = (await tool.ainvoke(CALL)).artifact
        assert artifact == (await asyncio.to_thread(tool.invoke, CALL)).artifact


@pytest.mark.parametrize(
    ("replies", "headline"),
    [
        ([EMPTY_401], "[not_signed_in TokenRejected]"),
        ([failure(403, "AccessDeniedException", "no")], "[denied PermissionDenied]"),
        ([failure(429, "X", "TF400733", Retry_After="999")], "[throttled Throttled 999s]"),
        ([RESET], "[unavailable Unreachable 127.0.0.1]"),
    ],
    ids=["401", "403", "429", "reset"],
)
def test_an_error_is_a_tool_message_with_a_machine_readable_first_line(replies, headline):
    with StubService(replies) as service, toolkit_of(service) as toolkit:
        message = list_projects(toolkit).invoke(CALL)
    assert message.status == "error"
    assert message.content.splitlines()[0] == headline
    assert PAT not in message.content


def test_a_missing_scope_names_it_and_marks_the_tool_absent():
    def answer(seen):
        return ok(PERSON) if "connectionData" in seen.target else EMPTY_401

    with StubService(answer) as service, toolkit_of(service) as toolkit:
        tool = list_projects(toolkit)
        message = tool.invoke(CALL)
        assert message.content.splitlines()[0].startswith("[denied ScopeMissing vso.pro")
        assert "list_projects" in toolkit.absent
        assert "list_projects" not in {tool.name for tool in toolkit.get_tools()}
        assert tool.invoke(CALL).status == "error"


def test_wrong_arguments_get_a_message_that_repairs_the_call():
    with StubService([ok({"value": []})]) as service, toolkit_of(service) as toolkit:
        message = list_projects(toolkit).invoke({**CALL, "args": {"limt": 5}})
        headline, opening, reason, closing = message.content.splitlines()
        assert headline == "[invalid InvalidRequest arguments]"
        assert reason == "list_projects: limt is not a parameter, did you mean limit (known: limit, cursor)."
        assert (opening[:11], closing) == ("<untrusted ", f"</{opening[1:]}")
        message = list_projects(toolkit).invoke({**CALL, "args": {"limit": 5000}})
        assert "limit: input should be less than or equal to 1000, got 5000" in message.content
    assert service.seen == []


async def test_errors_are_raised_on_demand_and_hold_no_secret():
    secret = "q7w2e4r6t2y5u7i3o4p6a2s5d7f3g4h6j2k5l7z3x4c6v2b5n7m3"
    replies = [failure(404, "X", f"no project {secret}")] * 2
    with StubService(replies) as service, toolkit_of(service, on_error="raise") as toolkit:
        with pytest.raises(NotFound) as caught:
            await asyncio.to_thread(list_projects(toolkit).invoke, CALL)
        with pytest.raises(NotFound) as caught_async:
            await list_projects(toolkit).ainvoke(CALL)
    for error in (caught.value, caught_async.value):
        assert secret not in f"{error} {error.message} {error.subject}"
        assert "[secret:azure-devops-pat:" in error.message


def test_a_result_and_an_error_of_a_typed_function_are_delivered_as_by_a_bound_tool():
    secret = "q7w2e4r6t2y5u7i3o4p6a2s5d7f3g4h6j2k5l7z3x4c6v2b5n7m3"
    replies = [ok({"value": [PROJECT | {"name": secret}]})] * 2 + [failure(404, "X", f"no project {secret}")] * 2
    with StubService(replies) as service, toolkit_of(service, default_project=secret) as toolkit:
        tool, client = list_projects(toolkit), toolkit.client
        shown = tool.invoke(CALL)
        text, artifact = deliver(TOOLS["list_projects"].call_sync(client), client, CALL["args"])
        refused = tool.invoke(CALL)
        with pytest.raises(NotFound) as caught:
            TOOLS["list_projects"].call_sync(client)
        told, about = deliver(caught.value, client, CALL["args"])
    # The fence has a name of its own in every text.
    assert (text.splitlines()[2:-1], artifact) == (shown.content.splitlines()[2:-1], shown.artifact)
    assert (told.splitlines()[0], about) == (refused.content.splitlines()[0], refused.artifact)
    assert "[secret:azure-devops-pat:" in text
    assert secret not in f"{text} {artifact} {told} {about}"


def test_a_null_counts_as_not_given():
    with StubService([ok({"value": [PROJECT]})]) as service, toolkit_of(service) as toolkit:
        message = list_projects(toolkit).invoke({**CALL, "args": {"limit": None, "cursor": None}})
    assert message.status == "success"


@pytest.mark.parametrize("bug", [ValueError, TypeError, AttributeError, IndexError])
def test_a_bug_is_not_hidden(bug):
    """What the service answers wrongly is reported to the model, see test_unreadable_answers; this is our own."""

    async def broken(client: AzureDevOps) -> Page[Project]:
        """Break."""
        raise bug("ours")

    tool = Toolset.named("broken", "Breaks.").read(Scope.PROJECT)(broken)
    with StubService([ok({})]) as service, toolkit_of(service) as toolkit:
        with pytest.raises(bug, match="ours"):
            bind(tool, toolkit.client).invoke({**CALL, "name": "broken"})


def test_a_secret_reaches_neither_text_nor_artifact():
    secret = "q7w2e4r6t2y5u7i3o4p6a2s5d7f3g4h6j2k5l7z3x4c6v2b5n7m3"
    described = {**PROJECT, "description": f"token {secret}"}
    with StubService([ok({"value": [described]})]) as service, toolkit_of(service) as toolkit:
        message = list_projects(toolkit).invoke(CALL)
    assert secret not in message.content
    assert secret not in str(message.artifact)
    assert "[secret:azure-devops-pat:" in message.content


@pytest.mark.parametrize("name", TOOL_NAMES)
def test_metadata_is_the_one_source(name):
    options = {"pat": PAT, "scopes": "app_token", "toolsets": "all", "attachments_folder": UPLOADS.folder}
    with AzureDevOpsToolkit(organization="contoso", **options) as toolkit:
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == name]
    assert tool.metadata == {
        "tool": name,
        "access": TOOLS[name].access,
        "scopes": [scope.value for scope in TOOLS[name].scopes],
        "also": [scope.value for scope in TOOLS[name].also],
        "toolset": TOOLS[name].toolset,
        "destructive": TOOLS[name].destructive,
        "idempotent": TOOLS[name].idempotent,
    }
    assert tool.extras == (None if TOOLS[name].default else {"defer_loading": True}), "the default set is not deferred"


DIGEST = "016c862eb4f962059db8505c8bb993bef86ffd5b875cb1e07739597ac6eddf96"


class Checked(Result):
    """A record with fields of the service, of which none is named as an id, and one of people."""

    title: Untrusted
    sha256: str | None = None
    versions: list[str] = Field(default=[])


@pytest.mark.parametrize(
    ("record", "stays"),
    [
        (Checked(title="One", sha256=DIGEST), True),
        (Checked(title="One", versions=["1", DIGEST]), True),
        (Checked(title=DIGEST), False),
        (Checked(title=f"see {DIGEST}"), False),
    ],
    ids=["a text of the service", "one of several", "a text of people", "a part of it"],
)
def test_no_text_makes_a_digest_unreadable_that_the_service_itself_fills_in(record, stays):
    with StubService([]) as service, toolkit_of(service) as toolkit:
        toolkit.client.secrets.redact(f"password={DIGEST}")
        text, artifact = deliver(record, toolkit.client, {})
    assert (DIGEST in text, DIGEST in str(artifact["data"])) == (stays, stays)
