"""An approval covers exactly the state that was shown: when somebody changes it before the write, it is asked again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx
import pytest
from tool_calls import FULL, Recorder, call, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, Approval, approve_writes_with
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.errors import Denied, NotFound, RevisionConflict, StateChanged, WriteBlocked
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.safety import FileAccess
from langchain_azure_devops.safety.audit import AuditLog, read_entries
from langchain_azure_devops.safety.grants import compare_states
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.tools.work_items.tools import CommentAdded

WRITERS = sorted(name for name, tool in TOOLS.items() if tool.access == "write")
OPENED = {"repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Rota"}
PUSHED = TOOLS["push_changes"].examples[0]
CHILDREN = [{"type": "Task", "title": "Write the tests"}]
BEGUN = {"repository": "platform-api", "source": "feature/async-sqlalchemy"}

MANY = {"updates": [{"id": 4, "revision": 5, "tags": "seen"}, {"id": 20, "revision": 1, "tags": "seen"}]}


class Scenario(NamedTuple):
    """A write, what somebody does before it is sent, and the value of which the approver is told that it changed."""

    tool: str
    meanwhile: str
    changed: str
    arguments: dict = {}  # noqa: RUF012 - read only


SCENARIOS = [
    Scenario("update_work_item", "rename the item", "title"),
    Scenario("update_work_item", "close the item", "state"),
    Scenario("update_work_item", "reassign the item", "assigned_to"),
    Scenario("update_work_item", "describe the item", "revision", {"title": "Another title"}),
    Scenario("update_work_item", "describe the item", "description", {"description": "Mine"}),
    Scenario("add_work_item_comment", "rename the item", "title"),
    Scenario("add_work_item_comment", "close the item", "state"),
    Scenario("add_work_item_comment", "reassign the item", "assigned_to"),
    Scenario("update_work_item_comment", "edit the comment", "text"),
    Scenario("update_work_item_comment", "edit the comment", "version"),
    Scenario("update_work_item_comment", "rename the item", "title"),
    Scenario("update_work_items", "rename the item", "work_item_4", MANY),
    Scenario("update_work_items", "close the item", "work_item_4", MANY),
    Scenario("change_work_item_type", "rename the area", "area"),
    Scenario("apply_work_item_template", "change the template", "changes"),
    Scenario("apply_work_item_template", "hide something in the template", "changes_sha256"),
    Scenario("delete_work_item", "rename the item", "title", {"id": 4}),
    Scenario("delete_work_item", "describe the item", "revision", {"id": 4}),
    Scenario("delete_work_item", "close the item", "state", {"id": 4}),
    Scenario("restore_work_item", "delete the other item again", "deleted_by", {"id": 900}),
    Scenario("delete_work_item_comment", "edit the comment", "text"),
    Scenario("create_work_item", "rename the parent", "parent_title", {"parent": 5}),
    Scenario("create_work_item", "close the parent", "parent_state", {"parent": 5}),
    Scenario("update_pull_request", "rename the pull request", "title", {"id": 15, "title": "Mine"}),
    Scenario("update_pull_request", "rename the pull request", "title", {"id": 15, "description": "Mine"}),
    Scenario("update_pull_request", "abandon the pull request", "status", {"id": 15, "description": "Mine"}),
    Scenario("update_pull_request", "make it a draft", "draft", {"id": 15, "title": "Mine"}),
    Scenario("update_pull_request", "vote", "votes", {"id": 15, "status": "completed", "source_commit": "the tip"}),
    Scenario("create_pull_request", "push to the source", "source_commit", OPENED),
    Scenario("create_pull_request", "push to the target", "target_commit", OPENED),
    Scenario("create_pull_request", "rename the item", "work_item_4", {**OPENED, "work_items": [4]}),
    Scenario("create_branch", "push to the source", "commit", {**BEGUN, "branch": "feature/later"}),
    Scenario("create_branch", "push to the source", "commit_message", {**BEGUN, "branch": "feature/later"}),
    Scenario("create_tag", "push to the source", "commit", {**BEGUN, "tag": "later"}),
    Scenario("delete_branch", "rename the pull request of docs", "open_pull_requests"),
    Scenario("comment_on_pull_request", "rename the pull request", "title"),
    Scenario("reply_to_thread", "reply in the thread", "discussion"),
    Scenario("set_thread_status", "reply in the thread", "discussion", {"id": 9, "thread": 16, "status": "fixed"}),
    Scenario("set_reviewers", "rename the pull request of docs", "title"),
    Scenario("vote_on_pull_request", "rename the pull request of docs", "title"),
    Scenario("label_pull_request", "rename the pull request", "title", {"id": 15, "add": ["ready"]}),
    Scenario("link_work_items", "rename the pull request", "title"),
    Scenario("add_work_item_links", "rename the parent", "new_1"),
    Scenario("remove_work_item_links", "rename the child", "old_1"),
    Scenario("create_child_work_items", "rename the parent", "parent_title", {"parent": 5, "children": CHILDREN}),
    Scenario("complete_pull_request", "vote", "votes"),
    Scenario("set_auto_complete", "rename the pull request", "title", {"id": 15, "source_commit": "the tip"}),
    Scenario("abandon_pull_request", "rename the pull request", "title", {"id": 15}),
    Scenario("reactivate_pull_request", "rename the abandoned one", "title"),
    Scenario("publish_pull_request", "rename the draft", "title"),
    Scenario("push_changes", "rename the pull request of docs", "open_pull_requests", PUSHED),
    Scenario("cherry_pick", "push to docs", "onto_commit"),
    Scenario("revert", "push to docs", "onto_commit"),
    Scenario("run_pipeline", "push to the target", "commit", {"pipeline": "platform-api-ci"}),
    Scenario("run_pipeline", "pause the pipeline", "status", {"pipeline": "platform-api-ci"}),
    Scenario("run_pipeline", "rename the pipeline", "pipeline", {"pipeline": "1"}),
    Scenario("cancel_build", "rename the pipeline", "pipeline"),
    Scenario("retry_stage", "rename the pipeline", "pipeline"),
    Scenario("tag_build", "tag the build", "tags"),
    Scenario("create_pipeline", "push to docs", "commit"),
    Scenario("rename_pipeline", "pause the pipeline of docs", "revision"),
    Scenario("update_pipeline", "pause the pipeline", "status", {"pipeline": "1", "status": "disabled"}),
    Scenario("update_pipeline", "pause the pipeline", "revision", {"pipeline": "1", "folder": "night"}),
    Scenario("decide_approval", "rename the pipeline", "pipeline"),
    Scenario("upload_attachment", "change the file", "sha256"),
    Scenario("create_wiki_page", "add a wiki page", "pages_beside"),
    Scenario("update_wiki_page", "edit the wiki page and take it back", "last_change"),
    Scenario("move_wiki_page", "add a wiki page below", "moves_along"),
    Scenario("create_iteration", "add a sprint", "iterations_there"),
    Scenario("assign_iteration", "rename the sprint", "iteration"),
    Scenario("assign_area", "rename the area", "area"),
    Scenario("move_card", "rename the area", "area"),
]
WRITES = {"upload_attachment": 2}
"""How many write requests a tool sends that sends several."""


@pytest.fixture
def uploads(tmp_path):
    (tmp_path / "trace.txt").write_text("one\n")
    return tmp_path


@pytest.fixture
def client(connect, server, sent, uploads):
    return connect(transport=Recorder(server.base_url, sent), files=FileAccess(uploads))


@pytest.fixture
def meanwhile(connect, push, server, tls, uploads):
    """Does what a scenario says, as somebody else."""
    other = connect(writes="allow")

    def change_item(number, **changes):
        while True:
            now = call(other, "get_work_item", ids=[number])
            try:
                call(other, "update_work_item", id=number, revision=now.revision, **changes)
            except RevisionConflict:
                # Another thread of the test has commented meanwhile, which makes a new revision.
                continue
            return

    def vote():
        base = f"{server.base_url}/Platform/_apis/git/repositories/platform-api/pullRequests/15/reviewers"
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
            me = other.run_sync(other.identity()).id
            assert http.put(f"{base}/{me}", json={"vote": -5}).status_code in {200, 201}

    def delete_again():
        call(other, "restore_work_item", id=900)
        call(other, "delete_work_item", id=900)

    def add_page(path):
        call(other, "create_wiki_page", wiki="Platform.wiki", path=path, content="New.")

    def edit_page_twice():
        page = {key: TOOLS["update_wiki_page"].examples[0][key] for key in ("wiki", "path")}
        before = call(other, "read_wiki_page", **page)
        edited = call(
            other, "update_wiki_page", **page, version=before.version, edits=[{"old": "twice", "new": "once"}]
        )
        call(other, "update_wiki_page", **page, version=edited.version, edits=[{"old": "once", "new": "twice"}])

    def rename_node(path):
        url = f"{server.base_url}/Platform/_apis/wit/classificationnodes/{path}"
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
            assert http.patch(url, json={"name": "Renamed by somebody"}).status_code == 200

    def change_template(name, value):
        url = f"{server.base_url}/Platform/Platform%20Team/_apis/wit/templates"
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
            [row] = [row for row in http.get(url).json()["value"] if row["name"] == "Production bug"]
            whole = http.get(f"{url}/{row['id']}").json()
            whole["fields"][name] = value
            body = {key: whole[key] for key in ("name", "description", "workItemTypeName", "fields")}
            assert http.put(f"{url}/{row['id']}", json=body).status_code == 200

    changes = {
        "change the template": lambda: change_template("System.Title", "By somebody"),
        "hide something in the template": lambda: change_template("System.Description", "<!-- by somebody -->"),
        "rename the item": lambda: change_item(4, title="Renamed by somebody"),
        "close the item": lambda: change_item(4, state="Closed"),
        "reassign the item": lambda: change_item(4, assigned_to="Luis Ferreira"),
        "describe the item": lambda: change_item(4, description="By somebody"),
        "edit the comment": lambda: call(other, "update_work_item_comment", id=4, comment=1, text="By somebody"),
        "delete the other item again": delete_again,
        "rename the parent": lambda: change_item(5, title="Renamed by somebody"),
        "rename the child": lambda: change_item(17, title="Renamed by somebody"),
        "close the parent": lambda: change_item(5, state="Closed"),
        "rename the pull request": lambda: call(other, "update_pull_request", id=15, title="Renamed by somebody"),
        "rename the pull request of docs": lambda: call(other, "update_pull_request", id=16, title="Renamed"),
        "abandon the pull request": lambda: call(other, "update_pull_request", id=15, status="abandoned"),
        "make it a draft": lambda: call(other, "update_pull_request", id=15, draft=True),
        "rename the abandoned one": lambda: call(other, "update_pull_request", id=6, title="Renamed"),
        "rename the draft": lambda: call(other, "update_pull_request", id=17, title="Renamed"),
        "reply in the thread": lambda: call(other, "reply_to_thread", id=9, thread=16, text="Moved."),
        "rename the pipeline": lambda: call(other, "rename_pipeline", pipeline="1", name="renamed-ci"),
        "pause the pipeline": lambda: call(other, "update_pipeline", pipeline="1", status="paused"),
        "pause the pipeline of docs": lambda: call(other, "update_pipeline", pipeline="docs-publish", status="paused"),
        "tag the build": lambda: call(other, "tag_build", build=35, add=["seen"]),
        "change the file": lambda: (uploads / "trace.txt").write_text("another\n"),
        "add a wiki page": lambda: add_page("/On-call/Absences"),
        "add a wiki page below": lambda: add_page("/Label printers/Paper"),
        "edit the wiki page and take it back": edit_page_twice,
        "rename the sprint": lambda: rename_node("iterations/Sprint%2043"),
        "rename the area": lambda: rename_node("areas/Team%20Harbor"),
        "add a sprint": lambda: call(
            other, "create_iteration", name="Sprint 45", start="2026-12-28", finish="2027-01-08"
        ),
        "vote": vote,
        "push to the source": lambda: push("Platform", "platform-api", {"/x": b"1"}, "feature/async-sqlalchemy"),
        "push to docs": lambda: push("Platform", "docs", {"/x": b"1"}, "main"),
        "push to the target": lambda: push("Platform", "platform-api", {"/x": b"1"}, "main"),
    }
    return lambda name: changes[name]()


def arguments_of(scenario, client):
    given = scenario.arguments or TOOLS[scenario.tool].examples[0]
    if "id" not in given and "id" in TOOLS[scenario.tool].parameters.model_fields:
        given = {**given, "id": 4, "revision": 0}
    if "revision" in TOOLS[scenario.tool].parameters.model_fields:
        given = {
            **given,
            "revision": call(client, "get_work_item", ids=[given.get("id") or given["work_item"]]).revision,
        }
    if scenario.tool == "create_work_item":
        given = {"type": "Task", "title": "Broken", **given}
    if given.get("source_commit"):
        given = {**given, "source_commit": call(client, "get_pull_request", ids=[given["id"]]).source_commit}
    return given


class Person:
    """Approves; the first time, somebody changes the state after it was shown and before the answer is given."""

    def __init__(self, change=lambda: None, answers=(True, True)):
        self.asked, self.change, self._answers = [], change, answers

    def __call__(self, request):
        self.asked.append(request)
        if len(self.asked) == 1:
            self.change()
        return Approval(self._answers[len(self.asked) - 1], request.digest, "dana", "not like this")


def in_a_thread(client, scenario, arguments, person):
    with approve_writes_with(person):
        return TOOLS[scenario.tool].call_sync(client, **arguments)


def in_a_loop(client, scenario, arguments, person):
    async def answer(request):
        return await asyncio.to_thread(person, request)

    async def work():
        with approve_writes_with(answer):
            return await TOOLS[scenario.tool](client, **arguments)

    return asyncio.run(work())


def as_a_bound_tool(client, scenario, arguments, person):
    tool = bind(TOOLS[scenario.tool], client, approver=person, on_error="raise")
    return tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})


WAYS = [in_a_thread, in_a_loop, as_a_bound_tool]


def test_every_write_tool_shows_the_state_and_has_a_scenario():
    assert [name for name in WRITERS if TOOLS[name].current is None] == []
    assert {scenario.tool for scenario in SCENARIOS} == set(WRITERS)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.tool}, {scenario.meanwhile}")
def test_a_change_after_the_showing_is_asked_again_and_marked(scenario, way, client, meanwhile, sent):
    arguments = arguments_of(scenario, client)
    person = Person(lambda: meanwhile(scenario.meanwhile), (True, False))
    with pytest.raises(WriteBlocked, match="not like this"):
        way(client, scenario, arguments, person)
    assert writes(sent) == []
    first, second = person.asked
    assert (first.arguments, first.changed) == (second.arguments, ())
    assert first.digest != second.digest
    changes = {change.name: change for change in second.changed}
    assert scenario.changed in changes
    change = changes[scenario.changed]
    assert (change.shown, change.now) == (first.current.get(change.name), second.current.get(change.name))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.tool}, {scenario.meanwhile}")
def test_a_yes_to_the_present_state_writes_once(scenario, client, meanwhile, sent):
    arguments = arguments_of(scenario, client)
    person = Person(lambda: meanwhile(scenario.meanwhile))
    if scenario.tool == "update_work_item" and "item" in scenario.meanwhile:
        # The revision that the call names is over, whoever approves it.
        with pytest.raises(RevisionConflict):
            in_a_thread(client, scenario, arguments, person)
    else:
        assert in_a_thread(client, scenario, arguments, person)
    assert len(person.asked) == 2
    assert len(writes(sent)) == WRITES.get(scenario.tool, 1)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", WRITERS)
def test_without_a_change_one_question_and_two_looks_at_the_state(name, way, client, sent):
    scenario = Scenario(name, "", "", {"id": 4, "text": "Noted."} if name == "add_work_item_comment" else {})
    arguments = arguments_of(scenario, client)
    sent.clear()
    looks = []
    # The owner of the token is asked for once, by the first look.
    person = Person(lambda: looks.append(len([each for each in sent if "connectionData" not in each.url.path])))
    way(client, scenario, arguments, person)
    assert len(person.asked) == 1
    assert person.asked[0].current is not None
    assert len(writes(sent)) == WRITES.get(name, 1)
    assert len(sent) == 2 * looks[0] + REQUESTS[name]


REQUESTS = {
    "upload_attachment": 3,
    "add_work_item_comment": 2,
    "update_work_item_comment": 3,
    "delete_work_item_comment": 3,
    "update_work_items": 2,
    "change_work_item_type": 3,
    "apply_work_item_template": 5,
    "delete_work_item": 2,
    "restore_work_item": 3,
    "create_pull_request": 1,
    "create_work_item": 1,
    "update_pull_request": 2,
    "update_work_item": 1,
    "create_branch": 3,
    "create_tag": 3,
    "delete_branch": 4,
    "comment_on_pull_request": 5,
    "reply_to_thread": 3,
    "set_thread_status": 3,
    "set_reviewers": 4,
    "vote_on_pull_request": 11,
    "label_pull_request": 4,
    "link_work_items": 6,
    "add_work_item_links": 4,
    "remove_work_item_links": 3,
    "create_child_work_items": 2,
    "complete_pull_request": 11,
    "set_auto_complete": 11,
    "abandon_pull_request": 2,
    "reactivate_pull_request": 2,
    "publish_pull_request": 2,
    "push_changes": 7,
    "cherry_pick": 6,
    "revert": 6,
    "run_pipeline": 5,
    "cancel_build": 2,
    "retry_stage": 4,
    "tag_build": 3,
    "create_pipeline": 4,
    "rename_pipeline": 5,
    "update_pipeline": 4,
    "decide_approval": 9,
    "create_wiki_page": 3,
    "update_wiki_page": 3,
    "move_wiki_page": 4,
    "create_iteration": 2,
    "assign_iteration": 3,
    "assign_area": 3,
    "move_card": 5,
}
"""What a write costs with writes="allow", where nobody is shown anything."""


@pytest.mark.parametrize("name", WRITERS)
def test_a_write_that_nobody_is_shown_reads_no_state(name, platform_client, sent):
    scenario = Scenario(name, "", "", {"id": 4, "text": "Noted."} if name == "add_work_item_comment" else {})
    arguments = arguments_of(scenario, platform_client)
    sent.clear()
    call(platform_client, name, **arguments)
    assert len(sent) == REQUESTS[name]


@pytest.mark.parametrize("name", WRITERS)
def test_an_approver_that_needs_no_state_costs_no_reading(name, client, sent):
    class Rule:
        needs_current = False

        def __call__(self, request):
            assert request.current is None
            return Approval(True, request.digest, "a rule")

    scenario = Scenario(name, "", "", {"id": 4, "text": "Noted."} if name == "add_work_item_comment" else {})
    arguments = arguments_of(scenario, client)
    sent.clear()
    in_a_thread(client, scenario, arguments, Rule())
    assert len(sent) == REQUESTS[name]


def test_a_branch_that_looks_like_another_one_of_the_repository_is_named(client, push):
    push("Platform", "platform-api", {"/x": b"1"}, "m\u0430in")
    person = Person(answers=(False,))
    with approve_writes_with(person), pytest.raises(WriteBlocked):
        TOOLS["create_pull_request"].call_sync(client, **{**OPENED, "target": "m\u0430in"})
    assert person.asked[0].current["target_looks_like"] == ["main"]
    assert "source_looks_like" not in person.asked[0].current


def test_work_items_that_a_pull_request_would_link_are_described_in_one_request(client, sent):
    person = Person(answers=(False,))
    with approve_writes_with(person), pytest.raises(WriteBlocked):
        TOOLS["create_pull_request"].call_sync(client, **{**OPENED, "work_items": [4, 5, 4711]})
    assert person.asked[0].current["work_item_4711"] == "could not be read"
    assert person.asked[0].current["work_item_4"].startswith(("Bug: ", "Task: ", "User Story: ", "Feature: ", "Epic: "))
    assert [request.url.path for request in sent if "workitems" in request.url.path.lower()] == [
        f"/{client.settings.organization}/_apis/wit/workitemsbatch"
    ]


def test_what_was_not_shown_may_change(client, meanwhile, sent):
    person = Person(lambda: meanwhile("describe the item"))
    with approve_writes_with(person):
        assert TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.").work_item == 4
    assert len(person.asked) == 1
    assert "description" not in person.asked[0].current


def test_a_state_that_changes_all_the_time_ends_as_a_refusal_that_says_so(client, connect, sent):
    other, asked = connect(writes="allow"), []

    def approve_and_be_late(request):
        asked.append(request)
        now = call(other, "get_work_item", ids=[4])
        call(other, "update_work_item", id=4, revision=now.revision, title=f"Title {len(asked)}")
        return Approval(True, request.digest, "dana")

    with approve_writes_with(approve_and_be_late), pytest.raises(StateChanged) as caught:
        TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.")
    assert "approved 3 times" in caught.value.message
    assert "nothing was sent" in caught.value.message
    assert len(asked) == 3
    assert [change.now for change in asked[2].changed] == ["Title 2"]
    assert writes(sent) == []


def test_a_yes_to_the_outdated_request_is_none_to_the_present_one(client, meanwhile, sent):
    first = []

    def repeat(request):
        if not first:
            first.append(Approval(True, request.digest, "dana"))
            meanwhile("rename the item")
        return first[0]

    with approve_writes_with(repeat), pytest.raises(WriteBlocked, match="other arguments or another state"):
        TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.")
    assert writes(sent) == []


def test_a_state_that_cannot_be_read_before_the_question_is_an_error_and_nobody_is_asked(client, sent):
    person = Person()
    with approve_writes_with(person), pytest.raises(NotFound, match="4711"):
        TOOLS["add_work_item_comment"].call_sync(client, id=4711, text="Noted.")
    assert (person.asked, writes(sent)) == ([], [])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize(("status", "kind"), [(403, Denied), (404, NotFound)])
def test_a_state_that_cannot_be_read_again_is_not_written(way, status, kind, client, organization, sent):
    def break_down():
        # The first look at the item is the one of the tool itself, for its project.
        organization.faults.add(Fault("status", "GET", "/_apis/wit/workitems/4", status=status, skip=1))

    scenario = Scenario("add_work_item_comment", "", "")
    with pytest.raises(kind) as caught:
        way(client, scenario, {"id": 4, "text": "Noted."}, Person(break_down))
    assert "nothing was sent" in caught.value.message
    assert "may be approved again" in caught.value.message
    assert writes(sent) == []


def test_a_write_that_waited_for_the_throttle_is_compared_again(connect, server, organization, sent):
    [item] = [item for item in organization.work_items if item.id == 4]

    def change_once(_waiting):
        # This runs on the loop of the client, so nothing may be requested here.
        item.revision.fields["System.Title"] = "Renamed by somebody"

    client = connect(transport=Recorder(server.base_url, sent), progress=change_once)
    organization.faults.add(Fault("throttle", "POST", "/comments", retry_after=1, times=1))
    person = Person(answers=(True, False))
    with approve_writes_with(person), pytest.raises(WriteBlocked, match="not like this"):
        TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.")
    assert [change.now for change in person.asked[1].changed] == ["Renamed by somebody"]
    assert len(writes(sent)) == 1


def test_each_answer_is_on_record_and_so_is_what_was_not_sent(client, meanwhile, tmp_path):
    client.audit = AuditLog(tmp_path / "audit.jsonl")
    person = Person(lambda: meanwhile("rename the item"))
    with approve_writes_with(person):
        TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.")
    entries = [entry for entry in read_entries(client.audit.path) if entry.event != "read"]
    assert [entry.event for entry in entries] == ["approved", "granted", "failed", "approved", "granted", "written"]
    digests = [entry.details["digest"] for entry in entries]
    assert digests == [person.asked[0].digest] * 3 + [person.asked[1].digest] * 3
    assert "StateChanged" in entries[2].details["error"]


def test_two_threads_that_comment_on_a_renamed_item_are_both_asked_again(client, connect, meanwhile, organization):
    people = [Person(), Person()]
    first, second = people
    first.change = lambda: meanwhile("rename the item")
    second.change = lambda: meanwhile("close the item")

    def comment(person, text="Noted."):
        with approve_writes_with(person):
            return TOOLS["add_work_item_comment"].call_sync(client, id=4, text=text)

    comment_one = comment(first)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(comment, [second, Person()], ["Closed?", "Renamed?"]))
    assert comment_one.comment
    assert all(result.comment for result in results)
    assert [len(person.asked) for person in people] == [2, 2]


# -- approvers that showed the state themselves ----------------------------------------------------------------------


class Earlier:
    """Showed the state at another time, as a graph does."""

    needs_current = False

    def __init__(self, state):
        self._state = state

    def __call__(self, request):
        return Approval(True, request.digest, "dana", state=self._state)


def test_an_approval_that_names_the_state_it_was_given_for_holds_only_in_that_state(client, meanwhile, sent):
    tool, arguments = TOOLS["add_work_item_comment"], {"id": 4, "text": "Noted."}
    request = tool.prepare(client, tool.validate(arguments))
    state = client.run_sync(tool.read_current(client, request))
    meanwhile("rename the item")
    with approve_writes_with(Earlier(state)), pytest.raises(StateChanged, match="has to be approved again"):
        tool.call_sync(client, **arguments)
    assert writes(sent) == []
    now = client.run_sync(tool.read_current(client, request))
    with approve_writes_with(Earlier(now)):
        assert tool.call_sync(client, **arguments).work_item == 4
    assert len(writes(sent)) == 1


@pytest.mark.parametrize("state", ["junk", "", 7, ["title"]])
def test_an_approval_for_something_that_is_no_state_approves_nothing(client, sent, state):
    class Junk(Earlier):
        def __call__(self, request):
            return Approval(True, request.digest, "dana", state=self._state)

    with approve_writes_with(Junk(state)), pytest.raises(WriteBlocked, match="for another state"):
        TOOLS["add_work_item_comment"].call_sync(client, id=4, text="Noted.")
    assert writes(sent) == []


# -- secrets in the state --------------------------------------------------------------------------------------------

OLD, NEW = "Zx9kQ2mW7vB4nT6y", "Kq3Lw8Rt5Yp2Vb7N"
NOTE = {"id": 4, "text": "Noted."}


@pytest.fixture
def retitle(organization):
    """Give work item 4 another title, as somebody else."""
    [item] = [item for item in organization.work_items if item.id == 4]
    return lambda title: item.revision.fields.__setitem__("System.Title", title)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_secret_that_is_learned_after_the_showing_is_no_change(client, sent, retitle, way):
    retitle(f"Deploy with {OLD} now")
    person = Person(lambda: client.secrets.learn(OLD, "password"))
    way(client, Scenario("add_work_item_comment", "", ""), NOTE, person)
    assert [request.current["title"] for request in person.asked] == [f"Deploy with {OLD} now"]
    assert len(writes(sent)) == 1


def test_a_change_beside_a_secret_that_was_learned_meanwhile_is_shown_without_the_secret(client, sent, retitle):
    def learn_and_rename():
        client.secrets.learn(OLD, "password")
        retitle(f"Do not deploy with {OLD}")

    retitle(f"Deploy with {OLD}")
    person = Person(learn_and_rename, (True, False))
    with approve_writes_with(person), pytest.raises(WriteBlocked, match="not like this"):
        TOOLS["add_work_item_comment"].call_sync(client, **NOTE)
    [change] = person.asked[1].changed
    pseudonym = client.secrets.redact(OLD)
    assert (change.shown, change.now) == (f"Deploy with {pseudonym}", f"Do not deploy with {pseudonym}")
    assert change.comparable
    assert OLD not in str(person.asked[1])
    assert writes(sent) == []


@pytest.mark.parametrize("learned", [(), (OLD,), (OLD, NEW)], ids=len)
def test_another_value_of_a_secret_is_a_change(client, sent, retitle, learned):
    for secret in learned:
        client.secrets.learn(secret, "password")
    retitle(f"password={OLD}")
    person = Person(lambda: retitle(f"password={NEW}"), (True, False))
    with approve_writes_with(person), pytest.raises(WriteBlocked, match="not like this"):
        TOOLS["add_work_item_comment"].call_sync(client, **NOTE)
    assert [(change.name, change.comparable) for change in person.asked[1].changed] == [("title", True)]
    assert not {OLD, NEW} & set(str(person.asked).replace("'", "=").split("="))
    assert writes(sent) == []


@pytest.fixture
def show_elsewhere(server):
    """Return the state that another process shows; its pseudonyms stand for nothing in this one."""
    settings, tool = load_settings(base_url=server.base_url, pat=FULL, environ={}), TOOLS["add_work_item_comment"]
    with AzureDevOps(settings) as other:
        yield lambda: other.run_sync(tool.read_current(other, tool.prepare(other, tool.validate(NOTE))))


def test_after_a_restart_a_secret_that_cannot_be_compared_is_not_called_changed(client, show_elsewhere, sent, retitle):
    retitle(f"password={OLD} and user=dana")
    state = show_elsewhere()
    with approve_writes_with(Earlier(state)), pytest.raises(StateChanged) as caught:
        TOOLS["add_work_item_comment"].call_sync(client, **NOTE)
    assert "title holds a secret whose value cannot be compared after a restart" in caught.value.message
    assert "changed" not in caught.value.message
    assert writes(sent) == []


@pytest.mark.parametrize(
    "title", ["password={} and user=luis", "Password={} and user=dana", "", "password= and user=dana"]
)
def test_after_a_restart_a_change_beside_the_secret_is_a_change(client, show_elsewhere, sent, retitle, title):
    retitle(f"password={OLD} and user=dana")
    state = show_elsewhere()
    retitle(title.format(OLD))
    with approve_writes_with(Earlier(state)), pytest.raises(StateChanged, match="has changed since then"):
        TOOLS["add_work_item_comment"].call_sync(client, **NOTE)
    assert writes(sent) == []


def test_what_differs_only_in_secrets_of_another_process_may_be_equal(client):
    """Each text is compared with every other one: a stranger's pseudonym stands for any text that is not empty."""
    one, two = "[secret:password:0123456789]", "[secret:pat:9876543210]"
    ours = client.secrets.learn(OLD, "password")
    cases = {
        (f"a {one} b", f"a {ours} b"): False,
        (f"a {one} b", "a clear b"): False,
        (f"a {one} b", "a  b"): True,
        (f"a {one} b", "a clear c"): True,
        (f"a {one} b {two}", "a x b y"): False,
        (f"{one}{two}", "xy"): False,
        (f"{one}{two}", "x"): True,
        (f"a {ours} b", "a clear b"): True,
        ("a", "b"): True,
        (one, None): True,
        (None, one): True,
        ((one, "x"), ("y", "x")): False,
        ((one, "x"), ("y", "z")): True,
    }
    for (shown, now), certain in cases.items():
        old, new = ({"x": list(value) if isinstance(value, tuple) else value} for value in (shown, now))
        [change] = compare_states(old, new, client.secrets)
        assert change.comparable is certain, (shown, now)


# -- tools of users --------------------------------------------------------------------------------------------------

COMMENTS = "/{project}/_apis/wit/workItems/{id}/comments"


def make_tool(state, **declared):
    """A tool that sends two comments, and whose state is a counter."""

    async def current(_client, _arguments):
        return dict(state)

    async def comment_twice(client: AzureDevOps, *, id: int) -> CommentAdded:
        """Comment twice."""
        for number in range(2):
            body = {"text": f"Comment {number}"}
            where = {"project": "Platform", "id": id}
            await client.post(COMMENTS, body, path=where, query={"format": "markdown"}, version="7.1-preview.4")
            state["count"] += 1
        return CommentAdded(work_item=id, comment=0)

    declare = Toolset.named("mine", "Mine.").write
    sends = f"POST {COMMENTS}"
    return declare(Scope.WORK_WRITE, sends=sends, current=current, times=2, **declared)(comment_twice)


def test_the_first_of_two_requests_is_compared_and_not_the_second_which_comes_after_a_change_of_its_own(client, sent):
    state = {"count": 0}
    tool = make_tool(state)
    with approve_writes_with(Person()):
        tool.call_sync(client, id=4)
    assert len(writes(sent)) == 2
    sent.clear()

    def bump():
        state["count"] += 1

    person = Person(bump, (True, False))
    with approve_writes_with(person), pytest.raises(WriteBlocked):
        tool.call_sync(client, id=4)
    assert [change.name for change in person.asked[1].changed] == ["count"]
    assert writes(sent) == []


def test_reading_the_state_cannot_write_with_the_grant_of_the_call(client, sent):
    async def current(client, _arguments):
        await client.post(COMMENTS, {"text": "!"}, path={"project": "Platform", "id": 4}, version="7.1-preview.4")
        return {}

    async def note(client: AzureDevOps, *, id: int) -> CommentAdded:
        """Comment."""
        await client.post(COMMENTS, {"text": "x"}, path={"project": "Platform", "id": id}, version="7.1-preview.4")
        return CommentAdded(work_item=id, comment=0)

    tool = Toolset.named("mine", "Mine.").write(Scope.WORK_WRITE, sends=f"POST {COMMENTS}", current=current)(note)
    with approve_writes_with(Earlier({})), pytest.raises(WriteBlocked):
        tool.call_sync(client, id=4)
    assert writes(sent) == []


def test_secrets_in_the_state_are_not_shown(client, connect):
    secret = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
    call(connect(writes="allow"), "get_work_item", ids=[4])
    tool = make_tool({"count": 0, "note": [{"token": f"It is {secret}"}]})
    person = Person()
    with approve_writes_with(person):
        tool.call_sync(client, id=4)
    assert secret not in str(person.asked[0])
    assert "[secret:" in str(person.asked[0].current)
