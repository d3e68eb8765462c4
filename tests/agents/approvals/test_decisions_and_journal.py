"""Which answers decide about a write, which writes are the same, and what the journal knows of them: tables of each."""

import os
from pathlib import Path

import pytest

from azure_devops_agents.approvals.answers import answer_schema, ask_about, read_answer
from azure_devops_agents.approvals.fingerprint import fingerprint
from azure_devops_agents.approvals.write_journal import Outcome, WriteJournal
from langchain_azure_devops.safety import WriteRequest

ONE, TWO = ["create_work_item"], ["create_work_item", "update_work_item"]
YES, NO, STOP = {"type": "approve"}, {"type": "reject", "message": "not now"}, {"type": "stop"}
FORMS = (
    '{"type": "approve"}, {"type": "edit", "edited_action": {"name": ..., "args": {...}}}, '
    '{"type": "reject", "message": ...} or {"type": "stop"}.'
)
SEND_ONE = f'Send {{"decisions": [...]}} with one decision: {FORMS}'
SEND_TWO = f'Send {{"decisions": [...]}} with 2 decisions, one for each write in the order shown: {FORMS}'


def edit(name="create_work_item", **arguments):
    return {"type": "edit", "edited_action": {"name": name, "args": arguments}}


@pytest.mark.parametrize(
    ("answer", "names", "types"),
    [
        ({"decisions": [YES]}, ONE, ["approve"]),
        (YES, ONE, ["approve"]),
        (NO, ONE, ["reject"]),
        (STOP, ONE, ["stop"]),
        (edit(title="x"), ONE, ["edit"]),
        ({"decisions": [NO, YES]}, TWO, ["reject", "approve"]),
        ({"decisions": [edit(title="x"), edit("update_work_item", id=4)]}, TWO, ["edit", "edit"]),
        ({"decisions": []}, [], []),
        ({"decisions": [{**YES, "approver": "dana", "digest": "d"}], "approver": "dana"}, ONE, ["approve"]),
    ],
)
def test_an_answer_is_one_decision_for_each_write_in_order(answer, names, types):
    assert [decision.type for decision in read_answer(answer, names)] == types


def test_a_decision_keeps_its_words_and_nothing_that_names_an_approver():
    [decision] = read_answer({**NO, "digest": "d", "approver": "dana"}, ONE)
    assert decision.model_dump() == {"type": "reject", "message": "not now", "digest": "d"}
    [changed] = read_answer(edit(title="x", fields=[{"name": "a"}]), ONE)
    assert changed.edited_action.args == {"title": "x", "fields": [{"name": "a"}]}
    assert (changed.edited_action.name, changed.digest) == ("create_work_item", None)


NONE = "This is no answer to the question."


@pytest.mark.parametrize(
    ("answer", "names", "reason"),
    [
        ("yes", ONE, NONE), (True, ONE, NONE), (None, ONE, NONE), ([YES], ONE, NONE), ({}, ONE, NONE),
        ({"approved": True}, ONE, NONE), ({"decisions": [YES], "type": "approve"}, ONE, NONE),
        (YES, TWO, "One decision came, and 2 writes wait."),
        (YES, [], "One decision came, and 0 writes wait."),
        ({"decisions": []}, ONE, "No decision came, and one write waits."),
        ({"decisions": [YES]}, TWO, "One decision came, and 2 writes wait."),
        ({"decisions": [YES, YES]}, ONE, "2 decisions came, and one write waits."),
        ({"decisions": [YES, YES, YES]}, TWO, "3 decisions came, and 2 writes wait."),
        ({"decisions": "approve"}, ONE, "The answer cannot be used: decisions is no list."),
        ({"decisions": None}, ONE, "The answer cannot be used: decisions is no list."),
        ({"decisions": [{"type": "Approve"}]}, ONE,
         "The answer cannot be used: decision 1 has none of the types approve, edit, reject and stop."),
        ({"decisions": [YES, {"type": "yes"}]}, TWO,
         "The answer cannot be used: decision 2 has none of the types approve, edit, reject and stop."),
        ({"decisions": [{"approve": True}]}, ONE, "The answer cannot be used: decision 1 has no type."),
        ({"decisions": ["approve"]}, ONE, "The answer cannot be used: decision 1 is no object."),
        ({"decisions": [{"type": "edit"}]}, ONE,
         "The answer cannot be used: edited_action of decision 1 is missing."),
        ({"decisions": [{"type": "edit", "edited_action": {"name": "create_work_item"}}]}, ONE,
         "The answer cannot be used: edited_action.args of decision 1 is missing."),
        ({"decisions": [{"type": "edit", "edited_action": {"name": 4, "args": []}}]}, ONE,
         ("The answer cannot be used: edited_action.name of decision 1 is no text; "
          "edited_action.args of decision 1 is no object.")),
        ({"decisions": [{"type": "reject", "message": 4}]}, ONE,
         "The answer cannot be used: message of decision 1 is no text."),
        ({"decisions": [{"type": "respond", "message": "later"}]}, ONE,
         "The type respond is not allowed here. Use approve, edit, reject or stop."),
        (edit("update_work_item", id=4), ONE,
         "An edit changes the arguments of create_work_item, and cannot make another call of it."),
        ({"decisions": [YES, edit("create_work_item")]}, TWO,
         "An edit changes the arguments of update_work_item, and cannot make another call of it."),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_the_reason_and_what_to_send(answer, names, reason):
    expected = SEND_ONE if len(names) == 1 else SEND_TWO.replace("2 decisions", f"{len(names)} decisions")
    with pytest.raises(ValueError, match="Send") as refused:
        read_answer(answer, names)
    assert str(refused.value) == f"{reason} {expected}"


def test_the_reason_stays_short_and_repeats_nothing_of_the_answer():
    many = [{"type": "evil <script>"}] * 50
    with pytest.raises(ValueError, match="cannot be used") as refused:
        read_answer({"decisions": many}, ["x"] * 50)
    assert "script" not in str(refused.value)
    reason = str(refused.value).partition(" Send ")[0]
    assert len(reason) == 601


VIEW = {"name": "create_work_item", "editable": {"title": "x"}, "description": "Create a bug.", "problem": ""}


def test_a_question_has_the_form_that_front_ends_know():
    asked = ask_about([VIEW])
    assert asked == {
        "action_requests": [{"name": "create_work_item", "args": {"title": "x"}, "description": "Create a bug."}],
        "review_configs": [{"action_name": "create_work_item", "allowed_decisions": ["approve", "edit", "reject"]}],
        "views": [VIEW],
        "problem": "",
    }


def test_a_question_that_is_asked_again_says_why_everywhere():
    asked = ask_about([VIEW, {**VIEW, "problem": "the title is empty"}, {**VIEW, "problem": "again"}], "again")
    assert [each["description"] for each in asked["action_requests"]] == ["Not accepted: again\nCreate a bug."] * 3
    assert asked["problem"] == "again\nthe title is empty"


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_schema_of_an_answer_wants_a_decision_for_each_write(number):
    schema = answer_schema(number)
    answer = schema["$defs"]["Answer"] if number == 1 else schema
    decisions = answer["properties"]["decisions"]
    assert (decisions["minItems"], decisions["maxItems"]) == (number, number)
    assert set(decisions["items"]["discriminator"]["mapping"]) == {"approve", "edit", "reject", "stop"}
    assert ("anyOf" in schema) == (number == 1)


# -- which writes are the same -----------------------------------------------------------------------------------------

WRITE = {"id": 4, "revision": 3, "title": "Fix: the Gate", "tags": ["a", "b"], "assigned_to": None}


def same(*, tool="update_work_item", clears=True, **changes):
    def of(name, arguments):
        return fingerprint(WriteRequest(name, arguments, "digest", None, empty_clears=clears))

    return of("update_work_item", WRITE) == of(tool, {**WRITE, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": 9}, {"title": "FIX THE GATE"}, {"title": " fix -- the\u200b gate!"}, {"title": "Ｆｉｘ the gate"},
        {"title": "fix_the_gate"}, {"tags": ["A", "b."]}, {"project": None}, {"reviewers": []}, {"revision": None},
    ],
)  # fmt: skip
def test_the_same_write_in_another_spelling_has_the_same_fingerprint(changes):
    assert same(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 5}, {"title": "Fix the date"}, {"tags": ["b", "a"]}, {"tags": ["a"]}, {"assigned_to": "Dana"},
        {"tool": "create_work_item"}, {"fields": [{"name": "a", "value": "b"}]}, {"description": ""}, {"id": "4"},
    ],
)  # fmt: skip
def test_another_write_has_another_fingerprint(changes):
    assert not same(**changes)


def test_an_empty_text_counts_only_where_it_clears_a_field():
    assert same(clears=False, description="")
    assert not same(clears=True, description="")
    assert not same(clears=False, description="x")


def test_the_values_inside_objects_are_compared_by_their_words():
    def of(value):
        fields = [{"name": "a", "value": value}]
        return fingerprint(WriteRequest("update_work_item", {"fields": fields}, "digest", None))

    assert of("New, York") == of("new york") != of("old york")


# -- the journal -------------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path):
    opened = WriteJournal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path, journal):
    """The same journal in another process, as far as it can tell."""
    opened = WriteJournal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def test_open_are_the_writes_of_others_whose_outcome_is_not_known_the_oldest_first(journal, other):
    for write_id in ("lost", "unknown", "done", "refused"):
        journal.begin(write_id, "tool", "here", f'{{"title": "{write_id}"}}')
    journal.begin("elsewhere", "tool", "there")
    journal.begin("another tool", "other", "here")
    journal.finish("unknown", "unknown", "")
    journal.finish("done", "written", "id: 4")
    journal.finish("refused", "denied", "no")
    found = other.list_open("tool", "here")
    assert [(entry.write_id, entry.arguments) for entry in found] == [
        ("lost", '{"title": "lost"}'), ("unknown", '{"title": "unknown"}'),
    ]  # fmt: skip
    assert found[0].begun <= found[1].begun
    assert journal.list_open("tool", "here") == []
    assert [entry.write_id for entry in other.list_open("tool", "there")] == ["elsewhere"]
    assert other.begin("lost", "tool", "here") is not None
    assert len(other.list_open("tool", "here")) == 2


def test_of_a_thread_everything_settled_is_deleted_and_nothing_of_others(journal):
    for write_id in ("t:1", "t:2", "t:3", "t:2:1", "tt:1"):
        journal.begin(write_id, "tool")
        journal.approve(write_id, "digest", "dana")
    for write_id, status in (("t:1", "written"), ("t:2", "unknown"), ("t:2:1", "denied"), ("tt:1", "written")):
        journal.finish(write_id, status, "text")
    journal.delete_settled("t", ["t", "t:2", "tt"])
    kept = {write_id: journal.outcome(write_id) for write_id in ("t:1", "t:2", "t:3", "t:2:1", "tt:1")}
    assert {write_id: outcome.status for write_id, outcome in kept.items() if outcome is not None} == {
        "t:2": "unknown", "t:3": None, "t:2:1": "denied", "tt:1": "written",
    }  # fmt: skip
    approved = [write_id for write_id in kept if journal.is_approved(write_id, "digest", "dana")]
    assert approved == ["t:2:1", "tt:1"]


def test_what_is_no_whole_text_is_kept_as_a_whole_one(journal):
    journal.approve("a", "digest", "da\ud800na\0")
    assert journal.is_approved("a", "digest", "da\ufffdna\ufffd")
    assert journal.begin("a", "tool", "here", '{"a": "\ud800"}') is None
    journal.finish("a", "written", "x\0")
    assert journal.outcome("a").text == "x\ufffd"
    assert journal.outcome("a").artifact is None
    assert journal.outcome("a").begun > 1_700_000_000


def test_a_write_that_began_and_did_not_end_has_no_status_and_no_words(journal, other):
    assert journal.begin("a", "tool") is None
    assert journal.outcome("a").text == ""
    [left] = other.list_open("tool", "")
    assert (left.write_id, left.arguments) == ("a", "{}")


def test_outcomes_are_the_same_whenever_they_began():
    assert Outcome("written", "x", 1.0) == Outcome("written", "x", 2.0)
    assert Outcome("written", "x") != Outcome("unknown", "x")


def test_the_data_of_an_outcome_is_kept_in_whole_characters(journal):
    journal.begin("a", "tool")
    journal.finish("a", "written", "", {"title": "\u00e4 \ud800"})
    assert journal.outcome("a").artifact == {"title": "\u00e4 \ufffd"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at open files where Linux shows them")
def test_a_journal_that_is_closed_keeps_no_file_open(tmp_path):
    def opened():
        return [link for link in Path("/proc/self/fd").iterdir() if str(tmp_path) in os.path.realpath(link)]

    journal = WriteJournal(tmp_path / "own.sqlite")
    journal.begin("a", "tool")
    assert opened()
    journal.close()
    assert not opened()
