"""Build environments with deployments, checks and approvals, and pools with agents."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Self

from azure_devops_simulator.areas.builds.shapes import POOLS
from azure_devops_simulator.state.builds import Build, Record
from azure_devops_simulator.state.deployment import Agent, Approval, ApprovalStep, Deployment, Environment, Pool
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.builder.requests import Person, Requests


class EnvironmentBuilder:
    """An environment. `environment` is its state."""

    def __init__(self, requests: Requests, environment: Environment) -> None:
        self._requests = requests
        self.environment = environment

    @property
    def id(self) -> int:
        """The id of the environment."""
        return self.environment.id

    @classmethod
    def create(cls, requests: Requests, project: Project, name: str, description: str, by: Person | None) -> Self:
        """Create an environment in a project."""
        body: JsonObject = {"name": name, "description": description}
        number = requests.send(by, "POST", project.name, "_apis", "pipelines", "environments", body=body)["id"]
        return cls(requests, requests.organization.deployment.environments[int(str(number))])

    def add_check(
        self,
        kind: str = "Approval",
        *,
        approvers: Iterable[Person] = (),
        instructions: str = "",
        settings: Mapping[str, JsonValue] | None = None,
        by: Person | None = None,
    ) -> Self:
        """Add a check, by default an approval.

        Args:
            kind: `Approval`, `Task Check` or `ExclusiveLock`.
            approvers: who may approve.
            instructions: what they should look at.
            settings: further settings, by the names that the service has for them.
            by: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: nobody has one of the names.
        """
        people = [self._requests.person(each) for each in approvers]
        rows: list[JsonValue] = [{"id": user.id, "displayName": user.display_name} for user in people]
        given: JsonObject = {"approvers": rows, "instructions": instructions, "minRequiredApprovers": 1}
        body: JsonObject = {
            "type": {"name": kind},
            "resource": {"type": "environment", "id": str(self.id)},
            "settings": {**(given if kind == "Approval" else {}), **(settings or {})},
        }
        path = (self.environment.project.name, "_apis", "pipelines", "checks", "configurations")
        self._requests.send(by, "POST", *path, body=body)
        return self

    def deploy(self, build: Build, *, stage: str = "Deploy", job: str = "Deploy", result: str = "succeeded") -> Self:
        """Record that a build deployed here, now."""
        clock = self._requests.organization.clock
        when = clock.tick()
        number = self._requests.organization.next_id("deployment")
        row = Deployment(number, build.id, stage, job, when, when, clock.tick(), result)
        self.environment.deployments.append(row)
        return self

    def ask(self, build: Build, *approvers: Person, stage: str = "Deploy", instructions: str = "") -> Approval:
        """Let a stage of a build wait for the approval of one of several people."""
        organization = self._requests.organization
        people = [self._requests.person(each) for each in approvers]
        made = Approval(
            organization.new_guid(),
            self.environment.project,
            build.id,
            stage,
            organization.clock.tick(),
            [ApprovalStep(user) for user in people],
            instructions,
        )
        organization.deployment.approvals[made.id] = made
        place = next((each for each in build.records or () if each.type == "Stage" and each.name == stage), None)
        if build.records is not None:
            parent = place.id if place else None
            gate = Record(made.id, parent, "Checkpoint.Approval", "Approval", f"{stage}.Approval", 1, "inProgress")
            build.records.append(gate)
        return made


class PoolBuilder:
    """A pool of agents. `pool` is its state."""

    def __init__(self, requests: Requests, pool: Pool) -> None:
        self._requests = requests
        self.pool = pool

    @classmethod
    def create(cls, requests: Requests, name: str, by: Person | None) -> Self:
        """Create a pool of the organization; pipelines that name it run there."""
        number, _, hosted = POOLS.get(name, (100 + zlib.crc32(name.encode()) % 9900, 0, False))
        organization = requests.organization
        made = Pool(number, name, requests.person(by), organization.clock.tick(), hosted)
        organization.deployment.pools[number] = made
        return cls(requests, made)

    def add_agent(
        self,
        name: str,
        *,
        online: bool = True,
        enabled: bool = True,
        version: str = "4.261.0",
        capabilities: Mapping[str, str] | None = None,
    ) -> Self:
        """Add an agent."""
        agent = Agent(len(self.pool.agents) + 1, name, self._requests.organization.clock.tick(), version)
        agent.online, agent.enabled, agent.user_capabilities = online, enabled, dict(capabilities or {})
        self.pool.agents.append(agent)
        return self
