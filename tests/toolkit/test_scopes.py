"""Scopes: their spelling, what implies what, and how people write them."""

import pytest

from azure_devops_simulator.api import access as service
from langchain_azure_devops.errors import ScopesInvalid
from langchain_azure_devops.scopes import INCLUDES, Scope, expand, implying, on_token_page, parse_scopes

ON_THE_TOKEN_PAGE = {
    "Advanced Security": ("advsec", "advsec_write", "advsec_manage"),
    "Agent Pools": ("agentpools", "agentpools_manage"),
    "Analytics": ("analytics",),
    "Audit Log": ("auditlog", "auditstreams_manage"),
    "Build": ("build", "build_execute"),
    "Code": ("code", "code_write", "code_manage"),
    "Dashboards": ("dashboards", "dashboards_manage"),
    "Entitlements": ("entitlements",),
    "Extensions": ("extension", "extension_manage"),
    "Extension Data": ("extension.data", "extension.data_write"),
    "GitHub Connections": ("githubconnections", "githubconnections_manage"),
    "Graph": ("graph", "graph_manage"),
    "Identity": ("identity", "identity_manage"),
    "Member Entitlement Management": ("memberentitlementmanagement", "memberentitlementmanagement_write"),
    "Notifications": ("notification", "notification_write", "notification_manage"),
    "Packaging": ("packaging", "packaging_write", "packaging_manage"),
    "Pipeline Resources": ("pipelineresources_use", "pipelineresources_manage"),
    "Project and Team": ("project", "project_write", "project_manage"),
    "Release": ("release", "release_execute", "release_manage"),
    "Secure Files": ("securefiles_read", "securefiles_write", "securefiles_manage"),
    "Service Connections": ("serviceendpoint", "serviceendpoint_query", "serviceendpoint_manage"),
    "Service Hooks": ("hooks", "hooks_write"),
    "Symbols": ("symbols", "symbols_write", "symbols_manage"),
    "Task Groups": ("taskgroups_read", "taskgroups_write", "taskgroups_manage"),
    "Test Management": ("test", "test_write"),
    "Tokens": ("tokens",),
    "Token Administration": ("tokenadministration",),
    "User Profile": ("profile", "profile_write"),
    "Variable Groups": ("variablegroups_read", "variablegroups_write", "variablegroups_manage"),
    "Wiki": ("wiki", "wiki_write"),
    "Work Items": ("work", "work_write", "work_full"),
}
"""The categories of the token page, and the scopes of their levels."""


def words_of(name, levels):
    """What the token page calls a level."""
    if name == levels[0]:
        return "Read"
    if name == levels[-1] and name.endswith(("_manage", "_full")):
        return "Read, write, & manage" if len(levels) > 2 else "Read & manage"
    return f"Read & {name.rpartition('_')[2]}"


LEVELS = [
    (name, f"{title} ({words_of(name, levels)})") for title, levels in ON_THE_TOKEN_PAGE.items() for name in levels
]


def test_a_chain_is_followed_to_its_end():
    assert expand([Scope.CODE_FULL]) == {
        Scope.CODE_FULL, Scope.CODE_MANAGE, Scope.CODE_WRITE, Scope.CODE,
        Scope.HOOKS_WRITE, Scope.HOOKS, Scope.PROFILE,
    }  # fmt: skip


def test_a_read_scope_does_not_bring_the_write_scope():
    assert Scope.CODE_WRITE not in expand([Scope.CODE, Scope.WORK, Scope.BUILD])
    assert Scope.WORK_WRITE not in expand([Scope.WORK, Scope.CODE_FULL])


def test_code_status_and_threads_stand_alone():
    assert expand([Scope.CODE_STATUS]) == {Scope.CODE_STATUS}
    assert expand([Scope.THREADS_FULL]) == {Scope.THREADS_FULL}


def test_full_access_is_everything():
    assert expand([Scope.FULL_ACCESS]) == set(Scope)


def test_nothing_is_nothing():
    assert expand([]) == frozenset()


@pytest.mark.parametrize("scope", Scope)
def test_expansion_is_closed_and_holds_itself(scope):
    expanded = expand([scope])
    assert scope in expanded
    assert expand(expanded) == expanded


def test_implying_is_the_inverse_of_expand():
    assert implying(Scope.CODE_WRITE) == {
        Scope.CODE_WRITE,
        Scope.CODE_MANAGE,
        Scope.CODE_FULL,
        Scope.FULL_ACCESS,
    }
    for scope in INCLUDES:
        for included in expand([scope]):
            assert scope in implying(included)


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        ("vso.code vso.work_write", {Scope.CODE, Scope.WORK_WRITE}),
        ("code,work_write", {Scope.CODE, Scope.WORK_WRITE}),
        ("code; build_execute\n", {Scope.CODE, Scope.BUILD_EXECUTE}),
        ("VSO.Code", {Scope.CODE}),
        ("app_token", {Scope.FULL_ACCESS}),
        ("Full access", {Scope.FULL_ACCESS}),
        ("Code (Read)", {Scope.CODE}),
        ("Code (Read & write)", {Scope.CODE_WRITE}),
        ("Code (Read, write, & manage)", {Scope.CODE_MANAGE}),
        ("Code (Full)", {Scope.CODE_FULL}),
        ("Code (Status)", {Scope.CODE_STATUS}),
        ("Work Items (Read & write), Build (Read & execute)", {Scope.WORK_WRITE, Scope.BUILD_EXECUTE}),
        ("Project and Team (Read), vso.wiki", {Scope.PROJECT, Scope.WIKI}),
        ("Variable Groups (Read, create, & manage)", {Scope.VARIABLEGROUPS_MANAGE}),
        ("", frozenset()),
    ],
)
def test_scopes_are_read_as_people_write_them(text, scopes):
    assert parse_scopes(text) == scopes


@pytest.mark.parametrize(
    ("text", "near"), [("vso.cod", "vso.code"), ("work_wriet", "work_write"), ("Cod (Read)", "code")]
)
def test_an_unknown_scope_is_refused_with_the_nearest(text, near):
    with pytest.raises(ScopesInvalid, match=f"Did you mean '.*{near}"):
        parse_scopes(text)


# -- the whole table -----------------------------------------------------------------------------------------------


def test_the_scopes_are_those_of_the_service():
    assert {scope.value.removeprefix("vso.") for scope in Scope} == service.SCOPES | {"app_token"}
    assert {scope.value for scope in Scope} == {"app_token", *(f"vso.{name}" for name in service.SCOPES)}
    for scope in set(Scope) - {Scope.FULL_ACCESS}:
        assert scope.value == f"vso.{scope.name.lower().replace('extension_data', 'extension.data')}"


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.FULL_ACCESS}))
def test_a_scope_includes_what_the_service_says(scope):
    """The simulator has a table of its own, so that a scope too many is not confirmed by itself."""
    assert {included.value for included in expand([scope])} == service.expand([scope.value])


@pytest.mark.parametrize(
    ("scope", "included"),
    [
        (Scope.BUILD_EXECUTE, {Scope.BUILD, Scope.HOOKS_WRITE, Scope.HOOKS, Scope.PROFILE}),
        (Scope.WORK_FULL, {Scope.WORK_WRITE, Scope.WORK, Scope.HOOKS_WRITE, Scope.HOOKS, Scope.PROFILE}),
        (Scope.RELEASE_MANAGE, {Scope.RELEASE_EXECUTE, Scope.RELEASE}),
        (Scope.PROJECT_WRITE, {Scope.PROJECT}),
        (Scope.TEST_WRITE, {Scope.TEST, Scope.PROFILE}),
        (Scope.WIKI_WRITE, {Scope.WIKI}),
        (Scope.PROFILE, set()),
    ],
)
def test_what_the_scopes_of_tools_include(scope, included):
    assert expand([scope]) == {scope} | included


@pytest.mark.parametrize(("name", "words"), LEVELS)
def test_every_level_of_the_token_page_is_written_and_read(name, words):
    assert on_token_page(Scope(f"vso.{name}")) == words
    assert parse_scopes(words) == {Scope(f"vso.{name}")}
    assert parse_scopes(f"vso.{name}") == parse_scopes(name.upper()) == {Scope(f"vso.{name}")}


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope.FULL_ACCESS, "Full access"),
        (Scope.CODE_FULL, "Code (Full)"),
        (Scope.CODE_STATUS, "Code (Status)"),
        (Scope.GALLERY_ACQUIRE, "Marketplace (Read & acquire)"),
        (Scope.GALLERY_PUBLISH, "vso.gallery_publish"),
        (Scope.GALLERY_MANAGE, "Marketplace (Read, write, & manage)"),
        (Scope.CONNECTED_SERVER, "vso.connected_server"),
    ],
)
def test_what_is_no_level_of_a_category(scope, words):
    assert on_token_page(scope) == words
    assert parse_scopes(words) == {scope}


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ("Auditing (Read)", Scope.AUDITLOG),
        ("Auditing (Read, manage)", Scope.AUDITSTREAMS_MANAGE),
        ("Marketplace (Read)", Scope.GALLERY),
        ("Deployment Groups (Read & manage)", Scope.MACHINEGROUP_MANAGE),
        ("Environment (Read & manage)", Scope.ENVIRONMENT_MANAGE),
        ("Security (Manage)", Scope.SECURITY_MANAGE),
        ("Pull Request Threads (Read & write)", Scope.THREADS_FULL),
        ("Service Connections (Read & query)", Scope.SERVICEENDPOINT_QUERY),
        ("Work Items (Full)", Scope.WORK_FULL),
        ("  work   ITEMS  ( read )", Scope.WORK),
        ("Analytics (Read & write)", Scope.ANALYTICS),
        ("full", Scope.FULL_ACCESS),
        ("FULL ACCESS", Scope.FULL_ACCESS),
    ],
)
def test_other_words_of_the_token_page_are_read(words, scope):
    assert parse_scopes(words) == {scope}


def test_a_refusal_names_the_word_and_how_to_write_scopes():
    with pytest.raises(ScopesInvalid) as caught:
        parse_scopes("vso.code vso.zz9")
    assert caught.value.message == (
        "'vso.zz9' is not a scope of Azure DevOps. "
        "Write scopes as 'vso.code vso.work_write' or as the token page does: 'Code (Read & write)'."
    )
