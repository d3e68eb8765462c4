"""Statements about records that were read together, about the rows inside a record, and of any length."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

ITEMS = """2 work items
<untrusted 0>
id: 4
title: The gate stays open
state: Active
priority: 1
repro_steps:
Open the gate and wait.
</untrusted 0>
<untrusted 0>
id: 5
title: The lamp is dark
state: New
priority: 3
</untrusted 0>"""
BUILD = """build 35
<untrusted 1>
id: 35
result: failed
stages (2):
  name\tstate\tresult
  Build\tcompleted\tfailed
  Deploy\tcompleted\tskipped
</untrusted 1>"""
PULL_REQUEST = """pull request 13
<untrusted 2>
id: 13
status: completed
created_by: Tom Becker
reviewers (1):
  name\tvote
  Priya Raman\tapproved
</untrusted 2>"""
TEXTS = {"E1": ITEMS, "E2": BUILD, "E3": PULL_REQUEST}
INDEX = {
    "E1": {"tool": "get_work_item", "arguments": {"ids": [4, 5]}, "status": "ok"},
    "E2": {"tool": "get_build", "arguments": {"ids": [35]}, "status": "ok"},
    "E3": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
}


def check(statement, evidence, quote):
    row = {"statement": statement, "evidence": [evidence], "quote": quote}
    checked = check_report({**plain_report("x", "inconclusive"), "observed": [row]}, TEXTS, INDEX)
    return [entry["problem"] for entry in checked["unverified"]]


OWNED = """2 work items
<untrusted 3>
id: 4
title: The gate stays open
state: Active
assigned_to: Priya Raman <priya.raman@tidewater.example>
created_by: Mina Sato <mina.sato@tidewater.example>
</untrusted 3>
<untrusted 3>
id: 5
title: The lamp is dark
state: New
assigned_to: Tom Becker <tom.becker@tidewater.example>
created_by: Mina Sato <mina.sato@tidewater.example>
</untrusted 3>"""


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ("Work item 4 is assigned to Priya Raman.", True),
        ("Work item 4 is assigned to Tom Becker.", False),
        ("Work item 5 is Tom Becker's.", True),
        ("Work item 5 is Priya Raman's.", False),
        ("Work item 4 was created by Mina Sato.", True),
        ("Work item 4 was created by Priya Raman.", False),
        ("Work item 5 is unassigned.", False),
    ],
)
def test_a_person_is_the_one_whose_display_name_stands_before_a_unique_name(statement, holds):
    row = {"statement": statement, "evidence": ["E1"], "quote": "state: Active" if " 4 " in statement else "state: New"}
    index = {"E1": {"tool": "get_work_item", "arguments": {"ids": [4, 5]}, "status": "ok"}}
    checked = check_report({**plain_report("x", "inconclusive"), "observed": [row]}, {"E1": OWNED}, index)
    assert (checked["unverified"] == []) is holds


def test_a_body_ends_with_its_record():
    assert check("Work item 4 has priority 1 and is active.", "E1", "state: Active") == []
    assert check("Work item 4 has priority 3.", "E1", "state: Active") != []
    assert check("Work item 5 has priority 3 and is new.", "E1", "priority: 3") == []


def test_a_result_of_a_named_row_is_that_row():
    assert check("The Deploy stage of build 35 was skipped.", "E2", "Deploy\tcompleted\tskipped") == []
    assert check("The Build stage of build 35 was skipped.", "E2", "Build\tcompleted\tfailed") != []
    assert check("Build 35 succeeded.", "E2", "Build\tcompleted\tfailed") != []


def test_who_approved_is_a_reviewer_and_not_an_author():
    assert check("Pull request 13 was approved by Priya Raman.", "E3", "Priya Raman\tapproved") == []
    assert check("Pull request 13 was created by Priya Raman.", "E3", "created_by: Tom Becker") != []


@pytest.mark.parametrize("statement", ["Build " + " 1234" * 4_000, "x Dana Kim, " * 2_000, "`a b` " * 4_000])
def test_a_sentence_of_endless_facts_is_not_compared_and_is_not_verified(statement):
    [problem] = check(statement, "E2", "result: failed")
    assert "too long" in problem
