"""The vendor's MCP server over stdio, spoken to with the official MCP client.

It knows no other address than https://dev.azure.com and its siblings: `reroute.cjs`, loaded into its Node before it,
sends those connections to the simulator's TLS port, and Node is told to trust the authority of this test run.
"""

import base64
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from official_clients import FULL, READ, Served

from azure_devops_simulator import Fault

BUGS = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.WorkItemType] = 'Bug'"

Tool = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def connected(start_file: Path, served: Served, home: Path, token: str) -> AsyncIterator[ClientSession]:
    """A started server, and a client that is connected to it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "NODE_OPTIONS": f"--require {Path(__file__).with_name('reroute.cjs')}",
        "NODE_EXTRA_CA_CERTS": str(served.authority),
        "AZURE_DEVOPS_SIMULATOR_PORT": str(served.port),
        "PERSONAL_ACCESS_TOKEN": base64.b64encode(f"me:{token}".encode()).decode(),
    }
    program = StdioServerParameters(
        command="node", args=[str(start_file), "tidewater", "--authentication", "pat"], env=environment
    )
    with (home / "stderr").open("w") as errors:
        async with stdio_client(program, errlog=errors) as streams, ClientSession(*streams) as session:
            await session.initialize()
            yield session


@asynccontextmanager
async def running(start_file: Path, served: Served, home: Path, token: str) -> AsyncIterator[Tool]:
    """A started server; gives the text of a tool's answer, as JSON where it is some."""
    async with connected(start_file, served, home, token) as session:

        async def tool(name: str, *, refused: bool = False, **arguments: Any) -> Any:
            answer = await session.call_tool(name, arguments)
            text = "\n".join(part.text for part in answer.content if part.type == "text")
            assert answer.is_error is refused, text
            return read(text)

        yield tool


def read(text: str) -> Any:
    """What a tool said, without the fence that the server puts around it."""
    inside = re.sub(r"^<<\w+>>.*\n|\n<</\w+>>$", "", text.strip())
    try:
        return json.loads(inside)
    except ValueError:
        return inside


async def test_it_does_everything_a_session_needs(start_file, secure, tmp_path):
    async with running(start_file, secure, tmp_path, FULL) as tool:
        await look_around(tool)
        await read_code(tool)
        await work_on_items(tool)
        await look_at_builds(tool)
        await review(tool)
        await work_on_several_items(tool)
    assert "ERROR" not in (tmp_path / "stderr").read_text("utf-8")


async def look_around(tool: Tool) -> None:
    projects = await tool("core_list_projects")
    assert [project["name"] for project in projects] == ["Data", "Mobile App", "Payments", "Platform"]
    teams = await tool("core_list_project_teams", project="Platform")
    assert [team["name"] for team in teams] == ["Platform Team"]
    repositories = await tool("repo_repository", action="list", project="Platform")
    assert {repository["name"] for repository in repositories} == {"docs", "infrastructure", "platform-api"}
    branches = await tool("repo_branch", action="list", project="Platform", repositoryId="platform-api")
    assert "main" in branches
    pull_requests = await tool("repo_pull_request", action="list", project="Platform")
    assert 9 in {pull_request["pullRequestId"] for pull_request in pull_requests}
    one = await tool(
        "repo_pull_request",
        action="get",
        project="Platform",
        repositoryId="platform-api",
        pullRequestId=9,
        includeChangedFiles=True,
    )
    assert (one["title"], one["changedFilesSummary"]["fileCount"] > 0) == ("Paginate the shipment search", True)


async def read_code(tool: Tool) -> None:
    where = {"project": "Platform", "repositoryId": "platform-api", "version": "main"}
    text = await tool("repo_file", action="get_content", path="/README.md", versionType="Branch", **where)
    assert "platform-api" in text
    names = json.dumps(await tool("repo_file", action="list_directory", path="/src", **where))
    assert "/src/platform_api" in names
    found = await tool("search_code", searchText="pool_size", project=["Platform"])
    assert "/src/platform_api/db/session.py" in found
    assert "gitItem" in found
    assert "Missing projectId" not in found


async def work_on_items(tool: Tool) -> None:
    found = await tool("wit_query", action="wiql", project="Platform", wiql=BUGS)
    ids = [reference["id"] for reference in found["workItems"]]
    items = await tool(
        "wit_work_item", action="get_batch", project="Platform", ids=ids, fields=["System.Id", "System.WorkItemType"]
    )
    assert {item["fields"]["System.WorkItemType"] for item in items} == {"Bug"}
    assert (await tool("wit_work_item", action="get", project="Platform", id=ids[0]))["id"] == ids[0]
    fields = [{"name": "System.Title", "value": "Filed through the vendor's server"}]
    created = await tool("wit_work_item_write", action="create", project="Platform", workItemType="Bug", fields=fields)
    assert created["fields"]["System.Title"] == "Filed through the vendor's server"
    about = {"project": "Platform", "workItemId": created["id"]}
    await tool("wit_work_item_comment_write", action="add", text="Seen **twice**", **about)
    comments = await tool("wit_work_item", action="list_comments", **about)
    assert [comment["text"] for comment in comments["comments"]] == ["Seen **twice**"]


async def look_at_builds(tool: Tool) -> None:
    builds = await tool("pipelines_build", action="list", project="Platform", definitions=[1], resultFilter=8, top=1)
    build = builds[0]["id"]
    logs = await tool("pipelines_build_log", action="list", project="Platform", buildId=build)
    longest = max(logs, key=lambda log: log["lineCount"])
    lines = await tool(
        "pipelines_build_log", action="get_content", project="Platform", buildId=build, logId=longest["id"]
    )
    assert str(lines).count("Z ") >= longest["lineCount"] - 1
    status = await tool("pipelines_build", action="get_status", project="Platform", buildId=build)
    assert "platform-api-ci" in json.dumps(status)


async def review(tool: Tool) -> None:
    where = {"project": "Platform", "repositoryId": "platform-api"}
    await tool("repo_create_branch", branchName="feature/from-mcp", sourceBranchName="main", **where)
    opened = await tool(
        "repo_pull_request_write",
        action="create",
        sourceRefName="refs/heads/feature/cache-ports",
        targetRefName="refs/heads/release/2.8",
        title="Take the port cache into 2.8",
        **where,
    )
    about = {"pullRequestId": opened["pullRequestId"], **where}
    await tool("repo_pull_request_write", action="vote", vote="Approved", **about)
    await tool(
        "repo_pull_request_thread_write",
        action="create",
        content="Is this right?",
        filePath="/README.md",
        rightFileStartLine=1,
        rightFileStartOffset=1,
        rightFileEndLine=1,
        rightFileEndOffset=4,
        **about,
    )
    threads = await tool("repo_pull_request_thread", action="list", **about)
    assert "Is this right?" in json.dumps(threads)
    changed = await tool("repo_pull_request_write", action="update", status="Abandoned", **about)
    assert changed["status"] == 2  # the number of abandoned
    mine = await tool(
        "repo_pull_request", action="list", status="All", created_by_user="svc-agent@tidewater.example", **where
    )
    assert [pull_request["pullRequestId"] for pull_request in mine] == [opened["pullRequestId"]]
    source = await tool("repo_branch", action="get", branchName="feature/cache-ports", **where)
    brought = await tool(
        "repo_pull_request",
        action="list_by_commits",
        project="Platform",
        repository="platform-api",
        commits=[source["objectId"]],
        queryType="Commit",
    )
    pulls = [pull for found in brought["results"][0].values() for pull in found]
    assert opened["pullRequestId"] in {pull["pullRequestId"] for pull in pulls}


async def work_on_several_items(tool: Tool) -> None:
    items = [{"title": f"Part {number}", "description": "One **of** two"} for number in (1, 2)]
    made = await tool(
        "wit_work_item_write", action="add_child", project="Platform", parentId=2, workItemType="Task", items=items
    )
    parts = [json.loads(row["body"]) for row in made["value"]]
    assert [part["fields"]["System.Parent"] for part in parts] == [2, 2]
    changes = [{"op": "Add", "id": part["id"], "path": "/fields/System.Tags", "value": "both"} for part in parts]
    changed = await tool("wit_work_item_write", action="update_batch", project="Platform", batchUpdates=changes)
    assert [json.loads(row["body"])["fields"]["System.Tags"] for row in changed["value"]] == ["both", "both"]
    links = [{"id": parts[0]["id"], "linkToId": parts[1]["id"], "type": "related"}]
    await tool("wit_work_item_link_write", action="link", project="Platform", updates=links)
    whole = await tool("wit_work_item", action="get", project="Platform", id=parts[1]["id"], expand="Relations")
    assert {relation["rel"].rpartition(".")[2] for relation in whole["relations"]} == {"Hierarchy-Reverse", "Related"}
    found = await tool("core_get_identity_ids", searchFilter="Tom")
    assert [person["displayName"] for person in found] == ["Tom Becker"]


async def test_a_token_that_only_reads_cannot_write(start_file, secure, tmp_path):
    async with running(start_file, secure, tmp_path, READ) as tool:
        fields = [{"name": "System.Title", "value": "Not allowed"}]
        told = await tool(
            "wit_work_item_write",
            refused=True,
            action="create",
            project="Platform",
            workItemType="Bug",
            fields=fields,
        )
        assert "401" in told or "authorized" in told.lower()
        assert [project["name"] for project in await tool("core_list_projects")][-1] == "Platform"


async def test_what_the_readme_says_of_it_in_comparison(start_file, secure, tmp_path):
    faults = secure.organization.faults
    async with connected(start_file, secure, tmp_path, READ) as session:
        offered = {tool.name for tool in (await session.list_tools()).tools}
        assert len(offered) == 40
        assert {"wit_work_item_write", "repo_pull_request_write", "pipelines_write"} <= offered
    async with running(start_file, secure, tmp_path, FULL) as tool:
        faults.add(Fault("status", status=203, body="html", path="/comments"))
        said = await tool("wit_work_item_comment_write", action="add", project="Platform", workItemId=4, text="Hello")
        assert "Sign In" in said  # and it is no error
        faults.clear()
        faults.add(Fault("throttle", path="/pullrequests", times=1))
        await tool("repo_pull_request", refused=True, action="list", project="Platform")
        await tool("repo_pull_request", action="list", project="Platform")
        faults.clear()
