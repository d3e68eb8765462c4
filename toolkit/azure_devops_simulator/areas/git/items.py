"""Files and folders of a version."""

from __future__ import annotations

from urllib.parse import urlencode

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import (
    content_metadata,
    is_binary,
    raw_answer,
    refuse_pointer,
    text_of,
    wanted_format,
    zip_answer,
)
from azure_devops_simulator.areas.git.history import history, touches
from azure_devops_simulator.areas.git.lookup import described_version, find_repository, no_item
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import api_url, commit_row, item_shape
from azure_devops_simulator.state.git_objects import Entry
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

_LEVELS = {"none", "onelevel", "onelevelplusnestedemptyfolders", "full"}
_OPTIONS = ("includeContentMetadata", "includeLinks", "latestProcessedChange")


@area.get(
    f"{REPOSITORY}/items",
    scopes=READ,
    query="$format download includeContent includeContentMetadata includeLinks latestProcessedChange path "
    "recursionLevel resolveLfs scopePath version* versionDescriptor.version* sanitize zipForUnix",
)
def get_items(call: Call) -> Answer:
    """Return one item by `path`, or the items below `scopePath`."""
    path = call.query.get("path")
    level = call.query.text("recursionLevel", "none").lower()
    if level not in _LEVELS:
        raise ArgumentError(
            f"The value '{level}' is not valid.", "recursionLevel", type_key="InvalidEnumArgumentException"
        )
    if path is None:
        return _list_items(call, call.query.text("scopePath", "/"), level)
    if level != "none":
        raise ArgumentError("The recursion level must be None when a path is given; use scopePath.", "recursionLevel")
    return _one_item(call, path)


@area.get(
    f"{REPOSITORY}/items/{{path...}}",
    scopes=READ,
    query="$format download includeContent includeContentMetadata includeLinks latestProcessedChange resolveLfs "
    "version* versionDescriptor.version* sanitize zipForUnix",
)
def get_item(call: Call) -> Answer:
    """Return one item by the path in the URL."""
    return _one_item(call, call.path["path"])


def _clean(path: str) -> str:
    return "/" + path.strip("/")


def _one_item(call: Call, raw_path: str) -> Answer:
    repository, path = find_repository(call), _clean(raw_path)
    commit_id, described = described_version(call.query, repository, "versionDescriptor.version", "version", path=path)
    entry = _at(repository, commit_id, path, described)
    content = b"" if entry.is_folder else repository.objects.blob(entry.id) or b""
    refuse_pointer(call, content)
    kind = wanted_format(call)
    if kind == "zip":
        return _zip(call, repository, commit_id, path, entry)
    if kind != "json" and not entry.is_folder:
        return raw_answer(call, path, content, kind)
    shape = _item(call, repository, path, entry, (commit_id, described), call.query)
    if call.query.flag("includeContent") and not entry.is_folder and not is_binary(content):
        shape["content"] = text_of(content)
    return Answer(body=shape)


def _at(repository: Repository, commit_id: str, path: str, described: str) -> Entry:
    entry = repository.objects.at(repository.commit(commit_id).tree, path)
    if entry is None:
        raise no_item(repository, path, described, commit_id)
    return entry


def _zip(call: Call, repository: Repository, commit_id: str, path: str, entry: Entry) -> Answer:
    name = path.rsplit("/", 1)[-1] or repository.name
    below = path.rstrip("/") + "/"
    found = {p: e for p, e in repository.files(commit_id).items() if p.startswith(below)}
    files = found if entry.is_folder else {name: entry}
    modes = {p: e.mode for p, e in files.items()} if call.query.flag("zipForUnix") else None
    return zip_answer(name, {p: repository.objects.blob(e.id) or b"" for p, e in files.items()}, modes)


def _item(
    call: Call, repository: Repository, path: str, entry: Entry, version: tuple[str, str], options: Query
) -> JsonObject:
    """Return an item at a commit, whose version is also given in words, with what the options ask for."""
    shape = item_shape(call, repository, path, entry, *version)
    if options.flag("includeContentMetadata"):
        content = None if entry.is_folder else repository.objects.blob(entry.id) or b""
        named: JsonObject = {"fileName": path.rsplit("/", 1)[-1]}
        shape["contentMetadata"] = named if content is None else content_metadata(path, content)
    if options.flag("includeLinks"):
        objects = f"{shape['gitObjectType']}s/{entry.id}"
        shape["_links"] = {
            "self": {"href": shape["url"]},
            "repository": {"href": api_url(call, repository)},
            str(shape["gitObjectType"]): {"href": api_url(call, repository, objects)},
        }
    if options.flag("latestProcessedChange"):
        changed = next((c for c in history(repository, version[0]) if touches(repository, c, path)), None)
        shape["latestProcessedChange"] = commit_row(call, repository, changed) if changed else None
    return shape


def _list_items(call: Call, scope: str, level: str) -> Answer:
    repository, path = find_repository(call), _clean(scope)
    commit_id, described = described_version(call.query, repository, "versionDescriptor.version", "version", path=path)
    entry = _at(repository, commit_id, path, described)
    if wanted_format(call) == "zip":
        return _zip(call, repository, commit_id, path, entry)
    rows = below(repository, path, entry, level)
    return collection(_item(call, repository, p, e, (commit_id, described), call.query) for p, e in rows)


def below(repository: Repository, path: str, entry: Entry, level: str) -> list[tuple[str, Entry]]:
    """Return an item and its content down to the recursion level."""
    found = [(path, entry)]
    if level == "none" or not entry.is_folder:
        return found
    nested = level == "onelevelplusnestedemptyfolders"
    for child in repository.objects.entries(entry.id) or ():
        child_path = f"{path.rstrip('/')}/{child.name}"
        only = repository.objects.entries(child.id) or () if child.is_folder else ()
        alone = nested and len(only) == 1 and only[0].is_folder
        found += below(repository, child_path, child, level if level == "full" or alone else "none")
    return found


@area.post(f"{REPOSITORY}/itemsbatch", scopes=READ, body=f"itemDescriptors {' '.join(_OPTIONS)}")
def get_items_batch(call: Call) -> Answer:
    """Return several items at once, as one list for each descriptor."""
    repository, body = find_repository(call), call.json_object()
    options = Query(urlencode({name: "true" for name in _OPTIONS if body.get(name) is True}))
    batches: list[JsonValue] = []
    for value in as_list(body.get("itemDescriptors")):
        wanted = as_object(value)
        path = _clean(as_text(wanted.get("path"), "/"))
        named = {
            "version": as_text(wanted.get("version")),
            "versionType": as_text(wanted.get("versionType")),
            "versionOptions": as_text(wanted.get("versionOptions")),
        }
        commit_id, described = described_version(Query(urlencode(named)), repository, "version", path=path)
        entry = _at(repository, commit_id, path, described)
        rows = below(repository, path, entry, as_text(wanted.get("recursionLevel"), "none").lower())
        batches.append([_item(call, repository, p, e, (commit_id, described), options) for p, e in rows])
    return collection(batches)
