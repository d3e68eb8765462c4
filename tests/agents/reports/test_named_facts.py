"""Facts that a program reads: asked for by name, compared with their evidence, and shown as a table."""

import pytest
from rich.console import Console

from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.reports.links import list_links
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.page import render_page
from azure_devops_agents.reports.report import ask_for_facts, parse_report, plain_report
from azure_devops_agents.reports.support import check_report, list_problems

EVIDENCE = {
    "E1": "2 pull requests, all\n\nid\ttitle\tauthor\n13\tRename the timeout\tTom Becker\n9\tPaging\tMina Sato",
    "E2": "id: 23\nstate: Active\ncreated: 2026-11-12 08:52 UTC",
}


def giving(name, *values, evidence=("E1",)):
    return {**plain_report("x"), "facts": [{"name": name, "values": list(values), "evidence": list(evidence)}]}


def checked(name, *values, **more):
    [fact] = check_report(giving(name, *values, **more), EVIDENCE)["facts"]
    return fact["problem"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("author", ["Tom Becker"]), ("pull_requests", ["13", "9"]), ("number_of_pull_requests", ["2"]),
        ("may_be_merged", ["no"]), ("blocked", ["none"]), ("approver", []), ("cause", ["infrastructure"]),
        ("open_for_two_weeks_only", ["no"]), ("is_4999_one_of_them", ["yes"]),
    ],
)  # fmt: skip
def test_a_fact_that_its_evidence_has_is_supported(name, values):
    assert checked(name, *values) == ""


@pytest.mark.parametrize(
    ("values", "evidence", "problem"),
    [
        (["Priya Raman"], ["E1"], "E1 does not contain Priya Raman"),
        (["13", "77"], ["E1"], "E1 does not contain 77"),
        (["2026-11-13"], ["E2"], "E2 does not contain 2026-11-13"),
        (["Tom Becker"], ["E2"], "E2 does not contain Tom Becker"),
        (["Tom Becker"], ["E9"], "there is no evidence E9"),
        (["no"], [], "it cites no evidence"),
    ],
)
def test_a_fact_that_its_evidence_lacks_is_marked_and_the_model_is_told(values, evidence, problem):
    assert checked("fact", *values, evidence=evidence) == problem
    told = list_problems(check_report(giving("fact", *values, evidence=evidence), EVIDENCE))
    assert f"facts: fact: {problem}." in told


def test_the_number_of_a_line_is_its_place_in_the_file():
    texts = {"E1": "lines 1-3 of 3\n<untrusted 1>\npath: /a.env\n# Settings\nHOST=here\nTIMEOUT=30\n</untrusted 1>"}
    for name, value, problem in (
        ("line_of_the_host", "2", ""), ("line_of_the_timeout", "7", "E1 does not contain line 7"),
        ("number_of_secrets", "0", ""), ("number_of_secrets", "7", "E1 does not contain 7"),
    ):  # fmt: skip
        [fact] = check_report(giving(name, value), texts)["facts"]
        assert fact["problem"] == problem


def test_a_fact_may_count_the_values_of_another_one():
    texts = {"E1": "id\ttitle\n31\tSlow\n32\tBroken\n33\tLate\n34\tLost", "E2": "id: 90"}
    counted = {"name": "number_of_bugs", "evidence": ["E1"]}
    facts = [{"name": "bugs", "values": ["31", "33", "34"], "evidence": ["E1"]}]
    for number, evidence, problem in (
        ("3", ["E1"], ""), ("7", ["E1"], "E1 does not contain 7"), ("3", ["E2"], "E2 does not contain 3"),
    ):  # fmt: skip
        report = {**plain_report("x"), "facts": [*facts, {**counted, "values": [number], "evidence": evidence}]}
        assert [fact["problem"] for fact in check_report(report, texts)["facts"]] == ["", problem]


def test_what_a_model_sends_in_other_forms_is_taken_for_what_it_means():
    given = [{"name": "open", "values": [6, True]}, {"name": "author", "values": "31", "evidence": "E1"}]
    report = parse_report({"answer": "x", "verdict": "answered", "facts": given})
    assert [fact["values"] for fact in report["facts"]] == [["6", "yes"], ["31"]]
    assert report["facts"][1]["evidence"] == ["E1"]


def test_a_question_names_the_facts_that_it_wants():
    asked = ask_for_facts("Who changed this?", {"author": "a person", "pull_request": ""})
    assert asked.startswith("Who changed this?\n\n")
    assert "`author` (a person); `pull_request`." in asked
    assert ask_for_facts("Who?", {}) == "Who?"


def test_people_see_a_table_under_the_answer_in_every_form():
    report = check_report(giving("first_author", "Tom Becker", "<Zed Quell>"), EVIDENCE)
    index = {
        "E1": {"summary": "2 pull requests", "tool": "list_pull_requests", "urls": {"page": "https://x.example/1"}}
    }
    report["links"] = list_links(report, index)
    assert list(report["links"]) == ["E1"]
    markdown = render_markdown(report)
    assert "| First author | Tom Becker, &lt;Zed Quell" in markdown.replace(r"\<", "&lt;")
    page = render_page(report, {}, {})
    assert '<th scope="row">First author</th><td>Tom Becker, &lt;Zed Quell&gt;' in page
    console = Console(record=True, force_terminal=True, width=100)
    show_report(console, report)
    shown = console.export_text()
    assert "First author  Tom Becker, <Zed Quell> [E1]" in shown
    assert "Not verified: " in shown
