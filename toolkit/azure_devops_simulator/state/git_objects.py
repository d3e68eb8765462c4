"""The git objects of one repository, kept in memory under their real ids.

Paths are written as the service writes them, `/src/app.py`. Object ids are 40 hexadecimal digits. Objects never
change, so each is decoded only once.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from dulwich.index import commit_tree
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, ObjectID, ShaFile, Tag, Tree
from dulwich.objects import Commit as GitCommit

from azure_devops_simulator.state.values import JsonValue

REGULAR = 0o100644
SUBMODULE = 0o160000

Kind: TypeAlias = Literal["blob", "tree", "commit", "tag"]


@dataclass(frozen=True)
class Signature:
    """The author or committer of an object, with the date (UTC, whole seconds)."""

    name: str
    email: str
    date: datetime

    @property
    def raw(self) -> bytes:
        """The form in a git object."""
        return f"{self.name} <{self.email}>".encode()

    @classmethod
    def parse(cls, raw: bytes, seconds: int) -> Signature:
        """Read the form in a git object."""
        name, _, email = raw.decode("utf-8", "replace").partition(" <")
        return cls(name, email.rstrip(">"), datetime.fromtimestamp(seconds, UTC))


@dataclass(frozen=True)
class Commit:
    """A decoded commit."""

    id: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]


@dataclass(frozen=True)
class AnnotatedTag:
    """A decoded annotated tag. `name` has no `refs/tags/`."""

    id: str
    name: str
    target: str
    tagger: Signature
    message: str


@dataclass(frozen=True)
class Entry:
    """A file or folder of a tree. `name` is one segment of a path."""

    name: str
    mode: int
    id: str

    @property
    def is_folder(self) -> bool:
        """Whether this is a tree."""
        return stat.S_ISDIR(self.mode)


Files: TypeAlias = Mapping[str, Entry]
"""Every file below a tree by its full path."""


class _Objects(MemoryObjectStore):
    """The objects themselves. It gives away copies of them and stores copies, so that an object never changes."""

    def copy(self) -> _Objects:
        copied = _Objects()
        copied._data.update(self._data)
        return copied


class ObjectStore:
    """The objects of a repository by kind.

    `forms` holds the JSON of objects that a world was made of; an object never changes, and neither does its form.
    """

    def __init__(self) -> None:
        self.raw = _Objects()
        self.forms: dict[str, tuple[str, JsonValue]] = {}
        self._commits: dict[str, Commit] = {}
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._files: dict[str, Files] = {}
        self._blobs: dict[str, bytes] = {}

    def copy(self) -> ObjectStore:
        """Return a store with the same objects. Each store takes new ones for itself; those from before are shared."""
        copied = ObjectStore()
        copied.raw = self.raw.copy()
        copied.forms = dict(self.forms)
        copied._commits, copied._entries = dict(self._commits), dict(self._entries)
        copied._files, copied._blobs = dict(self._files), dict(self._blobs)
        return copied

    def _put(self, item: ShaFile) -> str:
        self.raw.add_object(item)
        return item.id.decode("ascii")

    def _get(self, object_id: str) -> ShaFile | None:
        try:
            return self.raw[ObjectID(object_id.encode("ascii"))]
        except (KeyError, ValueError, UnicodeEncodeError):
            return None

    def kind(self, object_id: str) -> Kind | None:
        """Return the kind of an object, or None when there is no object of this id."""
        item = self._get(object_id)
        if item is None:
            return None
        kinds: dict[bytes, Kind] = {b"blob": "blob", b"tree": "tree", b"commit": "commit", b"tag": "tag"}
        return kinds[item.type_name]

    def has(self, object_id: str) -> bool:
        """Return whether there is an object of this id, of any kind."""
        return ObjectID(object_id.encode("ascii")) in self.raw

    def put_blob(self, content: bytes) -> str:
        """Store a file's content."""
        object_id = self._put(Blob.from_string(content))
        self._blobs[object_id] = content
        return object_id

    def blob(self, object_id: str) -> bytes | None:
        """Return the content of a file, or None when the id is not the id of a blob."""
        if object_id not in self._blobs:
            item = self._get(object_id)
            if not isinstance(item, Blob):
                return None
            self._blobs[object_id] = item.as_raw_string()
        return self._blobs[object_id]

    def put_tree(self, files: Files) -> str:
        """Store a tree and all trees below it."""
        rows = [(path.strip("/").encode(), ObjectID(e.id.encode("ascii")), e.mode) for path, e in files.items()]
        tree_id = commit_tree(self.raw, rows).decode("ascii")
        self._files[tree_id] = dict(sorted(files.items()))
        return tree_id

    def entries(self, tree_id: str) -> tuple[Entry, ...] | None:
        """Return the direct entries of a tree in git's order, or None when the id is not the id of a tree."""
        if tree_id not in self._entries:
            item = self._get(tree_id)
            if not isinstance(item, Tree):
                return None
            rows = item.iteritems()
            found = tuple(Entry(r.path.decode("utf-8", "replace"), r.mode, r.sha.decode("ascii")) for r in rows)
            self._entries[tree_id] = found
        return self._entries[tree_id]

    def files(self, tree_id: str) -> Files:
        """Return every file below a tree by its full path, sorted."""
        if tree_id not in self._files:
            found: dict[str, Entry] = {}
            for entry in self.entries(tree_id) or ():
                if entry.is_folder:
                    found.update({f"/{entry.name}{path}": below for path, below in self.files(entry.id).items()})
                else:
                    found[f"/{entry.name}"] = entry
            self._files[tree_id] = dict(sorted(found.items()))
        return self._files[tree_id]

    def at(self, tree_id: str, path: str) -> Entry | None:
        """Return the file or folder at a path below a tree. `/` is the tree itself."""
        here = Entry("", stat.S_IFDIR, tree_id)
        for name in (part for part in path.split("/") if part):
            if not here.is_folder:
                return None
            below = {entry.name: entry for entry in self.entries(here.id) or ()}
            if name not in below:
                return None
            here = below[name]
        return here

    def put_commit(
        self, tree: str, parents: tuple[str, ...], author: Signature, message: str, committer: Signature | None = None
    ) -> str:
        """Store a commit. The committer is the author unless given."""
        committer = committer or author
        item = GitCommit()
        item.tree = ObjectID(tree.encode("ascii"))
        item.parents = [ObjectID(parent.encode("ascii")) for parent in parents]
        item.author, item.committer = author.raw, committer.raw
        item.author_time, item.commit_time = int(author.date.timestamp()), int(committer.date.timestamp())
        item.author_timezone = item.commit_timezone = 0
        item.encoding = b"UTF-8"
        item.message = (message.rstrip("\n") + "\n").encode()
        return self._put(item)

    def commit(self, commit_id: str) -> Commit | None:
        """Return a commit, or None when the id is not the id of a commit."""
        if commit_id not in self._commits:
            item = self._get(commit_id)
            if not isinstance(item, GitCommit):
                return None
            self._commits[commit_id] = Commit(
                commit_id,
                item.tree.decode("ascii"),
                tuple(parent.decode("ascii") for parent in item.parents),
                Signature.parse(item.author, item.author_time),
                Signature.parse(item.committer, item.commit_time),
                item.message.decode("utf-8", "replace").rstrip("\n"),
            )
        return self._commits[commit_id]

    def put_tag(self, name: str, target: str, tagger: Signature, message: str) -> str:
        """Store an annotated tag of a commit."""
        item = Tag()
        item.name = name.encode()
        item.object = (GitCommit, ObjectID(target.encode("ascii")))
        item.tagger, item.tag_time, item.tag_timezone = tagger.raw, int(tagger.date.timestamp()), 0
        item.message = (message.rstrip("\n") + "\n").encode()
        return self._put(item)

    def tag(self, tag_id: str) -> AnnotatedTag | None:
        """Return an annotated tag, or None when the id is not the id of one."""
        item = self._get(tag_id)
        if not isinstance(item, Tag):
            return None
        return AnnotatedTag(
            tag_id,
            item.name.decode("utf-8", "replace"),
            item.object[1].decode("ascii"),
            Signature.parse(item.tagger or b"", item.tag_time or 0),
            (item.message or b"").decode("utf-8", "replace").rstrip("\n"),
        )
