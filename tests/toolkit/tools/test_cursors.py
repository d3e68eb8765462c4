"""Every list, page by page: complete, without repeats, and a cursor fits only its own call."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from tool_calls import FULL, READ, call, connected, refusal, seed_with_tokens, text_of

from azure_devops_simulator import SimulatorServer, build_organization
from langchain_azure_devops import TOOLS, AzureDevOps
from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, NotFound

IN_A_RECORD = {"get_board"}
"""Their rows are a part of one record; `test_boards` follows its cursor."""
LISTS = [
    name
    for name, tool in TOOLS.items()
    if {"cursor", "limit"} <= tool.parameters.model_fields.keys() and name not in IN_A_RECORD
]


def alternatives(name):
    """The arguments of a list, each with a value that neither the example nor the default has."""
    for argument, entry in TOOLS[name].schema["properties"].items():
        if argument in {"limit", "cursor"}:
            continue
        default = TOOLS[name].parameters.model_fields[argument].default
        value = TOOLS[name].examples[0].get(argument, default)
        option = entry.get("anyOf", [entry])[0]
        if "enum" in option:
            yield argument, next(other for other in option["enum"] if other != value)
        elif option["type"] == "integer":
            yield argument, value - 1 if (value or 0) > 1 else (value or 0) + 1
        elif option["type"] == "boolean":
            yield argument, not value
        elif option["type"] == "array":
            yield argument, ["System.Tags"]
        else:
            yield argument, "2026-11-01" if entry.get("description") == "ISO 8601" else "Payments"


def widest(name):
    """The arguments of the example, and "all" where an argument takes it."""
    options = {argument: entry.get("anyOf", [entry])[0] for argument, entry in TOOLS[name].schema["properties"].items()}
    return dict(TOOLS[name].examples[0]) | {
        argument: "all" for argument, option in options.items() if "all" in option.get("enum", [])
    }


@pytest.fixture(scope="module")
def many() -> Iterator[AzureDevOps]:
    """A reader of a seeded organization in which every list has rows for several pages."""
    organization = seed_with_tokens()
    platform = build_organization(organization).project("Platform")
    review = platform.repository("platform-api").pull_request(9)
    for number in range(2):
        branch = review.pull_request.source.removeprefix("refs/heads/")
        platform.repository("platform-api").commit("Another push", {f"pushed-{number}.txt": "x"}, branch=branch)
        platform.add_work_item("Task", title="Another task about labels").link(review)
        said = {"by": organization.named("Tom Becker"), "when": organization.clock.tick()}
        organization.work_items.comment(organization.work_items.items[4], "Another comment", "html", **said)
    api = organization.repository("Platform", "platform-api")
    merged = str(TOOLS["list_pull_requests_of_commit"].examples[0]["commit"])
    api.refs["refs/heads/before"] = api.commit(merged).parents[0]
    for name in ("again", "once-more"):
        api.refs[f"refs/heads/{name}"] = merged
        platform.repository("platform-api").open_pull_request(f"Take it {name}", source=name, target="before")
    for name in ("Second team", "Third team"):
        platform.add_team(name)
    for name in ("Second plan", "Third plan"):
        platform.add_test_plan(name)
    for kind, settings in (("comments", {}), ("work-items", {}), ("minimum-reviewers", {"minimumApproverCount": 1})):
        platform.repository("platform-api").add_policy(kind, settings=settings, optional=True)
    add_resources(organization, platform)
    wiki = platform.wiki()
    for number in range(2):
        platform.add_wiki(f"handbook-{number}", repository=platform.repository("docs"), folder="/docs")
        wiki.add_page(f"/Rota {number}").edit_page("/On-call/Rota runbook", f"The rota in round {number}.")
    with SimulatorServer(organization) as server:
        refs = f"{server.base_url}/Platform/_apis/git/repositories/platform-api/refs?api-version=7.1"
        [main] = httpx.get(f"{refs}&filter=heads/main", auth=("", FULL)).json()["value"]
        tag = {"name": "refs/tags/v2.7.1", "oldObjectId": "0" * 40, "newObjectId": main["objectId"]}
        [made] = httpx.post(refs, json=[tag], auth=("", FULL)).json()["value"]
        assert made["success"]
        with connected(server.base_url, READ) as reading:
            yield reading


def add_resources(organization, platform):
    """Add to what the examples read of artifacts, environments, pools and so on."""
    pipeline = platform.pipeline("platform-api-ci")
    pipeline.update(comment="Stop it", queueStatus="paused").update(comment="Go on", queueStatus="enabled")
    platform.add_variable_group("another", {"REGION": "north"})
    platform.add_service_connection("another")
    platform.add_environment("another")
    production = platform.environment("production")
    production.deploy(organization.builds.builds[7]).add_check("Task Check").add_check("ExclusiveLock")
    organization.deployment.pools[12].agents.append(organization.deployment.pools[14].agents[0])
    artifacts = organization.builds.builds[19].artifacts
    artifacts += [replace(artifacts[0], id=number, name=f"more-{number}") for number in (1, 2)]


@pytest.mark.parametrize("name", LISTS)
def test_pages_add_up_to_the_whole(many, name):
    arguments = widest(name)
    whole = call(many, name, limit=200, **arguments)
    assert whole.cursor is None
    assert len(whole.items) >= 3, f"the example of {name} shows too few rows for several pages"
    # A last page that is full leaves open whether more follows, where the service says no total.
    size = next(size for size in range(2, len(whole.items)) if len(whole.items) % size)
    rows, cursor = [], None
    while True:
        page = call(many, name, limit=size, cursor=cursor, **arguments)
        rows += page.items
        if (cursor := page.cursor) is None:
            break
        assert len(page.items) == size
        assert len(rows) < len(whole.items)
    assert len(page.items) == len(whole.items) % size
    assert rows == whole.items


@pytest.mark.parametrize("name", [name for name in LISTS if dict(alternatives(name))])
def test_a_cursor_of_other_arguments_is_refused(many, name):
    arguments = TOOLS[name].examples[0]
    cursor = call(many, name, limit=1, **arguments).cursor
    assert cursor is not None
    compared = missing = 0
    for argument, value in alternatives(name):
        with pytest.raises(AzureDevOpsError) as refused:
            call(many, name, cursor=cursor, **{**arguments, argument: value})
        compared += (of_another_call := "other arguments" in refused.value.message)
        # A value that names nothing, or needs another argument, is refused before the cursor is read.
        missing += (of_nothing := isinstance(refused.value, NotFound))
        assert of_another_call or of_nothing or argument in refused.value.message
    assert compared or missing


def test_every_list_but_those_of_projects_and_pools_takes_other_arguments():
    assert [name for name in LISTS if not dict(alternatives(name))] == ["list_projects", "list_pools"]


def test_a_cursor_of_another_tool_is_refused(platform_reader):
    cursor = call(platform_reader, "list_projects", limit=1).cursor
    assert "other arguments" in refusal(platform_reader, "list_repositories", InvalidRequest, cursor=cursor)


def test_a_filter_made_here_pages_completely(platform_reader):
    whole = call(platform_reader, "list_pull_requests", status="all", author="Mina")
    assert {row.author for row in whole.items} == {"Mina Sato"}
    first = call(platform_reader, "list_pull_requests", status="all", author="Mina", limit=1)
    rest = call(platform_reader, "list_pull_requests", status="all", author="Mina", cursor=first.cursor)
    assert first.items + rest.items == whole.items


def test_the_text_names_the_cursor_that_the_next_call_takes(platform_reader):
    head = text_of(platform_reader, "list_builds", limit=5).split("\n", 1)[0]
    cursor = head.split('cursor="')[1].split('"')[0]
    first = {row.id for row in call(platform_reader, "list_builds", limit=5).items}
    assert not first & {row.id for row in call(platform_reader, "list_builds", limit=5, cursor=cursor).items}
