"""Comment on pull requests, reply in their threads, and settle these."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Numbered, decode
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.reading import describe, path_to, read_pull_request
from langchain_azure_devops.tools.review_changes.comment_places import Side, Wanted, find_place
from langchain_azure_devops.tools.review_changes.comment_recovery import find_comment, find_reply, find_status
from langchain_azure_devops.tools.review_changes.discussions import (
    THREADS,
    StoredThread,
    ThreadStatus,
    WrittenThread,
    describe_thread,
    read_thread,
)
from langchain_azure_devops.tools.review_changes.toolset import review_changes

Text = Annotated[str, Field(min_length=1, description="Markdown")]
Line = Annotated[int | None, Field(ge=1)]


async def _read_place(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the pull request, and the lines around the place of a comment."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    current = describe(found, "source_commit")
    wanted = _read_wanted(arguments)
    if wanted.path is not None:
        place = await find_place(client, path_to(found), wanted)
        current["path"] = place.path
        if place.shown:
            current["lines"] = place.shown
    return current


def _read_wanted(arguments: Mapping[str, JsonValue]) -> Wanted:
    wanted = Wanted.model_validate(arguments)
    wanted.check()
    return wanted


@review_changes.write(
    Scope.CODE_WRITE,
    destructive=False,
    sends=f"POST {THREADS}",
    targets=("id", "path", "line", "last_line", "side"),
    contents=("text",),
    current=_read_place,
    recover=find_comment,
    example={"id": 15, "path": "/src/platform_api/ports.py", "line": 8, "last_line": 9, "text": "Is a day too long?"},
    more_examples=({"id": 9, "text": "Please rebase."},),
)
async def comment_on_pull_request(
    client: AzureDevOps,
    *,
    id: int,
    text: Text,
    path: str | None = None,
    line: Line = None,
    last_line: Line = None,
    side: Side = "new",
) -> WrittenThread:
    """Comment on a pull request, or on a changed file or lines of it.

    Source: `POST .../pullRequests/{id}/threads`.
    """
    wanted = Wanted(path=path, line=line, last_line=last_line, side=side)
    wanted.check()
    found = await read_pull_request(client, id)
    body: dict[str, JsonValue] = {
        "comments": [{"parentCommentId": 0, "content": text, "commentType": "text"}],
        "status": "active",
    }
    if path is not None:
        place = await find_place(client, path_to(found), wanted)
        body |= {"threadContext": place.context, "pullRequestThreadContext": place.iteration}
    stored = decode(await client.post(THREADS, body, path=path_to(found)), StoredThread)
    return WrittenThread.of(found, stored, comment=stored.written[0].id if stored.written else None)


async def _read_current_thread(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the pull request and what was said in the thread so far."""
    found = await read_pull_request(client, int(str(arguments["id"])))
    thread = await read_thread(client, found, int(str(arguments["thread"])))
    about = describe(found)
    return {**about, "pull_request_status": about["status"], **describe_thread(thread)}


@review_changes.write(
    Scope.CODE_WRITE,
    destructive=False,
    sends=f"POST {THREADS}/{{thread}}/comments",
    targets=("id", "thread"),
    contents=("text",),
    current=_read_current_thread,
    recover=find_reply,
    example={"id": 9, "thread": 16, "text": "Done."},
)
async def reply_to_thread(client: AzureDevOps, *, id: int, thread: int, text: Text) -> WrittenThread:
    """Reply in a thread of a pull request.

    Source: `POST .../pullRequests/{id}/threads/{thread}/comments`.
    """
    found = await read_pull_request(client, id)
    answered = await read_thread(client, found, thread)
    body: dict[str, JsonValue] = {"parentCommentId": answered.written[0].id, "content": text, "commentType": "text"}
    answer = await client.post(f"{THREADS}/{{thread}}/comments", body, path={**path_to(found), "thread": thread})
    return WrittenThread.of(found, answered, comment=decode(answer, Numbered).id)


@review_changes.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=f"PATCH {THREADS}/{{thread}}",
    targets=("id", "thread"),
    contents=("status",),
    current=_read_current_thread,
    recover=find_status,
    example={"id": 9, "thread": 17, "status": "fixed"},
)
async def set_thread_status(client: AzureDevOps, *, id: int, thread: int, status: ThreadStatus) -> WrittenThread:
    """Set the status of a thread of a pull request.

    Source: `PATCH .../pullRequests/{id}/threads/{thread}`.
    """
    found = await read_pull_request(client, id)
    await read_thread(client, found, thread)
    answer = await client.post(
        f"{THREADS}/{{thread}}", {"status": status}, path={**path_to(found), "thread": thread}, method="PATCH"
    )
    return WrittenThread.of(found, decode(answer, StoredThread))
