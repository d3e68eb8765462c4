"""Annotated tags: read one by its object id, and make one with its reference."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError
from azure_devops_simulator.api.parsing import as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import find_repository, git_error, is_object_id, no_object
from azure_devops_simulator.areas.git.refs import update_status
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import api_url, signature_shape
from azure_devops_simulator.state.git_objects import AnnotatedTag, Signature
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository
from azure_devops_simulator.state.values import JsonObject

area = Area("git")


@area.get(f"{REPOSITORY}/annotatedtags/{{objectId}}", scopes=READ)
def get_annotated_tag(call: Call) -> JsonObject:
    """Return an annotated tag by its own object id."""
    repository = find_repository(call)
    object_id = call.path["objectId"].lower()
    tag = repository.objects.tag(object_id)
    if tag is None:
        raise no_object(object_id)
    return _shape(call, repository, tag)


@area.post(f"{REPOSITORY}/annotatedtags", scopes=("vso.code_manage",), body="message name taggedObject")
def create_annotated_tag(call: Call) -> Answer:
    """Make an annotated tag of a commit, and the reference `refs/tags/NAME` to it. The caller is the tagger."""
    repository, body = find_repository(call), call.json_object()
    name = as_text(body.get("name")).removeprefix("refs/tags/")
    message = as_text(body.get("message"))
    target = as_text(as_object(body.get("taggedObject")).get("objectId")).lower()
    # The texts and type keys of these refusals are guesses.
    for parameter, value in (("name", name), ("message", message.strip()), ("taggedObject", target)):
        if not value:
            raise ArgumentError("Value cannot be null.", f"tagObject.{parameter}", type_key="ArgumentNullException")
    kind = repository.objects.kind(target) if is_object_id(target) else None
    if kind is None:
        raise no_object(target)
    if kind != "commit":
        raise NotSimulatedError(f"an annotated tag of a {kind}")
    _check(call, repository, f"refs/tags/{name}", target)
    now = call.organization.clock.tick()
    who = Signature(call.user.display_name, call.user.unique_name, now.replace(microsecond=0))
    tag_id = repository.objects.put_tag(name, target, who, message)
    update = RefUpdate(f"refs/tags/{name}", ZERO_ID, tag_id)
    repository.record_push(call.organization.next_id("push"), call.user, now, (update,))
    return Answer(201, _shape(call, repository, AnnotatedTag(tag_id, name, target, who, message.rstrip("\n"))))


def _check(call: Call, repository: Repository, ref: str, target: str) -> None:
    """Refuse a tag that cannot be made."""
    status = update_status(call, repository, ref, ZERO_ID, target)
    if status == "invalidRefName":
        raise ArgumentError(f"The name '{ref}' is not valid for a reference.", "tagObject.name")
    if status in {"staleOldObjectId", "refNameConflict"}:
        message = f"The reference '{ref}' already exists, or its name conflicts with an existing reference."
        raise git_error(409, "GitReferenceNameConflictException", message)
    if status != "succeeded":
        message = f"TF401027: You need the Git 'CreateTag' permission to perform this action: {status}."
        raise git_error(403, "GitNeedsPermissionException", message)


def _shape(call: Call, repository: Repository, tag: AnnotatedTag) -> JsonObject:
    return {
        "name": tag.name,
        "objectId": tag.id,
        "taggedObject": {"objectId": tag.target, "objectType": "commit"},
        "taggedBy": signature_shape(tag.tagger),
        "message": tag.message,
        "url": api_url(call, repository, f"annotatedtags/{tag.id}"),
    }
