"""An answer is compared sentence by sentence, however people write dates, lists and citations."""

import pytest

from azure_devops_agents.reports.links import replace_citations
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_agents.reports.timeline import build_timeline
from azure_devops_agents.reports.words.citations import cited_in
from azure_devops_agents.reports.words.dates import Moment, find_dates
from azure_devops_agents.reports.words.sentences import split_sentences

BUILDS = """3 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\trequested_for\tqueued
13\tdocs\tcompleted\tsucceeded\tMina Sato\t2026-11-16T08:00Z
17\tdocs\tcompleted\tsucceeded\tDana Ortiz\t2026-11-17T08:00Z
18\tdocs\tcompleted\tfailed\tMina Sato\t2026-11-18T13:57Z
</untrusted 0>"""
PULL_REQUEST = """pull request 13
<untrusted 2>
id: 13
status: completed
closed: 2026-11-17T09:30Z
closed_by: Tom Becker
</untrusted 2>"""
TEXTS = {"E1": BUILDS, "E2": PULL_REQUEST}
INDEX = {
    "E1": {"tool": "list_builds", "arguments": {}, "status": "ok"},
    "E2": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
}
ROW = {"statement": "Build 17 succeeded.", "evidence": ["E1"], "quote": "17\tdocs\tcompleted\tsucceeded"}


def marked(answer):
    checked = check_report({**plain_report(answer), "observed": [ROW]}, TEXTS, INDEX)
    return [(row["statement"], row["problem"]) for row in checked["answer_unverified"]]


def split(text):
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    "citation", [" [E2]", " (E2)", "[E2]", " [E2][E1]", " (see E2)", " `E2`", " See E2.", " Source: E2."]
)
def test_a_citation_after_the_full_stop_belongs_to_the_sentence_before_it(citation):
    assert marked(f"Pull request 13 was merged by Tom Becker.{citation}") == []
    assert marked(f"Pull request 13 was merged by Tom Becker.{citation} Build 17 succeeded.") == []
    [(sentence, problem)] = marked(f"Pull request 13 was merged by Dana Ortiz.{citation} Build 17 succeeded.")
    assert "Dana Ortiz" in sentence
    assert "Dana Ortiz" in problem


@pytest.mark.parametrize("citation", ["(E2)", "Source: E2.", "**Source:** [E2]", "*Quelle: E2*", "Sources: E2, E1"])
@pytest.mark.parametrize(
    "block", ["- Pull request 13 is of {}", "| PR | by |\n|---|---|\n| 13 | {} |", "PR 13 is of {}."]
)
def test_a_line_of_citations_belongs_to_the_whole_block_before_it(block, citation):
    for space in ("\n", "\n\n"):
        assert marked(f"Build 17 succeeded.\n\n{block.format('Tom Becker')}{space}{citation}") == []
        [(_, problem)] = marked(f"Build 17 succeeded.\n\n{block.format('Nora Quist')}{space}{citation}")
        assert "Nora Quist" in problem


def test_a_line_of_citations_belongs_to_no_block_before_that():
    [first, second] = split_sentences("Build 17 succeeded.\n\n- Pull request 13\n\n(E2)")
    assert (first.cited, second.cited) == ((), ("E2",))


def test_evidence_that_is_not_there_is_told_of_a_whole_block_as_well():
    assert marked("- Build 17: succeeded\n\nSource: E9.") == [("Build 17: succeeded", "there is no evidence E9")]


@pytest.mark.parametrize("marker", ["1. ", "1) ", "10. ", "> 1. ", "  2. ", "**1.** ", "### 3. "])
def test_the_number_of_a_point_is_no_sentence_and_no_fact(marker):
    assert marked(f"{marker}Build 17 succeeded\n{marker}Build 18 failed [E1]") == []
    [(sentence, _)] = marked(f"{marker}Build 17 failed")
    assert sentence == "Build 17 failed"


@pytest.mark.parametrize(
    "date",
    ["Nov. 17, 2026", "17 Nov. 2026", "17. November 2026", "17. Nov. 2026", "17. November", "November 17th, 2026",
     "17 novembre 2026", "17 de noviembre de 2026", "17.11.2026"],
)  # fmt: skip
def test_a_date_as_people_write_it_is_one_date_and_ends_no_sentence(date):
    sentence = f"On {date}, build 17 of docs succeeded."
    assert split(f"{sentence} Build 18 failed.") == [sentence, "Build 18 failed."]
    [written] = find_dates(sentence)
    assert sentence[written.start : written.end] == date
    assert marked(sentence) == []
    [(_, problem)] = marked(sentence.replace("17", "16", 1))
    assert "16" in problem


@pytest.mark.parametrize("word", ["may", "march", "sep", "dec"])
def test_a_word_in_lower_case_is_no_month(word):
    assert find_dates(f"Build 26 {word} pass.") == []


@pytest.mark.parametrize(
    "text",
    [
        "See https://example.org/a.B?c=D. Then it failed.",
        'It says "Stop. Nothing works." and ends.',
        "`a. B` is what fails. Nothing else does.",
        "It failed, e.g. Build 17. It is red.",
    ],
)
def test_addresses_and_quotations_are_not_split(text):
    assert len(split(text)) <= 2
    assert all(not part.startswith(("B", "D.", "Nothing works", "Build 17.")) for part in split(text)[1:])


@pytest.mark.parametrize(
    "text",
    [
        "13:57 UTC on 2026-11-18", "13:57 on 18 November 2026", "13:57 UTC on 18.11.2026", "18.11.2026 13:57",
        "13:57 UTC on Wednesday, 18 November 2026", "18 November 2026 at 13:57 UTC", "2026-11-18, 13:57",
        "14:57 CET on Nov 18, 2026", "18. November 2026 um 13:57", "1:57 pm on 18 Nov 2026", "November 18, 2026 (13:57",
    ],
)  # fmt: skip
def test_a_time_and_its_day_are_one_moment_in_either_order(text):
    [written] = find_dates(f"It failed at {text}.")
    assert {reading.exact for reading in written.readings} == {Moment(2026, 11, 18, 13, 57).exact}


def test_a_time_and_a_day_that_stand_apart_are_two():
    assert len(find_dates("It ran at 13:57 and on 18 November 2026, and at 14:00 it ended.")) == 3
    assert len(find_dates("On 18 November 2026 13:57, 19 November 2026 14:05.")) == 2


def test_a_time_before_its_date_is_compared_with_it():
    assert marked("Build 18 failed at 13:57 UTC on 18.11.2026 [E1].") == []
    assert marked("Build 18 failed at 13:57 UTC on 17.11.2026 [E1].") != []
    assert marked("Build 18 failed at 13:58 UTC on 18.11.2026 [E1].") != []


def test_a_time_before_its_date_has_its_place_in_the_time_line():
    said = ["Build 18 failed at 13:57 UTC on 2026-11-18", "On Nov. 18, 2026 it was queued", "It ended 2026-11-18 13:00"]
    report = {"observed": [{"statement": text, "evidence": ["E1"], "quote": ""} for text in said]}
    rows = build_timeline(report, TEXTS)
    assert [row["time"] for row in rows] == ["2026-11-18", "2026-11-18 13:00", "2026-11-18 13:57"]
    assert rows[0]["text"] == said[1]


@pytest.mark.parametrize("text", ["Rename e1 to e2 in solver.py", "`e1` is a variable", "the edge e1-e2", "case e12"])
def test_a_small_e_with_a_number_is_no_citation_where_it_stands_alone(text):
    assert cited_in(text) == []
    assert replace_citations({"title": text, "description": text}, {"E1": {}, "E2": {}}, ["description"]) == {
        "title": text,
        "description": text,
    }


@pytest.mark.parametrize(
    "text", ["It failed (e1).", "It failed [e1].", "See e1.", "evidence e1", "`E1`", "E1 says so."]
)
def test_an_id_in_brackets_or_after_a_word_is_a_citation_in_any_case(text):
    assert cited_in(text) == ["E1"]
