"""Delete repositories, and restore or destroy what is in the recycle bin."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.areas.git.lookup import find_repository, git_error, no_repository
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import repository_shape
from azure_devops_simulator.state.projects import DeletedRepository
from azure_devops_simulator.state.values import JsonObject, timestamp

area = Area("git")

_BIN = "{project}/_apis/git/recycleBin/repositories"
_MANAGE = ("vso.code_manage",)


@area.delete(REPOSITORY, scopes=_MANAGE)
def delete_repository(call: Call) -> Answer:
    """Move a repository into the recycle bin of its project. It must be named by its id."""
    repository = find_repository(call)
    if call.path["repository"].lower() != repository.id:
        # The service takes an id only. The text is a guess.
        raise ArgumentError("A repository can only be deleted by its id.", "repositoryId")
    project = repository.project
    if any(wiki.repository == repository.id for wiki in project.wikis.values()):
        # What the service does with the repository of a wiki is not known.
        raise NotSimulatedError("the deletion of a repository that a wiki shows")
    now = call.organization.clock.tick()
    del project.repositories[repository.id]
    project.recycle_bin[repository.id] = DeletedRepository(repository, call.user, now)
    return Answer(204)


@area.get("{project}/_apis/git/deletedrepositories", scopes=READ)
def list_deleted(call: Call) -> Answer:
    """Return the deleted repositories of a project."""
    return _deleted(call)


@area.get(_BIN, scopes=READ)
def list_recycle_bin(call: Call) -> Answer:
    """Return the repositories in the recycle bin of a project."""
    return _deleted(call)


def _deleted(call: Call) -> Answer:
    return collection(_shape(call, row) for row in call.in_project().recycle_bin.values())


@area.patch(f"{_BIN}/{{repository}}", scopes=_MANAGE, body="deleted")
def restore_repository(call: Call) -> JsonObject:
    """Take a repository out of the recycle bin (`deleted: false`)."""
    project, row = call.in_project(), _find(call)
    if call.json_object().get("deleted") is not False:
        raise ArgumentError("The value of deleted must be false.", "deleted")
    repository = row.repository
    if project.repository(repository.name):
        message = f"TF400948: A Git repository with the name {repository.name} already exists."
        raise git_error(409, "GitRepositoryNameAlreadyExistsException", message)
    call.organization.clock.tick()
    project.repositories[repository.id] = project.recycle_bin.pop(repository.id).repository
    return repository_shape(call, repository, links=True)


@area.delete(f"{_BIN}/{{repository}}", scopes=_MANAGE)
def destroy_repository(call: Call) -> Answer:
    """Remove a repository from the recycle bin, with its pull requests and pipelines."""
    row = _find(call)
    call.organization.clock.tick()
    call.organization.remove_repository(row.repository)
    return Answer(204)


def _find(call: Call) -> DeletedRepository:
    wanted = call.path["repository"]
    if found := call.in_project().recycle_bin.get(wanted.lower()):
        return found
    raise no_repository(wanted)


def _shape(call: Call, row: DeletedRepository) -> JsonObject:
    return {
        "id": row.repository.id,
        "name": row.repository.name,
        "project": project_reference(call, row.repository.project),
        "deletedBy": call.identity(row.by),
        "createdDate": timestamp(row.repository.pushes[0].date if row.repository.pushes else row.date),
        "deletedDate": timestamp(row.date),
    }
