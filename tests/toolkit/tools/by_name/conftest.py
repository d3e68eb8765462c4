"""A served seed organization whose default project is Platform, and clients of it over real HTTP."""

from collections.abc import Iterator

import httpx
import pytest
from tool_calls import FULL, READ, Recorder, connected, seed_with_tokens

from azure_devops_simulator import Organization, SimulatorServer
from langchain_azure_devops import AzureDevOps


@pytest.fixture(scope="module")
def seeded() -> Iterator[SimulatorServer]:
    """One organization for all tests of a module that only read."""
    with SimulatorServer(seed_with_tokens()) as running:
        yield running


@pytest.fixture(scope="module")
def reader(seeded: SimulatorServer) -> Iterator[AzureDevOps]:
    with connected(seeded.base_url, READ) as client:
        yield client


@pytest.fixture
def organization() -> Organization:
    """An organization of the test's own, free to be changed."""
    return seed_with_tokens()


@pytest.fixture
def server(organization: Organization) -> Iterator[SimulatorServer]:
    with SimulatorServer(organization) as running:
        yield running


@pytest.fixture
def sent() -> list[httpx.Request]:
    """Every request that `client` sent, as it went out."""
    return []


@pytest.fixture
def client(server: SimulatorServer, sent: list[httpx.Request]) -> Iterator[AzureDevOps]:
    with connected(server.base_url, FULL, Recorder(server.base_url, sent)) as client:
        yield client
