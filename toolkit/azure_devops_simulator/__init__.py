"""A local Azure DevOps: a stateful simulation of the REST API on a loopback port, for testing what talks to it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure_devops_simulator.seed.organization import seed_organization
    from azure_devops_simulator.server.server import Certificate, SimulatorServer
    from azure_devops_simulator.state.faults import Fault, Faults, TokenBucket
    from azure_devops_simulator.state.organization import Organization
    from azure_devops_simulator.world.difference import difference
    from azure_devops_simulator.world.export import export_world, import_world

# Loaded at first use: the pytest plugin is imported by every run, also by those that never ask for an organization.
_HOME = {
    "Certificate": "server.server",
    "Fault": "state.faults",
    "Faults": "state.faults",
    "Organization": "state.organization",
    "SimulatorServer": "server.server",
    "TokenBucket": "state.faults",
    "difference": "world.difference",
    "export_world": "world.export",
    "import_world": "world.export",
    "seed_organization": "seed.organization",
}

__all__ = [
    "Certificate",
    "Fault",
    "Faults",
    "Organization",
    "SimulatorServer",
    "TokenBucket",
    "difference",
    "export_world",
    "import_world",
    "seed_organization",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        from importlib import import_module  # noqa: PLC0415 - at first use, like everything else here

        return getattr(import_module(f"azure_devops_simulator.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
