"""A local Azure DevOps: a stateful simulation of the REST API on a loopback port, for testing what talks to it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure_devops_simulator.faults import Fault, Faults, TokenBucket
    from azure_devops_simulator.organization import Organization
    from azure_devops_simulator.seed import seed_organization
    from azure_devops_simulator.server import Certificate, SimulatorServer
    from azure_devops_simulator.world import export_world, import_world
    from azure_devops_simulator.world_difference import difference

# Loaded at first use: the pytest plugin is imported by every run, also by those that never ask for an organization.
_HOME = {
    "Certificate": "server",
    "Fault": "faults",
    "Faults": "faults",
    "Organization": "organization",
    "SimulatorServer": "server",
    "TokenBucket": "faults",
    "difference": "world_difference",
    "export_world": "world",
    "import_world": "world",
    "seed_organization": "seed",
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
