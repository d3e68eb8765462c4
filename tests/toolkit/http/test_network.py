"""The connections themselves: reuse, what the other side closes, back-pressure, proxies."""

import asyncio
import contextlib
import socket
import threading

import httpx
import pytest
from raw_server import Listener

from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.http.network import Network, open_network

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

    def serve(connection):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        while True:
            connection.sendall(bytes(65_536))
            sent[0] += 65_536

    with Listener(serve) as listener:
        async with http() as client, client.stream("GET", listener.url) as answer:
            pieces = answer.aiter_raw()
            assert await anext(pieces)
            await asyncio.sleep(0.3)
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
