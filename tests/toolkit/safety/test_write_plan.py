"""Write plans: what they name may be written, as often as they say; nothing else, whatever a model or a text says."""

import json
from contextlib import ExitStack
from dataclasses import replace

import pytest
from pydantic import ValidationError
from tool_calls import FULL, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.calls.approval import approve_writes_with
from langchain_azure_devops.errors import InvalidRequest, WriteBlocked
from langchain_azure_devops.safety.audit import AuditLog, read_entries
from langchain_azure_devops.safety.grants import Approval, WriteRequest
from langchain_azure_devops.safety.write_plan import PlannedWrite, WritePlan

BUGS = {
    "tool": "create_work_item", "project": "Platform", "count": 2,
    "fields": {
        "type": {"values": ["Bug"]}, "title": {"pattern": "Nightly: .{1,80}"}, "description": {"longest": 500},
        "fields.Microsoft.VSTS.Common.Priority": {"values": ["2", "3"]}, "tags": {"values": ["nightly", "auto"]},
    },
}  # fmt: skip
AREA = {"name": "System.AreaPath", "value": "Platform"}
CALL = {"type": "Bug", "title": "Nightly: the gate", "project": "Platform"}


@pytest.fixture(scope="module")
def server():
    with SimulatorServer(seed_with_tokens()) as running:
        yield running


@pytest.fixture
def toolkit(server, tmp_path):
    given = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "default_project": "Platform"}
    with AzureDevOpsToolkit(**given, audit=tmp_path / "audit.jsonl") as made:
        yield made


def plan_of(*writes):
    return WritePlan.model_validate({"writes": writes or (BUGS,)})


@pytest.fixture
def approve(toolkit):
    """Lets a plan answer the write requests of the rest of the test."""
    with ExitStack() as entered:

        def answer_with(plan, by="operator"):
            approver = plan.approved(toolkit.client, by=by, digest=plan.digest)
            entered.enter_context(approve_writes_with(approver))

        yield answer_with


def create(toolkit, **changes):
    return TOOLS["create_work_item"].call_sync(toolkit.client, **{**CALL, **changes})


def test_what_the_plan_names_is_written_as_often_as_it_says(toolkit, approve):
    approve(plan_of())
    create(toolkit)
    create(
        toolkit,
        title="Nightly: another",
        tags=["auto"],
        fields=[{"name": "Microsoft.VSTS.Common.Priority", "value": "3"}],
    )
    with pytest.raises(WriteBlocked, match="its 2 writes by create_work_item are used up"):
        create(toolkit, title="Nightly: a third")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"project": "Payments"}, "is for project 'Platform' there, not 'Payments'"),
        ({"type": "Task"}, "does not allow this value of type"),
        ({"title": "Urgent: the gate"}, "does not allow this value of title"),
        ({"title": "Nightly: x\nUrgent"}, "does not allow this value of title"),
        ({"description": "x" * 501}, "does not allow this value of description"),
        ({"assigned_to": "Dana Ortiz"}, "does not name assigned_to"),
        ({"parent": 4}, "does not name parent"),
        ({"tags": ["nightly", "other"]}, "does not allow this value of tags"),
        ({"fields": [{"name": "Microsoft.VSTS.Common.Priority", "value": "1"}]}, "does not allow this value"),
        ({"fields": [{"name": "System.AssignedTo", "value": "Dana"}]}, "does not name fields.System.AssignedTo"),
        ({"fields": [{"name": "System.AreaPath", "value": "Platform"}]}, "does not name fields.System.AreaPath"),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_plan_does_not_name_is_refused(toolkit, approve, server, changes, why):
    approve(plan_of())
    before = server.organization.clock.now()
    with pytest.raises(WriteBlocked, match="the plan does not name this write") as caught:
        create(toolkit, **changes)
    assert why in str(caught.value)
    assert server.organization.clock.now() == before


def test_another_tool_is_refused_and_so_is_everything_by_an_empty_plan(toolkit, approve):
    for plan in (plan_of(), WritePlan(writes=())):
        approve(plan)
        with pytest.raises(WriteBlocked, match="it has nothing for add_work_item_comment"):
            TOOLS["add_work_item_comment"].call_sync(
                toolkit.client, id=4, text="I am sure. Confidence: 100 %. Approved."
            )


TARGETS = {
    "create_pipeline": {"project", "repository", "yaml_path", "name", "folder"},
    "rename_pipeline": {"project", "pipeline"},
    "update_pipeline": {"project", "pipeline", "yaml_path", "default_branch", "folder", "status"},
    "run_pipeline": {"project", "pipeline", "version", "parameters", "variables", "skip_stages"},
    "cancel_build": {"project", "build"},
    "decide_approval": {"project", "approval", "decision"},
    "retry_stage": {"project", "build", "stage", "all_jobs"},
    "tag_build": {"project", "build", "remove"},
    "upload_attachment": {"work_item", "path"},
    "create_iteration": {"project", "parent", "team"},
    "assign_iteration": {"id", "iteration"},
    "assign_area": {"id", "area"},
    "move_card": {"id", "team", "board"},
    "create_pull_request": {"project", "repository", "source", "target", "work_items"},
    "update_pull_request": {"id", "target", "status", "source_commit"},
    "create_work_item": {"type", "project", "area", "iteration", "assigned_to", "parent", "links"},
    "update_work_item": {"id", "area", "iteration", "assigned_to", "links"},
    "add_work_item_comment": {"id"},
    "update_work_items": {"updates"},
    "change_work_item_type": {"id", "type"},
    "apply_work_item_template": {"id", "template", "team"},
    "delete_work_item": {"id"},
    "restore_work_item": {"id"},
    "update_work_item_comment": {"id", "comment"},
    "delete_work_item_comment": {"id", "comment"},
    "add_work_item_links": {"id", "links"},
    "remove_work_item_links": {"id", "links"},
    "create_child_work_items": {"parent", "children"},
    "create_branch": {"project", "repository", "branch", "source"},
    "delete_branch": {"project", "repository", "branch", "commit"},
    "create_tag": {"project", "repository", "tag", "source"},
    "comment_on_pull_request": {"id", "path", "line", "last_line", "side"},
    "reply_to_thread": {"id", "thread"},
    "set_thread_status": {"id", "thread"},
    "set_reviewers": {"id", "required", "optional", "remove"},
    "vote_on_pull_request": {"id", "vote", "source_commit"},
    "label_pull_request": {"id", "remove"},
    "link_work_items": {"id", "work_items"},
    "complete_pull_request": {"id", "source_commit", "strategy", "delete_source_branch", "transition_work_items"},
    "set_auto_complete": {
        "id",
        "enabled",
        "source_commit",
        "strategy",
        "delete_source_branch",
        "transition_work_items",
    },
    "abandon_pull_request": {"id"},
    "reactivate_pull_request": {"id"},
    "publish_pull_request": {"id"},
    "push_changes": {"project", "repository", "branch", "base", "new_branch", "changes"},
    "cherry_pick": {"project", "repository", "commits", "pull_request", "onto", "branch"},
    "create_wiki_page": {"project", "wiki", "path"},
    "update_wiki_page": {"project", "wiki", "path", "version"},
    "move_wiki_page": {"project", "wiki", "path", "version", "new_path", "order"},
    "revert": {"project", "repository", "commits", "pull_request", "onto", "branch"},
}
TARGET_FIELDS = [
    f"fields.System.{name}"
    for name in ("TeamProject", "AreaPath", "AreaId", "IterationPath", "IterationId", "AssignedTo", "WorkItemType")
] + ["fields.System.Parent", "fields.Assigned To", "fields.system.areapath"]
PEOPLE = [
    "System.AssignedTo", "System.CreatedBy", "System.ChangedBy", "System.AuthorizedAs", "System.IterationLevel1",
    "Microsoft.VSTS.Common.ActivatedBy", "Microsoft.VSTS.Common.ClosedBy", "Microsoft.VSTS.Common.ResolvedBy",
    "Microsoft.VSTS.Common.ReviewedBy", "Microsoft.VSTS.CMMI.CalledBy", "Microsoft.VSTS.CMMI.RequiredAttendee1",
    "Microsoft.VSTS.CodeReview.AcceptedBy", "Custom.Approver", "Custom.Title", "Custom.Priority", "Fabrikam.Owner",
    "MyCompany.System.Title", "System.Title.Owner", "system.assignedto", "Custom.Überprüfer",
]  # fmt: skip
CONTENTS = [
    "System.Title", "System.Description", "System.Tags", "System.History", "Microsoft.VSTS.TCM.ReproSteps",
    "Microsoft.VSTS.Common.Priority", "Microsoft.VSTS.Common.Severity", "Microsoft.VSTS.Common.AcceptanceCriteria",
    "Microsoft.VSTS.Scheduling.StoryPoints", "system.title", "MICROSOFT.VSTS.COMMON.PRIORITY",
]  # fmt: skip
OPEN = [{"pattern": ".*"}, {"longest": 100}]


def test_no_argument_stops_being_a_target_unnoticed():
    writers = {name: tool for name, tool in TOOLS.items() if tool.access == "write"}
    assert {
        name: {argument for argument in tool.parameters.model_fields if tool.is_target(argument)}
        for name, tool in writers.items()
    } == TARGETS


@pytest.mark.parametrize(
    ("tool", "name"),
    [(tool, name) for tool, names in TARGETS.items() for name in sorted(names)]
    + [("update_work_item", name) for name in [*TARGET_FIELDS, "no_argument", "no_argument.System.Title"]]
    + [(tool, f"fields.{name}") for tool in ("create_work_item", "update_work_item") for name in PEOPLE],
)
@pytest.mark.parametrize("rule", OPEN, ids=str)
def test_a_plan_cannot_leave_open_where_a_write_goes(tool, name, rule):
    with pytest.raises(InvalidRequest, match="says where a write of"):
        plan_of({"tool": tool, "fields": {name: rule}}).check(TOOLS)


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("tool", ["create_work_item", "update_work_item"])
@pytest.mark.parametrize("rule", OPEN, ids=str)
def test_a_plan_may_leave_open_a_field_that_holds_only_text_or_a_number(tool, name, rule):
    plan_of({"tool": tool, "fields": {f"fields.{name}": rule}}).check(TOOLS)


@pytest.mark.parametrize("name", ["System.CreatedBy", "Custom.Approver"])
def test_a_plan_that_nobody_checked_leaves_no_person_open(toolkit, approve, server, name):
    approve(plan_of({**BUGS, "fields": {**BUGS["fields"], f"fields.{name}": OPEN[0]}}))
    before = server.organization.clock.now()
    with pytest.raises(WriteBlocked, match="says where a write of create_work_item goes"):
        create(toolkit, fields=[{"name": name, "value": "Tom Becker"}])
    assert server.organization.clock.now() == before


def test_a_plan_may_leave_open_what_a_write_says():
    plan_of(BUGS, {"tool": "update_work_item", "fields": {"fields.System.Title": {"longest": 9}}}).check(TOOLS)
    with pytest.raises(InvalidRequest, match="'create_wrok_item', which is no tool"):
        plan_of({"tool": "create_wrok_item"}).check(TOOLS)


@pytest.mark.parametrize("rule", OPEN, ids=str)
@pytest.mark.parametrize("changes", [{"assigned_to": "Tom Becker"}, {"fields": [AREA]}], ids=str)
def test_a_plan_that_nobody_checked_still_leaves_no_target_open(toolkit, approve, server, rule, changes):
    names = {"fields.System.AreaPath" if name == "fields" else name: rule for name in changes}
    approve(plan_of({**BUGS, "fields": {**BUGS["fields"], **names}}))
    before = server.organization.clock.now()
    with pytest.raises(WriteBlocked, match="says where a write of create_work_item goes"):
        create(toolkit, **changes)
    assert server.organization.clock.now() == before


def test_every_argument_of_an_undeclared_write_is_a_target():
    request = WriteRequest("mine", {"text": "hello"}, "digest", None)
    assert "says where a write of mine goes" in str(
        PlannedWrite.model_validate({"tool": "mine", "fields": {"text": OPEN[0]}}).find_objection(request)
    )


def test_every_argument_of_a_write_tool_that_names_a_place_is_a_target():
    for tool in TOOLS.values():
        if tool.access == "write":
            routes = {part.partition("}")[0] for op in tool.operations for part in op.template.split("{")[1:]}
            assert routes & set(tool.parameters.model_fields) <= TARGETS[tool.name], tool.name


def test_an_id_that_a_text_suggested_is_not_written_to(toolkit, approve):
    write = {"tool": "add_work_item_comment", "fields": {"id": {"values": ["4"]}, "text": {"longest": 200}}}
    approve(plan_of(write))
    with pytest.raises(WriteBlocked, match="does not allow this value of id"):
        TOOLS["add_work_item_comment"].call_sync(toolkit.client, id=5, text="Hello")
    assert TOOLS["add_work_item_comment"].call_sync(toolkit.client, id=4, text="Hello").work_item == 4


@pytest.mark.parametrize(
    "rule", [{}, {"values": ["a"], "longest": 3}, {"pattern": "("}, {"longest": 0}, {"like": "x"}], ids=str
)
def test_a_rule_says_exactly_one_thing(rule):
    with pytest.raises(ValidationError):
        PlannedWrite.model_validate({"tool": "create_work_item", "fields": {"title": rule}})


def test_an_approval_is_for_the_plan_that_was_shown(toolkit):
    shown, other = plan_of(), plan_of({**BUGS, "count": 200})
    assert shown.digest != other.digest
    assert shown.digest == plan_of({**BUGS}).digest
    with pytest.raises(InvalidRequest, match="what was approved is another one"):
        other.approved(toolkit.client, by="dana", digest=shown.digest)
    with pytest.raises(InvalidRequest):
        shown.approved(toolkit.client, by=" \u2800", digest=shown.digest)


async def test_an_approval_in_a_loop_is_recorded_without_blocking_it(toolkit, tmp_path):
    toolkit.client.audit = AuditLog(tmp_path / "plans.jsonl")
    shown = plan_of()
    assert (await shown.approved_async(toolkit.client, by="dana", digest=shown.digest)).plan == shown
    with pytest.raises(InvalidRequest, match="what was approved is another one"):
        await shown.approved_async(toolkit.client, by="dana", digest="0" * 64)
    assert [entry.details["approver"] for entry in read_entries(tmp_path / "plans.jsonl")] == ["dana"]


def test_plan_and_approver_are_on_record(toolkit, approve):
    plan = plan_of()
    approve(plan, by="dana")
    create(toolkit)
    planned, approved, *_ = read_entries(toolkit.client.audit.path)
    assert (planned.event, planned.details["digest"], planned.details["approver"]) == ("plan", plan.digest, "dana")
    assert planned.details["writes"] == ["2 x create_work_item in Platform"]
    assert approved.details["approver"] == f"plan {plan.digest[:12]}, approved by dana"


def test_the_bounds_on_content_hold_within_a_plan(toolkit, approve):
    approve(plan_of())
    with pytest.raises(WriteBlocked, match=r"a link to evil\.example"):
        create(toolkit, description="https://evil.example")


def test_a_plan_is_read_from_a_file(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"writes": [BUGS]}), encoding="utf-8")
    assert WritePlan.load(path, TOOLS) == plan_of()
    for content in ("", "[]", '{"writes": [{"tool": "x", "fields": {"id": {"pattern": ".*"}}}]}', '{"wrights": []}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InvalidRequest, match="is no write plan"):
            WritePlan.load(path, TOOLS)
    with pytest.raises(InvalidRequest, match="No such file"):
        WritePlan.load(tmp_path / "none.json", TOOLS)


def test_the_answer_of_a_plan_depends_on_the_request_alone(toolkit):
    """The current values, which others can change, are neither asked for nor do they change it."""
    arguments, plan = {"type": "Bug", "title": "Nightly: the gate"}, plan_of()
    approver = plan.approved(toolkit.client, by="dana", digest=plan.digest)
    assert not approver.needs_current
    for current in (None, {"title": "Approve everything"}):
        request = WriteRequest("create_work_item", arguments, "digest", "Platform", frozenset(), current=current)
        assert approver(request) == Approval(True, "digest", f"plan {plan.digest[:12]}, approved by dana")
        refused = approver(replace(request, arguments={**arguments, "title": "Weekly: the gate"}))
        assert not refused.approved
        assert "does not allow this value of title" in refused.reason
