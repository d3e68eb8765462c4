"""Find out whether a comment on a pull request was written when the answer was lost."""

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import JsonValue

from langchain_azure_devops.calls.recovery import Missing, PendingWrite, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import path_to
from langchain_azure_devops.tools.pull_requests.recovery import find_pull_request
from langchain_azure_devops.tools.review_changes.discussions import THREADS, StoredThread, WrittenComment, WrittenThread


async def find_comment(client: AzureDevOps, pending: PendingWrite) -> WrittenThread | Missing:
    """Find the thread that this account began since then at this place with this text."""
    given = pending.arguments
    found = await find_pull_request(client, pending)
    answer = await client.get(THREADS, path=path_to(found))
    mine = [
        (thread, thread.written[0])
        for thread in decode(answer, Collection[StoredThread]).value
        if thread.is_discussion and await _is_mine(client, pending, answer, found, thread, thread.written[0])
    ]
    same = [
        (thread, comment)
        for thread, comment in mine
        if is_stored_as(given["text"], comment.text) and _is_there(thread.context, given)
    ]
    place = f" about {given['path']}" if given.get("path") else ""
    return _choose(
        found, same, mine, f"a thread{place} with this text that this account began in pull request {found.id}"
    )


async def find_reply(client: AzureDevOps, pending: PendingWrite) -> WrittenThread | Missing:
    """Find the comment with this text that this account wrote in the thread since then."""
    found = await find_pull_request(client, pending)
    number = pending.arguments["thread"]
    answer = await client.get(f"{THREADS}/{{thread}}", path={**path_to(found), "thread": number})
    thread = decode(answer, StoredThread)
    mine = [
        (thread, comment)
        for comment in thread.written
        if await _is_mine(client, pending, answer, found, thread, comment)
    ]
    same = [(thread, comment) for thread, comment in mine if is_stored_as(pending.arguments["text"], comment.text)]
    return _choose(found, same, mine, f"a comment with this text by this account in thread {number}")


async def find_status(client: AzureDevOps, pending: PendingWrite) -> WrittenThread | Missing:
    """Say which status the thread has: the service does not tell who set it, so that stays unknown."""
    found = await find_pull_request(client, pending)
    number, wanted = pending.arguments["thread"], pending.arguments["status"]
    answer = await client.get(f"{THREADS}/{{thread}}", path={**path_to(found), "thread": number})
    now = decode(answer, StoredThread).status
    if now == wanted:
        raise unknown_outcome(
            f"thread {number} now has the values asked for, but it is not known that this call set them"
        )
    return Missing(f"the status {wanted} in thread {number}", f"It is {now}.")


async def _is_mine(
    client: AzureDevOps,
    pending: PendingWrite,
    answer: httpx.Response,
    found: PullRequestDetail,
    thread: StoredThread,
    comment: WrittenComment,
) -> bool:
    """Return whether this account wrote a comment since then, and no other call of this process did."""
    return (
        comment.author_id == (await fetch_account(client)).id
        and comment.kind != "system"
        and comment.published >= pending.since(client, answer)
        and not pending.is_of_another(client, WrittenThread, found.id, thread.id, comment.id)
    )


def _is_there(context: Mapping[str, JsonValue] | None, given: Mapping[str, Any]) -> bool:
    """Return whether a thread stands at the place that was given."""
    there = context or {}
    if given.get("path") is None:
        return not there.get("filePath")
    side, other = ("right", "left") if given.get("side", "new") == "new" else ("left", "right")
    first, last = given.get("line"), given.get("last_line") or given.get("line")
    return (
        str(there.get("filePath")).strip("/") == str(given["path"]).strip("/")
        and _line(there, f"{side}FileStart") == first
        and _line(there, f"{side}FileEnd") == last
        and not there.get(f"{other}FileStart")
    )


def _line(context: Mapping[str, JsonValue], end: str) -> JsonValue:
    position = context.get(end)
    return position.get("line") if isinstance(position, dict) else None


def _choose(
    found: PullRequestDetail,
    same: list[tuple[StoredThread, WrittenComment]],
    mine: list[tuple[StoredThread, WrittenComment]],
    looked_for: str,
) -> WrittenThread | Missing:
    if len(same) > 1:
        raise unknown_outcome(f"the comments {_name(same)} all fit")
    if same:
        thread, comment = same[0]
        return WrittenThread.of(found, thread, comment=comment.id)
    return Missing(looked_for, f"This account wrote {_name(mine)} since then, which differ." if mine else "")


def _name(rows: list[tuple[StoredThread, WrittenComment]]) -> str:
    return ", ".join(f"{comment.id} of thread {thread.id}" for thread, comment in rows)
