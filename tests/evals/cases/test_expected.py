"""The facts that a case expects: what counts as the same value, and what does not."""

from datetime import UTC, date, datetime

import pytest

from azure_devops_evals.case import Case
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.expected import Unknown, describe, is_same, one_of, spell
from azure_devops_simulator import seed_organization

NAME = "Tom Becker"
COMMIT = "784424497d97dcad836e0057176512a8cdc4ae68"
DAY, TIME = date(2026, 11, 12), datetime(2026, 11, 12, 8, 52, tzinfo=UTC)

SAME = [
    (NAME, ["tom becker"]), (NAME, ["**Tom Becker**"]), (NAME, ["Tom Becker (tom@tidewater.example)"]),
    ("/src/settings.py", ["`src/settings.py`"]), ("release/2.8", ["refs/heads/release/2.8"]),
    ("platform-api", ["Platform/platform-api"]), ("platform-api", ["the repository platform-api"]),
    ("2.8.2", ["2.8.2"]), (COMMIT, ["7844244"]), (COMMIT, [COMMIT.upper()]),
    (6, ["six"]), (6, ["6 bugs"]), (31, ["build 31"]), (31, ["#31"]), (17, ["AB#17"]), (0, ["none"]), (1200, ["1,200"]),
    (4, ["4 %"]), (2.84, ["2.84"]), (2.84, ["2.85"]),
    ([9, 7], ["7", "9"]), ([9, 7], ["9, 7"]), ([9, 7], ["9 and 7"]), ([9], ["pull request 9"]), ([], ["none"]),
    ([NAME, "Priya Raman"], ["Priya Raman; Tom Becker"]),
    (True, ["Yes"]), (False, ["no."]), (one_of("infrastructure", "code"), ["Infrastructure"]),
    (DAY, ["12 November 2026"]), (DAY, ["2026-11-12T08:00:11Z"]),
    (TIME, ["2026-11-12 08:52 UTC"]), (TIME, ["2026-11-12T09:52:31+01:00"]),
    (None, []), (None, ["unknown"]), (None, ["Not known."]),
    (Unknown(bool), []), (Unknown(list), ["unknown"]),
    *(([], [word]) for word in ("nobody", "no one", "nothing", "no", "-", "n/a", "[]", "0")),
    *((None, [word]) for word in ("not determined", "cannot be determined", "undetermined", "n/a")),
    (True, ["true"]), (False, ["False"]), (NAME, [" ", NAME]), ([9, 7], ["9, 7,"]),
    (0, ["no"]), (0, ["zero"]), (1, ["one"]), (0.84, ["0.842"]), (DAY, ["12 November"]),
    (6, ["6 builds"]), (6, ["#6"]), (6, ["6 (4, 27, 29, 30, 31, 33)"]), (6, ["6 (not counting drafts)"]),
    (6, ["6 open work"]), (20, ["20 per second"]), (6, ["6 kb"]), (6, ["six failed builds"]), (9, ["9 ms"]),
    (DAY, ["2026-11-12 (Thursday)"]), (DAY, ["on Thursday, 12th November 2026"]),
    (DAY, ["12 November 2026 (the last good one ran on 11 November)"]), (DAY, ["2026-11-12, 12 November 2026"]),
    (date(2026, 11, 11), ["11/11/2026"]), (date(2026, 11, 13), ["11/13/2026"]), (DAY, ["12.11.2026"]),
    (TIME, ["08:52 UTC on Thursday, 12 November 2026"]), (TIME, ["2026-11-12 08:52 (09:52 CET)"]),
    (TIME, ["12 November 2026 (08:52 UTC)"]), (DAY, ["Thursday (12 November 2026)"]), (DAY, ["**12 November 2026**"]),
    ("main", ["refs/heads/main"]), ("main", ["platform-api/main"]), ("blade-notes", ["Turbine Control/blade-notes"]),
    ("/deploy/ci.env", ["platform-api/deploy/ci.env"]), ("/deploy/ci.env", ["Platform/platform-api/deploy/ci.env"]),
    ("tracking.test.ts", ["e2e/tracking.test.ts"]), ("tracking.test.ts", ["/app/e2e/tracking.test.ts"]),
    ("7844244", [COMMIT]), ("/", ["/"]), ("(root)", ["(root)"]),
]  # fmt: skip
OTHER = [
    (NAME, ["Priya Raman"]), (NAME, ["Tom"]), (NAME, [NAME, "Priya Raman"]), (NAME, []), (NAME, ["not Tom Becker"]),
    ("release/2.8", ["2.8"]), ("release/2.8", ["release/2.8.1"]), ("docs", ["x/docs/old"]), (COMMIT, ["784424f"]),
    (6, ["12"]), (6, ["6 of 12"]), (6, ["6 or 7"]), (6, ["16"]), (6, ["6.5"]), (6, ["-6"]), (6, ["about 6 or more"]),
    (2.84, ["2.9"]), (31, ["31", "29"]),
    ([9, 7], ["9"]), ([9, 7], ["9", "7", "15"]), ([9, 7], ["none"]), ([9, 7], ["9", "17"]), ([], []), ([], ["9"]),
    (True, ["no"]), (True, ["yes and no"]), (False, []), (one_of("infrastructure", "code"), ["code"]),
    (one_of("infrastructure", "code"), ["code, infrastructure"]),
    (DAY, ["2026-11-13"]), (DAY, ["12 October 2026"]), (DAY, ["2025-11-12"]), (DAY, ["soon"]),
    (TIME, ["2026-11-12 09:52"]), (TIME, ["2026-11-12"]), (TIME, ["2026-11-12T08:52+01:00"]),
    (None, ["Tom Becker"]), (None, ["unknown", "9"]), (NAME, ["unknown"]),
    (Unknown(bool), ["no"]), (Unknown(list), ["none"]), (Unknown(int), ["0"]),
    *((6, [text]) for text in (
        "6 or more", "6 at least", "six or seven", "6 more", "6 fewer", "6 at most", "6, maybe", "6 or so", "6 plus",
        "about 6", "not 6", "6 not 7", "6 but unsure", "6 builds maybe", "six seven", "6 hundred", "6 thousand builds",
        "6 and counting", "6 (or 7)", "6 (at least)", "6 ( probably)", "6 (not certain)", "6 approximately", "6+")),
    (5, ["5 or six"]), (NAME, ["Tom Becker (or Priya Raman)"]), (True, ["yes (Perhaps)"]),
    *((DAY, [text]) for text in (
        "2026-11-12 or 2026-11-14", "not 12 November but 14 November", "not 12 November 2026", "12 or 14 November 2026",
        "before 12 November 2026", "about 2026-11-12", "2026-11-12 or later", "12 to 14 November", "2026-11-12 to 14",
        "12 November 2026 (or 14 November)", "11/12/2026", "12/11/2026", "2026-11-14 or 2026-11-12")),
    (date(2026, 12, 11), ["11/12/2026"]), (date(2026, 11, 14), ["12/14 November 2026"]),
    (TIME, ["2026-11-12 08:52 UTC or 2026-11-12 09:52 UTC"]), (TIME, ["2026-11-12 08:52 or 09:52 UTC"]),
    (TIME, ["after 2026-11-12 08:52 UTC"]), (TIME, ["2026-11-12 09:52 UTC, 2026-11-12 08:52 UTC"]),
    ("main", ["release/main"]), ("main", ["feature/main"]), ("main", ["platform-api/release/main"]),
    ("main", ["x/main/y"]), ("main", ["platform-api/mainline"]), ("main", ["platform-api/main/platform-api"]),
    ("/deploy/ci.env", ["old/deploy/ci.env"]), ("/NOTES.md", ["docs/NOTES.md"]), ("platform-api", ["x/platform-api"]),
    ("tracking.test.ts", ["other-tracking.test.ts"]), ("tracking.test.ts", ["tracking.test.ts/old"]),
    ("2.8.2", ["release/2.8.2"]), ("ci.envelope", ["x/ci.envelope"]),
    (1, ["none"]), (1, ["no"]), (1, ["zero"]), (2, ["one"]), (1000, ["1001"]), (1001, ["1002"]),
    (COMMIT, ["7844"]), ("face", ["facefeed"]), ("api", ["x/y/api"]), ("api", ["Platform/other"]),
]  # fmt: skip
DESCRIBED = [
    (True, "yes or no"), (DAY, "a date"), (TIME, "a date and time in UTC"), (7, "a number"), (2.84, "a number"),
    (NAME, ""), ([9, 7], "all of them, in any order"), (one_of("b", "c", "a"), "one of: a, b, c"), (None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "values"), SAME)
def test_the_same_value_in_another_form_is_accepted(expected, values):
    assert is_same(expected, values)


@pytest.mark.parametrize(("expected", "values"), OTHER)
def test_another_value_is_refused(expected, values):
    assert not is_same(expected, values)


@pytest.mark.parametrize("expected", {repr(value): value for value, _ in (*SAME, *OTHER)}.values(), ids=repr)
def test_the_spelling_of_a_value_is_accepted_and_its_description_does_not_tell_it(expected):
    assert is_same(expected, spell(expected))
    if isinstance(expected, str | int | float | date) and not isinstance(expected, bool):
        assert not any(is_same(expected, [word]) for word in describe(expected).split())


def test_the_projects_and_repositories_of_the_organization_may_stand_in_front_of_a_path():
    projects = seed_organization().projects.values()
    repositories = {repository.name for project in projects for repository in project.repositories.values()}
    owners = {project.name for project in projects} | repositories - {"docs"}
    assert {"Platform", "checkout-service"} <= owners
    assert all(is_same("/deploy/ci.env", [f"{owner}/deploy/ci.env"]) for owner in owners)


@pytest.mark.parametrize(("expected", "told"), DESCRIBED, ids=repr)
def test_a_question_says_the_form_of_a_fact(expected, told):
    assert describe(expected) == told


@pytest.mark.parametrize("known", [True, 7, 2.84, DAY, TIME, NAME, [9, 7]], ids=repr)
def test_a_question_asks_for_what_nobody_knows_as_for_what_is_known(known):
    assert describe(Unknown(type(known))) == describe(known)


def test_a_question_asks_for_the_facts_by_name_and_the_solution_gives_them():
    solution = [reported("Tom Becker did.", ("E2", "author: Tom Becker"))]
    case = Case("x", "pull-requests", "Who?", solution, (), {"author": NAME, "cause": one_of("code", "agent")})
    assert case.asked.startswith("Who?\n\nGive these facts")
    assert case.asked.endswith("`author`; `cause` (one of: agent, code).")
    [[call]] = case.steps
    assert call.arguments["facts"] == [
        {"name": "author", "values": [NAME], "evidence": ["E2"]},
        {"name": "cause", "values": ["code"], "evidence": ["E2"]},
    ]
