"""The connections themselves: reuse, what the other side closes, back-pressure, proxies."""

import asyncio
import contextlib
import select
import socket
import threading
import traceback

import httpx
import pytest
from raw_server import Listener
from stub_service import StubService, ok

from langchain_azure_devops.errors import Misconfigured, Unreachable
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.network import Network, open_network
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def http(proxy: str | None = None, seconds: float = 5.0):
    async with httpx.AsyncClient(transport=Network(proxy), timeout=seconds, trust_env=False) as client:
        yield client


async def test_one_connection_serves_many_requests():
    def serve(connection):
        while connection.recv(65_536):
            connection.sendall(ANSWER)

    with Listener(serve) as listener:
        async with http() as client:
            assert [(await client.get(listener.url)).text for _ in range(20)] == ["ok"] * 20
        assert listener.connections == 1


@pytest.mark.parametrize("parting", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"])
async def test_a_connection_that_was_closed_while_idle_is_not_used_again(parting):
    """Otherwise a write would be lost, or the parting words taken for the answer to the next request."""
    closed = threading.Event()

    def serve(connection):
        connection.recv(65_536)
        connection.sendall(ANSWER + parting)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with Listener(serve) as listener:
        async with http() as client:
            for _ in range(3):
                assert (await client.post(listener.url, json={})).status_code == 200
                assert await asyncio.to_thread(closed.wait, 5)
                closed.clear()
                await asyncio.sleep(0.05)
        assert listener.connections == 3


async def test_a_body_that_nobody_reads_stays_with_its_sender():
    sent = [0]
    full = threading.Event()

    def serve(connection):
        while connection.recv(65_536).startswith(b"GET /short "):
            connection.sendall(ANSWER)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        while True:
            sent[0] += 65_536
            if not select.select([], [connection], [], 0)[1]:
                full.set()
            connection.sendall(bytes(65_536))

    with Listener(serve) as listener:
        async with http() as client, client.stream("GET", listener.url) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces)
            assert await asyncio.to_thread(full.wait, 30)
            # A client that went on reading would read a piece with each turn of the loop.
            for _ in range(300):
                assert (await client.get(f"{listener.url}/short")).text == "ok"
            # What the two kernels hold is not counted by anybody; it is far below the 200 MB.
            assert sent[0] < 30_000_000
            read = 0
            async for piece in pieces:
                read += len(piece)
                if read > 50_000_000:
                    break
            await pieces.aclose()
        assert sent[0] >= 50_000_000


async def test_silence_and_a_break_are_errors_of_httpx():
    release = threading.Event()

    def serve(connection):
        connection.recv(65_536)
        release.wait(5)

    with Listener(serve) as listener:
        async with http(seconds=0.1) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get(listener.url)
        release.set()
        url = listener.url
    async with http() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)

    def half(connection):
        connection.recv(65_536)
        connection.sendall(ANSWER[:-1])
        connection.shutdown(socket.SHUT_RDWR)

    with Listener(half) as listener:
        async with http() as client:
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(listener.url)


@pytest.mark.parametrize("value", ["socks5://proxy:1080", "nonsense://dana:secret@x", "http://[::1", "http://", "://"])
def test_a_proxy_that_cannot_be_used_is_said_and_not_shown(monkeypatch, value):
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": value})
    with pytest.raises(Misconfigured, match="NO_PROXY") as caught:
        open_network("https://dev.azure.com/contoso")
    assert "secret" not in caught.value.message


BAD_PROXIES = (
    "http://dana:geheim@127.0.0.1:99999", "socks5://dana:geheim@127.0.0.1:9", "ftp://dana:geheim@x", "http://geheim@",
    "http://dana:geheim@[::1", "http://dana:geheim@127.0.0.1:9\n", "://geheim", "\udcffgeheim", "http://dana:geheim@:1",
)  # fmt: skip
SILENT_PROXIES = ("http://dana:geheim@127.0.0.1:9", "dana:geheim@127.0.0.1:9", "http://da%0ana:geheim@127.0.0.1:9")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"])
@pytest.mark.parametrize("value", [*BAD_PROXIES, *SILENT_PROXIES], ids=ascii)
def test_no_value_of_a_proxy_variable_leaks_its_password_or_raises_anything_else(monkeypatch, caplog, name, value):
    caplog.set_level("DEBUG")
    for other in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv(name, value)
    settings = load_settings(base_url="https://server.invalid/a", pat="a-token", environ={})
    context = RunContext(timeouts=Timeouts(max_attempts=1))
    with AzureDevOps(settings, context=context) as client:
        with pytest.raises(Misconfigured if value in BAD_PROXIES else Unreachable) as caught:
            client.run_sync(client.get("/_apis/projects"))
    assert "geheim" not in "".join(traceback.format_exception(caught.value))
    assert "geheim" not in caplog.text


@pytest.mark.parametrize("no_proxy", ["", ",,,", "[::1", "*.example", "http://x", "x" * 10_000])
def test_this_machine_is_reached_past_a_proxy_whatever_no_proxy_says(monkeypatch, no_proxy):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with StubService([ok({"value": []})]) as service:
        with AzureDevOps(load_settings(base_url=service.base_url, pat="a-token", environ={})) as client:
            assert client.run_sync(client.get("/_apis/projects")).json() == {"value": []}


async def test_a_proxy_may_be_given_without_its_scheme(monkeypatch):
    heard: list[bytes] = []

    def serve(connection):
        heard.append(connection.recv(65_536))
        connection.shutdown(socket.SHUT_RDWR)

    with Listener(serve) as proxy:
        monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": proxy.url.removeprefix("http://")})
        async with httpx.AsyncClient(transport=open_network("https://tidewater.example/contoso")) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("https://tidewater.example/contoso")
    assert heard[0].startswith(b"CONNECT tidewater.example:443 ")


async def test_a_proxy_is_asked_with_its_credentials_and_sees_no_tls():
    heard: list[bytes] = []

    def plain(connection):
        heard.append(connection.recv(65_536))
        connection.sendall(ANSWER)

    with Listener(plain) as proxy:
        async with http(proxy.url.replace("http://", "http://dana:secret@")) as client:
            assert (await client.get("http://tidewater.example/x")).text == "ok"
    assert heard[0].startswith(b"GET http://tidewater.example/x HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic ZGFuYTpzZWNyZXQ=\r\n" in heard[0]

    def tunnel(connection):
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        heard.append(connection.recv(65_536))
        connection.shutdown(socket.SHUT_RDWR)

    with Listener(tunnel) as proxy:
        async with http(proxy.url) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("https://tidewater.example/x", headers={"Authorization": "Basic token"})
    assert heard[1].startswith(b"CONNECT tidewater.example:443 HTTP/1.1\r\n")
    assert heard[2][0] == 0x16, "what follows is a TLS handshake"
    assert b"token" not in b"".join(heard)
