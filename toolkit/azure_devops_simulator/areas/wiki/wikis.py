"""List, read and create wikis."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import needs_permission, no_repository
from azure_devops_simulator.areas.wiki.lookup import (
    READ,
    WIKI,
    WIKIS,
    WRITE,
    find_wiki,
    invalid_argument,
    wiki_error,
)
from azure_devops_simulator.areas.wiki.names import ORDER, clean_path
from azure_devops_simulator.areas.wiki.shapes import wiki_shape
from azure_devops_simulator.state.git_objects import REGULAR, Entry, Signature
from azure_devops_simulator.state.projects import ZERO_ID, Project, RefUpdate, Repository, Wiki, can_be_named
from azure_devops_simulator.state.values import JsonObject, guid

area = Area("wiki")

_BRANCH = "wikiMaster"
_FIRST_MESSAGE = "Initialize the wiki"
"""The service's own text is not known."""


@area.get(WIKIS, scopes=READ)
def list_wikis(call: Call) -> Answer:
    """Return the wikis of a project, or of every project."""
    return collection(wiki_shape(call, project, wiki) for project in call.projects() for wiki in project.wikis.values())


@area.get(WIKI, scopes=READ)
def get_wiki(call: Call) -> JsonObject:
    """Return one wiki."""
    return wiki_shape(call, *find_wiki(call))


@area.post(WIKIS, scopes=WRITE, body="mappedPath name projectId repositoryId type version")
def create_wiki(call: Call) -> Answer:
    """Create the wiki of a project, or one that publishes a folder of a repository. The texts are guesses."""
    body = call.json_object()
    project = call.project or call.organization.project(as_text(body.get("projectId")))
    name, kind = as_text(body.get("name")).strip(), as_text(body.get("type"), "projectWiki")
    if project is None:
        raise ArgumentError("A project must be specified.", "projectId")
    if not can_be_named(name):
        raise ArgumentError(f"The wiki name {name!a} is not valid.", "name")
    if project.wiki(name):
        raise wiki_error(409, "WikiAlreadyExistsException", f"A wiki with the name '{name}' already exists.")
    if call.organization.denied(call.user, "CreateRepository", project):
        raise needs_permission("CreateRepository", call.user)
    made = _publish(project, name, body) if kind == "codeWiki" else _provision(call, project, name)
    call.organization.clock.tick()
    project.wikis[made.id] = made
    return Answer(201, wiki_shape(call, project, made))


def _provision(call: Call, project: Project, name: str) -> Wiki:
    """Create the wiki of a project with its hidden repository."""
    if any(wiki.type == "projectWiki" for wiki in project.wikis.values()):
        message = f"The project '{project.name}' already has a project wiki."
        raise wiki_error(409, "WikiAlreadyExistsException", message)
    number = guid(f"wiki/{project.id}/{name}")
    repository = project.hidden_repositories[number] = Repository(number, f"{project.name}.wiki", project)
    now = call.organization.clock.tick()
    author = Signature(call.user.display_name, call.user.unique_name, now.replace(microsecond=0))
    order = Entry(ORDER, REGULAR, repository.objects.put_blob(b""))
    tree = repository.objects.put_tree({f"/{ORDER}": order})
    commit = repository.objects.put_commit(tree, (), author, _FIRST_MESSAGE)
    update = RefUpdate(f"refs/heads/{_BRANCH}", ZERO_ID, commit)
    repository.record_push(call.organization.next_id("push"), call.user, now, (update,))
    return Wiki(number, name, "projectWiki", number, branches=[_BRANCH])


def _publish(project: Project, name: str, body: JsonObject) -> Wiki:
    """Return a wiki that shows a folder of a branch of a repository."""
    wanted, branch = as_text(body.get("repositoryId")), as_text(as_object(body.get("version")).get("version"))
    repository = project.repositories.get(wanted.lower())
    if repository is None:
        raise no_repository(wanted)
    tip, folder = repository.branch(branch), clean_path(as_text(body.get("mappedPath"), "/"))
    if tip is None:
        raise invalid_argument("The version '{0}' either is invalid or does not exist.", "versionDescriptor")
    place = repository.objects.at(repository.commit(tip).tree, folder)
    if place is None or not place.is_folder:
        raise ArgumentError(f"The path '{folder}' does not exist in the branch.", "mappedPath")
    return Wiki(guid(f"wiki/{project.id}/{name}"), name, "codeWiki", repository.id, folder, [branch])
