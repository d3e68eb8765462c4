"""The discussions on a pull request, comment by comment."""

from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import page_rows
from langchain_azure_devops.errors import did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection as Rows
from langchain_azure_devops.http.responses import Numbered, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.people import Person, find_person_id, is_person
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to, read_pull_request
from langchain_azure_devops.tools.pull_requests.review import RawComment, RawThread
from langchain_azure_devops.tools.reviews.place import describe_place
from langchain_azure_devops.tools.reviews.toolset import toolset

UNRESOLVED = frozenset({"active", "pending"})
"""The statuses of threads that still wait for somebody."""
_MOST_NAMED = 20


class ThreadComment(Result):
    """A comment of a thread on a pull request; a thread without comments has one row without a comment.

    Attributes:
        thread: The number of the thread.
        status: Of the thread; None where it has none, as the entries of the service.
        file: The file that the thread is about; None for the whole pull request.
        line: Its line in the file as the newest iteration has it.
        side: `new` for a line of the new version of the file, `old` for one of the version before the change.
        comment: The number of the comment in its thread.
        kind: None for an ordinary comment; `system` for an entry of the service, such as a vote or a push.
        edited: When the text was last changed; None when it is as it was first published.
        deleted: A deleted comment keeps its place and has no text.
    """

    singular, plural = "comment", "comments"
    web = "{project}/_git/{repository}/pullrequest/{id}?discussionId={thread}"
    author_fields = ("author",)

    project: Untrusted = Field(exclude=True)
    repository: Untrusted = Field(exclude=True)
    thread: int
    status: str | None = None
    file: Untrusted | None = None
    line: int | None = None
    side: Literal["new", "old"] | None = None
    comment: int | None = None
    kind: str | None = None
    author: Untrusted | None = None
    author_id: str | None = Field(default=None, exclude=True)
    published: Instant | None = None
    edited: Instant | None = None
    deleted: bool = False
    liked_by: list[Untrusted] = Field(default=[])
    text: UntrustedText | None = None


@toolset.read(Scope.CODE, example={"id": 9}, more_examples=({"id": 9, "status": "unresolved", "system": True},))
async def list_pull_request_threads(
    client: AzureDevOps,
    *,
    id: int,
    status: Literal["all", "unresolved", "active", "pending", "fixed", "wontFix", "closed", "byDesign"] = "all",
    file: str | None = None,
    author: str | None = None,
    system: bool = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ThreadComment]:
    """List review comments by thread, oldest first, with their lines in the newest iteration.

    Args:
        client: Where to ask.
        id: The number of the pull request.
        status: Only threads with this status; "unresolved" are the active and the pending ones.
        file: Only threads about this file.
        author: Only threads in which this person wrote: @Me, a name, an e-mail address or an id.
        system: Whether to list the entries of the service as well, such as votes and pushes.
        limit: How many comments to return at most.
        cursor: From an earlier page.

    Source: `GET .../pullRequests/{id}/threads?$iteration=`, and `GET .../iterations` for the newest.
    """
    found = await read_pull_request(client, id)
    wanted = await find_person_id(client, author) or (author and client.secrets.reveal(author))
    threads = await _read_threads(client, found)
    shown = threads if system else [thread for thread in threads if not is_of_system(thread)]
    kept = [thread for thread in shown if _is_wanted(thread, status, file and client.secrets.reveal(file), wanted)]
    rows = [row for thread in kept for row in _make_rows(found, thread)]
    page = await page_rows(ThreadComment, rows, limit, cursor)
    page.looked_in = describe_place(found)
    page.notes.extend(_describe(threads, shown, kept, file, author))
    return page


async def _read_threads(client: AzureDevOps, found: PullRequestDetail) -> list[RawThread]:
    """Read all threads. The service moves the line of a thread along with the file only if it is asked to."""
    where = path_to(found)
    pushed = decode(await client.get(f"{PULL_REQUEST}/iterations", path=where), Rows[Numbered]).value
    newest = {"$iteration": max(row.id for row in pushed)} if pushed else {}
    answer = await client.get(f"{PULL_REQUEST}/threads", path=where, query=newest)
    return decode(answer, Rows[RawThread]).value


def is_of_system(thread: RawThread) -> bool:
    """Return whether the service wrote a thread, to note a vote, a push or another event."""
    return bool(thread.comments) and all(comment.kind == "system" for comment in thread.comments)


def _is_wanted(thread: RawThread, status: str, file: str | None, author: str | None) -> bool:
    of_status = status == "all" or (thread.status in UNRESOLVED if status == "unresolved" else thread.status == status)
    of_file = file is None or _compare(file) == _compare(thread.file or "")
    return of_status and of_file and (author is None or any(is_person(author, _author(c)) for c in thread.comments))


def _compare(path: str) -> str:
    return path.strip("/").lower()


def _author(comment: RawComment) -> Person:
    return Person(
        displayName=comment.author or "", uniqueName=comment.author_unique_name or "", id=comment.author_id or ""
    )


def _make_rows(found: PullRequestDetail, thread: RawThread) -> Iterable[ThreadComment]:
    new = thread.new_line is not None
    line = thread.new_line if new else thread.old_line
    row = ThreadComment(
        project=found.project,
        repository=found.repository,
        thread=thread.id,
        status=thread.status,
        file=thread.file,
        line=line,
        side=None if line is None else "new" if new else "old",
    )
    if not thread.comments:
        yield row
    for comment in thread.comments:
        edited = comment.edited if comment.edited and comment.published and not comment.deleted else None
        yield row.model_copy(
            update={
                "comment": comment.id,
                "kind": None if comment.kind == "text" else comment.kind,
                "author": comment.author,
                "author_id": comment.author_id,
                "published": comment.published,
                "edited": edited if edited != comment.published else None,
                "deleted": bool(comment.deleted),
                "liked_by": [fan.name for fan in comment.liked_by],
                "text": None if comment.deleted else comment.text,
            }
        )


def _describe(
    threads: list[RawThread], shown: list[RawThread], kept: list[RawThread], file: str | None, author: str | None
) -> Iterable[str]:
    """Say how many threads the rows belong to, and what was left out."""
    waiting = sum(thread.status in UNRESOLVED for thread in kept)
    if kept:
        yield f"{_count(len(kept), 'thread')}, {waiting} unresolved."
    if len(shown) > len(kept):
        yield f"{_count(len(shown) - len(kept), 'more thread')} of this pull request did not fit the filters."
    if len(threads) > len(shown):
        left_out = _count(len(threads) - len(shown), "entry", "entries")
        yield f"{left_out} of the service (votes, pushes and the like) left out; system=true shows them."
    if file is not None and not kept:
        files = {thread.file for thread in shown if thread.file}
        yield f"The files with threads are: {_list(files)}."
    if author is not None and not kept:
        names = {comment.author for thread in shown for comment in thread.comments if comment.author}
        yield f"The authors of comments are: {_list(names)}.{did_you_mean(author, names)}"


def _list(names: Collection[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(sorted(names)[:_MOST_NAMED]) or 'none'}{more}"


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or f'{one}s'}"
