"""Serve `git clone`, `git fetch` and `git push` over HTTP, on the same objects that REST shows.

The base address of a repository is its `remoteUrl`. A push is recorded like a push over REST, as one push with all its
reference updates; dulwich receives it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO

from dulwich.errors import GitProtocolError, HookError
from dulwich.hooks import Hook
from dulwich.objects import ObjectID
from dulwich.protocol import ReceivableProtocol
from dulwich.refs import DictRefsContainer, Ref
from dulwich.repo import MemoryRepo
from dulwich.server import DictBackend, ReceivePackHandler

from azure_devops_simulator.api import access
from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, MissingScopeError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import needs_permission, no_repository
from azure_devops_simulator.areas.git.refs import update_status
from azure_devops_simulator.areas.git_http import upload_pack
from azure_devops_simulator.areas.git_http.object_selection import complete
from azure_devops_simulator.areas.pull_requests.lifecycle import merge_refs
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository

area = Area("git_http")

_REMOTE = "{project?}/_git/{repository}"
_READ, _WRITE = ("vso.code",), ("vso.code_write",)
_SERVICES = {"git-upload-pack": _READ, "git-receive-pack": _WRITE}

_PERMISSIONS = {
    "createBranchPermissionRequired": "CreateBranch",
    "writePermissionRequired": "GenericContribute",
    "forcePushRequired": "ForcePush",
}
_REFUSALS = {
    "invalidRefName": "The reference name is not valid.",
    "staleOldObjectId": "TF401028: The reference has already been updated by another client, so you cannot update it.",
    "unresolvableToCommit": "The object does not resolve to a commit.",
    "refNameConflict": "The reference name conflicts with an existing one.",
    "rejectedByPolicy": "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this "
    "branch.",
}
"""What `git push` is told for each outcome of a reference update; where there is a code it is the service's text."""


@area.get(f"{_REMOTE}/info/refs", scopes=_READ, version="", query="service")
def advertise(call: Call) -> Answer:
    """Advertise the references of the repository for the service that the client will call next."""
    repository, service = _find(call), call.query.text("service")
    if service not in _SERVICES:
        raise ArgumentError("The service must be git-upload-pack or git-receive-pack.", "service")
    if not access.allowed(call.token, _SERVICES[service]):
        raise MissingScopeError
    out = BytesIO()
    protocol = ReceivableProtocol(BytesIO().read, out.write)
    protocol.write_pkt_line(f"# service={service}\n".encode())
    protocol.write_pkt_line(None)
    if service == "git-upload-pack":
        refs = repository.refs | merge_refs(call.organization, repository)
        upload_pack.advertise(protocol, repository, refs)
    else:
        _receiver(call, repository, protocol, advertise_refs=True).handle()
    return Answer(body=out.getvalue(), content_type=f"application/x-{service}-advertisement")


@area.post(f"{_REMOTE}/git-upload-pack", scopes=_READ, version="")
def fetch(call: Call) -> Answer:
    """Send the objects that the client lacks."""
    repository = _find(call)
    return _answer(call, "git-upload-pack", lambda protocol: upload_pack.serve(protocol, repository))


@area.post(f"{_REMOTE}/git-receive-pack", scopes=_WRITE, version="")
def receive_pack(call: Call) -> Answer:
    """Receive objects and move references."""
    repository = _find(call)

    def handle(protocol: ReceivableProtocol) -> None:
        _skip_shallow(protocol)
        _receiver(call, repository, protocol).handle()

    return _answer(call, "git-receive-pack", handle)


def _skip_shallow(protocol: ReceivableProtocol) -> None:
    """Skip the lines by which a shallow clone tells where its history ends, which dulwich does not know.

    The server has the whole history. `_Rules` refuses commits whose parents are missing here.
    """
    while (line := protocol.read_pkt_line()) and line.startswith(b"shallow "):
        pass
    protocol.unread_pkt_line(line)


def _find(call: Call) -> Repository:
    """Return the repository of the path. Without a project it is the one named like its project."""
    wanted = call.path["repository"].removesuffix(".git")
    project = call.project or call.organization.project(wanted)
    if project is None or not call.organization.sees(call.user, project):
        raise no_repository(wanted)
    if found := project.repository(wanted) or project.repository(call.path["repository"]):
        return found
    raise no_repository(wanted)


def _answer(call: Call, service: str, handle: Callable[[ReceivableProtocol], None]) -> Answer:
    out, body = BytesIO(), call.body
    if call.headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise ArgumentError("The body of the request is not valid gzip.", "contentStream") from error
    try:
        handle(ReceivableProtocol(BytesIO(body).read, out.write))
    except GitProtocolError as error:
        raise ArgumentError(f"The body of the request is no {service} request: {error}", "contentStream") from error
    return Answer(body=out.getvalue(), content_type=f"application/x-{service}-result")


def _receiver(
    call: Call, repository: Repository, protocol: ReceivableProtocol, *, advertise_refs: bool = False
) -> ReceivePackHandler:
    """Return dulwich's receiver on our objects, a copy of our references, and our rules."""
    served = MemoryRepo()
    served.object_store = repository.objects.raw
    refs = {Ref(name.encode()): ObjectID(object_id.encode()) for name, object_id in repository.refs.items()}
    served.refs = DictRefsContainer({**refs})
    served.hooks["update"] = _Rules(call, repository)
    served.hooks["post-receive"] = _Record(call, repository)
    backend = DictBackend({"/": served})  # type: ignore[arg-type]
    return ReceivePackHandler(backend, ["/"], protocol, stateless_rpc=True, advertise_refs=advertise_refs)


class _Rules(Hook):
    """Checks whether a reference may be moved, by the rules of REST and the permission to force."""

    def __init__(self, call: Call, repository: Repository) -> None:
        self._call, self._repository = call, repository
        self._taken: set[str] = set()

    def execute(self, *update: bytes) -> tuple[bytes, bytes]:
        name, old, new = (part.decode("utf-8", "replace") for part in update)
        if new != ZERO_ID and not complete(self._repository, new):
            raise HookError("missing necessary objects")
        status = update_status(self._call, self._repository, name, old, new, self._taken)
        if permission := _PERMISSIONS.get(status):
            raise HookError(needs_permission(permission, self._call.user).message)
        if status != "succeeded":
            raise HookError(_REFUSALS[status])
        if new != ZERO_ID:
            self._taken.add(name)
        return b"", b""


class _Record(Hook):
    """Moves the allowed references as one push."""

    def __init__(self, call: Call, repository: Repository) -> None:
        self._call, self._repository = call, repository

    def execute(self, *taken: list[tuple[bytes, bytes, bytes]]) -> bytes:
        updates = tuple(RefUpdate(name.decode(), old.decode(), new.decode()) for old, new, name in taken[0])
        organization = self._call.organization
        push_id, now = organization.next_id("push"), organization.clock.tick()
        self._repository.record_push(push_id, self._call.user, now, updates)
        return b"Analyzing objects... done\nStoring packfile... done\n"
