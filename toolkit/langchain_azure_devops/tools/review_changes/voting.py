"""Set who reviews a pull request, vote on it, and label it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.recovery import fetch_account
from langchain_azure_devops.errors import Conflict, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.http.review_rules import refuse_own
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.completion import find_obstacle
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, describe, path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.votes import VOTES, describe_votes, name_votes
from langchain_azure_devops.tools.review_changes.each import add_failed, write_each
from langchain_azure_devops.tools.review_changes.models import ChangedPullRequest, read_again, read_changed
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
_ROLES = ("required", "optional", "remove")

Vote = Literal["approve", "approve with suggestions", "wait", "reject", "none"]

SourceCommit = Annotated[str, Field(description="The commit that was reviewed: source_commit of get_pull_request")]
People = Annotated[list[str], Field(max_length=_MOST, description="Whole name, e-mail, id or @Me")]
Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=_MOST)]


_SAME_REVIEWERS = "They are reviewers in these roles already, so nothing was sent."
_NO_VOTE = "You have no vote on it, so nothing was sent."


@dataclass
class _Wanted:
    """The reviewers as a call wants them, looked up.

    Attributes:
        found: The pull request.
        roles: Who is to review, by id, and whether that is required.
        removed: Who is to be removed, by id.
        names: What each of them is called.
    """

    found: PullRequestDetail
    roles: dict[str, bool] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[JsonValue]:
        """The requests to review that are not as wanted already, as the service takes them."""
        there = {reviewer.id: reviewer.required for reviewer in self.found.reviewers}
        return [{"id": each, "isRequired": role} for each, role in self.roles.items() if there.get(each) != role]

    def name(self, ids: Iterable[str]) -> list[JsonValue]:
        """Return what these are called."""
        return [self.names[each] for each in ids]


async def _find_wanted(client: AzureDevOps, number: int, given: Mapping[str, Sequence[str]]) -> _Wanted:
    """Find everybody whom a call names, each as exactly one person or group.

    Raises:
        InvalidRequest: Nobody is named, a name means several, or somebody is named twice or to be removed and no
            reviewer.
        NotFound: Nobody has this whole name; near ones are named.
    """
    if not any(given.get(role) for role in _ROLES):
        raise InvalidRequest("Nobody to ask or remove was given.", subject="arguments")
    wanted = _Wanted(await read_pull_request(client, number))
    there = await list_reviewers(client, number)
    for role in _ROLES:
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
                wanted.roles[person.id] = role == "required"
    return wanted


async def _read_reviewers(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the present reviewers, who is meant by the names of the call, and who would no longer be required."""
    given = cast("Mapping[str, list[str]]", arguments)
    wanted = await _find_wanted(client, int(str(arguments["id"])), given)
    if not wanted.rows and not wanted.removed:
        raise NothingToSend(_SAME_REVIEWERS, subject=str(wanted.found.id))
    optional = [each for each, required in wanted.roles.items() if not required]
    were = {reviewer.id for reviewer in wanted.found.reviewers if reviewer.required}
    people = {
        "required_people": [each for each, required in wanted.roles.items() if required],
        "optional_people": optional,
        "remove_people": wanted.removed,
        "no_longer_required": [each for each in [*optional, *wanted.removed] if each in were],
    }
    current = describe(wanted.found, "author") | {"reviewers": name_votes(wanted.found.reviewers)}
    return current | {name: wanted.name(ids) for name, ids in people.items() if ids}


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
    wanted = await _find_wanted(client, id, {"required": required, "optional": optional, "remove": remove})
    found, rows = wanted.found, wanted.rows

    async def write(name: str) -> None:
        if name in wanted.removed:
            await client.post(
                f"{REVIEWERS}/{{reviewer}}", None, path={**path_to(found), "reviewer": name}, method="DELETE"
            )
        else:
            await client.post(REVIEWERS, rows, path=path_to(found))

    failed = await write_each([*(["the request to review"] if rows else []), *wanted.removed], write)
    named = [each.model_copy(update={"place": wanted.names.get(each.place, each.place)}) for each in failed]
    notes = [] if rows or wanted.removed else [_SAME_REVIEWERS]
    changed = await read_again(client, found)
    return add_failed(changed, named, notes)


async def _check_vote(client: AzureDevOps, number: int, vote: str, source_commit: str) -> tuple[PullRequestDetail, str]:
    """Read a pull request on which this account may vote, and return it with the account.

    Raises:
        Conflict: It is closed or a draft, or its source branch is at another commit.
        NothingToSend: A vote is to be taken back, and there is none.
        WriteBlocked: This account opened it or pushed to it.
    """
    found = await read_pull_request(client, number)
    await refuse_own(client, number)
    if reason := find_obstacle(found, source_commit):
        raise Conflict(f"No vote was given on pull request {number}: {reason}.", subject=str(number))
    account = (await fetch_account(client)).id
    votes = {reviewer.id: reviewer.vote for reviewer in found.reviewers}
    if vote == "none" and votes.get(account, VOTES[0]) == VOTES[0]:
        raise NothingToSend(_NO_VOTE, subject=str(number))
    return found, account


async def _read_vote(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the votes so far, and the commit that this vote would be for."""
    given = (str(arguments[name]) for name in ("vote", "source_commit"))
    found, _ = await _check_vote(client, int(str(arguments["id"])), *given)
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
        WriteBlocked: This account opened it or pushed to it.
    Source: `PUT .../pullRequests/{id}/reviewers/{reviewer}`.
    """
    try:
        found, account = await _check_vote(client, id, vote, source_commit)
    except NothingToSend as idle:
        return (await read_changed(client, id)).model_copy(update={"notes": [idle.message]})
    number = VOTE_NUMBERS[vote]
    where = {**path_to(found), "reviewer": account}
    await client.post(f"{REVIEWERS}/{{reviewer}}", {"vote": number}, path=where, method="PUT")
    changed = await read_again(client, found)
    if changed.notes:
        return changed
    return await read_vote(client, check_vote(changed, account, number, source_commit), account)


class _Label(BaseModel):
    id: str
    name: str


@dataclass(frozen=True)
class _Labels:
    """What a call changes of the labels of a pull request.

    Attributes:
        found: The pull request.
        new: The labels to add, by their names in small letters.
        gone: The labels to remove, in the same way.
        notes: What the call asks for and is so already.
    """

    found: PullRequestDetail
    new: Mapping[str, str]
    gone: Mapping[str, _Label]
    notes: list[str]


async def _compare_labels(client: AzureDevOps, number: int, add: Sequence[str], remove: Sequence[str]) -> _Labels:
    """Compare the labels of a pull request with those that a call wants.

    Raises:
        InvalidRequest: The call contradicts itself, or names no label.
        NotFound: A label to remove is not there.
    """
    if not (add or remove):
        raise InvalidRequest("No label to add or remove was given.", subject="arguments")
    if twice := {name.lower() for name in add} & {name.lower() for name in remove}:
        raise InvalidRequest(f"{', '.join(sorted(twice))} is both to be added and to be removed.", subject="remove")
    found = await read_pull_request(client, number)
    rows = decode(await client.get(LABELS, path=path_to(found)), Collection[_Label]).value
    there = {row.name.lower(): row for row in rows}
    if unknown := [name for name in remove if name.lower() not in there]:
        near = did_you_mean(unknown[0], [row.name for row in rows])
        raise NotFound(
            f"{unknown[0]!r} is no label of pull request {number}, so nothing was changed.{near} Its labels: "
            f"{', '.join(row.name for row in rows) or 'none'}.",
            subject=as_subject(unknown[0]),
        )
    return _Labels(
        found,
        {name.lower(): name for name in add if name.lower() not in there},
        {name.lower(): there[name.lower()] for name in remove},
        [f"{name!r} is a label of it already." for name in add if name.lower() in there],
    )


async def _read_labels(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the labels that a pull request has."""
    add, remove = (cast("list[str]", arguments.get(name) or []) for name in ("add", "remove"))
    labels = await _compare_labels(client, int(str(arguments["id"])), add, remove)
    if not labels.new and not labels.gone:
        raise NothingToSend(" ".join([*labels.notes, "Nothing was sent."]), subject=str(labels.found.id))
    return describe(labels.found, "labels")


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=(f"POST {LABELS}", f"DELETE {LABELS}/{{label}}"),
    several=("label",),
    times=2 * _MOST,
    targets=("id", "remove"),
    contents=("add",),
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
    labels = await _compare_labels(client, id, add, remove)
    found, notes = labels.found, [*labels.notes]

    async def write(name: str) -> None:
        if name in labels.new:
            await client.post(LABELS, {"name": labels.new[name]}, path=path_to(found))
        else:
            where = {**path_to(found), "label": labels.gone[name].id}
            await client.post(f"{LABELS}/{{label}}", None, path=where, method="DELETE")

    failed = await write_each([*labels.new, *labels.gone], write)
    if not labels.new and not labels.gone:
        notes.append("Nothing was sent.")
    changed = await read_again(client, found)
    return add_failed(changed, failed, notes)
