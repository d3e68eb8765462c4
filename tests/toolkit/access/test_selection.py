"""The scope-aware factory: every scope, alone and combined, against every tool."""

import itertools

import pytest

from langchain_azure_devops import TOOLS, TOOLSETS, AzureDevOpsToolkit
from langchain_azure_devops.access.selection import filter_tools, required_scopes
from langchain_azure_devops.errors import ToolUnknown
from langchain_azure_devops.scopes import Scope, expand

PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"
USED = sorted({scope for tool in TOOLS.values() for group in tool.scope_groups for scope in group})
OPTIONS = frozenset(tool.needs for tool in TOOLS.values() if tool.needs)
"""Every option of the toolkit without which a tool is left out."""
READ_SCOPES = {
    Scope.PROJECT, Scope.PROFILE, Scope.IDENTITY, Scope.CODE, Scope.WORK, Scope.BUILD, Scope.TEST,
    Scope.VARIABLEGROUPS_READ, Scope.SERVICEENDPOINT, Scope.AGENTPOOLS, Scope.WIKI,
}  # fmt: skip
FEW = [frozenset(chosen) for size in range(4) for chosen in itertools.combinations(USED, size)]
SETS = dict.fromkeys([*FEW, *(frozenset(USED) - few for few in FEW)])
"""Every set of at most three scopes, and every set that lacks at most three: all sets double with each new scope."""


def toolkit_of(**arguments):
    return AzureDevOpsToolkit(organization="contoso", pat=PAT, **arguments)


def names(toolkit):
    return {tool.name for tool in toolkit.get_tools()}


def test_every_tool_declares_its_access_and_scopes():
    assert TOOLS
    for tool in TOOLS.values():
        assert tool.scopes, tool.name
        assert tool.access in {"read", "write"}
        assert bool(tool.operations) == (tool.access == "write"), tool.name
        assert (tool.writes > 0) == (tool.access == "write"), tool.name


@pytest.mark.parametrize("scopes", SETS, ids=lambda scopes: " ".join(sorted(scopes)) or "none")
@pytest.mark.parametrize("read_only", [False, True], ids=["", "read-only"])
def test_matrix_of_scope_sets_and_tools(scopes, read_only):
    selection = filter_tools(TOOLS.values(), known=scopes, read_only=read_only, options=OPTIONS)
    present = {tool.name for tool in selection.tools}
    for tool in TOOLS.values():
        lacking = [group for group in tool.scope_groups if expand(scopes).isdisjoint(group)]
        allowed = not lacking and not (read_only and tool.access == "write")
        assert (tool.name in present) == allowed, tool.name
        assert (tool.name in selection.absent) != allowed
        if not allowed and tool.access == "read":
            absence = selection.absent[tool.name]
            assert absence.scopes == lacking[0]
            assert absence.also == tuple(min(group) for group in lacking[1:])


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_brings_exactly_what_it_includes(scope):
    present = {tool.name for tool in filter_tools(TOOLS.values(), known=frozenset({scope}), options=OPTIONS).tools}
    assert present == {
        tool.name for tool in TOOLS.values() if all(map(expand([scope]).intersection, tool.scope_groups))
    }


def test_a_read_only_token_yields_exactly_the_readers():
    with toolkit_of(toolsets="all", scopes=READ_SCOPES) as toolkit:
        assert names(toolkit) == {tool.name for tool in TOOLS.values() if tool.access == "read"}


def test_full_access_yields_everything_unless_read_only(tmp_path):
    with toolkit_of(toolsets="all", scopes="app_token", attachments_folder=tmp_path) as toolkit:
        assert names(toolkit) == set(TOOLS)
    with toolkit_of(toolsets="all", scopes="app_token", attachments_folder=tmp_path, read_only=True) as toolkit:
        assert names(toolkit) == {tool.name for tool in TOOLS.values() if tool.access == "read"}
        assert {str(absence) for absence in toolkit.absent.values()} == {"this toolkit is read-only"}


def test_a_tool_that_needs_an_option_is_left_out_without_it():
    with toolkit_of(toolsets="all", scopes="app_token") as toolkit:
        assert set(TOOLS) - names(toolkit) == {"upload_attachment"}
        assert "attachments_folder" in str(toolkit.absent["upload_attachment"])


def test_unknown_means_no_writer(tmp_path):
    with toolkit_of(toolsets="all", attachments_folder=tmp_path) as toolkit:
        assert names(toolkit) == {tool.name for tool in TOOLS.values() if tool.access == "read"}
        assert all("not known yet" in absence.reason for absence in toolkit.absent.values())


def test_no_declared_scope_means_no_tool():
    with toolkit_of(scopes=[]) as toolkit:
        assert names(toolkit) == set()


def test_an_unsettled_scope_keeps_readers_and_brings_no_writer():
    selection = filter_tools(TOOLS.values(), known=frozenset(), unsettled=[Scope.WORK, Scope.WORK_WRITE])
    for tool in selection.tools:
        assert tool.access == "read"
    assert {tool.name for tool in selection.tools} == {
        tool.name for tool in TOOLS.values() if tool.access == "read" and Scope.WORK in tool.scopes
    }


def test_a_refused_scope_removes_what_was_declared():
    selection = filter_tools(TOOLS.values(), known=frozenset({Scope.CODE_WRITE}), missing=[Scope.CODE_WRITE])
    assert all(Scope.CODE_WRITE not in tool.scopes for tool in selection.tools)


def test_the_borrowed_token_of_the_cli_only_reads_unless_told_otherwise(monkeypatch):
    for name in ("AZURE_DEVOPS_PAT", "AZURE_DEVOPS_SCOPES", "AZURE_DEVOPS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_DEVOPS_ORG", "contoso")
    monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", PAT)
    with AzureDevOpsToolkit(scopes="app_token") as toolkit:
        assert toolkit.client.read_only
    with AzureDevOpsToolkit(scopes="app_token", writes="ask") as toolkit:
        assert not toolkit.client.read_only


def test_selection_adds_up_and_exclusion_removes():
    with toolkit_of(scopes="app_token", toolsets=["projects"]) as toolkit:
        assert names(toolkit) == {tool.name for tool in TOOLSETS["projects"].tools}
    with toolkit_of(scopes="app_token", toolsets=["projects"], exclude=["list_projects"]) as toolkit:
        assert names(toolkit) == {tool.name for tool in TOOLSETS["projects"].tools} - {"list_projects"}
    with toolkit_of(scopes="app_token", toolsets=["projects"], exclude=["projects"]) as toolkit:
        assert names(toolkit) == set()
    with toolkit_of(scopes="app_token", tools=["list_projects"], name_prefix="ado_") as toolkit:
        assert names(toolkit) == {"ado_list_projects"}


@pytest.mark.parametrize(
    "wrong", [{"toolsets": ["project"]}, {"tools": ["list_project"]}, {"exclude": ["list_project"]}]
)
def test_an_unknown_name_stops_with_the_known_ones(wrong):
    with pytest.raises(ToolUnknown, match=r"Did you mean .*project.*Known: .*project"):
        toolkit_of(**wrong)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_the_required_scopes_of_a_tool_bring_it(tool):
    needed = required_scopes([tool])
    assert filter_tools([tool], known=needed, options=OPTIONS).tools == (tool,)


def test_the_required_scopes_of_all_bring_all_and_none_is_implied_by_another():
    needed = required_scopes(TOOLS.values())
    assert len(filter_tools(TOOLS.values(), known=needed, options=OPTIONS).tools) == len(TOOLS)
    for scope in needed:
        assert not any(scope in expand([other]) for other in needed - {scope})
