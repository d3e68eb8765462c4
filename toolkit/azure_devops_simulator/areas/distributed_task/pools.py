"""List and read pools and their agents."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.distributed_task.variable_groups import task_error
from azure_devops_simulator.state.deployment import Agent, Pool
from azure_devops_simulator.state.values import JsonObject, guid, timestamp

area = Area("distributedTask")
_READ = ("vso.agentpools",)
_POOLS = "_apis/distributedtask/pools"


@area.get(_POOLS, scopes=_READ, query="poolName poolType poolIds")
def list_pools(call: Call) -> Answer:
    """Return the pools of the organization."""
    found = list(call.organization.deployment.pools.values())
    if name := call.query.text("poolName").lower():
        found = [each for each in found if each.name.lower() == name]
    if numbers := call.query.numbers("poolIds"):
        found = [each for each in found if each.id in numbers]
    if call.query.text("poolType", "automation").lower() != "automation":
        found = []
    return collection(_shape(call, each) for each in found)


@area.get(f"{_POOLS}/{{pool:int}}", scopes=_READ)
def get_pool(call: Call) -> JsonObject:
    """Return one pool."""
    return _shape(call, _find(call))


@area.get(
    f"{_POOLS}/{{pool:int}}/agents",
    scopes=_READ,
    query="agentName includeCapabilities includeAssignedRequest",
)
def list_agents(call: Call) -> Answer:
    """Return the agents of a pool, with their capabilities and the jobs that they run if that is asked for."""
    pool, name = _find(call), call.query.text("agentName").lower()
    return collection(_agent(call, each) for each in pool.agents if name in {"", each.name.lower()})


def _find(call: Call) -> Pool:
    wanted = call.path["pool"]
    found = call.organization.deployment.pools.get(whole_number(wanted) or 0)
    if found is None:
        raise task_error(404, "TaskAgentPoolNotFoundException", f"The agent pool {wanted} does not exist.")
    return found


def _shape(call: Call, pool: Pool) -> JsonObject:
    owner = call.identity(pool.created_by)
    return {
        "createdOn": timestamp(pool.created),
        "autoProvision": True,
        "autoUpdate": True,
        "autoSize": True,
        "createdBy": owner,
        "owner": owner,
        "id": pool.id,
        "scope": guid(f"pool/{pool.id}"),
        "name": pool.name,
        "isHosted": pool.hosted,
        "poolType": "automation",
        "size": len(pool.agents),
        "isLegacy": False,
        "options": "none",
    }


def _agent(call: Call, agent: Agent) -> JsonObject:
    body: JsonObject = {
        "id": agent.id,
        "name": agent.name,
        "version": agent.version,
        "osDescription": agent.os,
        "enabled": agent.enabled,
        "status": "online" if agent.online else "offline",
        "provisioningState": "Provisioned",
        "createdOn": timestamp(agent.created),
        "maxParallelism": 1,
    }
    if call.query.flag("includeCapabilities"):
        body |= {
            "systemCapabilities": dict(agent.system_capabilities),
            "userCapabilities": dict(agent.user_capabilities),
        }
    if call.query.flag("includeAssignedRequest") and agent.request:
        body["assignedRequest"] = agent.request
    return body
