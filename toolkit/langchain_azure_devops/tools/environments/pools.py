"""Pools and the agents that run jobs."""

import difflib
from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, Named, Numbered, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.environments.toolset import toolset
from langchain_azure_devops.tools.pipelines.finding import refuse_blank

_POOLS = "/_apis/distributedtask/pools"
_HIDDEN = frozenset({"PATH", "Agent.HomeDirectory", "Agent.ComputerName"})


def _name_capabilities(value: object) -> object:
    """Return the names of capabilities: their values are paths and the environment of the machine."""
    return sorted(set(value) - _HIDDEN) if isinstance(value, dict) else value or []


class Pool(Result):
    """A pool of agents."""

    singular, plural = "pool", "pools"
    web = "_settings/agentpools?poolId={id}&view=agents"
    web_list = "_settings/agentpools"
    caption = "pool {id}"
    author_fields = ("owner",)

    id: int
    name: Untrusted
    hosted: bool = Field(default=False, validation_alias="isHosted")
    agents: int | None = Field(default=None, validation_alias="size")
    owner: Untrusted | None = Field(default=None, validation_alias=AliasPath("owner", "displayName"))
    owner_id: str | None = Field(default=None, validation_alias=AliasPath("owner", "id"), exclude=True)
    created: Instant | None = Field(default=None, validation_alias="createdOn")


class Agent(Result):
    """An agent of a pool; a job waits while no agent is online, enabled and free."""

    singular, plural = "agent", "agents"
    written_by = "builds"
    web_list = "_settings/agentpools"
    caption = "agent {id}"

    id: int
    name: Untrusted
    status: str | None = None
    enabled: bool = True
    version: Untrusted | None = None
    os: Untrusted | None = Field(default=None, validation_alias="osDescription")
    job: Untrusted | None = Field(default=None, validation_alias=AliasPath("assignedRequest", "jobName"))
    build: int | None = Field(default=None, validation_alias=AliasPath("assignedRequest", "owner", "id"))
    status_changed: Instant | None = Field(default=None, validation_alias="statusChangedOn")
    capabilities: Annotated[list[Untrusted], BeforeValidator(_name_capabilities)] = Field(
        default=[], validation_alias="userCapabilities"
    )
    system_capabilities: Annotated[list[Untrusted], BeforeValidator(_name_capabilities)] = Field(
        default=[], validation_alias="systemCapabilities"
    )


@toolset.read(Scope.AGENTPOOLS, example={})
async def list_pools(client: AzureDevOps, *, limit: Limit = 100, cursor: Cursor = None) -> Page[Pool]:
    """List the pools of agents of the organization.

    Source: `GET /_apis/distributedtask/pools`.
    """
    return await list_rows(client, Pool, _POOLS, limit=limit, cursor=cursor, style="none")


@toolset.read(Scope.AGENTPOOLS, example={"pool": "linux-large"})
async def list_agents(
    client: AzureDevOps,
    *,
    pool: Annotated[str, Field(description="Name or id")],
    capabilities: bool = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Agent]:
    """List agents of a pool: online, enabled, version, what runs on each, on request names of capabilities.

    Source: `GET /_apis/distributedtask/pools/{id}/agents`.
    """
    return await list_rows(
        client,
        Agent,
        f"{_POOLS}/{{pool}}/agents",
        path={"pool": await find_pool(client, pool)},
        query={"includeAssignedRequest": True, "includeCapabilities": capabilities or None},
        limit=limit,
        cursor=cursor,
        style="none",
    )


async def find_pool(client: AzureDevOps, pool: str) -> int:
    """Return the id of a pool that is given by name or id.

    Raises:
        NotFound: There is none of this name; the message names those that there are.
        InvalidRequest: No name was given.
    """
    refuse_blank(pool, "pool", "list_pools")
    if pool.isascii() and pool.isdigit() and len(pool) <= 10:
        return int(pool)
    rows = decode(await client.get(_POOLS, query={"poolName": pool}), Collection[Numbered]).value
    if rows:
        return rows[0].id
    names = [row.name for row in decode(await client.get(_POOLS), Collection[Named]).value]
    near = difflib.get_close_matches(pool, names, n=1)
    raise NotFound(
        f"There is no pool {pool!r}.{f' Did you mean {near[0]!r}?' if near else ''} "
        f"Pools: {', '.join(names[:30]) or 'none that this token can see'}.",
        subject=as_subject(pool),
    )
