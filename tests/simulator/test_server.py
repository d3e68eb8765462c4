"""Starting and stopping, in a thread and as a process."""

import asyncio
import os
import re
import select
import signal
import subprocess
import sys

import httpx
import pytest

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


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "azure_devops_simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )


def read_line(process):
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20)
    assert ready, "nothing was printed"
    return process.stdout.readline().decode().strip()


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
