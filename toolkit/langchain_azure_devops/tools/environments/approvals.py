"""Checks of environments and other resources, and the approvals for which runs wait."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import list_rows, page_rows
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.timeline import Timeline
from langchain_azure_devops.tools.environments.environments import find_environment
from langchain_azure_devops.tools.environments.existence import confirm_resource
from langchain_azure_devops.tools.environments.toolset import toolset

_CHECKS = "/{project}/_apis/pipelines/checks/configurations"
_APPROVALS = "/{project}/_apis/pipelines/approvals"
_WITH_RUN = "7.2-preview.2"
"""The first version whose answers name the run that waits."""
_GATE = "Checkpoint.Approval"
_MOST = 1000

ResourceKind = Literal["environment", "endpoint", "queue", "repository", "variablegroup", "securefile"]


def _list_names(value: object) -> object:
    """Return the names of people, of a list of identities."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [each.get("displayName") or "?" if isinstance(each, Mapping) else each for each in value]


def _list_approvers(value: object) -> object:
    """Return who may approve, of the steps of an approval."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return _list_names([each.get("assignedApprover") if isinstance(each, Mapping) else each for each in value])


def _list_decisions(value: object) -> object:
    """Return who decided what, with the comment, of the steps of an approval."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    told = []
    for each in value:
        if not isinstance(each, Mapping):
            told.append(each)
        elif isinstance(who := each.get("actualApprover"), Mapping):
            comment = f": {each['comment']}" if each.get("comment") else ""
            told.append(f"{who.get('displayName') or '?'} {each.get('status') or ''}{comment}")
    return told


class Check(Result):
    """A check that a run must pass before it uses a resource."""

    singular, plural = "check", "checks"
    web_list = "{project}/_environments"
    caption = "check {id}"
    author_fields = ("modified_by",)

    id: int
    type: Untrusted | None = Field(default=None, validation_alias=AliasPath("type", "name"))
    resource: Untrusted | None = Field(default=None, validation_alias=AliasPath("resource", "name"))
    approvers: Annotated[list[Untrusted], BeforeValidator(_list_names)] = Field(
        default=[], validation_alias=AliasPath("settings", "approvers")
    )
    needed: int | None = Field(default=None, validation_alias=AliasPath("settings", "minRequiredApprovers"))
    requester_may_not_approve: bool = Field(
        default=False, validation_alias=AliasPath("settings", "requesterCannotBeApprover")
    )
    instructions: Untrusted | None = Field(default=None, validation_alias=AliasPath("settings", "instructions"))
    name: Untrusted | None = Field(default=None, validation_alias=AliasPath("settings", "displayName"))
    timeout_minutes: int | None = Field(default=None, validation_alias="timeout")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    modified_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "displayName"))
    modified_by_id: str | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "id"), exclude=True)
    modified: Instant | None = Field(default=None, validation_alias="modifiedOn")


class Approval(Result):
    """An approval for which a run waits or waited."""

    singular, plural = "approval", "approvals"
    web = "{project}/_build/results?buildId={build}"
    web_list = "{project}/_build"

    id: str
    status: str
    pipeline: Untrusted | None = Field(default=None, validation_alias=AliasPath("pipeline", "name"))
    build: int | None = Field(default=None, validation_alias=AliasPath("pipeline", "owner", "id"))
    approvers: Annotated[list[Untrusted], BeforeValidator(_list_approvers)] = Field(
        default=[], validation_alias="steps"
    )
    needed: int | None = Field(default=None, validation_alias="minRequiredApprovers")
    decisions: Annotated[list[Untrusted], BeforeValidator(_list_decisions)] = Field(
        default=[], validation_alias="steps"
    )
    instructions: Untrusted | None = None
    created: Instant | None = Field(default=None, validation_alias="createdOn")


@toolset.read(
    Scope.BUILD,
    optional=(Scope.SERVICEENDPOINT, Scope.VARIABLEGROUPS_READ, Scope.CODE),
    example={"resource": "production"},
)
async def list_checks(
    client: AzureDevOps,
    *,
    resource: Annotated[str, Field(description="Id; of an environment also its name")],
    kind: ResourceKind = "environment",
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[Check]:
    """List approvals and checks that a run must pass before it uses a resource, and who changed them.

    Raises:
        NotFound: There is no such environment, service connection, variable group or repository.
    Source: `GET /{project}/_apis/pipelines/checks/configurations?$expand=settings`; where there is none, the list of
    the resources of this kind.
    """
    chosen = await client.required_project(project)
    number = str(await find_environment(client, chosen, resource, "resource")) if kind == "environment" else resource
    page = await list_rows(
        client,
        Check,
        _CHECKS,
        path={"project": chosen},
        query={"resourceType": kind, "resourceId": number, "$expand": "settings"},
        limit=limit,
        cursor=cursor,
        style="none",
        version="7.1-preview.1",
    )
    if not page.items and cursor is None:
        page.notes.extend(await confirm_resource(client, chosen, kind, number))
    return page


@toolset.read(Scope.BUILD, example={"state": "all"}, more_examples=({"build": 7, "state": "all"},))
async def list_approvals(
    client: AzureDevOps,
    *,
    build: Annotated[int | None, Field(description="Default: all runs")] = None,
    state: Literal["pending", "approved", "rejected", "all"] = "pending",
    limit: Limit = 50,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[Approval]:
    """List approvals of runs: who may approve, who decided what, and the instructions.

    Source: `GET /{project}/_apis/pipelines/approvals?$expand=steps`, and for a build `GET .../builds/{id}/timeline`.
    """
    chosen = await client.required_project(project)
    query: dict[str, QueryValue] = {"$expand": "steps", "state": None if state == "all" else state, "top": _MOST}
    response = await client.get(_APPROVALS, path={"project": chosen}, query=query, version=_WITH_RUN)
    rows = decode(response, Collection[Approval]).value
    if build is not None:
        gates = await _read_gates(client, {"project": chosen, "build": build})
        rows = [row for row in rows if row.build == build or row.id.lower() in gates]
    page = await page_rows(Approval, rows, limit, cursor)
    if len(rows) >= _MOST:
        page.partial = True
        page.notes.append(f"Only {_MOST:,} approvals were looked through.")
    return page


async def _read_gates(client: AzureDevOps, where: PathValues) -> set[str]:
    """Return the ids of the approvals that the timeline of a build names."""
    response = await client.get("/{project}/_apis/build/builds/{build}/timeline", path=where)
    if response.content in {b"", b"null"}:
        return set()
    return {record.id.lower() for record in decode(response, Timeline).records if record.type == _GATE}
