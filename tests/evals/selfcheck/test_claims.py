"""Statements in many people's words over the evidence of the cases: the true ones stay, the false ones are marked."""

# ruff: noqa: E501 - one statement of the tables is one line

from functools import cache

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_evals.cases import CASES
from azure_devops_evals.running.play import open_environment, play

ROW_35 = "35\tplatform-api-ci\tcompleted\tfailed\tmain\tMina Sato\t2026-11-19T13:57Z"
ROW_19 = "19 | platform-api-ci | completed | succeeded | main | Dana Ortiz"
ROW_29 = "29\t4\tBug\tA malformed shipment number answers 500\tResolved\tMina Sato"
ROW_28 = "28\t8\tBug\tLabels are cut off on the new printers\tClosed"
ROW_12 = "As a customer I get tracking events although Northline is deploying\tClosed"
ROW_23 = "Check signatures of Northline events\tNew\tLuis Ferreira"
ROW_MOVED = "moved out\tPlatform\\Sprint 42\tPlatform\\Sprint 43\tPriya Raman"

TRUE = (
    ("failing-build", "Build 35 of platform-api-ci failed on main on 19 November.", "E1", ROW_35),
    ("failing-build", "Mina Sato queued the red build #35 at 13:57 UTC.", "E1", ROW_35),
    ("failing-build", "The run of Nov 19, 2026 at 2:57 pm CET ended red.", "E1", ROW_35),
    ("failing-build", "Build 19 was still green.", "E1", ROW_19),
    ("failing-build", "The last good run, number 19, was requested by Dana Ortiz.", "E1", ROW_19),
    ("failing-build", "The log shows KeyError: 'DATABASE_TIMEOUT' at line 73.", "E3", "E           KeyError: 'DATABASE_TIMEOUT'"),
    ("failing-build", "The log of build 35 has 340 lines.", "E3", "total_lines: 340"),
    ("failing-build", "The tests ended with 1 failed, 2 passed and 2 errors.", "E3", "1 failed, 2 passed, 3 warnings, 2 errors in 3.02s"),
    ("failing-build", "Commit 3b55ede merged PR 13 and is by Tom Becker.", "E4", "3b55ede28c3c07691e397eec108fd4d490b9816b"),
    ("failing-build", "Build 23 ran for one minute and did not succeed.", "E4", "result: failed"),
    ("failing-build", "Pull request 13 was opened on 16 November and merged on 17 November 2026.", "E5", "status: completed"),
    ("failing-build", "Priya Raman approved pull request 13.", "E5", "Priya Raman | approved"),
    ("failing-build", "PR 13 touches four files, one of them settings.py.", "E5", "edit\t/src/platform_api/settings.py"),
    ("failing-build", "`deploy/ci.env` sets DB_TIMEOUT to 30.", "E6", "DB_TIMEOUT=30"),
    ("failing-build", "There are eight builds in the list, and more follow.", "E1", "8 builds in Platform"),
    ("more-than-a-page", "Bug 29 is resolved and belongs to Mina Sato.", "E1", ROW_29),
    ("more-than-a-page", "Bug 28 was closed.", "E2", ROW_28),
    ("more-than-a-page", "Platform has 36 work items.", "E1", "20 of 36 work items"),
    ("more-than-a-page", "Bug 29 (\"A malformed shipment number answers 500\") changed on the 15th of November.", "E1", ROW_29 + "\t\t2026-11-15"),
    ("ready-to-merge", "Pull request 9 is active and no draft.", "E1", "draft: no"),
    ("ready-to-merge", "Tom Becker has not voted on pull request 9.", "E1", "Tom Becker\tno vote"),
    ("ready-to-merge", "Two reviewers are named; Priya Raman waits for the author.", "E1", "Priya Raman\twaits for the author"),
    ("ready-to-merge", "On line 15 of shipments.py Priya Raman asks for limit and offset.", "E1", "Please put limit and offset into the statement."),
    ("pool-size-by-branch", "platform-api has seven branches.", "E1", "7 branches, all"),
    ("pool-size-by-branch", "On feature/reporting-pool the POOL_SIZE is 40.", "E8", "POOL_SIZE = 40"),
    ("pool-size-by-branch", "The head of release/2.8 is 784424497d97.", "E1", "release/2.8\t\t784424497d97"),
    ("failing-build", "Build 23 was queued on 17 November by Tom Becker and did not pass.", "E4", "result: failed"),
    ("needle-in-a-long-log", "Request 451253 gave up after 30 seconds, at line 31,337.", "E1", "request 451253 GET /shipments/TW-204417 gave up after 30.0 s"),
    ("needle-in-a-long-log", "All ten connections of the pool were in use and 37 requests waited.", "E1", "pool size 10, 10 in use, 37 waiting"),
    ("order-in-a-comment", "Luis Ferreira wrote on 13 November that Sundport signs with HMAC SHA-256.", "E1", "Sundport signs with HMAC SHA-256"),
    ("order-in-a-comment", "Story 13 has two children, tasks 23 and 24, and its parent is feature 3.", "E1", "parent\t3"),
    ("disk-full", "Build 16 passed on commit 7092f92.", "E3", "commit: 7092f929f2de"),
    ("what-is-left-of-a-feature", "Story 12 is closed.", "E2", ROW_12),
    ("what-is-left-of-a-feature", "Task 23, new, Luis Ferreira", "E2", ROW_23),
    ("left-in-the-sprint", "Priya Raman moved 19 to Sprint 43.", "E2", ROW_MOVED),
)  # fmt: skip
FALSE = (
    ("failing-build", "Build 17 was green.", "E1", ROW_35),
    ("failing-build", "Build 29 failed on 19 November.", "E1", ROW_35),
    ("failing-build", "Build 35 succeeded.", "E1", ROW_35),
    ("failing-build", "Build 35 failed on 18 November.", "E1", ROW_35),
    ("failing-build", "Tom Becker queued build 35.", "E1", ROW_35),
    ("failing-build", "Build 35 of ledger-ci failed.", "E1", ROW_35),
    ("failing-build", "Build 19 did not pass.", "E1", ROW_19),
    ("failing-build", "Build 19 was canceled.", "E1", ROW_19),
    ("failing-build", "The run began at 14:57 UTC.", "E1", ROW_35),
    ("failing-build", "The log shows KeyError: 'DB_TIMEOUT'.", "E3", "E           KeyError: 'DATABASE_TIMEOUT'"),
    ("failing-build", "The error stands at line 74.", "E3", "E           KeyError: 'DATABASE_TIMEOUT'"),
    ("failing-build", "The log has 430 lines.", "E3", "total_lines: 340"),
    ("failing-build", "Commit f6ab48a merged PR 13.", "E4", "3b55ede28c3c07691e397eec108fd4d490b9816b"),
    ("failing-build", "PR 31 renamed the setting.", "E4", "Merged PR 13: Rename DB_TIMEOUT"),
    ("failing-build", "Pull request 13 was merged on 16 November.", "E5", "status: completed"),
    ("failing-build", "Tom Becker approved pull request 13.", "E5", "Priya Raman | approved"),
    ("failing-build", "Pull request 13 by Priya Raman renamed the setting.", "E5", "author: Tom Becker"),
    ("failing-build", "Pull request 13 was abandoned.", "E5", "status: completed"),
    ("failing-build", "PR 13 touches seven files.", "E5", "edit\t/src/platform_api/settings.py"),
    ("failing-build", "deploy/ci.env sets DB_TIMEOUT to 60.", "E6", "DB_TIMEOUT=30"),
    ("more-than-a-page", "Bug 29 is closed.", "E1", ROW_29),
    ("more-than-a-page", "Bug 28 is still open.", "E2", ROW_28),
    ("more-than-a-page", "Bug 29 belongs to Tom Becker.", "E1", ROW_29),
    ("more-than-a-page", "Platform has 63 work items.", "E1", "20 of 36 work items"),
    ("ready-to-merge", "Pull request 9 is a draft.", "E1", "draft: no"),
    ("ready-to-merge", "Tom Becker approved pull request 9.", "E1", "Tom Becker\tno vote"),
    ("pool-size-by-branch", "platform-api has nine branches.", "E1", "7 branches, all"),
    ("pool-size-by-branch", "On feature/cache-ports the POOL_SIZE is 40.", "E8", "POOL_SIZE = 40"),
    ("failing-build", "Build 23 was queued on 17 September.", "E4", "result: failed"),
    ("needle-in-a-long-log", "Request 451253 gave up after 60 seconds.", "E1", "request 451253 GET /shipments/TW-204417 gave up"),
    ("needle-in-a-long-log", "All twelve connections were in use.", "E1", "pool size 10, 10 in use, 37 waiting"),
    ("order-in-a-comment", "Mina Sato wrote that Northline signs with HMAC SHA-512.", "E1", "Sundport signs with HMAC SHA-256"),
    ("disk-full", "Build 16 passed on commit 3b55ede.", "E3", "commit: 7092f929f2de"),
    ("what-is-left-of-a-feature", "Story 12 is open.", "E2", ROW_12),
    ("what-is-left-of-a-feature", "Check signatures of Northline events, closed, Luis Ferreira", "E2", ROW_23),
    ("left-in-the-sprint", "Priya Raman moved 18 to Sprint 43.", "E2", ROW_MOVED),
)  # fmt: skip


@cache
def outcome_of(identifier):
    case = next(case for case in CASES if case.id == identifier)
    return play(case, open_environment(case), case.steps)


def problems_of(identifier, statement, evidence, quote):
    outcome = outcome_of(identifier)
    texts = {name: entry["text"] for name, entry in outcome.evidence.items()}
    row = {"statement": statement, "evidence": [evidence], "quote": quote}
    checked = check_report({**plain_report("", "answered"), "observed": [row]}, texts, outcome.evidence)
    return [entry["problem"] for entry in checked["unverified"]]


@pytest.mark.parametrize(("case", "statement", "evidence", "quote"), TRUE)
def test_a_true_statement_in_other_words_stays(case, statement, evidence, quote):
    assert problems_of(case, statement, evidence, quote) == []


@pytest.mark.parametrize(("case", "statement", "evidence", "quote"), FALSE)
def test_a_false_statement_with_a_quote_that_is_there_is_marked(case, statement, evidence, quote):
    [problem] = problems_of(case, statement, evidence, quote)
    assert "the quote is not in" not in problem
