"""What the report does not cover, in code's own words: which results are gaps, and how writes are named."""

import pytest

from azure_devops_agents.reports.report import (
    ask_for_facts,
    describe_found,
    list_coverage,
    list_cut,
    name_call,
    parse_report,
    plain_report,
    split_gap,
)


def entry(number=1, status="ok", tool="list_builds", summary="3 builds", **more):
    described = {"id": f"E{number}", "tool": tool, "status": status, "summary": summary, "arguments": {}}
    return {**described, "next": None, "gaps": False, **more}


def cover(*entries, decisions=(), limits=(), failure=""):
    evidence = {each["id"]: each for each in entries}
    return list_coverage(evidence, dict(enumerate(decisions)), list(limits), failure)


@pytest.mark.parametrize(
    ("status", "gap"),
    [
        ("ok", None), ("empty", None), ("partial", "partial"), ("denied", "denied"), ("not_found", "not_found"),
        ("throttled", "throttled"), ("unknown", "unknown"), ("invalid", "invalid"), ("blocked", "blocked"),
    ],
)  # fmt: skip
def test_every_result_that_is_not_whole_is_a_gap_of_its_status(status, gap):
    assert cover(entry(status=status)) == ({gap: ["E1 list_builds: 3 builds"]} if gap else {})


@pytest.mark.parametrize("status", ["ok", "empty", "partial"])
def test_a_read_that_was_cut_is_partial(status):
    assert cover(entry(status=status, cut=True)) == {"partial": ["E1 list_builds: 3 builds"]}


def test_the_gaps_of_one_status_stand_together_in_order():
    assert cover(entry(1, "denied"), entry(2, "partial"), entry(3, "denied", tool="get_build")) == {
        "denied": ["E1 list_builds: 3 builds", "E3 get_build: 3 builds"], "partial": ["E2 list_builds: 3 builds"],
    }  # fmt: skip


CI = {"pipeline": "ci"}


@pytest.mark.parametrize(
    ("later", "corrected"),
    [
        (entry(2, "ok", arguments={**CI, "branch": "main"}), True),
        (entry(2, "empty", arguments=CI), True),
        (entry(2, "partial", arguments=CI, gaps=True), True),
        (entry(2, "denied", arguments=CI), False),
        (entry(2, "ok", arguments={"pipeline": "docs"}), False),
        (entry(2, "ok", arguments={"limit": 5, "project": "Platform", "cursor": "x"}), False),
        (entry(2, "ok", tool="get_build", arguments=CI), False),
    ],
)
def test_an_invalid_call_is_corrected_by_a_later_one_that_shares_more_than_the_project(later, corrected):
    wrong = entry(status="invalid", arguments={**CI, "limit": 5, "project": "Platform", "cursor": "x"})
    assert ("invalid" not in cover(wrong, later)) is corrected
    assert "invalid" in cover(later, {**wrong, "id": "E3"}), "a call before it corrects nothing"


def test_only_an_invalid_call_can_be_corrected():
    assert "not_found" in cover(entry(status="not_found", arguments=CI), entry(2, arguments=CI))


def test_a_page_that_was_continued_is_no_gap():
    first = entry(status="partial", next={"cursor": "a"})
    assert cover(first, entry(2, arguments={"cursor": "a"})) == {}
    assert cover(first, entry(2, arguments={"cursor": "b"})) == {"partial": ["E1 list_builds: 3 builds"]}


def decided(how, reason="", **arguments):
    call = {"name": "create_work_item", "args": {"title": "The  gate\nis open"} | arguments}
    return {"decision": how, "reason": reason, "call": call}


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (decided("reject"), 'create_work_item "The gate is open", rejected'),
        (decided("reject", "wrong item"), 'create_work_item "The gate is open", rejected: wrong item'),
        (decided("stop"), 'create_work_item "The gate is open", stopped'),
        (decided("outdated"), 'create_work_item "The gate is open", changed since it was approved'),
        (decided("blocked"), 'create_work_item "The gate is open", blocked'),
        (decided("reject", "x" * 500), f'create_work_item "The gate is open", rejected: {"x" * 500}'),
        (decided("reject", "x" * 522), f'create_work_item "The gate is open", rejected: {"x" * 522}'),
        (decided("reject", "x" * 600),
         f'create_work_item "The gate is open", rejected: {"x" * 500} [cut; 600 characters]'),
    ],
)  # fmt: skip
def test_a_write_that_did_not_happen_is_told_with_the_decision(decision, told):
    assert cover(decisions=[decision]) == {"not_written": [told]}


def test_an_approved_write_is_no_gap_and_every_write_is_told():
    assert cover(decisions=[decided("approve")]) == {}
    assert cover(entry(4, "written", "create_work_item"), entry(5, "written", "vote")) == {
        "written": ["E4 create_work_item", "E5 vote"]
    }


def test_limits_and_failures_are_told():
    assert cover(limits=["40 calls"], failure="the model is gone") == {
        "limits": ["40 calls"], "failure": ["the model is gone"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"title": " a  b "}, 'update "a b"'), ({"title": "t" * 101}, f'update "{"t" * 100}"'), ({"id": 4}, "update 4"),
        ({"ids": [4, 5]}, "update [4, 5]"), ({}, "update"), ({"title": "", "id": 4}, "update 4"),
        ({"title": "a", "id": 4}, 'update "a"'),
    ],
)  # fmt: skip
def test_a_write_is_named_by_its_title_or_its_id(arguments, told):
    assert name_call({"name": "update", "args": arguments}) == told


def test_a_read_that_was_cut_and_not_continued_is_listed():
    cut = entry(1, "partial", cut=True, next={"cursor": "a"})
    assert list_cut({"E1": cut, "E2": entry(2)}) == ["E1"]
    assert list_cut({"E1": cut, "E2": entry(2, arguments={"cursor": "a"})}) == []
    assert list_cut({"E1": entry(1, "partial", next={"cursor": "a"})}) == []


def test_what_was_found_is_listed_without_a_model():
    assert describe_found([]) == "Nothing was found until then."
    assert describe_found([entry()]) == "What was found until then:\n- E1 list_builds: 3 builds"
    forty = describe_found([entry(number) for number in range(1, 41)])
    assert forty.endswith("\n- E40 list_builds: 3 builds")
    assert describe_found([entry(n) for n in range(1, 43)]) == f"{forty}\n- 2 further results"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("E12 list_builds: 3", ("E12", "list_builds: 3")), ("40 calls", ("", "40 calls")), ("E12", ("", "E12")),
        ("see E1 x", ("", "see E1 x")), ("", ("", "")),
    ],
)  # fmt: skip
def test_a_line_of_the_coverage_is_split_at_the_id_of_its_evidence(line, parts):
    assert split_gap(line) == parts


def test_facts_are_asked_for_behind_the_question():
    assert ask_for_facts("Who?", {}) == "Who?"
    asked = ask_for_facts("Who?", {"author": "a person", "count": ""})
    assert asked.startswith("Who?\n\nGive these facts, in the report or each at the end of the answer")
    assert asked.endswith("`name: value`: `author` (a person); `count`.")


def test_a_report_of_code_cites_nothing():
    made = plain_report("Stopped.")
    assert (made["answer"], made["verdict"], made["facts"]) == ("Stopped.", "inconclusive", [])
    assert made["observed"] == made["inferred"] == made["hypotheses_rejected"] == made["not_determined"] == []


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (True, ["yes"]), (False, ["no"]), (6, ["6"]), (1.5, ["1.5"]), ("Tom", ["Tom"]),
        (["a", 2, True], ["a", "2", "yes"]), ([], []), (None, []),
        ("true", ["true"]), ("1.50", ["1.50"]), ('["a"]', ['["a"]']),
    ],
)  # fmt: skip
def test_a_fact_may_have_bare_values(values, kept):
    fact = {"name": "a", "values": values, "evidence": "E1 and E2"}
    made = parse_report({"answer": "x", "verdict": "answered", "facts": fact})
    assert made["facts"] == [{"name": "a", "values": kept, "evidence": ["E1", "E2"]}]
