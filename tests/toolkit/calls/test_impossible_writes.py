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
PRINTERS = {"wiki": "Platform.wiki", "path": "/Label printers"}
PRINTED = {key: value for key, value in TOOLS["update_wiki_page"].examples[0].items() if key != "edits"}

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
    ("add_work_item_links", {"id": 4, "revision": 5, "links": [{"target": "work_item:4"}]}, "linked to itself"),
    ("add_work_item_links", {"id": 4, "revision": 4, "links": [{"target": "work_item:5"}]}, "at revision 5, not 4"),
    (
        "add_work_item_links",
        {"id": 8, "revision": 4, "links": [{"target": "work_item:3", "kind": "parent"}]},
        "'parent' already: 2, Feature: Shipment search",
    ),
    (
        "remove_work_item_links",
        {"id": 8, "revision": 4, "links": [{"target": "work_item:117"}]},
        "Did you mean 'work_item:17'?",
    ),
    ("create_child_work_items", {"parent": 4711, "children": [{"type": "Task", "title": "x"}]}, "4711"),
    ("comment_on_pull_request", {"id": PAGED, "text": "x", "line": 1}, "need path"),
    ("comment_on_pull_request", {"id": PAGED, "text": "x", "path": "/README.md"}, "does not change '/README.md'"),
    (
        "comment_on_pull_request",
        {"id": CACHED, "text": "x", "path": "/src/platform_api/ports.py", "line": 9999},
        "9999",
    ),
    ("reply_to_thread", {"id": PAGED, "thread": 4711, "text": "x"}, "has no thread 4711"),
    ("set_thread_status", {"id": PAGED, "thread": 4711, "status": "fixed"}, "has no thread 4711"),
    ("update_work_items", {"updates": [{"id": 4, "revision": 5}]}, "Nothing to change was given for work item 4"),
    ("update_work_items", {"updates": [{"id": 4, "revision": 4, "tags": "x"}]}, "is at revision 5, not 4"),
    ("update_work_item_comment", {"id": 4, "comment": 77, "text": "x"}, "has no comment 77"),
    ("delete_work_item_comment", {"id": 4, "comment": 77}, "has no comment 77"),
    ("create_work_item", {"type": "Task", "title": "x", "links": ["build:4711"]}, "4711"),
    ("update_work_item", {"id": 4, "revision": 5, "title": "x", "links": ["build:4711"]}, "4711"),
    ("add_work_item_comment", {"id": 4711, "text": "x"}, "Work item 4711 does not exist"),
    ("delete_work_item", {"id": 4711}, "4711"),
    ("change_work_item_type", {"id": 4, "revision": 5, "type": "Bugg"}, "Did you mean 'Bug'?"),
    (
        "apply_work_item_template",
        {"id": 4, "revision": 5, "template": "Produktion bug"},
        "Did you mean 'Production bug'?",
    ),
    (
        "apply_work_item_template",
        {"id": 19, "revision": 1, "template": "Production bug"},
        "is for the type Bug, and work item 19 is a Task",
    ),
    ("restore_work_item", {"id": 4711}, "neither in the recycle bin nor elsewhere"),
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
    ("create_wiki_page", {"wiki": "Platform.wiki", "path": "/home", "content": "x"}, "has the page '/Home'"),
    ("create_wiki_page", {"wiki": "Platform.wiki", "path": "/A/B/C", "content": "x"}, "Create '/A' first"),
    ("create_wiki_page", {"wiki": "Platform.wiki", "path": "/A#1", "content": "x"}, "can be no path"),
    ("create_wiki_page", {"wiki": "Platfrom.wiki", "path": "/A", "content": "x"}, "Did you mean 'Platform.wiki'?"),
    (
        "update_wiki_page",
        {**PRINTERS, "version": OTHER, "content": "x"},
        "is at version 69641444464bd2133f70e3b7b1f39d8850152f5a",
    ),
    ("update_wiki_page", {**PRINTERS, "version": "1", "content": "x"}, "no version of a page"),
    ("update_wiki_page", {**PRINTERS, "version": OTHER}, "either edits or the whole content"),
    ("update_wiki_page", {**PRINTED, "edits": [{"old": "thrice", "new": "once"}]}, "is not in it"),
    ("update_wiki_page", {**PRINTED, "edits": [{"old": "print", "new": "x"}]}, "occurs"),
    ("update_wiki_page", {**PRINTED, "path": "/Label printer", "content": "x"}, "Did you mean '/Label printers'?"),
    ("move_wiki_page", {**PRINTED, "version": OTHER, "new_path": "/Old"}, "is at version 69641444464bd2133f70e3b7"),
    ("move_wiki_page", {**PRINTED, "version": "1", "new_path": "/Old"}, "no version of a page"),
    ("move_wiki_page", {**PRINTED, "new_path": "/Old", "order": 4}, "no place 4 below '/', where the last one is 3"),
    ("move_wiki_page", {**PRINTED, "new_path": "/home"}, "has the page '/Home'. Choose another new_path."),
    ("move_wiki_page", {**PRINTED, "new_path": "/Home"}, "has the page '/Home'"),
    ("move_wiki_page", {**PRINTED, "new_path": "/Label printers/Old"}, "below itself"),
    ("move_wiki_page", {**PRINTED, "path": "/", "new_path": "/Old"}, "cannot be moved"),
    ("move_wiki_page", {**PRINTED, "new_path": "/Old/Printers"}, "Create '/Old' first"),
    ("create_iteration", {"name": "Sprint 43", "start": "2026-12-14", "finish": "2026-12-25"}, "already"),
    ("create_iteration", {"name": "x", "start": "2026-12-25", "finish": "2026-12-14"}, "before the first"),
    ("assign_iteration", {"id": 9, "revision": 1, "iteration": "Sprnt 42"}, "Did you mean 'Sprint 42'?"),
    ("assign_iteration", {"id": 9, "revision": 7, "iteration": "Sprint 42"}, "revision 1, not 7"),
    ("assign_area", {"id": 9, "revision": 1, "area": "Operation"}, "Did you mean 'Operations'?"),
    ("move_card", {"id": 17, "revision": 3, "board": "Stories", "column": "Closed"}, "no cards of type Task"),
    ("move_card", {"id": 8, "revision": 4, "board": "Stories", "column": "Reviw"}, "Did you mean 'Review'?"),
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
    (
        "add_work_item_links",
        {"id": 8, "revision": 4, "links": [{"target": "work_item:2", "kind": "parent"}]},
        "is a link of it already. Nothing was sent.",
    ),
    ("update_pipeline", {"pipeline": "nightly-soak", "status": "enabled"}, "so nothing was sent"),
    ("rename_pipeline", {"pipeline": "nightly-soak", "name": "nightly-soak"}, "so nothing was sent"),
    ("update_work_items", {"updates": [{"id": 4, "revision": 5, "state": "Active"}]}, "so nothing was sent"),
    ("restore_work_item", {"id": 4}, "is not in the recycle bin, so nothing was sent"),
    ("delete_work_item", {"id": 900}, "is in the recycle bin already"),
    ("tag_build", {"build": 15, "add": ["Release"]}, "Nothing was sent."),
    ("cancel_build", {"build": 18}, "was canceled already, so nothing was sent"),
    ("update_wiki_page", {**PRINTED, "edits": [{"old": "twice", "new": "twice"}]}, "Nothing was sent."),
    ("move_wiki_page", {**PRINTED, "new_path": "Label printers"}, "Nothing was sent."),
    ("move_wiki_page", {**PRINTED, "new_path": "/Label printers", "order": 2}, "Nothing was sent."),
    ("assign_iteration", {"id": 9, "revision": 1, "iteration": "Sprint 43"}, "Nothing was sent."),
    ("assign_area", {"id": 9, "revision": 1, "area": "Team Harbor"}, "Nothing was sent."),
    ("move_card", {"id": 8, "revision": 4, "board": "Stories", "column": "Development"}, "Nothing was sent."),
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


def test_every_write_to_a_pull_request_pipeline_work_item_wiki_or_board_is_among_them():
    toolsets = {"pull_requests", "review_changes", "pipelines", "pipeline_runs", "work_items", "work_item_links"}
    toolsets |= {"wiki", "boards"}
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
