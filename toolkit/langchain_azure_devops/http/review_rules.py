"""What no approval of a call allows by itself: passing over policies, and deciding about one's own pull requests.

The client checks these rules for every write that it sends, so they hold for each tool, also for those of users.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import httpx
from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.request import PathValues, Request, expand_path
from langchain_azure_devops.http.responses import Collection, Identity, decode

_ONE = "/_apis/git/pullrequests/{pull_request}"
_REPOSITORY = "/{project}/_apis/git/repositories/{repository}"
_ITERATIONS = f"{_REPOSITORY}/pullRequests/{{pull_request}}/iterations"
_COMMIT = f"{_REPOSITORY}/commits/{{commit}}"
# The last part of this name counts: a project or a repository may have the same.
_PART = re.compile(r".*/pullrequests(?:/([^/]+))?(/.*)?", re.IGNORECASE)
_OFF = frozenset({"", "0", "false", "none"})
_STAYS_UNMERGED = frozenset({"", "0", "1", "2", "notset", "active", "abandoned"})


class Reviewing(Protocol):
    """A client with what its constructor allows."""

    allow_policy_bypass: bool
    allow_own_reviews: bool

    async def identity(self) -> Identity | None:
        """Return the owner of the token."""

    async def get(self, template: str, *, path: PathValues | None = None) -> httpx.Response:
        """Read one resource."""


class _Opened(BaseModel):
    author_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"))
    project_id: str = Field(validation_alias=AliasPath("repository", "project", "id"))
    repository_id: str = Field(validation_alias=AliasPath("repository", "id"))


class _Iteration(BaseModel):
    id: int
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"))
    commit: str | None = Field(default=None, validation_alias=AliasPath("sourceRefCommit", "commitId"))


class _Commit(BaseModel):
    pusher_id: str | None = Field(default=None, validation_alias=AliasPath("push", "pushedBy", "id"))


async def check_review_rules(client: Reviewing, request: Request) -> None:
    """Refuse a write that the constructor of the client does not allow.

    Raises:
        WriteBlocked: It passes over policies, or decides about what the own account opened or pushed to.
        AzureDevOpsError: The pull request cannot be read.
    """
    found = _PART.fullmatch(expand_path(request.operation.template, request.path))
    if found is None:
        return
    number, part, objects = found[1], (found[2] or "").lower(), list(_objects(request.body))
    if any(_is_on(options.get("bypasspolicy")) for options in objects):
        refuse_bypass(client)
    if not _decides(part, objects):
        return
    if number is None:
        if not client.allow_own_reviews:
            raise _own("a pull request that is opened now is of this token's own account")
    else:
        if not number.isdecimal():
            raise _own(f"it is not known which pull request {number!r} is")
        await refuse_own(client, int(number))


def refuse_bypass(client: Reviewing) -> None:
    """Refuse to pass over policies.

    Raises:
        WriteBlocked: The constructor does not allow it.
    """
    if not client.allow_policy_bypass:
        raise WriteBlocked(
            "Nothing was sent: this client may not complete a pull request past its policies. Only a constructor with "
            "allow_policy_bypass=True allows that.",
            subject="allow_policy_bypass",
        )


async def refuse_own(client: Reviewing, number: int) -> None:
    """Refuse to decide about a pull request that the token's own account opened or pushed to, or nobody knows who.

    Raises:
        WriteBlocked: The constructor does not allow it.
        AzureDevOpsError: The pull request cannot be read.
    """
    if client.allow_own_reviews:
        return
    owner = await client.identity()
    opened = decode(await client.get(_ONE, path={"pull_request": number}), _Opened)
    if owner is None or opened.author_id is None:
        raise _own(f"it is not known whether pull request {number} is of this token's own account")
    if _plain(opened.author_id) == _plain(owner.id):
        raise _own(f"pull request {number} was opened by this token's own account, {owner.name}")
    pushers = await _find_pushers(client, number, opened)
    if not all(pushers):
        raise _own(f"it is not known who pushed the commits of pull request {number}")
    if _plain(owner.id) in {_plain(pusher or "") for pusher in pushers}:
        raise _own(f"commits of pull request {number} were pushed by this token's own account, {owner.name}")


async def _find_pushers(client: Reviewing, number: int, opened: _Opened) -> list[str | None]:
    """Return who moved the source branch, by id; None where that is not known.

    Each iteration names who pushed it, also those that others pushed on later. But the first one names who opened the
    pull request, so the commits of the first and the newest one say who brought them there. Who pushed the commits
    below the first of these is not looked up.
    """
    where: PathValues = {"project": opened.project_id, "repository": opened.repository_id}
    rows = await client.get(_ITERATIONS, path={**where, "pull_request": number})
    iterations = decode(rows, Collection[_Iteration]).value
    iterations.sort(key=lambda iteration: iteration.id)
    commits = dict.fromkeys(iteration.commit for iteration in (iterations[:1] + iterations[-1:]))
    if not iterations or None in commits:
        return [None]
    pushed = [decode(await client.get(_COMMIT, path={**where, "commit": each}), _Commit) for each in commits]
    return [*(iteration.author_id for iteration in iterations), *(commit.pusher_id for commit in pushed)]


def _own(why: str) -> WriteBlocked:
    return WriteBlocked(
        f"Nothing was sent: {why}. Somebody else has to vote on it and complete it. Only a constructor with "
        "allow_own_reviews=True lifts this rule.",
        subject="allow_own_reviews",
    )


def _plain(identity: str) -> str:
    return identity.replace("-", "").lower()


def _objects(body: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    """Yield every object of a body, with names in lower case: the service reads them in any case."""
    if isinstance(body, dict):
        yield {name.lower(): value for name, value in body.items()}
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _objects(part)


def _is_on(value: JsonValue) -> bool:
    return str(value).strip().lower() not in _OFF


def _decides(part: str, objects: Sequence[Mapping[str, JsonValue]]) -> bool:
    """Return whether a write votes, completes a pull request or lets it complete by itself."""
    if part.strip("/") and not part.startswith("/reviewers"):
        return False
    if any(_is_on(row.get("vote")) for row in objects):
        return True
    return not part.strip("/") and any(
        _names_somebody(row.get("autocompletesetby"))
        or str(row.get("status") or "").strip().lower() not in _STAYS_UNMERGED
        for row in objects
    )


def _names_somebody(setter: JsonValue) -> bool:
    """Return whether this is anything but nothing or the empty id, which take an automatic completion back."""
    if isinstance(setter, dict) and [name.lower() for name in setter] == ["id"]:
        [setter] = setter.values()
    return setter is not None and not (isinstance(setter, str) and not setter.strip("0-"))
