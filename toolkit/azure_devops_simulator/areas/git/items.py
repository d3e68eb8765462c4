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
    text_of,
    wanted_format,
    zip_answer,
)
from azure_devops_simulator.areas.git.history import history, touches
from azure_devops_simulator.areas.git.lookup import described_version, find_repository, no_item
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import commit_row, item_shape
from azure_devops_simulator.state.git_objects import Entry
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

_LEVELS = {"none", "onelevel", "onelevelplusnestedemptyfolders", "full"}
_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"


@area.get(
    f"{REPOSITORY}/items",
    scopes=READ,
    query="$format download includeContent includeContentMetadata latestProcessedChange path recursionLevel "
    "resolveLfs scopePath version* versionDescriptor.version* sanitize zipForUnix",
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
    query="$format download includeContent includeContentMetadata latestProcessedChange resolveLfs version* "
    "versionDescriptor.version* sanitize zipForUnix",
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
    if call.query.flag("resolveLfs") and content.startswith(_LFS_POINTER):
        # The simulator stores no large files. The text of the service for a pointer without its file is not known.
        raise ArgumentError("The large file that this pointer names is not available.", "resolveLfs")
    kind = wanted_format(call)
    if kind == "zip":
        return _zip(call, repository, commit_id, path, entry)
    if kind != "json" and not entry.is_folder:
        return raw_answer(call, path, content, kind)
    shape = _with_options(call, repository, item_shape(call, repository, path, entry, commit_id, described), entry)
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


def _with_options(call: Call, repository: Repository, shape: JsonObject, entry: Entry) -> JsonObject:
    path = str(shape["path"])
    if call.query.flag("includeContentMetadata"):
        content = None if entry.is_folder else repository.objects.blob(entry.id) or b""
        named: JsonObject = {"fileName": path.rsplit("/", 1)[-1]}
        shape["contentMetadata"] = named if content is None else content_metadata(path, content)
    if call.query.flag("latestProcessedChange"):
        tip = str(shape["commitId"])
        changed = next((c for c in history(repository, tip) if touches(repository, c, path)), None)
        shape["latestProcessedChange"] = commit_row(call, repository, changed) if changed else None
    return shape


def _list_items(call: Call, scope: str, level: str) -> Answer:
    repository, path = find_repository(call), _clean(scope)
    commit_id, described = described_version(call.query, repository, "versionDescriptor.version", "version", path=path)
    entry = _at(repository, commit_id, path, described)
    if wanted_format(call) == "zip":
        return _zip(call, repository, commit_id, path, entry)
    rows = below(repository, path, entry, level)
    return collection(
        _with_options(call, repository, item_shape(call, repository, p, e, commit_id, described), e) for p, e in rows
    )


def below(repository: Repository, path: str, entry: Entry, level: str) -> list[tuple[str, Entry]]:
    """Return an item and its content down to the recursion level."""
    found = [(path, entry)]
    if level == "none" or not entry.is_folder:
        return found
    for child in repository.objects.entries(entry.id) or ():
        child_path = f"{path.rstrip('/')}/{child.name}"
        found += below(repository, child_path, child, "full" if level == "full" else "none")
    return found


@area.post(f"{REPOSITORY}/itemsbatch", scopes=READ, body="itemDescriptors")
def get_items_batch(call: Call) -> Answer:
    """Return several items at once, as one list for each descriptor."""
    repository = find_repository(call)
    batches: list[JsonValue] = []
    for value in as_list(call.json_object().get("itemDescriptors")):
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
        batches.append([item_shape(call, repository, p, e, commit_id, described) for p, e in rows])
    return collection(batches)
