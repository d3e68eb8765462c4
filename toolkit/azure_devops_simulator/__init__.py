"""A local Azure DevOps: a stateful simulation of the REST API on a loopback port, to test the programs that use it."""

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure_devops_simulator.seed.organization import seed_organization as seed_organization
    from azure_devops_simulator.server.request_log import LoggedRequest as LoggedRequest
    from azure_devops_simulator.server.request_log import RequestLog as RequestLog
    from azure_devops_simulator.server.server import Certificate as Certificate
    from azure_devops_simulator.server.server import SimulatorServer as SimulatorServer
    from azure_devops_simulator.state.faults import Fault as Fault
    from azure_devops_simulator.state.faults import Faults as Faults
    from azure_devops_simulator.state.faults import TokenBucket as TokenBucket
    from azure_devops_simulator.state.organization import Organization as Organization
    from azure_devops_simulator.world.builder.deployment import EnvironmentBuilder as EnvironmentBuilder
    from azure_devops_simulator.world.builder.deployment import PoolBuilder as PoolBuilder
    from azure_devops_simulator.world.builder.organizations import GroupBuilder as GroupBuilder
    from azure_devops_simulator.world.builder.organizations import OrganizationBuilder as OrganizationBuilder
    from azure_devops_simulator.world.builder.organizations import build_organization as build_organization
    from azure_devops_simulator.world.builder.pipeline_resources import (
        ServiceConnectionBuilder as ServiceConnectionBuilder,
    )
    from azure_devops_simulator.world.builder.pipeline_resources import VariableGroupBuilder as VariableGroupBuilder
    from azure_devops_simulator.world.builder.pipelines import PipelineBuilder as PipelineBuilder
    from azure_devops_simulator.world.builder.pipelines import RunBuilder as RunBuilder
    from azure_devops_simulator.world.builder.projects import ProjectBuilder as ProjectBuilder
    from azure_devops_simulator.world.builder.pull_requests import PullRequestBuilder as PullRequestBuilder
    from azure_devops_simulator.world.builder.pull_requests import ThreadBuilder as ThreadBuilder
    from azure_devops_simulator.world.builder.repositories import RepositoryBuilder as RepositoryBuilder
    from azure_devops_simulator.world.builder.requests import BuilderError as BuilderError
    from azure_devops_simulator.world.builder.teams import TeamBuilder as TeamBuilder
    from azure_devops_simulator.world.builder.test_plans import TestPlanBuilder as TestPlanBuilder
    from azure_devops_simulator.world.builder.test_results import CaseResult as CaseResult
    from azure_devops_simulator.world.builder.wikis import WikiBuilder as WikiBuilder
    from azure_devops_simulator.world.builder.work_items import WorkItemBuilder as WorkItemBuilder
    from azure_devops_simulator.world.difference import difference as difference
    from azure_devops_simulator.world.export import export_world as export_world
    from azure_devops_simulator.world.export import import_world as import_world
    from azure_devops_simulator.world.recorded.scrubbing import scrub as scrub
    from azure_devops_simulator.world.recorded.walk import record_organization as record_organization
    from azure_devops_simulator.world.recorded.world import RecordedWorld as RecordedWorld
    from azure_devops_simulator.world.recorded.world import world_from_recording as world_from_recording

# The imports above are the one list of public names. Type checkers read it as it stands. At run time it is read as a
# table, and a name loads its module at first use: every pytest run imports this package for its plugin.
_IMPORTS = [node for node in ast.walk(ast.parse(Path(__file__).read_bytes())) if isinstance(node, ast.ImportFrom)]
_MODULES = {alias.name: node.module for node in _IMPORTS for alias in node.names if alias.asname}

__all__ = list(_MODULES)
INSTALL = "Install the extra 'simulator': pip install 'langchain-azure-devops[simulator]'"
"""How to install the libraries of the simulator."""


def __getattr__(name: str) -> object:
    if (module := _MODULES.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__name__):
            raise
        raise type(error)(f"The simulator needs the library {error.name!r}. {INSTALL}", name=error.name) from error


def __dir__() -> list[str]:
    return __all__
