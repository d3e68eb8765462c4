"""Find out whether a file was attached when the answer was lost."""

import asyncio
import hashlib

import httpx

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.errors import InvalidRequest, NotFound, WriteNotDone
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.safety.local_files import read_whole
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.attachments.finding import UPDATES, file_id, read_item
from langchain_azure_devops.tools.attachments.models import AttachmentAdded, FileRelation, ItemUpdate, ItemWithFiles

CONTENT = "/{project}/_apis/wit/attachments/{attachment}"


async def find_attached(client: AzureDevOps, pending: PendingWrite) -> AttachmentAdded | Missing:
    """Find the attachment in the revision after the one that was tested: by this account, with exactly this file."""
    number, before = pending.arguments["work_item"], pending.arguments["revision"]
    pending.url = f"{client.settings.url('core')}/_workitems/edit/{number}"
    item = await read_item(client, number)
    found = await _find_update(client, item, before + 1)
    if found is None:
        return Missing(f"revision {before + 1} of work item {number}")
    update, response = found
    if update.by_id is None or update.changed is None:
        raise unknown_outcome(f"it is not known who made revision {before + 1} of work item {number}, and when")
    if update.by_id != (await fetch_account(client)).id:
        raise WriteNotDone(
            f"it was for revision {before} of work item {number}, and somebody else made revision {before + 1}"
        )
    if pending.is_of_another(client, AttachmentAdded, number, before + 1):
        raise unknown_outcome(f"another call made revision {before + 1} of work item {number}")
    if update.changed < pending.since(client, response):
        raise unknown_outcome(f"revision {before + 1} of work item {number} is older than this call")
    path, comment = pending.arguments["path"], pending.arguments.get("comment")
    name = one_line(path.rsplit("/", 1)[-1])
    added = [each for each in update.added if each.kind == "AttachedFile"]
    if len(added) != 1 or not _is_named(added[0], name, comment):
        raise unknown_outcome(f"revision {before + 1} of work item {number} does not add exactly this file")
    return await _compare(client, item, before + 1, added[0], path)


def _is_named(relation: FileRelation, name: str, comment: str | None) -> bool:
    return relation.name == name and (relation.comment or "") == (comment or "")


async def _find_update(
    client: AzureDevOps, item: ItemWithFiles, revision: int
) -> tuple[ItemUpdate, httpx.Response] | None:
    """Find the entry of the history that made a revision. There are at least as many entries as revisions."""
    if item.revision < revision:
        return None
    skip = revision - 1
    while True:
        where: PathValues = {"project": item.project, "id": item.id}
        response = await client.get(UPDATES, path=where, query={"$top": 200, "$skip": skip})
        updates = decode(response, Collection[ItemUpdate]).value
        if found := next((each for each in updates if each.revision == revision), None):
            return found, response
        if not updates:
            return None
        skip += len(updates)


async def _compare(
    client: AzureDevOps, item: ItemWithFiles, revision: int, relation: FileRelation, path: str
) -> AttachmentAdded:
    """Compare the attached file with the local one.

    Raises:
        WriteOutcomeUnknown: They differ, or the local one cannot be read any more.
    """
    number = file_id(relation.url)
    try:
        local = await asyncio.to_thread(_digest, client, path)
    except (InvalidRequest, NotFound) as error:
        raise unknown_outcome(f"{path!r} cannot be read any more to compare it") from error
    stored, size = hashlib.sha256(), 0
    async with client.stream(
        CONTENT,
        path={"project": item.project, "attachment": number},
        query={"download": True},
        accept="application/octet-stream",
    ) as response:
        async for piece in response.aiter_bytes():
            stored.update(piece)
            size += len(piece)
    if number is None or stored.hexdigest() != local:
        raise unknown_outcome(f"the file that revision {revision} of work item {item.id} adds is another one")
    later = f"It was changed since then and is at revision {item.revision}."
    return AttachmentAdded(
        work_item=item.id,
        revision=revision,
        id=number,
        name=relation.name or number,
        bytes=size,
        sha256=local,
        project=item.project,
        notes=[later] if item.revision > revision else [],
    )


def _digest(client: AzureDevOps, path: str) -> str:
    with client.files.open(path) as (descriptor, size):
        return hashlib.sha256(read_whole(descriptor, size)).hexdigest()
