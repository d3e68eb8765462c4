"""Test plans, their suites, and the cases and points in them."""

from typing import Any

from azure_devops_simulator import Organization, build_organization, export_world, import_world

PLANS = "/Platform/_apis/testplan/plans"


def test_a_plan_has_its_suites_below_its_root(client: Any, connect: Any, organization: Organization) -> None:
    [plan] = client.get(PLANS, includePlanDetails="true")["value"]
    assert (plan["name"], plan["state"], plan["endDate"]) == ("Release 2.9", "Active", "2026-11-27T00:00:00Z")
    assert "startDate" not in client.get(PLANS)["value"][0]
    suites = client.get(f"{PLANS}/{plan['id']}/suites", expand="children")["value"]
    assert [row["name"] for row in suites] == ["Release 2.9", "Search", "Labels"]
    assert [row["name"] for row in suites[0]["children"]] == ["Search", "Labels"]
    [tree] = client.get(f"{PLANS}/{plan['id']}/suites", asTreeView="true")["value"]
    assert [row["parentSuite"]["name"] for row in tree["children"]] == ["Release 2.9", "Release 2.9"]
    client.get(f"/Payments/_apis/testplan/plans/{plan['id']}", expect=404)
    client.get(f"{PLANS}/{plan['id']}/suites/{plan['id']}", expect=404)
    organization.add_token("coder", ["code"])
    connect("coder").get(PLANS, expect=401)


def test_points_have_the_last_result_of_each_configuration(client: Any) -> None:
    suite = f"{PLANS}/100001/suites/100003"
    cases = client.get(f"{suite}/TestCase")["value"]
    assert [row["workItem"]["name"] for row in cases] == [
        "A planner finds a shipment by its number",
        "The second page follows the first",
    ]
    points = client.get(f"{suite}/TestPoint", includePointDetails="true")["value"]
    assert [(row["configuration"]["name"], row["results"]["outcome"]) for row in points] == [
        ("Firefox", "passed"),
        ("Edge", "failed"),
        ("Firefox", "unspecified"),
    ]
    assert points[0]["results"]["lastRunBuildNumber"] == "20261118.2"
    assert "results" not in client.get(f"{suite}/TestPoint")["value"][0]
    one = client.get(f"{suite}/TestPoint", testCaseId=cases[1]["workItem"]["id"])["value"]
    assert [row["id"] for row in one] == [points[2]["id"]]
    everything = client.get(f"{PLANS}/100001/suites/100002/TestPoint", isRecursive="true")["value"]
    assert len(everything) == 4


def test_lists_come_in_pages_of_a_fixed_size(client: Any, organization: Organization) -> None:
    made = build_organization(organization).project("Platform").add_test_plan("Long").add_suite("All")
    for number in range(201):
        made.add_case("All", f"Case {number}")
    path = f"{PLANS}/{made.id}/suites/{made.plan.suites[1].id}/TestCase"
    first = client.http.get(path, params={"api-version": "7.1"})
    assert (len(first.json()["value"]), first.headers["x-ms-continuationtoken"]) == (200, "200")
    assert len(client.get(path, continuationToken="200")["value"]) == 1


def test_a_plan_is_built_run_and_kept_in_a_world(organization: Organization) -> None:
    project = build_organization(organization).project("Platform")
    made = project.add_test_plan("Next", owner="Tom Becker").add_suite("Login").add_case("Login", "Sign in", ["A", "B"])
    made.run("Sign in", "Blocked", by="Mina Sato", build="1")
    [case] = made.plan.suites[1].cases
    assert [(point.configuration, point.last and point.last.outcome) for point in case.points] == [
        ("A", "Blocked"),
        ("B", "Blocked"),
    ]
    ids = [each.id for plan in organization.test_plans.values() for each in (plan, *plan.suites)]
    assert len(ids) == len(set(ids))
    assert export_world(import_world(export_world(organization))) == export_world(organization)
    organization.remove_project(project.project)
    assert not organization.test_plans
