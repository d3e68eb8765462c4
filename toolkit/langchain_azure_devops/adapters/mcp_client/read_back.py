"""Show a write of the vendor's server before it is sent, and read it back, with the declarations of our own tools.

The server reports refused writes as done, and passes sign-in pages on as results. So what it reports only says where to
look: a write counts as done when it is found with the proof that our own tools require. A write of which nothing can be
found here stays unknown.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.adapters.mcp_client.arguments import as_json
from langchain_azure_devops.calls.current_state import ReadCurrent
from langchain_azure_devops.calls.recovery import Missing, PendingWrite, Recovery, fetch_account, unknown_outcome
from langchain_azure_devops.calls.stored_values import is_stored_as
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import WriteNotDone
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.tools.git import REPOSITORY, branch_ref
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import describe, read_pull_request
from langchain_azure_devops.tools.pull_requests.recovery import find_differences
from langchain_azure_devops.tools.pull_requests.tools import create_pull_request
from langchain_azure_devops.tools.pull_requests.votes import name_votes
from langchain_azure_devops.tools.repositories.tools import BranchTip
from langchain_azure_devops.tools.work_items.tools import add_work_item_comment, create_work_item, update_work_item

_FIELD = "/fields/"
_REVISION = "/rev"
_THREADS = f"{REPOSITORY}/pullRequests/{{pull_request}}/threads"

Given = Mapping[str, JsonValue]
Translate = Callable[[Given], dict[str, JsonValue] | None]
Found = Result | Page[Any]


@dataclass(frozen=True)
class ReadBack:
    """How the effect of an operation is seen with our own client.

    Attributes:
        find: Finds the effect.
        result: The type of what it finds.
        current: Reads what the approver is shown of what would change.
        makes: What the operation creates.
    """

    find: Recovery[Any]
    result: type[Result]
    current: ReadCurrent | None = None
    makes: str = ""


def _like(ours: Tool[..., Any], translate: Translate, makes: str = "") -> ReadBack:
    """Show and find a write like one of our own tools does; `translate` returns None for what that tool cannot do."""

    async def find(client: AzureDevOps, pending: PendingWrite) -> Found | Missing | None:
        given = translate({**as_json(pending.arguments), _REVISION: _revision_in(pending)})
        if given is None or ours.recover is None:
            raise unknown_outcome("it sets values that cannot be compared")
        same = PendingWrite(
            ours.name, dict(ours.validate(given)), pending.begun, pending.accepted, pending.write, pending.reported
        )
        try:
            return cast("Found | Missing | None", await ours.recover(client, same))
        except WriteNotDone as refused:
            # The server does not name the revision that it changes, so a change by somebody else refuses nothing.
            raise unknown_outcome(refused.message) from refused
        finally:
            pending.url, pending.date_is_behind = same.url, same.date_is_behind

    found = inspect.signature(ours.function, eval_str=True).return_annotation
    return ReadBack(find, found, _show_like(ours, translate), makes)


def _show_like(ours: Tool[..., Any], translate: Translate) -> ReadCurrent:
    async def current(client: AzureDevOps, arguments: Given) -> dict[str, JsonValue]:
        given = translate(arguments)
        return await ours.current(client, given) if given is not None and ours.current is not None else {}

    return current


def _rename(names: Mapping[str, str], ignored: frozenset[str] = frozenset()) -> Translate:
    """Return a translation by names. An argument without a name of ours cannot be confirmed, unless it is ignored."""

    def translate(given: Given) -> dict[str, JsonValue] | None:
        asked = {
            name: value for name, value in given.items() if value is not None and name not in ignored | {_REVISION}
        }
        return {names[name]: value for name, value in asked.items()} if names.keys() >= asked.keys() else None

    return translate


def _only(names: Mapping[str, str]) -> Translate:
    """Return a translation that leaves other arguments out, for showing what is there."""
    return lambda given: {ours: given[name] for name, ours in names.items() if given.get(name) is not None}


# -- work items ----------------------------------------------------------------------------------------------------


def _created_item(given: Given) -> dict[str, JsonValue] | None:
    fields = {str(field["name"]): str(field["value"]) for field in cast("list[dict[str, str]]", given["fields"])}
    title = next((name for name in fields if name.lower() == "system.title"), None)
    if title is None:
        return None
    others: list[JsonValue] = [{"name": name, "value": value} for name, value in fields.items() if name != title]
    return {"type": given["workItemType"], "project": given.get("project"), "title": fields[title], "fields": others}


def _updated_item(given: Given) -> dict[str, JsonValue] | None:
    fields: list[JsonValue] = []
    revision = given.get(_REVISION)
    for change in cast("list[dict[str, str]]", given["updates"]):
        op, path = change.get("op", "add").lower(), change["path"]
        if op == "test" and path == _REVISION:
            revision = int(change["value"])
        elif op in {"add", "replace", "remove"} and path.lower().startswith(_FIELD):
            fields.append({"name": path[len(_FIELD) :], "value": "" if op == "remove" else change.get("value", "")})
        else:
            return None
    return {"id": given["id"], "revision": revision if revision is not None else 0, "fields": fields}


def _revision_in(pending: PendingWrite) -> JsonValue:
    """Return the revision that the server reports to have changed, which `find` examines; None if there is none."""
    try:
        told = json.loads(pending.reported)
    except ValueError:
        return None
    revision = told.get("rev") if isinstance(told, dict) else None
    return revision - 1 if isinstance(revision, int) else None


# -- pull requests -------------------------------------------------------------------------------------------------

_PULL_REQUEST = {
    "pullRequestId": "id",
    "title": "title",
    "description": "description",
    "targetRefName": "target",
    "isDraft": "draft",
    "status": "status",
}


def _opened_pull_request(given: Given) -> dict[str, JsonValue] | None:
    names = {
        "repositoryId": "repository",
        "sourceRefName": "source",
        "targetRefName": "target",
        "title": "title",
        "description": "description",
        "isDraft": "draft",
        "workItems": "work_items",
        "project": "project",
    }
    found = _rename(names)(given)
    numbers = str((found or {}).get("work_items") or "").split()
    if found is None or not all(map(str.isdigit, numbers)):
        return None
    return {**found, "work_items": [int(number) for number in numbers]}


async def _find_changed(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail | Missing:
    """Return the pull request when it has every value that was sent; who set them is not known to the service."""
    translate = _rename(_PULL_REQUEST, frozenset({"repositoryId", "project"}))
    asked = translate(as_json(pending.arguments))
    if asked is None or not pending.reported:
        raise unknown_outcome("it sets values that cannot be compared, or nothing reports it as done")
    now = await read_pull_request(client, int(str(asked["id"])))
    pending.url = f"{client.settings.url('core')}/_git/{now.repository_id}/pullrequest/{now.id}"
    if isinstance(asked.get("status"), str):
        asked["status"] = str(asked["status"]).lower()
    if differences := find_differences(now, asked):
        return Missing(
            f"the values asked for in pull request {now.id}", f"It is not as asked: {', '.join(differences)}."
        )
    return now


async def _show_pull_request(client: AzureDevOps, arguments: Given) -> dict[str, JsonValue]:
    """Read what a person recognizes a pull request by, and the values that the server would replace."""
    found = await read_pull_request(client, int(str(arguments["pullRequestId"])))
    replaced = [ours for theirs, ours in _PULL_REQUEST.items() if ours != "id" and arguments.get(theirs) is not None]
    ends = {"votes": name_votes(found.reviewers)} if "status" in replaced else {}
    return describe(found, *replaced, *(["author", "source_commit"] if ends else [])) | ends


_VOTES = {"Approved": 10, "ApprovedWithSuggestions": 5, "NoVote": 0, "WaitingForAuthor": -5, "Rejected": -10}


class _Voter(BaseModel):
    id: str
    vote: int = 0


class _Votes(BaseModel):
    reviewers: OrNone[_Voter]


async def _find_vote(client: AzureDevOps, pending: PendingWrite) -> PullRequestDetail | Missing:
    """Return the pull request when the vote of this account is the one that was sent."""
    number = int(pending.arguments["pullRequestId"])
    if not pending.reported:
        raise unknown_outcome("nothing reports it as done")
    answer = await client.get("/_apis/git/pullrequests/{pull_request}", path={"pull_request": number})
    account = (await fetch_account(client)).id
    votes = [voter.vote for voter in decode(answer, _Votes).reviewers if voter.id == account]
    if votes != [_VOTES[pending.arguments["vote"]]]:
        return Missing(f"this vote of this account on pull request {number}")
    return await read_pull_request(client, number)


class ThreadComment(Result):
    """A comment in a thread of a pull request."""

    identifying = effect = ("pull_request", "thread", "comment")

    pull_request: int
    thread: int
    comment: int
    notes: list[str] = Field(default=[])


class _Written(BaseModel):
    id: int
    author_id: str | None = Field(default=None, validation_alias=AliasPath("author", "id"))
    text: str | None = Field(default=None, validation_alias="content")
    published: Instant = Field(validation_alias="publishedDate")


class _Thread(BaseModel):
    id: int
    file: str | None = Field(default=None, validation_alias=AliasPath("threadContext", "filePath"))
    comments: OrNone[_Written] = Field(default=[])


async def _find_thread_comment(client: AzureDevOps, pending: PendingWrite) -> ThreadComment | Missing:
    """Find the comment with this text that this account wrote since then, in the same thread or file."""
    given = pending.arguments
    number, thread, file = int(given["pullRequestId"]), given.get("threadId"), given.get("filePath")
    about = await read_pull_request(client, number)
    where: PathValues = {"project": about.project_id, "repository": about.repository_id, "pull_request": number}
    pending.url = f"{client.settings.url('core')}/_git/{about.repository_id}/pullrequest/{number}"
    answer = await client.get(_THREADS, path=where)
    account, since = (await fetch_account(client)).id, pending.since(client, answer)
    found = [
        ThreadComment(pull_request=number, thread=each.id, comment=said.id)
        for each in decode(answer, Collection[_Thread]).value
        for said in each.comments
        if thread in {None, each.id}
        and (thread or (each.file or "").lstrip("/") == str(file or "").lstrip("/"))
        and said.author_id == account
        and said.published >= since
        and is_stored_as(given["content"], said.text)
        and not pending.is_of_another(client, ThreadComment, number, each.id, said.id)
    ]
    if len(found) > 1:
        raise unknown_outcome(f"{len(found)} comments fit")
    return found[0] if found else Missing(f"a comment with this text by this account on pull request {number}")


# -- branches ------------------------------------------------------------------------------------------------------


class CreatedBranch(BranchTip):
    """A branch that was just created."""

    identifying = effect = ("repository", "name")

    repository: Untrusted | None = None
    notes: list[str] = Field(default=[])


async def _find_branch(client: AzureDevOps, pending: PendingWrite) -> CreatedBranch | Missing:
    """Return the branch when this account created it at the commit that was given or that the server reports."""
    given = pending.arguments
    project = await client.required_project(given.get("project"))
    where = {"project": project, "repository": given["repositoryId"]}
    name = str(branch_ref(given["branchName"]))
    told = re.search(r"\(([0-9a-f]{40})\)\s*$", pending.reported)
    commit = given.get("sourceCommitId") or (told and told[1])
    answer = await client.get(f"{REPOSITORY}/refs", path=where, query={"filter": name.removeprefix("refs/")})
    account = (await fetch_account(client)).id
    for tip in decode(answer, Collection[CreatedBranch]).value:
        if tip.name == name.removeprefix("refs/heads/"):
            if not pending.reported or tip.pushed_by_id != account or tip.commit != commit:
                raise unknown_outcome(f"a branch {tip.name} is there, and it is not surely of this call")
            return tip.model_copy(update={"repository": given["repositoryId"]})
    return Missing(f"a branch {given['branchName']}")


_SHOW_ITEM = _show_like(update_work_item, _only({"id": "id"}))
_SHOW_WORK_ITEM = _show_like(update_work_item, _only({"workItemId": "id"}))

READ_BACK: Mapping[str, ReadBack] = {
    "wit_work_item_write.create": _like(create_work_item, _created_item, "work item"),
    "wit_work_item_write.update": _like(update_work_item, _updated_item),
    "wit_work_item_comment_write.add": _like(
        add_work_item_comment, _rename({"workItemId": "id", "text": "text"}, frozenset({"project", "format"}))
    ),
    "repo_pull_request_write.create": _like(create_pull_request, _opened_pull_request, "pull request"),
    "repo_pull_request_write.update": ReadBack(_find_changed, PullRequestDetail, _show_pull_request),
    "repo_pull_request_write.vote": ReadBack(_find_vote, PullRequestDetail, _show_pull_request),
    "repo_pull_request_thread_write.create": ReadBack(_find_thread_comment, ThreadComment, _show_pull_request),
    "repo_pull_request_thread_write.reply": ReadBack(_find_thread_comment, ThreadComment, _show_pull_request),
    "repo_create_branch": ReadBack(_find_branch, CreatedBranch, makes="branch"),
}
"""The operations whose effect can be read back; every other one stays unknown when the server reports it as done."""

SHOWN: Mapping[str, ReadCurrent] = {
    "repo_pull_request_write.update_reviewers": _show_pull_request,
    "repo_pull_request_thread_write.update": _show_pull_request,
    "repo_pull_request_thread_write.update_status": _show_pull_request,
    "wit_work_item_comment_write.update": _SHOW_WORK_ITEM,
    "wit_work_item_link_write.unlink": _SHOW_ITEM,
    "wit_work_item_link_write.link_to_pull_request": _SHOW_WORK_ITEM,
    "wit_work_item_link_write.add_artifact_link": _SHOW_WORK_ITEM,
}
"""What the approver is shown for further operations."""
