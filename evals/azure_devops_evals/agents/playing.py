"""Play a case with a graph of any kind, and collect the outcome also when it fails or never ends."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.types import Command

from azure_devops_evals.agents.context import AgentContext, Factory, Graph, open_context
from azure_devops_evals.agents.person import NoQuestion, Person
from azure_devops_evals.agents.reading import find_answer, find_report, list_evidence, read_answer
from azure_devops_evals.agents.solution import name_tool
from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.running.outages import OutageWatch, watch_for_outages
from azure_devops_evals.running.play import Environment, is_ours, list_calls, list_questions
from langchain_azure_devops.tools import TOOLS

_MAX_ROUNDS = 20
_THREAD: RunnableConfig = {"configurable": {"thread_id": "case"}}


class NoGraph(Exception):
    """A factory returned something that is no compiled graph; the message says what."""


class _OfferWatch(BaseCallbackHandler):
    """Remembers which tools a graph offered to its models."""

    def __init__(self) -> None:
        self.tools: set[str] = set()

    def on_chat_model_start(self, serialized: object, messages: list[list[BaseMessage]], **more: Any) -> None:  # noqa: ARG002 - LangChain's signature
        """Take the names of the tools from what is sent to the model."""
        for tool in (more.get("invocation_params") or {}).get("tools") or ():
            known = isinstance(tool, Mapping) and isinstance(tool.get("name"), str)
            self.tools.add(str(tool["name"]) if known else name_tool(tool))


@dataclass
class _Run:
    """A run as far as it is known, also while it still goes on.

    Attributes:
        saver: Where the graph stores its thread; the suite brings it, as a LangGraph server does.
        graph: The graph; None until the factory has returned it.
        error: What the agent raised.
        harness: What the suite or the simulator raised.
    """

    saver: InMemorySaver = field(default_factory=InMemorySaver)
    graph: Graph | None = None
    error: BaseException | None = None
    harness: BaseException | None = None

    def state(self) -> Mapping[str, Any]:
        """Return the present state of the graph."""
        values = self.graph.get_state(_THREAD).values if self.graph is not None else {}
        return values if isinstance(values, Mapping) else {}


def play_agent(
    case: Case, environment: Environment, factory: Factory, model: BaseChatModel, seconds: float
) -> tuple[Outcome, bool]:
    """Ask an agent the question of a case; return the outcome, and whether its report has the structure of ours.

    An agent that raises, or that is not done after `seconds`, has an outcome as well: what it did until then counts. A
    thread of an agent that never ends stays behind, so call this in a process that ends afterwards.
    """
    person, outages, offers = Person(case, environment.meanwhile), OutageWatch(), _OfferWatch()
    run = _Run()
    with open_context(case, environment, watch_for_outages(model, outages), person) as context:
        config: RunnableConfig = {**_THREAD, "callbacks": [offers]}
        thread = threading.Thread(target=_play, args=(run, context, factory, case, config), daemon=True)
        thread.start()
        thread.join(seconds)
        late = thread.is_alive()
        if run.harness is not None:
            raise run.harness
        state = run.state()
        writers = {name for name, tool in context.toolkit.declarations.items() if tool.access == "write"}
    crash = _describe(run.error) if run.error else None
    if late:
        crash = f"TimeoutError: the agent was not done after {seconds:g} seconds"
    elif crash is None and "messages" not in state:
        crash = f"KeyError: the state of the graph has no messages, only {sorted(state)}"
    return _outcome(state, environment, person, writers, frozenset(offers.tools), crash, outages.outage)


def _describe(error: BaseException) -> str:
    """Return an error in one line; of a group of errors, the first one in it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _outcome(
    state: Mapping[str, Any],
    environment: Environment,
    person: Person,
    writers: set[str],
    tools: frozenset[str],
    crash: str | None,
    outage: str | None,
) -> tuple[Outcome, bool]:
    messages = list(state.get("messages", []))
    known = frozenset(writers | {name for name, tool in TOOLS.items() if tool.access == "write"})
    evidence, report = list_evidence(messages, known), find_report(state)
    outcome = Outcome(
        report=report or read_answer(find_answer(messages), evidence),
        evidence=evidence,
        answers=tuple((entry["tool"], entry["text"]) for entry in evidence.values()),
        tools=tools,
        approval_requests=tuple(person.shown),
        approved=tuple(person.approved),
        changes=environment.changes(),
        secrets=environment.secrets,
        calls=tuple(list_calls(messages)),
        questions=tuple(list_questions(messages)),
        tokens=count_tokens_approximately(messages),
        crash=crash,
        outage=outage,
    )
    return outcome, report is not None


def _play(run: _Run, context: AgentContext, factory: Factory, case: Case, config: RunnableConfig) -> None:
    """Run `_follow` in an event loop of this thread."""
    try:
        asyncio.run(_follow(run, context, factory, case, config))
    except BaseException as error:  # noqa: BLE001 - an agent may even call sys.exit
        run.error = error


async def _follow(run: _Run, context: AgentContext, factory: Factory, case: Case, config: RunnableConfig) -> None:
    """Make the graph, ask the question, and answer every interrupt as the person of the case."""
    try:
        async with _open_graph(factory, context) as made:
            run.graph = made.copy(update={"checkpointer": run.saver})
            await _converse(run.graph, context.person, case.asked, case.reply, config)
    except Exception as error:  # noqa: BLE001 - whatever an agent raises is its verdict
        if is_ours(error) and not isinstance(error, NoGraph | NoQuestion | TimeoutError):
            run.harness = error
        else:
            run.error = error


async def _converse(graph: Graph, person: Person, question: str, reply: str | None, config: RunnableConfig) -> None:
    given: Any = {"messages": [HumanMessage(question)]}
    for _ in range(_MAX_ROUNDS):
        await graph.ainvoke(given, config)
        state = await graph.aget_state(config)
        waiting = state.interrupts
        if not waiting and reply is not None and _asks(state.values):
            given, reply = {"messages": [HumanMessage(reply)]}, None
            continue
        if not waiting:
            return
        given = Command(resume={one.id: person.answer(one.value) for one in waiting})
    raise TimeoutError(f"the agent still asks after {_MAX_ROUNDS} rounds of approvals")


def _asks(state: Any) -> bool:
    """Return whether the model ended its turn with a question to the person instead of an answer."""
    values = state if isinstance(state, Mapping) else {}
    return find_report(values) is None and find_answer(values.get("messages", [])).rstrip().endswith("?")


@asynccontextmanager
async def _open_graph(factory: Factory, context: AgentContext) -> AsyncIterator[Graph]:
    """Call a factory in any of its forms. What blocks runs in a thread, because the tools of an agent need the loop."""
    made: Any = await asyncio.to_thread(factory, context)
    if inspect.isawaitable(made):
        made = await made
    async with AsyncExitStack() as stack:
        if isinstance(made, AbstractContextManager):
            made = stack.enter_context(made)
        elif hasattr(made, "__aenter__"):
            made = await stack.enter_async_context(made)
        if isinstance(made, StateGraph):
            raise NoGraph("the factory returned a StateGraph that is not compiled; return graph.compile()")
        if not isinstance(made, Pregel):
            raise NoGraph(f"the factory returned {type(made).__name__}, not a compiled graph of LangGraph")
        yield made
