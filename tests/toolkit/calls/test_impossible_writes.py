"""A write that the present state makes impossible is refused before a person is asked, in the words of the write."""

import asyncio

import httpx
import pytest
from tool_calls import FULL, call

from langchain_azure_devops import TOOLS, Approval, AzureDevOpsError, approve_writes_with

LARGER, PAGED, CACHED, ROTA, DRAFT, MERGED, ABANDONED = 7, 9, 15, 16, 17, 13, 6
OTHER = "a" * 40
TIP = "its own"
"""Stands for the commit that the source branch of the pull request is at."""
OPENED = {"repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Rota"}
PORTS = "/src/platform_api/ports.py"
MERGE = {"status": "completed", "source_commit": TIP}

IMPOSSIBLE = [
    (
        "create_pull_request",
        {**OPENED, "source": "feature/async-sqlalchmy"},
        "Did you mean 'feature/async-sqlalchemy'?",
    ),
    ("create_pull_request", {**OPENED, "target": "mian"}, "Did you mean 'main'?"),
    ("create_pull_request", {**OPENED, "target": OPENED["source"]}, "cannot be merged into itself"),
    ("create_pull_request", {**OPENED, "source": "feature/paginate-search"}, "It is pull request 9"),
    ("update_pull_request", {"id": CACHED}, "Nothing to change"),
    ("update_pull_request", {"id": CACHED, "target": "mian"}, "Did you mean 'main'?"),
    ("update_pull_request", {"id": CACHED, "title": "x", "source_commit": TIP}, "only for status='completed'"),
    ("update_pull_request", {"id": CACHED, "status": "completed"}, "needs source_commit"),
    ("update_pull_request", {"id": CACHED, "title": "x", **MERGE}, "in a call of its own"),
    ("update_pull_request", {"id": CACHED, "status": "completed", "source_commit": OTHER}, "its source branch is at"),
    ("update_pull_request", {"id": DRAFT, **MERGE}, "it is a draft"),
    ("update_pull_request", {"id": MERGED, **MERGE}, "it is completed"),
    ("update_pull_request", {"id": MERGED, "status": "abandoned"}, "was not abandoned: it is completed"),
    ("update_pull_request", {"id": MERGED, "status": "active"}, "was not reactivated: it is completed"),
    ("update_pull_request", {"id": ABANDONED, "draft": True}, "draft can only change while it is active"),
    ("complete_pull_request", {"id": CACHED, "source_commit": OTHER}, "its source branch is at"),
    ("complete_pull_request", {"id": CACHED, "source_commit": "1adc526d"}, "no commit id"),
    ("complete_pull_request", {"id": DRAFT, "source_commit": TIP}, "it is a draft"),
    ("complete_pull_request", {"id": LARGER, "source_commit": TIP}, "its merge status is conflicts"),
    ("complete_pull_request", {"id": MERGED, "source_commit": TIP}, "it is completed"),
    ("complete_pull_request", {"id": ABANDONED, "source_commit": TIP}, "it is abandoned"),
    ("set_auto_complete", {"id": CACHED}, "needs source_commit"),
    ("set_auto_complete", {"id": CACHED, "source_commit": OTHER}, "its source branch is at"),
    ("set_auto_complete", {"id": DRAFT, "source_commit": TIP}, "it is a draft"),
    ("set_auto_complete", {"id": CACHED, "enabled": False, "strategy": "squash"}, "no other argument"),
    ("abandon_pull_request", {"id": MERGED}, "was not abandoned: it is completed"),
    ("reactivate_pull_request", {"id": CACHED}, "was not reactivated: it is active"),
    ("publish_pull_request", {"id": CACHED}, "was not published: it is no draft"),
    ("publish_pull_request", {"id": ABANDONED}, "was not published: it is abandoned"),
    ("vote_on_pull_request", {"id": CACHED, "vote": "approve", "source_commit": OTHER}, "its source branch is at"),
    ("vote_on_pull_request", {"id": DRAFT, "vote": "approve", "source_commit": TIP}, "it is a draft"),
    ("vote_on_pull_request", {"id": MERGED, "vote": "approve", "source_commit": TIP}, "it is completed"),
    ("set_reviewers", {"id": CACHED}, "Nobody to ask"),
    ("set_reviewers", {"id": CACHED, "required": ["Nobody Known"]}, "There is nobody called"),
    ("set_reviewers", {"id": CACHED, "remove": ["Mina Sato"]}, "is no reviewer"),
    ("set_reviewers", {"id": CACHED, "required": ["Mina Sato"], "optional": ["Mina Sato"]}, "is named twice"),
    ("label_pull_request", {"id": PAGED}, "No label"),
    ("label_pull_request", {"id": PAGED, "add": ["x"], "remove": ["X"]}, "both to be added and to be removed"),
    ("label_pull_request", {"id": PAGED, "remove": ["need-tests"]}, "Did you mean 'needs-tests'?"),
    ("link_work_items", {"id": PAGED, "work_items": [4711]}, "There is no work item 4711"),
    ("comment_on_pull_request", {"id": PAGED, "text": "x", "line": 1}, "need path"),
    ("comment_on_pull_request", {"id": PAGED, "text": "x", "path": "/README.md"}, "does not change '/README.md'"),
    (
        "comment_on_pull_request",
        {"id": CACHED, "text": "x", "path": "/src/platform_api/ports.py", "line": 9999},
        "9999",
    ),
    ("reply_to_thread", {"id": PAGED, "thread": 4711, "text": "x"}, "has no thread 4711"),
    ("set_thread_status", {"id": PAGED, "thread": 4711, "status": "fixed"}, "has no thread 4711"),
    ("run_pipeline", {"pipeline": "platform-api-ci", "version": "mian"}, "Did you mean 'main'?"),
    ("run_pipeline", {"pipeline": "platform-api-ci", "parameters": ["x=1"]}, "has no parameter 'x'"),
    ("run_pipeline", {"pipeline": "platform-api-ci", "skip_stages": ["Biuld"]}, "Did you mean 'Build'?"),
    ("cancel_build", {"build": 35}, "it has ended already, with the result failed"),
    ("retry_stage", {"build": 35, "stage": "Biuld"}, "Did you mean 'Build'?"),
    ("retry_stage", {"build": 29, "stage": "Deploy"}, "it was skipped"),
    ("tag_build", {"build": 35}, "No tag"),
    ("tag_build", {"build": 35, "remove": ["x"]}, "is no tag of run 35"),
    ("create_pipeline", {"repository": "docs", "yaml_path": "/x.yml", "name": "x"}, "There is no '/x.yml'"),
    ("rename_pipeline", {"pipeline": "nightly-soak", "name": "docs-publish"}, "with the id 4"),
    ("update_pipeline", {"pipeline": "nightly-soak"}, "Nothing to change"),
]

IDLE = [
    ("set_auto_complete", {"id": CACHED, "enabled": False}, "does not complete by itself, so nothing was sent"),
    (
        "vote_on_pull_request",
        {"id": CACHED, "vote": "none", "source_commit": TIP},
        "no vote on it, so nothing was sent",
    ),
    ("set_reviewers", {"id": CACHED, "required": ["Priya Raman"]}, "in these roles already, so nothing was sent"),
    ("label_pull_request", {"id": PAGED, "add": ["needs-tests"]}, "is a label of it already"),
    ("link_work_items", {"id": PAGED, "work_items": [8]}, "is linked already"),
    ("update_pipeline", {"pipeline": "nightly-soak", "status": "enabled"}, "so nothing was sent"),
    ("rename_pipeline", {"pipeline": "nightly-soak", "name": "nightly-soak"}, "so nothing was sent"),
    ("tag_build", {"build": 15, "add": ["Release"]}, "Nothing was sent."),
    ("cancel_build", {"build": 18}, "was canceled already, so nothing was sent"),
]
"""Calls that ask for what is so already."""


class Person:
    """Approves whatever is asked, and keeps it."""

    def __init__(self):
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        return Approval(True, request.digest, "Dana")


def filled(client, given):
    if given.get("source_commit") != TIP:
        return given
    return {**given, "source_commit": call(client, "get_pull_request", ids=[given["id"]]).source_commit}


@pytest.mark.parametrize(("tool", "given", "words"), IMPOSSIBLE)
def test_nobody_is_asked_about_a_write_that_is_impossible(connect, platform_client, sent, tool, given, words):
    given = filled(platform_client, given)
    person, client = Person(), connect()
    with pytest.raises(AzureDevOpsError) as refused:
        call(platform_client, tool, **given)
    assert words in refused.value.message
    with approve_writes_with(person), pytest.raises(type(refused.value)) as early:
        call(client, tool, **given)
    assert early.value.message == refused.value.message
    assert early.value.subject == refused.value.subject
    with approve_writes_with(person), pytest.raises(type(refused.value)):
        asyncio.run(TOOLS[tool](client, **given))
    assert person.asked == []


@pytest.mark.parametrize(("tool", "given", "words"), IDLE)
def test_nobody_is_asked_about_what_is_so_already(connect, platform_client, organization, tool, given, words):
    client, person = connect(), Person()
    given = filled(client, given)
    before = repr(organization.pull_requests), repr(organization.builds.definitions)
    with approve_writes_with(person):
        done = call(client, tool, **given)
        again = asyncio.run(TOOLS[tool](client, **given))
    assert person.asked == []
    assert words in " ".join(done.notes)
    assert again.notes == done.notes == call(platform_client, tool, **given).notes
    assert (repr(organization.pull_requests), repr(organization.builds.definitions)) == before


def test_every_write_to_a_pull_request_or_pipeline_is_among_them():
    toolsets = {"pull_requests", "review_changes", "pipelines", "pipeline_runs"}
    writers = {name for name, tool in TOOLS.items() if tool.access == "write" and tool.toolset in toolsets}
    assert {tool for tool, _, _ in IMPOSSIBLE} == writers


def test_what_becomes_impossible_after_the_question_says_so(connect, server, tls):
    """Somebody completes it while the person thinks."""

    def approve(request):
        base = f"{server.base_url}/Platform/_apis/git/repositories/platform-api/pullRequests/{CACHED}"
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
            assert http.patch(base, json={"status": "abandoned"}).status_code == 200
        return Approval(True, request.digest, "Dana")

    with approve_writes_with(approve), pytest.raises(AzureDevOpsError) as refused:
        call(connect(), "abandon_pull_request", id=CACHED)
    assert "Pull request 15 was not abandoned: it is abandoned." in refused.value.message
