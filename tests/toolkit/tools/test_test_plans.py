"""Test plans, their suites, and cases with their last results."""

import pytest
from tool_calls import call, refusal, text_of

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops.errors import NotFound, ScopeMissing

PLAN, ROOT, SEARCH = 100001, 100002, 100003


def test_plans_and_suites_are_listed_with_their_places(platform_reader):
    [plan] = call(platform_reader, "list_test_plans").items
    assert (plan.id, plan.name, plan.state, plan.root_suite) == (PLAN, "Release 2.9", "Active", ROOT)
    assert (plan.owner, plan.iteration) == ("Priya Raman <priya.raman@tidewater.example>", "Platform\\Sprint 42")
    assert f"{plan.end:%Y-%m-%d}" == "2026-11-27"
    suites = call(platform_reader, "list_test_suites", plan=PLAN).items
    assert [(row.name, row.parent) for row in suites] == [("Release 2.9", None), ("Search", ROOT), ("Labels", ROOT)]
    assert call(platform_reader, "list_test_plans", project="Data").items == []


def test_a_case_has_the_last_result_of_each_configuration(platform_reader):
    rows = call(platform_reader, "list_test_cases", plan=PLAN, suite=SEARCH).items
    assert [(row.title[:10], row.configuration, row.outcome, row.state) for row in rows] == [
        ("A planner ", "Firefox", "passed", "Ready"),
        ("A planner ", "Edge", "failed", "Ready"),
        ("The second", "Firefox", "not run", "Ready"),
    ]
    failed, waiting = rows[1:]
    assert (failed.run_by, failed.build) == ("Tom Becker <tom.becker@tidewater.example>", "20261118.2")
    assert f"{failed.run_at:%Y-%m-%d %H:%M}" == "2026-11-19 10:05"
    assert (waiting.run_by, waiting.run_at, waiting.build) == (None, None, None)


def find_failed_point(organization):
    return organization.test_plans[PLAN].suite(SEARCH).cases[0].points[1]


@pytest.mark.parametrize(("state", "told"), [("inProgress", "in progress"), ("paused", "paused")])
def test_a_result_that_is_not_complete_has_no_outcome_and_no_date(platform_client, organization, state, told):
    find_failed_point(organization).last.state = state
    row = call(platform_client, "list_test_cases", plan=PLAN, suite=SEARCH).items[1]
    assert (row.outcome, row.run_at, row.run_by) == (told, None, "Tom Becker <tom.becker@tidewater.example>")
    assert "0001-01" not in text_of(platform_client, "list_test_cases", plan=PLAN, suite=SEARCH)


def test_a_case_that_was_set_back_is_to_be_run_again(platform_client, organization):
    find_failed_point(organization).reset = True
    row = call(platform_client, "list_test_cases", plan=PLAN, suite=SEARCH).items[1]
    assert (row.outcome, f"{row.run_at:%Y-%m-%d}") == ("to be run again", "2026-11-19")


def test_a_suite_without_cases_says_that_others_are_below_it(platform_reader):
    page = call(platform_reader, "list_test_cases", plan=PLAN, suite=ROOT)
    assert page.items == []
    assert "list_test_suites" in page.notes[0]
    told = text_of(platform_reader, "list_test_cases", plan=PLAN, suite=ROOT)
    assert told.startswith(f"No test cases found in suite {ROOT} of plan {PLAN}.")


def test_results_that_cannot_be_read_do_not_read_as_not_run(platform_client, organization):
    organization.faults.add(Fault(kind="status", status=403, path="TestPoint"))
    page = call(platform_client, "list_test_cases", plan=PLAN, suite=SEARCH)
    assert {row.outcome for row in page.items} == {"not read"}
    assert (page.partial, page.failed[0].place) == (True, "last results")
    assert "last results" in text_of(platform_client, "list_test_cases", plan=PLAN, suite=SEARCH)


def test_long_suites_come_in_pages(platform_client, organization):
    made = build_organization(organization).project("Platform").add_test_plan("Long").add_suite("All")
    for number in range(205):
        made.add_case("All", f"Case {number}", ["A"])
    made.run("Case 204", "Blocked", by="Mina Sato", build="7")
    given = {"plan": made.id, "suite": made.plan.suites[1].id}
    first = call(platform_client, "list_test_cases", limit=150, **given)
    rest = call(platform_client, "list_test_cases", limit=150, cursor=first.cursor, **given)
    assert [row.title for row in (*first.items, *rest.items)] == [f"Case {number}" for number in range(205)]
    assert (rest.items[-1].outcome, rest.items[-1].run_by, rest.cursor) == (
        "blocked",
        "Mina Sato <mina.sato@tidewater.example>",
        None,
    )
    assert len(call(platform_client, "list_test_plans", limit=1).items) == 1


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("list_test_suites", {"plan": 9}),
        ("list_test_cases", {"plan": 9, "suite": SEARCH}),
        ("list_test_cases", {"plan": PLAN, "suite": 9}),
    ],
)
def test_what_does_not_exist_is_not_empty(platform_reader, tool, given):
    assert "not found" in refusal(platform_reader, tool, NotFound, **given)


def test_test_plans_need_the_scope_of_tests(organization, connect):
    organization.add_token("coder", ["code", "work", "project"])
    assert "vso.test" in refusal(connect("coder"), "list_test_cases", ScopeMissing, plan=PLAN, suite=SEARCH)
