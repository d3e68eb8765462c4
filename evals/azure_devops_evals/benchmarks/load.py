"""Many requests: how many a call makes, how wide it fans out, and whether faults lose any."""

import asyncio
import math
import time
from collections.abc import Iterator

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from azure_devops_evals.benchmarks.stub import DELAY
from langchain_azure_devops.binding import bind
from langchain_azure_devops.tools import TOOLS

_AT_ONCE = 8
_CALLS = 100
_HITS = 50
_LISTS = ("list_projects", "list_repositories", "list_pull_requests", "list_builds")


def requests(stub: Stub) -> Iterator[Measurement]:
    """Requests of each list that the service can give at once, and connections of many calls."""
    with stub.client() as client:
        TOOLS["list_projects"].call_sync(client)
        for name in _LISTS:
            stub.wire()
            TOOLS[name].call_sync(client)
            yield Measurement("requests", stub.wire().requests, name)
    stub.wire()
    with stub.client() as client:
        for _ in range(20):
            TOOLS["list_projects"].call_sync(client)
    yield Measurement("connections", stub.wire().connections)


def fan_out(stub: Stub) -> Iterator[Measurement]:
    """Code search with the lines of 50 files: one request for the hits, one for each file, every one 20 ms away."""
    with stub.client("delay") as client:
        TOOLS["list_projects"].call_sync(client)
        stub.wire()
        start = time.perf_counter()
        page = TOOLS["search_code"].call_sync(client, text="DB_TIMEOUT", limit=_HITS)
        took, asked = time.perf_counter() - start, stub.wire().requests
    assert all(hit.lines for hit in page.items)  # noqa: S101 - otherwise less was done than is measured
    serial = asked * DELAY
    ideal = (1 + math.ceil((asked - 1) / _AT_ONCE)) * DELAY
    detail = (
        f"{asked} requests in {took * 1000:.0f} ms; ideal {ideal * 1000:.0f} ms; {serial / took:.1f}x as fast as serial"
    )
    yield Measurement("fan-out", took / ideal, "search_code", detail)


def faults(stub: Stub) -> Iterator[Measurement]:
    """100 list calls, 8 at once, while every fifth request is answered 429 or 503 with a Retry-After."""

    async def all_of_them() -> list[str]:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(number: int) -> str:
            async with turns:
                message = await bound[_LISTS[number % 2 * 2]].ainvoke(
                    {"type": "tool_call", "id": str(number), "name": "", "args": {"limit": 20}}
                )
                return "" if message.status == "success" else str(message.content)

        return await asyncio.gather(*(in_turn(number) for number in range(_CALLS)))

    with stub.client("faulty") as client:
        bound = {name: bind(TOOLS[name], client) for name in _LISTS}
        stub.wire()
        start = time.perf_counter()
        lost = [problem for problem in asyncio.run(all_of_them()) if problem]
        took = time.perf_counter() - start
    detail = f"{stub.wire().requests} requests in {took:.1f} s{''.join(f'; {problem}' for problem in lost[:1])}"
    yield Measurement("lost", len(lost), "", detail)
