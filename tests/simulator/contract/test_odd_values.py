"""Each value of each request that succeeds is replaced by odd ones: no operation may break, whatever it answers."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
from contract_calls import TITLE, drive, lines, router

from azure_devops_simulator.api.routing import split_path
from azure_devops_simulator.server.app import create_app

IN_BODY = (None, -1, 2**70, "²\0", [], {})
IN_QUERY = ("-1", "9" * 5_000, "²", "0001-01-01T00:00:00+23:00")
PAGING = ("$skip", "continuationToken", "asOf")


def requests_that_succeed() -> Iterator[tuple[httpx.ASGITransport, list[tuple[str, str, str]]]]:
    """The organization after the contract's calls, behind its application, and the calls."""
    for driver in drive():
        sent = []
        for line in lines("successes.txt"):
            driver.send(line)
            method, target, body = [*line.partition(" -> ")[0].split(" ", 2), ""][:3]
            filled = json.dumps(TITLE) if body == "{title}" else driver.fill(body)
            sent.append((method, driver.fill(target).removeprefix(driver.server.base_url), filled))
        yield httpx.ASGITransport(create_app(driver.server.organization)), sent


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def replaced(value: Any, at: tuple[Any, ...], odd: object) -> Any:
    if not at:
        return odd
    changed = copy.deepcopy(value)
    inside = changed
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = odd
    return changed


def damaged(method: str, target: str, body: str) -> Iterator[tuple[httpx.URL, str | None]]:
    url = httpx.URL(target)
    if body.startswith(("{", "[")):
        value = json.loads(body)
        for at in places(value):
            yield from ((url, json.dumps(replaced(value, at, odd))) for odd in IN_BODY)
    for name in [*url.params, *(PAGING if method == "GET" else ())]:
        yield from ((url.copy_set_param(name, odd), body or None) for odd in IN_QUERY)


async def test_no_operation_breaks():
    """A handler that raises would raise here: there is no server between the client and the application."""
    routes, tried = router(), 0
    for transport, sent in requests_that_succeed():
        base = "http://127.0.0.1:1/tidewater"
        async with httpx.AsyncClient(transport=transport, base_url=base, auth=("", "driver")) as client:
            for method, target, body in sent:
                match = routes.find(method, split_path(target.partition("?")[0]))
                assert match is not None
                media_type = "application/json-patch+json" if body.startswith('[{"op"') else "application/json"
                for url, odd in damaged(method, target, body):
                    versioned = url.copy_merge_params({"api-version": match.route.version or "7.1"})
                    headers = {"Accept": "application/json", "Content-Type": media_type}
                    tried += 1
                    answer = await client.request(method, str(versioned), content=odd, headers=headers)
                    assert answer.status_code < 500 or answer.json()["typeKey"], (method, versioned, odd)
    assert tried > 1_000
