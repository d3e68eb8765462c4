"""Evidence: ids that are never given twice, previews that can be read to the end, statuses that say what is missing."""

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from agent_decisions import report_of
from langchain_core.messages import ToolMessage

from azure_devops_agents.evidence.record import (
    PREVIEW,
    evidence_of_message,
    evidence_of_text,
    find_evidence,
    given_arguments,
    index_entry,
    is_continued,
    mark_cut,
    merge_evidence,
    number_of,
    preview,
    read_lines,
)
from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.events import ToolFinished
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from langchain_azure_devops.tools.builds import get_build_log
from langchain_azure_devops.tools.repositories import read_repository_file

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
LIST = Call.to("list_pull_requests")


@pytest.fixture
def ask(toolkit, tmp_path):
    def run(*steps, budgets=None):
        model = ScriptedModel(steps=[step if isinstance(step, list) else [step] for step in steps])
        with open_investigator(model, toolkit, path=tmp_path / "t.sqlite", budgets=budgets) as investigator:
            events = list(investigator.ask("t", "?"))
            return events, {**investigator.state("t"), "evidence": investigator.evidence("t")}

    return run


def evidence(text):
    return evidence_of_text("E1", {"id": "c", "name": "t", "args": {}}, "ok", text, "")


def read_on(text, arguments):
    entry, stored = index_entry(evidence(text), datetime(2026, 1, 1, tzinfo=UTC))
    return read_lines(entry, stored, arguments, "m")


def test_an_id_is_never_given_twice(ask):
    read = Call.to("read_evidence", id="E9")
    events, state = ask([read, LIST], Call.to("list_builds", limit=2), [read, LIST], REPORT)
    ids = [event.evidence_id for event in events if isinstance(event, ToolFinished)]
    assert len(ids) == len(set(ids)) == len(state["evidence"]) == 3
    assert [state["evidence"][name]["tool"] for name in ids] == ["list_pull_requests", "list_builds", LIST.name]


def test_calls_beyond_the_budget_are_answered_and_not_carried_out(ask):
    events, state = ask([LIST] * 12, REPORT, budgets=Budgets(calls=5))
    assert sum(isinstance(event, ToolFinished) for event in events) == 5
    texts = [str(message.content) for message in state["messages"] if message.type == "tool"]
    assert sum("is used up (5 tool calls)" in text for text in texts) == 7
    assert state["report"]["coverage"]["limits"] == ["5 tool calls"]


def test_a_search_that_shows_only_its_first_matches_is_partial(ask):
    _, state = ask(Call.to("get_build_log", build=35, log=5, contains="e"), REPORT)
    assert state["evidence"]["E1"]["status"] == "partial"
    assert "partial" in state["report"]["coverage"]


def test_a_page_that_a_later_call_went_on_with_is_no_gap(ask):
    first = Call.to("list_builds", limit=2)
    _, state = ask(first, REPORT)
    assert len(state["report"]["coverage"]["partial"]) == 1
    cursor = re.search('cursor="([^"]+)"', state["evidence"]["E1"]["text"])[1]
    _, state = ask(first, Call.to("list_builds", limit=200, cursor=cursor), REPORT)
    assert [entry["status"] for entry in state["evidence"].values()][1:] == ["partial", "ok"]
    assert "partial" not in state["report"]["coverage"]
    _, state = ask(first, Call.to("list_builds", limit=2, cursor=cursor), REPORT)
    [gap] = state["report"]["coverage"]["partial"]
    assert gap.startswith("E5 ")


def test_a_tool_the_token_lacks_is_a_denial_in_the_coverage(reader, tmp_path):
    write = Call.to("create_work_item", type="Bug", title="x", project="Platform")
    with open_investigator(ScriptedModel(steps=[[write], [REPORT]]), reader, path=tmp_path / "t") as investigator:
        events = list(investigator.ask("t", "File it."))
    report = report_of(events)
    assert "create_work_item" in report["coverage"]["denied"][0]


def test_a_preview_is_short_and_its_fence_closed():
    text = "<untrusted n>\n" + "\n".join(f"line {number}" for number in range(2000)) + "\n</untrusted n>\nnote"
    shown = preview(evidence(text))
    assert len(shown) < PREVIEW + 200
    assert shown.count("<untrusted n>") == shown.count("</untrusted n>") == 1


RECORDS = "\n".join(
    ["2 builds, all", *(f"build {build}:\n<untrusted n>\nid: {build}\n</untrusted n>" for build in range(35, 900))]
)


def test_evidence_of_several_records_is_read_on_without_the_fences_in_which_it_came():
    shown = read_on(RECORDS, {"id": "E1", "first_line": 5})
    assert shown.count("untrusted") == 2
    assert "\n6: build 36:\n8: id: 36\n10: build 37:\n" in shown
    written = read_on("<untrusted n>\n[untrusted m>\n</untrusted n>", {"id": "E1"})
    assert "2: [untrusted m>" in written


def test_a_preview_that_ends_after_a_fence_closes_none():
    for padding in range(60):
        shown = preview(evidence(f"{'x' * padding}\n{RECORDS}")).split("\n")
        fences = [line for line in shown if "untrusted n>" in line]
        assert fences == ["<untrusted n>", "</untrusted n>"] * (len(fences) // 2)


def test_every_character_of_a_very_long_line_can_be_reached():
    words = " ".join(f"word{number}" for number in range(3000))
    whole = f"<untrusted n>\nfirst\n{words}\n</untrusted n>"
    seen, line = "", 1
    while line:
        *_, last = shown = read_on(whole, {"id": "E1", "first_line": line}).split("\n")
        seen += "".join(part.split(": ", 1)[1] for part in shown[2:-2])
        following = re.search(r"first_line=(\d+)\]", last)
        line = int(following[1]) if following else 0
    assert words in seen
    assert "word2999" in read_on(whole, {"id": "E1", "contains": "word2999"})


FILE = {"repository": "platform-api", "path": "/tests/test_settings.py", "version": "main"}


@pytest.mark.parametrize(
    ("call", "own"),
    [
        (Call.to("read_repository_file", **FILE), False),
        (Call.to("read_repository_file", **FILE, first_line=3), False),
        (Call.to("get_build_log", build=35, log=5, first_line=60, last_line=90), True),
        (Call.to("get_build_log", build=35, log=5, contains="KeyError"), True),
    ],
)
def test_a_line_that_is_read_again_has_its_number_in_the_file_or_log(ask, toolkit, call, own):
    whole = read_repository_file.call_sync(toolkit.client, **FILE).text.split("\n")
    log = get_build_log.call_sync(toolkit.client, build=35, log=5, first_line=73, last_line=73).text
    first = ask(call, REPORT, REPORT)[1]["evidence"]["E1"]["text"].split("\n")
    number = 5 if not own else 73
    text = log if own else whole[number - 1]
    read = Call.to("read_evidence", id="E1", first_line=number)
    messages = ask(call, read, REPORT, REPORT)[1]["messages"]
    again = next(str(one.content) for one in messages if one.type == "tool" and one.name == "read_evidence")
    shown = again.split("\n")
    assert any(line.endswith(text) for line in first)
    assert shown[2] == f"{number}: {text}"
    assert not any(re.match(r"\d+: \d+: ", line) for line in shown)


def test_a_preview_goes_on_with_the_next_line_of_the_file():
    body = [f"line {number} {'x' * 100}" for number in range(200, 400)]
    text = "\n".join(["lines 200-399 of 400", "<untrusted n>", "path: /a", *body, "</untrusted n>"])
    first_line = int(re.search(r"first_line=(\d+)", preview(evidence(text)))[1])
    assert f"line {first_line - 1} " in preview(evidence(text))
    read = read_on(text, {"id": "E1", "first_line": first_line})
    assert read.split("\n")[2].startswith(f"{first_line}: line {first_line} ")
    following = int(re.search(r"first_line=(\d+)\]", read)[1])
    assert f"\n{following - 1}: line {following - 1} " in read
    assert f"{following}: line" not in read


@pytest.mark.parametrize("arguments", [{"id": "E2"}, {}, {"id": "E1", "first_line": 0}, {"id": "E1", "pattern": "x"}])
def test_reading_on_with_wrong_arguments_says_so(arguments):
    with pytest.raises(ValueError, match=r"E2|id|first_line|pattern"):
        find_evidence({"E1": index_entry(evidence("text"), datetime(2026, 1, 1, tzinfo=UTC))[0]}, arguments)


def test_a_text_that_is_not_stored_any_more_is_not_shown_as_empty():
    entry, _ = index_entry(evidence("text"), datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="E1 is not stored any more"):
        read_lines(entry, "", {"id": "E1"}, "m")


@pytest.mark.parametrize(
    ("status", "artifact", "untrusted"),
    [
        ("success", None, True),
        ("success", {"status": "ok"}, True),
        ("success", {"status": "partial", "data": []}, True),
        ("success", {"status": "empty", "notes": [], "failed": []}, False),
        ("success", {"status": "empty", "notes": ["in Platform"]}, True),
        ("success", {"status": "empty", "failed": [{"place": "x"}]}, True),
        ("error", None, True),
        ("error", {"status": "not_found", "class": "NotFound", "subject": ""}, True),
        ("error", {"status": "blocked", "class": "WriteBlocked", "subject": "x"}, True),
        ("error", {"status": "blocked", "class": "WriteBlocked", "subject": "x", "origins": []}, False),
        ("error", {"status": "not_found", "class": "NotFound", "subject": "", "origins": [{"by": "service"}]}, True),
    ],
)
@pytest.mark.parametrize("text", ["nothing", "<untrusted n>\nx\n</untrusted n>"])
def test_the_artifact_says_whether_a_text_is_untrusted(text, status, artifact, untrusted):
    message = ToolMessage(text, artifact=artifact, tool_call_id="c", status=status)
    found = evidence_of_message("E1", None, {"id": "c", "name": "t", "args": {}}, message, "contoso")
    assert found["untrusted"] is untrusted


# -- what the index says -----------------------------------------------------------------------------------------------

CALL = {"id": "c", "name": "list_builds", "args": {"pipeline": "ci"}}
NOON = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


def entry(**more):
    return {**index_entry(evidence("text"), NOON)[0], **more}


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (NOON, "2026-01-01T12:00:30Z"),
        (datetime(2026, 1, 1, 12, 0, tzinfo=timezone(timedelta(hours=13, minutes=45))), "2025-12-31T22:15:00Z"),
        (datetime(2026, 1, 1, 23, 0, tzinfo=timezone(timedelta(hours=-5))), "2026-01-02T04:00:00Z"),
    ],
)
def test_the_time_of_a_read_is_told_in_utc(read, told):
    assert index_entry(evidence("text"), read)[0]["read"] == told


def test_the_index_has_the_size_and_the_digest_of_the_text_and_not_the_text():
    kept, text = index_entry(evidence("a\ud800b"), NOON)
    assert text == "a\ufffdb"
    assert (kept["size"], kept["digest"][:12]) == (3, hashlib.sha256("a\ufffdb".encode()).hexdigest()[:12])
    assert "text" not in kept


def test_what_a_message_holds_is_described():
    data = {
        "status": "partial", "origins": [{"by": "people"}], "next": {"cursor": "x"}, "gaps": True, "final": True,
        "caption": "Bug 59", "type": "Page[Build]", "data": [],
    }  # fmt: skip
    message = ToolMessage("3 builds", artifact=data, tool_call_id="c")
    found = evidence_of_message("E4", None, CALL, message, "contoso/Platform")
    told = {"id": "E4", "call": "c", "tool": "list_builds", "arguments": {"pipeline": "ci"}, "text": "3 builds"}
    told |= {"status": "partial", "origins": [{"by": "people"}], "next": {"cursor": "x"}, "gaps": True}
    told |= {"final": "contoso/Platform", "caption": "Bug 59", "untrusted": True}
    assert {name: found[name] for name in told} == told


def test_a_message_without_data_is_described_as_an_answer_of_which_nothing_is_known():
    good = evidence_of_message("E1", None, CALL, ToolMessage("x", tool_call_id="c"), "contoso")
    assert (good["status"], good["next"], good["gaps"], good["final"]) == ("ok", None, False, "")
    bad = evidence_of_message("E1", None, CALL, ToolMessage("x", tool_call_id="c", status="error"), "contoso")
    assert bad["status"] == "unavailable"
    assert [origin["by"] for origin in bad["origins"]] == ["service"]


def test_an_answer_that_no_tool_gave_is_trusted_and_has_no_page():
    found = evidence_of_text("E1", CALL, "denied", "no", "refused")
    assert found == {
        "id": "E1", "call": "c", "tool": "list_builds", "arguments": {"pipeline": "ci"}, "status": "denied",
        "text": "no", "summary": "refused", "untrusted": False, "origins": [], "next": None, "gaps": False,
        "final": "", "urls": None, "caption": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "missing"), [("ok", "the rest"), ("empty", "the rest"), ("partial", "the rest"), ("denied", "all of it")]
)
def test_a_read_that_was_cut_says_what_is_missing(status, missing):
    cut = mark_cut(evidence_of_text("E1", CALL, status, "x", "3 builds"))
    assert cut["summary"] == f"3 builds, cut by the time limit of the question: {missing} is missing"
    assert cut["cut"] is True


def test_newer_evidence_wins_and_what_was_untrusted_stays_so():
    people, builds = {"by": "people"}, {"by": "builds"}
    old = {"E1": entry(status="ok", untrusted=True, origins=[people]), "E2": entry(status="ok")}
    new = {"E1": entry(status="empty", untrusted=False, origins=[builds]), "E3": entry(status="denied")}
    both = merge_evidence(old, new)
    assert {name: one["status"] for name, one in both.items()} == {"E1": "empty", "E2": "ok", "E3": "denied"}
    assert (both["E1"]["untrusted"], both["E1"]["origins"]) == (True, [people, builds])
    assert merge_evidence(new, old)["E1"]["untrusted"] is True
    assert merge_evidence(old, old)["E1"]["origins"] == [people]
    assert merge_evidence(None, None) == {}
    assert merge_evidence(old, None) == merge_evidence(None, old) == old


@pytest.mark.parametrize(
    ("first", "other", "continued"),
    [
        ({}, {}, True),
        ({}, {"status": "empty"}, True),
        ({}, {"status": "partial"}, True),
        ({}, {"status": "throttled"}, False),
        ({}, {"tool": "list_pipelines"}, False),
        ({}, {"arguments": {"pipeline": "ci", "cursor": "b"}}, False),
        ({}, {"arguments": {"pipeline": "docs", "cursor": "a"}}, False),
        ({}, {"arguments": {"pipeline": "ci", "cursor": "a", "branch": "main"}}, False),
        ({}, {"arguments": {"pipeline": "ci", "cursor": "a", "branch": None, "limit": 200}}, True),
        ({"gaps": True}, {}, False),
        ({"next": None}, {}, False),
        ({"next": {"first_line": 81}}, {"arguments": {"pipeline": "ci", "first_line": 81, "last_line": 200}}, True),
        ({"next": {"first_line": 81}}, {"arguments": {"pipeline": "ci", "first_line": 82}}, False),
    ],
)
def test_a_page_is_continued_by_the_call_that_it_names_and_by_no_other(first, other, continued):
    page = entry(tool="list_builds", status="partial", arguments={"pipeline": "ci", "limit": 2}, next={"cursor": "a"})
    then = entry(tool="list_builds", status="ok", arguments={"pipeline": "ci", "cursor": "a"}, next=None)
    assert is_continued({**page, **first}, [entry(), {**then, **other}]) is continued


def test_empty_arguments_say_nothing():
    assert given_arguments({"a": None, "b": "", "c": [], "d": 0, "e": False, "f": "x"}) == {
        "d": 0,
        "e": False,
        "f": "x",
    }
    assert number_of("E12") == 12


@pytest.mark.parametrize(("more", "whole"), [(0, True), (1, False)])
def test_a_text_that_fits_is_shown_whole(more, whole):
    text = "x" * (PREVIEW - 3 + more) + "\nyz"
    assert (preview(evidence(text)) == f"E1:\n{text}") is whole


def test_evidence_that_does_not_exist_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"^There is no evidence 'E9'\. Known: E1, E2\.$"):
        find_evidence({"E1": entry(), "E2": entry()}, {"id": "E9"})
    with pytest.raises(ValueError, match=r"Known: none yet\.$"):
        find_evidence({}, {"id": "E9"})
