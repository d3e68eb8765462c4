"""Move references, and say in plain words why the service did not: it answers 200 also when it refused."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.errors import (
    AlreadyExists,
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RefusedByPolicy,
    did_you_mean,
    explain,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.git import REPOSITORY, is_commit_id, known_repository

REFS = f"{REPOSITORY}/refs"
NOTHING = "0" * 40
"""The id that stands for no object: a reference begins or ends there."""
_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"


class Ref(BaseModel):
    """A reference and the object it points to."""

    name: str
    object_id: str = Field(validation_alias="objectId")


class RefUpdate(BaseModel):
    """What the service made of one update of a reference; it leaves out the status of one that succeeded in a push."""

    name: str
    old: str = Field(validation_alias="oldObjectId")
    new: str = Field(validation_alias="newObjectId")
    success: bool = True
    status: str = Field(default="succeeded", validation_alias="updateStatus")
    reason: str | None = Field(default=None, validation_alias="customMessage")
    rejected_by: str | None = Field(default=None, validation_alias="rejectedBy")


class _OneUpdate(BaseModel):
    value: Annotated[list[RefUpdate], Field(min_length=1, max_length=1)]


_RULES_OF_NAMES = "Leave out spaces, '..', '~', '^', ':', '?', '*', '[', a backslash, and a '.' or '/' at its end."
_REASONS: Mapping[str, tuple[type[AzureDevOpsError], str]] = {
    "writePermissionRequired": (PermissionDenied, "needs the permission 'Contribute'."),
    "createBranchPermissionRequired": (PermissionDenied, "needs the permission 'Create branch'."),
    "createTagPermissionRequired": (PermissionDenied, "needs the permission 'Create tag'."),
    "manageNotePermissionRequired": (PermissionDenied, "needs the permission 'Manage notes'."),
    "forcePushRequired": (
        PermissionDenied,
        "needs the permission 'Force push (rewrite history, delete branches and tags)', as commits would be lost.",
    ),
    "rejectedByPolicy": (RefusedByPolicy, "is protected by a policy."),
    "rejectedByPlugin": (Conflict, "was refused by an extension of the server."),
    "locked": (Conflict, "is locked by somebody, who has to unlock it first."),
    "invalidRefName": (InvalidRequest, f"cannot have this name. {_RULES_OF_NAMES}"),
    "refNameConflict": (
        AlreadyExists,
        "conflicts with one that differs only in upper and lower case, or that is its folder. Choose another name.",
    ),
    "unresolvableToCommit": (InvalidRequest, "cannot point there, as the repository has no such commit."),
}
"""What each status of a refused update says of its reference, and the error that fits."""


async def update_ref(client: AzureDevOps, where: PathValues, name: str, old: str, new: str) -> RefUpdate:
    """Create, move or delete a reference that is expected at an object.

    Args:
        client: The client of a call that has a grant for it.
        where: The place of the repository.
        name: The full name of the reference.
        old: The object that it is expected at, or `NOTHING` to create it.
        new: The object that it shall point to, or `NOTHING` to delete it.

    Raises:
        AzureDevOpsError: The subclass that fits the reason for which the service did not do it.
    """
    body: dict[str, JsonValue] = {"name": name, "oldObjectId": old, "newObjectId": new}
    async with known_repository(client, where):
        response = await client.post(REFS, [body], path=where)
    [update] = decode(response, _OneUpdate).value
    await check_update(client, where, update)
    return update


async def check_update(client: AzureDevOps, where: PathValues, update: RefUpdate) -> None:
    """Raise the error that fits the update of a reference if the service refused it.

    Raises:
        AzureDevOpsError: The subclass that fits its status.
    """
    if update.status == "succeededNonExistentRef":
        raise NotFound(f"Nothing was changed: there is no {describe_ref(update.name)} any more.", subject="")
    if not update.success:
        raise await _refusal(client, where, update)


async def _refusal(client: AzureDevOps, where: PathValues, update: RefUpdate) -> AzureDevOpsError:
    if update.status == "staleOldObjectId":
        return await _moved(client, where, update.name, update.old, await read_ref(client, where, update.name))
    kind, reason = _REASONS.get(update.status, (Conflict, f"was left as it is. The service says {update.status}."))
    if kind is PermissionDenied or kind is RefusedByPolicy:
        reason = explain(kind, reason)
    told = " ".join(filter(None, (update.reason, update.rejected_by and f"({update.rejected_by})")))
    said = f" The service adds: {one_line(told)}" if told else ""
    return kind(f"Nothing was changed: {describe_ref(update.name)} {reason}{said}", subject="")


async def _moved(client: AzureDevOps, where: PathValues, name: str, old: str, now: str | None) -> AzureDevOpsError:
    what = describe_ref(name)
    if now is None:
        folder = _TAGS if name.startswith(_TAGS) else _BRANCHES
        near = did_you_mean(name.removeprefix(folder), await _list_names(client, where, folder))
        return NotFound(f"Nothing was changed: there is no {what} any more.{near}", subject="")
    if old == NOTHING:
        return AlreadyExists(f"Nothing was changed: {what} exists already, at {now}.", subject="")
    return Conflict(
        f"Nothing was changed: {what} is at {now} by now, not at {old}. Look at what is new there, and ask "
        "again with that commit if it is still wanted.",
        subject="",
    )


async def check_ref(client: AzureDevOps, where: PathValues, name: str, old: str) -> None:
    """Refuse what the service would refuse when it updates a reference: it is not where it is expected.

    Args:
        client: The client of the call.
        where: The place of the repository.
        name: The full name of the reference.
        old: The object that it is expected at, or `NOTHING` where there may be none.

    Raises:
        AlreadyExists: There is one.
        Conflict: It is at another object.
        NotFound: There is none.
    """
    now = await read_ref(client, where, name)
    if now != (None if old == NOTHING else old):
        raise await _moved(client, where, name, old, now)


async def read_ref(client: AzureDevOps, where: PathValues, name: str) -> str | None:
    """Return the object that a reference points to; None when there is no such reference."""
    # The filter is a prefix of names.
    query: dict[str, QueryValue] = {"filter": name.removeprefix("refs/"), "$top": 1000}
    async with known_repository(client, where):
        response = await client.get(REFS, path=where, query=query)
    rows = decode(response, Collection[Ref]).value
    return next((row.object_id for row in rows if row.name == name), None)


async def _list_names(client: AzureDevOps, where: PathValues, folder: str) -> list[str]:
    """Return the short names of the branches or of the tags."""
    query: dict[str, QueryValue] = {"filter": folder.removeprefix("refs/"), "$top": 1000}
    rows = decode(await client.get(REFS, path=where, query=query), Collection[Ref]).value
    return [row.name.removeprefix(folder) for row in rows]


def describe_ref(name: str) -> str:
    """Return a reference in words, such as `branch 'main'`."""
    for folder, kind in ((_BRANCHES, "branch"), (_TAGS, "tag")):
        if name.startswith(folder):
            return f"{kind} {name.removeprefix(folder)!r}"
    return f"reference {name!r}"


def branch_name(name: str) -> str:
    """Return the full name of a branch.

    Raises:
        InvalidRequest: It is the name of another reference, such as a tag.
    """
    return _full_name(name, _BRANCHES, "branch")


def tag_name(name: str) -> str:
    """Return the full name of a tag.

    Raises:
        InvalidRequest: It is the name of another reference, such as a branch.
    """
    return _full_name(name, _TAGS, "tag")


def new_branch(name: str) -> str:
    """Return the full name of a branch that is to be created.

    Raises:
        InvalidRequest: It has the form of a commit id, or it is the name of another reference.
    """
    return _refuse_id(branch_name(name), "branch")


def new_tag(name: str) -> str:
    """Return the full name of a tag that is to be created.

    Raises:
        InvalidRequest: It has the form of a commit id, or it is the name of another reference.
    """
    return _refuse_id(tag_name(name), "tag")


def _refuse_id(ref: str, kind: str) -> str:
    short = ref.removeprefix(_TAGS).removeprefix(_BRANCHES)
    if is_commit_id(short):
        raise InvalidRequest(
            f"Nothing was changed: {short!r} has the form of a commit id, and whoever reads this name takes it for the "
            f"commit. Choose another name for the {kind}.",
            subject="name",
        )
    return ref


def _full_name(name: str, folder: str, kind: str) -> str:
    if name.startswith("refs/") and not name.startswith(folder):
        raise InvalidRequest(f"{name!r} is no {kind}. Give its plain name, or {folder}NAME.", subject="name")
    short = name.removeprefix(folder)
    if not short.strip():
        raise InvalidRequest(f"The {kind} needs a name.", subject="name")
    return folder + short
