"""Environments with their deployments, checks and approvals, and the pools of agents that run jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject

ApprovalStatus = Literal["pending", "approved", "rejected", "skipped", "canceled", "timedOut"]


@dataclass
class Deployment:
    """A job of a build that deployed to an environment."""

    id: int
    build: int
    stage: str
    job: str
    queued: datetime
    start: datetime
    finish: datetime | None = None
    result: str | None = None


@dataclass
class Environment:
    """An environment of a project, with its deployments, oldest first."""

    id: int
    project: Project
    name: str
    description: str
    created_by: User
    created: datetime
    modified_by: User
    modified: datetime
    deployments: list[Deployment] = field(default_factory=list)


@dataclass
class Check:
    """A check of a resource. `resource` is its type and its id."""

    id: int
    project: Project
    type: str
    resource: tuple[str, str]
    created_by: User
    created: datetime
    modified_by: User
    modified: datetime
    settings: JsonObject = field(default_factory=dict)
    timeout: int = 43_200


@dataclass
class ApprovalStep:
    """Who may approve, and what came out."""

    assigned: User
    status: ApprovalStatus = "pending"
    actual: User | None = None
    comment: str = ""
    modified: datetime | None = None


@dataclass
class Approval:
    """An approval for which a stage of a build waits or waited."""

    id: str
    project: Project
    build: int
    stage: str
    created: datetime
    steps: list[ApprovalStep]
    instructions: str = ""
    minimum: int = 1
    status: ApprovalStatus = "pending"


@dataclass
class Agent:
    """An agent of a pool. `request` is the job that it runs."""

    id: int
    name: str
    created: datetime
    version: str = "4.261.0"
    os: str = "Linux"
    online: bool = True
    enabled: bool = True
    system_capabilities: dict[str, str] = field(default_factory=dict)
    user_capabilities: dict[str, str] = field(default_factory=dict)
    request: JsonObject = field(default_factory=dict)


@dataclass
class Pool:
    """A pool of agents."""

    id: int
    name: str
    created_by: User
    created: datetime
    hosted: bool = False
    agents: list[Agent] = field(default_factory=list)


@dataclass
class DeploymentStore:
    """All of these by their numbers, the approvals by id."""

    environments: dict[int, Environment] = field(default_factory=dict)
    checks: dict[int, Check] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    pools: dict[int, Pool] = field(default_factory=dict)

    def forget(self, project: Project) -> None:
        """Remove what belongs to a deleted project."""
        self.environments = {number: it for number, it in self.environments.items() if it.project is not project}
        self.checks = {number: it for number, it in self.checks.items() if it.project is not project}
        self.approvals = {number: it for number, it in self.approvals.items() if it.project is not project}
