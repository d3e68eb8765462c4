"""Runs of pipelines, which are builds under another name."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import InvalidRunError
from azure_devops_simulator.areas.builds.queueing import Order, start_build, yaml_of
from azure_devops_simulator.areas.pipelines.pipelines import (
    find_pipeline,
    find_version,
    pipeline_error,
    pipeline_reference,
    pipeline_url,
)
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("pipelines")
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_MOST_RUNS = 10_000
_STATES = {"notStarted": "inProgress", "inProgress": "inProgress", "cancelling": "canceling", "completed": "completed"}
_RESULTS = {"succeeded": "succeeded", "partiallySucceeded": "succeeded", "failed": "failed", "canceled": "canceled"}


def find_run(call: Call) -> Build:
    """Return the run of the path, or 404."""
    pipeline, wanted = find_pipeline(call), call.path["run"]
    found = call.organization.builds.builds.get(whole_number(wanted) or 0)
    if found is None or found.definition is not pipeline:
        raise pipeline_error(404, "RunNotFoundException", f"Run {wanted} of pipeline {pipeline.id} not found.")
    return found


def _run_body(call: Call, run: Build, *, whole: bool) -> JsonObject:
    own = pipeline_url(call, run.definition, f"/runs/{run.id}")
    web = call.url(f"{run.definition.project.id}/_build/results?buildId={run.id}")
    pipeline = pipeline_reference(call, run.definition)
    body: JsonObject = {
        "_links": {
            "self": {"href": own},
            "web": {"href": web},
            "pipeline": {"href": pipeline["url"]},
        },
        "templateParameters": run.template_parameters,
        "pipeline": pipeline,
        "state": _STATES[run.status],
    }
    if run.result:
        body["result"] = _RESULTS[run.result]
    body["createdDate"] = timestamp(run.queued)
    if run.finish:
        body["finishedDate"] = timestamp(run.finish)
    body |= {"url": own, "id": run.id, "name": run.number}
    if whole:
        repository: JsonObject = {"id": run.definition.repository.id, "type": "azureReposGit"}
        itself: JsonObject = {"repository": repository, "refName": run.source_branch, "version": run.source_version}
        repositories = {"self": itself, **as_object(run.resources.get("repositories"))}
        body["resources"] = {**run.resources, "repositories": repositories}
        if run.variables:
            body["variables"] = run.variables
    return body


@area.get("{project}/_apis/pipelines/{pipeline:int}/runs", scopes=_READ)
def list_runs(call: Call) -> Answer | JsonValue:
    """Return the newest runs. This operation has no paging."""
    runs = call.organization.builds.of(find_pipeline(call))[:_MOST_RUNS]
    return collection(_run_body(call, run, whole=False) for run in runs)


@area.get("{project}/_apis/pipelines/{pipeline:int}/runs/{run}", scopes=_READ)
def get_run(call: Call) -> Answer | JsonValue:
    """Return one run with its resources."""
    return _run_body(call, find_run(call), whole=True)


@area.post(
    "{project}/_apis/pipelines/{pipeline:int}/runs",
    scopes=_EXECUTE,
    query="pipelineVersion",
    body="previewRun resources stagesToSkip templateParameters variables yamlOverride",
)
def run_pipeline(call: Call) -> Answer | JsonValue:
    """Run a pipeline, or with `previewRun` show the YAML that would run."""
    pipeline, request = find_version(call, missing=500), call.json_object()
    if request.get("previewRun") is True:
        return _preview(pipeline, request)
    if request.get("yamlOverride"):
        raise NotSimulatedError("yamlOverride without previewRun")
    if pipeline is not find_pipeline(call):
        raise NotSimulatedError("a run of an earlier version of a pipeline")
    try:
        run = start_build(call, pipeline, _order(request))
    except InvalidRunError as error:
        raise pipeline_error(400, "PipelineValidationException", str(error)) from error
    return _run_body(call, run, whole=True)


@area.post(
    "{project}/_apis/pipelines/{pipeline:int}/preview",
    scopes=_READ,
    query="pipelineVersion",
    body="previewRun resources stagesToSkip templateParameters variables yamlOverride",
)
def preview_pipeline(call: Call) -> Answer | JsonValue:
    """Return the YAML that would run. Nothing runs, so the scope to read builds is enough."""
    return _preview(find_version(call, missing=500), call.json_object())


def _order(request: JsonObject) -> Order:
    """Return what a body asks for. Of the resources, only the repository of the pipeline itself can be chosen."""
    resources = as_object(request.get("resources"))
    repositories = as_object(resources.get("repositories"))
    if any(value for name, value in resources.items() if name != "repositories") or repositories.keys() - {"self"}:
        raise NotSimulatedError("the resources of a run other than its own repository")
    own = as_object(repositories.get("self"))
    variables = {name: _variable(as_object(v)) for name, v in as_object(request.get("variables")).items()}
    parameters = as_object(request.get("templateParameters"))
    skipped = [as_text(name) for name in as_list(request.get("stagesToSkip"))]
    return Order(as_text(own.get("refName")), as_text(own.get("version")), parameters, variables, skipped)


def _variable(value: JsonObject) -> JsonObject:
    return {"isSecret": True} if value.get("isSecret") is True else {"value": as_text(value.get("value"))}


def _preview(pipeline: Definition, request: JsonObject) -> JsonObject:
    try:
        # An empty override counts as none.
        _, _, text = yaml_of(pipeline, _order(request), as_text(request.get("yamlOverride")) or None)
    except InvalidRunError as error:
        raise pipeline_error(400, "PipelineValidationException", str(error)) from error
    return {"finalYaml": text}
