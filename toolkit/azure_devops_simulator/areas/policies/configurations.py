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
from azure_devops_simulator.state.policies import (
    BUILD,
    COMMENTS,
    MERGE_STRATEGY,
    MINIMUM_REVIEWERS,
    REQUIRED_REVIEWERS,
    STATUS,
    WORK_ITEMS,
    Policy,
)
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

area, git = Area("policy"), Area("git")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

READ, WRITE = ("vso.code",), ("vso.code_write",)
_ALL = "{project}/_apis/policy/configurations"
_ONE = f"{_ALL}/{{configuration}}"
_SPACE = "Microsoft.TeamFoundation.Policy.WebApi"
_TYPES = {
    MINIMUM_REVIEWERS: "Minimum number of reviewers",
    COMMENTS: "Comment requirements",
    REQUIRED_REVIEWERS: "Required reviewers",
    BUILD: "Build",
    STATUS: "Status",
    WORK_ITEMS: "Work item linking",
    MERGE_STRATEGY: "Require a merge strategy",
    "2e26e725-8201-4edd-8bf5-978563c34a80": "File size restriction",
}
"""The policy types of the service by guid. The last one cannot be configured here."""
_SETTINGS = {
    MINIMUM_REVIEWERS: (
        "minimumApproverCount creatorVoteCounts allowDownvotes resetOnSourcePush resetRejectionsOnSourcePush "
        "blockLastPusherVote"
    ),
    COMMENTS: "",
    REQUIRED_REVIEWERS: "requiredReviewerIds filenamePatterns addedFilesOnly message creatorVoteCounts",
    BUILD: "buildDefinitionId displayName filenamePatterns manualQueueOnly queueOnSourceUpdateOnly validDuration",
    STATUS: (
        "statusName statusGenre authorId defaultDisplayName filenamePatterns invalidateOnSourceUpdate "
        "policyApplicability"
    ),
    WORK_ITEMS: "",
    MERGE_STRATEGY: "useSquashMerge allowNoFastForward allowRebase allowRebaseMerge allowSquash",
}
"""The settings that have an effect. Others are refused unless they are off."""
_MOST = 1000


def policy_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the policy service."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


@area.get("{project}/_apis/policy/types", scopes=READ)
def list_types(call: Call) -> Answer:
    """Return the policy types, also those that cannot be configured here."""
    return collection(_type(call, number, whole=True) for number in _TYPES)


@area.get("{project}/_apis/policy/types/{type}", scopes=READ)
def get_type(call: Call) -> JsonObject:
    """Return one policy type."""
    number = call.path["type"].lower()
    if number not in _TYPES:
        # The type key and the text are a guess.
        raise policy_error(404, "PolicyTypeNotFoundException", f"The policy type {number} does not exist.")
    return _type(call, number, whole=True)


def _type(call: Call, number: str, *, whole: bool) -> JsonObject:
    url = call.url(f"{call.in_project().id}/_apis/policy/types/{number}")
    body: JsonObject = {"id": number, "url": url, "displayName": _TYPES[number]}
    return {**body, "description": "", "_links": {"self": {"href": url}}} if whole else body


@area.get(_ALL, scopes=READ, query="policyType $top continuationToken")
def list_configurations(call: Call) -> Answer:
    """Return the policies of a project."""
    wanted = call.query.text("policyType").lower()
    found = [policy for policy in call.in_project().policies.values() if wanted in {"", policy.type}]
    return page(call, found, partial(configuration_shape, call), _MOST, _MOST)


@git.get(
    "{project}/_apis/git/policy/configurations",
    scopes=READ,
    query="repositoryId refName policyType $top continuationToken",
)
def list_for_branch(call: Call) -> Answer:
    """Return the policies that apply to a branch, to a repository, or to every repository of the project."""
    repository_id, ref = call.query.text("repositoryId").lower(), call.query.text("refName")
    wanted, project = call.query.text("policyType").lower(), call.in_project()
    repository = project.repositories.get(repository_id)
    if repository_id and repository is None:
        raise no_repository(repository_id)
    default = repository.default_branch if repository else None
    found = [
        policy
        for policy in project.policies.values()
        if wanted in {"", policy.type} and _applies(policy, repository_id, ref, default)
    ]
    return page(call, found, partial(configuration_shape, call), _MOST, _MOST)


def _applies(policy: Policy, repository: str, ref: str, default: str | None) -> bool:
    scopes = [as_object(scope) for scope in as_list(policy.settings.get("scope"))]
    if not repository:
        # Those that are defined for the project, without a branch unless one is asked for.
        scopes = [scope for scope in scopes if not scope.get("repositoryId") and (ref or not scope.get("refName"))]
    if not ref:
        return any(as_text(scope.get("repositoryId")).lower() in {"", repository} for scope in scopes)
    return bool(scopes) and policy.covers(repository, ref, default)


@area.get(_ONE, scopes=READ)
def get_configuration(call: Call) -> JsonObject:
    """Return one policy."""
    return configuration_shape(call, _find(call))


@area.post(_ALL, scopes=WRITE)
def create_configuration(call: Call) -> Answer | JsonValue:
    """Add a policy of a type that is simulated."""
    body = call.json_object()
    kind = as_text(as_object(body.get("type")).get("id")).lower()
    settings = _settings(call, kind, body)
    now = call.organization.clock.tick()
    policy = Policy(call.organization.next_id("policy"), kind, settings, call.user, now)
    _switch(policy, body)
    call.in_project().policies[policy.id] = policy
    return configuration_shape(call, policy)


@area.put(_ONE, scopes=WRITE)
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
    return configuration_shape(call, policy)


@area.delete(_ONE, scopes=WRITE)
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
    raise policy_error(
        404, "PolicyConfigurationNotFoundException", f"The policy configuration {wanted} does not exist."
    )


def _settings(call: Call, kind: str, body: JsonObject) -> JsonObject:
    if not _GUID.fullmatch(kind):
        raise policy_error(404, "PolicyTypeNotFoundException", f"The policy type {kind} does not exist.")
    if kind not in _SETTINGS:
        # The service has more types than those that are listed here, and extensions add to them.
        raise NotSimulatedError(f"policies of the type {_TYPES[kind]}" if kind in _TYPES else "policies of other types")
    settings = as_object(body.get("settings"))
    for name in settings.keys() - set(_SETTINGS[kind].split()) - {"scope"}:
        if str(settings[name] or "false").lower() != "false":
            raise NotSimulatedError(f"the setting {name} of the policy {_TYPES[kind]}")
    _check_settings(call, kind, settings)
    scopes = [as_object(scope) for scope in as_list(settings.get("scope"))]
    if not scopes:
        raise ArgumentError("The scope of the policy must not be empty.", "scope")
    for scope in scopes:
        _check_scope(call, scope)
    return {**settings, "scope": list(scopes)}


def _check_settings(call: Call, kind: str, settings: JsonObject) -> None:
    """Refuse settings without what their type needs. The texts are a guess."""
    count, number = settings.get("minimumApproverCount"), settings.get("buildDefinitionId")
    if kind == MINIMUM_REVIEWERS and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise ArgumentError("The minimum number of reviewers must be 1 or more.", "minimumApproverCount")
    if kind == BUILD and (not isinstance(number, int) or number not in call.organization.builds.definitions):
        raise ArgumentError(f"The build definition {number} does not exist.", "buildDefinitionId")
    if kind == STATUS and not as_text(settings.get("statusName")):
        raise ArgumentError("The name of the status must not be empty.", "statusName")
    if kind == REQUIRED_REVIEWERS:
        asked = [as_text(value).lower() for value in as_list(settings.get("requiredReviewerIds"))]
        unknown = [one for one in asked if one not in call.organization.users]
        if any(_is_group(call, one) for one in unknown):
            raise NotSimulatedError("groups and teams as required reviewers")
        if unknown or not asked:
            raise ArgumentError("The required reviewers must be identities.", "requiredReviewerIds")


def _is_group(call: Call, number: str) -> bool:
    return number in call.organization.groups or any(team.id == number for team in call.in_project().teams)


def _check_scope(call: Call, scope: JsonObject) -> None:
    repository, ref, kind = (as_text(scope.get(name)) for name in ("repositoryId", "refName", "matchKind"))
    if repository and repository.lower() not in call.in_project().repositories:
        raise no_repository(repository)
    if kind.lower() not in {"", "exact", "prefix", "defaultbranch"}:
        raise NotSimulatedError(f"the scope {kind} of a policy")
    if ref and not valid_ref_name(ref.rstrip("/")):
        raise ArgumentError(f"The reference {ref} is not valid.", "refName")


def _switch(policy: Policy, body: JsonObject) -> None:
    policy.enabled, policy.blocking = body.get("isEnabled") is not False, body.get("isBlocking") is not False


def configuration_shape(call: Call, policy: Policy) -> JsonObject:
    """Return a policy."""
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
