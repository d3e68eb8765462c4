"""Measure the requests of a call, how it fans out, and whether faults lose calls."""

import asyncio
import math
import time
from collections.abc import Iterator

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from azure_devops_evals.benchmarks.stub import DELAY, REPOSITORIES
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls import AT_ONCE
from langchain_azure_devops.tools import TOOLS

CALLS = 100
_FAN_OUTS: tuple[tuple[str, dict[str, object], int], ...] = (
    ("list_branches", {"limit": 1000}, 5 * REPOSITORIES),
    ("search_code", {"text": "DB_TIMEOUT", "limit": 50}, 50),
)
LISTS = tuple(
    name
    for name, tool in TOOLS.items()
    if "cursor" in tool.parameters.model_fields
    and "iteration" not in tool.parameters.model_fields
    and not tool.examples[0]
)
"""The lists whose example needs no argument, and whose rows one answer of the service holds.

A list about an iteration, which is the current one by default, looks it up first and joins several answers.
"""


def requests(stub: Stub) -> Iterator[Measurement]:
    """Count the requests of each list that fits into one answer, and the connections of many calls."""
    with stub.client() as client:
        TOOLS[LISTS[0]].call_sync(client)
        for name in LISTS:
            stub.wire()
            if not TOOLS[name].call_sync(client).items:
                raise RuntimeError(f"{name}: rows were expected")
            yield Measurement("requests", stub.wire().requests, name)
    stub.wire()
    with stub.client() as client:
        for _ in range(20):
            TOOLS[LISTS[0]].call_sync(client)
    yield Measurement("connections", stub.wire().connections)


def fan_out(stub: Stub) -> Iterator[Measurement]:
    """Read the branches of 40 repositories and the lines of 50 files, with 20 ms of latency for each request."""
    with stub.client("delay") as client:
        TOOLS[LISTS[0]].call_sync(client)
        for name, arguments, rows in _FAN_OUTS:
            stub.wire()
            start = time.perf_counter()
            page = TOOLS[name].call_sync(client, **arguments)
            took, asked = time.perf_counter() - start, stub.wire().requests
            if len(page.items) != rows or page.partial:
                raise RuntimeError(f"{name}: {rows} rows were expected, not {len(page.items)}: {page.notes}")
            serial, ideal = asked * DELAY, (1 + math.ceil((asked - 1) / AT_ONCE)) * DELAY
            detail = f"{asked} requests in {took:.3f} s; ideal {ideal:.3f} s, serial {serial:.3f} s"
            yield Measurement("fan-out", took / serial, name, detail)


def faults(stub: Stub) -> Iterator[Measurement]:
    """Make 100 list calls, 8 at once, while every fifth request is throttled, refused, failed or cut off."""

    async def all_of_them() -> list[str]:
        turns = asyncio.Semaphore(AT_ONCE)

        async def in_turn(number: int) -> str:
            async with turns:
                message = await bound[LISTS[number % len(LISTS)]].ainvoke(
                    {"type": "tool_call", "id": str(number), "name": "", "args": {"limit": 20}}
                )
                return "" if message.status == "success" else str(message.content)

        return await asyncio.gather(*(in_turn(number) for number in range(CALLS)))

    with stub.client("faulty") as client:
        bound = {name: bind(TOOLS[name], client) for name in LISTS}
        stub.wire()
        start = time.perf_counter()
        lost = [problem for problem in asyncio.run(all_of_them()) if problem]
        took = time.perf_counter() - start
    detail = f"{stub.wire().requests} requests in {took:.1f} s{''.join(f'; {problem}' for problem in lost[:1])}"
    yield Measurement("lost", len(lost), "", detail)
