"""Play a case: ask its question in its environment, let a script or a model answer, and collect the outcome."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.evidence.store import EvidenceTexts
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import Investigator
from azure_devops_agents.investigation.reporting import list_approvers
from azure_devops_agents.models.scripted import Step
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_evals.case import Called, Case, Outcome
from azure_devops_evals.recording.format import CLOUD, PSEUDONYM_KEY, Recording
from azure_devops_evals.recording.replay import ReplayMiss, ReplayTransport
from azure_devops_evals.running.approver import approver_of
from azure_devops_evals.running.outages import OutageWatch, watch_for_outages
from azure_devops_evals.running.script import CaseModel
from azure_devops_evals.world.world import BASE_URL, TOKEN, UNKNOWN_TOKEN, SignInGateway, World
from azure_devops_simulator import SimulatorServer
from azure_devops_simulator.state.clock import SEED_NOW
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import Settings, load_settings

RECORDINGS = Path(__file__).parents[1] / "recordings"
CASSETTES = Path(__file__).parents[1] / "cassettes"
PROJECT = "Platform"
_MAX_ROUNDS = 10
_TIMEOUTS = Timeouts(retry_pause=0.01, recovery=0.0)
"""Waiting for an organization in this process gains nothing, so the pauses are as short as possible."""

Player = Sequence[Step] | BaseChatModel
"""The script or the model that answers a question."""


@dataclass(frozen=True)
class Environment:
    """The organization that a case is played in, real or recorded.

    Attributes:
        settings: The organization and the token.
        transport: Answers requests instead of the network.
        pseudonyms: The pseudonyms of secrets in a recording, where the secrets themselves are not known.
        misses: The requests that the recording does not hold.
        changes: Returns what differs in the organization.
        secrets: The secrets that must not be shown, as far as they are known.
        meanwhile: Lets other people change the organization.
        digest: Returns the digest of the simulated organization.
        serve: Serves the organization on a port of this machine while a block lasts, and gives its address and token;
            None on a recording, which cannot be asked anything else than what was recorded.
    """

    settings: Settings
    transport: httpx.AsyncBaseTransport
    pseudonyms: frozenset[str] = frozenset()
    misses: list[ReplayMiss] = field(default_factory=list)
    changes: Callable[[], Mapping[str, object]] = dict
    secrets: frozenset[str] = frozenset()
    meanwhile: Callable[[], None] = lambda: None
    digest: Callable[[], str] = str
    serve: Callable[[], AbstractContextManager[tuple[str, str]]] | None = None


def settings_for(case: Case, base_url: str) -> Settings:
    """Return the settings of a case; nothing comes from the environment variables."""
    scopes = None if case.verified else case.declared or case.holds
    return load_settings(base_url=base_url, pat=TOKEN, default_project=PROJECT, scopes=scopes, environ={})


def open_world(case: Case) -> Environment:
    """Open a fresh simulated organization."""
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
        serve=lambda: _serve(world, TOKEN if case.credential == "whole" else UNKNOWN_TOKEN),
    )


@contextmanager
def _serve(world: World, token: str) -> Iterator[tuple[str, str]]:
    with SimulatorServer(world.organization) as server:
        yield server.base_url, token


def open_recording(case: Case, recordings: Path = RECORDINGS) -> Environment:
    """Open the recording of a case.

    Raises:
        FileNotFoundError: There is no recording yet; the message says how to make it.
    """
    path = recordings / f"{case.id}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is not there. Make it: azure-devops-evals record --case {case.id}")
    recording = Recording.load(path)
    transport = ReplayTransport(recording)
    settings = settings_for(case, f"{CLOUD}/{recording.provenance.organization}")
    return Environment(settings, transport, recording.pseudonyms(), transport.misses)


def open_environment(case: Case, recordings: Path = RECORDINGS) -> Environment:
    """Open the environment that the scripts of a case are played in."""
    return open_world(case) if case.source == "world" else open_recording(case, recordings)


def play(
    case: Case,
    environment: Environment,
    player: Player,
    *,
    read_only: bool = False,
    inject_fault: Callable[[Sequence[BaseTool]], None] = lambda _: None,
    via: Callable[[AzureDevOpsToolkit], object] | None = None,
) -> Outcome:
    """Ask the question of a case and return the outcome; an error of the agent is part of the outcome.

    Args:
        case: The case.
        environment: The organization that the case is played in.
        player: The script or the model that answers.
        read_only: Offer no tool that writes.
        inject_fault: Changes the tools so that they are wrong, to see whether the suite notices it.
        via: Adds other tools to a toolkit that has none; by default it has all, of which the model sees what fits.
    """
    watch = OutageWatch()
    model = watch_for_outages(player, watch) if isinstance(player, BaseChatModel) else _script(case, player)
    with open_toolkit(case, environment, read_only=read_only, via=via) as toolkit, _journal() as journal:
        offered = toolkit.get_tools()
        inject_fault(offered)
        tools = frozenset(str(tool.name) for tool in offered)
        asked: list[Mapping[str, Any]] = []
        crash: str | None = None
        state: Mapping[str, Any] = {}
        # Without an approver there is no checkpointer, and the graph must refuse writes by itself.
        saver = None if case.approver is None else InMemorySaver()
        graph = build_graph(
            model,
            toolkit,
            budgets=case.budgets,
            journal=journal,
            checkpointer=saver,
            instructions=case.instructions,
            second_look=case.second_look is not None,
        )
        try:
            if saver is None:
                asking = {"messages": [HumanMessage(case.asked)]}
                for state in graph.stream(asking, stream_mode="values"):  # noqa: B007 - the last one is wanted
                    pass
            else:
                _converse(Investigator(graph), case, environment.meanwhile, asked)
        except Exception as error:
            if is_ours(error):
                raise
            crash = f"{type(error).__name__}: {error}"
        if saver is not None:
            state = Investigator(graph).state("case")
        if graph.store is not None:
            texts = EvidenceTexts(graph.store, "" if saver is None else "case")
            state = {**state, "evidence": texts.complete(state.get("evidence", {}))}
    return _outcome(state, environment, tools=tools, asked=asked, crash=crash, outage=watch.outage)


def _script(case: Case, steps: Sequence[Step]) -> CaseModel:
    return CaseModel(steps=list(steps), second_look=case.second_look or [])


def is_ours(error: BaseException) -> bool:
    """Return whether the suite or the simulator raised the error. A replay miss counts as an error of the agent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    home = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] if trace is not None else ""
    return home in {"azure_devops_simulator", "azure_devops_evals"} and not isinstance(error, ReplayMiss)


def _outcome(
    state: Mapping[str, Any],
    environment: Environment,
    *,
    tools: frozenset[str],
    asked: Sequence[Mapping[str, Any]],
    crash: str | None,
    outage: str | None,
) -> Outcome:
    evidence, messages = state.get("evidence", {}), state.get("messages", [])
    return Outcome(
        report=state.get("report") or {**check_report(plain_report(""), {}), "coverage": {}},
        evidence=evidence,
        answers=tuple((str(m.name), str(m.content)) for m in messages if isinstance(m, ToolMessage)),
        tools=tools,
        approval_requests=tuple(asked),
        approved=tuple(
            str(decision["call"]["name"])
            for decision in state.get("decisions", {}).values()
            if decision["decision"] == "approve"
        ),
        approvers=list_approvers(state),
        changes=environment.changes(),
        secrets=environment.secrets,
        calls=tuple(list_calls(messages)),
        # The report is the last message as well; no model reads it there.
        questions=tuple(list_questions(messages)),
        tokens=count_tokens_approximately([m for m in messages if not m.additional_kwargs.get("report")]),
        crash=crash,
        outage=outage,
    )


def list_questions(messages: Sequence[Any]) -> Iterator[str]:
    """Return the texts with which the model ended a turn before the person spoke again."""
    for message, following in pairwise(messages):
        if isinstance(message, AIMessage) and isinstance(following, HumanMessage) and not message.tool_calls:
            yield str(message.text)


def list_calls(messages: Sequence[Any]) -> Iterator[Called]:
    """Return every tool call of a conversation, with its answer."""
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
    """Ask the question and answer every approval; add to `shown` what the approver was shown."""
    answer, reply = approver_of(case), case.reply
    events = investigator.ask("case", case.asked)
    for _ in range(_MAX_ROUNDS):
        deque(events, maxlen=0)
        asked = investigator.pending("case")
        if asked is None and reply is not None and not investigator.state("case").get("report"):
            events, reply = investigator.ask("case", reply), None
            continue
        if asked is None:
            return
        if not shown:
            meanwhile()
        # An edited call and one whose state changed are shown once more; only what the model asked for counts.
        again = ("edited", "problem", "outdated")
        shown += [view for view in asked.views if not any(view[name] for name in again)]
        decisions = [dict(answer(view)) for view in asked.views]
        events = investigator.answer("case", asked.interrupt_id, {"decisions": decisions})
    raise RuntimeError(f"still asking for approval after {_MAX_ROUNDS} rounds")


class PassingTime(httpx.AsyncBaseTransport):
    """A transport and a clock: some time passes with each request."""

    def __init__(self, inner: httpx.AsyncBaseTransport, step: timedelta) -> None:
        """Begin at the time of the seed."""
        self._inner, self._step, self._now = inner, step, SEED_NOW

    def now(self) -> datetime:
        """Return the present time."""
        return self._now

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, and let time pass."""
        self._now += self._step
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


@contextmanager
def open_toolkit(
    case: Case,
    environment: Environment,
    *,
    read_only: bool = False,
    via: Callable[[AzureDevOpsToolkit], object] | None = None,
) -> Iterator[AzureDevOpsToolkit]:
    """Open a toolkit for a case; `play` explains the options."""
    # All cases use the same organization name: when one case is throttled, the next one must not wait for it.
    passing = PassingTime(environment.transport, timedelta(seconds=case.seconds_per_request))
    context = RunContext(
        clock=passing.now,
        new_id=lambda: "0" * 16,
        nonce=lambda: "00000000",
        timeouts=_TIMEOUTS,
        pseudonym_key=PSEUDONYM_KEY,
        shared_pace=False,
    )
    with AzureDevOpsToolkit(
        settings=environment.settings,
        transport=passing,
        context=context,
        read_only=read_only,
        toolsets=() if via else "all",
    ) as toolkit:
        toolkit.client.secrets.accept(sorted(environment.pseudonyms))
        if case.verified:
            toolkit.verify()
        if via is not None:
            via(toolkit)
        yield toolkit


@contextmanager
def _journal() -> Iterator[WriteJournal]:
    log = WriteJournal()
    try:
        yield log
    finally:
        log.close()
