"""The tools inside LangChain: retries, budgets, tool search, the runtime, schemas, help, and two toolkits."""

import asyncio
import inspect
import pydoc
from dataclasses import dataclass

import jsonschema
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ProviderToolSearchMiddleware, ToolRetryMiddleware
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, ToolRuntime
from langgraph.runtime import get_runtime
from langgraph.store.memory import InMemoryStore
from pydantic import SecretStr
from tool_calls import FULL, READ, READ_SCOPES, seed_with_tokens

from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator import Fault, Organization, SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, Result, RunContext, Scope, Toolset
from langchain_azure_devops.errors import RETRYABLE, Misconfigured, ServiceFault, ToolUnknown, WriteOutcomeUnknown
from langchain_azure_devops.runtime import Timeouts

ASKED = {"messages": [HumanMessage("Look.")]}
QUICK = RunContext(timeouts=Timeouts(retry_pause=0.001, max_attempts=2, recovery=0.02, recovery_pause=0.02))
WAYS = pytest.mark.parametrize("way", ["sync", "async"])


@pytest.fixture
def organization():
    return seed_with_tokens()


def toolkit_of(server, **options):
    options = {"pat": FULL, "scopes": "app_token", "default_project": "Platform", "context": QUICK, **options}
    return AzureDevOpsToolkit(base_url=server.base_url, **options)


def run(graph, way, given=ASKED, **options):
    if way == "sync":
        return graph.invoke(given, **options)
    return asyncio.run(graph.ainvoke(given, **options))


def answers_of(state):
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


# -- choosing tools for one run --------------------------------------------------------------------------------------


def test_get_tools_narrows_by_access_toolset_name_and_approver(server, organization):
    with toolkit_of(server) as toolkit:
        reads, writes = toolkit.get_tools(access="read"), toolkit.get_tools(access="write")
        assert {tool.metadata["access"] for tool in reads} == {"read"}
        assert {tool.metadata["access"] for tool in writes} == {"write"}
        assert {tool.metadata["toolset"] for tool in toolkit.get_tools(toolsets="work_items")} == {"work_items"}
        names = [tool.name for tool in toolkit.get_tools(names=["get_build"], toolsets="search")]
        assert names == ["get_build", "search_code"]
        [tool] = toolkit.get_tools(names="create_work_item", approver=lambda request: request.approve(by="dana"))
        assert "New: one" in tool.invoke({"type": "Bug", "title": "New: one"})
        [other] = toolkit.get_tools(names="create_work_item")
        assert "no approver was given" in other.invoke({"type": "Bug", "title": "New: two"})
    assert [item.title for item in organization.work_items if item.title.startswith("New:")] == ["New: one"]


# -- errors and retries ----------------------------------------------------------------------------------------------


@WAYS
@pytest.mark.parametrize("on_error", ["raise", "raise_retryable"])
def test_langchain_s_retry_middleware_repeats_what_is_worth_it(server, organization, way, on_error):
    raised = []

    def worth_it(error):
        raised.append(type(error))
        organization.faults.clear()
        return isinstance(error, RETRYABLE)

    organization.faults.add(Fault("status", status=503, path="/_apis/projects", times=50))
    with toolkit_of(server, on_error=on_error) as toolkit:
        agent = create_agent(
            ScriptedModel(steps=[[Call.to("list_projects")]]),
            toolkit.get_tools(),
            middleware=[ToolRetryMiddleware(retry_on=worth_it, initial_delay=0)],
        )
        [message] = answers_of(run(agent, way))
    assert raised == [ServiceFault]
    assert (message.status, message.artifact["status"]) == ("success", "ok")


@WAYS
def test_errors_that_no_retry_mends_are_messages_beside_a_retry(server, way):
    with toolkit_of(server, on_error="raise_retryable") as toolkit:
        agent = create_agent(
            ScriptedModel(steps=[[Call.to("get_work_item", ids=[999_999])]]),
            toolkit.get_tools(),
            middleware=[ToolRetryMiddleware(retry_on=RETRYABLE, initial_delay=0)],
        )
        [message] = answers_of(run(agent, way))
    assert (message.status, message.artifact["status"]) == ("error", "not_found")


def test_a_write_whose_outcome_is_unknown_is_not_worth_a_retry(server, organization):
    assert not issubclass(WriteOutcomeUnknown, RETRYABLE)
    organization.faults.add(Fault("reset", method="POST", path="/workitems/", when="before", times=50))
    with toolkit_of(server, on_error="raise_retryable", writes="allow") as toolkit:
        [tool] = toolkit.get_tools(names="create_work_item")
        message = tool.invoke(
            {"type": "tool_call", "id": "1", "name": tool.name, "args": {"type": "Bug", "title": "x"}}
        )
    assert message.artifact["class"] == "WriteOutcomeUnknown"


# -- budgets and artifacts -------------------------------------------------------------------------------------------


def length(toolkit, name, **arguments):
    [tool] = toolkit.get_tools(names=name)
    return len(tool.invoke(arguments))


def test_a_budget_by_tool(server):
    budgets = {"ado_query_work_items": 4_000, "default": 100_000}
    with (
        toolkit_of(server, name_prefix="ado_", default_project=None) as plain,
        toolkit_of(server, name_prefix="ado_", default_project=None, result_budget=budgets) as chosen,
        toolkit_of(server, default_project=None, result_budget={"list_builds": 5_000}) as one,
    ):
        assert length(plain, "query_work_items", limit=200) > 4_000
        assert length(chosen, "query_work_items", limit=200) <= 4_000
        assert length(one, "query_work_items", limit=200) == length(plain, "query_work_items", limit=200)


@pytest.mark.parametrize(
    ("budgets", "error", "words"),
    [
        ({"list_build": 5_000}, ToolUnknown, "There is no tool 'list_build'. Did you mean 'list_builds'"),
        ({"list_builds": 3_999}, Misconfigured, "result_budget of 'list_builds'= takes a number of characters"),
        ({"default": "many"}, Misconfigured, "result_budget of 'default'= takes a number of characters"),
        ({1: 5_000}, Misconfigured, "result_budget= takes names, not int"),
        ([5_000], Misconfigured, "result_budget= takes a number of characters"),
    ],
    ids=repr,
)
def test_a_budget_that_cannot_be_is_a_mistake(server, budgets, error, words):
    with pytest.raises(error) as caught:
        toolkit_of(server, result_budget=budgets)
    assert caught.value.status == "misconfigured"
    assert words in caught.value.message


@WAYS
def test_without_artifacts_the_text_is_the_same(server, way):
    calls = [[Call.to("list_projects"), Call.to("get_work_item", ids=[999_999])]]
    with toolkit_of(server) as full, toolkit_of(server, artifact="none") as bare:
        with_data = answers_of(run(create_agent(ScriptedModel(steps=calls), full.get_tools()), way))
        without = answers_of(run(create_agent(ScriptedModel(steps=calls), bare.get_tools()), way))
    assert [message.artifact for message in without] == [None, None]
    assert all(message.artifact for message in with_data)
    for one, other in zip(with_data, without, strict=True):
        assert (one.status, len(one.content)) == (other.status, len(other.content))
    with pytest.raises(Misconfigured, match="artifact='xml' is not allowed"):
        toolkit_of(server, artifact="xml")


# -- schemas and tool search -----------------------------------------------------------------------------------------


def test_a_provider_searches_for_the_tools_outside_of_the_default_set(server):
    """The request is built and not sent."""
    model, sent = ChatAnthropic(model="claude-sonnet-4-5", api_key=SecretStr("none")), []

    class Stop(Exception):
        pass

    class Recording(ChatAnthropic):
        def _generate(self, messages, stop=None, run_manager=None, **options):
            sent.append(self._get_request_payload(messages, stop=stop, **options))
            raise Stop

    mine = Toolset.named("mine", "Tools of a user.")

    @mine.read(Scope.CODE)
    async def look_at_mine(client: AzureDevOps) -> Result:
        """Look at mine."""
        raise AssertionError

    model = Recording(model="claude-sonnet-4-5", api_key=SecretStr("none"))
    with toolkit_of(server, toolsets="all", extra=[mine]) as toolkit:
        tools = toolkit.get_tools()
        agent = create_agent(model, tools, middleware=[ProviderToolSearchMiddleware()])
        with pytest.raises(Stop):
            agent.invoke(ASKED)
    [request] = sent
    deferred = {tool["name"] for tool in request["tools"] if tool.get("defer_loading")}
    assert deferred == {tool.name for tool in tools if not TOOLS.get(tool.name) or not TOOLS[tool.name].default}
    assert "look_at_mine" in deferred
    assert any(tool.get("type", "").startswith("tool_search") for tool in request["tools"])
    assert {tool["name"] for tool in request["tools"]} > {tool.name for tool in tools}


def test_a_bound_tool_tells_the_schema_of_its_artifact(server):
    with toolkit_of(server) as toolkit:
        for name, arguments in (("list_projects", {}), ("query_work_items", {"limit": 3})):
            [tool] = toolkit.get_tools(names=name)
            message = tool.invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
            jsonschema.validate(message.artifact, tool.artifact_schema)
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**message.artifact, "data": 1}, tool.artifact_schema)


# -- the runtime of LangGraph ----------------------------------------------------------------------------------------


@dataclass
class User:
    name: str


@WAYS
def test_a_tool_and_an_approver_reach_the_runtime_of_the_graph(server, organization, way):
    mine = Toolset.named("mine", "Tools of a user.")
    seen = []

    class Greeting(Result):
        text: str

    @mine.read(Scope.CODE)
    async def greet(client: AzureDevOps, *, word: str) -> Greeting:
        """Greet the user."""
        runtime = get_runtime(User)
        await runtime.store.aput(("greetings",), "last", {"word": word})
        return Greeting(text=f"{word}, {runtime.context.name}")

    def approver(request):
        seen.append(get_runtime(User).context.name)
        return request.approve(by=seen[-1])

    with toolkit_of(server, extra=[mine]) as toolkit:
        graph = StateGraph(MessagesState, context_schema=User)
        model = ScriptedModel(
            steps=[[Call.to("greet", word="Hello"), Call.to("create_work_item", type="Bug", title="New: one")]]
        )
        graph.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
        graph.add_node("tools", ToolNode(toolkit.get_tools(approver=approver)))
        graph.add_edge(START, "model")
        graph.add_edge("model", "tools")
        store = InMemoryStore()
        state = run(graph.compile(store=store), way, context=User("dana"))
    assert "Hello, dana" in answers_of(state)[0].content
    assert seen == ["dana"]
    assert store.get(("greetings",), "last").value == {"word": "Hello"}


def test_a_tool_that_declares_an_injected_argument_learns_where_the_runtime_is():
    mine = Toolset.named("mine", "Tools of a user.")

    async def greet(client: AzureDevOps, *, word: str, runtime: ToolRuntime) -> Result:
        """Greet the user."""
        raise AssertionError

    with pytest.raises(TypeError, match=r"greet cannot be a tool.*langgraph\.runtime\.get_runtime\(\)"):
        mine.read(Scope.CODE)(greet)
    assert mine.tools == []


# -- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOOLS)
def test_help_shows_the_signature_and_the_docstring(name):
    tool = TOOLS[name]
    text = pydoc.render_doc(tool, renderer=pydoc.plaintext)
    assert f"{name}(\n" in text
    for parameter in inspect.signature(tool.function).parameters:
        assert f"{parameter}: " in text
    assert (inspect.getdoc(tool.function) or "?").splitlines()[0] in text
    assert inspect.signature(tool) == inspect.signature(tool.function)
    assert repr(tool) == f"<Tool {name}>"
    assert len(text.splitlines()) < 60


def test_help_on_the_class_of_tools_still_describes_the_class():
    assert "One operation as a tool" in pydoc.render_doc(type(TOOLS["list_builds"]), renderer=pydoc.plaintext)


# -- two organizations -----------------------------------------------------------------------------------------------


def test_two_toolkits_in_one_agent_are_told_apart(server):
    other = Organization("riverbank")
    other.add_project("Dams")
    other.add_token(READ, READ_SCOPES)
    with (
        SimulatorServer(other) as second,
        toolkit_of(server, name_prefix="tide_") as tide,
        toolkit_of(second, name_prefix="river_", pat=READ, scopes=READ_SCOPES) as river,
    ):
        tools = [*tide.get_tools(), *river.get_tools()]
        assert len({tool.name for tool in tools}) == len(tools)
        for tool in tools:
            assert ("tidewater" in tool.description) is tool.name.startswith("tide_")
            assert ("riverbank" in tool.description) is tool.name.startswith("river_")
        agent = create_agent(
            ScriptedModel(steps=[[Call.to("tide_list_projects"), Call.to("river_list_projects")]]), tools
        )
        messages = answers_of(agent.invoke(ASKED))
        assert [message.artifact["status"] for message in messages] == ["ok", "ok"]
    with toolkit_of(server) as plain:
        assert not [tool for tool in plain.get_tools() if "tidewater" in tool.description]
