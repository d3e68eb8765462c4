"""What people and pipelines see of events: nothing acts, and an approval says what it has to."""

import io

from rich.console import Console

from azure_devops_agents.approvals.answers import ask_about
from azure_devops_agents.cli.report_file import report_as_json
from azure_devops_agents.cli.views import join_lines, show
from azure_devops_agents.investigation.events import ApprovalAsked, ModelText, ReportReady, ToolFinished, ToolStarted

VIEW = {
    "tool": "update_work_item", "organization": "tidewater", "project": "Platform", "edited": False, "problem": "",
    "arguments": {"id": 31, "revision": 1, "title": "Ne⟦ZERO WIDTH SPACE⟧w", "description": "a\nc"},
    "current": {"title": "Old", "description": "a\nb"},
    "changes": [
        {"field": "title", "old": "Old", "new": "Ne⟦ZERO WIDTH SPACE⟧w", "known": True, "lines": []},
        {"field": "description", "old": "a\nb", "new": "a\nc", "known": True, "lines": ["@@ -1,2 +1,2 @@", "-b", "+c"]},
        {"field": "tags", "old": None, "new": ["x"], "known": False, "lines": []},
    ],
    "hidden_characters": {"title": ["ZERO WIDTH SPACE"]},
    "evidence": [{"id": "E1", "tool": "get_work_item", "of": {"ids": [4]}, "untrusted": True, "by": [],
                  "authors": ["Luis Ferreira"]}],
    "evidence_more": {"results": 7, "untrusted": 3}, "untrusted_read": True,
    "name": "update_work_item", "editable": {}, "description": "",
}  # fmt: skip


def approval(**changes):
    return ApprovalAsked("1", ask_about([{**VIEW, **changes}]))


def printed(*events):
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=False)
    for event in join_lines(events):
        show(console, event)
    return out.getvalue()


def test_an_approval_says_what_over_what_why_and_after_whose_words():
    text = printed(approval())
    for wanted in (
        "May update_work_item write in project Platform of tidewater?", "31 (Old)", "-▏Old", "+▏Ne⟦ZERO WIDTH SPACE⟧w",
        "-▏b", "+▏c", '["x"]', "hidden characters", "E1 get_work_item(ids=[4]), text of others, by Luis Ferreira",
        "and 7 more results, 3 of them with text of others",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "Edited: may update_work_item" in printed(approval(edited=True))
    assert "does not fit" in printed(approval(problem="The edited call does not fit: x"))


def test_pieces_of_the_model_s_text_make_no_command_together():
    pieces = [
        ModelText(piece) for piece in ("one\n#", "#vs", "o[task.com", "plete]x\n:", ":set-env name=a::b", "\nlast")
    ]
    text = printed(*pieces, ToolStarted("list_projects", {"a": "##vso[task.complete]"}))
    assert "##vso[" not in text
    assert "\n::set-env" not in text
    assert "one\n" in text
    assert "last\n" in text


def test_nothing_of_a_result_or_an_approval_is_a_command():
    bad = "##vso[task.complete]"
    change = {"field": bad, "old": bad, "new": bad, "known": False, "lines": [f"+{bad}", bad]}
    source = {"id": "E1", "tool": "x", "of": {"q": bad}, "untrusted": True, "by": [], "authors": [bad]}
    said = {"statement": bad, "evidence": [bad], "quote": bad}
    report = {"verdict": "answered", "answer": bad, "observed": [said], "coverage": {"partial": [bad]}}
    text = printed(
        ToolStarted(bad, {bad: bad}),
        ToolFinished("E1", "get_build_log", "ok", f"\x1b[31m{bad}"),
        approval(changes=[change], evidence=[source], problem=bad),
        ReportReady(report),
    )
    assert "##vso[" not in text
    assert "\x1b" not in text


def test_a_line_that_is_wrapped_begins_with_no_command():
    for width in range(60, 101):
        text = printed(ModelText(f"{'a' * width} ##[error]bad ::error::bad"), ToolStarted("x", {"a": "b" * width}))
        assert not [line for line in text.split("\n") if line.lstrip().startswith(("##[", "::error"))], width


def test_reports_for_machines_hold_no_command_and_lose_nothing():
    import json

    state = {"report": {"answer": "##vso[task.complete]"}, "evidence": {"E1": {"text": "a\n##[error]b"}}}
    text = report_as_json(state["report"], state["evidence"], "")
    assert "##vso[" not in text
    assert "##[" not in text
    assert json.loads(text)["report"] == state["report"]
