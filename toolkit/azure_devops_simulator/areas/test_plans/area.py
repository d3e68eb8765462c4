"""Read test plans, their suites, and the cases and points of a suite."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from azure_devops_simulator.api.call import Answer, Call, page
from azure_devops_simulator.api.parsing import whole_number
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.core.projects import project_reference
from azure_devops_simulator.areas.test_results.shapes import READ, test_error
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.test_plans import TestCase, TestPlan, TestPoint, TestSuite
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid, timestamp

area = Area("testplan")
_PLANS = "{project}/_apis/testplan/plans"
_PLAN = f"{_PLANS}/{{plan:int}}"
_SUITES = f"{_PLAN}/suites"
_SUITE = f"{_SUITES}/{{suite}}"
_PAGE = 200


def _find_plan(call: Call) -> TestPlan:
    wanted = call.path["plan"]
    found = call.organization.test_plans.get(whole_number(wanted) or 0)
    if found is None or found.project is not call.in_project():
        raise test_error(404, "TestObjectNotFoundException", f"Test plan {wanted} not found.")
    return found


def _find_suite(call: Call) -> tuple[TestPlan, TestSuite]:
    plan, wanted = _find_plan(call), call.path["suite"]
    found = plan.suite(whole_number(wanted) or 0)
    if found is None:
        raise test_error(404, "TestObjectNotFoundException", f"Test suite {wanted} not found.")
    return plan, found


def _reference(of: TestPlan | TestSuite) -> JsonObject:
    return {"id": of.id, "name": of.name}


def _project(call: Call) -> JsonObject:
    known = project_reference(call, call.in_project())
    return {name: known[name] for name in ("id", "name", "state", "visibility")}


@area.get(_PLANS, scopes=READ, query="owner continuationToken includePlanDetails filterActivePlans")
def list_plans(call: Call) -> Answer:
    """Return the plans of a project, with their details on request."""
    owner, active = call.query.text("owner").lower(), call.query.flag("filterActivePlans")
    found = [plan for plan in call.organization.test_plans.values() if plan.project is call.in_project()]
    found = [plan for plan in found if owner in {"", plan.owner.id} and (plan.state == "Active" or not active)]
    whole = call.query.flag("includePlanDetails")
    return page(call, found, partial(_plan, call, whole=whole), _PAGE, _PAGE)


@area.get(_PLAN, scopes=READ)
def get_plan(call: Call) -> JsonObject:
    """Return one plan."""
    return _plan(call, _find_plan(call), whole=True)


def _plan(call: Call, plan: TestPlan, *, whole: bool) -> JsonObject:
    own = call.url(f"{plan.project.name}/_apis/testplan/Plans/{plan.id}")
    body: JsonObject = {
        "id": plan.id,
        "project": _project(call),
        "rootSuite": _reference(plan.suites[0]),
        "_links": {"_self": {"href": own}, "rootSuite": {"href": f"{own}/Suites/{plan.suites[0].id}"}},
        "revision": 1,
        "name": plan.name,
        "areaPath": plan.area,
        "iteration": plan.iteration,
        "owner": call.identity(plan.owner),
        "state": plan.state,
    }
    if whole:
        body |= {"updatedDate": timestamp(plan.updated), "updatedBy": call.identity(plan.owner)}
        body |= {"description": plan.description}
        if plan.start and plan.end:
            body |= {"startDate": timestamp(plan.start), "endDate": timestamp(plan.end)}
    return body


@area.get(_SUITES, scopes=READ, query="expand continuationToken asTreeView")
def list_suites(call: Call) -> Answer:
    """Return the suites of a plan as a list, or the root with the others below it."""
    plan = _find_plan(call)
    if call.query.flag("asTreeView"):
        return page(call, plan.suites[:1], partial(_tree, call, plan), _PAGE, _PAGE)
    return page(call, plan.suites, partial(_suite, call, plan), _PAGE, _PAGE)


@area.get(_SUITE, scopes=READ, query="expand")
def get_suite(call: Call) -> JsonObject:
    """Return one suite."""
    return _suite(call, *_find_suite(call))


def _tree(call: Call, plan: TestPlan, suite: TestSuite) -> JsonObject:
    children = [_tree(call, plan, each) for each in plan.suites if each.parent == suite.id]
    return {**_suite(call, plan, suite), "children": children}


def _suite(call: Call, plan: TestPlan, suite: TestSuite) -> JsonObject:
    own = call.url(f"{plan.project.name}/_apis/testplan/Plans/{plan.id}/Suites/{suite.id}")
    children = [each for each in plan.suites if each.parent == suite.id]
    expand = {part.strip().lower() for part in call.query.text("expand").split(",")}
    body: JsonObject = {
        "id": suite.id,
        "revision": 1,
        "project": _project(call),
        "lastUpdatedBy": call.identity(plan.owner),
        "lastUpdatedDate": timestamp(plan.updated),
        "plan": _reference(plan),
        "_links": {
            "_self": {"href": own},
            "testCases": {"href": f"{own}/TestCase"},
            "testPoints": {"href": f"{own}/TestPoint"},
        },
        "suiteType": suite.type,
        "name": suite.name,
        "inheritDefaultConfigurations": suite.parent is not None,
        "hasChildren": bool(children),
    }
    if suite.requirement is not None:
        body["requirementId"] = suite.requirement
    if parent := plan.suite(suite.parent or 0):
        body["parentSuite"] = _reference(parent)
    if "children" in expand:
        body["children"] = [_suite_below(call, each) for each in children]
    if "defaulttesters" in expand:
        body["defaultTesters"] = []
    return body


def _suite_below(call: Call, suite: TestSuite) -> JsonObject:
    return {"id": suite.id, "name": suite.name, "project": _project(call)}


_CASE_QUERY = "testIds configurationIds continuationToken isRecursive"


@area.get(f"{_SUITE}/TestCase", scopes=READ, query=_CASE_QUERY)
def list_cases(call: Call) -> Answer:
    """Return the cases of a suite, on request also those of the suites below it."""
    plan, suite = _find_suite(call)
    ids, wanted = call.query.numbers("testIds"), call.query.numbers("configurationIds")
    rows = [
        (place, where, case)
        for place, (where, case) in enumerate(_cases(call, plan, suite))
        if (not ids or case.id in ids) and (not wanted or any(_number(p.configuration) in wanted for p in case.points))
    ]
    return page(call, rows, lambda row: _case(call, plan, *row), _PAGE, _PAGE)


def _cases(call: Call, plan: TestPlan, suite: TestSuite) -> Iterator[tuple[TestSuite, TestCase]]:
    for each in plan.below(suite) if call.query.flag("isRecursive") else [suite]:
        yield from ((each, case) for case in each.cases)


def _case(call: Call, plan: TestPlan, place: int, suite: TestSuite, case: TestCase) -> JsonObject:
    own = call.url(f"{plan.project.name}/_apis/testplan/Plans/{plan.id}/Suites/{suite.id}/TestCase/{case.id}")
    fields: list[JsonValue] = [{"System.Id": case.id}, {"System.State": case.state}, {"System.Title": case.title}]
    return {
        "testPlan": _reference(plan),
        "project": _project(call),
        "testSuite": _reference(suite),
        "workItem": {"id": case.id, "name": case.title, "workItemFields": fields},
        "pointAssignments": [
            {
                "id": point.id,
                "configurationId": _number(point.configuration),
                "configurationName": point.configuration,
                "tester": _tester(call, point.tester),
            }
            for point in case.points
        ],
        "order": place,
        "links": {"_self": {"href": own}},
    }


def _number(configuration: str) -> int:
    """Return the number of a configuration, which follows from its name."""
    return int(guid(f"test configuration/{configuration}")[:6], 16)


def _tester(call: Call, tester: User | None) -> JsonValue:
    return call.identity(tester) if tester else None


_POINT_QUERY = "testPointIds testCaseId continuationToken includePointDetails isRecursive"


@area.get(f"{_SUITE}/TestPoint", scopes=READ, query=_POINT_QUERY)
def list_points(call: Call) -> Answer:
    """Return the points of a suite, with their last results on request."""
    plan, suite = _find_suite(call)
    ids, case_id = call.query.numbers("testPointIds"), call.query.integer("testCaseId", 0)
    rows = [
        (where, case, point)
        for where, case in _cases(call, plan, suite)
        for point in case.points
        if (not ids or point.id in ids) and case_id in {0, case.id}
    ]
    return page(call, rows, lambda row: _point(call, plan, *row), _PAGE, _PAGE)


def _point(call: Call, plan: TestPlan, suite: TestSuite, case: TestCase, point: TestPoint) -> JsonObject:
    own = call.url(f"{plan.project.name}/_apis/testplan/Plans/{plan.id}/Suites/{suite.id}/TestPoint?pointId={point.id}")
    body: JsonObject = {
        "id": point.id,
        "tester": _tester(call, point.tester),
        "configuration": {"id": _number(point.configuration), "name": point.configuration},
        "isAutomated": False,
        "project": _project(call),
        "testPlan": _reference(plan),
        "testSuite": _reference(suite),
        "lastUpdatedDate": timestamp(point.last.completed if point.last else plan.updated),
        "lastUpdatedBy": call.identity(point.last.by if point.last else plan.owner),
        "isActive": point.reset or point.last is None,
        "testCaseReference": {"id": case.id, "name": case.title, "state": case.state},
        "links": {"_self": {"href": own}},
    }
    if call.query.flag("includePointDetails"):
        body["results"] = _result(call, point)
    return body


def _result(call: Call, point: TestPoint) -> JsonObject:
    last = point.last
    if last is None:
        return {"outcome": "unspecified", "state": "ready"}
    counts = last.state == "completed" and not point.reset
    return {
        "lastResultDetails": {
            "duration": last.duration,
            # What is not there has the first date that there is.
            "dateCompleted": timestamp(last.completed) if last.state == "completed" else "0001-01-01T00:00:00",
            "runBy": call.identity(last.by),
        },
        "lastResultId": last.result,
        "lastRunBuildNumber": last.build,
        "lastTestRunId": last.run,
        "lastResultState": last.state,
        "outcome": last.outcome[0].lower() + last.outcome[1:] if counts else "unspecified",
        "state": "ready" if point.reset else "completed" if counts else "inProgress",
    }
