"""Work items are put into the recycle bin and taken out of it: what is shown, what is not sent, what is proven."""

import pytest
from stub_service import StubService, ok
from tool_calls import Silent, call, connected, refusal, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, approve_writes_with
from langchain_azure_devops.errors import NotFound, ScopeMissing, ServiceFault, WriteBlocked, WriteOutcomeUnknown
from langchain_azure_devops.safety.grants import Approval

STORY, BIN = 8, 900
LOST = {"kind": "reset", "times": 1}


@pytest.fixture
def asked(connect):
    def ask(name, **arguments):
        seen = []

        def refuse(request):
            seen.append(request)
            return Approval(False, request.digest, "dana", "no")

        with approve_writes_with(refuse), pytest.raises(WriteBlocked):
            call(connect(), name, **arguments)
        return seen[0].current

    return ask


def test_a_person_sees_what_would_be_deleted_and_its_children(asked):
    shown = asked("delete_work_item", id=STORY)
    assert (shown["type"], shown["state"], shown["children"], shown["revision"]) == ("User Story", "Active", 3, 4)
    assert shown["title"].startswith("As a planner I want to page")
    assert shown["assigned_to"].endswith("@tidewater.example>")


def test_a_person_sees_who_deleted_what_would_be_restored_and_when(asked):
    shown = asked("restore_work_item", id=BIN)
    assert shown["deleted_by"] == "Mina Sato <mina.sato@tidewater.example>"
    assert shown["deleted"].startswith("2026-11-")
    assert shown["deleted"].endswith("Z")
    assert (shown["type"], shown["title"]) == ("Task", "Keep port names in the session")


def test_a_deleted_item_is_in_the_bin_and_its_children_stay(platform_client, organization, sent):
    gone = call(platform_client, "delete_work_item", id=STORY)
    item = organization.work_items.items[STORY]
    assert item.deletion is not None
    assert gone.deleted == item.deletion.date.replace(microsecond=0)
    assert gone.deleted_by == "svc-agent <svc-agent@tidewater.example>"
    assert gone.notes == ["Its 3 child items stayed."]
    assert organization.work_items.get(17) is not None
    [write] = writes(sent)
    assert "destroy" not in write.url.params
    again = call(platform_client, "delete_work_item", id=STORY)
    assert "is in the recycle bin already: it was deleted by svc-agent" in again.notes[0]
    assert len(writes(sent)) == 1


def test_a_restored_item_is_as_it_was(platform_client, organization, sent):
    back = call(platform_client, "restore_work_item", id=BIN)
    assert (back.title, back.state, back.notes) == ("Keep port names in the session", "New", [])
    assert back.revision == call(platform_client, "get_work_item", ids=[BIN]).revision
    assert "is not in the recycle bin" in call(platform_client, "restore_work_item", id=BIN).notes[0]
    assert len(writes(sent)) == 1


def test_what_never_existed_is_not_found(platform_client, sent):
    assert "4711" in refusal(platform_client, "delete_work_item", NotFound, id=4711)
    assert "neither in the recycle bin nor elsewhere" in refusal(
        platform_client, "restore_work_item", NotFound, id=4711
    )
    assert writes(sent) == []


def test_a_reader_is_told_the_scope(connect):
    client = connect("read-token", writes="allow")
    refusal(client, "delete_work_item", ScopeMissing, id=STORY)
    refusal(client, "restore_work_item", ScopeMissing, id=BIN)


@pytest.mark.parametrize("when", ["11/18/2026 1:38:07 PM", "2026-11-18T13:38:07.1234567Z", "2026-11-18T13:38:07Z"])
@pytest.mark.parametrize("capital", [False, True])
def test_both_forms_of_dates_and_names_are_read(when, capital):
    names = ("DeletedDate", "DeletedBy") if capital else ("deletedDate", "deletedBy")
    body = {
        "id": "72",
        names[0]: when,
        names[1]: "Dana Ortiz <dana@x.example>",
        "resource": {"id": 72, "rev": 1, "fields": {"System.Title": "First", "System.WorkItemType": "Bug"}},
    }
    with StubService([ok(body)]) as service, connected(service.base_url, "x" * 52) as stub:
        shown = stub.run_sync(TOOLS["restore_work_item"].current(stub, {"id": 72}))
    assert shown["deleted"] == "2026-11-18T13:38:07Z"
    assert shown["deleted_by"] == "Dana Ortiz <dana@x.example>"


def test_a_lost_deletion_and_a_lost_restoring_are_found(hasty, organization):
    organization.faults.add(Fault(method="DELETE", path="/workitems/", when="after", **LOST))
    gone = call(hasty, "delete_work_item", id=STORY)
    assert ("found as asked" in gone.notes[0], gone.deleted_by is not None) == (True, True)
    organization.faults.add(Fault(method="PATCH", path="/recyclebin/", when="after", **LOST))
    back = call(hasty, "restore_work_item", id=STORY)
    assert ("found as asked" in back.notes[0], back.revision) == (True, 6)


def test_what_was_not_done_is_unknown(hasty, organization):
    organization.faults.add(Fault(method="DELETE", path="/workitems/", when="before", **LOST))
    with pytest.raises(WriteOutcomeUnknown, match="did not find work item 8 in the recycle bin"):
        call(hasty, "delete_work_item", id=STORY)
    organization.faults.add(Fault(method="PATCH", path="/recyclebin/", when="before", **LOST))
    with pytest.raises(WriteOutcomeUnknown, match="outside the recycle bin"):
        call(hasty, "restore_work_item", id=BIN)


def test_a_deletion_or_restoring_by_somebody_else_proves_nothing(hasty, organization):
    store, dana = organization.work_items, organization.named("Dana Ortiz")
    organization.faults.add(Fault(method="DELETE", path="/workitems/", when="before", **LOST))

    # Somebody else acts while the answer is lost: the fault stops this write, and the other one takes place.
    def act(change):
        original = type(organization.faults).take.__get__(organization.faults)

        def take(method, path):
            found = original(method, path)
            if found is not None:
                change()
            return found

        return take

    organization.faults.take = act(lambda: store.delete(store.get(STORY), by=dana, when=organization.clock.tick()))
    with pytest.raises(WriteOutcomeUnknown, match=r"deleted by Dana Ortiz .* not surely this call"):
        call(hasty, "delete_work_item", id=STORY)
    organization.faults.add(Fault(method="PATCH", path="/recyclebin/", when="before", **LOST))
    organization.faults.take = act(lambda: store.restore(store.items[BIN], by=dana, when=organization.clock.tick()))
    with pytest.raises(WriteOutcomeUnknown, match="not surely by this call"):
        call(hasty, "restore_work_item", id=BIN)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_answer_that_says_nothing_is_looked_up(hurry, server, body):
    client = hurry(transport=Silent(server.base_url, body))
    gone = call(client, "delete_work_item", id=STORY)
    assert "does not say what was done. It was looked up and found as asked" in gone.notes[0]
    assert gone.deleted_by == "svc-agent <svc-agent@tidewater.example>"
    back = call(client, "restore_work_item", id=STORY)
    assert ("found as asked" in back.notes[0], back.revision) == (True, 6)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_answer_that_says_nothing_does_not_claim_what_somebody_else_did(hurry, organization, server, body):
    store, dana = organization.work_items, organization.named("Dana Ortiz")

    def delete():
        store.delete(store.get(STORY), by=dana, when=organization.clock.tick())

    def restore():
        store.restore(store.items[BIN], by=dana, when=organization.clock.tick())

    with pytest.raises(WriteOutcomeUnknown, match=r"deleted by Dana Ortiz .* not surely this call"):
        call(hurry(transport=Silent(server.base_url, body, delete)), "delete_work_item", id=STORY)
    with pytest.raises(WriteOutcomeUnknown, match="not surely by this call"):
        call(hurry(transport=Silent(server.base_url, body, restore)), "restore_work_item", id=BIN)


@pytest.mark.parametrize("when", ["11/18/2026 1:38:07 PM of a text", "a/text", "a text"])
def test_a_text_in_place_of_the_date_is_refused_and_not_repeated(when):
    with StubService([ok({"id": "72", "deletedDate": when})]) as service, connected(service.base_url, "x" * 52) as stub:
        with pytest.raises(ServiceFault, match="deletedDate") as refused:
            stub.run_sync(TOOLS["restore_work_item"].current(stub, {"id": 72}))
    assert "text" not in refused.value.message
