"""Read an attached file: lines of a text, and what any other file is."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import Field

from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.lines import MAX_LINE, ScannedLines, read_range
from langchain_azure_devops.text.untrusted import find_hidden
from langchain_azure_devops.tools.attachments.finding import list_attached, list_in_comments, read_item
from langchain_azure_devops.tools.attachments.models import Attachment, AttachmentContent
from langchain_azure_devops.tools.attachments.pictures import MOST_BYTES, NotShown, keep_pixels
from langchain_azure_devops.tools.attachments.sniffing import ARCHIVES, IMAGES, Kind, sniff, to_utf8
from langchain_azure_devops.tools.attachments.toolset import toolset

CONTENT = "/{project}/_apis/wit/attachments/{attachment}"
_MAX_TEXT = 120_000
_MOST_NAMES = 20
_HOW_TO_SEE = (
    "Images are shown only to callers that ask for them: AzureDevOpsToolkit(images=True), or the option "
    "--images of the MCP server."
)


@toolset.read(
    Scope.WORK,
    example={"work_item": 28, "attachment": "label-service.log"},
    more_examples=({"work_item": 28, "attachment": "label.png"}, {"work_item": 28, "attachment": "label.prn"}),
)
async def read_attachment(
    client: AzureDevOps,
    *,
    work_item: Annotated[int, Field(ge=1)],
    attachment: Annotated[str, Field(description="Id or name")],
    first_line: Annotated[int, Field(ge=1)] = 1,
    last_line: Annotated[int | None, Field(ge=1)] = None,
) -> AttachmentContent:
    """Read lines of an attached text file; other files are described.

    Raises:
        NotFound: The work item neither has nor shows such a file; the message names those that it has.
        InvalidRequest: Several of its files have this name; the message has their ids.
    Source: `GET .../wit/attachments/{id}` of a file that the work item links or shows.
    """
    if last_line is not None and last_line < first_line:
        raise InvalidRequest(f"last_line {last_line} lies before first_line {first_line}.", subject="last_line")
    file = await find_file(client, work_item, attachment)
    shown = AttachmentContent(
        work_item=work_item,
        id=file.id,
        name=file.name,
        bytes=file.bytes,
        project=file.project,
        first_line=0,
        total_lines=None,
        text="",
    )
    where: PathValues = {"project": file.project, "attachment": file.id}
    async with client.stream(
        CONTENT, path=where, query={"download": True}, accept="application/octet-stream"
    ) as response:
        pieces = response.aiter_bytes()
        start = await anext(pieces, b"")
        kind = sniff(start)
        whole = _put_before(start, pieces)
        if kind.encoding:
            return await _read_text(client, shown, kind, whole, first_line, last_line)
        return await _describe(client, shown, kind, whole)


async def find_file(client: AzureDevOps, work_item: int, wanted: str) -> Attachment:
    """Find a file of a work item by its id, or by a name that no other file of it has.

    Raises:
        NotFound: The work item neither has nor shows such a file.
        InvalidRequest: Several of its files have this name.
    """
    item = await read_item(client, work_item)
    # The names are the service's, and the argument may have pseudonyms of secrets in it.
    asked = client.secrets.reveal(wanted).strip().casefold()
    files, notes = list_attached(client, item), list[str]()
    matching = _match(files, asked)
    if not matching:
        files, notes = await list_in_comments(client, item, files)
        matching = _match(files, asked)
    if len(matching) == 1:
        return matching[0]
    if matching:
        ids = ", ".join(each.id for each in matching)
        raise InvalidRequest(
            f"Work item {work_item} has {len(matching)} files called {wanted!r}. Give the id of one: {ids}.",
            subject=as_subject(wanted),
        )
    names = [each.name for each in files]
    near = did_you_mean(wanted, names)
    raise NotFound(
        f"Work item {work_item} has no attachment or inline image {wanted!r}.{near} It has: "
        f"{', '.join(names[:_MOST_NAMES]) or 'none'}.{''.join(f' {note}' for note in notes)}",
        subject=as_subject(wanted),
    )


def _match(files: list[Attachment], asked: str) -> list[Attachment]:
    by_id = [each for each in files if each.id == asked]
    return by_id or [each for each in files if each.name.casefold() == asked]


async def _put_before(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _read_text(
    client: AzureDevOps,
    shown: AttachmentContent,
    kind: Kind,
    pieces: AsyncIterator[bytes],
    first: int,
    last: int | None,
) -> AttachmentContent:
    lines = await read_range(to_utf8(pieces, kind.encoding), first, last, _MAX_TEXT, client.secrets)
    text = client.secrets.remember_clear("\n".join(line for _, line in lines.kept))
    return shown.model_copy(
        update={
            "type": kind.name,
            "first_line": lines.kept[0][0] if lines.kept else 0,
            "total_lines": lines.count if lines.whole else None,
            "text": text,
            "notes": _make_notes(lines, text, first),
            "partial": not lines.whole or any(len(line) >= MAX_LINE for _, line in lines.kept),
        }
    )


def _make_notes(lines: ScannedLines, text: str, first: int) -> list[str]:
    notes = []
    if not lines.kept:
        notes.append(f"There is no line {first}: the file ends with line {lines.count}." if lines.count else "Empty.")
    if not lines.whole:
        notes.append(f"Only the first {lines.size / 2**20:.0f} MB were looked at; there are more lines.")
    if any(len(line) >= MAX_LINE for _, line in lines.kept):
        notes.append(f"Lines are cut at {MAX_LINE:,} characters.")
    if names := find_hidden(text):
        notes.append(f"Hidden characters were left out: {', '.join(names)}.")
    return notes


async def _describe(
    client: AzureDevOps, shown: AttachmentContent, kind: Kind, pieces: AsyncIterator[bytes]
) -> AttachmentContent:
    wanted = client.files.images and kind.name in IMAGES
    digest, size, content = hashlib.sha256(), 0, bytearray()
    async for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if wanted and size <= MOST_BYTES:
            content += piece
    update: dict[str, Any] = {"type": kind.name, "bytes": size, "sha256": digest.hexdigest(), "partial": True}
    if wanted:
        update |= await _show_image(bytes(content), kind.name, size)
    elif kind.name in IMAGES:
        update["notes"] = [_HOW_TO_SEE]
    elif kind.name in ARCHIVES:
        update["notes"] = ["Its content is not shown, and it is not unpacked. A person can download it."]
    else:
        update["notes"] = ["Its content is not shown. A person can download it."]
    return shown.model_copy(update=update)


async def _show_image(content: bytes, kind: str, size: int) -> dict[str, Any]:
    if size > MOST_BYTES:
        return {"notes": [f"It is not shown: it has more than {MOST_BYTES / 2**20:.0f} MB."]}
    try:
        image, notes = await asyncio.to_thread(keep_pixels, content, kind)
    except NotShown as reason:
        return {"notes": [f"It is not shown. {reason}"]}
    return {"images": [image], "notes": notes, "partial": False}
