"""A sentence of the answer that names its evidence is compared with it, also where no statement quotes it."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILDS = """3 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\trequested_for\tqueued
32\tsoak\tcompleted\tsucceeded\tMina Sato\t2026-11-16T08:00Z
33\tdeploy\tcompleted\tfailed\tDana Ortiz\t2026-11-17T08:00Z
35\tapi-ci\tcompleted\tfailed\tMina Sato\t2026-11-18T13:57Z
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
LOG = """lines 281-283 of 340
<untrusted 2>
build: 35
log: 5
lines:
281: E   KeyError: 'API_TIMEOUT'
</untrusted 2>"""
HITS = """2 of 2 files with hits in Platform
<untrusted 3>
project\trepository\tpath\tbranch\tlines
Platform\tapi\t/tests/test_settings.py\tmain\t7 monkeypatch.setenv("API_TIMEOUT", "12.5"); 9 assert settings.API_TIMEOUT
Platform\tapi\t/src/db/session.py\tmain\t14 timeout=settings.API_TIMEOUT,
</untrusted 3>"""
PULL_REQUEST = """pull request 16
<untrusted 4>
id: 16
author: Luis Ferreira
status: active
reviewers (3):
  name\tvote
  Mina Sato\tno vote
  Dana Ortiz\tno vote
  Tom Becker\tapproved
</untrusted 4>"""
STORY = """work item 8
<untrusted 5>
id: 8
type: User Story
state: Active
links (4):
  kind\ttarget\ttitle
  parent\t2\tFeature: Search (Active)
  child\t17\tTask: Move the limit (Active)
  child\t18\tTask: Refuse a page (Closed)
  child\t19\tTask: Show the number (New)
</untrusted 5>"""
FILE = """lines 13-15 of 40
<untrusted 6>
repository: api
path: /src/db/session.py
13: pool(
14: timeout=settings.API_TIMEOUT,
15: )
</untrusted 6>"""
TEXTS = {"E1": BUILDS, "E2": BUILD, "E3": LOG, "E4": HITS, "E5": PULL_REQUEST, "E6": STORY, "E7": FILE}
TOOLS = {
    "E1": ("list_builds", {}),
    "E2": ("get_build", {"ids": [35]}),
    "E3": ("get_build_log", {"build": 35}),
    "E4": ("search_code", {"text": "API_TIMEOUT"}),
    "E5": ("get_pull_request", {"ids": [16]}),
    "E6": ("get_work_item", {"ids": [8]}),
    "E7": ("read_repository_file", {"repository": "api", "path": "/src/db/session.py"}),
}
INDEX = {name: {"tool": tool, "arguments": given, "status": "ok"} for name, (tool, given) in TOOLS.items()}
ROW = {"statement": "Build 33 failed.", "evidence": ["E1"], "quote": "33\tdeploy\tcompleted\tfailed"}


def answered(answer):
    return check_report({**plain_report(answer), "observed": [ROW]}, TEXTS, INDEX)["answer_unverified"]


def stated(statement, evidence, quote):
    row = {"statement": statement, "evidence": [evidence], "quote": quote}
    return check_report({**plain_report("Unknown."), "observed": [row]}, TEXTS, INDEX)["unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "Build 35 took about a minute [E2].",
        "The log of build 35 has 340 lines [E3].",
        "The test fails with KeyError: 'API_TIMEOUT' [E3].",
        "Neither Mina Sato nor Dana Ortiz has voted on pull request 16 [E5].",
        "PR16 is still active [E5].",
        "PR-16 was approved by Tom Becker [E5].",
        "The deploy stage of build 35 was skipped [E2].",
        "Build 35's stage Deploy was skipped because Build failed [E2].",
        "session.py reads settings.API_TIMEOUT [E4].",
        "session.py:14 reads settings.API_TIMEOUT [E4].",
        "/src/db/session.py:13-15 builds the pool [E7].",
        "`session.py:14` reads it [E7].",
        "test_settings.py#L9 asserts it [E4].",
        "- Build 35: failed\n- Build 32: succeeded\n\n(E1)",
        "Build 35 failed; Mina Sato started it [E1].",
        "User Story 8 has three child tasks [E6].",
        "Twenty-four hours later build 35 failed [E2].",
    ],
)
def test_what_the_named_evidence_says_is_not_marked(answer):
    assert answered(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "Build 36 took about a minute [E2].",
        "The log of build 35 has 341 lines [E3].",
        "The test fails with KeyError: 'DB_TIMEOUT' [E3].",
        "Neither Mina Sato nor Priya Raman has voted on pull request 16 [E5].",
        "PR17 is still active [E5].",
        "PR-16 was approved by Dana Ortiz [E5].",
        "The deploy stage of build 35 failed [E2].",
        "Build 35's stage Build was skipped [E2].",
        "settings.py reads settings.DB_TIMEOUT [E4].",
        "session.py:9 reads settings.API_TIMEOUT [E4].",
        "/src/db/session.py:13-16 builds the pool [E7].",
        "`settings.py:14` reads it [E7].",
        "test_settings.py#L14 asserts it [E4].",
        "- Build 35: succeeded\n- Build 32: succeeded\n\n(E1)",
        "Build 33 failed; Mina Sato started it [E1].",
        "User Story 8 has four child tasks [E6].",
    ],
)
def test_what_the_named_evidence_does_not_say_is_marked(answer):
    assert len(answered(answer)) == 1


@pytest.mark.parametrize(
    ("statement", "evidence", "quote", "supported"),
    [
        ("/src/db/session.py:14 reads settings.API_TIMEOUT.", "E4", "14 timeout=settings.API_TIMEOUT,", True),
        ("session.py:14 reads settings.API_TIMEOUT.", "E7", "timeout=settings.API_TIMEOUT,", True),
        ("/src/db/session.py:10 reads settings.API_TIMEOUT.", "E4", "14 timeout=settings.API_TIMEOUT,", False),
        ("/tests/test_settings.py:14 reads settings.API_TIMEOUT.", "E4", "14 timeout=settings.API_TIMEOUT,", False),
        ("Story 8 has three children.", "E6", "child\t18\tTask: Refuse a page (Closed)", True),
        ("Story 8 has two children.", "E6", "child\t18\tTask: Refuse a page (Closed)", False),
        ("Neither Mina Sato nor Dana Ortiz has voted.", "E5", "Mina Sato\tno vote", True),
    ],
)
def test_statements_may_name_lines_and_count_links(statement, evidence, quote, supported):
    assert (stated(statement, evidence, quote) == []) is supported


def test_a_row_that_any_cited_table_has_together_is_supported():
    assert answered("| Build | Result |\n|---|---|\n| 33 | failed |\n\nSources: E1, E2") == []
    assert answered("| PR | author |\n|---|---|\n| 16 | Luis Ferreira |\n\nSource: E5.") == []
    assert len(answered("| PR | author |\n|---|---|\n| 16 | Nora Quist |\n\nSource: E5.")) == 1
