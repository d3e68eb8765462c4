"""Wire the investigation graph.

    START -> model -+-> read ----+-> collect -+-> approve -> collect
                    +-> prepare -+            +-> prepare -> collect
                    |                         +-> write ---> collect
                    |                         +-> model
                    |                         +-> report (a person stopped the question)
                    +-> answer -> END (a text without calls, such as a question to the person)
                    +-> report -> second_look -> check -> END
                          +-> model (once, to repair the report)

Each tool call gets one Send. `prepare` reads what a person is shown; `approve` asks about all writes of the turn with
one interrupt and writes nothing; `write` writes and asks nobody. An edited call goes through `prepare` again, and so
does an approved write when what was shown has changed before it was sent. In place of a person, `approve` asks a write
plan about one write after another, in the model's order.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.budgets import Budgets, Meter
from azure_devops_agents.investigation.clearing import ClearNode
from azure_devops_agents.investigation.reading import ReadNode
from azure_devops_agents.investigation.reporting import ReportNodes, after_report
from azure_devops_agents.investigation.routing import after_calls, after_model
from azure_devops_agents.investigation.second_look import SecondLookNode, split_budgets
from azure_devops_agents.investigation.spending import Spending, name_model
from azure_devops_agents.investigation.state import Conclusion, Question, State
from azure_devops_agents.investigation.storing import EvidenceOfRun
from azure_devops_agents.investigation.tool_calls import list_writers, own_words
from azure_devops_agents.investigation.turns.model_node import ModelNode
from azure_devops_agents.investigation.turns.node import Node
from azure_devops_agents.investigation.writes.approving import ApproveNode, name_signed_in_user
from azure_devops_agents.investigation.writes.preparing import PrepareNode
from azure_devops_agents.investigation.writes.writing import WriteNode
from azure_devops_agents.models.scripted import KeylessModel
from azure_devops_agents.reports.about import describe_report
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.safety import ApprovedPlan

__all__ = ["build_graph"]

_MOST_STEPS = 10_000


def build_graph(
    model: BaseChatModel,
    toolkit: AzureDevOpsToolkit,
    *,
    budgets: Budgets | None = None,
    journal: WriteJournal | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    store: BaseStore | None = None,
    plan: ApprovedPlan | None = None,
    name_approver: Callable[[], str] | None = None,
    instructions: str = "",
    second_look: bool = False,
    spending: Spending | None = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Build the graph. It takes a question as `{"messages": [("user", "...")]}`.

    The graph takes tools of its own from the toolkit, whose writes only its approve node can approve; the toolkit's
    other tools stay as they are. Without a checkpointer (a LangGraph server brings its own) no write can be asked for,
    and none happens.

    Args:
        model: Any chat model that calls tools.
        toolkit: A verified toolkit; in each turn the agent has the tools that its token allows then.
        budgets: How much one question may cost.
        journal: Where begun writes are stored; in memory by default.
        checkpointer: Where threads are stored.
        store: Where the texts of the evidence are stored; in memory by default. A LangGraph server brings its own.
        plan: Decides about every write in place of a person: what it does not name is refused, and nobody is asked.
        name_approver: Names the person who answers, from what this process knows of them; it runs inside of the run.
            By default it is the user that the LangGraph server authenticated. Names in an answer are not read.
        instructions: The operator's own instructions for the model; see `load_instructions`.
        second_look: Whether an independent pass looks at each report. It gets a part of the budget.
        spending: The ceilings of a day and the prices of models; see `open_spending`.

    Raises:
        Misconfigured: A day has a ceiling of cost, and the model has no price.
    """
    clock, budget = toolkit.client.context.clock, budgets or Budgets()
    first_budget, second_budget = split_budgets(budget) if second_look else (budget, budget)
    meter = Meter(first_budget, clock)
    writes = journal or WriteJournal()
    store = store or InMemoryStore()
    evidence = EvidenceOfRun(toolkit.client, store)
    clearing = ClearNode(toolkit.client, evidence, meter)
    spent = spending or Spending()
    spent.check_model(model)
    turn, reading = ModelNode(model, toolkit, meter, instructions, spending=spent), ReadNode(toolkit, evidence, meter)
    name = name_model(model)
    keyless = model if isinstance(model, KeylessModel) else None
    describe = partial(describe_report, name, keyless, toolkit.client.settings)
    cost, currency = partial(spent.cost, name), spent.currency(name)
    ending = ReportNodes(toolkit, meter, writes, clearing, describe, cost, currency, instructions=instructions)
    preparing, writing = PrepareNode(toolkit, writes, meter, plan), WriteNode(toolkit, writes)
    asking = ApproveNode(preparing, name_approver or name_signed_in_user, meter)
    looking = SecondLookNode(model, toolkit, Meter(second_budget, clock), evidence, instructions, second_look, spent)

    graph: StateGraph[Any, Any, Any, Any] = StateGraph(State, input_schema=Question, output_schema=Conclusion)
    graph.add_node("model", Node(turn.call_model, turn.acall_model))
    graph.add_node("read", evidence.storing(reading.read, reading.aread))
    graph.add_node("prepare", evidence.storing(preparing.prepare, preparing.aprepare))
    graph.add_node("approve", evidence.storing(asking.approve, asking.aapprove))
    graph.add_node("write", evidence.storing(writing.write, writing.awrite))
    graph.add_node("collect", Node(clearing.collect, clearing.acollect))
    graph.add_node("report", Node(ending.report, ending.areport))
    graph.add_node("answer", Node(ending.answer, ending.aanswer))
    graph.add_node("second_look", Node(looking.look, looking.alook))
    graph.add_node("check", Node(ending.check, ending.acheck))

    known = partial(own_words, toolkit)
    _connect(graph, after_model(partial(list_writers, toolkit), meter, writing.destination, known))
    compiled = graph.compile(checkpointer=checkpointer, store=store, name="azure_devops_investigation")
    # The budgets end a question; this only stops a graph that goes on without a turn of the model.
    return compiled.with_config({"recursion_limit": _MOST_STEPS})


def _connect(graph: StateGraph[Any, Any, Any, Any], route: Callable[[State], Any]) -> None:
    """Connect the nodes as they are drawn above."""
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", route, ["read", "prepare", "answer", "report"])
    for node in ("read", "prepare", "approve", "write"):
        graph.add_edge(node, "collect")
    graph.add_conditional_edges("collect", after_calls, ["approve", "prepare", "write", "model", "report"])
    graph.add_conditional_edges("report", after_report, {"model": "model", "check": "second_look"})
    graph.add_edge("second_look", "check")
    graph.add_edge("check", END)
    graph.add_edge("answer", END)
