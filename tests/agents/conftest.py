"""An organization, a toolkit and an investigator, all real, all local."""

import pytest
from agent_tokens import FULL, READ_SCOPES, READER

from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts


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
