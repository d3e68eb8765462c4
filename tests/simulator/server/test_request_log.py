"""The log of requests: what clients asked for, and what of it is not simulated."""

import re

import httpx
import pytest

from azure_devops_simulator import Fault, LoggedRequest, RequestLog, SimulatorServer

SECRET = "full-token"
MISSING = "GET {project}/_apis/dashboard/dashboards"


@pytest.fixture
def logged(organization):
    with SimulatorServer(organization, control=True, verbose=True) as server:
        yield server


def ask(server, path, method="GET", **more):
    return httpx.request(method, f"{server.base_url}{path}", auth=("", SECRET), **more)


def test_the_log_shows_what_was_asked_and_answered(logged, capsys):
    ask(logged, "/_apis/projects?other=private-query")
    ask(logged, "/Platform/_apis/dashboard/dashboards")
    httpx.get(f"{logged.base_url}/_apis/teams")
    ask(logged, "/_apis/projects", method="POST", json={"name": "private-body"})
    rows = [(r.method, r.path, r.status, r.user, r.not_simulated) for r in logged.requests.newest]
    agent = "svc-agent@tidewater.example"
    assert rows == [
        ("GET", "/tidewater/_apis/projects", 200, agent, ""),
        ("GET", "/tidewater/Platform/_apis/dashboard/dashboards", 404, agent, MISSING),
        ("GET", "/tidewater/_apis/teams", 302, "", ""),
        ("POST", "/tidewater/_apis/projects", 400, agent, ""),
    ]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert re.fullmatch(rf"GET /tidewater/_apis/projects 200 \d+ ms {agent}", lines[0])
    assert lines[1].endswith(f"  not simulated: {MISSING}")
    everything = "\n".join(lines) + str(logged.requests.json())
    assert not re.search(f"private|{SECRET}", everything)


def test_requests_without_an_answer_are_logged(logged):
    logged.organization.faults.add(Fault("reset", times=1), Fault("status", status=503, times=1))
    with pytest.raises(httpx.TransportError):
        ask(logged, "/_apis/projects")
    ask(logged, "/_apis/projects")
    first, second = logged.requests.newest
    assert (first.status, second.status) == (0, 503)
    assert "no answer" in first.line()


def test_another_process_reads_the_log(logged):
    for _ in range(2):
        ask(logged, "/Platform/_apis/dashboard/dashboards")
    address = httpx.URL(logged.base_url).copy_with(path="/_simulator/requests")
    shown = httpx.get(address).json()
    assert shown["notSimulated"] == {MISSING: 2}
    assert [row["notSimulated"] for row in shown["requests"]] == [MISSING, MISSING]
    assert httpx.delete(address).status_code == 200
    assert httpx.get(address).json() == {"requests": [], "notSimulated": {}}


def test_the_summary_begins_with_what_was_asked_for_most(logged):
    assert logged.requests.summary() == ""
    for path in ("/Platform/_apis/graph/users", *["/Platform/_apis/dashboard/dashboards"] * 2):
        ask(logged, path)
    title, first, second = logged.requests.summary().splitlines()
    assert title == "Requests for what is not simulated:"
    assert first.split() == ["2", "x", *MISSING.split()]
    assert second.split() == ["1", "x", "GET", "{project}/_apis/graph/users"]


def test_the_log_is_bounded(capsys):
    log = RequestLog()
    for number in range(1500):
        log.add(LoggedRequest("GET", f"/{number}", 404, 1.0, not_simulated=f"thing {number}"))
    assert [row.path for row in log.newest] == [f"/{number}" for number in range(500, 1500)]
    counts = log.not_simulated
    assert len(counts) == 1001
    assert counts["other requests"] == 500
    assert len(capsys.readouterr().err.splitlines()) == 1000
