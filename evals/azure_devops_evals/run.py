"""Run a case: put its question where it belongs, play a solution, and check what came out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.intents import IntentLog
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import ApprovalAsked, Investigator
from azure_devops_agents.models import ScriptedModel, Step
from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.checks import gates
from azure_devops_evals.person import answering
from azure_devops_evals.recording import CLOUD, PSEUDONYM_KEY, Asked, Recording, ReplayMiss, ReplayTransport
from azure_devops_evals.world import BASE_URL, TOKEN, SignInGateway, World
from azure_devops_simulator.organization import SEED_NOW
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.context import RunContext
from langchain_azure_devops.settings import Settings, load_settings

RECORDINGS = Path(__file__).parent / "recordings"
_PROJECT = "Platform"
_MAX_ROUNDS = 10


Status = Literal["pass", "fail", "miss", "error"]


@dataclass(frozen=True)
class Result:
    """How a case came out: `fail` by a check, `miss` by a request the recording does not hold, `error` by a crash."""

    case: str
    area: str
    status: Status
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where a case takes place.

    Attributes:
        settings: Which organization, with which token.
        transport: Takes the place of the network.
        pseudonyms: Stand for secrets in a recording, where nobody knows the secrets themselves.
        misses: What a recording was asked and does not hold.
        changes: Tells what is different in the organization.
        secrets: What must not be shown, as far as it is known.
        meanwhile: Lets others do something in the organization.
    """

    settings: Settings
    transport: httpx.AsyncBaseTransport
    pseudonyms: frozenset[str] = frozenset()
    misses: list[Asked] = field(default_factory=list)
    changes: Callable[[], Mapping[str, object]] = dict
    secrets: frozenset[str] = frozenset()
    meanwhile: Callable[[], None] = lambda: None


def settings_for(case: Case, base_url: str) -> Settings:
    """The settings of a case; nothing of them comes from the environment."""
    scopes = None if case.verified else case.declared or case.holds
    return load_settings(base_url=base_url, pat=TOKEN, default_project=_PROJECT, scopes=scopes, environ={})


def world_of(case: Case) -> Place:
    """A fresh organization."""
    world = World(case.holds, case.prepare)
    transport = world.transport if case.credential == "whole" else SignInGateway(world.transport)

    def meanwhile() -> None:
        if case.meanwhile:
            case.meanwhile(world.organization)

    return Place(
        settings_for(case, BASE_URL), transport, changes=world.changes, secrets=world.secrets, meanwhile=meanwhile
    )


def replay_of(case: Case, recordings: Path = RECORDINGS) -> Place:
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
    return Place(settings, transport, recording.pseudonyms(), transport.misses)


def run_case(case: Case, *, steps: Sequence[Step] | None = None, recordings: Path = RECORDINGS) -> Result:
    """Play the reference solution of a case, or other steps, and check what came out."""
    started = time.perf_counter()

    def result(status: Status, *reasons: str) -> Result:
        return Result(case.id, case.area, status, reasons, time.perf_counter() - started)

    try:
        place = replay_of(case, recordings) if case.source == "recording" else world_of(case)
        outcome = play(case, place, case.steps if steps is None else steps)
    except ReplayMiss as miss:
        return result("miss", str(miss))
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
        return result("error", f"{type(error).__name__}: {error}")
    if place.misses:
        return result("miss", *(f"The recording has no answer to {asked}." for asked in place.misses))
    failures = failed(case, outcome)
    return result("fail" if failures else "pass", *failures)


def failed(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong with an outcome, in words; empty when it is as expected."""
    found = ((check, check.failure(outcome)) for check in (*gates(case, TOKEN), *case.checks))
    return [f"{check.name}: {failure}" for check, failure in found if failure]


def play(case: Case, place: Place, steps: Sequence[Step], *, read_only: bool = False) -> Outcome:
    """Ask the question of a case, with a script in place of a language model.

    Raises:
        ReplayMiss: A request is not in the recording.
    """
    model = ScriptedModel(steps=list(steps))
    with _toolkit(case, place, read_only) as toolkit, _intents() as intents:
        tools = frozenset(str(tool.name) for tool in toolkit.get_tools())
        if case.person is None:
            graph = build_graph(model, toolkit, intents=intents)
            state: Mapping[str, Any] = graph.invoke({"messages": [HumanMessage(case.question)], "started": time.time()})
            asked: list[Mapping[str, Any]] = []
        else:
            graph = build_graph(model, toolkit, intents=intents, checkpointer=InMemorySaver())
            investigator = Investigator(graph)
            asked = _conversation(investigator, case, place.meanwhile)
            state = investigator.state("case")
    return Outcome(
        report=state["report"],
        evidence=state.get("evidence", {}),
        told=tuple((str(m.name), str(m.content)) for m in state["messages"] if isinstance(m, ToolMessage)),
        tools=tools,
        asked=tuple(asked),
        approved=tuple(
            str(decision["call"]["name"])
            for decision in state.get("decisions", {}).values()
            if decision["decision"] == "approve"
        ),
        changes=place.changes(),
        secrets=place.secrets,
    )


def _conversation(investigator: Investigator, case: Case, meanwhile: Callable[[], None]) -> list[Mapping[str, Any]]:
    """Ask, and answer every approval; returns what the person was shown."""
    shown: list[Mapping[str, Any]] = []
    answer = answering(case)
    events = investigator.ask("case", case.question)
    for _ in range(_MAX_ROUNDS):
        waiting = [event for event in events if isinstance(event, ApprovalAsked)]
        if not waiting:
            return shown
        if not shown:
            meanwhile()
        shown += [event.view for event in waiting]
        events = investigator.answer("case", {event.interrupt_id: dict(answer(event.view)) for event in waiting})
    raise RuntimeError(f"still asking for approval after {_MAX_ROUNDS} rounds")


@contextmanager
def _toolkit(case: Case, place: Place, read_only: bool) -> Iterator[AzureDevOpsToolkit]:
    context = RunContext(
        clock=lambda: SEED_NOW, new_id=lambda: "0" * 16, nonce=lambda: "00000000", pseudonym_key=PSEUDONYM_KEY
    )
    with AzureDevOpsToolkit(
        settings=place.settings, transport=place.transport, context=context, read_only=read_only
    ) as toolkit:
        toolkit.client.pseudonyms.update({pseudonym: pseudonym for pseudonym in place.pseudonyms})
        if case.verified:
            toolkit.verify()
        yield toolkit


@contextmanager
def _intents() -> Iterator[IntentLog]:
    log = IntentLog()
    try:
        yield log
    finally:
        log.close()
