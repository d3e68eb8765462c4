"""Comments of work items."""

from __future__ import annotations

import re

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.work_items.lookup import item_of
from azure_devops_simulator.areas.work_items.shapes import comment_body, item_url
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.state.work_items.records import Comment, TextFormat, WorkItem

area = Area("wit")
_READ, _WRITE = ("vso.work",), ("vso.work_write",)
_VERSION = "7.1-preview.4"
_PAGE, _LARGEST_PAGE = 200, 200
_FORMATS: dict[str, TextFormat] = {"": "html", "html": "html", "1": "html", "markdown": "markdown", "0": "markdown"}

_RENDERED = {"renderedtext", "renderedtextonly", "all"}
"""The values of `$expand` that add the text as HTML."""


def _has_format(call: Call) -> bool:
    """Return whether comments have a format. That began with preview 4; before, every comment is HTML."""
    found = re.search(r"-preview\.(\d+)", call.version)
    return found is None or int(found[1]) >= 4


def _body(call: Call, item: WorkItem, comment: Comment) -> JsonObject:
    wanted = {name.strip() for name in call.query.text("$expand").lower().split(",")}
    rendered = not wanted.isdisjoint(_RENDERED)
    return comment_body(call, item, comment, with_format=_has_format(call), rendered=rendered)


def _comment_of(call: Call, item: WorkItem, *, deleted: bool = False) -> Comment:
    for comment in item.comments:
        if str(comment.id) == call.path["comment"] and (deleted or not comment.deleted):
            return comment
    message = f"VS403669: Comment {call.path['comment']} of work item {item.id} does not exist."
    raise ServiceError(404, "WorkItemCommentNotFoundException", message, event_id=3200)


def _text(call: Call) -> str:
    text = as_text(call.json_object().get("text"))
    if not text.strip():
        raise ArgumentError("Value cannot be null.", "text", type_key="ArgumentNullException")
    return text


def _format(call: Call) -> TextFormat:
    if not _has_format(call):
        return "html"
    wanted = call.query.text("format").lower()
    if wanted not in _FORMATS:
        raise ArgumentError(f"The value '{wanted}' is not valid.", "format")
    return _FORMATS[wanted]


@area.get(
    "{project}/_apis/wit/workitems/{id}/comments",
    scopes=_READ,
    version=_VERSION,
    query="$expand $top continuationToken ids includeDeleted order",
)
def list_comments(call: Call) -> Answer | JsonValue:
    """Return comments, newest first unless `order=asc`, or those with the `ids`. The body has the next page's token."""
    item = item_of(call)
    with_deleted = call.query.flag("includeDeleted")
    found = [comment for comment in item.comments if with_deleted or not comment.deleted]
    if wanted := set(call.query.numbers("ids")):
        found = [comment for comment in found if comment.id in wanted]
    if call.query.text("order").lower() != "asc":
        found.reverse()
    wanted_page = call.query.page(_PAGE, _LARGEST_PAGE)
    page = found[wanted_page]
    body: JsonObject = {"totalCount": len(found), "count": len(page)}
    body["comments"] = [_body(call, item, comment) for comment in page]
    if wanted_page.stop < len(found):
        url = f"{item_url(call, item.id, item.project)}/comments"
        body["nextPage"] = f"{url}?$top={len(page)}&continuationToken={wanted_page.stop}"
        body["continuationToken"] = str(wanted_page.stop)
    return body


@area.get(
    "{project}/_apis/wit/workitems/{id}/comments/{comment}",
    scopes=_READ,
    version=_VERSION,
    query="$expand includeDeleted",
)
def get_comment(call: Call) -> Answer | JsonValue:
    """Return one comment."""
    item = item_of(call)
    return _body(call, item, _comment_of(call, item, deleted=call.query.flag("includeDeleted")))


@area.post(
    "{project}/_apis/wit/workitems/{id}/comments", scopes=_WRITE, version=_VERSION, query="$expand format", body="text"
)
def add_comment(call: Call) -> Answer | JsonValue:
    """Add a comment; it makes a revision of the item too."""
    item, text, text_format = item_of(call), _text(call), _format(call)
    when = call.organization.clock.tick()
    comment = call.organization.work_items.comment(item, text, text_format, by=call.user, when=when)
    return _body(call, item, comment)


@area.patch(
    "{project}/_apis/wit/workitems/{id}/comments/{comment}",
    scopes=_WRITE,
    version=_VERSION,
    query="$expand format",
    body="text",
)
def update_comment(call: Call) -> Answer | JsonValue:
    """Change the text of a comment."""
    item = item_of(call)
    comment, text = _comment_of(call, item), _text(call)
    comment.text, comment.format = text, _format(call) if "format" in call.query else comment.format
    comment.version += 1
    comment.modified, comment.modified_by = call.organization.clock.tick(), call.user.id
    return _body(call, item, comment)


@area.delete("{project}/_apis/wit/workitems/{id}/comments/{comment}", scopes=_WRITE, version=_VERSION, query="$expand")
def delete_comment(call: Call) -> Answer | JsonValue:
    """Delete a comment; the answer is the comment as it was, marked."""
    item = item_of(call)
    comment = _comment_of(call, item)
    comment.deleted, comment.version = True, comment.version + 1
    comment.modified, comment.modified_by = call.organization.clock.tick(), call.user.id
    return _body(call, item, comment)
