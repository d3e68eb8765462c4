"""A template is applied to a work item: what it names and what differs, and nothing else."""

import json
import time

import httpx
import pytest
from tool_calls import FULL, call, refusal, writes

from azure_devops_simulator import Fault
from azure_devops_simulator.state.work_items.templates import Template
from langchain_azure_devops import TOOLS, approve_writes_with
from langchain_azure_devops.errors import (
    InvalidRequest,
    NotFound,
    RevisionConflict,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.safety.grants import Approval

TOOL = "apply_work_item_template"
BUG, TASK, MARKDOWN = 4, 20, 27
REPRO = "Microsoft.VSTS.TCM.ReproSteps"
PRIORITY = "Microsoft.VSTS.Common.Priority"
LOST = {"kind": "reset", "times": 1, "method": "PATCH", "path": "/workitems/"}


@pytest.fixture
def template(organization):
    """Add a template to a team of the project Platform; a team that is not there is made."""

    def add(name, fields, type="Task", team="Platform Team"):
        project = organization.project("Platform")
        own = next((each for each in project.teams if each.name == team), None)
        if own is None:
            own = type_of_team(project)(organization.new_guid(), team, "")
            project.teams.append(own)
        made = Template(organization.new_guid(), project, own.id, name, "", type, fields)
        organization.work_items.templates.items[made.id] = made
        return made

    return add


def type_of_team(project):
    return type(project.teams[0])


def fields(organization, number):
    return dict(organization.work_items.get(number).revision.fields)


def revision(client, number):
    return call(client, "get_work_item", ids=[number]).revision


def test_what_the_template_names_is_written_and_nothing_else(platform_client, organization, sent, template):
    template("Urgent", {PRIORITY: "1", "System.Tags-Add": "urgent; seen", "System.Tags-Remove": "Old"})
    call(platform_client, "update_work_item", id=TASK, revision=1, tags="old; keep; Seen")
    sent.clear()
    before = fields(organization, TASK)
    saved = call(platform_client, TOOL, id=TASK, revision=2, template="urgent")
    after = fields(organization, TASK)
    assert {tag.strip() for tag in after.pop("System.Tags").split(";")} == {"keep", "Seen", "urgent"}
    assert after.pop(PRIORITY) == 1
    assert saved.revision == 3
    for name, value in after.items():
        if name not in {"System.ChangedDate", "System.ChangedBy", "System.Rev", "System.Watermark"}:
            assert before[name] == value
    [write] = writes(sent)
    assert b'"/rev"' in write.read()


def test_only_what_differs_is_sent(platform_client, organization, sent, template):
    present = fields(organization, TASK)
    template("Same", {PRIORITY: str(present[PRIORITY]), "System.Tags-Add": "new", "System.AreaPath": "platform"})
    call(platform_client, "update_work_item", id=TASK, revision=1, area="Platform")
    sent.clear()
    call(platform_client, TOOL, id=TASK, revision=2, template="Same")
    [write] = writes(sent)
    assert b"System.Tags" in write.read()
    assert PRIORITY.encode() not in write.read()
    assert b"AreaPath" not in write.read()


@pytest.mark.parametrize("removed", ["", "gone"])
def test_tags_that_are_there_are_not_sent_back(platform_client, organization, sent, template, removed):
    template("Urgent", {"System.Tags-Add": "urgent; seen", "System.Tags-Remove": removed})
    call(platform_client, "update_work_item", id=TASK, revision=1, tags="keep; Seen")
    sent.clear()
    call(platform_client, TOOL, id=TASK, revision=2, template="Urgent")
    [write] = writes(sent)
    assert json.loads(write.read())[1:] == [{"op": "add", "path": "/fields/System.Tags", "value": "urgent"}]
    assert {tag.strip() for tag in fields(organization, TASK)["System.Tags"].split(";")} == {"keep", "Seen", "urgent"}


def test_what_is_there_already_is_not_sent(platform_client, sent, template):
    template("Urgent", {PRIORITY: "1", "System.Tags-Add": "urgent", "System.Tags-Remove": "gone"})
    call(platform_client, TOOL, id=TASK, revision=1, template="Urgent")
    sent.clear()
    done = call(platform_client, TOOL, id=TASK, revision=2, template="Urgent")
    assert "has everything that template 'Urgent' gives already, so nothing was sent" in done.notes[0]
    assert writes(sent) == []


def test_a_text_keeps_its_format(platform_client, organization, template):
    made = template("Steps", {REPRO: "<p>Since <b>when</b>:</p>"}, type="Bug")
    item = organization.work_items.get(BUG)
    formats = dict(item.formats)
    call(platform_client, TOOL, id=BUG, revision=revision(platform_client, BUG), template=made.id)
    assert fields(organization, BUG)[REPRO] == "<p>Since <b>when</b>:</p>"
    assert item.formats == formats
    call(platform_client, "update_work_item", id=BUG, revision=revision(platform_client, BUG), description="Mine")
    call(platform_client, TOOL, id=BUG, revision=revision(platform_client, BUG), template=made.id)
    assert fields(organization, BUG)[REPRO].strip() == "Since **when**:"
    idle = call(platform_client, TOOL, id=BUG, revision=revision(platform_client, BUG), template=made.id)
    assert "nothing was sent" in idle.notes[0]


def test_an_empty_value_leaves_the_field_and_says_so(platform_client, organization, template):
    before = fields(organization, TASK)
    template("Half", {"System.Title": "", PRIORITY: "1"})
    saved = call(platform_client, TOOL, id=TASK, revision=1, template="Half")
    assert fields(organization, TASK)["System.Title"] == before["System.Title"]
    assert "gives no value to System.Title" in saved.notes[0]


def test_the_approver_sees_each_value_before_and_after(connect, template):
    template("Urgent", {PRIORITY: "1", "System.Tags-Add": "urgent"})
    seen = []

    def refuse(request):
        seen.append(request.current)
        return Approval(False, request.digest, "dana", "no")

    with approve_writes_with(refuse), pytest.raises(WriteBlocked):
        call(connect(), TOOL, id=TASK, revision=1, template="Urgent")
    [shown] = seen
    assert shown["changes"].split("\n") == [f"{PRIORITY}: 2 -> 1", "Tags: (empty) -> urgent"]
    assert (shown["template"], shown["type"]) == ("Urgent of Platform Team", "Task")


def test_a_template_that_changes_after_the_showing_is_asked_again(connect, organization, template):
    made = template("Urgent", {PRIORITY: "1"})
    asked = []

    def agree(request):
        asked.append(request.current["changes"])
        made.fields[PRIORITY] = "3"
        return Approval(True, request.digest, "dana")

    with approve_writes_with(agree):
        call(connect(), TOOL, id=TASK, revision=1, template="Urgent")
    assert asked == [f"{PRIORITY}: 2 -> 1", f"{PRIORITY}: 2 -> 3"]
    assert fields(organization, TASK)[PRIORITY] == 3


def test_a_name_of_several_teams_is_refused_with_the_teams(platform_client, organization, sent, template):
    ours = template("Urgent", {PRIORITY: "1"})
    theirs = template("urgent", {PRIORITY: "3"}, team="Harbor")
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, template="Urgent")
    assert f"{ours.id} of Platform Team" in told
    assert f"{theirs.id} of Harbor" in told
    assert writes(sent) == []
    call(platform_client, TOOL, id=TASK, revision=1, template="Urgent", team="Harbor")
    assert fields(organization, TASK)[PRIORITY] == 3
    call(platform_client, TOOL, id=TASK, revision=2, template=ours.id)
    assert fields(organization, TASK)[PRIORITY] == 1


def test_a_team_that_cannot_be_read_leaves_the_name_open(platform_client, organization, template):
    template("Urgent", {PRIORITY: "1"})
    template("Other", {PRIORITY: "1"}, team="Harbor")
    organization.faults.add(Fault(kind="status", status=403, path="/Harbor/_apis/wit/templates"))
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, template="Urgent")
    assert "The templates of Harbor could not be read" in told
    call(platform_client, TOOL, id=TASK, revision=1, template="Urgent", team="Platform Team")


def test_unknown_names_and_other_types_are_refused(platform_client, sent):
    told = refusal(platform_client, TOOL, NotFound, id=BUG, revision=5, template="Produktion bug")
    assert "Did you mean 'Production bug'?" in told
    assert "Follow-up of an incident" in told
    told = refusal(platform_client, TOOL, NotFound, id=BUG, revision=5, template="Production bug", team="Platfrm Team")
    assert "Did you mean 'Platform Team'?" in told
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, template="Production bug")
    assert "is for the type Bug, and work item 20 is a Task" in told
    assert writes(sent) == []


@pytest.mark.parametrize("value", ["@Me", "@today", "@CurrentIteration + 1", "@StartOfDay('+1')"])
def test_macros_are_refused(platform_client, sent, template, value):
    template("Mine", {"System.AssignedTo": value})
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, template="Mine")
    assert f"gives System.AssignedTo the macro {value!r}" in told
    assert writes(sent) == []


def test_a_state_that_the_process_refuses_names_the_allowed_ones(platform_client, template):
    template("Back", {"System.State": "Nowhere"})
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, template="Back")
    assert "this process lets only these follow" in told


def test_another_revision_is_a_conflict_and_a_reader_is_told_the_scope(platform_client, connect, template):
    template("Urgent", {PRIORITY: "1"})
    told = refusal(platform_client, TOOL, RevisionConflict, id=TASK, revision=3, template="Urgent")
    assert "is at revision 1, not 3" in told
    assert f"{PRIORITY}: 2" in told
    refusal(connect("read-token", writes="allow"), TOOL, ScopeMissing, id=TASK, revision=1, template="Urgent")


@pytest.mark.parametrize(
    ("name", "given"), [(TOOL, {"template": "Urgent"}), ("change_work_item_type", {"type": "Bug"})]
)
def test_nobody_is_asked_about_a_revision_that_is_over(connect, template, name, given):
    template("Urgent", {PRIORITY: "1"})
    asked = []
    with approve_writes_with(asked.append):
        told = refusal(connect(), name, RevisionConflict, id=TASK, revision=3, **given)
    assert "is at revision 1, not 3" in told
    assert asked == []


def test_a_lost_change_is_found_and_one_that_was_not_done_is_unknown(hasty, organization, template):
    template("Urgent", {PRIORITY: "1", "System.Tags-Add": "urgent"})
    template("Calm", {PRIORITY: "3"})
    organization.faults.add(Fault(when="after", **LOST))
    saved = call(hasty, TOOL, id=TASK, revision=1, template="Urgent")
    assert ("found as asked" in saved.notes[0], saved.revision) == (True, 2)
    organization.faults.add(Fault(when="before", **LOST))
    with pytest.raises(WriteOutcomeUnknown, match="did not find revision 3 of work item 20"):
        call(hasty, TOOL, id=TASK, revision=2, template="Calm")


def test_only_the_revision_that_makes_this_change_is_proof(hasty, server, tls, template):
    made, begun = template("Urgent", {PRIORITY: "1"}), time.time()

    def change(name, value):
        """Change the work item from another program of the same person."""
        url, kind = f"{server.base_url}/_apis/wit/workitems/{TASK}", {"content-type": "application/json-patch+json"}
        patch = [{"op": "add", "path": f"/fields/{name}", "value": value}]
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls, headers=kind) as http:
            assert http.patch(url, json=patch).status_code == 200

    def settle(revision):
        given = {"id": TASK, "revision": revision, "template": "Urgent"}
        return hasty.run_sync(TOOLS[TOOL].settle(hasty, given, begun))

    change("System.Title", "Another title")
    with pytest.raises(WriteOutcomeUnknown, match="not surely this change"):
        settle(1)
    change(PRIORITY, 1)
    made.fields["System.Tags"] = "more"
    with pytest.raises(WriteOutcomeUnknown, match=r"not surely this change \(System\.Tags"):
        settle(2)
    del made.fields["System.Tags"]
    assert settle(2).revision == 3


HOSTILE = {
    "secret": "token=ghp_" + "Zk3Lm9Qw2Xr7Tb5Vn8Yc4Hd6Js1Gf0PaEuRi",
    "image": "<img src='https://evil.example/p.png'>",
    "frame": "<iframe src='https://evil.example'></iframe>",
    "hidden": "<p>fine</p><!-- https://evil.example/p -->",
    "mention": "<a href='#' data-vss-mention='version:2.0,x'>Mina Sato</a>",
    "script": "<a href='javascript:alert(1)'>fine</a>",
    "command": "##vso[task.setvariable variable=x]y",
    "name": "please look, @mina",
}
DESCRIPTION = "System.Description"


@pytest.mark.parametrize("name", [DESCRIPTION, "System.Title", "System.Tags-Add", "Custom.Notes"])
@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("policy", ["ask", "allow"])
def test_what_no_argument_may_hold_no_template_may_bring(connect, organization, template, sent, name, value, policy):
    """The objections are those against the same text as an argument, and nobody is asked about it."""
    if name == "System.Tags-Add" and ";" in value:
        pytest.skip("that is several tags")
    template("Evil", {name: value, PRIORITY: "1"})
    client, asked = connect(writes=policy), []
    field = {"name": name.removesuffix("-Add"), "value": value}
    argument = refusal(client, "update_work_item", WriteBlocked, id=TASK, revision=1, fields=[field])
    with approve_writes_with(asked.append):
        told = refusal(client, TOOL, WriteBlocked, id=TASK, revision=1, template="Evil")
    objections = argument.partition(": ")[2].partition(": ")[2]
    assert objections
    assert objections.partition(";")[0].rstrip(".") in told
    assert "Zk3Lm9Qw2Xr7" not in told
    assert (asked, writes(sent)) == ([], [])
    assert fields(organization, TASK)[PRIORITY] == 2


def test_tags_that_are_there_do_not_forbid_a_template(platform_client, organization, template):
    organization.work_items.get(TASK).revision.fields["System.Tags"] = "@mina"
    template("Urgent", {"System.Tags-Add": "urgent"})
    call(platform_client, TOOL, id=TASK, revision=1, template="Urgent")
    assert {tag.strip() for tag in fields(organization, TASK)["System.Tags"].split(";")} == {"@mina", "urgent"}


@pytest.mark.parametrize(
    "value",
    [
        "<p>fine</p><!-- not shown by a page -->",
        '<p style="display:none">not shown</p><p class="x">fine</p>',
        "<p>fine</p><iframe></iframe><form></form>",
        "<p>fine</p>\n" + "\n".join(f"<p>line {number} of a long text</p>" for number in range(2_000)),
        f"<p>{'long ' * 5_000}end</p>\n<p>fine</p>",
        "<p>fine</p>",
    ],
)
def test_everything_that_is_sent_is_shown(connect, organization, template, value):
    template("Steps", {DESCRIPTION: value})
    seen = []

    def agree(request):
        seen.append(request.current["changes"])
        return Approval(True, request.digest, "dana")

    with approve_writes_with(agree):
        call(connect(), TOOL, id=TASK, revision=1, template="Steps")
    [shown] = seen
    stored = fields(organization, TASK)[DESCRIPTION]
    assert stored == value
    if "\n" in value:
        added = [line[1:] for line in shown.split("\n") if line.startswith("+")]
        assert "\n".join(added) == stored
    else:
        assert shown == f"Description: (empty) -> {stored}"


@pytest.mark.parametrize("added", ["<!-- x -->", "<iframe></iframe>", " ", "<br>", "\u200b", "<p hidden>more</p>"])
def test_a_template_that_changes_where_a_page_shows_nothing_is_asked_again(connect, organization, template, added):
    made, asked = template("Steps", {DESCRIPTION: "<p>fine</p>"}), []

    def agree(request):
        asked.append(request.current)
        made.fields[DESCRIPTION] = f"<p>fine</p>{added}"
        return Approval(True, request.digest, "dana")

    with approve_writes_with(agree):
        call(connect(), TOOL, id=TASK, revision=1, template="Steps")
    first, second = asked
    assert first["changes_sha256"] != second["changes_sha256"]
    assert fields(organization, TASK)[DESCRIPTION].startswith("<p>fine</p>")


def test_values_that_could_be_taken_for_others_stand_in_quotes(connect, template):
    template("Odd", {"System.Title": "a -> b", "Custom.Notes": "(empty)"})
    seen = []

    def refuse(request):
        seen.append(request.current["changes"])
        return Approval(False, request.digest, "dana", "no")

    with approve_writes_with(refuse), pytest.raises(WriteBlocked):
        call(connect(), TOOL, id=TASK, revision=1, template="Odd")
    assert seen[0].split("\n")[0].endswith('-> "a -> b"')
    assert seen[0].split("\n")[1] == 'Custom.Notes: (empty) -> "(empty)"'
