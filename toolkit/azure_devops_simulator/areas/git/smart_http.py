"""Serve `git clone`, `git fetch` and `git push` over HTTP, on the same objects that REST shows.

The base address of a repository is its `remoteUrl`. A push is recorded like a push over REST, as one push with all its
reference updates. dulwich implements the protocol (versions 0 and 1; clients that offer version 2 fall back).
"""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from typing import Final

from dulwich.errors import GitProtocolError, HookError
from dulwich.hooks import Hook
from dulwich.objects import ObjectID
from dulwich.protocol import ReceivableProtocol
from dulwich.refs import HEADREF, DictRefsContainer, Ref
from dulwich.repo import MemoryRepo
from dulwich.server import DictBackend, PackHandler, ReceivePackHandler, UploadPackHandler

from azure_devops_simulator.api import access
from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, MissingScopeError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import needs_permission, no_repository
from azure_devops_simulator.areas.git.refs import update_status
from azure_devops_simulator.state.projects import RefUpdate, Repository

area = Area("git_http")

_REMOTE = "{project?}/_git/{repository}"
_READ, _WRITE = ("vso.code",), ("vso.code_write",)
_SERVICES: Final[dict[str, tuple[type[PackHandler], tuple[str, ...]]]] = {
    "git-upload-pack": (UploadPackHandler, _READ),
    "git-receive-pack": (ReceivePackHandler, _WRITE),
}

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


@area.get(f"{_REMOTE}/info/refs", scopes=_READ, version="")
def advertise(call: Call) -> Answer:
    """Advertise the references of the repository for the service that the client will call next."""
    repository, service = _find(call), call.query.text("service")
    if service not in _SERVICES:
        raise ArgumentError("The service must be git-upload-pack or git-receive-pack.", "service")
    handler, scopes = _SERVICES[service]
    if not access.allowed(call.token, scopes):
        raise MissingScopeError
    out = BytesIO()
    protocol = ReceivableProtocol(BytesIO().read, out.write)
    protocol.write_pkt_line(f"# service={service}\n".encode())
    protocol.write_pkt_line(None)
    served = _served(call, repository)
    _handler(handler, served, protocol, advertise_refs=True).handle()
    return Answer(body=out.getvalue(), content_type=f"application/x-{service}-advertisement")


@area.post(f"{_REMOTE}/git-upload-pack", scopes=_READ, version="")
def upload_pack(call: Call) -> Answer:
    """Send the objects that the client lacks."""
    return _serve(call, "git-upload-pack")


@area.post(f"{_REMOTE}/git-receive-pack", scopes=_WRITE, version="")
def receive_pack(call: Call) -> Answer:
    """Receive objects and move references."""
    return _serve(call, "git-receive-pack")


def _find(call: Call) -> Repository:
    """Return the repository of the path. Without a project it is the one named like its project."""
    wanted = call.path["repository"].removesuffix(".git")
    project = call.project or call.organization.project(wanted)
    if project is None or not call.organization.sees(call.user, project):
        raise no_repository(wanted)
    if found := project.repository(wanted) or project.repository(call.path["repository"]):
        return found
    raise no_repository(wanted)


def _serve(call: Call, service: str) -> Answer:
    out, body = BytesIO(), call.body
    if call.headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise ArgumentError("The body of the request is not valid gzip.", "contentStream") from error
    protocol = ReceivableProtocol(BytesIO(body).read, out.write)
    served = _served(call, _find(call))
    try:
        _handler(_SERVICES[service][0], served, protocol).handle()
    except GitProtocolError as error:
        raise ArgumentError(f"The body of the request is no {service} request: {error}", "contentStream") from error
    return Answer(body=out.getvalue(), content_type=f"application/x-{service}-result")


def _handler(
    kind: type[PackHandler], served: MemoryRepo, protocol: ReceivableProtocol, *, advertise_refs: bool = False
) -> PackHandler:
    handler: PackHandler = kind(DictBackend({"/": served}), ["/"], protocol, True)  # type: ignore[arg-type, call-arg]
    handler.advertise_refs = advertise_refs
    return handler


def _served(call: Call, repository: Repository) -> MemoryRepo:
    """Return the repository as dulwich sees it for one request: our objects, a copy of our references, our rules."""
    served = MemoryRepo()
    served.object_store = repository.objects.raw
    refs = {Ref(name.encode()): ObjectID(object_id.encode()) for name, object_id in repository.refs.items()}
    served.refs = DictRefsContainer({**refs})
    if repository.default_branch in repository.refs:
        served.refs.set_symbolic_ref(HEADREF, Ref(str(repository.default_branch).encode()))
    served.hooks["update"] = _Rules(call, repository)
    served.hooks["post-receive"] = _Record(call, repository)
    return served


class _Rules(Hook):
    """Checks whether a reference may be moved, by the rules of REST and the permission to force."""

    def __init__(self, call: Call, repository: Repository) -> None:
        self._call, self._repository = call, repository

    def execute(self, *update: bytes) -> tuple[bytes, bytes]:
        name, old, new = (part.decode("utf-8", "replace") for part in update)
        status = update_status(self._call, self._repository, name, old, new)
        if permission := _PERMISSIONS.get(status):
            raise HookError(needs_permission(permission, self._call.user).message)
        if status != "succeeded":
            raise HookError(_REFUSALS[status])
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
