"""The JSON of pull requests, reviewers, iterations and threads."""

from __future__ import annotations

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.areas.git.lookup import git_error
from azure_devops_simulator.areas.git.shapes import api_url, commit_link, commit_row, repository_shape
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.areas.pull_requests.policies import merge_status
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import Comment, Iteration, PullRequest, Reviewer, Thread
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp

LIST_DESCRIPTION = 400
"""The number of characters that lists show of a description."""


def find_pull_request(call: Call, repository: Repository | None = None) -> PullRequest:
    """Return the up-to-date pull request of the path, within a repository if one is given.

    Raises:
        ServiceError: 404 TF401180 when there is none the caller can see.
    """
    wanted = call.path["pullRequestId"]
    found = call.organization.pull_requests.get(whole_number(wanted) or 0)
    if (
        found is None
        or found.repository.deleted
        or not call.organization.sees(call.user, found.repository.project)
        or (call.project is not None and found.repository.project is not call.project)
        or (repository is not None and found.repository is not repository)
    ):
        message = "TF401180: The requested pull request was not found."
        raise git_error(404, "GitPullRequestNotFoundException", message)
    refresh(call.organization, found)
    return found


def pull_request_url(call: Call, pull_request: PullRequest, path: str = "") -> str:
    """Return a REST link below a pull request."""
    return api_url(call, pull_request.repository, f"pullRequests/{pull_request.id}{path}")


def reviewer_shape(call: Call, pull_request: PullRequest, reviewer: Reviewer) -> JsonObject:
    """Return a reviewer with the vote."""
    shape: JsonObject = {
        "reviewerUrl": pull_request_url(call, pull_request, f"/reviewers/{reviewer.user.id}"),
        "vote": reviewer.vote,
        "hasDeclined": False,
        "isFlagged": False,
        **pull_request.marks.get(reviewer.user.id, {}),
    }
    if reviewer.required:
        shape["isRequired"] = True
    if reviewer.members is not None:
        shape["isContainer"] = True
    elif reviewer.vote and (groups := pull_request.groups_of(reviewer.user)):
        shape["votedFor"] = [reviewer_shape(call, pull_request, group) for group in groups]
    return {**shape, **call.identity(reviewer.user)}


def _core(call: Call, pull_request: PullRequest, repository: JsonObject, description: str) -> JsonObject:
    own = pull_request.repository
    shape: JsonObject = {
        "repository": repository,
        "pullRequestId": pull_request.id,
        "codeReviewId": pull_request.id,
        "status": pull_request.status,
        "createdBy": call.identity(pull_request.creator),
        "creationDate": timestamp(pull_request.created),
    }
    if pull_request.closed:
        shape["closedDate"] = timestamp(pull_request.closed)
    shape["title"] = pull_request.title
    if description:
        shape["description"] = description
    shape |= {
        "sourceRefName": pull_request.source,
        "targetRefName": pull_request.target,
        "mergeStatus": merge_status(call.organization, pull_request),
        "isDraft": pull_request.is_draft,
        "mergeId": pull_request.merge_id,
        "lastMergeSourceCommit": commit_link(call, own, pull_request.last_source),
        "lastMergeTargetCommit": commit_link(call, own, pull_request.last_target),
    }
    if pull_request.merge_commit:
        shape["lastMergeCommit"] = commit_link(call, own, pull_request.merge_commit)
    shape["reviewers"] = [reviewer_shape(call, pull_request, reviewer) for reviewer in pull_request.reviewers]
    if pull_request.labels:
        shape["labels"] = [label_shape(call, pull_request, name) for name in pull_request.labels]
    shape["url"] = pull_request_url(call, pull_request)
    return shape


def pull_request_row(call: Call, pull_request: PullRequest, *, links: bool = False) -> JsonObject:
    """Return a pull request as lists show it: with a shortened description and a reference to the repository."""
    repository = pull_request.repository
    project = {name: value for name, value in project_reference(call, repository.project).items() if name != "url"}
    reference: JsonObject = {
        "id": repository.id,
        "name": repository.name,
        "url": api_url(call, repository),
        "project": {**project, "state": "unchanged"},
    }
    shape = _core(call, pull_request, reference, pull_request.description[:LIST_DESCRIPTION])
    shape |= {**_choices(call, pull_request), "supportsIterations": True}
    return shape | {"_links": _links(call, pull_request)} if links else shape


def _choices(call: Call, pull_request: PullRequest) -> JsonObject:
    """Return the completion options that have been set."""
    shape: JsonObject = {}
    if pull_request.completion_options:
        shape["completionOptions"] = pull_request.completion_options
    if pull_request.auto_complete_by:
        shape["autoCompleteSetBy"] = call.identity(pull_request.auto_complete_by)
    if pull_request.closed_by:
        shape["closedBy"] = call.identity(pull_request.closed_by)
    return shape


def pull_request_shape(call: Call, pull_request: PullRequest) -> JsonObject:
    """Return a whole pull request."""
    repository = pull_request.repository
    shape = _core(call, pull_request, repository_shape(call, repository), pull_request.description)
    if pull_request.merge_commit:
        commit = repository.commit(pull_request.merge_commit)
        shape["lastMergeCommit"] = {**commit_row(call, repository, commit), "comment": commit.message}
    if pull_request.merge_options:
        shape["mergeOptions"] = pull_request.merge_options
    return {
        **shape,
        **_choices(call, pull_request),
        "_links": _links(call, pull_request),
        "supportsIterations": True,
        "artifactId": pull_request.artifact_uri,
    }


def _links(call: Call, pull_request: PullRequest) -> JsonObject:
    own, repository = pull_request_url(call, pull_request), pull_request.repository
    links = {
        "self": own,
        "repository": api_url(call, repository),
        "workItems": f"{own}/workitems",
        "sourceBranch": api_url(call, repository, "refs/" + pull_request.source.removeprefix("refs/")),
        "targetBranch": api_url(call, repository, "refs/" + pull_request.target.removeprefix("refs/")),
        "statuses": f"{own}/statuses",
        "iterations": f"{own}/iterations",
    }
    return {name: {"href": href} for name, href in links.items()}


def label_shape(call: Call, pull_request: PullRequest, name: str) -> JsonObject:
    """Return a label."""
    label_id = pull_request.labels[name]
    url = pull_request_url(call, pull_request, f"/labels/{label_id}")
    return {"id": label_id, "name": name, "active": True, "url": url}


def iteration_shape(call: Call, pull_request: PullRequest, iteration: Iteration) -> JsonObject:
    """Return one iteration. Its three commits allow a three-way comparison."""
    repository = pull_request.repository
    own = pull_request_url(call, pull_request, f"/iterations/{iteration.id}")
    date = timestamp(iteration.date)
    return {
        "id": iteration.id,
        "description": repository.commit(iteration.source).subject,
        "author": call.identity(iteration.author),
        "createdDate": date,
        "updatedDate": date,
        "sourceRefCommit": commit_link(call, repository, iteration.source),
        "targetRefCommit": commit_link(call, repository, iteration.target),
        "commonRefCommit": commit_link(call, repository, iteration.common),
        "hasMoreCommits": False,
        "reason": iteration.reason,
        "_links": {"self": {"href": own}},
    }


def comment_shape(call: Call, comment: Comment) -> JsonObject:
    """Return a comment. A deleted one has no content."""
    updated = timestamp(comment.updated or comment.published)
    shape: JsonObject = {
        "id": comment.id,
        "parentCommentId": comment.parent,
        "author": call.identity(comment.author),
    }
    shape |= {"isDeleted": True} if comment.deleted else {"content": comment.content}
    return {
        **shape,
        "publishedDate": timestamp(comment.published),
        "lastUpdatedDate": updated,
        "lastContentUpdatedDate": updated,
        "commentType": comment.type,
        "usersLiked": [],
    }


def thread_shape(call: Call, pull_request: PullRequest, thread: Thread) -> JsonObject:
    """Return a thread with its comments. A thread of the system has no status."""
    own = pull_request_url(call, pull_request, f"/threads/{thread.id}")
    comments: list[JsonValue] = [comment_shape(call, comment) for comment in thread.comments]
    shape: JsonObject = {
        "pullRequestThreadContext": thread.pull_request_context,
        "id": thread.id,
        "publishedDate": timestamp(thread.published),
        "lastUpdatedDate": timestamp(thread.updated),
        "comments": comments,
    }
    if thread.status:
        shape["status"] = thread.status
    return {
        **shape,
        "threadContext": thread.context,
        "properties": thread.properties,
        "identities": None,
        "isDeleted": all(comment.deleted for comment in thread.comments),
        "_links": {"self": {"href": own}, "repository": {"href": api_url(call, pull_request.repository)}},
    }
