"""Find the pull requests that brought given commits."""

from __future__ import annotations

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import find_repository
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.pull_requests.lifecycle import iteration_commits
from azure_devops_simulator.areas.pull_requests.shapes import pull_request_row
from azure_devops_simulator.state.projects import Repository
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")


@area.post(f"{REPOSITORY}/pullrequestquery", scopes=READ)
def query_pull_requests(call: Call) -> JsonObject:
    """Return, for each query, the pull requests of each commit: those that it merged, or those that it was part of."""
    repository = find_repository(call)
    queries = [as_object(query) for query in as_list(call.json_object().get("queries"))]
    if not queries:
        raise ArgumentError("Value cannot be null.", "queries", type_key="ArgumentNullException")
    results: list[JsonValue] = []
    for query in queries:
        query["type"] = as_text(query.get("type"), "notSet")
        results.append(_result(call, repository, str(query["type"]).lower(), as_list(query.get("items"))))
    return {"queries": list(queries), "results": results}


def _result(call: Call, repository: Repository, kind: str, commits: list[JsonValue]) -> JsonObject:
    own = [pull for pull in call.organization.pull_requests.values() if pull.repository is repository]
    found: dict[str, list[JsonValue]] = {}
    for pull_request in own:
        for commit in _commits(pull_request, kind).intersection(str(item).lower() for item in commits):
            found.setdefault(commit, []).append(pull_request_row(call, pull_request))
    return {**found}


def _commits(pull_request: PullRequest, kind: str) -> set[str]:
    if kind == "commit":
        return {commit.id for i in pull_request.iterations for commit in iteration_commits(pull_request, i)}
    completed = pull_request.status == "completed" and pull_request.merge_commit is not None
    return {str(pull_request.merge_commit)} if completed else set()
