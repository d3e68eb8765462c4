"""Find builds and definitions with their commits and work items, and raise the errors when there are none."""

from __future__ import annotations

from collections.abc import Iterable

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import NotSimulatedError, ServiceError
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.areas.git.history import ancestors, history
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.git_objects import Commit
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import JsonObject, JsonValue

_SPACE = "Microsoft.TeamFoundation.Build.WebApi"


class InvalidRunError(Exception):
    """A request to run something that cannot run. The services for builds and pipelines answer it in their own way."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


def full_branch(name: str) -> str:
    """Return a branch name with `refs/heads/` in front."""
    return name if name.startswith("refs/") else f"refs/heads/{name}"


def build_error(status: int, key: str, message: str, custom: JsonObject | None = None) -> ServiceError:
    """Return an error of the build service."""
    type_name = f"{_SPACE}.{key}, Microsoft.TeamFoundation.Build2.WebApi"
    return ServiceError(status, key, message, type_name=type_name, custom=custom)


def find_build(call: Call, name: str = "build") -> Build:
    """Return the build of the path.

    Raises:
        ServiceError: 404 when the project has no such build.
    """
    wanted = call.path[name]
    build = call.organization.builds.builds.get(whole_number(wanted) or 0)
    if build is None or build.definition.project is not call.in_project():
        raise build_error(404, "BuildNotFoundException", f"The requested build {wanted} could not be found.")
    return build


def find_definition(call: Call, wanted: str) -> Definition:
    """Return a definition of the project by id, or 404."""
    found = call.organization.builds.definitions.get(whole_number(wanted) or 0)
    if found is None or found.project is not call.in_project():
        message = f"The build definition {wanted} could not be found in project {call.in_project().name}."
        raise build_error(404, "DefinitionNotFoundException", message)
    return found


def definition_at(definition: Definition, revision: int) -> Definition | None:
    """Return a definition as it was in a revision; None when it never had such a revision.

    Raises:
        NotSimulatedError: The revision was made before the organization kept them.
    """
    found = definition.at(revision)
    if found is None and 0 < revision < definition.revision:
        raise NotSimulatedError("the revisions of a definition that were made before they were kept")
    return found


def asked_revision(call: Call, definition: Definition) -> Definition:
    """Return a definition as it was in the revision that the query names, or as it is now."""
    if "revision" not in call.query:
        return definition
    wanted = call.query.integer("revision", 0)
    found = definition_at(definition, wanted)
    if found is None:
        message = f"The build definition {definition.id} has no revision {wanted}."
        raise build_error(404, "DefinitionNotFoundException", message)
    return found


def words_of(call: Call, name: str) -> frozenset[str]:
    """Return the parts of a comma-delimited parameter in lower case."""
    return frozenset(word.lower() for word in call.query.words(name))


def tip_of(definition: Definition, ref: str) -> str | None:
    """Return the commit that a branch or tag of the definition's repository points to.

    There is none when the repository was deleted, has no such reference, or tags something else than a commit.
    """
    repository = definition.repository
    exists = repository.id in repository.project.repositories
    return repository.peel(repository.refs.get(ref, "")) if exists else None


def not_valid(messages: Iterable[str]) -> ServiceError:
    """Return the error for a request to run something that cannot run."""
    results: list[JsonValue] = [{"result": "error", "message": message} for message in messages]
    message = "Could not queue the build because there were validation errors or warnings."
    return build_error(400, "BuildRequestValidationFailedException", message, {"ValidationResults": results})


def commits_between(older: Build | None, newer: Build) -> list[Commit]:
    """Return the commits of the newer build that the older one lacks, newest first; all without an older one.

    There are none when the repository of the newer build lacks a commit of either: after a build of another repository,
    or when the definition got another repository. The answer of the service is not recorded; a list is its only answer.
    """
    repository = newer.definition.repository
    built = [build.source_version for build in (newer, older) if build]
    if any(repository.objects.commit(version) is None for version in built):
        return []
    known = ancestors(repository, older.source_version) if older else set()
    return [commit for commit in history(repository, newer.source_version) if commit.id not in known]


def work_items_of(organization: Organization, build: Build, commit_ids: Iterable[str]) -> list[int]:
    """Return the ids of the work items linked to the build, to these commits, or to their pull requests."""
    store, repository = organization.work_items, build.definition.repository
    wanted = set(commit_ids)
    uris = [build.uri]
    uris += [f"vstfs:///Git/Commit/{repository.project.id}/{repository.id}/{commit_id}" for commit_id in wanted]
    for pull_request in organization.pull_requests.values():
        if pull_request.repository is repository and pull_request.merge_commit in wanted:
            uris.append(pull_request.artifact_uri)
    return sorted({number for uri in uris for number in store.linked_to(uri)})
