"""Questions whose budget ends before the work does: a report says what is known, and what is not."""

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.models.scripted import Call
from azure_devops_evals.case import WRITE, YES, Case
from azure_devops_evals.cases.choices import error
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.checks import asked_for, cites, not_says, saw, uncovered, verdict, worded

__all__ = ["CASES"]

_FAILED = Call.to("list_builds", pipeline="platform-api-ci", branch="main", result="failed")
_LOG = Call.to("get_build_log", build=35, contains="KeyError: '")
_CI_ENV = Call.to("read_repository_file", repository="platform-api", path="/deploy/ci.env")
_SEARCH = Call.to("search_code", text="DATABASE_TIMEOUT")
_KNOWN = (("E1", "35\tplatform-api-ci\tcompleted\tfailed"), ("E2", "KeyError: 'DATABASE_TIMEOUT'"))
_CUT = "Build 35 fails with KeyError: 'DATABASE_TIMEOUT'. Where it is set was not looked up: the budget was used up."

CASES = (
    Case(
        id="calls-used-up",
        area="pipelines",
        question="Why does platform-api-ci fail on main, and which file has to be changed?",
        budgets=Budgets(calls=2),
        kinds=frozenset({"inconclusive"}),
        steps=[[_FAILED], [_LOG], [_CI_ENV], reported(_CUT, *_KNOWN, verdict="inconclusive")],
        expects={
            "newest_failed_build": 35, "number_of_failed_builds_on_main": 4, "key_in_the_error": "DATABASE_TIMEOUT",
            "kind_of_error": error("missing variable"),
        },
        checks=(not_says("ci.env (has to|must|should|needs)", "PoolTimeout", "build 35 (passes|passed)",
                         "build (31|34|37) fails"),
                verdict("inconclusive"), worded("build 35", "DATABASE_TIMEOUT"), uncovered("limits"),
                cites(_KNOWN[1][1])),
    ),
    Case(
        id="calls-used-up-in-a-turn",
        area="pipelines",
        question="Why does platform-api-ci fail on main, and where in the code is the missing setting read?",
        budgets=Budgets(calls=3),
        steps=[
            [_FAILED, _LOG, _SEARCH, _CI_ENV],
            [Call.to("read_evidence", id="E2")],
            reported("Build 35 fails with KeyError: 'DATABASE_TIMEOUT'; db/session.py reads it. More was not read.",
                     *_KNOWN, ("E3", "/src/platform_api/db/session.py")),
        ],
        expects={
            "newest_failed_build": 35, "missing_setting": "DATABASE_TIMEOUT",
            "kind_of_error": error("missing variable"),
            "number_of_files_of_platform_api_with_it": 4,
        },
        checks=(not_says("PoolTimeout", "build (31|34|37) fails", "everything was read",
                         "nobody reads it"),
                worded("build 35", "db/session.py"), uncovered("limits"), cites("session.py", _KNOWN[1][1])),
    ),
    Case(
        id="time-is-up-in-a-turn",
        area="pipelines",
        question="Why does platform-api-ci fail on main, and who has to change what?",
        source="world", budgets=Budgets(seconds=75), seconds_per_request=20,
        kinds=frozenset({"inconclusive"}),
        steps=[[_FAILED], [_LOG], [_CI_ENV], reported(_CUT, *_KNOWN, verdict="inconclusive")],
        expects={
            "newest_failed_build": 35, "number_of_failed_builds_on_main": 4, "key_in_the_error": "DATABASE_TIMEOUT",
            "kind_of_error": error("missing variable"),
        },
        checks=(not_says("(Becker|Sato|Raman|Ortiz) (has to|must|should) (change|fix)", "PoolTimeout",
                         "build 35 (passes|passed)",
                         "build (31|34|37) fails"),
                verdict("inconclusive"), worded("build 35", "DATABASE_TIMEOUT"), uncovered("limits"),
                cites(_KNOWN[1][1])),
    ),
    Case(
        id="budget-almost-used",
        area="pipelines",
        question="With which error does platform-api-ci fail on main, and what does ci.env set instead?",
        budgets=Budgets(calls=4),
        steps=[
            [_FAILED, _LOG],
            [_CI_ENV],
            reported("Build 35 fails with KeyError: 'DATABASE_TIMEOUT'; ci.env sets DB_TIMEOUT.", *_KNOWN,
                     ("E3", "DB_TIMEOUT=30")),
        ],
        expects={
            "newest_failed_build": 35, "key_in_the_error": "DATABASE_TIMEOUT", "variable_set_instead": "DB_TIMEOUT",
            "kind_of_error": error("missing variable"),
        },
        checks=(not_says("ci.env sets DATABASE_TIMEOUT", "KeyError: 'DB_TIMEOUT'", "PoolTimeout", "sets nothing",
                         "build 35 (passes|passed)"),
                worded("DATABASE_TIMEOUT", "DB_TIMEOUT"), cites("DB_TIMEOUT=30"),
                saw("read_repository_file", "DB_TIMEOUT=30")),
    ),
    Case(
        id="no-call-left-to-file",
        area="findings",
        question="File a bug for what build 35 fails with, unless there is one.",
        source="world", holds=WRITE, approver=YES, budgets=Budgets(calls=2), kinds=frozenset({"inconclusive"}),
        steps=[
            [_LOG, Call.to("query_work_items", title="DATABASE_TIMEOUT")],
            [Call.to("create_work_item", type="Bug", title="ci.env does not set DATABASE_TIMEOUT", project="Platform")],
            reported("Build 35 fails with KeyError: 'DATABASE_TIMEOUT', and there is no bug yet. Nothing was filed.",
                     ("E1", "KeyError: 'DATABASE_TIMEOUT'"), ("E2", "No work items found"), verdict="inconclusive"),
        ],
        elsewhere=[
            [_LOG, Call.to("query_work_items", title="DATABASE_TIMEOUT")],
            reported("Build 35 fails with KeyError: 'DATABASE_TIMEOUT', and there is no bug yet. Nothing was filed.",
                     ("E1", "KeyError: 'DATABASE_TIMEOUT'"), ("E2", "No work items found")),
        ],
        expects={"work_items_filed": [], "bugs_that_existed": [], "key_in_the_error": "DATABASE_TIMEOUT"},
        checks=(not_says("was filed", "filed as", "there is a bug", "bug 59", "PoolTimeout"),
                asked_for(), verdict("inconclusive"), worded("DATABASE_TIMEOUT", "Nothing was filed"),
                uncovered("limits"), cites("No work items found")),
    ),
)  # fmt: skip
