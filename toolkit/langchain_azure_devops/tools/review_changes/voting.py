"""Set who reviews a pull request, vote on it, and label it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.recovery import fetch_account
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.http.review_rules import refuse_own
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.completion import find_obstacle
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, describe, path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.votes import describe_votes, name_votes
from langchain_azure_devops.tools.review_changes.each import add_failed, write_each
from langchain_azure_devops.tools.review_changes.models import ChangedPullRequest, read_again
from langchain_azure_devops.tools.review_changes.people import find_person, find_reviewer, list_reviewers
from langchain_azure_devops.tools.review_changes.toolset import review_changes
from langchain_azure_devops.tools.review_changes.vote_recovery import (
    VOTE_NUMBERS,
    check_vote,
    find_labels,
    find_reviewers,
    find_vote,
    read_vote,
)

REVIEWERS = f"{PULL_REQUEST}/reviewers"
LABELS = f"{PULL_REQUEST}/labels"
_MOST = 20

Vote = Literal["approve", "approve with suggestions", "wait", "reject", "none"]

SourceCommit = Annotated[str, Field(description="The commit that was reviewed: source_commit of get_pull_request")]
People = Annotated[list[str], Field(max_length=_MOST, description="Name, e-mail, id or @Me")]
Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=_MOST)]


@dataclass
class _Wanted:
    """The reviewers as a call wants them, looked up.

    Attributes:
        required: Who is to review, by id, and whether that is required.
        removed: Who is to be removed, by id.
        names: What each of them is called.
    """

    required: dict[str, bool] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


async def _look_up(client: AzureDevOps, given: Mapping[str, Sequence[str]], number: int) -> _Wanted:
    """Find everybody whom a call names, each as exactly one person or group.

    Raises:
        InvalidRequest: A name may mean several, somebody is named twice, or somebody to remove is no reviewer.
    """
    there, wanted = await list_reviewers(client, number), _Wanted()
    for role in ("required", "optional", "remove"):
        for name in given.get(role) or ():
            person = find_reviewer(there, name)
            if person is None and role == "remove":
                raise InvalidRequest(
                    f"{name!r} is no reviewer of pull request {number}, so nobody was removed. Its reviewers: "
                    f"{', '.join(each.words for each in there) or 'nobody'}.",
                    subject="remove",
                )
            person = person or await find_person(client, name)
            if person.id in wanted.names:
                raise InvalidRequest(f"{person.words} is named twice.", subject=role)
            wanted.names[person.id] = person.words
            if role == "remove":
                wanted.removed.append(person.id)
            else:
                wanted.required[person.id] = role == "required"
    return wanted


async def _read_reviewers(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the present reviewers, and who is meant by the names of the call."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    wanted = await _look_up(client, cast("Mapping[str, list[str]]", arguments), found.id)
    current = describe(found, "author") | {"reviewers": name_votes(found.reviewers)}
    for role in ("required", "optional", "remove"):
        ids = (
            wanted.removed
            if role == "remove"
            else [each for each, required in wanted.required.items() if required == (role == "required")]
        )
        if ids:
            current[f"{role}_people"] = [wanted.names[each] for each in ids]
    return current


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=(f"POST {REVIEWERS}", f"DELETE {REVIEWERS}/{{reviewer}}"),
    several=("reviewer",),
    times=_MOST + 1,
    targets=("id", "required", "optional", "remove"),
    current=_read_reviewers,
    recover=find_reviewers,
    example={"id": 16, "required": ["Mina Sato"]},
    more_examples=({"id": 16, "optional": ["Priya Raman"]},),
)
async def set_reviewers(
    client: AzureDevOps,
    *,
    id: int,
    required: People = [],  # noqa: B006 - read only, and the schema's default
    optional: People = [],  # noqa: B006 - same
    remove: People = [],  # noqa: B006 - same
) -> ChangedPullRequest:
    """Ask people or groups to review a pull request, as required or optional, or remove them; others stay.

    Source: `POST .../pullRequests/{id}/reviewers` and `DELETE .../reviewers/{reviewer}`.
    """
    if not (required or optional or remove):
        raise InvalidRequest("Nobody to ask or remove was given.", subject="arguments")
    found = await read_pull_request(client, id)
    wanted = await _look_up(client, {"required": required, "optional": optional, "remove": remove}, id)
    there = {reviewer.id: reviewer.required for reviewer in found.reviewers}
    asked = {person: role for person, role in wanted.required.items() if there.get(person) != role}
    rows: list[JsonValue] = [{"id": person, "isRequired": role} for person, role in asked.items()]

    async def write(name: str) -> None:
        if name in wanted.removed:
            await client.post(
                f"{REVIEWERS}/{{reviewer}}", None, path={**path_to(found), "reviewer": name}, method="DELETE"
            )
        else:
            await client.post(REVIEWERS, rows, path=path_to(found))

    failed = await write_each([*(["the request to review"] if rows else []), *wanted.removed], write)
    named = [each.model_copy(update={"place": wanted.names.get(each.place, each.place)}) for each in failed]
    notes = [] if rows or wanted.removed else ["They are reviewers in these roles already, so nothing was sent."]
    changed = await read_again(client, found)
    return add_failed(changed, named, notes)


async def _read_vote(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the votes so far, and the commit that this vote would be for."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    await refuse_own(client, found.id)
    votes = await describe_votes(client, path_to(found), found.reviewers)
    return describe(found, "author", "source_commit", "merge_status") | {"votes": votes}


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=f"PUT {REVIEWERS}/{{reviewer}}",
    targets=("id", "vote", "source_commit"),
    current=_read_vote,
    recover=find_vote,
    example={"id": 16, "vote": "approve", "source_commit": "729a2263cfba89bcef606714683a46f42e9a6566"},
)
async def vote_on_pull_request(
    client: AzureDevOps, *, id: int, vote: Vote, source_commit: SourceCommit
) -> ChangedPullRequest:
    """Vote on a pull request as the owner of this token.

    Raises:
        Conflict: It is closed or a draft, or its source branch is at another commit by now.
        WriteBlocked: This account opened it, or pushed to it last.
    Source: `PUT .../pullRequests/{id}/reviewers/{reviewer}`.
    """
    found = await read_pull_request(client, id)
    await refuse_own(client, id)
    if reason := find_obstacle(found, source_commit):
        raise Conflict(f"No vote was given on pull request {id}: {reason}.", subject=str(id))
    account = await fetch_account(client)
    number = VOTE_NUMBERS[vote]
    where = {**path_to(found), "reviewer": account.id}
    await client.post(f"{REVIEWERS}/{{reviewer}}", {"vote": number}, path=where, method="PUT")
    changed = await read_again(client, found)
    if changed.notes:
        return changed
    return await read_vote(client, check_vote(changed, account.id, number, source_commit), account.id)


class _Label(BaseModel):
    id: str
    name: str


async def _read_labels(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the labels that a pull request has."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    return describe(found, "labels")


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=(f"POST {LABELS}", f"DELETE {LABELS}/{{label}}"),
    several=("label",),
    times=2 * _MOST,
    targets=("id",),
    contents=("add", "remove"),
    current=_read_labels,
    recover=find_labels,
    example={"id": 9, "add": ["ready"]},
    more_examples=({"id": 9, "remove": ["needs-tests"]},),
)
async def label_pull_request(
    client: AzureDevOps,
    *,
    id: int,
    add: Labels = [],  # noqa: B006 - read only, and the schema's default
    remove: Labels = [],  # noqa: B006 - same
) -> ChangedPullRequest:
    """Add labels to a pull request, or remove them; others stay.

    Source: `POST .../pullRequests/{id}/labels` and `DELETE .../labels/{label}`.
    """
    if not (add or remove):
        raise InvalidRequest("No label to add or remove was given.", subject="arguments")
    if twice := {name.lower() for name in add} & {name.lower() for name in remove}:
        raise InvalidRequest(f"{', '.join(sorted(twice))} is both to be added and to be removed.", subject="remove")
    found = await read_pull_request(client, id)
    rows = decode(await client.get(LABELS, path=path_to(found)), Collection[_Label]).value
    there = {row.name.lower(): row for row in rows}
    new = {name.lower(): name for name in add if name.lower() not in there}
    if unknown := [name for name in remove if name.lower() not in there]:
        near = did_you_mean(unknown[0], [row.name for row in rows])
        raise NotFound(
            f"{unknown[0]!r} is no label of pull request {id}, so nothing was changed.{near} Its labels: "
            f"{', '.join(row.name for row in rows) or 'none'}.",
            subject=as_subject(unknown[0]),
        )
    gone = {name.lower(): there[name.lower()] for name in remove}
    notes = [f"{name!r} is a label of it already." for name in add if name.lower() in there]

    async def write(name: str) -> None:
        if name in new:
            await client.post(LABELS, {"name": new[name]}, path=path_to(found))
        else:
            where = {**path_to(found), "label": gone[name].id}
            await client.post(f"{LABELS}/{{label}}", None, path=where, method="DELETE")

    failed = await write_each([*new, *gone], write)
    if not new and not gone:
        notes.append("Nothing was sent.")
    changed = await read_again(client, found)
    return add_failed(changed, failed, notes)
