"""Find the repository, version or object that a request names, and raise the errors when there is none."""

from __future__ import annotations

import re

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.contract import read_enumeration
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.areas.core.projects import is_guid
from azure_devops_simulator.areas.git.history import history, touches
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Push, Repository
from azure_devops_simulator.state.values import JsonObject

_SPACE = "Microsoft.TeamFoundation.Git.Server"
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")


def git_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the git service."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


def is_object_id(text: str) -> bool:
    """Return whether a text has the form of a full object id."""
    return _OBJECT_ID.fullmatch(text.lower()) is not None


def find_repository(call: Call) -> Repository:
    """Return the repository of the path. Without a project in the path only an id can name one.

    Raises:
        ServiceError: 404 TF401019 when there is none the caller can see.
    """
    wanted = call.path["repository"]
    if call.project is None and not is_guid(wanted):
        raise ArgumentError("A project name is required in order to reference a Git repository by name.")
    for project in call.projects():
        if found := project.repository(wanted):
            return found
    raise no_repository(wanted)


def find_in_project(call: Call) -> Repository:
    """Return the repository of the path, which must be in the project `projectId` if the query names one."""
    repository = find_repository(call)
    named = call.query.text("projectId").lower()
    if named not in {"", repository.project.id, repository.project.name.lower()}:
        raise no_repository(call.path["repository"])
    return repository


def no_repository(wanted: str) -> ServiceError:
    """Return the answer for a repository that does not exist or that the caller cannot see."""
    message = (
        f"TF401019: The Git repository with name or identifier {wanted} does not exist or you do not have permissions "
        "for the operation you are attempting."
    )
    return git_error(404, "GitRepositoryNotFoundException", message)


def require(call: Call, permission: str, repository: Repository, reference: str = "") -> None:
    """Answer 403 TF401027 when the caller lacks a git permission in the repository, or for one of its references."""
    part = f"{repository.name}/{reference}" if reference else repository.name
    if call.organization.denied(call.user, permission, repository.project, part):
        raise needs_permission(permission, call.user)


def needs_permission(permission: str, user: User) -> ServiceError:
    """Return the refusal of the access control list."""
    message = (
        f"TF401027: You need the Git '{permission}' permission to perform this action. "
        f"Details: identity '{user.id}', scope 'repository'."
    )
    return git_error(403, "GitNeedsPermissionException", message)


def refuse_members(body: JsonObject, where: str, *names: str) -> None:
    """Refuse members of a body that ask for something that the simulator lacks."""
    for name in names:
        if body.get(name):
            raise NotSimulatedError(f"{name} in {where}")


def find_push(repository: Repository, wanted: str) -> Push:
    """Return a push by its number. A push that does not exist is a 404."""
    found = next((push for push in repository.pushes if str(push.id) == wanted), None)
    if found is None:
        raise git_error(404, "GitPushNotFoundException", f"TF401180: The push {wanted} could not be found.")
    return found


def no_branches(repository: Repository) -> ServiceError:
    """Return the answer to reads in an empty repository. The code is the service's; the type key is a guess."""
    message = f"VS403403: Cannot find any branches for the {repository.name} repository."
    return git_error(404, "GitItemNotFoundException", message)


def unresolvable(repository: Repository, kind: str, version: str) -> ServiceError:
    """Return the answer for a branch, tag or commit that does not exist."""
    message = (
        f"TF401175:The version descriptor <{kind.capitalize()}: {version} > could not be resolved to a version in the "
        f"repository {repository.name}"
    )
    return git_error(404, "GitUnresolvableToCommitException", message)


def no_item(repository: Repository, path: str, version: str, commit_id: str) -> ServiceError:
    """Return the error for a path that is not in the requested version."""
    message = (
        f"TF401174: The item '{path}' could not be found in the repository '{repository.name}' at the version "
        f"specified by '<{version} >' (resolved to commit '{commit_id}')"
    )
    return git_error(404, "GitItemNotFoundException", message)


def no_object(object_id: str) -> ServiceError:
    """Return the answer for an object id that names nothing."""
    return git_error(404, "GitObjectDoesNotExistException", f"TF401035: The object '{object_id}' does not exist.")


def resolve(repository: Repository, version: str, kind: str = "branch") -> str:
    """Return the commit of a `branch`, `tag` or `commit`. One that does not exist is a 404."""
    if kind == "commit":
        found = repository.peel(version.lower()) if is_object_id(version) else None
    else:
        ref = repository.refs.get(f"refs/{'heads' if kind == 'branch' else 'tags'}/{version}")
        found = repository.peel(ref) if ref else None
    if found is None:
        raise unresolvable(repository, kind, version)
    return found


def _enumeration(name: str, value: str, parameter: str) -> str:
    """Return a value of an enumeration by its name. Clients write version descriptors in ways that are not described.

    Raises:
        ArgumentError: 400 for what is no value of it.
    """
    found = read_enumeration(name, value)
    if found is None:
        message = f"The value '{value}' is not valid for {name}."
        raise ArgumentError(message, parameter, type_key="InvalidEnumArgumentException")
    return found


def described_version(query: Query, repository: Repository, *prefixes: str, path: str = "/") -> tuple[str, str]:
    """Return the commit of the request's version descriptor, and the descriptor in words.

    Args:
        query: the request's query.
        repository: where to look.
        prefixes: how the parameters may be called, for example `versionDescriptor.version`; first found wins.
        path: what `versionOptions=previousChange` refers to.
    """
    for prefix in prefixes:
        if version := query.get(prefix):
            kind = _enumeration("GitVersionType", query.text(f"{prefix}Type", "branch"), "versionType")
            option = _enumeration("GitVersionOptions", query.text(f"{prefix}Options", "none"), "versionOptions")
            commit_id = _option(repository, resolve(repository, version, kind), option, path)
            return commit_id, f"{kind.capitalize()}: {version}"
    tip = repository.default_tip()
    if tip is None:
        raise no_branches(repository)
    return tip, f"Branch: {(repository.default_branch or '').removeprefix('refs/heads/')}"


def _option(repository: Repository, commit_id: str, option: str, path: str) -> str:
    if option == "firstParent":
        parents = repository.commit(commit_id).parents
    elif option == "previousChange":
        changed = (c for c in history(repository, commit_id) if touches(repository, c, path))
        parents = tuple(commit.id for commit in changed)[1:2]
    else:
        return commit_id
    if not parents:
        raise unresolvable(repository, "commit", commit_id)
    return parents[0]


def commit_of(repository: Repository, commit_id: str) -> str:
    """Return a full commit id in lower case. An id that does not exist is a 404."""
    return resolve(repository, commit_id, "commit")
