"""A local Azure DevOps: a stateful simulation of the REST API on a loopback port, for testing what talks to it."""

from azure_devops_simulator.faults import Fault, TokenBucket
from azure_devops_simulator.organization import Organization
from azure_devops_simulator.seed import seed_organization
from azure_devops_simulator.server import Certificate, SimulatorServer
from azure_devops_simulator.world import export_world, import_world
from azure_devops_simulator.world_difference import difference

__all__ = [
    "Certificate",
    "Fault",
    "Organization",
    "SimulatorServer",
    "TokenBucket",
    "difference",
    "export_world",
    "import_world",
    "seed_organization",
]
