"""Threads of a pull request: read one that is answered or settled, and what is returned of it."""

from typing import Literal, Self

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant, Result, Untrusted
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import PULL_REQUEST, path_to
from langchain_azure_devops.tools.pull_requests.review import RawThread, make_thread, render_threads

THREADS = f"{PULL_REQUEST}/threads"

ThreadStatus = Literal["active", "pending", "fixed", "wontFix", "closed", "byDesign"]

_MOST_NAMED = 30


class WrittenComment(BaseModel):
    """A comment with its author and time; the service also notes votes and pushes as comments."""

    id: int
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"))
    published: Instant = Field(validation_alias="publishedDate")
    text: str | None = Field(default=None, validation_alias="content")
    kind: str | None = Field(default=None, validation_alias="commentType")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")


class StoredThread(RawThread):
    """A thread as the service answers it, with what tells who wrote its comments and when."""

    written: OrNone[WrittenComment] = Field(default=[], validation_alias=AliasPath("comments"))
    context: dict[str, JsonValue] | None = Field(default=None, validation_alias="threadContext")

    @property
    def is_discussion(self) -> bool:
        """Whether people wrote it, and not the service."""
        return make_thread(self) is not None


class WrittenThread(Result):
    """A thread of a pull request after a write.

    Attributes:
        comment: The comment that was written; None when none was.
    """

    singular, plural = "thread", "threads"
    web = "{project}/_git/{repository}/pullrequest/{pull_request}?discussionId={thread}"
    caption = "thread {thread} of pull request {pull_request}"
    identifying = ("pull_request", "thread", "comment")
    effect = ("pull_request", "thread", "comment")

    pull_request: int
    project: Untrusted
    repository: Untrusted
    thread: int
    status: str | None = None
    comment: int | None = None
    file: Untrusted | None = None
    line: int | None = None
    notes: list[str] = Field(default=[])

    @classmethod
    def of(cls, found: PullRequestDetail, stored: StoredThread, comment: int | None = None) -> Self:
        """Make it of a pull request and its thread."""
        return cls(
            pull_request=found.id,
            project=found.project,
            repository=found.repository,
            thread=stored.id,
            status=stored.status,
            comment=comment,
            file=stored.file,
            line=stored.new_line or stored.old_line,
        )


async def read_thread(client: AzureDevOps, found: PullRequestDetail, number: int) -> StoredThread:
    """Read a thread that people wrote.

    Raises:
        NotFound: There is none with this number; the message names those that there are.
    """
    try:
        answer = await client.get(f"{THREADS}/{{thread}}", path={**path_to(found), "thread": number})
    except NotFound as error:
        raise await _unknown_thread(client, found, number) from error
    thread = decode(answer, StoredThread)
    if not thread.is_discussion:
        raise await _unknown_thread(client, found, number)
    return thread


async def _unknown_thread(client: AzureDevOps, found: PullRequestDetail, number: int) -> NotFound:
    answer = await client.get(THREADS, path=path_to(found))
    there = [str(thread.id) for thread in decode(answer, Collection[StoredThread]).value if thread.is_discussion]
    listed = f"Its threads are {', '.join(there[:_MOST_NAMED])}" if there else "It has no threads"
    return NotFound(
        f"Pull request {found.id} has no thread {number} that people wrote. {listed}; list_pull_request_threads shows "
        "what they are about.",
        subject=str(number),
    )


def describe_thread(stored: StoredThread) -> dict[str, JsonValue]:
    """Return what was said in a thread so far, where it stands, and its status."""
    thread = make_thread(stored)
    discussion = "" if thread is None else render_threads([thread])
    return {"status": stored.status or "", "discussion": discussion}
