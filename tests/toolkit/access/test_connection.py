"""Connecting with tokens of different scopes: exactly the tools that work are there."""

import threading

import pytest
from tool_calls import FULL, READ, READ_SCOPES, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit
from langchain_azure_devops.errors import ProjectNotFound, ScopeMissing, TokenRejected
from langchain_azure_devops.scopes import Scope

CODE = {"list_repositories", "list_branches", "list_repository_files", "read_repository_file", "search_code"}
CODE |= {"list_pull_requests", "get_pull_request"}
WORK = {"query_work_items", "get_work_item"}
BUILD = {"list_pipelines", "list_builds", "get_build", "get_build_log", "diagnose_build"}
WRITES_CODE = {"create_pull_request", "update_pull_request"}
WRITES_WORK = {"create_work_item", "update_work_item", "add_work_item_comment"}
DEFAULT = {name for name, tool in TOOLS.items() if tool.default}
READERS = {"list_projects"} | CODE | WORK | BUILD
DEFAULT = {name for name, tool in TOOLS.items() if tool.default}
TOKENS = {
    FULL: (None, READERS | WRITES_CODE | WRITES_WORK),
    READ: (READ_SCOPES, READERS),
    "code-token": (("vso.code",), {"list_projects"} | CODE),
    "work-token": (("vso.work",), {"list_projects"} | WORK),
    "work-writer": (("vso.project", "vso.work_write"), {"list_projects"} | WORK | WRITES_WORK),
    "code-writer": (("vso.project", "vso.code_write"), {"list_projects"} | CODE | WRITES_CODE),
    "build-token": (("vso.build", "vso.project"), {"list_projects"} | BUILD),
}


@pytest.fixture
def organization():
    organization = seed_with_tokens()
    for value, (scopes, _) in TOKENS.items():
        if scopes is not None:
            organization.add_token(value, scopes)
    return organization


@pytest.fixture
def server(organization):
    with SimulatorServer(organization) as running:
        yield running


def names(toolkit):
    return {tool.name for tool in toolkit.get_tools()}


def use(toolkit, name, **arguments):
    [tool] = [tool for tool in toolkit.get_tools() if tool.name == name]
    return tool.invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})


@pytest.mark.parametrize("token", TOKENS)
def test_people_are_looked_up_only_by_a_token_that_may(server, token):
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=token, toolsets=["projects"]) as toolkit:
        assert ("search_identities" in names(toolkit)) == (token in {FULL, READ})
        if token not in {FULL, READ}:
            assert toolkit.absent["search_identities"].scopes == (Scope.IDENTITY,)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_brings_exactly_the_tools_that_it_may_use(server, token):
    expected = TOKENS[token][1]
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=token, default_project="Platform") as toolkit:
        assert names(toolkit) == expected
        assert set(toolkit.absent) == DEFAULT - expected
        for name, absence in toolkit.absent.items():
            assert set(absence.scopes) == set(TOOLS[name].scopes)


async def test_the_same_without_blocking(server):
    toolkit = await AzureDevOpsToolkit.aconnect(base_url=server.base_url, pat=READ)
    async with toolkit:
        assert names(toolkit) == READERS
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "list_projects"]
        message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": "list_projects", "args": {}})
    assert "Mobile App" in message.content


async def test_a_connection_that_cannot_be_used_is_closed_without_blocking_the_loop(server, monkeypatch):
    closing, close = [], AzureDevOps.close
    monkeypatch.setattr(
        AzureDevOps, "close", lambda client: (closing.append(threading.current_thread()), close(client))
    )
    with pytest.raises(TokenRejected):
        await AzureDevOpsToolkit.aconnect(base_url=server.base_url, pat="no-token")
    assert closing
    assert threading.current_thread() not in closing


def test_without_the_project_scope_the_rest_works_and_a_hint_says_so(organization, server):
    organization.add_token("wiki-and-builds", ("vso.build",))
    token = organization.tokens["wiki-and-builds"]
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=token.value, default_project="Platform") as toolkit:
        assert names(toolkit) >= BUILD
        assert names(toolkit) <= BUILD | {"list_projects"}
        assert use(toolkit, "get_build", ids=[35]).status == "success"


def test_read_only_wins_over_a_full_token(server):
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=FULL, read_only=True) as toolkit:
        assert names(toolkit) == READERS
        assert toolkit.absent["create_work_item"].scopes == ()


def test_before_anything_is_known_there_are_readers_only(server):
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL) as toolkit:
        assert names(toolkit) == READERS
        assert toolkit.verify().connected
        assert names(toolkit) == DEFAULT


def test_verifying_writes_nothing(organization, server):
    before = (organization.clock.now(), dict(organization.counters))
    AzureDevOpsToolkit.connect(base_url=server.base_url, pat=FULL).close()
    assert (organization.clock.now(), dict(organization.counters)) == before


def test_what_is_refused_at_run_time_is_absent_from_then_on(organization, server):
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url, pat="work-writer", default_project="Platform", writes="allow"
    ) as toolkit:
        [bound] = [tool for tool in toolkit.get_tools() if tool.name == "create_work_item"]
        organization.tokens["work-writer"].scopes = frozenset({"vso.project", "vso.work"})
        before = organization.clock.now()
        message = use(toolkit, "create_work_item", type="Bug", title="x")
        assert message.status == "error"
        assert message.content.splitlines()[0] == "[denied ScopeMissing vso.work_write]"
        assert "create_work_item" not in names(toolkit)
        assert toolkit.absent["create_work_item"].scopes == (Scope.WORK_WRITE,)
        again = bound.invoke(
            {"type": "tool_call", "id": "2", "name": bound.name, "args": {"type": "Bug", "title": "x"}}
        )
        assert again.status == "error"
        assert organization.clock.now() == before


PAGE = {"wiki": "Platform.wiki", "path": "/Home"}


@pytest.mark.parametrize(
    ("scopes", "lacks"), [("vso.wiki", Scope.CODE), ("vso.code", Scope.WIKI), ("vso.wiki vso.code", None)]
)
def test_a_tool_that_needs_two_scopes_comes_with_both(organization, server, scopes, lacks):
    organization.add_token("some", [*scopes.split(), "vso.project"])
    where = {"base_url": server.base_url, "pat": "some", "default_project": "Platform", "toolsets": ["wiki"]}
    for toolkit in (AzureDevOpsToolkit(**where, scopes=scopes), AzureDevOpsToolkit.connect(**where)):
        with toolkit:
            if lacks is None:
                assert use(toolkit, "list_wiki_page_changes", **PAGE).status == "success"
            else:
                assert toolkit.absent["list_wiki_page_changes"].scopes == (lacks,)


def test_a_tool_that_lacks_both_of_its_scopes_names_both(organization, server):
    organization.add_token("neither", ["vso.project"])
    where = {"base_url": server.base_url, "pat": "neither", "tools": ["list_wiki_page_changes"]}
    with AzureDevOpsToolkit.connect(**where) as toolkit:
        assert str(toolkit.absent["list_wiki_page_changes"]) == "the token lacks the scope (vso.wiki and vso.code)"
        assert "list_wiki_page_changes: the token lacks the scope vso.wiki and vso.code" in toolkit.system_prompt()
        assert toolkit.required_scopes() == {Scope.WIKI, Scope.CODE}
    with pytest.raises(ScopeMissing, match=r"needs vso\.wiki and vso\.code "):
        AzureDevOpsToolkit.connect(**where, strict=True)


def test_a_second_scope_that_is_refused_at_run_time_is_named(organization, server):
    organization.add_token("wiki-only", ["vso.wiki", "vso.project"])
    with AzureDevOpsToolkit(
        base_url=server.base_url, pat="wiki-only", default_project="Platform", toolsets=["wiki"]
    ) as toolkit:
        message = use(toolkit, "list_wiki_page_changes", **PAGE)
        assert message.content.splitlines()[0] == "[denied ScopeMissing vso.code]"
        assert toolkit.absent["list_wiki_page_changes"].scopes == (Scope.CODE,)
        assert use(toolkit, "read_wiki_page", **PAGE).status == "success"


def test_a_declared_scope_that_is_refused_is_an_error(server):
    arguments = {"base_url": server.base_url, "pat": "code-token", "scopes": "vso.code vso.code_write"}
    with pytest.raises(ScopeMissing, match="although it was declared"):
        AzureDevOpsToolkit.connect(**arguments)
    with AzureDevOpsToolkit(**arguments) as toolkit:
        found = toolkit.verify()
        assert (found.status, found.exit_code) == ("ScopeMissing", 7)
        assert not names(toolkit) & WRITES_CODE


def test_a_token_without_any_useful_scope_is_an_error(organization, server):
    organization.add_token("feed-token", ("vso.packaging",))
    with pytest.raises(ScopeMissing):
        AzureDevOpsToolkit.connect(base_url=server.base_url, pat="feed-token", default_project="Platform")


@pytest.mark.parametrize("state", ["expired", "revoked"])
def test_a_dead_token_is_no_missing_scope(organization, server, state):
    organization.tokens[READ].state = state
    with pytest.raises(TokenRejected):
        AzureDevOpsToolkit.connect(base_url=server.base_url, pat=READ)


def test_a_default_project_that_is_not_there_is_named(server):
    with pytest.raises(ProjectNotFound, match="Did you mean 'Platform'"):
        AzureDevOpsToolkit.connect(base_url=server.base_url, pat=READ, default_project="Platfrom")
