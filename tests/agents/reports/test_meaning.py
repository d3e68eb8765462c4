"""A statement is about what its quote is about, and neither it nor the answer denies what the evidence says."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILD = """build 35
<untrusted 1>
id: 35
pipeline: platform-api-ci
result: failed
requested_for: Mina Sato
</untrusted 1>"""
PULL_REQUEST = """pull request 13
<untrusted 2>
id: 13
title: Rename DB_TIMEOUT to API_TIMEOUT
status: completed
author: Tom Becker
reviewers (1):
  name\tvote\tvoted
  Priya Raman\tapproved\t2026-11-17T08:52Z
</untrusted 2>"""
LOG = """<untrusted 3>
build: 35
lines:
6: npm error ENOSPC
7: write failed: No space left on device
</untrusted 3>"""
TEXTS = {"E1": BUILD, "E2": PULL_REQUEST, "E3": LOG}
INDEX = {
    "E1": {"tool": "get_build", "arguments": {"ids": [35]}, "status": "ok"},
    "E2": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
    "E3": {"tool": "get_build_log", "arguments": {"build": 35}, "status": "ok"},
}
APART = "the statement and its quote have no id, name, number or word in common"
DENIES = "it denies what the evidence says"
ONLY_DENIES = "it only denies what it says; say what is the case"
NO_WORD = "the quote is no whole line or cell of E1; quote more of it"


def problem_of(statement, evidence, quote, section="observed", **more):
    row = {"statement": statement, "evidence": [evidence], "quote": quote, **more}
    checked = check_report({**plain_report(""), section: [row]}, TEXTS, INDEX, answered_by_code=True)
    return checked["unverified"][0]["problem"] if checked["unverified"] else ""


def problems_of_answer(answer):
    row = {"statement": "Build 35 failed.", "evidence": ["E1", "E2", "E3"], "quote": "result: failed"}
    rows = [row, {"statement": "Tom Becker wrote it.", "evidence": ["E2"], "quote": "author: Tom Becker"}]
    checked = check_report({**plain_report(answer, "answered"), "observed": rows}, TEXTS, INDEX)
    return [marked["problem"] for marked in checked["answer_unverified"]]


@pytest.mark.parametrize(
    ("statement", "evidence", "quote"),
    [
        ("The contrary is the case.", "E1", "result: failed"),
        ("It is so.", "E1", "result: failed"),
        ("The harvest was poor.", "E2", "author: Tom Becker"),
        ("Coffee costs too much.", "E3", "No space left on device"),
        ("It\u2019s a poor harvest \u2013 again.", "E2", "author: Tom Becker"),
        ("A caf\u00e9 costs too much\u2026", "E3", "No space left on device"),
        ("Das Gegenteil ist der Fall.", "E2", "author: Tom Becker"),
        ("Le contraire est vrai.", "E2", "author: Tom Becker"),
    ],
)
@pytest.mark.parametrize("section", ["observed", "inferred"])
def test_a_statement_about_something_else_is_not_verified(statement, evidence, quote, section):
    assert problem_of(statement, evidence, quote, section) == APART


@pytest.mark.parametrize(
    ("statement", "evidence", "quote"),
    [
        ("It did not pass.", "E1", "result: failed"),
        ("The run of Mina Sato went red.", "E1", "result: failed"),
        ("The setting was renamed.", "E2", "Rename DB_TIMEOUT to API_TIMEOUT"),
        ("Priya approves.", "E2", "Priya Raman\tapproved"),
        ("It lacks space.", "E3", "No space left on device"),
        ("npm could not go on.", "E3", "No space left on device"),
        ("Der Lauf ist fehlgeschlagen.", "E1", "result: failed"),
        ("Die Einstellung wurde umbenannt.", "E2", "Rename DB_TIMEOUT to API_TIMEOUT"),
        ("Le disque est plein.", "E3", "No space left on device"),
        ("El disco est\u00e1 lleno.", "E3", "No space left on device"),
    ],
)
def test_a_statement_that_shares_a_word_or_a_result_is_kept(statement, evidence, quote):
    assert problem_of(statement, evidence, quote) == ""


OTHER_WORDS = """3 builds, all
<untrusted 4>
No space left on device
1 of 1 file
No files with hits found in Platform
The project may not be seen by this token
the rest of the week
set useHttps=true
answered 403
the service did not answer in time
GET answered 429
</untrusted 4>"""


@pytest.mark.parametrize(
    ("statement", "quote", "elsewhere"),
    [
        ("The disk was full.", "No space left on device", "answered 403"),
        ("It is the only one.", "1 of 1 file", "GET answered 429"),
        ("main does not have it.", "No files with hits found in Platform", "set useHttps=true"),
        ("Missing and hidden look the same.", "The project may not be seen", "1 of 1 file"),
        ("The line is encrypted.", "set useHttps=true", "the rest of the week"),
        ("The permission was lacking.", "answered 403", "No space left on device"),
        ("There was an outage.", "the service did not answer in time", "1 of 1 file"),
        ("It was throttled.", "GET answered 429", "No files with hits found in Platform"),
    ],
)
def test_a_statement_may_say_its_quote_in_other_words(monkeypatch, statement, quote, elsewhere):
    monkeypatch.setitem(TEXTS, "E4", OTHER_WORDS)
    monkeypatch.setitem(INDEX, "E4", {"tool": "call", "arguments": {}, "status": "ok"})
    assert problem_of(statement, "E4", quote) == ""
    assert problem_of(statement, "E4", elsewhere) == APART


def test_a_short_inference_may_speak_of_what_its_reasoning_names():
    reasoning = "npm cannot write any more."
    assert problem_of("It is serious.", "E3", "npm error ENOSPC", "inferred", reasoning=reasoning) == ""
    assert (
        problem_of("It is serious.", "E3", "npm error ENOSPC", "inferred", reasoning="The harvest was poor.") == APART
    )
    assert problem_of("It is so.", "E3", "npm error ENOSPC", "inferred", reasoning=reasoning) == APART
    assert problem_of("It is serious.", "E3", "npm error ENOSPC") == APART


def test_an_inference_may_share_its_words_with_its_reasoning():
    assert problem_of("The cabinet was crammed.", "E3", "npm error ENOSPC", "inferred") == APART
    reasoning = "ENOSPC tells that the cabinet is crammed."
    assert problem_of("The cabinet was crammed.", "E3", "npm error ENOSPC", "inferred", reasoning=reasoning) == ""
    assert problem_of("The contrary is the case.", "E3", "npm error ENOSPC", "inferred", reasoning=reasoning) == APART


def test_a_quote_of_two_letters_proves_nothing():
    assert problem_of("Build 35 failed.", "E1", "es") == NO_WORD


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("It is not true that Tom Becker is the author of pull request 13.", DENIES),
        ("None of the following is true: Tom Becker is the author.", ONLY_DENIES),
        ("Tom Becker is the author. The opposite is the case.", ONLY_DENIES),
        ("It is not true that Mina Sato is the author of pull request 13.", "the quote does not contain Mina Sato"),
        ("It is not true that Priya Raman wrote pull request 13.", ""),
        ("It is not true that Priya Raman wrote it; Tom Becker did.", ""),
    ],
)
def test_a_statement_in_a_frame_is_compared_as_denying(statement, problem):
    evidence = {name: text for name, text in TEXTS.items() if name != "E1"}
    row = {"statement": statement, "evidence": ["E2"], "quote": "author: Tom Becker"}
    checked = check_report({**plain_report(""), "observed": [row]}, evidence, INDEX, answered_by_code=True)
    assert "; ".join(marked["problem"] for marked in checked["unverified"]) == problem


@pytest.mark.parametrize(
    ("answer", "problems"),
    [
        ("None of the following is true: Build 35 failed. Tom Becker wrote pull request 13.", [ONLY_DENIES] * 2),
        ("Build 35 failed. Tom Becker wrote pull request 13. The opposite is the case.", [ONLY_DENIES] * 3),
        ("The contrary is the case.", [ONLY_DENIES]),
        ("Priya Raman approved it. It is not true that Tom Becker is the author of pull request 13.", [DENIES]),
        ("It is not true that build 35 passed; it failed.", []),
        ("Build 35 failed. It is not true that Priya Raman wrote pull request 13.", []),
        ("No: none of this is true.", [ONLY_DENIES]),
    ],
)
def test_an_answer_in_a_frame_is_compared_as_denying(answer, problems):
    assert problems_of_answer(answer) == problems
