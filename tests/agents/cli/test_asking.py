"""What a person at the terminal types, and what it decides about the writes that wait."""

import io
import json
import sys

import click
import pytest
from rich.console import Console

from azure_devops_agents.cli.decisions import (
    answer_all,
    answer_approvals,
    approval_question,
    ask_person,
    name_approver,
    name_person,
)
from azure_devops_agents.investigation.events import ApprovalAsked, ModelText
from langchain_azure_devops.errors import Conflict

VIEWS = [
    {"name": f"ado_{tool}", "tool": tool, "digest": f"digest {number}", "arguments": given, "editable": given}
    for number, (tool, given) in enumerate(
        [("create_work_item", {"title": "The gate is open"}), ("update_work_item", {"id": 4})]
    )
]
ASKED = ApprovalAsked("i1", {"views": VIEWS, "problem": ""})
FIRST = ApprovalAsked("i1", {"views": VIEWS[:1], "problem": ""})


class Keyboard(io.StringIO):
    """A terminal at which somebody types these lines."""

    def isatty(self):
        return True


@pytest.fixture
def typed(monkeypatch):
    def ask(*lines, asked=FIRST):
        screen = io.StringIO()
        monkeypatch.setattr(sys, "stdin", Keyboard("".join(f"{line}\n" for line in lines)))
        decided = ask_person(Console(file=screen, width=200), asked)
        return decided["decisions"], screen.getvalue(), sys.stdin.read()

    return ask


@pytest.mark.parametrize("word", ["approve", "a", "APPROVE", " approve ", "appr"])
def test_a_word_or_its_beginning_approves(typed, word):
    assert typed(word)[0] == [{"type": "approve", "digest": "digest 0"}]


@pytest.mark.parametrize(("lines", "why"), [(["reject", "not now"], "not now"), (["r", ""], ""), (["", ""], "")])
def test_a_no_may_say_why_and_return_alone_is_a_no(typed, lines, why):
    assert typed(*lines)[0] == [{"type": "reject", "message": why, "digest": "digest 0"}]


@pytest.mark.parametrize("other", ["yes", "y", "approved", "ok", "no", "n", "1", "true", "approve it"])
def test_any_other_word_decides_nothing_and_is_asked_again(typed, other):
    decisions, screen, _ = typed(other, "reject", "")
    assert [decision["type"] for decision in decisions] == ["reject"]
    assert screen.startswith(f"{other!r} is no answer. Type approve, edit, reject, stop or view, or its first letter.")


@pytest.mark.parametrize("other", ["[red]yes", "[/]", "  "])
def test_what_was_typed_is_repeated_as_it_is(typed, other):
    assert typed(other, "a")[1].startswith(f"{other.strip()!r} is no answer. ")


def test_nothing_but_the_answer_goes_to_the_output_that_programs_read(typed, edits, capsys):
    edits("{", '{"title": "b"}')
    typed("x", "edit", "", asked=FIRST)
    typed("reject", "why")
    read, shown = capsys.readouterr()
    assert read == ""
    assert shown.count("create_work_item") == 3
    assert "Edit again [Y/n]" in shown
    assert shown.endswith("Why: ")


def test_each_write_is_decided_alone_and_in_order(typed):
    assert typed("approve", "reject", "wrong item", asked=ASKED)[0] == [
        {"type": "approve", "digest": "digest 0"},
        {"type": "reject", "message": "wrong item", "digest": "digest 1"},
    ]


@pytest.mark.parametrize("lines", [["stop"], ["approve", "s"]])
def test_stop_answers_for_all_writes_and_asks_no_more(typed, lines):
    decisions, _, left = typed(*lines, "approve", asked=ASKED)
    assert decisions == [{"type": "stop", "digest": "digest 0"}, {"type": "stop", "digest": "digest 1"}]
    assert left == "approve\n"


def test_view_shows_the_whole_approval_and_asks_again(typed, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "azure_devops_agents.cli.decisions.show_approval", lambda _console, view, *, full: shown.append((view, full))
    )
    assert typed("view", "v", "approve")[0] == [{"type": "approve", "digest": "digest 0"}]
    assert shown == [(VIEWS[0], True)] * 2


@pytest.fixture
def edits(monkeypatch):
    """Texts that the person leaves in the editor, one after the other."""

    def leave(*texts):
        given, seen = list(texts), []

        def edit(text, extension, require_save):
            seen.append((text, extension, require_save))
            left = given.pop(0)
            if isinstance(left, Exception):
                raise left
            return left

        monkeypatch.setattr(click, "edit", edit)
        return seen

    return leave


WHOLE = json.dumps(VIEWS[0]["editable"], indent=2)


def test_the_words_of_a_call_stand_in_the_editor_as_people_write_them(typed, edits):
    view = {**VIEWS[0], "editable": {"title": "Größe 中"}}
    seen = edits(None)
    typed("edit", "a", asked=ApprovalAsked("i1", {"views": [view], "problem": ""}))
    assert seen[0][0] == '{\n  "title": "Größe 中"\n}'


def test_an_edit_is_of_the_call_that_was_shown(typed, edits):
    seen = edits('{"title": "The gate is shut"}')
    assert typed("edit")[0] == [
        {
            "type": "edit",
            "edited_action": {"name": "ado_create_work_item", "args": {"title": "The gate is shut"}},
            "digest": "digest 0",
        }
    ]
    assert seen == [(WHOLE, ".json", False)]


def test_a_person_takes_a_row_out_by_deleting_its_line(typed, edits):
    children = [{"type": "Task", "title": title} for title in ("One", "Two", "Three")]
    view = {**VIEWS[0], "editable": {"parent": 8, "children": children, "note": {"a": ["b"]}}}
    asked = ApprovalAsked("i1", {"views": [view], "problem": ""})
    seen = edits(None)
    typed("edit", "a", asked=asked)
    shown = seen[0][0]
    assert json.loads(shown) == view["editable"]
    [line] = [line for line in shown.split("\n") if '"Two"' in line]
    edits(shown.replace(f"{line}\n", ""))
    decisions = typed("edit", asked=asked)[0]
    assert decisions[0]["edited_action"]["args"] == {**view["editable"], "children": [children[0], children[2]]}


@pytest.mark.parametrize("left", [None, WHOLE, f"{WHOLE}\n\n"])
def test_an_edit_that_changes_nothing_decides_nothing(typed, edits, left):
    edits(left)
    decisions, screen, _ = typed("edit", "approve")
    assert decisions == [{"type": "approve", "digest": "digest 0"}]
    assert screen == "Nothing was changed.\n"


def test_an_edit_to_the_same_values_decides_nothing(typed, edits):
    edits('{"title":    "The gate is open"}')
    assert typed("edit", "approve")[0][0]["type"] == "approve"


@pytest.mark.parametrize(
    ("left", "said"), [("{", "That is not JSON: "), ("[1]", "The arguments must be one JSON object.")]
)
def test_what_cannot_be_used_is_edited_again_from_where_it_was_left_or_not_at_all(typed, edits, left, said):
    seen = edits(left, '{"title": "b"}')
    decisions, screen, _ = typed("edit", "y")
    assert decisions[0]["edited_action"]["args"] == {"title": "b"}
    assert seen[1][0] == left
    assert screen.startswith(said)
    edits(left)
    assert typed("edit", "n", "approve")[0][0]["type"] == "approve"


def test_an_editor_that_does_not_start_decides_nothing(typed, edits):
    edits(click.ClickException("no file [x]."))
    decisions, screen, _ = typed("edit", "approve")
    assert decisions[0]["type"] == "approve"
    assert screen == "The editor did not start: no file [x]. Set EDITOR to the editor to use.\n"


def test_without_a_terminal_everything_is_rejected(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("approve\napprove\n"))
    no = {"type": "reject", "message": "nobody was at a terminal"}
    assert ask_person(Console(file=screen, width=200), ASKED)["decisions"] == [
        {**no, "digest": "digest 0"}, {**no, "digest": "digest 1"},
    ]  # fmt: skip
    assert "so it was rejected. Nothing was written." in screen.getvalue()
    assert name_approver() == "nobody"


def test_the_approver_is_the_user_of_the_machine(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Keyboard())
    monkeypatch.setattr("getpass.getuser", lambda: "dana")
    assert name_approver() == name_person() == "terminal: dana"

    def unknown():
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert name_person() == "terminal"


@pytest.mark.parametrize(("view", "told"), list(zip(VIEWS, ["The gate is open", "4"], strict=True)))
def test_the_question_names_the_write(view, told):
    assert approval_question(view) == f"{view['tool']} {told}: approve / edit / reject / stop / view"


class Investigation:
    """Answers with prepared events, and keeps the answers that it was given."""

    def __init__(self, *rounds):
        self.rounds, self.given = list(rounds), []

    def answer(self, thread, interrupt_id, decided):
        self.given.append((thread, interrupt_id, decided))
        return iter(self.rounds.pop(0))


def test_approvals_are_answered_until_none_is_asked_for():
    again = ApprovalAsked("i2", {"views": VIEWS[1:], "problem": "again"})
    notes = [ModelText(text) for text in ("a", "b", "c")]
    investigation = Investigation([notes[1], again], [notes[2]])
    events = answer_approvals(
        investigation, "t", iter([notes[0], ASKED]), lambda asked: answer_all(asked, {"type": "approve"})
    )
    assert list(events) == [notes[0], ASKED, notes[1], again, notes[2]]
    assert [(thread, name, len(decided["decisions"])) for thread, name, decided in investigation.given] == [
        ("t", "i1", 2), ("t", "i2", 1),
    ]  # fmt: skip


def test_a_decision_that_came_too_late_is_a_conflict():
    events = answer_approvals(Investigation([]), "t", iter([ASKED]), lambda asked: answer_all(asked, {"type": "stop"}))
    assert next(events) is ASKED
    with pytest.raises(Conflict, match="This decision came too late, and nothing was written by it") as caught:
        next(events)
    assert caught.value.subject == "t"


def test_a_question_without_an_approval_ends():
    assert list(answer_approvals(Investigation(), "t", iter([]), lambda _: {})) == []
