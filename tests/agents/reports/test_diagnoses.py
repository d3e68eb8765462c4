"""The fields and columns of a diagnosis: what its own build is, what the good one is, and what the rows in it name."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

DIAGNOSIS = """<untrusted 1>
build: 40
pipeline: door-ci
result: failed
commit: 8092f929f2dea54b532dfc11f208e8665d524075
category: test
decided_by: failed test of Go, line 12 of log 3
failed (1):
  type\tname\twhere\tresult\tlog
  Task\tCompile\tJob\tfailed\t3
good_build: 39
same_commit: no
pipeline_changes (1):
  what\tname\tby\tat
  template\tci/steps.yml\tLuis Ferreira\t2026-11-20T08:25Z
commits (3):
  commit\tauthor\tmessage
  8092f929f2dea54b532dfc11f208e8665d524075\tTom Becker\tTake modules from the mirror
  3b55ede28c3c07691e397eec108fd4d490b9816b\tTom Becker\tRename a door
  115b8b32a9bbf02ca2d158ff469cec515a7f8acf\tMina Sato\tOpen the gate
log_lines:
log 3, Job > Compile:
12: --- FAIL: TestDoor (0.00s)
13: TF401027: the door waits 1800 seconds
14: FAIL
diff:
--- a/ci/steps.yml
</untrusted 1>"""
GOOD = """<untrusted 2>
id: 39
pipeline: door-ci
result: succeeded
</untrusted 2>"""
LIST = """2 pipelines, all, in Web
<untrusted 3>
id\tname\tcreated_by\tlast_build\tlast_result
5\tdoor-ci\tDana Ortiz\t40\tfailed
6\tgate-ci\tMina Sato\t38\tsucceeded
</untrusted 3>"""
CALLS = {
    "E1": ("diagnose_build", DIAGNOSIS, {"build": 40}),
    "E2": ("get_build", GOOD, {"ids": [39]}),
    "E3": ("list_pipelines", LIST, {}),
}
TEXTS = {name: text for name, (_, text, _) in CALLS.items()}
INDEX = {name: {"tool": tool, "status": "ok", "arguments": given} for name, (tool, _, given) in CALLS.items()}
ROWS = [
    {"statement": "Build 40 failed.", "evidence": ["E1"], "quote": "build: 40\npipeline: door-ci\nresult: failed"},
    {"statement": "Build 39 succeeded.", "evidence": ["E2"], "quote": "id: 39\npipeline: door-ci\nresult: succeeded"},
    {"statement": "Luis Ferreira changed it.", "evidence": ["E1"], "quote": "template\tci/steps.yml\tLuis Ferreira"},
    {"statement": "Mina Sato made gate-ci.", "evidence": ["E3"], "quote": "6\tgate-ci\tMina Sato"},
    {"statement": "The door waits.", "evidence": ["E1"], "quote": "TF401027: the door waits 1800 seconds"},
]


def marks(answer):
    checked = check_report({**plain_report(answer, "answered"), "observed": ROWS}, TEXTS, INDEX, "What is it?")
    assert checked["unverified"] == []
    return bool(checked["answer_unverified"])


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Build 39 succeeded.", "Build 39 failed."),
        ("It passed in build 39 and failed in 40.", "It failed in build 39 and failed in 40."),
        ("It passed in build 39 and failed in 40.", "It passed in build 39 and succeeded in 40."),
        ("The last good build is 39.", "The last good build is 40."),
        ("The last good build before 40 was 39.", "The last good build before 40 was 38."),
        ("39 was the last good one.", "40 was the last good one."),
        ("The template ci/steps.yml was changed.", "The template Compile was changed."),
        ("The step Compile is a task.", "The template Compile is a task."),
        ("Luis Ferreira changed ci/steps.yml.", "Dana Ortiz changed ci/steps.yml."),
        ("ci/steps.yml was changed by Luis Ferreira.", "ci/steps.yml was changed by Tom Becker."),
        ("Two commits of Tom Becker lie between them.", "Three commits of Tom Becker lie between them."),
        ("Two commits of Tom Becker lie between them.", "Thirteen commits of Tom Becker lie between them."),
        ("TF401027: the door waits 1800 seconds.", "TF40102x2: the door waits 1800 seconds."),
        ("The door waits 1800 seconds.", "The door waits 1801 seconds."),
        ("| door-ci | 40 | failed |", "| door-ci | 6 | failed |"),
        ("| door-ci | 1 | failed |", "| gate-ci | 5 | succeeded |"),
    ],
)  # fmt: skip
def test_a_sentence_about_a_diagnosis_is_compared_with_its_fields(true, false):
    assert not marks(true)
    assert marks(false)


@pytest.mark.parametrize(
    "true",
    [
        "No good build came before 39.",
        "40 is not the last good one.",
        "Build 40 failed after 1800 seconds.",
        "The pipeline door-ci has the template ci/steps.yml.",
        "Luis Ferreira changed ci/steps.yml, and Tom Becker renamed a door.",
    ],
)
def test_what_only_looks_like_another_field_is_left_alone(true):
    assert not marks(true)


@pytest.mark.parametrize(
    ("statement", "quote", "good"),
    [
        ("good_build: 39", "good_build: 39", True),
        ("good_build: 3", "good_build: 39", False),
        ("TestDoor failed in line 12.", "12: --- FAIL: TestDoor (0.00s)", True),
        ("TestDoor failed in line 77.", "12: --- FAIL: TestDoor (0.00s)", False),
    ],
)
def test_a_quote_is_one_line_of_a_diagnosis_and_a_statement_repeats_whole_words(statement, quote, good):
    row = {"statement": statement, "evidence": ["E1"], "quote": quote}
    checked = check_report({**plain_report("x", "inconclusive"), "observed": [row]}, TEXTS, INDEX)
    assert (checked["unverified"] == []) is good
