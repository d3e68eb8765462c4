"""Attach a local file to a work item."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import check_is_approved
from langchain_azure_devops.calls.recovery import PreparationLost
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, Request
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import Operation
from langchain_azure_devops.safety.local_files import read_whole
from langchain_azure_devops.safety.secrets_in_files import find_secret_in_bytes
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.attachments.finding import list_attached, read_item
from langchain_azure_devops.tools.attachments.models import AttachmentAdded, ItemWithFiles, Uploaded
from langchain_azure_devops.tools.attachments.recovery import find_attached
from langchain_azure_devops.tools.attachments.sniffing import sniff
from langchain_azure_devops.tools.attachments.toolset import toolset
from langchain_azure_devops.tools.work_items.conflicts import check_revision

_UPLOAD = "/{project}/_apis/wit/attachments"
_ITEM = "/{project}/_apis/wit/workitems/{work_item}"
_NEEDS = "attachments_folder"


@dataclass(frozen=True)
class LocalFile:
    """A file as it is sent."""

    name: str
    content: bytearray
    sha256: str
    kind: str


async def _load(client: AzureDevOps, path: str) -> LocalFile:
    """Read a file of the folder whose files may be sent, and refuse it when it holds a secret.

    Raises:
        WriteBlocked: It holds one.
    """
    return await asyncio.to_thread(_load_now, client, path)


def _load_now(client: AzureDevOps, path: str) -> LocalFile:
    with client.files.open(path) as (descriptor, size):
        content = read_whole(descriptor, size)
    if not (name := one_line(path.rsplit("/", 1)[-1])):
        raise InvalidRequest(f"{path!r} has no name that can be shown.", subject="path")
    if (kind := find_secret_in_bytes(content, client.secrets)) is not None:
        raise WriteBlocked(
            f"{path!r} was not sent: it holds a secret ({kind}). Remove the secret from the file, and ask again.",
            subject="secret",
        )
    return LocalFile(name, content, hashlib.sha256(content).hexdigest(), sniff(bytes(content[:65_536])).name)


async def _describe_upload(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person recognizes the work item and the file by; the digest is that of what will be sent."""
    item = await read_item(client, int(str(arguments["work_item"])))
    check_revision(item.id, item.revision, arguments["revision"])
    file = await _load(client, str(arguments["path"]))
    same = [each.id for each in list_attached(client, item) if each.name.casefold() == file.name.casefold()]
    return {
        "type": item.type,
        "title": item.title,
        "state": item.state,
        "project": item.project,
        "file": file.name,
        "bytes": len(file.content),
        "file_type": file.kind,
        "sha256": file.sha256,
        **({"files_of_this_name": ", ".join(same)} if same else {}),
    }


@toolset.write(
    Scope.WORK_WRITE,
    sends=(f"POST {_UPLOAD}", f"PATCH {_ITEM}"),
    destructive=False,
    targets=("work_item", "path"),
    contents=("revision", "comment"),
    current=_describe_upload,
    recover=find_attached,
    makes="attachment",
    times=2,
    needs=_NEEDS,
    example={"work_item": 28, "revision": 8, "path": "trace.txt"},
)
async def upload_attachment(
    client: AzureDevOps,
    *,
    work_item: Annotated[int, Field(ge=1)],
    revision: Annotated[int, Field(description="As last read")],
    path: Annotated[str, Field(description="Below the folder for uploads")],
    comment: str | None = None,
) -> AttachmentAdded:
    """Attach a local file to a work item unless somebody changed it since it was read.

    Raises:
        RevisionConflict: The work item has another revision now.
        WriteBlocked: The file holds a secret. Archives and other formats that encode their content are not searched
            inside.
        InvalidRequest: The path leads out of the folder, or to something that is not sent.
    Source: `POST .../wit/attachments?fileName=`, then `PATCH .../workitems/{id}` with a test of `/rev`.
    """
    # The token is only known, and looked for in the file, after a request.
    item = await read_item(client, work_item)
    check_revision(item.id, item.revision, revision)
    file = await _load(client, path)
    await check_is_approved("sha256", file.sha256)
    request = Request(
        Operation("POST", _UPLOAD),
        {"project": item.project},
        {"fileName": file.name, "uploadType": "simple"},
        content_type="application/octet-stream",
        file=file.content,
    )
    # Until the work item links to it, the file is no attachment.
    try:
        uploaded = decode(await client.send(request), Uploaded)
    except WriteOutcomeUnknown as lost:
        page = f"{client.settings.url('core')}/_workitems/edit/{work_item}"
        raise PreparationLost(
            f"{lost.happened} The file may be stored, but nothing links to it: work item {work_item} was not changed "
            f"by this call. Read the work item before you repeat this: {page}",
            url=page,
        ) from lost
    return AttachmentAdded(
        work_item=work_item,
        revision=await _attach(client, item, uploaded, comment),
        id=uploaded.id,
        name=file.name,
        bytes=len(file.content),
        sha256=file.sha256,
        project=item.project,
    )


async def _attach(client: AzureDevOps, item: ItemWithFiles, uploaded: Uploaded, comment: str | None) -> int:
    """Let a work item link to a file that was uploaded, and return its new revision."""
    link: dict[str, JsonValue] = {"rel": "AttachedFile", "url": uploaded.url}
    if comment:
        link["attributes"] = {"comment": comment}
    patch: list[JsonValue] = [
        {"op": "test", "path": "/rev", "value": item.revision},
        {"op": "add", "path": "/relations/-", "value": link},
    ]
    try:
        where: PathValues = {"project": item.project, "work_item": item.id}
        response = await client.post(
            _ITEM, patch, path=where, content_type="application/json-patch+json", method="PATCH"
        )
    except WriteOutcomeUnknown:
        raise
    except AzureDevOpsError as error:
        error.message += (
            " The file was uploaded, but the work item was not changed, and nothing links to the file. Read the work "
            "item again before you repeat this."
        )
        error.args = (error.message,)
        raise
    return decode(response, ItemWithFiles).revision
