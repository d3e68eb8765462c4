"""The pipelines area: YAML pipelines with their files and repositories."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, page
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import definition_at
from azure_devops_simulator.state.builds import Definition
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("pipelines")
_READ = ("vso.build",)
_MOST_PIPELINES = 10_000
_ORDERS: dict[str, Callable[[Definition], str]] = {
    "name": lambda pipeline: pipeline.name.lower(),
    "folder": lambda pipeline: pipeline.folder.lower(),
    "id": lambda _pipeline: "",
}


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


def find_version(call: Call, missing: int = 404) -> Definition:
    """Return the pipeline of the path, in the version that the query asks for."""
    found = find_pipeline(call, missing)
    if "pipelineVersion" not in call.query:
        return found
    version = call.query.integer("pipelineVersion", 0)
    if (at := definition_at(found, version)) is None:
        raise pipeline_error(404, "PipelineNotFoundException", f"Version {version} of pipeline {found.id} not found.")
    return at


def pipeline_url(call: Call, pipeline: Definition, path: str = "") -> str:
    """Return the link of a pipeline, or of something below it."""
    return call.url(f"{pipeline.project.id}/_apis/pipelines/{pipeline.id}{path}")


def pipeline_reference(call: Call, pipeline: Definition) -> JsonObject:
    return {
        "url": f"{pipeline_url(call, pipeline)}?revision={pipeline.revision}",
        "id": pipeline.id,
        "revision": pipeline.revision,
        "name": pipeline.name,
        "folder": pipeline.folder,
    }


def _pipeline_body(call: Call, pipeline: Definition) -> JsonObject:
    reference = pipeline_reference(call, pipeline)
    web = call.url(f"{pipeline.project.id}/_build/definition?definitionId={pipeline.id}")
    return {"_links": {"self": {"href": reference["url"]}, "web": {"href": web}}, **reference}


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
    return whole_pipeline(call, find_version(call))


def whole_pipeline(call: Call, pipeline: Definition) -> JsonObject:
    """Return the body of a pipeline with its file and repository."""
    repository: JsonObject = {"id": pipeline.repository.id, "type": "azureReposGit"}
    path = "/" + pipeline.yaml_path.lstrip("/")
    configuration: JsonObject = {"path": path, "repository": repository, "type": "yaml"}
    return {**_pipeline_body(call, pipeline), "configuration": configuration}
