"""Repositories, blobs and trees."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import blob_answer, wanted_format, zip_answer
from azure_devops_simulator.areas.git.lookup import (
    find_in_project,
    find_repository,
    git_error,
    is_object_id,
    needs_permission,
    no_object,
    refuse_members,
    require,
)
from azure_devops_simulator.areas.git.shapes import api_url, remote_urls, repository_shape
from azure_devops_simulator.state.git_objects import Entry, ObjectStore
from azure_devops_simulator.state.projects import Project, Repository, can_be_named
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

REPOSITORY = "{project?}/_apis/git/repositories/{repository}"
"""The path of one repository, on which other areas build."""

READ = ("vso.code",)


def add_repository(project: Project, name: str) -> Repository:
    """Create an empty repository."""
    return project.create_repository(name)


@area.get("{project?}/_apis/git/repositories", scopes=READ, query="includeAllUrls includeHidden includeLinks")
def list_repositories(call: Call) -> Answer:
    """Return the repositories of a project or of every project, by name. Those of wikis are hidden."""
    projects = call.projects()
    found = [repository for project in projects for repository in project.repositories.values()]
    if call.query.flag("includeHidden"):
        found += [repository for project in projects for repository in project.hidden_repositories.values()]
    found.sort(key=lambda repository: (repository.project.name.lower(), repository.name.lower()))
    links, urls = call.query.flag("includeLinks"), call.query.flag("includeAllUrls")
    return collection(
        repository_shape(call, r, links=links) | ({"validRemoteUrls": remote_urls(call, r)} if urls else {})
        for r in found
    )


@area.get(REPOSITORY, scopes=READ, query="includeParent")
def get_repository(call: Call) -> JsonObject:
    """Return one repository. None is a fork, so that none has a parent."""
    call.query.flag("includeParent")
    return repository_shape(call, find_repository(call), links=True)


@area.post("{project?}/_apis/git/repositories", scopes=("vso.code_manage",), body="name project")
def create_repository(call: Call) -> Answer:
    """Create an empty repository in the project of the path or of the body."""
    body = call.json_object()
    name = as_text(body.get("name")).strip()
    if not name:
        raise ArgumentError("Value cannot be null.", "repositoryName", type_key="ArgumentNullException")
    named = as_object(body.get("project")).get("id")
    project = call.project or call.organization.project(as_text(named))
    if project is None:
        raise ArgumentError("A project must be specified.", "project")
    _check_name(name)
    if project.repository(name):
        message = f"TF400948: A Git repository with the name {name} already exists."
        raise git_error(409, "GitRepositoryNameAlreadyExistsException", message)
    if call.organization.denied(call.user, "CreateRepository", project):
        raise needs_permission("CreateRepository", call.user)
    call.organization.clock.tick()
    return Answer(201, repository_shape(call, add_repository(project, name), links=True))


@area.patch(REPOSITORY, scopes=("vso.code_manage",))
def update_repository(call: Call) -> JsonObject:
    """Rename a repository or change its default branch."""
    repository = find_repository(call)
    if repository.id in repository.project.hidden_repositories:
        # What the service does with the repository of a wiki is not known.
        raise NotSimulatedError("an update of the repository of a wiki")
    require(call, "RenameRepository", repository)
    body = call.json_object()
    refuse_members(body, "an update of a repository", "isDisabled")
    branch = as_text(body.get("defaultBranch"))
    if branch and branch not in repository.refs:
        raise ArgumentError(f"The branch {branch} does not exist.", "defaultBranch")
    if name := as_text(body.get("name")):
        _check_name(name)
    repository.name = name or repository.name
    repository.default_branch = branch or repository.default_branch
    call.organization.clock.tick()
    return repository_shape(call, repository, links=True)


def _check_name(name: str) -> None:
    if not can_be_named(name):
        # The text and the type key are a guess.
        message = f"The repository name {name!a} is not valid."
        raise git_error(400, "InvalidGitRepositoryNameException", message)


@area.get(f"{REPOSITORY}/blobs/{{sha1}}", scopes=READ, query="$format download fileName resolveLfs sanitize")
def get_blob(call: Call) -> Answer:
    """Return a blob: its content, or its size as JSON when the client asks for JSON."""
    repository = find_repository(call)
    object_id = call.path["sha1"].lower()
    content = repository.objects.blob(object_id)
    if content is None:
        raise no_object(object_id)
    own = api_url(call, repository, f"blobs/{object_id}")
    shape: JsonObject = {
        "objectId": object_id,
        "size": len(content),
        "url": own,
        "_links": {"self": {"href": own}, "repository": {"href": api_url(call, repository)}},
    }
    return blob_answer(call, content, call.query.text("fileName", object_id), shape)


@area.post(f"{REPOSITORY}/blobs", scopes=READ, query="filename")
def get_blobs(call: Call) -> Answer:
    """Return several blobs by their ids as one archive, whose files are named by the ids."""
    repository = find_repository(call)
    wanted = [as_text(value).lower() for value in as_list(call.json())]
    if not wanted:
        raise ArgumentError("Value cannot be null.", "blobIds", type_key="ArgumentNullException")
    files: dict[str, bytes] = {}
    for object_id in wanted:
        content = repository.objects.blob(object_id)
        if content is None:
            raise no_object(object_id)
        files[object_id] = content
    return zip_answer(call.query.text("filename", repository.name).removesuffix(".zip"), files)


@area.get(f"{REPOSITORY}/trees/{{sha1}}", scopes=READ, query="$format fileName projectId recursive")
def get_tree(call: Call) -> Answer:
    """Return a tree by its own id, with everything below it when `recursive=true`, or all its files as an archive."""
    repository = find_in_project(call)
    object_id = call.path["sha1"].lower()
    kind = repository.objects.kind(object_id) if is_object_id(object_id) else None
    if kind is None:
        raise no_object(object_id)
    if kind != "tree":
        message = f"Expected a Tree, but objectId {object_id} resolved to a {kind.capitalize()}"
        raise git_error(400, "GitUnexpectedObjectTypeException", message)
    if wanted_format(call) == "zip":
        files = repository.objects.files(object_id)
        named = call.query.text("fileName", object_id).removesuffix(".zip")
        return zip_answer(named, {path: repository.objects.blob(entry.id) or b"" for path, entry in files.items()})
    rows = _tree_rows(call, repository, object_id, "", recursive=call.query.flag("recursive"))
    own = api_url(call, repository, f"trees/{object_id}")
    shape: JsonObject = {
        "objectId": object_id,
        "url": own,
        "treeEntries": rows,
        "size": tree_size(repository.objects, object_id),
        "_links": {"self": {"href": own}, "repository": {"href": api_url(call, repository)}},
    }
    return Answer(body=shape)


def _tree_rows(call: Call, repository: Repository, tree_id: str, prefix: str, *, recursive: bool) -> list[JsonValue]:
    rows: list[JsonValue] = []
    for entry in repository.objects.entries(tree_id) or ():
        path = f"{prefix}{entry.name}"
        rows.append(_tree_row(call, repository, entry, path))
        if recursive and entry.is_folder:
            rows += _tree_rows(call, repository, entry.id, f"{path}/", recursive=True)
    return rows


def _tree_row(call: Call, repository: Repository, entry: Entry, path: str) -> JsonObject:
    kind = "tree" if entry.is_folder else "blob"
    objects = repository.objects
    size = tree_size(objects, entry.id) if entry.is_folder else len(objects.blob(entry.id) or b"")
    return {
        "objectId": entry.id,
        "relativePath": path,
        "mode": f"{entry.mode:o}",
        "gitObjectType": kind,
        "url": api_url(call, repository, f"{kind}s/{entry.id}"),
        "size": size,
    }


def tree_size(objects: ObjectStore, tree_id: str) -> int:
    """Return the bytes of the tree object itself."""
    return sum(len(f"{e.mode:o}") + len(e.name.encode()) + 22 for e in objects.entries(tree_id) or ())
