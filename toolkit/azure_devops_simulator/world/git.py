"""Write the git objects of a repository as JSON and read them back with the same ids."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from dulwich.objects import Blob, Commit, ShaFile, Tag, Tree

from azure_devops_simulator.state.git_objects import ObjectStore
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.codec import WorldError, read_bytes, write_bytes

_KINDS: dict[str, type[ShaFile]] = {"commits": Commit, "tags": Tag, "trees": Tree, "blobs": Blob}


def write_objects(store: ObjectStore) -> JsonObject:
    """Write all objects by kind and id: commits, tags and files as text, folders as lists of rows."""
    found: dict[str, dict[str, JsonValue]] = {kind: {} for kind in _KINDS}
    for raw_id in sorted(store.raw):
        object_id = raw_id.decode("ascii")
        if object_id not in store.forms:
            store.forms[object_id] = _write_object(store.raw[raw_id])
        kind, form = store.forms[object_id]
        # Who gets a world may change it.
        found[kind][object_id] = form if isinstance(form, str) else copy(form)
    return dict(found)


def _write_object(item: ShaFile) -> tuple[str, JsonValue]:
    kind = next(name for name, known in _KINDS.items() if isinstance(item, known))
    raw = item.as_raw_string()
    return kind, _rows(raw) if kind == "trees" else write_bytes(raw)


def read_objects(value: JsonValue) -> ObjectStore:
    """Read the objects that `write_objects` wrote.

    Raises:
        WorldError: the content of an object does not have the id under which it is written.
    """
    store = ObjectStore()
    for kind, items in value.items() if isinstance(value, Mapping) else ():
        for object_id, form in items.items() if isinstance(items, Mapping) else ():
            raw = _tree(form) if isinstance(form, list) else read_bytes(form)
            item = ShaFile.from_raw_string(_KINDS[kind].type_num, raw)
            if item.id.decode("ascii") != object_id:
                raise WorldError(f"{kind} {object_id}: the content has the id {item.id.decode('ascii')}")
            store.raw.add_object(item)
    return store


def _rows(raw: bytes) -> JsonValue:
    """Return the entries of a tree as `mode id name`, in git's order, or its bytes if a name is no text."""
    rows: list[JsonValue] = []
    at = 0
    while at < len(raw):
        end = raw.index(b"\0", at)
        mode, _, name = raw[at:end].partition(b" ")
        try:
            rows.append(f"{mode.decode('ascii')} {raw[end + 1 : end + 21].hex()} {name.decode('utf-8')}")
        except UnicodeDecodeError:
            return write_bytes(raw)
        at = end + 21
    return rows


def _tree(rows: list[JsonValue]) -> bytes:
    raw = b""
    for row in rows:
        mode, object_id, name = str(row).split(" ", 2)
        raw += mode.encode("ascii") + b" " + name.encode("utf-8") + b"\0" + bytes.fromhex(object_id)
    return raw
