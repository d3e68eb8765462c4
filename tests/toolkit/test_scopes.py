"""Scopes: their spelling, what implies what, and how people write them."""

import pytest

from langchain_azure_devops.errors import ScopesInvalid
from langchain_azure_devops.scopes import INCLUDES, Scope, expand, implying, parse_scopes


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
