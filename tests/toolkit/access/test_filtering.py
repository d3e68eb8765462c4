"""Which of the chosen tools a token gets, and the reason why each of the others is left out."""

import pytest

from langchain_azure_devops import TOOLS
from langchain_azure_devops.access.connection import Connection
from langchain_azure_devops.access.selection import (
    Absence,
    Catalog,
    check_complete,
    filter_by_connection,
    filter_tools,
    narrow,
    required_scopes,
)
from langchain_azure_devops.errors import Misconfigured, ScopeMissing, ToolUnknown
from langchain_azure_devops.scopes import Scope

READ, WRITE, PROJECTS = TOOLS["get_work_item"], TOOLS["update_work_item"], TOOLS["list_projects"]
WORK, WORK_WRITE = Scope.WORK, Scope.WORK_WRITE
READ_ONLY = "this toolkit is read-only"
UNKNOWN = "the token's scopes are not known yet: declare them or verify"
UNCLEAR = "it is not known whether the token has the scope: declare it"
LACKS = "the token lacks the scope"
UNDECLARED = "the token is not declared to have the scope"
OFFERED = ""


def reasons(**arguments):
    """What becomes of a tool that reads work items, and of one that writes them; an empty reason is an offer."""
    found = filter_tools((READ, WRITE), **arguments)
    assert [tool.name for tool in found.tools] == [name for name in (READ.name, WRITE.name) if name not in found.absent]
    for name, absence in found.absent.items():
        assert absence.scopes == (() if absence.reason == READ_ONLY else TOOLS[name].scopes)
    return tuple(found.absent.get(tool.name, Absence(OFFERED)).reason for tool in (READ, WRITE))


@pytest.mark.parametrize(
    ("arguments", "reader", "writer"),
    [
        ({"known": None}, OFFERED, UNKNOWN),
        ({"known": None, "read_only": True}, OFFERED, READ_ONLY),
        ({"known": None, "missing": [WORK]}, LACKS, UNKNOWN),
        ({"known": None, "missing": [WORK_WRITE]}, OFFERED, LACKS),
        ({"known": None, "missing": [WORK], "declared": True}, LACKS, UNKNOWN),
        ({"known": {WORK}}, OFFERED, LACKS),
        ({"known": {WORK}, "declared": True}, OFFERED, UNDECLARED),
        ({"known": {WORK_WRITE}}, OFFERED, OFFERED),
        ({"known": {WORK_WRITE}, "read_only": True}, OFFERED, READ_ONLY),
        ({"known": {WORK_WRITE}, "missing": [WORK_WRITE]}, OFFERED, LACKS),
        ({"known": {WORK_WRITE}, "missing": [WORK]}, LACKS, OFFERED),
        ({"known": set()}, LACKS, LACKS),
        ({"known": set(), "declared": True}, UNDECLARED, UNDECLARED),
        ({"known": set(), "missing": [WORK], "declared": True}, LACKS, UNDECLARED),
        ({"known": set(), "unsettled": [WORK]}, OFFERED, LACKS),
        ({"known": set(), "unsettled": [WORK_WRITE]}, LACKS, UNCLEAR),
        ({"known": set(), "unsettled": [WORK, WORK_WRITE]}, OFFERED, UNCLEAR),
        ({"known": set(), "unsettled": [WORK], "missing": [WORK]}, LACKS, LACKS),
        ({"known": {WORK}, "unsettled": [WORK_WRITE], "read_only": True}, OFFERED, READ_ONLY),
        ({"known": {Scope.CODE_FULL}}, LACKS, LACKS),
        ({"known": {Scope.FULL_ACCESS}}, OFFERED, OFFERED),
    ],
)
def test_a_tool_is_offered_or_left_out_with_its_reason(arguments, reader, writer):
    if arguments["known"] is not None:
        arguments = {**arguments, "known": frozenset(arguments["known"])}
    assert reasons(**arguments) == (reader, writer)


def connection(learnt=(), missing=(), unknown=()):
    """What `verify` found out of the scopes, each with a word on how."""
    told = [dict.fromkeys(scopes, "probed") for scopes in (learnt, missing, unknown)]
    where = {"organization": "contoso", "url": "https://dev.azure.com/contoso", "credential_source": "pat="}
    return Connection(**where, learnt=told[0], missing=told[1], unknown=told[2])


@pytest.mark.parametrize(
    ("found", "declared", "names"),
    [
        (None, None, {"get_work_item", "list_projects"}),
        (None, {WORK_WRITE}, {"get_work_item", "update_work_item", "list_projects"}),
        (None, {WORK}, {"get_work_item", "list_projects"}),
        (connection({WORK_WRITE}), None, {"get_work_item", "update_work_item", "list_projects"}),
        (connection({WORK}), {WORK_WRITE}, {"get_work_item", "list_projects"}),
        (connection(), {WORK_WRITE}, {"get_work_item", "update_work_item", "list_projects"}),
        (connection(), None, {"get_work_item", "list_projects"}),
        (connection({WORK_WRITE}, missing={WORK_WRITE}), None, {"get_work_item", "list_projects"}),
        (connection({Scope.PROJECT}, missing={WORK}), None, {"list_projects"}),
        (connection(unknown={WORK, WORK_WRITE}), set(), {"get_work_item"}),
        (connection(), set(), set()),
    ],
)
def test_what_verify_learnt_counts_more_than_what_was_declared(found, declared, names):
    declared = None if declared is None else frozenset(declared)
    chosen = filter_by_connection(found, (READ, WRITE, PROJECTS), declared=declared, read_only=False)
    assert {tool.name for tool in chosen.tools} == names
    reading = filter_by_connection(found, (READ, WRITE, PROJECTS), declared=declared, read_only=True)
    assert {tool.name for tool in reading.tools} == names - {"update_work_item"}


def test_what_is_missing_is_told_with_the_scope_that_brings_it():
    check_complete(filter_tools((READ, WRITE), known=frozenset({WORK_WRITE}), read_only=True))
    with pytest.raises(ScopeMissing) as caught:
        check_complete(filter_tools((READ, WRITE), known=frozenset()))
    assert caught.value.subject == "vso.work"
    assert caught.value.message == (
        f"Not every chosen tool can be offered: get_work_item needs vso.work ({LACKS}); update_work_item needs "
        f"vso.work_write ({LACKS}). Give the token these scopes, choose other tools, or leave strict= out."
    )


@pytest.mark.parametrize(
    ("names", "toolsets", "access", "narrowed"),
    [
        (None, None, None, {"get_work_item", "update_work_item", "list_projects"}),
        (None, None, "read", {"get_work_item", "list_projects"}),
        (None, None, "write", {"update_work_item"}),
        ("get_work_item", None, None, {"get_work_item"}),
        (["get_work_item"], "projects", None, {"get_work_item", "list_projects"}),
        (None, "work_items", "write", {"update_work_item"}),
        ("get_work_item", None, "write", set()),
        (None, "all", "read", {"get_work_item", "list_projects"}),
    ],
)
def test_a_run_takes_what_it_asks_for_of_what_is_offered(names, toolsets, access, narrowed):
    assert narrow(Catalog.of(), (READ, WRITE, PROJECTS), names, toolsets, access) == narrowed


@pytest.mark.parametrize(
    ("names", "toolsets", "missing"),
    [("get_pull_request", None, "get_pull_request"), (None, "git", ""), (None, "pull_requests", "")],
)
def test_a_run_cannot_take_what_the_toolkit_was_made_without(names, toolsets, missing):
    with pytest.raises(ToolUnknown) as caught:
        narrow(Catalog.of(), (READ, PROJECTS), names, toolsets, None)
    if missing:
        assert caught.value.subject == missing
        assert "It was made for: get_work_item, list_projects." in caught.value.message
    with pytest.raises(Misconfigured, match="access"):
        narrow(Catalog.of(), (READ, PROJECTS), None, None, "delete")


def test_the_least_scopes_that_bring_all_tools():
    assert required_scopes([]) == frozenset()
    assert required_scopes([READ]) == {WORK}
    assert required_scopes([READ, WRITE]) == {WORK_WRITE}
    assert required_scopes([WRITE, READ]) == {WORK_WRITE}
    assert required_scopes([PROJECTS]) == {Scope.PROJECT}
    assert required_scopes([WRITE, PROJECTS]) == {WORK_WRITE}, "work items include the profile"
