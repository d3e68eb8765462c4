"""How many there are of something is known by totals, sizes, rows and texts that say so, and never by an id."""

import pytest

from azure_devops_agents.reports.facts import find_facts
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILDS = """4 builds, all
<untrusted 0>
id\tpipeline\tresult\tbranch\tqueued
7\tdocs\tsucceeded\tmain\t2026-11-01T08:00Z
9\tdocs\tfailed\tmain\t2026-11-03T08:00Z
12\tapi\tfailed\tstable\t2026-11-04T08:00Z
25\tapi\tfailed\tmain\t2026-11-05T08:00Z
</untrusted 0>"""
PULL_REQUEST = """<untrusted 1>
id: 13
title: Prepare the 2 archives of bug 30
status: completed
comment_count: 5
work_items: 30
last_build: 25
reviewers (2):
  name\tvote
  Dana Ortiz\tapproved
  Mina Sato\tno vote
discussion:
### 21 closed
Dana Ortiz: build 9 waited for 3 agents.
</untrusted 1>"""
SEARCH = """8 of 17 files with hits
<untrusted 2>
path\tlines
/a.py\t10 TIMEOUT = 1; 14 use(TIMEOUT)
</untrusted 2>"""
PIPELINES = """2 pipelines, all
<untrusted 3>
id\tname\tlast_build\trunning
4\tdocs\t9\t
3\tapi\t12\t25
</untrusted 3>"""
TEXTS = {"E1": BUILDS, "E2": PULL_REQUEST, "E3": SEARCH, "E4": PIPELINES}
INDEX = {
    "E1": {"tool": "list_builds", "arguments": {}, "status": "ok"},
    "E2": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
    "E3": {"tool": "search_code", "arguments": {"text": "TIMEOUT"}, "status": "ok"},
    "E4": {"tool": "list_pipelines", "arguments": {}, "status": "ok"},
}


def check(answer):
    return check_report(plain_report(answer, "answered"), TEXTS, INDEX)["answer_unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "There are 25 builds [E1].",
        "There are twelve builds [E1].",
        "9 builds failed [E1].",
        "7 of the builds ran on main [E1].",
        "There are 12 failed builds [E1].",
        "Seven: 9, 12 and 25 [E1].",
        "7: 9, 12 and 25 [E1].",
        "There are 13 pull requests [E2].",
        "Pull request 13 has 30 reviewers [E2].",
        "Pull request 13 changes 21 files [E2].",
        "25 builds ran for pull request 13 [E2].",
        "Pull request 13 has nine comments [E2].",
        "Pull request 13 has two approved reviewers [E2].",
        "It closes 30 work items [E2].",
        "There are 10 files with it [E3].",
        "There are 14 hits [E3].",
        "There are 25 running pipelines [E4].",
        "There are 12 builds of api [E4].",
    ],
)
def test_an_id_is_no_count(answer):
    [marked] = check(answer)
    assert "the quote does not contain" in marked["problem"]


@pytest.mark.parametrize(
    "answer",
    [
        "There are 4 builds [E1].",
        "Four runs are listed [E1].",
        "Three builds failed, and two of the builds are of docs [E1].",
        "There are 3 failed builds [E1].",
        "Two builds of api failed, and three builds ran on main [E1].",
        "Three: 9, 12 and 25 [E1].",
        "Pull request 13 has 2 reviewers and five comments [E2].",
        "Build 9 waited for three agents [E2].",
        "It prepares 2 archives [E2].",
        "8 of 17 files have hits [E3].",
        "There are 17 files [E3].",
        "There are two pipelines [E4].",
    ],
)
def test_totals_sizes_rows_fields_and_texts_count(answer):
    assert check(answer) == []


@pytest.mark.parametrize(
    ("sentence", "counted"),
    [
        ("There are 16 pull requests.", ("16", "pull request")),
        ("13 open pull requests wait.", ("13", "pull request")),
        ("2 failed stages are named.", ("2", "stage")),
        ("7 of the branches are old.", ("7", "branch")),
        ("Two entries and a title.", ("2", "entry")),
    ],
)
def test_a_count_knows_what_it_counts(sentence, counted):
    assert [(fact.value, fact.noun) for fact in find_facts(sentence) if fact.kind == "count"] == [counted]


@pytest.mark.parametrize("sentence", ["18 gives orders.", "7 has conflicts.", "9 waits for Mina Sato.", "7 is open."])
def test_a_number_that_does_something_counts_nothing(sentence):
    assert all(fact.kind != "count" for fact in find_facts(sentence))
