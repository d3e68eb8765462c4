"""A served seed organization for each test, and clients of it."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from contract_watch import watch

from azure_devops_simulator import Organization, SimulatorServer, seed_organization
from azure_devops_simulator.__main__ import main
from shared_organization import shared, unchanged

FULL, READ = "full-token", "read-token"


@pytest.fixture
def organization() -> Organization:
    organization = seed_organization()
    organization.add_token(FULL)
    organization.add_token(READ, {"vso.code", "vso.project", "vso.work", "vso.build"})
    return organization


@pytest.fixture(scope="session")
def _shared_organization() -> Iterator[Organization]:
    with shared(seed_organization()) as organization:
        yield organization


@pytest.fixture
def shared_organization(_shared_organization: Organization) -> Iterator[Organization]:
    """The seed organization for a test that only reads it; a test that writes fails."""
    with unchanged(_shared_organization):
        yield _shared_organization


@pytest.fixture
def server(organization: Organization) -> Iterator[SimulatorServer]:
    with SimulatorServer(organization) as running:
        yield running


class Client:
    """Requests below the organization with a token; JSON in and out, `api-version=7.1` unless told otherwise."""

    def __init__(self, base_url: str, token: str | None, tls: ssl.SSLContext) -> None:
        auth = ("", token) if token is not None else None
        headers = {"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
        self.http = httpx.Client(base_url=base_url, auth=auth, headers=headers, verify=tls)

    def send(
        self, method: str, path: str, /, body: Any = None, version: str | None = "7.1", **query: Any
    ) -> httpx.Response:
        params = {name.replace("__", "$"): value for name, value in query.items()}
        if version:
            params["api-version"] = version
        answer = self.http.request(method, path, params=params, json=body)
        watch(answer)
        return answer

    def call(self, method: str, path: str, /, body: Any = None, expect: int = 200, **query: Any) -> Any:
        answer = self.send(method, path, body, **query)
        assert answer.status_code == expect, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path: str, /, expect: int = 200, **query: Any) -> Any:
        return self.call("GET", path, expect=expect, **query)


@pytest.fixture
def connect(server: SimulatorServer, tls: ssl.SSLContext) -> Iterator[Callable[[str | None], Client]]:
    clients: list[Client] = []

    def make(token: str | None = FULL) -> Client:
        clients.append(Client(server.base_url, token, tls))
        return clients[-1]

    yield make
    for client in clients:
        client.http.close()


@pytest.fixture
def client(connect: Callable[[str | None], Client]) -> Client:
    return connect(FULL)


@pytest.fixture
def reader(connect: Callable[[str | None], Client]) -> Client:
    return connect(READ)


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """Run the command with arguments that it refuses, and return its exit code, its output and the message.

    Nothing but the usage may stand above the message, which is one line.
    """

    def run(*arguments: str) -> tuple[object, str, str]:
        try:
            code: object = main([*arguments])
        except SystemExit as error:
            code = error.code
        out, err = capsys.readouterr()
        *usage, message = err.splitlines()
        assert all(line.startswith(("usage: ", "    ")) for line in usage), err
        return code, out, message

    return run
