"""The budget of a question: its limits, what is used of it, and how both are told to the model."""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from typing_extensions import TypedDict

from azure_devops_agents.evidence.record import READ_EVIDENCE
from azure_devops_agents.investigation.events import BudgetUsed
from azure_devops_agents.investigation.refusals import was_not_carried_out
from azure_devops_agents.investigation.state import State, StepTime, since_question
from azure_devops_agents.investigation.turns.token_counts import ESTIMATED
from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.reports.report import WRITE_REPORT
from azure_devops_agents.settings import CALLS, MINUTES, PREFIX, TOKENS
from langchain_azure_devops.errors import Misconfigured

__all__ = ["Budgets", "Meter", "Usage", "read_budgets"]

LAST_TURNS = 3
"""The most turns that the model has once a limit is reached. In the last of them it can only write the report."""
SERVED = "served"
"""The field in the artifact of an answer that names the earlier evidence which the answer shows again."""
_FREE = frozenset({READ_EVIDENCE, WRITE_REPORT, FIND_TOOLS})
"""The agent's own tools: they send nothing to the service, so they cost no call."""


@dataclass(frozen=True)
class Budgets:
    """The limits of one question. When one of them is reached, the model has a last turn to write its report.

    Attributes:
        calls: Tool calls. Writing the report and reading stored evidence do not count.
        tokens: Tokens of all turns of the model together, as the provider reports them. They are estimated when it
            reports none.
        context: Tokens of the conversation that is sent at once. Beyond it, older results are reduced to a line.
        seconds: Time since the question, without the time for which people were waited for or no process worked on it.
        last_seconds: Time that the model has after that for its report.
        approvals: How many writes a person is asked about at most; nobody would read more.
        approvals_at_once: How many of them may wait at the same time.
    """

    calls: int = CALLS.default
    tokens: int = TOKENS.default
    context: int = 50_000
    seconds: float = MINUTES.default * 60.0
    last_seconds: float = 120.0
    approvals: int = 12
    approvals_at_once: int = 5

    def __post_init__(self) -> None:
        """Accept only numbers that can be limits.

        Raises:
            Misconfigured: One of them is no number, negative or not finite.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            kinds = (int, float) if each.type is float else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value < math.inf:
                words = "number" if each.type is float else "whole number"
                raise Misconfigured(f"{each.name}= takes a {words} from 0, not {value!r:.40}.", subject=each.name)


def read_budgets(
    *,
    calls: int | None = None,
    tokens: int | None = None,
    minutes: float | None = None,
    environ: Mapping[str, str] | None = None,
) -> Budgets:
    """Return the budgets of a question: what is given, else what the environment says, else the defaults.

    Args:
        calls: Tool calls; by default `AZURE_DEVOPS_AGENT_CALLS`.
        tokens: Tokens of all turns; by default `AZURE_DEVOPS_AGENT_TOKENS`.
        minutes: Time without waiting for people; by default `AZURE_DEVOPS_AGENT_MINUTES`.
        environ: The environment; by default that of the process.

    Raises:
        Misconfigured: A value is no number above 0.
    """
    variables = os.environ if environ is None else environ
    found: dict[str, Any] = {
        "calls": read_number(CALLS.variable, calls, int, variables),
        "tokens": read_number(TOKENS.variable, tokens, int, variables),
    }
    if (time := read_number(MINUTES.variable, minutes, float, variables)) is not None:
        found["seconds"] = time * 60
    return Budgets(**{name: value for name, value in found.items() if value is not None})


def read_number(
    variable: str, given: float | None, kind: type[int] | type[float], environ: Mapping[str, str]
) -> float | None:
    """Return a setting that is a number above 0: the given one, else that of the environment; None when it is not set.

    Args:
        variable: The environment variable.
        given: The value of the argument or option.
        kind: Whether it is a whole number.
        environ: The environment.

    Raises:
        Misconfigured: It is no such number.
    """
    text = environ.get(variable, "").strip().replace("_", "").replace(",", "")
    source = variable if given is None else variable.removeprefix(PREFIX).lower()
    if given is None and not text:
        return None
    try:
        value = kind(text if given is None else given)
    except (ValueError, OverflowError):
        value = -1
    if not 0 < value < math.inf:
        words = "whole number" if kind is int else "number"
        raise Misconfigured(f"{source}={text if given is None else given!r} is no {words} above 0.", subject=source)
    return value


class Usage(TypedDict):
    """The tokens, calls and time that a question has used.

    `tokens` is the sum that the provider reported: `input` and `output`; `cached` is the part of `input` that it took
    from its cache. `estimated` says that the provider reported none for at least one turn. `seconds` is the time since
    the question, without the time for which people were waited for or no process worked on it.
    """

    calls: int
    tokens: int
    input: int
    output: int
    cached: int
    estimated: bool
    seconds: float


@dataclass(frozen=True)
class Meter:
    """Measures what the current question of a thread has used.

    Attributes:
        budgets: The limits.
        clock: Returns the present time.
    """

    budgets: Budgets
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""
        return self.clock().timestamp()

    def usage(self, state: State) -> Usage:
        """Return what the current question has used until now."""
        messages = since_question(state["messages"])
        spoken = [message for message in messages if isinstance(message, AIMessage)]
        reports = [message.usage_metadata for message in spoken if message.usage_metadata]
        cached = sum(report.get("input_token_details", {}).get("cache_read", 0) or 0 for report in reports)
        return Usage(
            calls=count_calls(messages),
            tokens=sum(report["total_tokens"] for report in reports),
            input=sum(report["input_tokens"] for report in reports),
            output=sum(report["output_tokens"] for report in reports),
            cached=cached,
            estimated=any(message.response_metadata.get(ESTIMATED) for message in spoken),
            seconds=round(self._seconds(state), 1),
        )

    def limit(self, state: State) -> str | None:
        """Name the limit that is reached, the first one if there are several. Return None while no limit is reached."""
        used = self.usage(state)
        if (told := state.get("limit")) and state.get("question") == question_id(state["messages"]):
            return told
        if used["calls"] >= self.budgets.calls:
            return self.call_limit
        if used["tokens"] >= self.budgets.tokens:
            return f"{self.budgets.tokens:,} tokens"
        return self.time_limit if self.seconds_left(state) <= 0 else None

    @property
    def call_limit(self) -> str:
        """The limit of calls in words."""
        return _tool_calls(self.budgets.calls)

    @property
    def time_limit(self) -> str:
        """The limit of time in words."""
        return describe_time(self.budgets.seconds)

    def seconds_left(self, state: State) -> float:
        """Return the seconds that are left. They are negative once the time is over."""
        return self.budgets.seconds - self._seconds(state)

    def _seconds(self, state: State) -> float:
        """Return the time since the question. The times in the state may belong to an earlier question."""
        if state.get("question") != question_id(state["messages"]):
            return 0.0
        return max(0.0, self.now() - state["started"] - (state.get("waited") or 0.0))

    def leave_out_idle(self, state: State, longest: float) -> dict[str, float]:
        """Return the update that ends a step, without the time in which no process can have worked on it.

        A process that dies does not record when. So no more of the time since the last step counts than this step can
        have taken. The rest passed until another process continued.

        Args:
            state: The thread.
            longest: How many seconds the step can have taken.
        """
        now = self.now()
        idle = max(0.0, now - state.get("stepped", now) - longest)
        return {"stepped": now, "waited": (state.get("waited") or 0.0) + idle}

    def begin_step(self, state: State, calls: int) -> StepTime:
        """Return the time that the calls of a turn have, together with when it begins."""
        return StepTime(left=self.seconds_left(state), since=self.now(), calls=calls)

    def left_in_step(self, step: StepTime, longest: float) -> float:
        """Return the time that is left for a call of a turn; negative when there is none.

        Args:
            step: The time that the turn's calls had at its end. Some of them may have waited for others since then.
            longest: How many seconds one call can take. What is longer passed until another process went on.
        """
        return step["left"] - min(max(0.0, self.now() - step["since"]), longest * step["calls"])

    def describe_left(self, state: State) -> str:
        """Tell the model in one line what is left of the budget, and what time it is."""
        used, limits = self.usage(state), self.budgets
        tokens = max(0, limits.tokens - used["tokens"])
        return (
            f"[Left of the budget: {max(0, limits.calls - used['calls'])} of {_tool_calls(limits.calls)}, "
            f"{'about ' if used['estimated'] else ''}{_round_down(tokens):,} of {limits.tokens:,} tokens, "
            f"{describe_time(max(0.0, self.seconds_left(state)))} of {describe_time(limits.seconds)}. "
            f"It is {self.clock().astimezone(UTC):%Y-%m-%d %H:%M} UTC.]"
        )

    def event(self, state: State) -> BudgetUsed:
        """Return what is used and left as an event for front ends."""
        used, limits = self.usage(state), self.budgets
        left = {
            "calls": max(0, limits.calls - used["calls"]),
            "tokens": max(0, limits.tokens - used["tokens"]),
            "seconds": max(0.0, round(limits.seconds - used["seconds"], 1)),
        }
        return BudgetUsed(dict(used), left)


def add_usage(first: Usage, second: Mapping[str, Any] | None) -> Usage:
    """Add what another pass of the same question has used; its time is in the time of the question already."""
    if not second:
        return first
    return Usage(
        calls=first["calls"] + second["calls"],
        tokens=first["tokens"] + second["tokens"],
        input=first["input"] + second["input"],
        output=first["output"] + second["output"],
        cached=first["cached"] + second["cached"],
        estimated=first["estimated"] or second["estimated"],
        seconds=first["seconds"],
    )


def describe_budget(budgets: Budgets, *, finds_tools: bool = False) -> str:
    """Announce the budget to the model, for its system prompt."""
    free = [READ_EVIDENCE, *([FIND_TOOLS] if finds_tools else [])]
    return (
        f"The budget of a question is {_tool_calls(budgets.calls)}, {budgets.tokens:,} tokens and "
        f"{describe_time(budgets.seconds)}. From the second turn on, the last line says what is left and what "
        f"time it is. {', '.join(free)} and {WRITE_REPORT} cost no call. When a limit is reached, you can only write "
        "the report."
    )


def question_id(messages: list[AnyMessage]) -> str:
    """Return the id of the message that asked the current question."""
    return str(since_question(messages)[0].id) if messages else ""


def costs_call(name: str) -> bool:
    """Return whether a call of a tool counts."""
    return name not in _FREE


def count_calls(messages: Iterable[AnyMessage]) -> int:
    """Count the calls that were carried out and that cost something. Refused and repeated calls do not count."""
    answers = [message for message in messages if isinstance(message, ToolMessage) and costs_call(str(message.name))]
    return sum(not _sent_nothing(message) for message in answers)


def _sent_nothing(message: ToolMessage) -> bool:
    """Return whether a call was not carried out, or was answered with earlier evidence."""
    artifact = message.artifact if isinstance(message.artifact, dict) else {}
    return SERVED in artifact or was_not_carried_out(message)


def _round_down(tokens: int) -> int:
    return tokens // 1000 * 1000 if tokens >= 1000 else tokens


def _tool_calls(number: int) -> str:
    return f"{number:,} tool call{'' if number == 1 else 's'}"


def describe_time(seconds: float) -> str:
    """Return a time in whole minutes, or in seconds when there are few."""
    if seconds >= 120:
        return f"{math.ceil(seconds / 60):,} minutes"
    whole = math.ceil(seconds)
    return f"{whole} second{'' if whole == 1 else 's'}"
