"""An organization, a toolkit, an investigator and a Postgres server, all real, all local."""

from itertools import count

import pytest
from agent_tokens import FULL, READ_SCOPES, READER
from postgres_server import serve_postgres

from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.text import PSEUDONYM


@pytest.fixture
def organization():
    seeded = seed_organization()
    seeded.add_token(FULL, scopes=("app_token",))
    seeded.add_token(READER, scopes=READ_SCOPES)
    return seeded


@pytest.fixture
def server(organization):
    with SimulatorServer(organization) as running:
        yield running


@pytest.fixture
def toolkit(server, organization):
    context = RunContext(clock=organization.clock.now, timeouts=Timeouts(recovery=0.1, recovery_pause=0.1))
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url, pat=FULL, default_project="Platform", context=context
    ) as connected:
        yield connected


@pytest.fixture
def reader(server):
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=READER, default_project="Platform") as connected:
        yield connected


@pytest.fixture
def unread_secret(reader):
    """A secret in a file of the organization, which the toolkit does not know: another connection read it."""
    read = next(tool for tool in reader.get_tools() if tool.name == "read_repository_file")
    place = {"project": "Payments", "repository": "checkout-service", "path": "/deploy/storage.env"}
    shown = read.invoke({"type": "tool_call", "id": "1", "name": read.name, "args": place}).content
    return reader.client.secrets.reveal(PSEUDONYM.search(shown)[0])


@pytest.fixture(scope="session")
def postgres():
    """The URL of a database that can create others."""
    with serve_postgres() as url:
        yield url


_databases = count(1)


@pytest.fixture
def postgres_url(postgres):
    """The URL of a new and empty database."""
    import psycopg

    name = f"test_{next(_databases)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres.replace("/postgres?", f"/{name}?")
