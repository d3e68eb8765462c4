"""Ways in which engineers say what evidence says: the true sentence is not marked, and its false neighbour is."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILDS = """4 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\tbranch\trequested_for\tqueued
35\tapi\tcompleted\tfailed\tmain\tMina Sato\t2026-11-19T13:57Z
29\tapi\tcompleted\tfailed\tmain\tDana Ortiz\t2026-11-18T10:14Z
23\tapi\tcompleted\tfailed\tmain\tTom Becker\t2026-11-17T09:32Z
21\tapp\tcompleted\tsucceeded\tmain\tMina Sato\t2026-11-16T09:22Z
</untrusted 0>"""
BUILD = """<untrusted 1>
id: 35
result: failed
stages (2):
  name\tstate\tresult
  Build\tcompleted\tfailed
  Deploy\tcompleted\tskipped
failed (1):
  type\tname\tresult\tlog
  Task\tRun unit tests\tfailed\t5
</untrusted 1>"""
PULL_REQUESTS = """4 pull requests, all
<untrusted 2>
id\tproject\ttitle\tauthor\tstatus\tdraft\tcreated
17\tPlatform\tAdd a webhook\tMina Sato\tactive\tyes\t2026-11-19T10:44Z
16\tPlatform\tUpdate the rota\tLuis Ferreira\tactive\t\t2026-11-18T17:36Z
13\tPlatform\tRename A_TIMEOUT\tTom Becker\tcompleted\t\t2026-11-16T14:50Z
10\tPayments\tReject entries in closed periods\tTom Becker\tactive\t\t2026-11-12T13:30Z
</untrusted 2>"""
REVIEWED = """<untrusted 3>
id: 9
author: Mina Sato
status: active
reviewers (3):
  name\tvote\tvoted
  Priya Raman\twaits for the author\t2026-11-13T09:16Z
  Tom Becker\tno vote\t
  Luis Ferreira\tapproved with suggestions\t2026-11-14T10:00Z
files (1):
  change\tpath
  edit\t/src/settings.py
</untrusted 3>"""
LOG = """<untrusted 4>
build: 35
log: 5
lines:
334: collected tests
338: 1 failed, 2 passed, 3 warnings, 2 errors in 3.02s
</untrusted 4>"""
SETTINGS = """lines 1-2 of 2
<untrusted 5>
repository: api
path: /deploy/ci.env
A_TIMEOUT: "30"
B_PORT=80
</untrusted 5>"""
TEXTS = {"E1": BUILDS, "E2": BUILD, "E3": PULL_REQUESTS, "E4": REVIEWED, "E5": LOG, "E6": SETTINGS}
TOOLS = ("list_builds", "get_build", "list_pull_requests", "get_pull_request", "get_build_log", "read_repository_file")
INDEX = {
    name: {"tool": tool, "arguments": {}, "status": "ok", "read": "2026-11-20T09:00:00Z"}
    for name, tool in zip(TEXTS, TOOLS, strict=True)
}
QUOTES = (
    ("E1", "35\tapi\tcompleted\tfailed\tmain\tMina Sato\t2026-11-19T13:57Z"),
    ("E1", "29\tapi\tcompleted\tfailed\tmain\tDana Ortiz\t2026-11-18T10:14Z"),
    ("E3", "10\tPayments\tReject entries in closed periods\tTom Becker\tactive\t\t2026-11-12T13:30Z"),
    ("E3", "17\tPlatform\tAdd a webhook\tMina Sato\tactive\tyes"),
    ("E3", "16\tPlatform\tUpdate the rota\tLuis Ferreira\tactive"),
    ("E3", "13\tPlatform\tRename A_TIMEOUT\tTom Becker\tcompleted"),
    ("E4", "Priya Raman\twaits for the author\t2026-11-13T09:16Z"),
    ("E4", "Tom Becker\tno vote"),
    ("E5", "1 failed, 2 passed, 3 warnings, 2 errors in 3.02s"),
    ("E6", 'A_TIMEOUT: "30"'),
)
TABLE = "\n\n| build | by |\n|---|---|\n| 35 | Mina Sato |\n| 29 | Dana Ortiz |\n| 23 | Tom Becker |"
ROWS = [{"statement": quote, "evidence": [name], "quote": quote} for name, quote in QUOTES]


def marked(answer):
    return check_report({**plain_report(answer), "observed": ROWS}, TEXTS, INDEX)["answer_unverified"]


def unverified(statement, evidence, quote, section="observed"):
    row = {"statement": statement, "evidence": [evidence], "quote": quote, "reasoning": "So it is."}
    return check_report({**plain_report("None."), section: [row]}, TEXTS, INDEX)["unverified"]


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (
            "!16 was opened on 18 November. !17 is a draft.",
            "!17 was opened on 19 November. !16 is a draft.",
        ),
        ("PR 10 (Reject entries in closed periods) is open.", "PR 10 (Reject entries in closed periods) is merged."),
        ("PR 13 broke it: the tests expect the new name.", "PR 13 is new."),
        ("All in all there are five tests.", "All in all there are seven tests."),
        ("`A_TIMEOUT=30` is set.", "`A_TIMEOUT=60` is set."),
        ("Two builds failed, counted from today, 20 November.", "Two builds failed, counted from today, 21 November."),
        (
            "Three builds are broken:" + TABLE,
            "Six builds are broken:" + TABLE,
        ),
    ],
)  # fmt: skip
def test_an_answer_in_an_engineers_words(true, false):
    assert marked(true) == []
    assert len(marked(false)) == 1


@pytest.mark.parametrize(
    ("evidence", "quote", "true", "false"),
    [
        (
            "E2", "Task\tRun unit tests\tfailed\t5",
            "Run unit tests failed; the Deploy stage was skipped.",
            "Run unit tests failed; the Build stage was skipped.",
        ),
        (
            "E1", "29\tapi\tcompleted\tfailed\tmain\tDana Ortiz",
            "No build of main has succeeded since: 29 failed.", "No build of main has failed since: 29 succeeded.",
        ),
        (
            "E4", "Luis Ferreira\tapproved with suggestions",
            "PR 9 was approved with suggestions by Luis Ferreira.", "PR 9 was opened by Luis Ferreira.",
        ),
        (
            "E4", "Priya Raman\twaits for the author\t2026-11-13T09:16Z\n  Tom Becker\tno vote",
            "Priya Raman waits for the author. Tom Becker has not voted.",
            "Tom Becker waits for the author. Priya Raman has not voted.",
        ),
        (
            "E4", "edit\t/src/settings.py",
            "PR 9 changes settings.py and does not touch `/deploy/ci.env`.",
            "PR 9 changes settings.py and does not touch `/deploy/cd.env`.",
        ),
    ],
)  # fmt: skip
def test_a_statement_in_an_engineers_words(evidence, quote, true, false):
    assert unverified(true, evidence, quote) == []
    assert len(unverified(false, evidence, quote)) == 1


def test_a_rejected_hypothesis_names_what_the_evidence_against_it_does_not():
    quote = "1 failed, 2 passed, 3 warnings, 2 errors in 3.02s"
    assert unverified("Mina Sato's PR 9 caused it.", "E5", quote, "hypotheses_rejected") == []
    assert len(unverified("Nora Quist's PR 9 caused it.", "E5", quote, "hypotheses_rejected")) == 1


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Derselbe Fehler steht auch im Build 35.", "Derselbe Fehler steht auch im Build 37."),
        ("Das Projekt Payments hat den Pull Request 10.", "Das Projekt Payments hat den Pull Request 11."),
        ("Wer Zugriff hat, sieht auch den Build 29 von Dana Ortiz.", "Wer Zugriff hat, ist auch die Nora Quist."),
    ],
)
def test_a_german_sentence_with_nouns_in_a_row(true, false):
    assert marked(true) == []
    assert len(marked(false)) == 1
