"""Hours may pass between the view and the write: what was shown must still hold, or a person is asked again."""

import os
import signal
import subprocess
import sys
import textwrap

import httpx
import pytest
from agent_decisions import YES, answer, asked, edit, questions, report_of
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.investigation.events import ReportReady
from azure_devops_agents.investigation.graph import build_graph
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import AuditLog, read_entries

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
COMMENT = Call.to("add_work_item_comment", id=4, text="Noted.")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
NO = {"type": "reject", "message": "not this one"}


@pytest.fixture
def uploads(tmp_path):
    """The folder whose files may be sent."""
    made = tmp_path / "uploads"
    made.mkdir()
    (made / "trace.txt").write_text("one\n")
    return made


@pytest.fixture
def other(server, uploads):
    """Somebody else, who changes things meanwhile."""
    given = {"base_url": server.base_url, "pat": "full-access-token", "scopes": "app_token"}
    with AzureDevOpsToolkit(**given, default_project="Platform", writes="allow", attachments_folder=uploads) as made:
        yield made.client


@pytest.fixture
def toolkit(server, organization, uploads):
    """The toolkit with every tool."""
    context = RunContext(clock=organization.clock.now, timeouts=Timeouts(recovery=0.1, recovery_pause=0.1))
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url,
        pat="full-access-token",
        default_project="Platform",
        context=context,
        toolsets="all",
        attachments_folder=uploads,
    ) as connected:
        yield connected


def change(client, number, **changes):
    now = TOOLS["get_work_item"].call_sync(client, ids=[number])
    TOOLS["update_work_item"].call_sync(client, id=number, revision=now.revision, **changes)


def change_pull_request(client, **changes):
    TOOLS["update_pull_request"].call_sync(client, id=15, **changes)


def edit_comment(other):
    TOOLS["update_work_item_comment"].call_sync(other, id=4, comment=1, text="By somebody")


def delete_again(other):
    TOOLS["restore_work_item"].call_sync(other, id=900)
    TOOLS["delete_work_item"].call_sync(other, id=900)


def rename(other, number):
    TOOLS["update_pull_request"].call_sync(other, id=number, title="Renamed")


def push_to_docs(other):
    branches = TOOLS["list_branches"].call_sync(other, repository="docs").items
    [tip] = [branch.commit for branch in branches if branch.name == "main"]
    TOOLS["push_changes"].call_sync(
        other,
        repository="docs",
        branch="main",
        base=tip,
        message="Go on",
        changes=[{"path": "/later.md", "content": "Later.\n"}],
    )


def reply(other):
    TOOLS["reply_to_thread"].call_sync(other, id=9, thread=16, text="Moved.")


def rename_node(other, path):
    """Rename an area or iteration; the work items in it follow without a new revision."""
    url = f"{other.settings.url('core')}/Platform/_apis/wit/classificationnodes/{path}"
    given = {"auth": ("", "full-access-token"), "params": {"api-version": "7.1"}}
    assert httpx.patch(url, json={"name": "Renamed"}, **given).status_code == 200


def change_template(other):
    url = f"{other.settings.url('core')}/Platform/Platform%20Team/_apis/wit/templates"
    given = {"auth": ("", "full-access-token"), "params": {"api-version": "7.1"}}
    [row] = [row for row in httpx.get(url, **given).json()["value"] if row["name"] == "Production bug"]
    whole = httpx.get(f"{url}/{row['id']}", **given).json()
    whole["fields"]["System.Title"] = "By somebody"
    body = {key: whole[key] for key in ("name", "description", "workItemTypeName", "fields")}
    assert httpx.put(f"{url}/{row['id']}", json=body, **given).status_code == 200


def rename_sprint(other):
    rename_node(other, "iterations/Sprint%2043")


def rename_area(other):
    rename_node(other, "areas/Team%20Harbor")


def update_pipeline(other, name, **changes):
    TOOLS["update_pipeline"].call_sync(other, pipeline=name, **changes)


def rename_pipeline_of(other, build):
    """Rename the pipeline that a build is of."""
    pipeline = TOOLS["get_build"].call_sync(other, ids=[build]).pipeline
    TOOLS["rename_pipeline"].call_sync(other, pipeline=pipeline, name="renamed")


def add_page(other, path):
    TOOLS["create_wiki_page"].call_sync(other, wiki="Platform.wiki", path=path, content="New.")


def edit_page_twice(other):
    """Edit a wiki page and take that back, which leaves it at its old version."""
    page = {key: TOOLS["update_wiki_page"].examples[0][key] for key in ("wiki", "path")}
    version = TOOLS["read_wiki_page"].call_sync(other, **page).version
    for old, new in (("twice", "once"), ("once", "twice")):
        edits = [{"old": old, "new": new}]
        version = TOOLS["update_wiki_page"].call_sync(other, **page, version=version, edits=edits).version


CHANGES = {
    "add_work_item_comment": (COMMENT.arguments, lambda other: change(other, 4, title="Renamed"), "title"),
    "update_work_item": ({"id": 4, "title": "Mine"}, lambda other: change(other, 4, state="Closed"), "state"),
    "update_work_items": (
        {"updates": [{"id": 4, "revision": 5, "tags": "seen"}, {"id": 20, "revision": 1, "tags": "seen"}]},
        lambda other: change(other, 4, title="Renamed"),
        "work_item_4",
    ),
    "change_work_item_type": (
        dict(TOOLS["change_work_item_type"].examples[0]), rename_area, "area"
    ),
    "apply_work_item_template": (
        dict(TOOLS["apply_work_item_template"].examples[0]), change_template, "changes_sha256"
    ),
    "delete_work_item": ({"id": 4}, lambda other: change(other, 4, title="Renamed"), "title"),
    "restore_work_item": ({"id": 900}, delete_again, "deleted_by"),
    "update_work_item_comment": (dict(TOOLS["update_work_item_comment"].examples[0]), edit_comment, "text"),
    "delete_work_item_comment": (dict(TOOLS["delete_work_item_comment"].examples[0]), edit_comment, "version"),
    "create_work_item": (
        {"type": "Task", "title": "The gate is open", "parent": 5},
        lambda other: change(other, 5, title="Renamed"),
        "parent_title",
    ),
    "update_pull_request": (
        {"id": 15, "title": "Mine"},
        lambda other: change_pull_request(other, title="Renamed"),
        "title",
    ),
    "create_pull_request": (
        {
            "repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Rota",
            "work_items": [4],
        },
        lambda other: change(other, 4, title="Renamed"),
        "work_item_4",
    ),
    "create_branch": (
        {"repository": "docs", "branch": "feature/later", "source": "main"},
        push_to_docs,
        "commit",
    ),
    "create_tag": (
        {"repository": "docs", "tag": "later", "source": "main"},
        push_to_docs,
        "commit",
    ),
    "push_changes": (
        dict(TOOLS["push_changes"].examples[0]),
        lambda other: rename(other, 16),
        "open_pull_requests",
    ),
    "delete_branch": (
        dict(TOOLS["delete_branch"].examples[0]),
        lambda other: TOOLS["update_pull_request"].call_sync(other, id=16, title="Renamed"),
        "open_pull_requests",
    ),
    "comment_on_pull_request": (
        dict(TOOLS["comment_on_pull_request"].examples[0]), lambda other: rename(other, 15), "title"
    ),
    "reply_to_thread": (dict(TOOLS["reply_to_thread"].examples[0]), reply, "discussion"),
    "set_thread_status": (
        {"id": 9, "thread": 16, "status": "fixed"}, reply, "discussion"
    ),
    "set_reviewers": (dict(TOOLS["set_reviewers"].examples[0]), lambda other: rename(other, 16), "title"),
    "vote_on_pull_request": (dict(TOOLS["vote_on_pull_request"].examples[0]), lambda other: rename(other, 16), "title"),
    "label_pull_request": (dict(TOOLS["label_pull_request"].examples[0]), lambda other: rename(other, 9), "title"),
    "link_work_items": (
        dict(TOOLS["link_work_items"].examples[0]), lambda other: change(other, 8, title="Renamed"), "work_item_8"
    ),
    "add_work_item_links": (
        dict(TOOLS["add_work_item_links"].examples[0]), lambda other: change(other, 5, title="Renamed"), "new_1"
    ),
    "remove_work_item_links": (
        dict(TOOLS["remove_work_item_links"].examples[0]), lambda other: change(other, 17, title="Renamed"), "old_1"
    ),
    "create_child_work_items": (
        dict(TOOLS["create_child_work_items"].examples[0]), lambda other: change(other, 8, title="Renamed"),
        "parent_title"
    ),
    "complete_pull_request": (
        dict(TOOLS["complete_pull_request"].examples[0]), lambda other: rename(other, 15), "title"
    ),
    "set_auto_complete": (dict(TOOLS["set_auto_complete"].examples[0]), lambda other: rename(other, 7), "title"),
    "abandon_pull_request": ({"id": 7}, lambda other: rename(other, 7), "title"),
    "reactivate_pull_request": ({"id": 6}, lambda other: rename(other, 6), "title"),
    "publish_pull_request": ({"id": 17}, lambda other: rename(other, 17), "title"),
    **{
        name: (dict(TOOLS[name].examples[0]), push_to_docs, "onto_commit")
        for name in ("cherry_pick", "revert")
    },
    "create_pipeline": (dict(TOOLS["create_pipeline"].examples[0]), push_to_docs, "commit"),
    "rename_pipeline": (
        dict(TOOLS["rename_pipeline"].examples[0]),
        lambda other: update_pipeline(other, "docs-publish", status="paused"),
        "revision",
    ),
    "update_pipeline": (
        dict(TOOLS["update_pipeline"].examples[0]),
        lambda other: update_pipeline(other, "nightly-soak", folder="night"),
        "revision",
    ),
    "run_pipeline": (
        {"pipeline": "2"},
        lambda other: TOOLS["rename_pipeline"].call_sync(other, pipeline="2", name="renamed"),
        "pipeline",
    ),
    "cancel_build": ({"build": 38}, lambda other: rename_pipeline_of(other, 38), "pipeline"),
    "retry_stage": (
        dict(TOOLS["retry_stage"].examples[0]), lambda other: rename_pipeline_of(other, 35), "pipeline"
    ),
    "tag_build": (
        dict(TOOLS["tag_build"].examples[0]),
        lambda other: TOOLS["tag_build"].call_sync(other, build=35, add=["seen"]),
        "tags",
    ),
    "upload_attachment": (
        dict(TOOLS["upload_attachment"].examples[0]),
        lambda other: (other.files.folder / "trace.txt").write_text("another\n"),
        "sha256",
    ),
    "create_iteration": (
        dict(TOOLS["create_iteration"].examples[0]),
        lambda other: TOOLS["create_iteration"].call_sync(
            other, name="Sprint 45", start="2026-12-28", finish="2027-01-08"
        ),
        "iterations_there",
    ),
    "assign_iteration": (dict(TOOLS["assign_iteration"].examples[0]), rename_sprint, "iteration"),
    "assign_area": (dict(TOOLS["assign_area"].examples[0]), rename_area, "area"),
    "move_card": (dict(TOOLS["move_card"].examples[0]), rename_area, "area"),
    "decide_approval": (
        dict(TOOLS["decide_approval"].examples[0]), lambda other: rename_pipeline_of(other, 38), "pipeline"
    ),
    "create_wiki_page": (
        dict(TOOLS["create_wiki_page"].examples[0]), lambda other: add_page(other, "/On-call/Absences"), "pages_beside"
    ),
    "update_wiki_page": (dict(TOOLS["update_wiki_page"].examples[0]), edit_page_twice, "last_change"),
    "move_wiki_page": (
        dict(TOOLS["move_wiki_page"].examples[0]), lambda other: add_page(other, "/Label printers/Paper"), "moves_along"
    ),
}  # fmt: skip


def model(*turns):
    return ScriptedModel(steps=[turn if isinstance(turn, list) else [turn] for turn in turns])


@pytest.fixture
def investigate(toolkit, tmp_path):
    return lambda *turns: open_investigator(model(*turns), toolkit, path=tmp_path / "threads.sqlite")


def comments(organization, number=4):
    [item] = [item for item in organization.work_items if item.id == number]
    return [comment for comment in item.comments if "Noted." in comment.text]


def titles(organization):
    return [item.title for item in organization.work_items if "gate" in item.title.lower()]


def texts(investigator):
    return "\n".join(str(message.content) for message in investigator.state("t")["messages"])


def test_every_tool_that_writes_is_tested():
    assert set(CHANGES) == {name for name, tool in TOOLS.items() if tool.access == "write"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_between_view_and_write_is_asked_again_with_the_difference(investigate, organization, other, name):
    arguments, meanwhile, changed = CHANGES[name]
    if name == "update_work_item":
        arguments = {**arguments, "revision": TOOLS["get_work_item"].call_sync(other, ids=[4]).revision}
    with investigate(Call.to(name, **arguments), REPORT) as investigator:
        first = asked(investigator.ask("t", "Do it."))
        [shown] = first.views
        assert shown["outdated"] == []
        meanwhile(other)
        before = organization.clock.now()
        events = answer(investigator, first, YES)
        second = asked(events)
        [view] = second.views
        assert organization.clock.now() == before, "something was written"
        assert not [event for event in events if isinstance(event, ReportReady)]
        assert second.interrupt_id != first.interrupt_id
        assert view["arguments"] == shown["arguments"]
        assert view["digest"] != shown["digest"]
        [found] = [entry for entry in view["outdated"] if entry["name"] == changed]
        assert (found["shown"], found["now"]) == (shown["current"][changed], view["current"][changed])
        assert f"so it was not written: {changed}" in view["description"]
        assert answer(investigator, first, YES) == [], "a yes to the outdated view"
        assert questions(answer(investigator, second, NO)) == []
        assert organization.clock.now() == before
        assert "A person said no: not this one" in texts(investigator)


def test_a_yes_to_the_present_state_writes_once(investigate, organization, other):
    with investigate(COMMENT, REPORT) as investigator:
        first = asked(investigator.ask("t", "Do it."))
        change(other, 4, title="Renamed")
        second = asked(answer(investigator, first, YES))
        events = answer(investigator, second, YES)
        report = report_of(events)
    assert len(comments(organization)) == 1
    assert report["coverage"]["written"]
    assert "not_written" not in report["coverage"]


def test_the_other_approved_writes_of_the_turn_go_on_and_happen_once(investigate, organization, other):
    with investigate([COMMENT, BUG], REPORT) as investigator:
        both = asked(investigator.ask("t", "Do both."))
        change(other, 4, title="Renamed")
        again = asked(answer(investigator, both, YES, YES))
        assert [view["tool"] for view in again.views] == ["add_work_item_comment"]
        assert titles(organization) == ["The gate is open"]
        answer(investigator, again, YES)
    assert titles(organization) == ["The gate is open"]
    assert len(comments(organization)) == 1


@pytest.mark.parametrize("last", [YES, NO], ids=["yes", "no"])
def test_evidence_ids_have_no_gap_whatever_becomes_of_an_outdated_write(investigate, other, last):
    with investigate([COMMENT, BUG], Call.to("list_pipelines"), REPORT) as investigator:
        both = asked(investigator.ask("t", "Do both."))
        change(other, 4, title="Renamed")
        answer(investigator, asked(answer(investigator, both, YES, YES)), last)
        evidence = investigator.state("t")["evidence"]
    assert {name: entry["tool"] for name, entry in evidence.items()} == {
        "E1": "add_work_item_comment", "E2": "create_work_item", "E3": "list_pipelines",
    }  # fmt: skip


def test_two_outdated_writes_of_a_turn_are_asked_about_together_also_with_an_edit(investigate, organization, other):
    second_comment = Call.to("add_work_item_comment", id=5, text="Noted.")
    with investigate([COMMENT, second_comment], REPORT) as investigator:
        both = asked(investigator.ask("t", "Do both."))
        change(other, 4, title="Renamed")
        change(other, 5, title="Renamed as well")
        again = asked(answer(investigator, both, YES, YES))
        assert [view["arguments"]["id"] for view in again.views] == [4, 5]
        changed = edit("add_work_item_comment", id=5, text="Noted. And checked.")
        third = asked(answer(investigator, again, YES, changed))
        assert [view["edited"] for view in third.views] == [True]
        assert (comments(organization), comments(organization, 5)) == ([], [])
        assert questions(answer(investigator, third, YES)) == []
    assert len(comments(organization)) == 1
    assert len(comments(organization, 5)) == 1


def test_a_state_that_changes_each_time_ends_as_a_refusal(investigate, organization, other):
    with investigate(COMMENT, REPORT) as investigator:
        found = questions(investigator.ask("t", "Do it."))
        times = 0
        while found:
            times += 1
            change(other, 4, title=f"Title {times}")
            found = questions(answer(investigator, found[0], YES))
        assert times == 3
        assert "StateChanged" in texts(investigator)
    assert comments(organization) == []


def test_a_write_whose_item_cannot_be_read_is_refused_and_nobody_is_asked(investigate):
    with investigate(Call.to("add_work_item_comment", id=4711, text="Noted."), REPORT) as investigator:
        assert questions(investigator.ask("t", "Do it.")) == []
        assert "NotFound" in texts(investigator)


async def test_without_blocking_and_without_an_investigator(toolkit, organization, other):
    """A LangGraph server has no investigator."""
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(model(COMMENT, REPORT), toolkit, checkpointer=saver)
    state = await graph.ainvoke({"messages": [("user", "Do it.")]}, config)
    [first] = state["__interrupt__"]
    change(other, 4, title="Renamed")
    state = await graph.ainvoke(Command(resume={first.id: {"decisions": [YES]}}), config)
    [second] = state["__interrupt__"]
    assert [entry["name"] for entry in second.value["views"][0]["outdated"]] == ["title"]
    assert comments(organization) == []
    state = await graph.ainvoke(Command(resume={first.id: {"decisions": [YES]}}), config)
    assert comments(organization) == [], "a yes to the outdated view"
    await graph.ainvoke(Command(resume={second.id: {"decisions": [YES]}}), config)
    assert len(comments(organization)) == 1


@pytest.mark.parametrize("digest", ["of the first view", ""])
async def test_an_answer_may_name_the_view_that_it_is_for_and_counts_for_no_other(toolkit, organization, digest):
    """A front end without ids of interrupts answers whatever waits."""
    saver, config = InMemorySaver(), {"configurable": {"thread_id": "t"}}
    graph = build_graph(model(COMMENT, REPORT), toolkit, checkpointer=saver)
    state = await graph.ainvoke({"messages": [("user", "Do it.")]}, config)
    state = await graph.ainvoke(Command(resume={"decisions": [{**YES, "digest": digest}]}), config)
    [again] = state["__interrupt__"]
    assert "for another view" in again.value["problem"]
    assert comments(organization) == []
    given = {**YES, "digest": again.value["views"][0]["digest"]}
    await graph.ainvoke(Command(resume={"decisions": [given]}), config)
    assert len(comments(organization)) == 1


def test_the_answer_is_about_the_stored_view_and_not_about_what_is_read_when_it_comes(toolkit, other, tmp_path):
    """The approve node runs again with the answer; the state must not be read anew there."""
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as first:
        question = asked(first.ask("t", "Do it."))
    change(other, 4, title="Renamed")
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as second:
        again = second.pending("t")
        assert again.request == question.request
        [shown] = asked(answer(second, again, YES)).views
        assert [entry["name"] for entry in shown["outdated"]] == ["title"]


def test_what_was_not_sent_is_on_record(toolkit, investigate, other, tmp_path):
    toolkit.client.audit = AuditLog(tmp_path / "audit.jsonl")
    with investigate(COMMENT, REPORT) as investigator:
        first = asked(investigator.ask("t", "Do it."))
        change(other, 4, title="Renamed")
        second = asked(answer(investigator, first, YES))
        answer(investigator, second, YES)
    entries = [entry for entry in read_entries(toolkit.client.audit.path) if entry.event != "read"]
    assert [entry.event for entry in entries] == ["approved", "granted", "failed", "approved", "granted", "written"]
    states = [entry.details["state"] for entry in entries if entry.event == "approved"]
    assert states == [first.views[0]["state"], second.views[0]["state"]]


def retitle(organization, title):
    """Give work item 4 a title that this client would not write."""
    [item] = [item for item in organization.work_items if item.id == 4]
    item.revision.fields["System.Title"] = title


@pytest.fixture
def restart(server):
    """Connect as another process does: its pseudonyms are others."""
    made = []

    def connect():
        given = {"base_url": server.base_url, "pat": "full-access-token", "default_project": "Platform"}
        made.append(AzureDevOpsToolkit.connect(**given))
        return made[-1]

    yield connect
    for toolkit in made:
        toolkit.client.close()


def test_after_a_restart_a_secret_in_the_state_is_asked_once_more_and_not_called_changed(
    toolkit, restart, organization, tmp_path
):
    retitle(organization, "password=Zx9kQ2mW7vB4nT6y for the rota")
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        list(investigator.ask("t", "Do it."))
    with open_investigator(model(COMMENT, REPORT), restart(), path=path) as investigator:
        first = investigator.pending("t")
        again = asked(answer(investigator, first, YES))
        assert [(entry["name"], entry["comparable"]) for entry in again.views[0]["outdated"]] == [("title", False)]
        assert comments(organization) == []
        assert questions(answer(investigator, again, YES)) == []
    assert len(comments(organization)) == 1
    assert b"Zx9kQ2mW7vB4nT6y" not in path.read_bytes()


def test_after_a_restart_a_change_beside_a_secret_is_marked(toolkit, restart, organization, tmp_path):
    retitle(organization, "password=Zx9kQ2mW7vB4nT6y for the rota")
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        list(investigator.ask("t", "Do it."))
    retitle(organization, "password=Zx9kQ2mW7vB4nT6y for nobody")
    with open_investigator(model(COMMENT, REPORT), restart(), path=path) as investigator:
        first = investigator.pending("t")
        again = asked(answer(investigator, first, YES))
        assert [(entry["name"], entry["comparable"]) for entry in again.views[0]["outdated"]] == [("title", True)]
    assert comments(organization) == []


def test_a_secret_that_is_learned_after_the_view_asks_nobody_again(toolkit, organization, investigate):
    retitle(organization, "Deploy with Zx9kQ2mW7vB4nT6y")
    with investigate(COMMENT, REPORT) as investigator:
        question = asked(investigator.ask("t", "Do it."))
        toolkit.client.secrets.learn("Zx9kQ2mW7vB4nT6y", "password")
        assert questions(answer(investigator, question, YES)) == []
    assert len(comments(organization)) == 1


# -- real processes --------------------------------------------------------------------------------------------------

PROCESS = """
import os, signal, sys
from pathlib import Path
from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops import AzureDevOpsToolkit

url, path, role = sys.argv[1:]

def die(*_given):
    os.kill(os.getpid(), signal.SIGKILL)

if role == "approved":
    WriteJournal.begin = die
elif role == "compared":
    real = WriteJournal.finish
    def finish(*given):
        real(*given)
        die()
    WriteJournal.finish = finish
steps = [
    [Call.to("add_work_item_comment", id=4, text="Noted.")],
    [Call.to("write_report", answer="Done.", verdict="answered")],
]
toolkit = AzureDevOpsToolkit.connect(base_url=url, pat="full-access-token", default_project="Platform")
with open_investigator(ScriptedModel(steps=steps), toolkit, path=Path(path)) as investigator:
    wait = investigator.pending("t")
    print("ready", flush=True)
    sys.stdin.readline()
    events = list(investigator.answer("t", wait.interrupt_id, {"decisions": [{"type": "approve"}]}))
    print(len([event for event in events if isinstance(event, ApprovalAsked)]))
"""


def started(server, path, role):
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), server.base_url, str(path), role]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def wait_for_view(process):
    assert process.stdout.readline().strip() == "ready"


def let_answer(process):
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.parametrize("point", ["approved", "compared"])
def test_a_process_that_dies_after_the_answer_leaves_a_write_that_is_asked_again(
    toolkit, server, organization, other, tmp_path, point
):
    """`approved` dies before the write begins, `compared` after the difference was found and stored."""
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        list(investigator.ask("t", "Do it."))
    if point == "compared":
        change(other, 4, title="Renamed")
    killed = started(server, path, point)
    wait_for_view(killed)
    let_answer(killed)
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    if point == "approved":
        change(other, 4, title="Renamed")
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        again = asked(investigator.resume("t"))
        assert [entry["name"] for entry in again.views[0]["outdated"]] == ["title"]
        assert comments(organization) == []
        answer(investigator, again, YES)
    assert len(comments(organization)) == 1


def test_two_processes_that_answer_an_outdated_view_write_nothing_and_ask_once(
    toolkit, server, organization, other, tmp_path
):
    path = tmp_path / "threads.sqlite"
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        list(investigator.ask("t", "Do it."))
    clients = [started(server, path, "answers") for _ in range(2)]
    for client in clients:
        # Both have seen the first view before one of them answers.
        wait_for_view(client)
    change(other, 4, title="Renamed")
    for client in clients:
        let_answer(client)
    asked = sorted(int(client.communicate(timeout=120)[0]) for client in clients)
    assert [client.returncode for client in clients] == [0, 0]
    assert asked == [0, 1]
    assert comments(organization) == []
    with open_investigator(model(COMMENT, REPORT), toolkit, path=path) as investigator:
        assert investigator.pending("t") is not None
