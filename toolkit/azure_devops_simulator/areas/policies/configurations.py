"""Policy types, and the configurations of policies for branches."""

from __future__ import annotations

import re
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, collection, page
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text, whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import no_repository
from azure_devops_simulator.areas.git.refs import valid_ref_name
from azure_devops_simulator.state.policies import COMMENTS, MINIMUM_REVIEWERS, Policy
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area = Area("policy")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_READ, _WRITE = ("vso.code",), ("vso.code_write",)
_ALL = "{project}/_apis/policy/configurations"
_ONE = f"{_ALL}/{{configuration}}"
_SPACE = "Microsoft.TeamFoundation.Policy.WebApi"
_TYPES = {
    MINIMUM_REVIEWERS: "Minimum number of reviewers",
    COMMENTS: "Comment requirements",
    "fd2167ab-b0be-447a-8ec8-39368250530e": "Required reviewers",
    "0609b952-1397-4640-95ec-e00a01b2c241": "Build",
    "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e": "Work item linking",
    "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab": "Require a merge strategy",
    "2e26e725-8201-4edd-8bf5-978563c34a80": "File size restriction",
}
"""The policy types of the service by guid. Only the first two can be configured here."""
_SETTINGS = {
    MINIMUM_REVIEWERS: {"minimumApproverCount", "creatorVoteCounts", "allowDownvotes"},
    COMMENTS: set[str](),
}
"""The settings that have an effect. Others are refused unless they are off."""
_MOST = 1000


def _error(status: int, key: str, message: str) -> ServiceError:
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


@area.get("{project}/_apis/policy/types", scopes=_READ)
def list_types(call: Call) -> Answer:
    """Return the policy types, also those that cannot be configured here."""
    return collection(_type(call, number, whole=True) for number in _TYPES)


@area.get("{project}/_apis/policy/types/{type}", scopes=_READ)
def get_type(call: Call) -> JsonObject:
    """Return one policy type."""
    number = call.path["type"].lower()
    if number not in _TYPES:
        # The type key and the text are a guess.
        raise _error(404, "PolicyTypeNotFoundException", f"The policy type {number} does not exist.")
    return _type(call, number, whole=True)


def _type(call: Call, number: str, *, whole: bool) -> JsonObject:
    url = call.url(f"{call.in_project().id}/_apis/policy/types/{number}")
    body: JsonObject = {"id": number, "url": url, "displayName": _TYPES[number]}
    return {**body, "description": "", "_links": {"self": {"href": url}}} if whole else body


@area.get(_ALL, scopes=_READ, query="policyType $top continuationToken")
def list_configurations(call: Call) -> Answer:
    """Return the policies of a project."""
    wanted = call.query.text("policyType").lower()
    found = [policy for policy in call.in_project().policies.values() if wanted in {"", policy.type}]
    return page(call, found, partial(_body, call), _MOST, _MOST)


@area.get(_ONE, scopes=_READ)
def get_configuration(call: Call) -> JsonObject:
    """Return one policy."""
    return _body(call, _find(call))


@area.post(_ALL, scopes=_WRITE)
def create_configuration(call: Call) -> Answer | JsonValue:
    """Add a policy for a minimum number of reviewers, or for resolved comments."""
    body = call.json_object()
    kind = as_text(as_object(body.get("type")).get("id")).lower()
    settings = _settings(call, kind, body)
    now = call.organization.clock.tick()
    policy = Policy(call.organization.next_id("policy"), kind, settings, call.user, now)
    _switch(policy, body)
    call.in_project().policies[policy.id] = policy
    return _body(call, policy)


@area.put(_ONE, scopes=_WRITE)
def update_configuration(call: Call) -> JsonObject:
    """Replace the settings of a policy. Its type stays."""
    policy, body = _find(call), call.json_object()
    kind = as_text(as_object(body.get("type")).get("id")).lower()
    if kind != policy.type:
        # The text is a guess.
        raise ArgumentError("The type of a policy cannot be changed.", "configuration.Type")
    policy.settings = _settings(call, kind, body)
    _switch(policy, body)
    policy.revision += 1
    call.organization.clock.tick()
    return _body(call, policy)


@area.delete(_ONE, scopes=_WRITE)
def delete_configuration(call: Call) -> Answer:
    """Delete a policy."""
    policy = _find(call)
    call.organization.clock.tick()
    del call.in_project().policies[policy.id]
    return Answer(204)


def _find(call: Call) -> Policy:
    wanted = call.path["configuration"]
    if found := call.in_project().policies.get(whole_number(wanted) or 0):
        return found
    # The type key and the text are a guess.
    raise _error(404, "PolicyConfigurationNotFoundException", f"The policy configuration {wanted} does not exist.")


def _settings(call: Call, kind: str, body: JsonObject) -> JsonObject:
    if not _GUID.fullmatch(kind):
        raise _error(404, "PolicyTypeNotFoundException", f"The policy type {kind} does not exist.")
    if kind not in _SETTINGS:
        # The service has more types than those that are listed here, and extensions add to them.
        raise NotSimulatedError(f"policies of the type {_TYPES[kind]}" if kind in _TYPES else "policies of other types")
    settings = as_object(body.get("settings"))
    for name in settings.keys() - _SETTINGS[kind] - {"scope"}:
        if settings[name]:
            raise NotSimulatedError(f"the setting {name} of the policy {_TYPES[kind]}")
    count = settings.get("minimumApproverCount")
    if kind == MINIMUM_REVIEWERS and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        # The text is a guess.
        raise ArgumentError("The minimum number of reviewers must be 1 or more.", "minimumApproverCount")
    scopes = [as_object(scope) for scope in as_list(settings.get("scope"))]
    if not scopes:
        raise ArgumentError("The scope of the policy must not be empty.", "scope")
    for scope in scopes:
        _check_scope(call, scope)
    return {**settings, "scope": list(scopes)}


def _check_scope(call: Call, scope: JsonObject) -> None:
    repository, ref, kind = (as_text(scope.get(name)) for name in ("repositoryId", "refName", "matchKind"))
    if repository and repository.lower() not in call.in_project().repositories:
        raise no_repository(repository)
    if kind.lower() not in {"", "exact", "prefix"}:
        raise NotSimulatedError(f"the scope {kind} of a policy")
    if ref and not valid_ref_name(ref.rstrip("/")):
        raise ArgumentError(f"The reference {ref} is not valid.", "refName")


def _switch(policy: Policy, body: JsonObject) -> None:
    policy.enabled, policy.blocking = body.get("isEnabled") is not False, body.get("isBlocking") is not False


def _body(call: Call, policy: Policy) -> JsonObject:
    project = call.in_project()
    url = call.url(f"{project.id}/_apis/policy/configurations/{policy.id}")
    kind = _type(call, policy.type, whole=False)
    return {
        "createdBy": call.identity(policy.created_by),
        "createdDate": timestamp(policy.created),
        "isEnabled": policy.enabled,
        "isBlocking": policy.blocking,
        "isDeleted": False,
        "settings": policy.settings,
        "isEnterpriseManaged": False,
        "_links": {"self": {"href": url}, "policyType": {"href": kind["url"]}},
        "revision": policy.revision,
        "id": policy.id,
        "url": url,
        "type": kind,
    }
