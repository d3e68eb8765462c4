"""A person builds a whole world in an empty organization over HTTP, with the service's own requests."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from azure_devops_simulator import Organization, export_world
from langchain_azure_devops import AzureDevOpsToolkit

YAML = "trigger: none\nsteps:\n- script: make test\n  displayName: Test\n- script: exit 3\n  displayName: Pack\n"
AGILE = "adcc42ab-9882-485e-a3ed-7678f01f66bc"


@pytest.fixture
def base_url() -> Iterator[str]:
    """The address of an empty organization in a process of its own, whose clock runs a thousand times faster."""
    options = ["--empty", "acme", "--token", "secret=app_token", "--clock-rate", "1000"]
    command = [sys.executable, "-m", "azure_devops_simulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


class Person:
    """Sends requests as a script of a person would."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=base_url, auth=("", "secret"), params={"api-version": "7.1"})

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        answer = self.http.request(method, path, json=body, headers={"Content-Type": kind} if body else {})
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def until(self, path: str, name: str, value: str) -> Any:
        """Poll until a member has a value."""
        for _ in range(10_000):
            if (found := self.send("GET", path))[name] == value:
                return found
        raise AssertionError(f"{path}: {found}")


def push(old: str, branch: str, path: str, content: str) -> dict[str, Any]:
    change = {"changeType": "add", "item": {"path": path}, "newContent": {"content": content}}
    commit = {"comment": f"Add {path}", "changes": [change]}
    return {"refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": old}], "commits": [commit]}


@pytest.fixture
def me(base_url: str) -> Iterator[Person]:
    person = Person(base_url)
    yield person
    person.http.close()


def test_a_world_is_built_over_http(me: Person, base_url: str) -> None:
    assert me.send("GET", "/_apis/projects")["value"] == []
    capabilities = {"versioncontrol": {"sourceControlType": "Git"}, "processTemplate": {"templateTypeId": AGILE}}
    operation = me.send("POST", "/_apis/projects", {"name": "Rocket", "capabilities": capabilities})
    me.until(f"/_apis/operations/{operation['id']}", "status", "succeeded")
    assert me.send("GET", "/_apis/projects/Rocket")["state"] == "wellFormed"
    repository = me.send("POST", "/Rocket/_apis/git/repositories", {"name": "engine"})
    git = f"/Rocket/_apis/git/repositories/{repository['id']}"
    first = me.send("POST", f"{git}/pushes", push("0" * 40, "main", "/azure-pipelines.yml", YAML))
    tip = first["commits"][0]["commitId"]
    source = {"id": repository["id"], "type": "azureReposGit"}
    configuration = {"type": "yaml", "path": "/azure-pipelines.yml", "repository": source}
    pipeline = me.send("POST", "/Rocket/_apis/pipelines", {"name": "engine-ci", "configuration": configuration})
    run = me.send("POST", f"/Rocket/_apis/pipelines/{pipeline['id']}/runs", {})
    build = me.until(f"/Rocket/_apis/build/builds/{run['id']}", "status", "completed")
    assert (build["result"], build["sourceVersion"]) == ("failed", tip)
    records = me.send("GET", f"/Rocket/_apis/build/builds/{run['id']}/timeline")["records"]
    assert {row["name"]: row["result"] for row in records if row["type"] == "Task"}["Pack"] == "failed"
    me.send("POST", f"{git}/refs", [{"name": "refs/heads/fix", "oldObjectId": "0" * 40, "newObjectId": tip}])
    me.send("POST", f"{git}/pushes", push(tip, "fix", "/README.md", "# Engine\n"))
    title = [{"op": "add", "path": "/fields/System.Title", "value": "Pack fails"}]
    item = me.send("POST", "/Rocket/_apis/wit/workitems/$Bug", title, kind="application/json-patch+json")
    branches = {"sourceRefName": "refs/heads/fix", "targetRefName": "refs/heads/main"}
    wanted = {**branches, "title": "Explain the engine", "workItemRefs": [{"id": str(item["id"])}]}
    pull_request = me.send("POST", f"{git}/pullrequests", wanted)
    number = pull_request["pullRequestId"]
    assert me.send("GET", f"{git}/pullrequests/{number}")["mergeStatus"] == "succeeded"
    assert [row["id"] for row in me.send("GET", f"{git}/pullRequests/{number}/workitems")["value"]] == [str(item["id"])]
    assert me.send("GET", f"/Rocket/_apis/wit/workitems/{item['id']}")["fields"]["System.Title"] == "Pack fails"
    read_with_our_tools(base_url, build["id"], number, item["id"])


def read_with_our_tools(base_url: str, build: int, pull_request: int, item: int) -> None:
    """Find the same world with the toolkit of this project."""
    with AzureDevOpsToolkit(base_url=base_url, pat="secret", scopes="app_token", default_project="Rocket") as toolkit:
        tools = {tool.name: tool for tool in toolkit.get_tools()}

        def ask(name: str, **arguments: Any) -> str:
            return str(tools[name].invoke(arguments))

        assert "Rocket" in ask("list_projects")
        assert "engine" in ask("list_repositories")
        assert "Explain the engine" in ask("get_pull_request", ids=[pull_request])
        assert "Pack fails" in ask("get_work_item", ids=[item])
        assert re.search(r"engine-ci.*failed|failed.*engine-ci", ask("get_build", ids=[build]), re.DOTALL)
        assert "# Engine" in ask("read_repository_file", repository="engine", path="/README.md", version="fix")


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "a" * 51])
def test_a_name_that_no_organization_can_have_is_refused(refuse: Any, name: str) -> None:
    code, _, message = refuse(f"--empty={name}")
    assert code == 2
    assert "letters, digits and inner hyphens" in message


def test_empty_and_a_world_exclude_each_other(refuse: Any, tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text(json.dumps(export_world(Organization("acme"))))
    code, _, message = refuse("--empty", "acme", "--world", str(world))
    assert code == 2
    assert "not allowed with" in message
