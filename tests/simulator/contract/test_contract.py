"""Every operation of the simulator is driven to success and to its error, and held against the published contract."""

import re

import pytest
from contract_calls import CANNOT_FAIL, Driver, Exchange, drive, missing
from contract_deviations import BODIES, SEEN_LIVE, STATUSES, WITHOUT_OPERATION
from contract_report import TITLE, lines_of
from contract_specs import Definitions, Operation, find, operations, problems, shape_of
from official_facts import rows

from azure_devops_simulator.api.errors import MethodNotAllowedError
from azure_devops_simulator.api.routing import Match, Route, Router


@pytest.fixture(scope="module")
def driver():
    for driver in drive():
        driver.play()
        yield driver


@pytest.fixture(scope="module")
def known() -> tuple[Operation, ...]:
    return operations()


def key(route: Route) -> tuple[str, str]:
    return route.method, route.template


def operation_of(known: tuple[Operation, ...], exchange: Exchange) -> Operation | None:
    route = exchange.route
    return find(known, route.method, shape_of(route.template), exchange.query)


def body_of(exchange: Exchange) -> object:
    kind = exchange.response.headers.get("content-type", "")
    return exchange.response.json() if kind.startswith("application/json") and exchange.response.content else None


def test_every_operation_succeeds_once(driver: Driver, record_property):
    succeeded = {exchange.route for exchange in driver.successes}
    failed = {exchange.route for exchange in driver.failures}
    record_property(TITLE, lines_of(driver.router.routes, succeeded, failed, operations()))
    never = [key(route) for route in driver.router.routes if route not in succeeded]
    assert never == [], "add a line to successes.txt"
    wrong = {e.request: e.response.text for e in driver.successes if not 200 <= e.response.status_code < 300}
    assert wrong == {}


def test_every_operation_fails_in_the_form_of_the_service(driver: Driver):
    failed = {exchange.route for exchange in driver.failures}
    never = {key(route) for route in driver.router.routes if route not in failed}
    assert never == set(CANNOT_FAIL)
    for exchange in driver.failures:
        answer = exchange.response
        assert answer.status_code in {400, 403, 404, 405, 409, 412, 500}, exchange.request
        body = answer.json()
        if set(body) == {"count", "value"}:
            assert body["value"]["Message"], exchange.request
            continue
        assert set(body) - {"customProperties"} == {
            "$id",
            "innerException",
            "message",
            "typeName",
            "typeKey",
            "errorCode",
            "eventId",
        }, exchange.request
        assert body["message"]
        assert body["typeName"].partition(",")[0].endswith(body["typeKey"]), exchange.request
        assert "api-version" not in answer.headers["content-type"]


def test_answers_name_the_version_of_their_operation(driver: Driver):
    assert len(driver.successes) >= 50
    for exchange in driver.successes:
        kind = exchange.response.headers.get("content-type", "")
        if exchange.route.version and kind.startswith("application/json"):
            assert kind.endswith(f"; api-version={exchange.route.version}"), exchange.request


def test_statuses_are_the_contract_s_or_in_the_table(driver: Driver, known):
    used, wrong = set(), []
    for exchange in driver.successes:
        operation, status = operation_of(known, exchange), exchange.response.status_code
        if operation is None or str(status) in operation.answers:
            continue
        used.add(key(exchange.route))
        if STATUSES.get(key(exchange.route)) != status:
            wrong.append((exchange.request, status, sorted(operation.answers)))
    assert wrong == []
    assert used == set(STATUSES), "the table holds what is not needed"


def test_the_table_of_statuses_agrees_with_the_examples(driver: Driver, known):
    """Where the examples of an operation contradict its own contract, the examples are followed."""
    shown = {(operation.method, operation.shape): operation.shown for operation in known if operation.shown}
    assert len(shown) >= 50
    live = {(method, tuple(path.split("/"))) for method, path in SEEN_LIVE}
    for exchange in driver.successes:
        method, shape = exchange.route.method, shape_of(exchange.route.template)
        statuses = shown.get((method, shape)) or shown.get((method, (*shape, "*")))
        if statuses and not any(method == m and shape[-len(tail) :] == tail for m, tail in live):
            assert str(exchange.response.status_code) in statuses, exchange.request


def test_versions_and_scopes_are_the_contract_s(driver: Driver, known):
    wrong = []
    for exchange in driver.successes:
        operation, route = operation_of(known, exchange), exchange.route
        if operation is not None and (operation.api_version, operation.scopes) != (route.version, set(route.scopes)):
            wrong.append((exchange.request, route.version, route.scopes, operation.api_version, operation.scopes))
    assert wrong == []


def test_what_the_contract_does_not_know_is_named(driver: Driver, known):
    unknown = {exchange.route.template for exchange in driver.successes if operation_of(known, exchange) is None}
    assert unknown == set(WITHOUT_OPERATION)


def test_every_answer_has_the_form_of_its_operation(driver: Driver, known):
    used, wrong, checked = set(), [], 0
    for exchange in driver.successes:
        operation, body = operation_of(known, exchange), body_of(exchange)
        if operation is None or body is None:
            continue
        checked += 1
        for problem in problems(operation, exchange.response.status_code, body):
            reason = next((end for end in BODIES if f"{operation.name}{problem}".endswith(end)), None)
            used.add(reason)
            if reason is None:
                wrong.append((exchange.request, problem))
    assert wrong == []
    assert used == set(BODIES), "the table holds what is not needed"
    assert checked > 100


def match_of(router: Router, method: str, segments: list[str]) -> Match | None:
    try:
        return router.find(method, segments)
    except MethodNotAllowedError:
        return None


def test_no_operation_is_answered_by_another(driver: Driver):
    caught, checked = [], 0
    for row in rows():
        segments = row.path.replace("*", "name").split("/")
        for path in (["Platform", *segments], segments):
            match = match_of(driver.router, row.method, path)
            if match is not None:
                checked += 1
                if shape_of(match.route.template) != tuple(row.path.split("/")):
                    caught.append((row.method, row.path, match.route.template))
    assert caught == [], "a number of the other operation has to be declared as `:int`"
    assert checked > 100


BOX = Definitions(
    {
        "Base": {"type": "object", "properties": {"id": {"type": "integer", "format": "int32"}}, "required": ["id"]},
        "Box": {
            "allOf": [{"$ref": "#/definitions/Base"}],
            "properties": {
                "when": {"type": "string", "format": "date-time"},
                "kind": {"enum": ["a", "b"]},
                "of": {"type": "array", "items": {"$ref": "#/definitions/Box"}},
                "any": {"type": "object"},
            },
        },
        "Derived": {"allOf": [{"$ref": "#/definitions/Box"}], "properties": {"more": {"type": "boolean"}}},
    }
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"id": 1, "when": "2026-11-20T09:00:00.1234567Z", "kind": "a", "any": [1], "more": True}, []),
        ({"count": 1, "value": []}, ["count: not the number of values"]),
        ({"id": "1"}, [".id: str in place of integer"]),
        ({"id": True}, [".id: bool in place of integer"]),
        ({"id": 2**31}, [f".id: {2**31} is no int32"]),
        ({}, [".id: required and absent"]),
        ({"id": 1, "odd": 1}, [".odd: unknown"]),
        ({"id": 1, "kind": "c"}, [".kind: 'c' is none of its values"]),
        ({"id": 1, "when": "yesterday"}, [".when: 'yesterday' is no date"]),
        ({"id": 1, "of": [{"id": 2, "odd": 1}, {}]}, [".of[].id: required and absent", ".of[].odd: unknown"]),
        ({"id": 1, "of": {}}, [".of: dict in place of array"]),
        ([], [": list in place of object"]),
    ],
)
def test_the_check_finds_what_is_wrong(body, found):
    schema = {"$ref": "#/definitions/Box"}
    if isinstance(body, dict) and "count" in body:
        schema = {"type": "array", "items": schema}
    operation = Operation("a", "b", "GET", (), frozenset(), "7.1", frozenset(), {"200": schema}, BOX)
    assert problems(operation, 200, body) == found


def test_a_failure_is_the_same_request_with_a_last_part_that_names_nothing(driver: Driver):
    requests = [missing(exchange) for exchange in driver.successes]
    assert "GET /Platform/_apis/git/repositories/platform-api/blobs/no-such-thing" in requests
    assert all(re.search(r"no-such-thing|2147483646|NoSuchThing", request) for request in requests if request)
