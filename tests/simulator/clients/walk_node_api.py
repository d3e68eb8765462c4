"""Call every method of the vendor's Node client, each on a fresh seed organization, and judge what it got.

Use: python tests/simulator/clients/walk_node_api.py [--everything] [API ...]

A method has to return plausible data, to be told that it is not simulated, or to get a refusal that is listed here with
its reason. `--everything` passes the optional arguments too. The last lines are the table of the page SIMULATOR.md.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from node_api import Outcome, package_folder, player

from azure_devops_simulator import Organization, SimulatorServer, seed_organization

SERVED = (
    "Core", "Git", "WorkItemTracking", "Build", "Pipelines", "Work", "Policy", "Wiki", "TestPlan", "Test",
    "TestResults",
)  # fmt: skip
"""API classes whose operations are simulated in part; of every other class nothing is."""

OTHERS = (
    "Dashboard", "FeatureManagement", "Notification", "ExtensionManagement", "FileContainer", "Tfvc",
    "WorkItemTrackingProcess", "TaskAgent", "Task", "Alert", "SecurityRoles", "ProjectAnalysis",
)  # fmt: skip

REFUSED = {
    "Core.deleteTeam": "The default team cannot be deleted.",
}
"""Texts of the service for requests that it refuses as well."""

NOTHING = {
    "Build.deleteBuildTag": "it was the only tag",
    "Build.getBuildWorkItemsRefs": "the build brought no work items",
    "Build.getBuildWorkItemsRefsFromCommits": "the commits have no work items",
    "Build.getChangesBetweenBuilds": "the older build has every commit of the newer one",
    "Build.getWorkItemsBetweenBuilds": "the builds brought no work items",
    "Git.getStatuses": "the commit has no statuses",
    "Git.getRevertConflicts": "the revert had no conflicts",
}
"""Methods for which nothing is the right answer in the seed organization, and why."""

_APPROVERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
"""The policy type of a least number of reviewers."""

_OPTIONAL = {"project", "teamContext", "fromBuildId", "toBuildId"}
"""Optional parameters that calls need to mean something."""

_NEEDED = {
    ("WorkItemTracking.updateClassificationNode", "path"),
    ("WorkItemTracking.deleteClassificationNode", "path"),
    ("WorkItemTracking.deleteClassificationNode", "reclassifyId"),
    ("Wiki.getPageText", "path"),
    ("Wiki.getPageZip", "path"),
}
"""The same of single methods: the root of a tree can neither be renamed nor deleted, and that of a wiki has no text."""

_BY_TYPE: dict[str, Any] = {"boolean": True, "number": 1, "string": "walked", "string[]": ["walked"], "number[]": [1]}


@dataclass(frozen=True)
class Method:
    """A method of an API class as its declaration has it: parameters with name, whether optional, and type."""

    api: str
    name: str
    parameters: list[tuple[str, bool, str]]
    returns: str


def methods(package: Path, api: str) -> Iterator[Method]:
    """Read the methods of one API class from its declarations."""
    text = (package / f"{api}Api.d.ts").read_text("utf-8")
    body = re.search(rf"export interface I{api}Api extends[^{{]*\{{(.*?)\n\}}", text, re.DOTALL)
    assert body is not None, api
    flat = re.sub(r"\{[^{}]*\}", "object", body[1])
    for name, parameters, returns in re.findall(r"(\w+)\(([^()]*)\): Promise<(.*)>;", flat):
        found = re.findall(r"(\w+)(\??): (.*?)(?=, \w+\??: |$)", parameters)
        yield Method(api, name, [(word, mark == "?", kind) for word, mark, kind in found], returns)


class Arguments:
    """The table of arguments, filled in for one organization."""

    def __init__(self, things: Mapping[str, str]) -> None:
        text = Path(__file__).with_name("node_api_arguments.txt").read_text("utf-8")
        for name, value in things.items():
            text = text.replace(f"{{{name}}}", value)
        self._by_name: dict[str, str] = {}
        self._by_method: dict[tuple[str, str], str] = {}
        for line in text.splitlines():
            first, _, rest = line.partition(" ")
            if "." in first:
                parameter, _, value = rest.partition(" ")
                self._by_method[first, parameter] = value
            elif first not in {"", "#"}:
                self._by_name[first] = rest

    def of(self, method: Method, *, everything: bool) -> list[Any]:
        """Return the arguments of one call in order; None leaves one out."""
        return [self._one(method, *parameter, everything) for parameter in method.parameters]

    def _one(self, method: Method, name: str, optional: bool, kind: str, everything: bool) -> Any:
        own = self._by_method.get((f"{method.api}.{method.name}", name), self._by_method.get((f"{method.api}.*", name)))
        scalar = kind in _BY_TYPE or kind == "Date" or "Expand" in kind or "Order" in kind
        needed = name in _OPTIONAL or (f"{method.api}.{method.name}", name) in _NEEDED
        if own == "-" or (optional and not everything and not needed and (own is None or scalar)):
            return None
        text = own if own is not None else self._by_name.get(name)
        value = _BY_TYPE.get(kind, {}) if text is None else json.loads(text)
        if kind == "string" and not isinstance(value, str):
            return str(value[0] if isinstance(value, list) else value)
        return [value] if kind == "string[]" and isinstance(value, str) else value


def things_of(organization: Organization) -> dict[str, str]:
    """Return what the table names of the seed organization."""
    repository = organization.repository("Platform", "platform-api")
    tip = repository.commit(repository.default_tip() or "")
    return {
        "agent": organization.named("svc-agent").id,
        "tom": organization.named("Tom Becker").id,
        "platform": repository.project.id,
        "team": next(team.id for team in repository.project.teams),
        "repository": repository.id,
        "organization": organization.id,
        "commit": tip.id,
        "parent": tip.parents[0],
        "merged": "3b55ede28c3c07691e397eec108fd4d490b9816b",
        "feature": repository.refs["refs/heads/feature/paginate-search"],
        "tree": tip.tree,
        "blob": repository.files(tip.id)["/README.md"].id,
        "tag": repository.refs["refs/tags/v2.8.0"],
        "unknown": "11111111-2222-3333-4444-555555555555",
        "none": "0" * 40,
    }


def prepared(base_url: str) -> dict[str, str]:
    """Delete and create what some methods need, and return what the table names of it."""
    git, wit = "/Platform/_apis/git/repositories", "/Platform/_apis/wit"
    versions = {"api-version": "7.1"}
    with httpx.Client(base_url=base_url, auth=("", "walk"), params=versions) as client:
        gone = client.post(git, json={"name": "gone"}).json()["id"]
        client.delete(f"{git}/{gone}")
        client.delete(f"{wit}/workitems/36")
        attached = client.post(
            f"{wit}/attachments", params={**versions, "fileName": "a.txt"}, content=b"Attached"
        ).json()
        wiql = {"name": "Walk", "wiql": "SELECT [System.Id] FROM WorkItems"}
        saved = client.post(f"{wit}/queries/Shared Queries", json=wiql).json()["id"]
        approvers = {"minimumApproverCount": 1, "scope": [{"refName": "refs/heads/guarded", "matchKind": "exact"}]}
        policy = {"isEnabled": True, "isBlocking": True, "type": {"id": _APPROVERS}, "settings": approvers}
        enforced = client.post("/Platform/_apis/policy/configurations", json=policy).json()["id"]
        linking = {"id": "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e"}
        optional = {"type": linking, "isBlocking": False, "settings": {"scope": [{"refName": "refs/heads/main"}]}}
        client.post("/Platform/_apis/policy/configurations", json=optional).raise_for_status()
        sprints = client.get("/Platform/_apis/work/teamsettings/iterations").json()["value"]
        sprint = next(row["id"] for row in sprints if row["attributes"]["timeFrame"] == "current")
        coming = client.post(f"{wit}/classificationnodes/iterations", json={"name": "Walk"}).json()["identifier"]
        template = client.get("/Platform/Platform Team/_apis/wit/templates").json()["value"][0]["id"]
        run = client.post("/Platform/_apis/test/runs", json={"name": "Walk", "automated": True}).json()["id"]
        project = client.get("/_apis/projects/Platform").json()["id"]
        asked = {"artifactId": f"vstfs:///CodeReview/CodeReviewId/{project}/9", "api-version": "7.1-preview.1"}
        evaluation = client.get("/Platform/_apis/policy/evaluations", params=asked).json()["value"][0]["evaluationId"]
        said = client.post(f"{git}/platform-api/pullRequests/9/threads/16/comments", json={"content": "Mine"}).json()
        status = {"state": "succeeded", "context": {"name": "walk"}, "iterationId": 1}
        client.post(f"{git}/platform-api/pullRequests/9/statuses", json=status).raise_for_status()
        for path, source, branch in (("cherryPicks", 7, "picked"), ("reverts", 1, "reverted")):
            ends = {"ontoRefName": "refs/heads/main", "generatedRefName": f"refs/heads/{branch}"}
            order = {**ends, "source": {"pullRequestId": source}}
            client.post(f"{git}/platform-api/{path}", json=order).raise_for_status()
            client.get(f"{git}/platform-api/{path}/1").raise_for_status()
    made = {"attachment": attached["id"], "comment": said["id"], "policy": enforced, "evaluation": evaluation}
    found = {"sprint": sprint, "next sprint": coming, "template": template, "test run": str(run)}
    return {
        "gone": gone,
        "deleted": "36",
        "saved": saved,
        **found,
        **{name: str(value) for name, value in made.items()},
    }


def judge(method: Method, outcome: Outcome) -> tuple[str, str]:
    """Return `right`, `not simulated` or `wrong`, and what was seen."""
    name, value = f"{method.api}.{method.name}", outcome.value
    seen = outcome.refused or json.dumps(value)
    if outcome.not_simulated:
        return "not simulated", outcome.not_simulated
    if any(exchange["status"] >= 500 for exchange in outcome.exchanges):
        return "wrong", seen
    if outcome.refused:
        return ("right" if outcome.refused == REFUSED.get(name) else "wrong"), seen
    if value in (None, [], {}):
        return ("right" if (method.returns == "void" and outcome.status < 400) or name in NOTHING else "wrong"), seen
    if method.returns == "NodeJS.ReadableStream":
        return ("right" if value["$bytes"] and outcome.status < 400 else "wrong"), seen
    fits = isinstance(value, list) is bool(re.search(r"\[\]$|^VSSInterfaces.PagedList<", method.returns))
    return ("right" if fits or method.returns in {"any", "object"} else "wrong"), seen


def main(words: list[str]) -> int:
    """Walk, print what is wrong and the table, and return 1 if anything is wrong."""
    package = package_folder()
    chosen = [word for word in words if not word.startswith("-")]
    verdicts: Counter[tuple[str, str]] = Counter()
    with player(package) as node_api:
        for api in chosen or (*SERVED, *OTHERS):
            for method in methods(package, api):
                organization = seed_organization()
                organization.add_token("walk")
                with SimulatorServer(organization) as server:
                    things = things_of(organization) | prepared(server.base_url)
                    arguments = Arguments(things).of(method, everything="--everything" in words)
                    outcome = node_api.call(server.base_url, "walk", api, method.name, *arguments)
                verdict, seen = judge(method, outcome)
                verdicts["served" if api in SERVED else "others", verdict] += 1
                if verdict == "wrong" or "--verbose" in words:
                    called = f"{api}.{method.name}({json.dumps(arguments)[1:-1]})"
                    print(f"{verdict}: {called} -> {outcome.status} {seen[:300]}")
    for group in ("served", "others"):
        counts = [verdicts[group, verdict] for verdict in ("right", "not simulated", "wrong")]
        print(f"{group}: {sum(counts)} calls, {counts[0]} right, {counts[1]} not simulated, {counts[2]} wrong")
    return 1 if any(verdict == "wrong" for _, verdict in verdicts.elements()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
