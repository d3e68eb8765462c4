"""Measure the simulator: its start, a small request, and work items by the hundred thousand."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import httpx

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from azure_devops_simulator import Organization, SimulatorServer, seed_organization
from azure_devops_simulator.areas.work_items.process.rules import new_fields
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.state.work_items.records import Draft, NewRelation

_REQUESTS, _ITEMS, _LISTED, _ROUNDS = 1_000, 100_000, 200, 5
_WORDS = ("load", "file", "search", "login", "export", "page", "slow", "retry", "crash", "report", "map", "index")
_SELECT = "SELECT [System.Id] FROM WorkItems WHERE "
_CONDITIONS = {
    "ids": f"[System.Id] IN ({', '.join(str(number) for number in range(1, 4_000, 20))})",
    "project": "[System.TeamProject] = @project ORDER BY [System.ChangedDate] DESC",
    "type and state": "[System.WorkItemType] IN ('Bug', 'Task') AND [System.State] <> 'Closed' ORDER BY [System.Title]",
    "assignee": "[System.AssignedTo] = @Me AND [System.State] = 'Active' ORDER BY [System.State], [System.Id] DESC",
    "changed": "[System.ChangedDate] >= @Today - 7",
    "created": "[System.CreatedDate] >= @Today - 300 AND [System.CreatedDate] < @Today - 100 ORDER BY [System.Title]",
    "tags": "[System.Tags] CONTAINS 'slow' OR [System.Tags] CONTAINS 'map'",
    "area": "[System.AreaPath] UNDER 'Platform\\Operations' ORDER BY [System.AssignedTo]",
    "iteration": "[System.IterationPath] UNDER 'Platform' ORDER BY [System.State], [System.ChangedDate] DESC",
    "parent": "[System.Parent] = 7",
    "words": "[System.Title] CONTAINS WORDS 'login' OR [System.Title] CONTAINS WORDS 'crash report'",
    "text": "[System.Title] CONTAINS 'ogi' ORDER BY [System.Title] DESC",
    "several": "([System.TeamProject] = 'Data' OR [System.AssignedTo] = @Me) AND NOT [System.WorkItemType] = 'Bug' "
    "AND [System.Title] CONTAINS WORDS 'map' ORDER BY [System.ChangedDate] DESC",
}


def simulator(_: Stub) -> Iterator[Measurement]:
    """Measure the start, a small request, and building, reading and querying many work items."""
    idle = min(_measure_processor_time(0) for _ in range(3))
    yield Measurement("simulator-start", idle, "", "with Python, imports and the end; best of 3")
    _start()
    yield Measurement("simulator-test", _start(), "", "a copy of the seed, served")
    busy = _measure_processor_time(_REQUESTS)
    each = max(busy - idle, 0.0) / _REQUESTS
    detail = f"{_REQUESTS:,} requests in {busy - idle:.2f} s of the server: {1 / each:,.0f} a second" if each else ""
    yield Measurement("simulator-request", each * 1000, "", detail)
    start = time.process_time()
    organization = _with_many_items()
    yield Measurement("simulator-build", time.process_time() - start, "", "by the calls that a test makes")
    organization.add_token("bench")
    with SimulatorServer(organization) as server, _client(server.base_url) as client:
        yield from _queries(client)


def _queries(client: httpx.Client) -> Iterator[Measurement]:
    """Measure queries and a list; the processor time of server and client together, which share this process."""
    first, costs = 0.0, dict[str, float]()
    for name, condition in _CONDITIONS.items():
        query = {"query": _SELECT + condition}

        def ask(query: dict[str, str] = query) -> httpx.Response:
            return client.post("/Platform/_apis/wit/wiql", json=query, params={"$top": _LISTED}).raise_for_status()

        start = time.process_time()
        ids = ask().json()["workItems"]
        first = max(first, time.process_time() - start)
        costs[name] = _mean(ask)
    slowest = max(costs, key=costs.__getitem__)
    average = sum(costs.values()) / len(costs)
    detail = f"slowest of {len(costs)}: {slowest}; on average {average:.0f} ms; with a new index up to {first:.2f} s"
    yield Measurement("simulator-wiql", costs[slowest], "", detail)
    numbers = ",".join(str(row["id"]) for row in ids)
    listed = _mean(lambda: client.get("/_apis/wit/workitems", params={"ids": numbers}).raise_for_status())
    yield Measurement("simulator-list", listed, "", f"mean of {_ROUNDS}")


def _mean(act: Callable[[], object]) -> float:
    """Return the processor time of a call in milliseconds."""
    start = time.process_time()
    for _ in range(_ROUNDS):
        act()
    return (time.process_time() - start) * 1000 / _ROUNDS


def _start() -> float:
    """Measure the processor time of all threads until the server answers."""
    start = time.process_time()
    with SimulatorServer(seed_organization()):
        return time.process_time() - start


def _measure_processor_time(requests: int) -> float:
    """Measure the processor time of a server from start to end that answers this number of small requests."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _serving() as client:
        for _ in range(requests):
            client.get("/_apis/projects").raise_for_status()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextmanager
def _serving() -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "azure_devops_simulator", "--token", "bench=app_token"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            with _client(process.stdout.readline().strip() if process.stdout else "") as client:
                yield client
        finally:
            process.terminate()


def _client(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, auth=("", "bench"), params={"api-version": "7.1"}, timeout=60)


def _with_many_items() -> Organization:
    """Return the seed with a hundred thousand items of two years, half of them in one project."""
    organization, random = seed_organization(), Random(7)  # noqa: S311 - the same items in every run
    store, people, now = organization.work_items, list(organization.users.values()), organization.clock.now()
    projects = list(organization.projects.values())
    areas = {project.id: [node.path for node in store.area(project).walk()] for project in projects}
    iterations = {project.id: [node.path for node in store.iteration(project).walk()] for project in projects}
    kinds = {project.id: [work_item_type(project, name) for name in ("Task", "Bug", "Feature")] for project in projects}
    platform = organization.project("Platform") or projects[0]
    for number in range(_ITEMS):
        project = random.choice(projects) if number % 2 else platform
        kind, when = random.choice(kinds[project.id]), now - timedelta(days=730) * (1 - number / _ITEMS)
        fields = new_fields(organization, project, kind, when)
        fields["System.Title"] = f"{' '.join(random.choices(_WORDS, k=5))} {number}"
        fields["System.Tags"] = "; ".join(sorted(set(random.choices(_WORDS, k=2))))
        fields["System.State"] = random.choice(kind.states).name
        fields["System.AreaPath"] = random.choice(areas[project.id])
        fields["System.IterationPath"] = random.choice(iterations[project.id])
        if number % 5:
            fields["System.AssignedTo"] = random.choice(people).id
        parent = NewRelation("System.LinkTypes.Hierarchy-Reverse", random.randint(1, 50 + number // 10))
        added = [] if number % 3 else [parent]
        store.create(project, Draft(fields, added=added), by=random.choice(people), when=when)
    return organization
