"""Comments of work items are changed and deleted: what a person sees, what is not sent, what is proven afterwards."""

import httpx
import pytest
from tool_calls import Recorder, Silent, call, refusal, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import approve_writes_with
from langchain_azure_devops.errors import (
    Conflict,
    NotFound,
    RevisionConflict,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.safety.grants import Approval

BUG, BY_PRIYA, BY_DANA = 4, 1, 2


def comment_of(organization, number):
    [found] = [each for each in organization.work_items.get(BUG).comments if each.id == number]
    return found


@pytest.fixture
def asked(connect):
    """What a person is shown of a write, who then refuses it."""

    def ask(name, **arguments):
        seen = []

        def refuse(request):
            seen.append(request)
            return Approval(False, request.digest, "dana", "no")

        with approve_writes_with(refuse), pytest.raises(WriteBlocked):
            call(connect(), name, **arguments)
        return seen[0].current

    return ask


@pytest.mark.parametrize(
    ("tool", "more"), [("update_work_item_comment", {"text": "x"}), ("delete_work_item_comment", {})]
)
def test_a_person_sees_the_present_text_its_author_and_the_item(asked, tool, more):
    shown = asked(tool, id=BUG, comment=BY_PRIYA, **more)
    assert shown["text"].startswith("The private endpoint is merged.")
    assert shown["author"].startswith("Priya Raman <")
    assert (shown["version"], shown["type"], shown["project"]) == (1, "Bug", "Platform")
    assert shown["title"]
    assert "edited" not in shown


def test_the_text_is_replaced_as_markdown_and_the_others_stay(platform_client, organization, sent):
    other = comment_of(organization, BY_DANA).text
    changed = call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="**Merged** <soon>")
    assert (changed.version, changed.deleted, changed.notes) == (2, False, [])
    stored = comment_of(organization, BY_PRIYA)
    assert (stored.text, stored.format) == ("**Merged** <soon>", "markdown")
    assert comment_of(organization, BY_DANA).text == other
    [write] = writes(sent)
    assert (write.method, write.url.params["format"]) == ("PATCH", "markdown")


def test_an_edited_comment_says_who_edited_it(asked, platform_client):
    call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="Mine")
    shown = asked("update_work_item_comment", id=BUG, comment=BY_PRIYA, text="Another")
    assert (shown["text"], shown["version"]) == ("Mine", 2)
    assert "svc-agent" in shown["edited"]


def test_the_same_text_is_not_sent_and_angle_brackets_count(platform_client, sent):
    call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="To <host>")
    sent.clear()
    same = call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="To <host>")
    assert ("so nothing was sent" in same.notes[0], writes(sent)) == (True, [])
    call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="To <hosts>")
    call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="To ")
    assert len(writes(sent)) == 2


def test_the_text_that_was_shown_of_html_is_not_sent_back(platform_client, organization, sent):
    item = call(platform_client, "get_work_item", ids=[BUG], comments=True)
    [shown] = [each.text for each in item.comment_records if each.id == BY_PRIYA]
    before = comment_of(organization, BY_PRIYA).text
    assert call(platform_client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text=shown).notes
    assert (writes(sent), comment_of(organization, BY_PRIYA).text) == ([], before)


def test_a_deleted_comment_is_gone_and_the_others_stay(platform_client, organization):
    gone = call(platform_client, "delete_work_item_comment", id=BUG, comment=BY_PRIYA)
    assert (gone.deleted, gone.version) == (True, 2)
    assert [each.id for each in call(platform_client, "get_work_item", ids=[BUG], comments=True).comment_records] == [
        BY_DANA
    ]
    again = call(platform_client, "delete_work_item_comment", id=BUG, comment=BY_PRIYA)
    assert "was deleted already by svc-agent" in again.notes[0]
    told = refusal(platform_client, "update_work_item_comment", Conflict, id=BUG, comment=BY_PRIYA, text="x")
    assert "was deleted by svc-agent" in told


def test_a_comment_that_does_not_exist_names_the_others(platform_client):
    for tool, more in (("update_work_item_comment", {"text": "x"}), ("delete_work_item_comment", {})):
        told = refusal(platform_client, tool, NotFound, id=BUG, comment=77, **more)
        assert "Work item 4 has no comment 77" in told
        assert "newest comments are: 2, 1" in told
        assert "has no comments" in refusal(platform_client, tool, NotFound, id=5, comment=1, **more)


def test_a_reader_is_told_the_scope(connect):
    client = connect("read-token", writes="allow")
    refusal(client, "update_work_item_comment", ScopeMissing, id=BUG, comment=BY_PRIYA, text="x")
    refusal(client, "delete_work_item_comment", ScopeMissing, id=BUG, comment=BY_PRIYA)


def test_a_lost_answer_is_found_by_the_version_of_this_account(hasty, organization):
    lost = {"kind": "reset", "when": "after", "times": 1, "path": "/comments/"}
    organization.faults.add(Fault(method="PATCH", **lost))
    changed = call(hasty, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="Mine")
    assert ("found as asked" in changed.notes[0], changed.version) == (True, 2)
    organization.faults.add(Fault(method="DELETE", **lost))
    gone = call(hasty, "delete_work_item_comment", id=BUG, comment=BY_PRIYA)
    assert ("found as asked" in gone.notes[0], gone.deleted, gone.version) == (True, True, 3)


def test_what_was_not_done_or_done_by_another_is_unknown(hasty, organization):
    before = {"kind": "reset", "when": "before", "times": 1, "path": "/comments/"}
    organization.faults.add(Fault(method="PATCH", **before))
    with pytest.raises(WriteOutcomeUnknown, match="did not find this text in comment 1"):
        call(hasty, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="Mine")
    organization.faults.add(Fault(method="DELETE", **before))
    with pytest.raises(WriteOutcomeUnknown, match="It is still there"):
        call(hasty, "delete_work_item_comment", id=BUG, comment=BY_DANA)


class Overtaken(Recorder):
    """A network in which Dana writes the same, and then the connection breaks, when a write is sent."""

    def __init__(self, url, act):
        super().__init__(url, [])
        self._act = act

    async def handle_async_request(self, request):
        if request.method in {"PATCH", "DELETE"}:
            self._act(request)
            raise httpx.ReadError("reset", request=request)
        return await super().handle_async_request(request)


def test_the_same_change_by_somebody_else_proves_nothing(hurry, organization, server):
    dana = organization.named("Dana Ortiz")

    def act(request):
        found = comment_of(organization, BY_PRIYA)
        found.modified, found.modified_by, found.version = organization.clock.tick(), dana.id, 2
        if request.method == "PATCH":
            found.text, found.format = "Mine", "markdown"
        else:
            found.deleted = True

    client = hurry(transport=Overtaken(server.base_url, act))
    with pytest.raises(WriteOutcomeUnknown):
        call(client, "update_work_item_comment", id=BUG, comment=BY_PRIYA, text="Mine")
    with pytest.raises(WriteOutcomeUnknown, match="not known that this call deleted it"):
        call(client, "delete_work_item_comment", id=BUG, comment=BY_PRIYA)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_deletion_whose_answer_says_nothing_is_looked_up(hurry, organization, server, body):
    client = hurry(transport=Silent(server.base_url, body))
    gone = call(client, "delete_work_item_comment", id=BUG, comment=BY_PRIYA)
    assert "does not say what was done. It was looked up and found as asked" in gone.notes[0]
    assert (gone.deleted, gone.version) == (True, 2)

    def delete():
        found = comment_of(organization, BY_DANA)
        found.modified, found.modified_by = organization.clock.tick(), organization.named("Dana Ortiz").id
        found.deleted, found.version = True, 2

    client = hurry(transport=Silent(server.base_url, body, delete))
    with pytest.raises(WriteOutcomeUnknown, match="not known that this call deleted it"):
        call(client, "delete_work_item_comment", id=BUG, comment=BY_DANA)


@pytest.mark.parametrize(
    ("tool", "more"), [("update_work_item_comment", {"text": "x"}), ("delete_work_item_comment", {})]
)
@pytest.mark.parametrize("policy", ["ask", "allow"])
def test_a_version_that_is_over_is_neither_asked_about_nor_written(connect, organization, tool, more, policy):
    client = connect(writes=policy)
    listed = call(client, "list_work_item_comments", id=BUG).items
    [read] = [row.version for row in listed if row.id == BY_PRIYA]
    call(connect(writes="allow"), "update_work_item_comment", id=BUG, comment=BY_PRIYA, version=read, text="Edited")
    asked = []
    with approve_writes_with(asked.append):
        told = refusal(client, tool, RevisionConflict, id=BUG, comment=BY_PRIYA, version=read, **more)
    assert f"is at version {read + 1}, not {read}: it was changed by svc-agent <" in told
    assert asked == []
    assert (comment_of(organization, BY_PRIYA).text, comment_of(organization, BY_PRIYA).deleted) == ("Edited", False)


def test_an_approval_says_that_the_html_of_a_comment_becomes_markdown(asked, platform_client):
    arguments = {"id": BUG, "comment": BY_PRIYA, "text": "x"}
    assert asked("update_work_item_comment", **arguments)["format"] == "It is HTML now and becomes Markdown."
    call(platform_client, "update_work_item_comment", **arguments)
    assert "format" not in asked("update_work_item_comment", **{**arguments, "text": "y"})
    assert "format" not in asked("delete_work_item_comment", id=BUG, comment=BY_PRIYA)
