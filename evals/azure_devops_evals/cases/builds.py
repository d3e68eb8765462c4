"""Pipelines and builds: what failed, why, since when, through whom; and what did not fail."""

from azure_devops_agents.models import Call
from azure_devops_evals.case import Case
from azure_devops_evals.cases.statements import reported
from azure_devops_evals.checks import cites, saw, says, silent, verdict

_CAUSE = "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"
_FAILING_ANSWER = reported(
    "Pull request 13 by Tom Becker renamed the setting; deploy/ci.env still sets DB_TIMEOUT. Red since build 23.",
    ("E3", "KeyError: 'DATABASE_TIMEOUT'"),
    ("E4", f"Merged PR 13: {_CAUSE}"),
    ("E5", "author: Tom Becker"),
    ("E6", "DB_TIMEOUT=30"),
)

CASES = (
    Case(
        id="failing-build",
        area="builds",
        question="Why does platform-api-ci fail on main, since when, and which change caused it?",
        steps=[
            [Call.to("list_builds", pipeline="platform-api-ci", branch="main", limit=8)],
            [Call.to("get_build", id=35), Call.to("get_build_log", build=35, contains="KeyError: '"),
             Call.to("get_build", id=23)],
            [Call.to("get_pull_request", id=13, include=["diff"]),
             Call.to("read_file", repository="platform-api", path="/deploy/ci.env")],
            _FAILING_ANSWER,
        ],
        routes=(
            [
                [Call.to("list_builds", pipeline="1", result="failed", branch="main")],
                [Call.to("list_builds", pipeline="platform-api-ci", branch="main", result="succeeded", limit=1),
                 Call.to("get_build_log", build=35, log=5, contains="DATABASE_TIMEOUT"), Call.to("get_build", id=23)],
                [Call.to("get_pull_request", id=13),
                 Call.to("read_file", repository="platform-api", path="/deploy/ci.env")],
                _FAILING_ANSWER,
            ],
        ),
        checks=(
            verdict("answered"), says("pull request 13", "DB_TIMEOUT", "23"),
            cites("KeyError: 'DATABASE_TIMEOUT'", _CAUSE, "DB_TIMEOUT=30"), saw("get_build", "Merged PR 13"),
        ),
    ),
    Case(
        id="who-changed-this",
        area="builds",
        question="Who changed the name of the database timeout in platform-api, and who approved it?",
        steps=[
            [Call.to("list_pull_requests", repository="platform-api", status="completed")],
            [Call.to("get_pull_request", id=13, include=["files"])],
            reported(
                "Tom Becker did, in pull request 13; Priya Raman approved it.",
                ("E2", "author: Tom Becker"), ("E2", "Priya Raman\tapproved"), ("E2", "/src/platform_api/settings.py"),
            ),
        ],
        checks=(says("Tom Becker", "Priya Raman"), cites("author: Tom Becker", "Priya Raman\tapproved")),
    ),
    Case(
        id="healthy-pipeline",
        area="builds",
        question="Is anything wrong with ledger-ci in the Payments project?",
        steps=[
            [Call.to("list_builds", pipeline="ledger-ci", project="Payments")],
            reported(
                "No: all 4 builds succeeded, the last one on 19 November.",
                ("E1", "34\tledger-ci\tcompleted\tsucceeded"), ("E1", "20\tledger-ci\tcompleted\tsucceeded"),
                verdict="no_incident",
            ),
        ],
        checks=(
            verdict("no_incident"), cites("34\tledger-ci\tcompleted\tsucceeded"), silent("failed"),
            saw("list_builds", "4 builds"),
        ),
    ),
    Case(
        id="agent-lost",
        area="builds",
        question="Why did build 33 fail, and what does its log say?",
        steps=[
            [Call.to("get_build", id=33), Call.to("get_build_log", build=33)],
            reported(
                "No agent took the job: tidewater-private-01 did not connect in 60 minutes, so there is no log of it.",
                ("E1", "The agent did not connect within the allotted time of 60 minute(s)"),
            ),
        ],
        checks=(
            says("no log", "tidewater-private-01"), cites("The agent did not connect within the allotted time"),
            saw("get_build_log", "Build 33 has no logs"),
        ),
    ),
    Case(
        id="template-error",
        area="builds",
        question="Why did build 27 of docs-publish fail before anything ran?",
        steps=[
            [Call.to("get_build", id=27)],
            reported(
                "Its YAML names a template in the repository 'handbook', which is not declared.",
                ("E1", "The repository reference 'handbook' of the template 'templates/publish.yml'"),
            ),
        ],
        checks=(says("handbook"), cites("The repository reference 'handbook'")),
    ),
    Case(
        id="needle-in-a-long-log",
        area="builds",
        question="What went wrong in the soak test of build 37?",
        source="world",
        steps=[
            [Call.to("get_build_log", build=37, log=3, contains="ERROR", context=1)],
            reported("At line 31337 a request gave up: PoolTimeout, all 10 connections were in use.",
                     ("E1", "PoolTimeout: couldn't get a connection after 30.00 sec (pool size 10, 10 in use")),
        ],
        checks=(says("31337", "PoolTimeout"), cites("PoolTimeout"), saw("get_build_log", "total_lines: 50000")),
    ),
)  # fmt: skip
