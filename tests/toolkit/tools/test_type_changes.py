"""A work item gets another type: its state follows where it must, and what the new type lacks is said before."""

import time

import httpx
import pytest
from tool_calls import FULL, call, refusal, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, approve_writes_with
from langchain_azure_devops.errors import (
    InvalidRequest,
    RevisionConflict,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.safety.write_memory import forget_writes

TOOL = "change_work_item_type"
TASK, RESOLVED_BUG = 21, 29
LOST = {"kind": "reset", "times": 1, "method": "PATCH", "path": "/workitems/"}


@pytest.fixture
def rest(server, tls):
    """Another client of the same account."""
    with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls, base_url=server.base_url) as http:
        yield http


def fields(organization, number):
    return organization.work_items.get(number).revision.fields


def test_a_type_with_the_same_state_keeps_everything_else(platform_client, organization, sent):
    before = dict(fields(organization, TASK))
    saved = call(platform_client, TOOL, id=TASK, revision=1, type="bug")
    assert (saved.type, saved.state, saved.revision) == ("Bug", "New", 2)
    after = fields(organization, TASK)
    for name in ("System.Title", "System.AreaPath", "System.IterationPath", "Microsoft.VSTS.Common.Priority"):
        assert after[name] == before[name]
    [write] = writes(sent)
    assert b'"/rev"' in write.read()


def test_a_state_that_the_new_type_lacks_becomes_its_first_and_is_said_before(connect, platform_client):
    seen = []

    def agree(request):
        seen.append(request.current)
        return Approval(True, request.digest, "dana")

    revision = call(platform_client, "get_work_item", ids=[RESOLVED_BUG]).revision
    with approve_writes_with(agree):
        saved = call(connect(), TOOL, id=RESOLVED_BUG, revision=revision, type="Task")
    told = "A Task has no state Resolved, so it becomes New. Its states: New, Active, Closed, Removed."
    assert told in seen[0]["consequences"]
    assert "A Task does not show" in seen[0]["consequences"]
    assert "Microsoft.VSTS.TCM.ReproSteps" in seen[0]["consequences"]
    assert (seen[0]["type"], seen[0]["state"]) == ("Bug", "Resolved")
    assert (saved.type, saved.state) == ("Task", "New")
    assert told in saved.notes[0]


def test_the_same_type_is_not_sent_and_an_unknown_one_names_the_others(platform_client, sent):
    assert "is a Task already" in call(platform_client, TOOL, id=TASK, revision=1, type="TASK").notes[0]
    told = refusal(platform_client, TOOL, InvalidRequest, id=TASK, revision=1, type="Bugg")
    assert "Did you mean 'Bug'?" in told
    assert "Its types: Epic, Feature, User Story, Task, Bug, Issue." in told
    assert writes(sent) == []


def test_another_revision_is_a_conflict_and_a_reader_is_told_the_scope(platform_client, connect):
    assert "is at revision 1, not 3" in refusal(
        platform_client, TOOL, RevisionConflict, id=TASK, revision=3, type="Bug"
    )
    refusal(connect("read-token", writes="allow"), TOOL, ScopeMissing, id=TASK, revision=1, type="Bug")


def test_a_lost_change_is_found_and_one_that_was_not_done_is_unknown(hasty, organization):
    organization.faults.add(Fault(when="after", **LOST))
    saved = call(hasty, TOOL, id=TASK, revision=1, type="Bug")
    assert ("found as asked" in saved.notes[0], saved.type) == (True, "Bug")
    organization.faults.add(Fault(when="before", **LOST))
    with pytest.raises(WriteOutcomeUnknown, match="did not find revision 3 of work item 21"):
        call(hasty, TOOL, id=TASK, revision=2, type="Task")


def test_another_change_by_this_account_proves_nothing(hasty, organization):
    begun = time.time()
    call(hasty, "update_work_item", id=TASK, revision=1, title="Another title")
    with pytest.raises(WriteOutcomeUnknown):
        hasty.run_sync(TOOLS[TOOL].settle(hasty, {"id": TASK, "revision": 1, "type": "Bug"}, begun))


@pytest.mark.parametrize(
    ("number", "type", "others"),
    [
        (TASK, "Bug", {"System.Title": "Another title"}),
        (TASK, "Bug", {"System.State": "Active"}),
        (TASK, "Bug", {"System.Tags": "other"}),
        (TASK, "Bug", {"System.Description": "Another text"}),
        (TASK, "Bug", {"System.AreaPath": "Platform\\Operations"}),
        (RESOLVED_BUG, "Task", {"System.State": "Active"}),
    ],
)
def test_a_new_type_with_any_other_change_by_this_account_proves_nothing(hasty, rest, number, type, others):
    """Another client of this account made the revision that this call would have made."""
    begun = time.time()
    revision = call(hasty, "get_work_item", ids=[number]).revision
    patch = [
        {"op": "add", "path": f"/fields/{name}", "value": value}
        for name, value in {"System.WorkItemType": type, **others}.items()
    ]
    headers = {"Content-Type": "application/json-patch+json"}
    assert rest.patch(f"/_apis/wit/workitems/{number}", json=patch, headers=headers).status_code == 200
    with pytest.raises(WriteOutcomeUnknown, match="not surely this change"):
        hasty.run_sync(TOOLS[TOOL].settle(hasty, {"id": number, "revision": revision, "type": type}, begun))


def test_a_new_type_with_the_state_that_it_needs_is_found_in_a_later_process(hasty):
    begun = time.time()
    revision = call(hasty, "get_work_item", ids=[RESOLVED_BUG]).revision
    call(hasty, TOOL, id=RESOLVED_BUG, revision=revision, type="Task")
    forget_writes()
    given = {"id": RESOLVED_BUG, "revision": revision, "type": "Task"}
    found = hasty.run_sync(TOOLS[TOOL].settle(hasty, given, begun))
    assert (found.type, found.state) == ("Task", "New")


def test_a_person_who_says_no_changes_nothing(connect, organization):
    with (
        approve_writes_with(lambda request: Approval(False, request.digest, "dana", "no")),
        pytest.raises(WriteBlocked),
    ):
        call(connect(), TOOL, id=TASK, revision=1, type="Bug")
    assert fields(organization, TASK)["System.WorkItemType"] == "Task"
