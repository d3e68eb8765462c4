"""Upload files for work items, whole or in chunks, and download and delete them."""

from __future__ import annotations

import re
from urllib.parse import quote

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.content import zip_answer
from azure_devops_simulator.areas.work_items.patch import no_such_attachment
from azure_devops_simulator.areas.work_items.shapes import item_url
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.attachments import LARGEST, Attachment, attachment_id
from azure_devops_simulator.state.work_items.records import Draft

area = Area("wit")
_READ, _WRITE, _FULL = ("vso.work",), ("vso.work_write",), ("vso.work_full",)
_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18})", re.IGNORECASE)


def _find(call: Call) -> Attachment:
    found = call.organization.work_items.attachments.get(call.path["id"].lower())
    if found is None:
        raise no_such_attachment(call.path["id"], status=404)
    return found


def _body(call: Call, attachment: Attachment) -> JsonObject:
    project = f"{call.project.id}/" if call.project else ""
    url = call.url(f"{project}_apis/wit/attachments/{attachment.id}")
    return {"id": attachment.id, "url": f"{url}?fileName={quote(attachment.name)}"}


@area.post("{project?}/_apis/wit/attachments", scopes=_WRITE, query="fileName uploadType")
def upload(call: Call) -> Answer | JsonValue:
    """Upload a file, or with `uploadType=chunked` announce one whose chunks follow."""
    kind = call.query.text("uploadType", "simple").lower()
    if kind not in {"simple", "chunked"}:
        raise ArgumentError(f"The value '{kind}' is not valid.", "uploadType")
    _check_size(len(call.body))
    organization, whole = call.organization, kind == "simple"
    made = organization.new_guid()
    name = call.query.text("fileName", made)
    content, size = (call.body, len(call.body)) if whole else (b"", None)
    attachment = Attachment(made, name, call.user.id, organization.clock.tick(), content, size)
    organization.work_items.attachments[made] = attachment
    return Answer(201, _body(call, attachment))


@area.put("{project?}/_apis/wit/attachments/{id}", scopes=_WRITE, query="fileName")
def upload_chunk(call: Call) -> Answer | JsonValue:
    """Add a chunk to a file, and give it a name. Its header `Content-Range` says which bytes follow those before."""
    attachment = _find(call)
    given = call.headers.get("content-range", "")
    found = _RANGE.fullmatch(given.strip())
    if found is None:
        raise ArgumentError(f"The content range '{given}' is not valid.", "contentRangeHeader")
    first, last, size = (int(number) for number in found.groups())
    _check_size(size)
    if (last - first + 1, size) != (len(call.body), attachment.size or size) or last >= size:
        raise ArgumentError(f"The content range '{given}' does not fit the chunk.", "contentRangeHeader")
    if first != len(attachment.content) or attachment.complete:
        key = "WorkItemAttachmentIncorrectOffsetException"
        message = f"The chunk begins at byte {first}, but {len(attachment.content)} bytes have come so far."
        raise ServiceError(400, key, message, event_id=3200)
    call.organization.clock.tick()
    attachment.content, attachment.size = attachment.content + call.body, size
    attachment.name = call.query.text("fileName", attachment.name)
    return Answer(201, _body(call, attachment))


@area.get("{project?}/_apis/wit/attachments/{id}", scopes=_READ, query="download fileName")
def download(call: Call) -> Answer | JsonValue:
    """Return the content of a file. `fileName` names the download, and `download` makes a browser save it."""
    attachment = _find(call)
    if not attachment.complete:
        raise no_such_attachment(attachment.id, status=404)
    name = call.query.text("fileName", attachment.name)
    if "application/zip" in call.headers.get("accept", ""):
        return zip_answer(name, {name: attachment.content})
    way = "attachment" if call.query.flag("download") else "inline"
    headers = {"Content-Disposition": f"{way}; filename*=UTF-8''{quote(name)}"}
    return Answer(body=attachment.content, headers=headers, content_type="application/octet-stream")


@area.delete("{project?}/_apis/wit/attachments/{id}", scopes=_FULL, version="7.2-preview.4")
def delete(call: Call) -> Answer | JsonValue:
    """Delete a file for good, and the links of work items to it."""
    attachment, store = _find(call), call.organization.work_items
    when, affected = call.organization.clock.tick(), list[JsonValue]()
    for item in store.items.values():
        links = [link for link in item.relations() if attachment_id(str(link.target)) == attachment.id]
        if links:
            store.save(item, Draft(dict(item.revision.fields), removed=links), by=call.user, when=when)
            affected.append({"id": item.id, "url": item_url(call, item.id, item.project)})
    del store.attachments[attachment.id]
    return {"attachment": _body(call, attachment), "affectedWorkItems": affected}


def _check_size(size: int) -> None:
    if size <= LARGEST:
        return
    key = "WorkItemAttachmentExceedsMaxSizeException"
    message = "TF237082: The file you are trying to upload exceeds the supported file upload size."
    raise ServiceError(400, key, message, event_id=3200)
