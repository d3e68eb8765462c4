"""A count of the rows in a quoted list is accepted, in sentences and in tables; another number is marked."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

ITEMS = """7 of 7 work items in every visible project
<untrusted 0>
id\ttype\ttitle\tstate\tassigned_to
9\tUser Story\tPage through results\tActive\tMina Sato
13\tUser Story\tPush events\tActive\tMina Sato
49\tFeature\tShow the arrival\tCommitted\tMina Sato
4\tBug\tStorage is public\tActive\tPriya Raman
27\tBug\tSearch misses umlauts\tActive\tPriya Raman
31\tBug\tRestart script hangs\tNew\t
45\tBug\tTwo entries were booked late\tActive\tTom Becker
</untrusted 0>"""
BUILDS = """5 builds, all
<untrusted 1>
id\tpipeline\tresult\tqueued
37\tsoak\tfailed\t2026-11-20T01:00Z
33\tinfra\tfailed\t2026-11-19T06:30Z
26\tshop\tsucceeded\t2026-11-17T15:07Z
8\tshop\tsucceeded\t2026-10-07T18:24Z
3\tshop\tfailed\t2026-09-08T09:47Z
</untrusted 1>"""
LOGS = {
    name: f"<untrusted 3>\nbuild: {build}\nlog: 5\nlines:\n7: Tests: 1 failed, 16 passed, 17 total\n</untrusted 3>"
    for name, build in (("E3", 37), ("E4", 33))
}
PULL_REQUEST = """<untrusted 5>
id: 13
title: Rename the setting
status: completed
closed: 2026-11-17T09:30Z
closed_by: Tom Becker
repository: platform-api
reviewers (1):
  name\tvote\tvoted
  Priya Raman\tapproved\t2026-11-17T08:52Z
</untrusted 5>"""
TEXTS = {"E1": ITEMS, "E2": BUILDS, **LOGS, "E6": PULL_REQUEST}
INDEX = {
    "E1": {"tool": "query_work_items", "arguments": {"project": "*"}, "status": "ok"},
    "E2": {"tool": "list_builds", "arguments": {}, "status": "ok"},
    "E3": {"tool": "get_build_log", "arguments": {"build": 37}, "status": "ok"},
    "E4": {"tool": "get_build_log", "arguments": {"build": 33}, "status": "ok"},
    "E6": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
}
ROWS = {line.split("\t")[0]: line for text in (ITEMS, BUILDS) for line in text.split("\n") if "\t" in line}


def check(statement, evidence, quote, section="observed", answer="See below."):
    row = {"statement": statement, "evidence": evidence, "quote": quote, "reasoning": "Read together."}
    done = check_report({**plain_report(answer), section: [row]}, TEXTS, INDEX)
    return [*done["unverified"], *done["answer_unverified"]]


def rows(*ids):
    return " ... ".join(ROWS[number] for number in ids)


TRUE = [
    ("Mina Sato has three items: 9 and 13 are Active, 49 is Committed.", ("9", "13", "49")),
    ("Priya Raman has two active bugs, 4 and 27.", ("4", "27")),
    ("Three bugs are active.", ("4", "27", "45")),
]


@pytest.mark.parametrize(("statement", "ids"), TRUE)
def test_what_the_rows_add_up_to_holds(statement, ids):
    assert check(statement, ["E1"], rows(*ids)) == []


@pytest.mark.parametrize(("statement", "ids"), TRUE)
@pytest.mark.parametrize("wrong", ["eight", "twelve"])
def test_another_number_does_not_hold(statement, ids, wrong):
    said = statement.replace("Three", wrong.title()).replace("three", wrong).replace("two", wrong)
    assert check(said, ["E1"], rows(*ids))


def test_the_names_of_columns_and_cells_that_count_nothing_state_nothing():
    table = "| Person | Bugs | Stories | Total | Items |\n|---|---:|---|---|---|\n| Priya Raman | 2 | 0 | 2 | 4, 27 |"
    quoted = ["Priya Raman has two active bugs, 4 and 27.", ["E1"], rows("4", "27")]
    assert check(*quoted, answer=table) == []
    assert check(*quoted, answer=table.replace("| 4, 27 |", "| 4, 28 |"))
    assert check(*quoted, answer=table.replace("Priya Raman | 2", "Priya Raman | 9"))


@pytest.mark.parametrize(
    ("statement", "good"),
    [
        ("Only build 3 failed, builds 8 and 26 succeeded.", True),
        ("Builds 3, 8 and 26 all failed.", False),
        ("Only build 8 failed, builds 3 and 26 succeeded.", False),
    ],
)
def test_a_result_belongs_to_the_list_before_it(statement, good):
    assert (check(statement, ["E2"], f"{ROWS['26']} ... {ROWS['8']}\n{ROWS['3']}") == []) is good


@pytest.mark.parametrize(
    ("statement", "good"),
    [
        ("In builds 37 and 33, 1 of 17 tests failed.", True),
        ("In builds 37, 33, 1 of 17 tests failed.", True),
        ("In builds 37 and 34, 1 of 17 tests failed.", False),
        ("In builds 37 and 33, 2 of 17 tests failed.", False),
    ],
)
@pytest.mark.parametrize("section", ["observed", "inferred"])
def test_a_quote_that_several_logs_have_stands_for_all_of_them(statement, good, section):
    assert (check(statement, ["E3", "E4"], "Tests: 1 failed, 16 passed, 17 total", section) == []) is good


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("Die Zustimmung gab Priya Raman am 17.11. um 08:52 Uhr.", True),
        ("Die Zustimmung gab Priya Raman am 18.11. um 08:52 Uhr.", False),
        ("Zusammengef\u00fchrt hat Tom Becker den Pull Request selbst, ein Work Item verlangte es nicht.", True),
        ("Zusammengef\u00fchrt hat Dana Ortiz den Pull Request selbst.", False),
        ("Pull request 13 is the last one of the repository since then.", True),
        ("Pull request 13 is in the repository checkout.", False),
    ],
)
def test_other_forms_of_dates_and_nouns_are_read(answer, good):
    assert (check("Pull request 13 was completed.", ["E6"], PULL_REQUEST, answer=answer) == []) is good
