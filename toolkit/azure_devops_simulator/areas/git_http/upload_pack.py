"""Answer `git fetch` and `git clone`, partial and shallow ones as well (protocol version 0 over HTTP).

A client that offers a later version of the protocol falls back to this one. Every request stands for itself: the
client repeats what was agreed before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dulwich.errors import GitProtocolError
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import find_shallow
from dulwich.objects import ObjectID
from dulwich.pack import write_pack_from_container
from dulwich.protocol import (
    NAK_LINE,
    SIDE_BAND_CHANNEL_DATA,
    Protocol,
    extract_want_line_capabilities,
    format_ack_line,
    format_ref_line,
    format_shallow_line,
    format_unshallow_line,
)

from azure_devops_simulator.areas.git_http.object_filter import ObjectFilter, UnsupportedFilterError
from azure_devops_simulator.areas.git_http.object_selection import Shallow, complete, reachable, select
from azure_devops_simulator.state.projects import ZERO_ID, Repository

_CAPABILITIES: Final = (
    b"multi_ack",
    b"multi_ack_detailed",
    b"side-band-64k",
    b"thin-pack",
    b"ofs-delta",
    b"no-progress",
    b"include-tag",
    b"shallow",
    b"filter",
    b"allow-tip-sha1-in-want",
    b"allow-reachable-sha1-in-want",
    b"object-format=sha1",
    b"agent=azure-devops-simulator",
)


def advertise(protocol: Protocol, repository: Repository, refs: dict[str, str]) -> None:
    """Tell the client the references, HEAD first, and what this server can do."""
    capabilities = list(_CAPABILITIES)
    rows = sorted(refs.items())
    if repository.default_branch in refs:
        capabilities.append(f"symref=HEAD:{repository.default_branch}".encode())
        rows.insert(0, ("HEAD", refs[repository.default_branch]))
    for number, (name, object_id) in enumerate(rows or [("capabilities^{}", ZERO_ID)]):
        told = None if number else capabilities
        protocol.write_pkt_line(format_ref_line(name.encode(), object_id.encode(), told))
        peeled = repository.peel(object_id) if repository.objects.tag(object_id) else None
        if peeled:
            protocol.write_pkt_line(format_ref_line(f"{name}^{{}}".encode(), peeled.encode()))
    protocol.write_pkt_line(None)


@dataclass
class _Request:
    """What a client asks for."""

    wants: list[str] = field(default_factory=list)
    shallow: set[str] = field(default_factory=set)
    depth: int | None = None
    kept: ObjectFilter = field(default_factory=ObjectFilter)
    capabilities: frozenset[bytes] = frozenset()

    @classmethod
    def read(cls, protocol: Protocol) -> _Request:
        """Read everything up to the first flush packet.

        Raises:
            GitProtocolError: a line is not part of the protocol.
            UnsupportedFilterError: the filter is not supported.
        """
        request = cls()
        while line := protocol.read_pkt_line():
            if line.startswith(b"want ") and not request.wants:
                line, capabilities = extract_want_line_capabilities(line)
                request.capabilities = frozenset(capabilities)
            word, _, value = line.decode("utf-8", "replace").strip().partition(" ")
            if word == "want":
                request.wants.append(value)
            elif word == "shallow":
                request.shallow.add(value)
            elif word == "deepen" and value.isdecimal():
                request.depth = int(value)
            elif word == "filter":
                request.kept = ObjectFilter.parse(value)
            else:
                raise GitProtocolError(f"unexpected line: {word}")
        return request


def serve(protocol: Protocol, repository: Repository) -> None:
    """Answer one request of a client.

    Raises:
        GitProtocolError: the request is not part of the protocol.
    """
    try:
        request = _Request.read(protocol)
    except UnsupportedFilterError as error:
        protocol.write_pkt_line(f"ERR upload-pack: not simulated: {error}".encode())
        return
    there = (want for want in request.wants if repository.objects.kind(want) and complete(repository, want))
    if unknown := set(request.wants).difference(there):
        protocol.write_pkt_line(f"ERR upload-pack: not our ref {min(unknown)}".encode())
        return
    if not request.wants:
        return
    shallow = _tell_shallow(protocol, repository, request)
    negotiation = _Negotiation(protocol, repository, request)
    if negotiation.run():
        tags = b"include-tag" in request.capabilities
        ids = select(repository, request.wants, negotiation.common, shallow, request.kept, include_tags=tags)
        _send(protocol, repository, ids, in_band=b"side-band-64k" in request.capabilities)


def _tell_shallow(protocol: Protocol, repository: Repository, request: _Request) -> Shallow:
    """Tell a client that asks for a depth where its history ends from now on."""
    before = frozenset(commit for commit in request.shallow if repository.objects.commit(commit))
    if request.depth is None:
        return Shallow(before, before)
    wants = [ObjectID(want.encode()) for want in request.wants]
    edge, inside = find_shallow(repository.objects.raw, wants, request.depth)
    ends = frozenset(commit.decode() for commit in edge - inside)
    deepened = before.intersection(commit.decode() for commit in inside)
    for commit in sorted(ends - before):
        protocol.write_pkt_line(format_shallow_line(commit.encode()))
    for commit in sorted(deepened):
        protocol.write_pkt_line(format_unshallow_line(commit.encode()))
    protocol.write_pkt_line(None)
    return Shallow(before, ends | (before - deepened))


_WORDS: Final = {
    b"multi_ack_detailed": (b"common", b"ready"),
    b"multi_ack": (b"continue", b"continue"),
}
"""The word of each mode for a commit that both sides have, and for "tell no more"."""


class _Negotiation:
    """Finds out which commits the client has. `common` are those that both sides have."""

    def __init__(self, protocol: Protocol, repository: Repository, request: _Request) -> None:
        self._protocol, self._repository = protocol, repository
        self._mode = next((mode for mode in _WORDS if mode in request.capabilities), b"")
        self._shared, self._ready = _WORDS.get(self._mode, (b"", b""))
        tips = {tip for want in request.wants if (tip := repository.peel(want))}
        self._behind = [reachable(repository, [tip]) for tip in tips]
        self._missed = False
        self.common: list[str] = []

    def run(self) -> bool:
        """Read what the client has, and return whether it has told everything."""
        while not self._protocol.eof():
            line = self._protocol.read_pkt_line()
            word, _, commit = (line or b"").decode("utf-8", "replace").strip().partition(" ")
            if not line:
                self._pause()
            elif word == "done":
                self._end()
                return True
            elif word == "have":
                self._have(commit)
            else:
                raise GitProtocolError(f"unexpected line: {word}")
        return False

    def _acknowledge(self, commit: str, word: bytes = b"") -> None:
        self._protocol.write_pkt_line(format_ack_line(commit.encode(), word))

    def _enough(self) -> bool:
        """Whether each wanted commit has a common one behind it."""
        return bool(self.common and self._mode) and not any(known.isdisjoint(self.common) for known in self._behind)

    def _have(self, commit: str) -> None:
        if self._repository.objects.commit(commit) is None:
            self._missed = True
            if self._enough():
                self._acknowledge(commit, self._ready)
            return
        self.common.append(commit)
        if self._mode or len(self.common) == 1:
            self._acknowledge(commit, self._shared)

    def _pause(self) -> None:
        if self._ready == b"ready" and not self._missed and self._enough():
            self._acknowledge(self.common[-1], self._ready)
        if self._mode or not self.common:
            self._protocol.write_pkt_line(NAK_LINE)
        self._missed = False

    def _end(self) -> None:
        if not self.common:
            self._protocol.write_pkt_line(NAK_LINE)
        elif self._mode:
            self._acknowledge(self.common[-1])


def _send(protocol: Protocol, repository: Repository, ids: list[str], *, in_band: bool) -> None:
    def write(data: bytes) -> None:
        if in_band:
            protocol.write_sideband(SIDE_BAND_CHANNEL_DATA, data)
        else:
            protocol.write(data)

    rows = [(ObjectID(object_id.encode()), None) for object_id in ids]
    write_pack_from_container(write, repository.objects.raw, rows, object_format=DEFAULT_OBJECT_FORMAT)
    if in_band:
        protocol.write_pkt_line(None)
