"""The pytest fixture `azure_devops_organization`, available as soon as the package is installed.

The plugin imports nothing of the simulator before a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from azure_devops_simulator.server.request_log import RequestLog
    from azure_devops_simulator.state.organization import Organization

__all__ = ["RunningOrganization", "azure_devops_organization"]


@dataclass(frozen=True)
class RunningOrganization:
    """An organization with a running server on this machine.

    `base_url` is the full address of the organization. `pat` has full access; `read_only_pat` reads projects, code,
    work items and builds. `organization` is the state that the server shows: inspect it, change it, add faults.
    `requests` is the log of the requests, with what the test asked for that is not simulated.
    """

    base_url: str
    pat: str
    read_only_pat: str
    organization: Organization
    requests: RequestLog

    @property
    def name(self) -> str:
        """The name of the organization."""
        return self.organization.name


@pytest.fixture
def azure_devops_organization() -> Iterator[RunningOrganization]:
    """Serve a fresh copy of the seed organization for one test."""
    try:
        from azure_devops_simulator import SimulatorServer, seed_organization  # noqa: PLC0415 - only when asked for

        organization, server = seed_organization(), SimulatorServer
    except ModuleNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    full = organization.add_token("full-access-of-the-simulated-organization")
    scopes = ("vso.build", "vso.code", "vso.profile", "vso.project", "vso.work")
    reader = organization.add_token("read-only-in-the-simulated-organization", scopes)
    with server(organization) as running:
        yield RunningOrganization(running.base_url, full.value, reader.value, organization, running.requests)
