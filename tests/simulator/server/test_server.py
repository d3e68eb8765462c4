"""Starting and stopping, in a thread and as a process."""

import asyncio
import json
import os
import re
import signal

import httpx
import pytest
from command_process import read_line, start

from azure_devops_simulator import Organization, SimulatorServer


def test_two_servers_stand_side_by_side_and_free_their_ports():
    one, other = Organization("first"), Organization("second")
    for organization in (one, other):
        organization.add_token("t")
    with SimulatorServer(one) as a, SimulatorServer(other) as b:
        assert a.base_url != b.base_url
        assert httpx.get(f"{a.base_url}/_apis/projects", auth=("", "t")).json() == {"count": 0, "value": []}
        assert httpx.get(f"{b.base_url}/_apis/projects", auth=("", "t")).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{a.base_url}/_apis/projects")


async def test_it_serves_inside_an_event_loop(organization):
    with SimulatorServer(organization) as server:
        async with httpx.AsyncClient(auth=("", "full-token")) as client:
            answers = await asyncio.gather(*(client.get(f"{server.base_url}/_apis/projects") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_address_first_and_ends_cleanly(ending):
    process = start("--token", "secret=vso.code", "--token", "all=app_token")
    try:
        base_url = read_line(process)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/tidewater", base_url)
        repositories = f"{base_url}/Platform/_apis/git/repositories"
        assert httpx.get(repositories, auth=("", "secret")).json()["count"] == 3
        assert httpx.get(f"{base_url}/_apis/process/processes", auth=("", "secret")).status_code == 401
        assert httpx.get(f"{base_url}/_apis/projects", auth=("", "all")).json()["count"] == 4
        process.send_signal(ending)
        out, err = process.communicate(timeout=15)
        assert (process.returncode, out, err) == (0, b"", b"")
    finally:
        process.kill()
        process.communicate()


def test_the_command_ends_with_what_its_clients_missed():
    process = start("--token", "all=app_token", "--strict")
    try:
        base_url = read_line(process)
        for _ in range(2):
            assert httpx.get(f"{base_url}/_apis/hooks/consumers", auth=("", "all")).status_code == 501
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=15)
        once, title, count = err.decode().splitlines()
        assert once == "not simulated: GET _apis/hooks/consumers"
        assert title == "Requests for what is not simulated:"
        assert count.strip() == "2 x GET _apis/hooks/consumers"
    finally:
        process.kill()
        process.communicate()


def test_without_tokens_it_makes_one_that_may_write_and_one_that_may_not():
    process = start()
    try:
        base_url = read_line(process)
        full, read = (read_line(process).partition(" token: ") for _ in range(2))
        assert (full[0], read[0]) == ("full access", "read only")
        refs = f"{base_url}/Platform/_apis/git/repositories/docs/refs?api-version=7.1"
        assert httpx.post(refs, json=[], auth=("", full[2])).status_code == 200
        assert httpx.post(refs, json=[], auth=("", read[2])).status_code == 401
        assert httpx.get(refs, auth=("", read[2])).status_code == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_token_that_says_nothing_is_refused():
    process = start("--token", "no-scopes")
    _, err = process.communicate(timeout=15)
    assert process.returncode == 2
    assert b"VALUE=SCOPE" in err
    assert b"Traceback" not in err


def test_every_switch_can_be_set_from_the_start():
    denial = {"user": "svc-agent", "permission": "WorkItemWrite", "within": "Platform\\Operations"}
    process = start(
        *("--token", "old=vso.project", "--token", "all=app_token"),
        *("--switch", 'tokens={"value":"old","state":"revoked"}'),
        *("--switch", 'hidden={"user":"svc-agent","project":"Payments"}'),
        *("--switch", f"permissions={json.dumps(denial)}"),
        *("--switch", 'settings={"work_item_lag":60,"code_search_installed":false}'),
        *("--switch", 'faults={"kind":"status","status":500,"path":"/build/"}'),
    )
    try:
        base_url = read_line(process)
        with httpx.Client(base_url=base_url, auth=("", "all"), params={"api-version": "7.1"}) as client:
            assert httpx.get(f"{base_url}/_apis/projects", auth=("", "old")).status_code == 401
            assert client.get("/_apis/projects").json()["count"] == 3
            assert client.get("/Platform/_apis/build/builds").status_code == 500
            search = {"searchText": "x", "$top": 1}
            assert client.post("/Platform/_apis/search/codesearchresults", json=search).status_code == 404

            def create(area):
                title = {"op": "add", "path": "/fields/System.Title", "value": "Found late"}
                document = [title, {"op": "add", "path": "/fields/System.AreaPath", "value": area}]
                headers = {"Content-Type": "application/json-patch+json"}
                return client.post("/Platform/_apis/wit/workitems/$Task", json=document, headers=headers).status_code

            assert [create("Platform\\Operations"), create("Platform")] == [403, 200]
            query = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'Found late'"}
            assert client.post("/_apis/wit/wiql", json=query).json()["workItems"] == []
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--token", "t=vso.cod"], "unknown scopes: cod"),
        (["--switch", "settings"], "is not NAME=JSON"),
        (["--switch", "colour=1"], "there is no switch 'colour'; the switches are faults, throttle, tokens"),
        (["--switch", 'hidden={"user":"svc-agent","project":"Nowhere"}'], "there is no project 'Nowhere'; the"),
        (["--switch", 'permissions={"user":"svc-agent","permission":"Write"}'], "there is no permission 'Write'; the"),
        (["--switch", "faults=3"], "the body must be a JSON object"),
        (["--clock-rate", "-1"], "the rate of the clock must be a finite number and not negative"),
        (["--port", "70000"], "cannot listen on port 70000"),
        (["--world", os.devnull], "Expecting value"),
        (["--world", __file__ + ".gone"], "No such file"),
        (["--certificate", __file__, "--key", __file__], "cannot use the certificate"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_served(arguments, says, refuse):
    code, out, err = refuse(*arguments)
    assert code in {1, 2}
    assert out == ""
    assert says in err


def test_a_port_in_use_is_said(server):
    port = server.base_url.rpartition(":")[2].partition("/")[0]
    process = start("--port", port)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert re.fullmatch(rf"cannot listen on port {port}: .+\n", err.decode())
