"""Play a case: put its question where it belongs, let a script or a model answer it, and see what that left behind."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import Investigator
from azure_devops_agents.investigation.report import check_quotes, plain_report
from azure_devops_agents.models.scripted import ScriptedModel, Step
from azure_devops_evals.case import Called, Case, Outcome
from azure_devops_evals.recording.format import CLOUD, PSEUDONYM_KEY, Recording
from azure_devops_evals.recording.replay import ReplayMiss, ReplayTransport
from azure_devops_evals.running.approver import approver_of
from azure_devops_evals.running.outages import OutageWatch, watch_for_outages
from azure_devops_evals.world.world import BASE_URL, TOKEN, SignInGateway, World
from azure_devops_simulator.state.clock import SEED_NOW
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import Settings, load_settings

RECORDINGS = Path(__file__).parents[1] / "recordings"
CASSETTES = Path(__file__).parents[1] / "cassettes"
PROJECT = "Platform"
_MAX_ROUNDS = 10
_TIMEOUTS = Timeouts(retry_pause=0.01, recovery_pauses=(0.0,))
"""Nothing gets better by waiting for an organization in this process."""

Player = Sequence[Step] | BaseChatModel
"""Who answers a question: a script, or a model."""


@dataclass(frozen=True)
class Environment:
    """Where a case takes place.

    Attributes:
        settings: Which organization, with which token.
        transport: Takes the place of the network.
        pseudonyms: Stand for secrets in a recording, where nobody knows the secrets themselves.
        misses: What a recording was asked and does not hold.
        changes: Tells what is different in the organization.
        secrets: What must not be shown, as far as it is known.
        meanwhile: Lets others do something in the organization.
        digest: Gives the digest of the simulated organization.
    """

    settings: Settings
    transport: httpx.AsyncBaseTransport
    pseudonyms: frozenset[str] = frozenset()
    misses: list[ReplayMiss] = field(default_factory=list)
    changes: Callable[[], Mapping[str, object]] = dict
    secrets: frozenset[str] = frozenset()
    meanwhile: Callable[[], None] = lambda: None
    digest: Callable[[], str] = str


def settings_for(case: Case, base_url: str) -> Settings:
    """The settings of a case; nothing of them comes from the environment."""
    scopes = None if case.verified else case.declared or case.holds
    return load_settings(base_url=base_url, pat=TOKEN, default_project=PROJECT, scopes=scopes, environ={})


def open_world(case: Case) -> Environment:
    """A fresh organization."""
    world = World(case.holds, case.setup, case.faults, case.world)
    transport = world.transport if case.credential == "whole" else SignInGateway(world.transport)

    def meanwhile() -> None:
        if case.meanwhile:
            case.meanwhile(world.organization)

    return Environment(
        settings_for(case, BASE_URL),
        transport,
        changes=world.changes,
        secrets=world.secrets,
        meanwhile=meanwhile,
        digest=lambda: world.digest,
    )


def open_recording(case: Case, recordings: Path = RECORDINGS) -> Environment:
    """The recording of a case.

    Raises:
        FileNotFoundError: There is none yet; the message says how to make it.
    """
    path = recordings / f"{case.id}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is not there. Make it: azure-devops-evals record --case {case.id}")
    recording = Recording.load(path)
    transport = ReplayTransport(recording)
    settings = settings_for(case, f"{CLOUD}/{recording.provenance.organization}")
    return Environment(settings, transport, recording.pseudonyms(), transport.misses)


def open_environment(case: Case, recordings: Path = RECORDINGS) -> Environment:
    """Where the scripts of a case are played."""
    return open_recording(case, recordings) if case.source == "recording" else open_world(case)


def play(
    case: Case,
    place: Environment,
    player: Player,
    *,
    read_only: bool = False,
    inject_fault: Callable[[Sequence[BaseTool]], None] = lambda _: None,
) -> Outcome:
    """Ask the question of a case and see what came out; what the agent raises is part of that.

    Args:
        case: The case.
        place: Where it takes place.
        player: Who answers.
        read_only: Offer no tool that writes.
        inject_fault: Changes the tools so that they are wrong, to see whether the suite notices it.
    """
    watch = OutageWatch()
    model = watch_for_outages(player, watch) if isinstance(player, BaseChatModel) else ScriptedModel(steps=list(player))
    with _toolkit(case, place, read_only) as toolkit, _journal() as journal:
        offered = toolkit.get_tools()
        inject_fault(offered)
        tools = frozenset(str(tool.name) for tool in offered)
        asked: list[Mapping[str, Any]] = []
        crash: str | None = None
        state: Mapping[str, Any] = {}
        # Without somebody who can be asked there is no checkpointer, and the graph must refuse by itself.
        saver = None if case.approver is None else InMemorySaver()
        graph = build_graph(model, toolkit, journal=journal, checkpointer=saver)
        try:
            if saver is None:
                asking = {"messages": [HumanMessage(case.question)], "started": time.time()}
                for state in graph.stream(asking, stream_mode="values"):  # noqa: B007 - the last one is wanted
                    pass
            else:
                _converse(Investigator(graph), case, place.meanwhile, asked)
        except Exception as error:
            if _ours(error):
                raise
            crash = f"{type(error).__name__}: {error}"
        if saver is not None:
            state = Investigator(graph).state("case")
    return _outcome(state, place, tools=tools, asked=asked, crash=crash, outage=watch.outage)


def _ours(error: BaseException) -> bool:
    """Whether the suite or the simulator raised it, not the agent; a miss is the answer to what the agent asked."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    home = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] if trace is not None else ""
    return home in {"azure_devops_simulator", "azure_devops_evals"} and not isinstance(error, ReplayMiss)


def _outcome(
    state: Mapping[str, Any],
    place: Environment,
    *,
    tools: frozenset[str],
    asked: Sequence[Mapping[str, Any]],
    crash: str | None,
    outage: str | None,
) -> Outcome:
    evidence, messages = state.get("evidence", {}), state.get("messages", [])
    return Outcome(
        report=state.get("report") or {**check_quotes(plain_report(""), evidence), "coverage": {}},
        evidence=evidence,
        told=tuple((str(m.name), str(m.content)) for m in messages if isinstance(m, ToolMessage)),
        tools=tools,
        asked=tuple(asked),
        approved=tuple(
            str(decision["call"]["name"])
            for decision in state.get("decisions", {}).values()
            if decision["decision"] == "approve"
        ),
        changes=place.changes(),
        secrets=place.secrets,
        calls=tuple(_calls(messages)),
        tokens=count_tokens_approximately(messages),
        crash=crash,
        outage=outage,
    )


def _calls(messages: Sequence[Any]) -> Iterator[Called]:
    answers = {message.tool_call_id: str(message.content) for message in messages if isinstance(message, ToolMessage)}
    for message in messages:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield Called(call["name"], call["args"], answers.get(str(call["id"])))
            for malformed in message.invalid_tool_calls:
                arguments = {"not valid JSON": malformed["args"]}
                yield Called(str(malformed["name"]), arguments, answers.get(str(malformed["id"])))


def _converse(
    investigator: Investigator, case: Case, meanwhile: Callable[[], None], shown: list[Mapping[str, Any]]
) -> None:
    """Ask, and answer every approval; what the person is shown is added to `shown`."""
    answer = approver_of(case)
    events = investigator.ask("case", case.question)
    for _ in range(_MAX_ROUNDS):
        deque(events, maxlen=0)
        # In the order of the calls; events come in the order in which the nodes finished.
        waiting = investigator.pending("case")
        if not waiting:
            return
        if not shown:
            meanwhile()
        # A call that was edited, well or badly, is shown once more; what counts is what the model asked for.
        shown += [event.view for event in waiting if not (event.view["edited"] or event.view["problem"])]
        events = investigator.answer("case", {event.interrupt_id: dict(answer(event.view)) for event in waiting})
    raise RuntimeError(f"still asking for approval after {_MAX_ROUNDS} rounds")


@contextmanager
def _toolkit(case: Case, place: Environment, read_only: bool) -> Iterator[AzureDevOpsToolkit]:
    # The organizations of all cases have the same name: one that throttles must not slow the next one down.
    context = RunContext(
        clock=lambda: SEED_NOW,
        new_id=lambda: "0" * 16,
        nonce=lambda: "00000000",
        timeouts=_TIMEOUTS,
        pseudonym_key=PSEUDONYM_KEY,
        shared_pace=False,
    )
    with AzureDevOpsToolkit(
        settings=place.settings, transport=place.transport, context=context, read_only=read_only
    ) as toolkit:
        toolkit.client.pseudonyms.update({pseudonym: pseudonym for pseudonym in place.pseudonyms})
        if case.verified:
            toolkit.verify()
        yield toolkit


@contextmanager
def _journal() -> Iterator[WriteJournal]:
    log = WriteJournal()
    try:
        yield log
    finally:
        log.close()
