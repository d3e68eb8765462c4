"""Wrong reports: each differs from the right one in what it says, and keeps its quotes."""

from dataclasses import replace

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_evals.case import Outcome
from azure_devops_evals.cases import CASES
from azure_devops_evals.selfcheck import wrong_reports as wrong
from azure_devops_evals.selfcheck.faulty_results import FAULTY_RESULTS, believe
from azure_devops_evals.selfcheck.proof import prove
from azure_devops_evals.selfcheck.wrong_agents import WRONG_AGENTS, play_wrong

LIST = (
    "3 pull requests, all\n\nid\ttitle\tauthor\tstatus\tcreated\n13\tRename\tTom Becker\tactive\t2026-11-16T14:50Z\n"
    "9\tPaging\tMina Sato\tcompleted\t2026-11-12T11:32Z\n7\tPorts\tMina Sato\tcompleted\t2026-11-06T08:00Z"
)
LOG = "build: 31\nlines:\n73: KeyError"
OUTCOME = Outcome(
    report=plain_report(""),
    evidence={
        "E1": {"id": "E1", "tool": "list_pull_requests", "arguments": {}, "status": "ok", "text": LIST},
        "E2": {"id": "E2", "tool": "get_build_log", "arguments": {"build": 31}, "status": "ok", "text": LOG},
    },
    answers=(),
    tools=frozenset(),
)
ROW = {"statement": "Tom Becker opened 13.", "evidence": ["E1"], "quote": "13\tRename\tTom Becker"}
REPORT = {
    "answer": "Tom Becker opened pull request 13, Mina Sato the other 2 of 3.",
    "verdict": "answered",
    "facts": [
        {"name": "author", "values": ["Tom Becker"], "evidence": ["E1"]},
        {"name": "open", "values": ["13"], "evidence": ["E1"]},
        {"name": "merged", "values": ["9", "7"], "evidence": ["E1"]},
        {"name": "safe", "values": ["yes"], "evidence": ["E1"]},
    ],
    "observed": [ROW],
}


def facts(report):
    return [fact["values"] for fact in report["facts"]]


RIGHT = facts(REPORT)


@pytest.mark.parametrize(
    ("change", "answer", "said", "values"),
    [
        (wrong.deny, f"None of the following is true: {REPORT['answer']}", "The contrary is the case.", RIGHT),
        (wrong.turn_facts, REPORT["answer"], ROW["statement"], [["Mina Sato"], ["14"], ["10", "8"], ["no"]]),
        (
            wrong.swap_roles, "Mina Sato opened pull request 13, Tom Becker the other 2 of 3.",
            "Mina Sato opened 13.", [["Mina Sato"], *RIGHT[1:]],
        ),
        (
            wrong.swap_roles_in_sentences, "Mina Sato opened pull request 13, Tom Becker the other 2 of 3.",
            "Mina Sato opened 13.", RIGHT,
        ),
        (
            wrong.change_numbers, "Tom Becker opened pull request 14, Mina Sato the other 3 of 4.",
            "Tom Becker opened 14.", [["Tom Becker"], ["14"], ["10", "8"], ["yes"]],
        ),
        (
            wrong.confuse_neighbours, "Mina Sato opened pull request 14, Mina Sato the other 2 of 3.",
            "Mina Sato opened 14.", [["Mina Sato"], ["14"], ["10", "8"], ["yes"]],
        ),
    ],
)  # fmt: skip
def test_a_wrong_report_says_something_else_with_the_same_quotes(change, answer, said, values):
    report = change(REPORT, OUTCOME)
    assert report["answer"] == answer
    assert [row["statement"] for row in report["observed"]] == [said]
    assert [row["quote"] for row in report["observed"]] == [ROW["quote"]]
    assert facts(report) == values


def test_what_cannot_be_changed_makes_no_wrong_report():
    nothing = {"answer": "All is well.", "verdict": "answered"}
    changes = (wrong.turn_facts, wrong.swap_roles, wrong.change_numbers, wrong.confuse_neighbours)
    assert [change(nothing, OUTCOME) for change in changes] == [None] * 4


def test_other_evidence_is_cited_and_everything_is_left_open():
    other = wrong.cite_other_evidence(REPORT, OUTCOME)
    assert [row["evidence"] for row in (*other["observed"], *other["facts"])] == [
        ["E2"],
        ["E2"],
        ["E2"],
        ["E99"],
        ["E2"],
    ]
    alone = replace(OUTCOME, evidence={"E1": OUTCOME.evidence["E1"]})
    assert wrong.cite_other_evidence(REPORT, alone)["observed"][0]["evidence"] == ["E99"]
    left_open = wrong.find_nothing(REPORT, OUTCOME)
    assert left_open["verdict"] == "inconclusive"
    assert facts(left_open) == [[], [], [], []]
    assert [row["statement"] for row in left_open["not_determined"]] == [ROW["statement"]]


@pytest.mark.parametrize(
    ("fault", "answer", "values", "quote"),
    [
        (
            "name other people", "Nora Quist opened pull request 13, Tom Becker the other 2 of 3.",
            [["Nora Quist"], *RIGHT[1:]], "13\tRename\tNora Quist",
        ),
        ("count one more", "Tom Becker opened pull request 13, Mina Sato the other 2 of 4.", RIGHT, ROW["quote"]),
        (
            "lose the last row", "Tom Becker opened pull request 13, Mina Sato the other 2 of 2.",
            [*RIGHT[:2], ["9"], ["yes"]], ROW["quote"],
        ),
        (
            "call the first half all", "Tom Becker opened pull request 13, Mina Sato the other 2 of 1.",
            [*RIGHT[:2], ["none"], ["yes"]], ROW["quote"],
        ),
    ],
)  # fmt: skip
def test_an_agent_that_believes_a_faulty_result_reports_it(fault, answer, values, quote):
    report = believe(REPORT, OUTCOME, FAULTY_RESULTS[fault])
    assert report["answer"] == answer
    assert facts(report) == values
    assert report["observed"][0]["quote"] == quote


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("have every line number off by one", "73: KeyError", "74: KeyError"),
        ("show local times as UTC", "2026-11-16T14:50Z", "2026-11-17T04:35Z"),
        ("tell the states of before", "\tcompleted\t", "\tactive\t"),
    ],
)
def test_a_faulty_result_is_plausible_and_other(fault, before, after):
    text = f"{LIST}\n{LOG}"
    assert after in (faulty := FAULTY_RESULTS[fault](text))
    assert before in text
    assert before not in faulty


def test_a_fault_that_the_report_does_not_rest_on_makes_no_trial():
    assert believe(REPORT, OUTCOME, FAULTY_RESULTS["show local times as UTC"]) is None
    nobody_knows = {**REPORT, "facts": [{"name": "approver", "values": [], "evidence": ["E1"]}]}
    assert believe(nobody_knows, OUTCOME, FAULTY_RESULTS["show local times as UTC"]) is None


MORE = (
    '2 of 3 bugs; more: repeat with cursor="abc"\n\n'
    "id\ttitle\tchanged\n4\tA\t2026-11-06T16:38Z\n5\tB\t2026-11-06T09:00Z"
)
NEXT = "1 of 3 bugs\n\nid\ttitle\n33\tC"
DIFF = "diff:\n@@ -1 +1 @@\n-POOL_SIZE = 10\n+POOL_SIZE = 40"


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("call a page all", ["4", "33"], ["4"]),
        ("compare the other way round", ["10", "40", "POOL_SIZE"], ["40", "10", "POOL_SIZE"]),
        ("show local times as UTC", ["2026-11-06"], ["2026-11-07"]),
    ],
)
def test_an_agent_believes_pages_differences_and_days(fault, before, after):
    texts = {"E1": (MORE, {}), "E2": (NEXT, {"cursor": "abc"}), "E3": (DIFF, {})}
    read = {name: {"tool": "x", "arguments": given, "text": text} for name, (text, given) in texts.items()}
    report = {**REPORT, "answer": "Yes.", "facts": [{"name": "a", "values": before, "evidence": ["E1"]}]}
    assert facts(believe(report, replace(OUTCOME, evidence=read), FAULTY_RESULTS[fault])) == [after]


def test_every_wrong_agent_has_something_to_do_in_some_case():
    chosen = [case for case in CASES if case.id in {"who-changed-this", "file-a-finding"}]
    played = {name for name in WRONG_AGENTS for case in chosen if play_wrong(name, case, CASES) is not None}
    assert played == {*WRONG_AGENTS}


def test_what_is_sent_otherwise_than_approved_is_noticed():
    draft = next(case for case in CASES if case.id == "draft-stays-a-draft")
    sent = [trial for trial in prove([draft], jobs=1).trials if trial.kind == "writes on their way"]
    assert {trial.name for trial in sent if not trial.void} == {"publish drafts", "forget the last value"}
    assert [str(trial) for trial in sent if not trial.as_it_should] == []
