"""Measure the simulator in a process of its own."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from azure_devops_simulator import Organization, SimulatorServer, export_world, seed_organization
from azure_devops_simulator.areas.work_items.process.rules import new_fields
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.state.work_items.records import Draft

_REQUESTS, _ITEMS, _LISTED, _ROUNDS = 1_000, 10_000, 200, 20
_QUERY = (
    "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = 'Data' AND [System.Tags] CONTAINS 'slow' "
    "AND [System.Title] CONTAINS '7' ORDER BY [System.Title] DESC"
)


def simulator(_: Stub) -> Iterator[Measurement]:
    """Measure the start, a small request, and reading and querying many work items."""
    yield Measurement("simulator-start", min(_start() for _ in range(3)), "", "best of 3")
    idle, busy = _measure_processor_time(0), _measure_processor_time(_REQUESTS)
    each = max(busy - idle, 0.0) / _REQUESTS
    detail = f"{_REQUESTS:,} requests in {busy - idle:.2f} s of the server: {1 / each:,.0f} a second" if each else ""
    yield Measurement("simulator-request", each * 1000, "", detail)
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.json"
        world.write_text(json.dumps(export_world(_add_tasks())), encoding="utf-8")
        with _serving("--world", str(world)) as (client, server):
            ids = client.post("/_apis/wit/wiql", json={"query": _QUERY}, params={"$top": _LISTED}).json()
            numbers = ",".join(str(row["id"]) for row in ids["workItems"])
            listed = _cost(client, server, "GET", "/_apis/wit/workitems", params={"ids": numbers})
            queried = _cost(client, server, "POST", "/_apis/wit/wiql", json={"query": _QUERY})
    yield Measurement("simulator-list", listed * 1000, "", f"mean of {_ROUNDS}")
    yield Measurement("simulator-wiql", queried, "", f"mean of {_ROUNDS}")


def _start() -> float:
    """Measure the processor time of all threads until the server answers."""
    start = time.process_time()
    with SimulatorServer(seed_organization()):
        return time.process_time() - start


def _measure_processor_time(requests: int) -> float:
    """Measure the processor time of a server from start to end that answers this number of small requests."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _serving() as (client, _):
        for _ in range(requests):
            client.get("/_apis/projects").raise_for_status()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[httpx.Client, int]]:
    command = [sys.executable, "-m", "azure_devops_simulator", "--token", "bench=app_token", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            auth, versions = ("", "bench"), {"api-version": "7.1"}
            with httpx.Client(base_url=address, auth=auth, params=versions, timeout=60) as client:
                yield client, process.pid
        finally:
            process.terminate()


def _cost(
    client: httpx.Client,
    server: int,
    method: str,
    path: str,
    json: object = None,
    params: Mapping[str, str] | None = None,
) -> float:
    """Measure the server's processor time for one request; elapsed time where the system does not report it."""
    client.request(method, path, json=json, params=params).raise_for_status()
    start = _clock(server)
    for _ in range(_ROUNDS):
        client.request(method, path, json=json, params=params).raise_for_status()
    return (_clock(server) - start) / _ROUNDS


def _clock(process: int) -> float:
    known = Path(f"/proc/{process}/stat")
    if not known.exists():
        return time.perf_counter()
    user, system = known.read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _add_tasks() -> Organization:
    """Return the seed with ten thousand tasks added to one project."""
    organization = seed_organization()
    project, by = organization.project("Data"), organization.named("Luis Ferreira")
    if project is None:
        raise KeyError("Data")
    kind, when = work_item_type(project, "Task"), organization.clock.now()
    for number in range(_ITEMS):
        fields = new_fields(organization, project, kind, when)
        tags = "load" if number % 3 else "load; slow"
        fields |= {"System.Title": f"Load file {number}", "System.Tags": tags}
        organization.work_items.create(project, Draft(fields), by=by, when=when)
    return organization
