"""Find out what became of runs that were started, canceled, retried or tagged when the answer was lost."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.git import branch_ref, is_bare, is_commit_id
from langchain_azure_devops.tools.pipeline_runs.logs import StepRecord, is_called, list_above, read_step_records
from langchain_azure_devops.tools.pipeline_runs.models import (
    CanceledRun,
    RetriedStage,
    StartedRun,
    TaggedRun,
    WrittenRun,
)
from langchain_azure_devops.tools.pipeline_runs.order import split_pairs
from langchain_azure_devops.tools.pipeline_runs.runs import BUILDS, read_run
from langchain_azure_devops.tools.pipelines.definition import place_of_pipeline, read_definition

_MOST = 100


async def find_run(client: AzureDevOps, pending: PendingWrite) -> StartedRun | Missing:
    """Find the run that this account started since then, at this version and with exactly these values."""
    given = pending.arguments
    where = await place_of_pipeline(client, given.get("project"), given["pipeline"])
    project = quote(str(where["project"]), safe="")
    pending.url = f"{client.settings.url('core')}/{project}/_build?definitionId={where['pipeline']}"
    if given.get("skip_stages"):
        raise unknown_outcome("the service does not tell which stages a run was asked to skip")
    account = (await fetch_account(client)).id
    query: dict[str, QueryValue] = {
        "definitions": where["pipeline"],
        "queryOrder": "queueTimeDescending",
        "$top": _MOST,
    }
    response = await client.get(BUILDS, path=where, query=query)
    since = pending.since(client, response)
    refs = await _list_refs(client, where, given.get("version"))
    mine = [
        run
        for run in decode(response, Collection[StartedRun]).value
        if run.requested_by_id == account
        and run.queued is not None
        and run.queued >= since
        and not pending.is_of_another(client, StartedRun, run.id)
    ]
    fitting = [
        run for run in mine if _is_at(run, refs, given.get("version")) and await _has_values(client, where, run, given)
    ]
    if len(fitting) > 1:
        raise unknown_outcome(f"runs {', '.join(str(run.id) for run in fitting)} all fit")
    if fitting:
        return fitting[0]
    others = ", ".join(str(run.id) for run in mine)
    return Missing(
        f"a run of pipeline {where['pipeline']} that this account started since then with exactly these values",
        f"This account started {others}, with other values." if mine else "",
    )


async def _list_refs(client: AzureDevOps, where: PathValues, version: str | None) -> set[str]:
    """Return the references that a version may stand for; none for a commit."""
    if version is None:
        return {branch_ref((await read_definition(client, where)).default_branch) or ""}
    if is_commit_id(version):
        return set()
    return {f"refs/heads/{version}", f"refs/tags/{version}"} if is_bare(version) else {version}


def _is_at(run: StartedRun, refs: set[str], version: str | None) -> bool:
    if not refs:
        return run.commit == str(version).lower()
    return branch_ref(run.branch) in refs


async def _has_values(client: AzureDevOps, where: PathValues, run: StartedRun, given: Mapping[str, Any]) -> bool:
    """Return whether a run was given exactly these parameters and variables."""
    asked = split_pairs(given.get("parameters") or (), "parameters")
    if _folded(split_pairs(run.parameters, "parameters")) != _folded(asked):
        return False
    details = await read_run(client, {"project": where["project"], "build": run.id})
    asked = split_pairs(given.get("variables") or (), "variables")
    return _folded(split_pairs(details.variables, "variables")) == _folded(asked)


def _folded(pairs: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in pairs.items()}


async def _read_own(client: AzureDevOps, pending: PendingWrite) -> tuple[PathValues, httpx.Response, bool]:
    """Read a run, and say whether this account was the last to change it, since then."""
    given = pending.arguments
    where: PathValues = {
        "project": await client.required_project(given.get("project")),
        "build": given["build"],
    }
    project = quote(str(where["project"]), safe="")
    pending.url = f"{client.settings.url('core')}/{project}/_build/results?buildId={given['build']}"
    account = (await fetch_account(client)).id
    response = await client.get(BUILD, path=where)
    run = decode(response, WrittenRun)
    since = pending.since(client, response)
    own = run.changed_by_id == account and run.changed is not None and run.changed >= since
    return where, response, own


async def find_canceled(client: AzureDevOps, pending: PendingWrite) -> CanceledRun | Missing:
    """Return the run if this account canceled it since then."""
    _, response, own = await _read_own(client, pending)
    run = decode(response, CanceledRun)
    if run.state != "cancelling" and run.result != "canceled":
        return Missing(f"run {run.id} being canceled", f"It is {run.state}.")
    if not own or pending.is_of_another(client, CanceledRun, run.id):
        raise unknown_outcome(f"run {run.id} was canceled, but it is not known that this call did it")
    return run


async def find_tagged(client: AzureDevOps, pending: PendingWrite) -> TaggedRun | Missing:
    """Return the run if this account was the last to change it since then, and its tags are as asked."""
    _, response, own = await _read_own(client, pending)
    run, given = decode(response, TaggedRun), pending.arguments
    there = {tag.lower() for tag in run.tags}
    added = {tag.lower() for tag in given.get("add") or ()}
    removed = {tag.lower() for tag in given.get("remove") or ()}
    if not added <= there or removed & there:
        return Missing(f"these tags of run {run.id}", f"Its tags are: {', '.join(run.tags) or 'none'}.")
    # Tags that are there already may be set again without a trace, so another call of this process may have set them.
    if not own or pending.is_of_another(client, TaggedRun, run.id):
        raise unknown_outcome(f"run {run.id} has these tags, but it is not known that this call set them")
    return run


async def find_retried(client: AzureDevOps, pending: PendingWrite) -> RetriedStage | Missing:
    """Return the run if this account was the last to change it since then, and the stage runs or ran again since."""
    where, response, own = await _read_own(client, pending)
    given, run = pending.arguments, decode(response, RetriedStage)
    records = await read_step_records(client, where)
    stage = next((each for each in records if each.type == "Stage" and is_called(each, given["stage"])), None)
    missing = Missing(f"a retry of stage {given['stage']!r} of run {run.id} by this account since then")
    if stage is None or stage.attempt < 2:
        return missing
    reference = stage.identifier or stage.name
    own = own and not pending.is_of_another(client, RetriedStage, run.id, reference, stage.attempt)
    if not own or not _ran_again(stage, records, all_jobs=bool(given.get("all_jobs"))):
        raise unknown_outcome(
            f"stage {stage.name!r} is in its attempt {stage.attempt}, but it is not known that this call began it"
        )
    return run.model_copy(update={"stage": reference, "attempt": stage.attempt})


def _ran_again(stage: StepRecord, records: list[StepRecord], *, all_jobs: bool) -> bool:
    """Return whether the jobs of a stage are in its attempt: one of them, or all where that was asked."""
    known = {record.id: record for record in records}
    jobs = [each for each in records if each.type == "Job" and stage in list_above(each, known)]
    newest = [each for each in jobs if each.attempt == stage.attempt]
    return bool(newest) and (not all_jobs or len(newest) == len(jobs))
