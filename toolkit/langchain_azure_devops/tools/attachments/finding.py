"""Find the files of a work item: those that are attached, and the images that its texts and comments show."""

import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from langchain_azure_devops.errors import AzureDevOpsError, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.attachments.models import (
    Attachment,
    Discussion,
    ItemUpdate,
    ItemWithFiles,
)
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION, ITEM

UPDATES = "/{project}/_apis/wit/workItems/{id}/updates"
_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FILE = re.compile(rf"(?P<base>https?://[^\s\"'<>()]*?)?/_apis/wit/attachments/(?P<id>{_ID})(?P<query>\?[^\s\"'<>)]*)?")
_NAMES = {
    "System.Description": "description",
    "Microsoft.VSTS.TCM.ReproSteps": "repro steps",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "acceptance criteria",
}
_GONE = "The item was read, but this part was not found: the item was moved or deleted meanwhile, or it is hidden."
_AT_ONCE = 200
_MOST_UPDATES = 5_000
_MOST_COMMENTS = 1_000


async def read_item(client: AzureDevOps, number: int) -> ItemWithFiles:
    """Read a work item with its relations and all its texts."""
    return decode(await client.get(ITEM, path={"id": number}, query={"$expand": "all"}), ItemWithFiles)


def file_id(url: str) -> str | None:
    """Return the id of the file that an address of the service names."""
    found = _FILE.search(url)
    return found["id"].lower() if found else None


def list_attached(client: AzureDevOps, item: ItemWithFiles) -> list[Attachment]:
    """Return the attached files of a work item, and the images that its fields show."""
    found: dict[str, Attachment] = {}
    for relation in item.relations:
        number = file_id(relation.url) if relation.kind == "AttachedFile" else None
        if number is not None:
            found[number] = Attachment(
                id=number,
                name=relation.name or number,
                bytes=relation.size,
                attached=relation.attached,
                comment=relation.comment,
                project=item.project,
            )
    for name, value in item.fields.items():
        # The last comment stands in the history, too, and is read with the comments.
        if isinstance(value, str) and name != "System.History":
            _add_inline(client, found, value, _NAMES.get(name, name), item.project)
    return list(found.values())


async def list_in_comments(
    client: AzureDevOps, item: ItemWithFiles, known: list[Attachment]
) -> tuple[list[Attachment], list[str]]:
    """Return the files that are known and those that only comments show, and notes about comments that were not read.

    Raises:
        AzureDevOpsError: The comments cannot be read.
    """
    found = {each.id: each for each in known}
    where: PathValues = {"project": item.project, "id": item.id}
    token: str | None = None
    count = 0
    while item.comments:
        query: dict[str, QueryValue] = {"$top": _AT_ONCE, "order": "asc", "continuationToken": token}
        answer = decode(await client.get(COMMENTS, path=where, query=query, version=COMMENTS_VERSION), Discussion)
        for said in answer.comments:
            if not said.deleted:
                _add_inline(client, found, said.text or "", f"comment {said.id}", item.project)
        count += len(answer.comments)
        token = answer.token
        if not token or not answer.comments:
            break
        if count >= _MOST_COMMENTS:
            return list(found.values()), [f"Only the first {count:,} comments were searched for images."]
    return list(found.values()), []


def _add_inline(client: AzureDevOps, found: dict[str, Attachment], text: str, where: str, project: str) -> None:
    for number, name in _find_inline(client, text):
        known = found.get(number)
        if known is None:
            found[number] = Attachment(id=number, name=name or number, inline_in=where, project=project)
        elif where not in (known.inline_in or "").split(", "):
            places = f"{known.inline_in}, {where}" if known.inline_in else where
            found[number] = known.model_copy(update={"inline_in": places})


def _find_inline(client: AzureDevOps, text: str) -> Iterator[tuple[str, str]]:
    """Yield the id and the name of each file of this organization that a text in HTML or Markdown shows or links."""
    if "/_apis/wit/attachments/" not in text:
        return
    own = client.settings.url("core").lower()
    older = f"{client.settings.organization.lower()}.visualstudio.com"
    for match in _FILE.finditer(html.unescape(text)):
        base = (match["base"] or "").lower()
        if base and base != own and not base.startswith(f"{own}/") and urlsplit(base).hostname != older:
            continue
        names = parse_qs((match["query"] or "").removeprefix("?")).get("fileName", [""])
        yield match["id"].lower(), one_line(names[0])


async def add_authors(
    client: AzureDevOps, item: ItemWithFiles, files: list[Attachment]
) -> tuple[list[Attachment], list[Failed]]:
    """Add to attached files who attached them and when, as the history tells, and return what could not be read."""
    wanted = {each.id for each in files if each.attached is not None or each.bytes is not None}
    adding: dict[str, ItemUpdate] = {}
    failed: list[Failed] = []
    try:
        for start in range(0, _MOST_UPDATES, _AT_ONCE):
            if wanted <= adding.keys():
                break
            updates = await _read_updates(client, item, start)
            adding |= {
                number: update
                for update in updates
                for relation in update.added
                if relation.kind == "AttachedFile" and (number := file_id(relation.url)) is not None
            }
            if len(updates) < _AT_ONCE:
                break
    except AzureDevOpsError as error:
        failed.append(name_unread(f"history of work item {item.id}, which tells who attached a file", error))
    return [_add_author(each, adding.get(each.id)) for each in files], failed


def name_unread(place: str, error: AzureDevOpsError) -> Failed:
    """Name a part of a work item that could not be read, and say why.

    The project in the request is what the work item itself named. An error that finds nothing would repeat that name.
    """
    reason = _GONE if isinstance(error, NotFound) else error.message
    return Failed(place=place, status=error.status, reason=reason)


def _add_author(file: Attachment, update: ItemUpdate | None) -> Attachment:
    if update is None:
        return file
    told = {"attached_by": update.by, "attached_by_id": update.by_id, "attached": file.attached or update.changed}
    return file.model_copy(update=told)


async def _read_updates(client: AzureDevOps, item: ItemWithFiles, start: int) -> list[ItemUpdate]:
    where: PathValues = {"project": item.project, "id": item.id}
    query: dict[str, QueryValue] = {"$top": _AT_ONCE, "$skip": start or None}
    return decode(await client.get(UPDATES, path=where, query=query), Collection[ItemUpdate]).value
