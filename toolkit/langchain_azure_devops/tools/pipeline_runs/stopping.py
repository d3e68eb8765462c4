"""Cancel runs, and let a stage of a run that ended run again."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import Conflict, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.pipeline_runs.logs import (
    StepRecord,
    list_above,
    name_place,
    read_step_records,
)
from langchain_azure_devops.tools.pipeline_runs.models import (
    CanceledRun,
    RetriedStage,
    WrittenRun,
    read_after,
    read_written,
)
from langchain_azure_devops.tools.pipeline_runs.recovery import find_canceled, find_retried
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs

_BAD = frozenset({"failed", "canceled", "abandoned"})
_MOST = 20


async def place_of_run(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> PathValues:
    """Return the place of the run that a write names."""
    project = arguments.get("project")
    chosen = await client.required_project(None if project is None else str(project))
    return {"project": chosen, "build": int(str(arguments["build"]))}


def describe_run(run: WrittenRun) -> dict[str, JsonValue]:
    """Return what a person recognizes a run by."""
    return {
        "project": run.project,
        "pipeline": run.pipeline,
        "number": run.number,
        "branch": run.branch,
        "commit": run.commit,
        "requested_for": run.requested_for,
    }


async def _check_cancel(client: AzureDevOps, where: PathValues) -> WrittenRun:
    """Read a run that has not ended.

    Raises:
        NothingToSend: It was canceled already.
        Conflict: It has ended otherwise.
    """
    run = await read_written(client, where)
    if run.state == "cancelling" or run.result == "canceled":
        raise NothingToSend(f"Run {run.id} was canceled already, so nothing was sent.", subject=str(run.id))
    if run.state == "completed":
        raise Conflict(
            f"Run {run.id} was not canceled: it has ended already, with the result {run.result}.", subject=str(run.id)
        )
    return run


async def _read_before_cancel(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read how far the run is."""
    where = await place_of_run(client, arguments)
    run = await _check_cancel(client, where)
    records = await read_step_records(client, where)
    stages = [each.name for each in records if each.type == "Stage" and each.state == "inProgress"]
    return {**describe_run(run), "state": run.state, "running_stages": [name or "" for name in stages]}


@pipeline_runs.write(
    Scope.BUILD_EXECUTE,
    idempotent=True,
    sends=f"PATCH {BUILD}",
    targets=("project", "build"),
    current=_read_before_cancel,
    recover=find_canceled,
    example={"build": 38},
)
async def cancel_build(client: AzureDevOps, *, build: int, project: Project = None) -> CanceledRun:
    """Cancel a build that runs or waits.

    Raises:
        Conflict: It has ended.
    Source: `PATCH .../build/builds/{id}`.
    """
    where = await place_of_run(client, {"build": build, "project": project})
    try:
        await _check_cancel(client, where)
    except NothingToSend as idle:
        same = decode(await client.get(BUILD, path=where), CanceledRun)
        return same.model_copy(update={"notes": [idle.message]})
    return decode(await client.post(BUILD, {"status": "cancelling"}, path=where, method="PATCH"), CanceledRun)


class _Stage(NamedTuple):
    """A stage that can run again.

    Attributes:
        run: The run that it belongs to.
        reference: The name by which the service knows it.
        record: Its latest attempt.
        records: All records of the run.
    """

    run: WrittenRun
    reference: str
    record: StepRecord
    records: list[StepRecord]


async def _check_retry(client: AzureDevOps, where: PathValues, stage: str, all_jobs: bool) -> _Stage:
    """Find a stage that has ended badly, or that has ended when all of its jobs are to run again.

    Raises:
        NotFound: The run has no such stage.
        Conflict: The stage has not ended, or nothing of it failed.
    """
    run, records = await read_written(client, where), await read_step_records(client, where)
    stages = [record for record in records if record.type == "Stage"]
    found = next(
        (each for each in stages if stage.lower() in {(each.name or "").lower(), (each.identifier or "").lower()}), None
    )
    names = [each.name or "" for each in stages]
    if found is None:
        raise NotFound(
            f"Run {run.id} has no stage {stage!r}.{did_you_mean(stage, names)} Its stages: "
            f"{', '.join(names) or 'none, as it did not begin'}. Nothing was retried.",
            subject=as_subject(stage),
        )
    if found.state != "completed" or found.result == "skipped":
        state = "it was skipped" if found.result == "skipped" else f"it is {found.state}"
        raise Conflict(f"Stage {found.name!r} of run {run.id} was not retried: {state}.", subject=str(run.id))
    if found.result not in _BAD and not all_jobs:
        raise Conflict(
            f"Stage {found.name!r} of run {run.id} was not retried: nothing of it failed. Its result is "
            f"{found.result}. With all_jobs=true everything in it runs again.",
            subject=str(run.id),
        )
    return _Stage(run, found.identifier or found.name or "", found, records)


async def _read_before_retry(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read how the stage ended, and what would run again."""
    where = await place_of_run(client, arguments)
    all_jobs = arguments.get("all_jobs") is True
    found = await _check_retry(client, where, str(arguments["stage"]), all_jobs)
    known = {record.id: record for record in found.records}
    above = {record.id: list_above(record, known) for record in found.records}
    jobs = [each for each in found.records if each.type == "Job" and found.record in above[each.id]]
    again: list[JsonValue] = [each.name or "" for each in jobs if all_jobs or each.result in _BAD]
    after: list[JsonValue] = [
        each.name or "" for each in found.records if each.type == "Stage" and each.result == "skipped"
    ]
    failed: list[JsonValue] = [
        f"{name_place(above[each.id])} > {each.name}"
        for each in found.records
        if each.type == "Task" and each.result in _BAD and found.record in above[each.id]
    ]
    return {
        **describe_run(found.run),
        "stage": found.record.name,
        "result": found.record.result,
        "attempt": found.record.attempt,
        "failed_steps": failed[:_MOST],
        "jobs_that_run_again": again[:_MOST],
        **({"stages_that_may_follow": after[:_MOST]} if after else {}),
    }


@pipeline_runs.write(
    Scope.BUILD_EXECUTE,
    sends=f"PATCH {BUILD}/stages/{{reference}}",
    targets=("project", "build", "stage", "all_jobs"),
    current=_read_before_retry,
    recover=find_retried,
    example={"build": 35, "stage": "Build"},
)
async def retry_stage(
    client: AzureDevOps,
    *,
    build: int,
    stage: Annotated[str, Field(description="Name")],
    all_jobs: Annotated[bool, Field(description="Also jobs that succeeded")] = False,
    project: Project = None,
) -> RetriedStage:
    """Run a failed or canceled stage of a build again, with the same commit and values.

    Raises:
        NotFound: The build has no such stage; the message names those that it has.
        Conflict: The stage has not ended, or nothing of it failed.
    Source: `PATCH .../build/builds/{id}/stages/{stage}`.
    """
    where = await place_of_run(client, {"build": build, "project": project})
    found = await _check_retry(client, where, stage, all_jobs)
    body: JsonValue = {"state": "retry", "forceRetryAllJobs": all_jobs}
    path: PathValues = {**where, "reference": found.reference}
    await client.post(f"{BUILD}/stages/{{reference}}", body, path=path, method="PATCH")
    run = await read_after(client, where, found.run, RetriedStage)
    return run.model_copy(update={"stage": found.reference, "attempt": found.record.attempt + 1})
