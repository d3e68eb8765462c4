"""`azure-devops-agent mcp` as MCP hosts use it: real processes, every official client, both transports."""

import asyncio
import json
import subprocess
import time

import jsonschema
from agent_tokens import FULL, READER
from mcp_processes import CLI, Host, environ

from azure_devops_simulator import Fault
from langchain_azure_devops.safety import read_entries
from langchain_azure_devops.tools import TOOLS

BUG = ["call", "create_work_item", {"type": "Bug", "title": "The export fails"}]
CHANGE = ["call", "update_work_item", {"id": 4, "revision": 5, "title": "Another title"}]
FILE = "azure-devops://tidewater/projects/Platform/repositories/docs/files/README.md"
LOG = "azure-devops://tidewater/projects/Platform/builds/37/logs/1?first_line=1&last_line=2"


def names(listed):
    return [tool["name"] for tool in listed["tools"]]


def text(result):
    return result["content"][0]["text"]


def titles(server):
    from langchain_azure_devops import AzureDevOps, load_settings

    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    with AzureDevOps(settings) as client:
        found = TOOLS["query_work_items"].call_sync(client, type="Bug", limit=200).items
        return [item.title for item in found]


async def test_a_host_reads_asks_and_writes(host, server, organization):
    organization.faults.add(Fault("throttle", path="/_apis/projects", retry_after=1, skip=1, times=1))
    happened = await host.follow(
        ["tools"],
        ["templates"],
        ["call", "list_builds", {"limit": 2}],
        ["call", "list_projects", {}],
        BUG,
        BUG,
        BUG,
        BUG,
        CHANGE,
        ["call", "list_projects", {"limit": 5000}],
        ["call", "list_bilds", {}],
        ["read", FILE],
        ["read", LOG],
        answers=[["decline", None], ["cancel", None], ["accept", False], ["accept", True], ["accept", True]],
    )
    assert happened["protocol"] == {"2.x": "2026-07-28"}.get(host.kind, "2025-11-25")
    tools, templates, builds, projects, *writes, wrong, unknown, file, log = happened["results"]

    assert names(tools) == [name for name, tool in TOOLS.items() if tool.default]
    listed = {tool["name"]: tool for tool in tools["tools"]}
    assert listed["update_work_item"]["annotations"]["destructiveHint"] is True
    assert len(templates["resourceTemplates"]) == 2
    for name, result in (("list_builds", builds), ("list_projects", projects)):
        jsonschema.validate(result["structuredContent"], listed[name]["outputSchema"])
        assert "<untrusted " in text(result)
    assert happened["progress"] == [[1, "throttled, continuing in 1 s"]]

    assert [result.get("isError", False) for result in writes] == [True, True, True, False, False]
    assert [text(result).split("\n")[0] for result in writes[:3]] == ["[blocked WriteBlocked create_work_item]"] * 3
    assert len(happened["asked"]) == 5
    for part in ("update_work_item", "tidewater", "Platform", "Another title", "storage account is reachable"):
        assert part in happened["asked"][4]
    bugs = titles(server)
    assert (bugs.count("The export fails"), bugs.count("Another title")) == (1, 1)

    assert text(wrong).startswith("[invalid InvalidRequest arguments]\n")
    assert "Did you mean 'list_builds'?" in unknown["error"]
    assert "The handbook of the Platform teams" in file["contents"][0]["text"]
    assert log["contents"][0]["text"].startswith("lines 1-2 of ")
    assert FULL not in json.dumps(happened)


def touch_when_met(organization, path):
    """Make a file when the service has met the request that its only fault is meant for."""
    while not organization.faults.counted()[0][2]:
        time.sleep(0.01)
    path.touch()


async def test_a_host_without_a_person_writes_nothing_and_a_call_that_it_gives_up_is_cancelled(
    host, server, organization, tmp_path
):
    """The audit log of the server holds each read that ended; one that was cancelled never does."""
    log, reached = tmp_path / "audit.jsonl", tmp_path / "reached"
    organization.faults.add(Fault("delay", path="/_apis/build/builds", delay=2.0, skip=1, times=1))
    watching = asyncio.create_task(asyncio.to_thread(touch_when_met, organization, reached))
    happened = await host.follow(
        ["tools"],
        BUG,
        ["give up", "list_builds", {}, str(reached)],
        ["call", "list_projects", {}],
        ["sleep", 2.5],
        answers=None,
        options=["--toolsets", "all", "--attachments-folder", str(tmp_path)],
        AZURE_DEVOPS_AUDIT=str(log),
    )
    await watching
    tools, refused, given_up, projects, _ = happened["results"]
    assert set(names(tools)) == set(TOOLS)
    assert refused["isError"]
    assert "this host cannot ask a person" in text(refused)
    assert "The export fails" not in titles(server)
    assert given_up["error"] == "the call was given up"
    assert not projects.get("isError")
    assert [entry.details["tool"] for entry in read_entries(log) if entry.event == "read"] == ["list_projects"]


async def test_a_token_that_only_reads_and_read_only_bring_no_tool_that_writes(server):
    host = Host("2.x", "stdio", server, None)
    readers = [name for name, tool in TOOLS.items() if tool.default and tool.access == "read"]
    [tools, refused] = (await host.follow(["tools"], BUG, token=READER))["results"]
    assert names(tools) == readers
    assert "create_work_item is left out" in refused["error"]
    [tools] = (await host.follow(["tools"], options=["--read-only"]))["results"]
    assert names(tools) == readers


def test_the_inspector_lists_and_calls_tools(inspector, server):
    def inspect(*arguments):
        done = subprocess.run(
            [*inspector, *CLI, *arguments], env=environ(server), capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert names(inspect("--method", "tools/list")) == [name for name, tool in TOOLS.items() if tool.default]
    called = inspect("--method", "tools/call", "--tool-name", "list_builds", "--tool-arg", "limit=2")
    jsonschema.validate(called["structuredContent"], TOOLS["list_builds"].output_schema)
    assert len(called["structuredContent"]["data"]) == 2
    read = inspect("--method", "resources/read", "--uri", FILE)
    assert "The handbook of the Platform teams" in read["contents"][0]["text"]
