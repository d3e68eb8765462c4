"""List, read and create environments, and list the deployments to them."""

from __future__ import annotations

import re
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.deployment import Deployment, Environment
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid, timestamp

area = Area("environments")
_READ, _ADD = ("vso.build", "vso.environment_manage"), ("vso.build_execute", "vso.environment_manage")
_ALL = "{project}/_apis/pipelines/environments"
_ONE = f"{_ALL}/{{environment:int}}"
_VERSION = "7.2-preview.1"
_PAGE = 100
_CURSOR = re.compile(r"[1-9][0-9]{0,8}")


def environment_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the environment service. The texts are a guess."""
    space = "Microsoft.Azure.Pipelines.Environment.WebApi"
    return ServiceError(status, key, message, type_name=f"{space}.{key}, {space}")


@area.get(_ALL, scopes=_READ, version=_VERSION, query="name $top continuationToken")
def list_environments(call: Call) -> Answer:
    """Return the environments of a project, or those whose name begins with a text."""
    start = call.query.text("name").lower()
    known = call.organization.deployment.environments.values()
    found = [each for each in known if each.project is call.in_project() and each.name.lower().startswith(start)]
    return page(call, found, partial(_shape, call), _PAGE, _PAGE)


@area.get(_ONE, scopes=_READ, version=_VERSION)
def get_environment(call: Call) -> JsonObject:
    """Return one environment."""
    return _shape(call, _find(call))


@area.post(_ALL, scopes=_ADD, version=_VERSION, body="name description")
def create_environment(call: Call) -> JsonObject:
    """Create an environment."""
    body, project, store = call.json_object(), call.in_project(), call.organization.deployment
    name = as_text(body.get("name")).strip()
    if not name:
        raise ArgumentError("The name of the environment must not be empty.", "name")
    if any(each.name.lower() == name.lower() and each.project is project for each in store.environments.values()):
        raise environment_error(409, "EnvironmentExistsException", f"Environment {name} already exists.")
    number, now = call.organization.next_id("environment"), call.organization.clock.tick()
    made = Environment(number, project, name, as_text(body.get("description")), call.user, now, call.user, now)
    store.environments[number] = made
    return _shape(call, made)


@area.get(f"{_ONE}/environmentdeploymentrecords", scopes=_READ, version=_VERSION, query="top continuationToken")
def list_deployments(call: Call) -> Answer:
    """Return the deployments to an environment, newest first."""
    environment = _find(call)
    token, top = call.query.text("continuationToken"), call.query.count("top", _PAGE, least=1)
    if token and not _CURSOR.fullmatch(token):
        raise ArgumentError("The continuation token is not valid.", "continuationToken")
    start = int(token or 0)
    rows = environment.deployments[::-1]
    shown = [_deployment(call, environment, each) for each in rows[start : start + top]]
    return collection(shown, str(start + top) if start + top < len(rows) else None)


def _find(call: Call) -> Environment:
    wanted = call.path["environment"]
    found = call.organization.deployment.environments.get(whole_number(wanted) or 0)
    if found is None or found.project is not call.in_project():
        raise environment_error(404, "EnvironmentNotFoundException", f"Environment {wanted} does not exist.")
    return found


def _shape(call: Call, environment: Environment) -> JsonObject:
    return {
        "id": environment.id,
        "name": environment.name,
        "description": environment.description,
        "createdBy": call.identity(environment.created_by),
        "createdOn": timestamp(environment.created),
        "lastModifiedBy": call.identity(environment.modified_by),
        "lastModifiedOn": timestamp(environment.modified),
        "resources": [],
        "project": {"id": environment.project.id, "name": environment.project.name},
    }


def _deployment(call: Call, environment: Environment, row: Deployment) -> JsonObject:
    build = call.organization.builds.builds.get(row.build) or call.organization.builds.deleted.get(row.build)
    number, definition = (build.number, build.definition) if build else (str(row.build), None)
    body: dict[str, JsonValue] = {
        "id": row.id,
        "requestIdentifier": f"{row.stage}.{row.job}.__default",
        "environmentId": environment.id,
        "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
        "scopeId": environment.project.id,
        "planType": "Build",
        "planId": build.plan if build else guid(f"build/{row.build}/plan"),
        "stageName": row.stage,
        "jobName": row.job,
        "stageAttempt": 1,
        "jobAttempt": 1,
        "definition": {"id": definition.id, "name": definition.name} if definition else {"id": 0, "name": ""},
        "owner": {"id": row.build, "name": number},
        "queueTime": timestamp(row.queued),
        "startTime": timestamp(row.start),
    }
    if row.finish and row.result:
        body |= {"result": row.result, "finishTime": timestamp(row.finish)}
    return body
