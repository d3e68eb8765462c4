"""The pipelines area: YAML pipelines and their runs, which are builds under another name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import InvalidRunError, is_revision
from azure_devops_simulator.areas.builds.queueing import Order, start_build, yaml_of
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("pipelines")
_READ, _EXECUTE = ("vso.build",), ("vso.build_execute",)
_MOST_PIPELINES = _MOST_RUNS = 10_000
_ORDERS: dict[str, Callable[[Definition], str]] = {
    "name": lambda pipeline: pipeline.name.lower(),
    "folder": lambda pipeline: pipeline.folder.lower(),
    "id": lambda _pipeline: "",
}
_STATES = {"notStarted": "inProgress", "inProgress": "inProgress", "cancelling": "canceling", "completed": "completed"}
_RESULTS = {"succeeded": "succeeded", "partiallySucceeded": "succeeded", "failed": "failed", "canceled": "canceled"}


def pipeline_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the pipelines service."""
    space = "Microsoft.Azure.Pipelines.WebApi"
    return ServiceError(status, key, message, type_name=f"{space}.{key}, {space}")


def find_pipeline(call: Call, missing: int = 404) -> Definition:
    """Return the pipeline of the path. When there is none, preview and run answer 500, and reads answer 404."""
    wanted = call.path["pipeline"]
    found = call.organization.builds.definitions.get(whole_number(wanted) or 0)
    if found is None or found.project is not call.in_project():
        raise pipeline_error(missing, "PipelineNotFoundException", f"Pipeline {wanted} not found.")
    return found


def _find_version(call: Call, missing: int = 404) -> Definition:
    """Return the pipeline of the path for an operation that can ask for a version of it."""
    found = find_pipeline(call, missing)
    if "pipelineVersion" in call.query and not is_revision(found, version := call.query.integer("pipelineVersion", 0)):
        raise pipeline_error(404, "PipelineNotFoundException", f"Version {version} of pipeline {found.id} not found.")
    return found


def find_run(call: Call) -> Build:
    """Return the run of the path, or 404."""
    pipeline, wanted = find_pipeline(call), call.path["run"]
    found = call.organization.builds.builds.get(whole_number(wanted) or 0)
    if found is None or found.definition is not pipeline:
        raise pipeline_error(404, "RunNotFoundException", f"Run {wanted} of pipeline {pipeline.id} not found.")
    return found


def pipeline_url(call: Call, pipeline: Definition, path: str = "") -> str:
    """Return the link of a pipeline, or of something below it."""
    return call.url(f"{pipeline.project.id}/_apis/pipelines/{pipeline.id}{path}")


def _reference(call: Call, pipeline: Definition) -> JsonObject:
    return {
        "url": f"{pipeline_url(call, pipeline)}?revision={pipeline.revision}",
        "id": pipeline.id,
        "revision": pipeline.revision,
        "name": pipeline.name,
        "folder": pipeline.folder,
    }


def _pipeline_body(call: Call, pipeline: Definition) -> JsonObject:
    reference = _reference(call, pipeline)
    web = call.url(f"{pipeline.project.id}/_build/definition?definitionId={pipeline.id}")
    return {"_links": {"self": {"href": reference["url"]}, "web": {"href": web}}, **reference}


def _run_body(call: Call, run: Build, *, whole: bool) -> JsonObject:
    own = pipeline_url(call, run.definition, f"/runs/{run.id}")
    web = call.url(f"{run.definition.project.id}/_build/results?buildId={run.id}")
    pipeline = _reference(call, run.definition)
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
        body["resources"] = {"repositories": {"self": itself}}
        if run.variables:
            body["variables"] = run.variables
    return body


@area.get("{project}/_apis/pipelines", scopes=_READ, query="$top continuationToken orderBy")
def list_pipelines(call: Call) -> Answer | JsonValue:
    """Return the pipelines of a project, by name."""
    found = [d for d in call.organization.builds.definitions.values() if d.project is call.in_project()]
    field, _, direction = call.query.text("orderBy", "name").lower().partition(" ")
    if field not in _ORDERS or direction.strip() not in {"", "asc", "desc"}:
        # The text is a guess.
        raise ArgumentError("The sort expression is not valid.", "orderBy")
    found.sort(key=lambda pipeline: (_ORDERS[field](pipeline), pipeline.id), reverse=direction.strip() == "desc")
    return page(call, found, partial(_pipeline_body, call), _MOST_PIPELINES, _MOST_PIPELINES)


@area.get("{project}/_apis/pipelines/{pipeline:int}", scopes=_READ, query="pipelineVersion")
def get_pipeline(call: Call) -> Answer | JsonValue:
    """Return a pipeline with its file and repository."""
    return whole_pipeline(call, _find_version(call))


def whole_pipeline(call: Call, pipeline: Definition) -> JsonObject:
    """Return the body of a pipeline with its file and repository."""
    repository: JsonObject = {"id": pipeline.repository.id, "type": "azureReposGit"}
    path = "/" + pipeline.yaml_path.lstrip("/")
    configuration: JsonObject = {"path": path, "repository": repository, "type": "yaml"}
    return {**_pipeline_body(call, pipeline), "configuration": configuration}


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
    pipeline, request = _find_version(call, missing=500), call.json_object()
    if request.get("previewRun") is True:
        return _preview(pipeline, request)
    if request.get("yamlOverride"):
        raise NotSimulatedError("yamlOverride without previewRun")
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
    return _preview(_find_version(call, missing=500), call.json_object())


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
