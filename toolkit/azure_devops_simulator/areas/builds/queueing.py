"""Queue builds: check what is asked, expand the YAML for it, and plan the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_object, as_text, read_json
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.builds.expansion import ParameterError, expand, predefined_variables
from azure_devops_simulator.areas.builds.lookup import (
    InvalidRunError,
    build_error,
    find_definition,
    full_branch,
    not_valid,
    tip_of,
)
from azure_devops_simulator.areas.builds.plan import stage_names
from azure_devops_simulator.areas.builds.resources import resources_of
from azure_devops_simulator.areas.builds.run import make_course, plan_build
from azure_devops_simulator.areas.builds.shapes import build_body
from azure_devops_simulator.areas.builds.yaml import committed_yaml, problems
from azure_devops_simulator.state.builds import Build, Definition, Reason
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("build")
_EXECUTE = ("vso.build_execute",)


@dataclass
class Order:
    """What a run is asked for: branch, commit, values of parameters and variables, and stages to leave out."""

    branch: str = ""
    version: str = ""
    parameters: JsonObject = field(default_factory=dict)
    variables: dict[str, JsonObject] = field(default_factory=dict)
    skipped_stages: list[str] = field(default_factory=list)
    reason: Reason = "manual"


@area.post(
    "{project}/_apis/build/builds",
    scopes=_EXECUTE,
    query="definitionId",
    body="definition parameters project reason repository sourceBranch sourceVersion templateParameters",
)
def queue_build(call: Call) -> Answer | JsonValue:
    """Queue a build. It runs by the organization's clock."""
    request = call.json_object()
    number = as_object(request.get("definition")).get("id", call.query.get("definitionId"))
    if number is None:
        raise ArgumentError("Value cannot be null.", "definition", type_key="ArgumentNullException")
    definition = find_definition(call, str(number))
    order = Order(
        as_text(request.get("sourceBranch")),
        as_text(request.get("sourceVersion")),
        as_object(request.get("templateParameters")),
        _variables(request),
        reason=_reason(as_text(request.get("reason"))),
    )
    try:
        build = start_build(call, definition, order)
    except InvalidRunError as error:
        raise not_valid(error.messages) from error
    build.parameters = as_text(request.get("parameters")) or None
    return build_body(call, build)


def _reason(name: str) -> Reason:
    """Return the reason of a build. It is shown and conditions can use it, but nothing else follows from it."""
    known: dict[str, Reason] = {word.lower(): word for word in get_args(Reason)}
    found = known.get(name.lower() if name.lower() not in {"", "none"} else "manual")
    if found is None:
        raise NotSimulatedError("some reason of a queued build")
    return found


def _variables(request: JsonObject) -> dict[str, JsonObject]:
    """Return the variables of a build, which are a JSON object in a text."""
    text = as_text(request.get("parameters"))
    try:
        found = read_json(text.encode()) if text else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise not_valid(["The parameters of the build are not a JSON object."])
    return {name: {"value": value} for name, value in found.items() if isinstance(value, str)}


def start_build(call: Call, definition: Definition, order: Order) -> Build:
    """Queue a build.

    Raises:
        ServiceError: 403 without permission, 400 when the definition is disabled.
        InvalidRunError: branch, commit, parameters, stages or YAML are wrong.
    """
    if call.organization.denied(call.user, "QueueBuilds", definition.project, definition.name):
        message = (
            f"TF215106: Access denied. {call.user.display_name} needs Queue builds permissions for build pipeline "
            f"{definition.name} in team project {definition.project.name} to perform the action."
        )
        raise build_error(403, "AccessDeniedException", message)
    if definition.settings.get("queueStatus") == "disabled":
        # The text is a guess.
        message = f"The build pipeline {definition.name} is disabled, so that no build can be queued."
        raise build_error(400, "DefinitionDisabledException", message)
    if fixed := _fixed_variables(definition, order):
        raise InvalidRunError(
            f"You can't set the following variables ({', '.join(fixed)}). If you want to be able to set these "
            "variables, then edit the pipeline and select Let users override this value when running this pipeline."
        )
    ref, commit_id, text = yaml_of(definition, order)
    store, when = call.organization.builds, call.organization.clock.tick()
    build = store.add_build(definition, branch=ref, version=commit_id, by=call.user, when=when, reason=order.reason)
    build.template_parameters, build.variables = order.parameters, order.variables
    build.skipped_stages = order.skipped_stages
    build.resources = resources_of(call, definition, text)
    if definition.settings.get("queueStatus") != "paused":
        plan_build(build, text)
        store.watch(build)
    return build


def resume(call: Call, definition: Definition) -> None:
    """Let the builds begin that were queued while a definition was paused, unless it still is."""
    store, now = call.organization.builds, call.organization.clock.now()
    if definition.settings.get("queueStatus") == "paused":
        return
    for build in store.of(definition):
        if build.status == "notStarted" and build.course is None:
            order = Order(
                build.source_branch,
                build.source_version,
                build.template_parameters,
                build.variables,
                build.skipped_stages,
                build.reason,
            )
            build.course = make_course(replace(build, queued=now), yaml_of(definition, order)[2])
            store.watch(build)


def _fixed_variables(definition: Definition, order: Order) -> list[str]:
    """Return the variables of an order that the definition has and lets nobody set for a run."""
    known = as_object(definition.settings.get("variables"))
    fixed = {name.lower() for name, value in known.items() if as_object(value).get("allowOverride") is not True}
    return [name for name in order.variables if name.lower() in fixed]


def yaml_of(definition: Definition, order: Order, override: str | None = None) -> tuple[str, str, str]:
    """Return the branch and the commit that would run, and the YAML with its expressions evaluated.

    Raises:
        InvalidRunError: branch, commit, parameters, stages or YAML are wrong.
    """
    ref, repository = full_branch(order.branch or definition.default_branch), definition.repository
    tip = tip_of(definition, ref)
    if tip is None or (order.version and repository.objects.commit(order.version) is None):
        raise InvalidRunError(
            "An error occurred while loading the YAML build pipeline. Could not get the latest source version for "
            f"repository {repository.name} hosted on Azure Repos using ref {ref}."
        )
    commit_id = order.version or tip
    text = committed_yaml(definition, commit_id) if override is None else override
    if messages := problems(definition, text):
        raise InvalidRunError(*messages)
    try:
        expanded = expand(text or "", order.parameters, predefined_variables(definition, ref, commit_id, order.reason))
    except ParameterError as error:
        raise InvalidRunError(str(error)) from error
    known = {name.lower() for name in stage_names(expanded)}
    if unknown := [name for name in order.skipped_stages if name.lower() not in known]:
        # The text is a guess.
        raise InvalidRunError(f"The stage {unknown[0]} to skip does not exist.")
    return ref, commit_id, expanded
