"""Decide about an approval for which a run waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import Conflict, ServiceFault
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.http.run_rules import WITH_RUN, refuse_own_run
from langchain_azure_devops.results.models import Instant, PartialResult, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.timeline import Timeline
from langchain_azure_devops.tools.environments.toolset import toolset

_APPROVALS = "/{project}/_apis/pipelines/approvals"
_ONE = f"{_APPROVALS}/{{approval}}"
_BUILD = "/{project}/_apis/build/builds/{build}"
_STATUS = {"approve": "approved", "reject": "rejected"}
_OPEN = frozenset({"pending", "uninitiated"})

Decision = Literal["approve", "reject"]


class _Step(BaseModel):
    status: str = ""
    comment: str | None = None
    assigned: str | None = Field(default=None, validation_alias=AliasPath("assignedApprover", "id"))
    assigned_name: str | None = Field(default=None, validation_alias=AliasPath("assignedApprover", "displayName"))
    actual: str | None = Field(default=None, validation_alias=AliasPath("actualApprover", "id"))
    modified: Instant | None = Field(default=None, validation_alias="lastModifiedOn")


class _Approval(BaseModel):
    id: str
    status: str
    steps: OrNone[_Step] = Field(default=[])
    instructions: str | None = None
    needed: int | None = Field(default=None, validation_alias="minRequiredApprovers")
    pipeline: str | None = Field(default=None, validation_alias=AliasPath("pipeline", "name"))
    build: int | None = Field(default=None, validation_alias=AliasPath("pipeline", "owner", "id"))


class _Run(BaseModel):
    number: str | None = Field(default=None, validation_alias="buildNumber")
    branch: str | None = Field(default=None, validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    asked_by: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))


class DecidedApproval(PartialResult):
    """An approval about which was just decided.

    Attributes:
        status: Of the whole approval, which may need further people.
        decided: When this account decided.
    """

    effect = ("id", "decided")
    web = "{project}/_build/results?buildId={build}"
    caption = "approval {id}"

    id: str
    status: str
    decision: str
    pipeline: Untrusted | None = None
    build: int | None = None
    decided: Instant | None = None
    notes: list[str] = Field(default=[])


@dataclass(frozen=True)
class _Checked:
    project: str
    approval: _Approval
    account: str


async def _read(client: AzureDevOps, project: str, approval: str) -> _Approval:
    where: PathValues = {"project": project, "approval": approval}
    return decode(await client.get(_ONE, path=where, query={"$expand": "steps"}, version=WITH_RUN), _Approval)


async def _check(client: AzureDevOps, project: str | None, approval: str, decision: str) -> _Checked:
    """Read an approval, and refuse what is plainly impossible.

    Raises:
        Conflict: It was decided already, or this account is not asked.
        NothingToSend: This account decided so already.
        WriteBlocked: The run is of this token's own account.
    """
    chosen = await client.required_project(project)
    found = await _read(client, chosen, approval)
    await refuse_own_run(client, chosen, approval)
    account = (await fetch_account(client)).id
    if any(step.actual == account and step.status == _STATUS[decision] for step in found.steps):
        told = f"This account has decided so already ({found.status}), so nothing was sent."
        raise NothingToSend(told, subject=approval)
    if found.status.lower() not in _OPEN:
        raise Conflict(f"Nothing was decided: approval {approval} is {found.status} already.", subject=approval)
    return _Checked(chosen, found, account)


async def _read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person must know: the run, its stage, branch and commit, who asked for it, and who may decide."""
    project = arguments.get("project")
    given = str(project) if project else None
    checked = await _check(client, given, str(arguments["approval"]), str(arguments["decision"]))
    found = checked.approval
    told: dict[str, JsonValue] = {"project": checked.project, "pipeline": found.pipeline, "run": found.build}
    told["instructions"] = found.instructions
    if found.build is not None:
        where: PathValues = {"project": checked.project, "build": found.build}
        run = decode(await client.get(_BUILD, path=where), _Run)
        told |= {"number": run.number, "branch": run.branch, "commit": run.commit, "asked_by": run.asked_by}
        told["stage"] = await _find_stage(client, where, found.id)
    told["approvers"] = [step.assigned_name or "?" for step in found.steps]
    told["needed"] = found.needed
    told["approved_so_far"] = sum(step.status == "approved" for step in found.steps)
    return {name: value for name, value in told.items() if value is not None}


async def _find_stage(client: AzureDevOps, where: PathValues, approval: str) -> str | None:
    """Return the stage that waits, as the timeline of the run says; None when it does not say so."""
    response = await client.get(f"{_BUILD}/timeline", path=where)
    if response.content in {b"", b"null"}:
        return None
    records = {record.id.lower(): record for record in decode(response, Timeline).records}
    record = records.get(approval.lower())
    while record is not None and record.type != "Stage":
        record = records.get((record.parent or "").lower())
    return record.name if record else None


async def find_decision(client: AzureDevOps, pending: PendingWrite) -> DecidedApproval | Missing:
    """Find the decision of this account, made since the call began and with the same comment."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    pending.url = f"{client.settings.url('core')}/{quote(project, safe='')}/_build"
    where = {"project": project, "approval": given["approval"]}
    response = await client.get(_ONE, path=where, query={"$expand": "steps"}, version=WITH_RUN)
    found, account = decode(response, _Approval), (await fetch_account(client)).id
    wanted, comment = _STATUS[given["decision"]], given.get("comment") or ""
    own = [step for step in found.steps if step.actual == account and step.status == wanted]
    if not own:
        return Missing(f"this decision of this account about approval {found.id}", f"It is {found.status}.")
    since = pending.since(client, response)
    for step in own:
        proven = step.modified is not None and step.modified >= since and (step.comment or "") == comment
        if proven and not pending.is_of_another(client, DecidedApproval, found.id, step.modified):
            return _describe(found, given["decision"], step.modified)
    raise unknown_outcome(f"approval {found.id} has the decision asked for, but it is not known that this call made it")


def _describe(found: _Approval, decision: str, decided: Instant | None) -> DecidedApproval:
    return DecidedApproval(
        id=found.id,
        status=found.status,
        decision=decision,
        pipeline=found.pipeline,
        build=found.build,
        decided=decided,
    )


@toolset.write(
    Scope.BUILD_EXECUTE,
    idempotent=True,
    sends=f"PATCH {_APPROVALS}",
    targets=("approval", "decision", "project"),
    contents=("comment",),
    current=_read_current,
    recover=find_decision,
    example={
        "approval": "1bff5e5d-9a2b-5955-bc5c-d86a68a56b05",
        "decision": "approve",
        "comment": "Staging was looked at.",
    },
)
async def decide_approval(
    client: AzureDevOps,
    *,
    approval: Annotated[str, Field(description="Id, from list_approvals")],
    decision: Decision,
    comment: Annotated[str | None, Field(max_length=1000)] = None,
    project: Project = None,
) -> DecidedApproval:
    """Approve or reject what a run waits for; never for a run of your own account.

    Source: `PATCH /{project}/_apis/pipelines/approvals`.
    """
    try:
        checked = await _check(client, project, approval, decision)
    except NothingToSend as idle:
        found = await _read(client, await client.required_project(project), approval)
        return _describe(found, decision, None).model_copy(update={"notes": [idle.message]})
    body: dict[str, JsonValue] = {"approvalId": approval, "status": _STATUS[decision], "comment": comment or ""}
    response = await client.post(_APPROVALS, [body], path={"project": checked.project}, method="PATCH")
    rows = decode(response, Collection[_Approval]).value
    if not rows:
        raise ServiceFault("The service answered without the approval.")
    after = rows[0]
    own = next((step for step in after.steps if step.actual == checked.account), None)
    shown = after.model_copy(update={"pipeline": checked.approval.pipeline, "build": checked.approval.build})
    return _describe(shown, decision, own.modified if own else None)
