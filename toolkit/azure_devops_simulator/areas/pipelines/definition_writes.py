"""Create, change and delete YAML pipelines: as build definitions, and in the pipelines area."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.lookup import build_error, find_definition
from azure_devops_simulator.areas.builds.queueing import resume
from azure_devops_simulator.areas.builds.shapes import POOLS, definition_body, pool_of
from azure_devops_simulator.areas.git.lookup import no_repository
from azure_devops_simulator.areas.pipelines.pipelines import whole_pipeline
from azure_devops_simulator.state.builds import Definition
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("build")
_EXECUTE = ("vso.build_execute",)
_YAML = 2
_KEPT = (
    "badgeEnabled",
    "buildNumberFormat",
    "comment",
    "demands",
    "description",
    "jobAuthorizationScope",
    "jobCancelTimeoutInMinutes",
    "jobTimeoutInMinutes",
    "properties",
    "queueStatus",
    "tags",
    "triggers",
    "variables",
)
"""Parts of a definition that are kept and shown. Nothing is executed, so they have no effect on a run."""
_REFUSED = ("draftOf", "options", "processParameters", "retentionRules")


@area.post("{project}/_apis/build/definitions", scopes=_EXECUTE)
def create_definition(call: Call) -> Answer | JsonValue:
    """Create a pipeline for a YAML file. The file need not exist until a run starts."""
    body = call.json_object()
    process = _process(body)
    name = _free_name(call, as_text(body.get("name")), _folder(as_text(body.get("path"))), None)
    source = as_object(body.get("repository"))
    definition = _add(call, name, as_text(body.get("path")), _repository(call, source), _file(process))
    _change(call, definition, body)
    return definition_body(call, definition, whole=True)


@area.put("{project}/_apis/build/definitions/{definition:int}", scopes=_EXECUTE)
def update_definition(call: Call) -> Answer | JsonValue:
    """Replace a pipeline. The body names the number and the revision that are known so far."""
    definition, body = find_definition(call, call.path["definition"]), call.json_object()
    number = body.get("id")
    if number != definition.id:
        message = f"The request specifies pipeline ID {definition.id} but the supplied pipeline has ID {number or 0}."
        raise ArgumentError(message, "definition.Id")
    if body.get("revision") != definition.revision:
        # The service answers a wrong revision as if there were no such pipeline.
        message = f"Build pipeline {definition.id} was not found."
        raise build_error(404, "DefinitionNotFoundException", message)
    file = _file(_process(body))
    repository = _repository(call, as_object(body.get("repository")))
    folder = _folder(as_text(body.get("path"), definition.folder))
    name = _free_name(call, as_text(body.get("name")), folder, definition)
    before = definition.version
    definition.name, definition.folder = name, folder
    definition.yaml_path, definition.repository = file, repository
    definition.settings = {}
    _change(call, definition, body)
    definition.earlier.append(before)
    definition.revision += 1
    definition.changed, definition.changed_by = call.organization.clock.tick(), call.user
    resume(call, definition)
    return definition_body(call, definition, whole=True)


@area.delete("{project}/_apis/build/definitions/{definition:int}", scopes=_EXECUTE)
def delete_definition(call: Call) -> Answer:
    """Delete a pipeline with its builds, unless one of them is kept."""
    definition = find_definition(call, call.path["definition"])
    if any(build.keep_forever for build in call.organization.builds.of(definition)):
        # The type key and the text are a guess.
        message = f"Build pipeline {definition.id} cannot be deleted, because one or more of its builds are retained."
        raise build_error(400, "CannotDeleteDefinitionWithRetainedBuildsException", message)
    call.organization.clock.tick()
    call.organization.builds.remove_definition(definition)
    return Answer(204)


@area.post("{project}/_apis/pipelines", scopes=_EXECUTE, body="configuration folder name")
def create_pipeline(call: Call) -> Answer | JsonValue:
    """Create a pipeline for a YAML file of a repository of the organization."""
    body = call.json_object()
    configuration = as_object(body.get("configuration"))
    if as_text(configuration.get("type")).lower() != "yaml":
        raise NotSimulatedError("pipelines with a configuration other than yaml")
    source = as_object(configuration.get("repository"))
    if "variables" in configuration:
        raise NotSimulatedError("the variables of a new pipeline")
    folder = as_text(body.get("folder"))
    name = _free_name(call, as_text(body.get("name")), _folder(folder), None)
    repository = _repository(call, source)
    return whole_pipeline(call, _add(call, name, folder, repository, _file_at(as_text(configuration.get("path")))))


def _add(call: Call, name: str, folder: str, repository: Repository, file: str) -> Definition:
    definition = call.organization.builds.add_definition(
        repository, name, file, author=call.user, when=call.organization.clock.tick(), folder=_folder(folder)
    )
    definition.project = call.in_project()
    definition.default_branch = repository.default_branch or definition.default_branch
    return definition


def _process(body: JsonObject) -> JsonObject:
    process = as_object(body.get("process"))
    if process.get("type") != _YAML:
        raise NotSimulatedError("build definitions without a YAML file")
    for name in _REFUSED:
        if body.get(name):
            raise NotSimulatedError(f"the part {name} of a build definition")
    return process


def _file(process: JsonObject) -> str:
    return _file_at(as_text(process.get("yamlFilename")))


def _file_at(path: str) -> str:
    if not path.strip("/ "):
        raise ArgumentError("Value cannot be null.", "yamlFilename", type_key="ArgumentNullException")
    return "/" + path.strip("/ ")


def _folder(path: str) -> str:
    return "\\" + path.replace("/", "\\").strip("\\ ")


def _free_name(call: Call, name: str, folder: str, itself: Definition | None) -> str:
    name, project = name.strip(), call.in_project()
    if not name:
        raise ArgumentError("Value cannot be null.", "definition.Name", type_key="ArgumentNullException")
    for known in call.organization.builds.definitions.values():
        same = known.project is project and (known.name.lower(), known.folder.lower()) == (name.lower(), folder.lower())
        if same and known is not itself:
            # The text and the type key are the service's. The status is a guess.
            message = f"Build pipeline {name} already exists for project {project.name}."
            raise build_error(409, "DefinitionExistsException", message)
    return name


def _repository(call: Call, source: JsonObject) -> Repository:
    """Return a repository of the organization, named by its id or, within the project, by its name."""
    kind = as_text(source.get("type")).lower()
    if kind not in {"tfsgit", "azurereposgit"}:
        raise NotSimulatedError("pipelines of repositories outside of the organization")
    wanted = as_text(source.get("id")) or as_text(source.get("name"))
    if found := call.in_project().repository(wanted):
        return found
    for project in call.organization.visible_projects(call.user):
        if found := project.repositories.get(wanted.lower()):
            return found
    raise no_repository(wanted)


def _change(call: Call, definition: Definition, body: JsonObject) -> None:
    """Set what a definition says beside its name, folder, file and repository."""
    branch = as_text(as_object(body.get("repository")).get("defaultBranch"))
    if branch:
        definition.default_branch = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
    definition.pool = _pool(call, as_object(body.get("queue"))) or definition.pool
    kept = {name: body[name] for name in _KEPT if body.get(name) is not None}
    if variables := as_object(kept.get("variables")):
        kept["variables"] = {name: _variable(as_object(value)) for name, value in variables.items()}
    if groups := as_list(body.get("variableGroups")):
        kept["variableGroups"] = [_variable_group(call, as_object(group)) for group in groups]
    definition.settings = kept


def _variable_group(call: Call, given: JsonObject) -> JsonObject:
    """Return what is kept of a variable group that a definition names by its number."""
    number = whole_number(str(given.get("id"))) or 0
    group = call.organization.resources.variable_groups.get(number)
    if group is None or call.in_project() not in group.projects:
        # The text, the type key and the status are a guess.
        message = f"The variable group {number} does not exist in project {call.in_project().name}."
        raise build_error(400, "VariableGroupNotFoundException", message)
    return {"id": number}


def _variable(value: JsonObject) -> JsonObject:
    """Return a variable without its value if it is secret."""
    return {**value, "value": None} if value.get("isSecret") is True else value


def _pool(call: Call, queue: JsonObject) -> str:
    """Return the name of the pool of an agent queue, or "" if the body names none."""
    name = as_text(queue.get("name") or as_object(queue.get("pool")).get("name"))
    if name or queue.get("id") is None:
        return name
    queues = {pool_of(known)[1]: known.pool for known in call.organization.builds.definitions.values()}
    queues |= {number: pool for pool, (_, number, _) in POOLS.items()}
    if found := queues.get(whole_number(str(queue["id"])) or 0):
        return found
    raise NotSimulatedError("agent queues that no build definition uses")
