"""For pytest: the fixture `azure_devops_organization`, there as soon as the package is installed.

Nothing of the simulator is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from azure_devops_simulator.state.organization import Organization


@dataclass(frozen=True)
class RunningOrganization:
    """An organization that a server on this machine answers for.

    `base_url` is the whole address of the organization; `pat` may do everything, `read_only_pat` reads projects, code,
    work items and builds. `organization` is what the server shows: look into it, change it, make it fail.
    """

    base_url: str
    pat: str
    read_only_pat: str
    organization: Organization

    @property
    def name(self) -> str:
        """The name of the organization."""
        return self.organization.name


@pytest.fixture
def azure_devops_organization() -> Iterator[RunningOrganization]:
    """A fresh copy of the seed organization with a running server, for this test alone."""
    try:
        from azure_devops_simulator import SimulatorServer, seed_organization  # noqa: PLC0415 - only when asked for

        organization, server = seed_organization(), SimulatorServer
    except ModuleNotFoundError as error:
        message = f"The fixture needs {error.name}: pip install 'langchain-azure-devops[simulator]'"
        pytest.fail(message, pytrace=False)
    full = organization.add_token("full-access-of-the-simulated-organization")
    scopes = ("vso.build", "vso.code", "vso.profile", "vso.project", "vso.work")
    reader = organization.add_token("read-only-in-the-simulated-organization", scopes)
    with server(organization) as running:
        yield RunningOrganization(running.base_url, full.value, reader.value, organization)
