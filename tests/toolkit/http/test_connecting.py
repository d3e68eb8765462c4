"""Connecting: several addresses of one host, and a caller that is cancelled at any moment."""

import asyncio
import contextlib
import gc
import socket
import warnings

import httpx
import pytest
from raw_server import Listener
from stub_service import StubService, ok

from langchain_azure_devops.http.network import Network

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(connection):
    while connection.recv(65_536):
        connection.sendall(ANSWER)


def resolve_to(monkeypatch, *addresses):
    """Let every name have these addresses, in this order."""
    families = [socket.AF_INET6 if ":" in address[0] else socket.AF_INET for address in addresses]
    found = [(family, socket.SOCK_STREAM, 6, "", to) for family, to in zip(families, addresses, strict=True)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)


@contextlib.contextmanager
def full_backlog():
    """An address that accepts no further connection and does not refuse it either."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


async def get(url):
    async with httpx.AsyncClient(transport=Network(), timeout=20, trust_env=False) as client:
        return (await client.get(url)).text


@pytest.mark.parametrize("first", ["refuses", "is silent"])
async def test_the_next_address_of_a_host_is_tried(monkeypatch, first):
    with Listener(answer) as listener, full_backlog() as silent:
        port = httpx.URL(listener.url).port
        before = ("::1", port, 0, 0) if first == "refuses" else silent
        resolve_to(monkeypatch, before, ("127.0.0.1", port))
        assert await get(f"http://dual.example:{port}/") == "ok"


async def test_a_host_without_an_address_that_answers_is_told_with_all_reasons(monkeypatch):
    with Listener(answer) as one, Listener(answer) as other:
        ports = [httpx.URL(listener.url).port for listener in (one, other)]
    resolve_to(monkeypatch, *(("127.0.0.1", port) for port in ports))
    with pytest.raises(httpx.ConnectError) as failed:
        await get("http://dual.example/")
    assert all(str(port) in str(failed.value) for port in ports)


@pytest.mark.parametrize("steps", range(12))
async def test_no_socket_stays_open_when_the_caller_is_cancelled_while_it_connects(steps):
    """A client that is closed cancels all tasks of its loop at once, wherever they are."""
    with StubService([ok({})]) as service, warnings.catch_warnings(record=True) as unclosed:
        warnings.simplefilter("always")
        async with Network() as network:
            for _ in range(5):
                request = httpx.Request("GET", service.base_url)
                call = asyncio.create_task(network.handle_async_request(request))
                for _ in range(steps):
                    await asyncio.sleep(0)
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await (await call).aclose()
                del call, task
        await asyncio.sleep(0.01)
        gc.collect()
    assert [str(warning.message) for warning in unclosed] == []
