"""Every parameter that the specification knows is honoured or refused, never ignored, by every operation.

The walk goes through the operations and calls that `successes.txt` plays. Names of parameters come from the published
description. What is declared as honoured has to be read by the operation, and to take names, numbers and dates in each
form that the service takes.
"""

import json
from collections import defaultdict
from collections.abc import Iterator

import httpx
import pytest
from contract_calls import Driver, Exchange, drive, lines

from azure_devops_simulator.api.contract import numbers_of
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Route

UNDOCUMENTED = {
    "$skip": "clients page so where the description has another name for it",
    "$top": "the same",
    "continuationToken": "answers carry a token for it",
    "searchCriteria.committer": "clients filter by it",
    "$expand": "adds the rendered text to a comment that was written",
    "$format": "links of artifacts carry it",
    "urlSignature": "signed links carry it",
    "urlExpires": "signed links carry it",
    "artifactName": "signed links of artifacts carry it",
    "service": "git sends it",
    "baseVersion": "an older name of the base version of branches",
    "baseVersionType": "the same",
    "baseVersionOptions": "the same",
    "baseVersionDescriptor.version": "clients write the versions of a difference so, or the next",
    "targetVersionDescriptor.version": "the same",
    "baseVersionDescriptor.baseVersion": "the official Node client writes the versions of a difference so",
    "targetVersionDescriptor.targetVersion": "the same",
    "version": "clients write the version of a file so",
    "excludeResolved": "clients list the conflicts of a pull request so; the description leaves them out",
    "includeObsolete": "the same",
    "onlyResolved": "the same",
    "sanitize": "asks for an image without scripts, on blobs as on items",
}
"""Parameters that operations honour although their description does not name them, and who sends them."""


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    for driver in drive():
        driver.play()
        yield driver


@pytest.fixture(scope="module")
def calls(driver: Driver) -> dict[Route, list[Exchange]]:
    """The successful calls of each operation."""
    found: dict[Route, list[Exchange]] = defaultdict(list)
    for exchange in driver.successes:
        found[exchange.route].append(exchange)
    return found


def value_of(name: str, notation: str) -> str:
    """A value that asks for something."""
    if notation.startswith("="):
        return list(numbers_of(notation[1:]))[-1]
    by_kind = {"boolean": "true", "int32": "1", "int64": "1", "date-time": "2026-11-20T09:00:00Z"}
    by_kind |= {"uuid": "00000000-0000-0000-0000-000000000001"}
    return by_kind.get(notation, "main" if name.lower().endswith("version") else "1")


def ask(
    driver: Driver, exchange: Exchange, query: dict[str, str], body: object = None, accept: str = "application/json"
) -> httpx.Response:
    """Send a call once more with other parameters."""
    request = exchange.response.request
    url = request.url.copy_merge_params(query)
    content = request.content if body is None else json.dumps(body).encode()
    headers = {"accept": accept, "content-type": request.headers["content-type"]}
    return driver.http.request(request.method, url, content=content, headers=headers)


def refusal(response: httpx.Response) -> str:
    """What an answer says is not simulated."""
    body = response.json() if response.headers.get("content-type", "").startswith("application/json") else {}
    return body["message"] if isinstance(body, dict) and body.get("typeKey") == "NotSimulatedException" else ""


def test_what_is_not_declared_is_refused_before_anything_is_done(driver: Driver, calls):
    ignored, asked = [], 0
    for route, exchanges in calls.items():
        honoured = {name.lower() for name in route.query}
        for name, notation in route.contract.query.items():
            if name in honoured:
                continue
            asked += 1
            told = refusal(ask(driver, exchanges[-1], {name: value_of(name, notation)}))
            if f"the parameter {name} of {route.method} {route.template}" not in told:
                ignored.append((route.method, route.template, name))
    assert ignored == []
    assert asked


def test_a_value_that_asks_for_nothing_is_no_reason_to_refuse(driver: Driver, calls):
    refused = []
    for route, exchanges in calls.items():
        booleans = {name: "false" for name, notation in route.contract.query.items() if notation == "boolean"}
        if route.method == "GET" and booleans and refusal(ask(driver, exchanges[-1], booleans)):
            refused.append((route.template, booleans))
    assert refused == []


def test_what_is_declared_is_read(monkeypatch):
    """By the calls as they are played, which have to give every parameter of a write, or by a read with it."""
    read: set[str] = set()
    plain = Query.all

    def watch(query: Query, name: str) -> list[str]:
        found = plain(query, name)
        read.update([name.lower()] if found else [])
        return found

    monkeypatch.setattr(Query, "all", watch)
    driver = next(driving := drive())
    never: dict[Route, set[str]] = {}
    for line in lines("successes.txt"):
        read.clear()
        exchange = driver.send(line)
        left = never.setdefault(exchange.route, {name.lower() for name in exchange.route.query})
        left -= read
        for name in sorted(left) if exchange.route.method == "GET" else ():
            for accept in ("application/json", "*/*", "application/zip"):
                read.clear()
                assert not refusal(ask(driver, exchange, settings(exchange.route, name), accept=accept))
                left -= read
    driving.close()
    assert {(route.method, route.template): left for route, left in never.items() if left} == {}


def settings(route: Route, name: str) -> dict[str, str]:
    """A parameter with a value, and those that it only qualifies: `versionType` means nothing without `version`."""
    qualified = (name.lower().removesuffix("type"), name.lower().removesuffix("options"))
    names = [name, *(other for other in route.query if other.lower() in qualified and other.lower() != name.lower())]
    return {one: value_of(one, route.contract.notation(one)) for one in names}


def test_what_is_declared_and_not_described_is_named(calls):
    unknown = {name for route in calls for name in route.query if not route.contract.notation(name)}
    assert unknown == set(UNDOCUMENTED)


def test_numbers_names_and_dates_in_each_form_are_the_same(driver: Driver, calls):
    different, compared = [], 0
    for route, exchanges in calls.items():
        for name in route.query if route.method == "GET" else ():
            notation = route.contract.notation(name)
            for plain, other in forms(notation):
                given = settings(route, name)
                answers = [ask(driver, exchanges[0], {**given, name: form}) for form in (plain, other)]
                compared += 1
                if answers[0].content != answers[1].content or answers[0].status_code != answers[1].status_code:
                    different.append((route.template, name, plain, other))
    assert different == []
    assert compared > 100


def forms(notation: str) -> Iterator[tuple[str, str]]:
    """Values of a parameter, each with another form of the same value."""
    if notation.startswith("="):
        for name, number in numbers_of(notation[1:]).items():
            yield name, name.upper()
            if number is not None:
                yield name, str(number)
    if notation == "date-time":
        yield "2026-11-18T12:00:00Z", "Wed, 18 Nov 2026 12:00:00 GMT"


def test_a_member_of_a_body_is_honoured_or_refused(driver: Driver, calls):
    ignored, asked = [], 0
    for route, exchanges in calls.items():
        if not route.contract.fields or (route.contract.record and not route.body):
            continue
        sent = json.loads(exchanges[-1].response.request.content)
        if not isinstance(sent, dict):
            continue
        honoured = {name.lower() for name in route.body}
        assert honoured <= {name.lower() for name in route.contract.fields}, route.template
        for name in route.contract.fields:
            if name.lower() not in honoured:
                asked += 1
                told = refusal(ask(driver, exchanges[-1], {}, {**sent, name: "1"}))
                if f"{name} in the body of {route.method} {route.template}" not in told:
                    ignored.append((route.template, name))
    assert ignored == []
    assert asked


def test_a_cursor_that_no_answer_gave_is_refused(driver: Driver, calls):
    """Ignored, it would send a client to the first page for ever."""
    routes = [route for route in calls if "continuationToken" in route.query]
    for route in routes:
        for token in ("zzz", "0", "-1", "1.5", "\u0661"):
            answer = ask(driver, calls[route][0], {"continuationToken": token})
            assert answer.status_code == 400, (route.template, token)
            assert "continuation token" in answer.json()["message"]
    assert len(routes) > 10


ROWS = {"$top", "$skip", "top", "skip", "changeCount", "includeCommits", "maxBuildsPerDefinition"}


def test_a_number_of_rows_is_honoured_or_refused(driver: Driver, calls):
    """A cursor after no rows would lead to the same page again."""
    asked = 0
    for route, exchanges in calls.items():
        paged = "continuationToken" in route.query
        # The page of the operation for one pull request says that it does not use them.
        unused = route.template.endswith("/pullRequests/{pullRequestId}")
        for name in set() if unused else ROWS & set(route.query):
            for value in ("-1", *(["0"] if paged and name == "$top" else [])):
                answer = ask(driver, exchanges[0], {name: value})
                asked += answer.status_code == 400
                # Some of what the calls made was deleted by later ones.
                assert answer.status_code in {400, 404}, (route.method, route.template, name, value)
    assert asked > 30
