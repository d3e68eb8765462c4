"""Grants, the digests that approvals name, and the comparison of a state that was shown with the present one."""

import time
from hashlib import sha256
from typing import get_args

import pytest

from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.safety.grants import (
    MOST_ASKS,
    Approval,
    GrantBook,
    Operation,
    StateChange,
    ToolCall,
    WritePolicy,
    WriteRequest,
    as_subject,
    compare_states,
    current_call,
    digest_call,
    digest_state,
    flatten,
    names_somebody,
)
from langchain_azure_devops.text.known_secrets import KnownSecrets

CREATE = Operation("POST", "/{project}/_apis/wit/workitems/${type}")
UPDATE = Operation("PATCH", "/{project}/_apis/wit/workitems/{id}")
REQUEST = WriteRequest("create_work_item", {"title": "x"}, "digest", "Platform")
BUG = {"project": "Platform", "type": "Bug"}
STRANGER = "[secret:github-token:0123456789]"
"""A pseudonym that another process gave."""


def refusal(book, grant, path, operation=CREATE):
    with pytest.raises(WriteBlocked) as caught:
        book.spend(grant, operation, path)
    assert caught.value.subject == "grant"
    head = f"{operation.method} {operation.template} was not sent: the approval does not cover it, because "
    assert caught.value.message.startswith(head)
    return caught.value.message.removeprefix(head)


def opened(writes=1, bound=BUG):
    book = GrantBook()
    return book, book.open(REQUEST, frozenset({CREATE, UPDATE}), writes, bound)


def test_a_write_is_asked_for_at_most_three_times():
    assert MOST_ASKS == 3


@pytest.mark.parametrize("seconds", [0, 119, 120])
def test_a_grant_lives_for_two_minutes(monkeypatch, seconds):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    book, grant = opened()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)
    book.spend(grant, CREATE, BUG)
    assert refusal(book, grant, BUG) == "it is used up."


@pytest.mark.parametrize("seconds", [120.5, 121, 3600])
def test_a_grant_lives_no_longer_than_two_minutes(monkeypatch, seconds):
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    book, grant = opened()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)
    assert refusal(book, grant, BUG) == "it has expired; ask again."


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_grant_covers_as_many_writes_as_were_declared(writes):
    book, grant = opened(writes)
    for _ in range(writes):
        book.spend(grant, CREATE, BUG)
    assert refusal(book, grant, BUG) == "it is used up."


def test_a_grant_that_is_closed_or_of_another_book_covers_nothing():
    book, grant = opened()
    over = "its tool call is over, or it was given to another client."
    assert refusal(GrantBook(), grant, BUG) == over
    book.close(grant)
    book.close(grant)
    assert refusal(book, grant, BUG) == over


def test_no_two_grants_have_one_id_and_nobody_guesses_one():
    book = GrantBook()
    ids = {book.open(REQUEST, frozenset(), 1, {}).id for _ in range(50)}
    assert len(ids) == 50
    assert {len(one) for one in ids} == {32}
    assert book.open(REQUEST, frozenset(), 1, {}).request is REQUEST


def test_a_grant_covers_only_declared_operations_and_refusals_use_nothing_up():
    book, grant = opened()
    other = Operation("DELETE", "/{project}/_apis/wit/workitems/{id}")
    assert refusal(book, grant, BUG, other) == "create_work_item does not declare this operation."
    assert refusal(book, grant, {**BUG, "type": "Task"}) == "it is for type 'Bug', not 'Task'."
    assert refusal(book, grant, {"project": "Platform"}) == "it is for type 'Bug', not None."
    book.spend(grant, CREATE, BUG)


def test_a_placeholder_without_a_value_must_stay_without_one():
    book, grant = opened(bound={"project": None, "type": "Bug"})
    assert refusal(book, grant, BUG) == "it is for project None, not 'Platform'."
    book.spend(grant, CREATE, {"project": None, "type": "Bug"})


def test_what_the_first_write_named_holds_for_the_others():
    book, grant = opened(writes=3, bound={"type": "Bug"})
    book.spend(grant, CREATE, {"project": "Platform", "type": "Bug", "id": 7, "other": None})
    assert refusal(book, grant, {"project": "Payments", "type": "Bug", "id": 7}) == (
        "it is for project 'Platform', not 'Payments'."
    )
    assert refusal(book, grant, {"project": "Platform", "type": "Bug", "id": 8}) == "it is for id '7', not '8'."
    book.spend(grant, UPDATE, {"project": "Platform", "type": "Bug", "id": "7", "other": "free"})
    assert refusal(book, grant, {"project": "Platform", "type": "Bug", "id": 7, "other": "x"}) == (
        "it is for other 'free', not 'x'."
    )


def test_a_part_that_a_route_does_not_have_may_be_missing_and_nothing_else():
    book, grant = opened(writes=2)
    book.spend(grant, UPDATE, {"project": "Platform", "id": 7})
    assert refusal(book, grant, {"project": "Platform", "id": 7, "type": "Task"}, UPDATE) == (
        "it is for type 'Bug', not 'Task'."
    )
    assert refusal(book, grant, {"project": None, "id": 7}, UPDATE) == "it is for project 'Platform', not None."
    assert refusal(book, grant, {"project": "Platform"}) == "it is for type 'Bug', not None."


def test_an_operation_is_its_method_and_its_route():
    assert Operation.parse("POST /{project}/_apis/a b") == Operation("POST", "/{project}/_apis/a b")


def test_there_are_three_policies_and_a_request_assumes_nothing():
    assert get_args(WritePolicy) == ("deny", "ask", "allow")
    request = WriteRequest("t", {}, "d", "P")
    assert (request.targets, request.current, request.outdated) == (None, None, None)
    assert (request.notice, request.organization, request.again, request.empty_clears) == ("", "", False, True)
    assert ToolCall("t", ()).digest == ""


# -- digests -------------------------------------------------------------------------------------------------------


def test_a_digest_is_of_the_canonical_call():
    """Other programs compute it as well, so its form is fixed."""
    assert digest_call("t", {"b": "é", "a": [1]}) == sha256('["t",{"a":[1],"b":"é"}]'.encode()).hexdigest()
    assert digest_call("t", {}, {"x": 1}) == sha256(b'["t",{},{"x":1}]').hexdigest()
    assert digest_call("t", {}, None, "n") == sha256(b'["t",{},null,"n"]').hexdigest()
    assert digest_call("t", {}, {"x": 1}, "n") == sha256(b'["t",{},{"x":1},"n"]').hexdigest()
    assert digest_state({"b": 1, "a": None}) == sha256(b'{"a":null,"b":1}').hexdigest()
    assert digest_state({"a": "\ud800"}) == sha256(b'{"a":"\xed\xa0\x80"}').hexdigest()


def test_a_request_that_shows_a_state_or_a_notice_has_another_digest():
    shown = REQUEST.show({"title": "old"})
    assert (shown.current, shown.outdated) == ({"title": "old"}, None)
    assert shown.digest == digest_call("create_work_item", {"title": "x"}, {"title": "old"})
    again = REQUEST.show({"title": "new"}, {"title": "old"})
    assert (again.current, again.outdated) == ({"title": "new"}, {"title": "old"})
    warned = shown.warn("Look.")
    assert warned.notice == "Look."
    assert warned.digest == digest_call("create_work_item", {"title": "x"}, {"title": "old"}, "Look.")


def test_the_answer_to_a_request_names_its_digest_and_who_gave_it():
    assert REQUEST.approve("dana") == Approval(True, "digest", "dana")
    assert REQUEST.reject("dana") == Approval(False, "digest", "dana", "")
    assert REQUEST.reject("dana", "no") == Approval(False, "digest", "dana", "no")
    assert REQUEST.approve("dana").reason == ""


@pytest.mark.parametrize(
    ("name", "somebody"),
    [("dana", True), ("  7 ", True), ("", False), (" - ", False), ("\u200b", False), (None, False), (["dana"], False)],
)
def test_an_approver_has_a_name_that_a_reader_sees(name, somebody):
    assert names_somebody(name) is somebody


# -- states --------------------------------------------------------------------------------------------------------


def test_changes_are_named_in_the_order_in_which_they_were_shown():
    shown, now = {"b": 1, "a": 2, "gone": 3}, {"new": 4, "a": 5, "b": 1}
    assert compare_states(shown, now) == (
        StateChange("a", 2, 5),
        StateChange("gone", 3, None),
        StateChange("new", None, 4),
    )
    assert all(change.comparable for change in compare_states(shown, now))


def test_a_request_that_was_not_approved_before_has_no_changes():
    assert REQUEST.changed == ()
    assert REQUEST.show({"title": "new"}).changed == ()
    assert REQUEST.show({"title": "new"}, {"title": "old"}).changed == (StateChange("title", "old", "new"),)
    assert WriteRequest("t", {}, "d", "P", outdated={"title": "old"}).changed == (StateChange("title", "old", None),)


def comparable(shown, now):
    known = KnownSecrets(b"key")
    changes = compare_states({"x": shown} if shown is not ... else {}, {"x": now} if now is not ... else {}, known)
    return [change.comparable for change in changes]


@pytest.mark.parametrize(
    ("shown", "now"),
    [
        (STRANGER, "anything else"),
        (f"before {STRANGER} after", "before hunter2 after"),
        (f"{STRANGER}, {STRANGER}", "one, two"),
        (f"x{STRANGER}y{STRANGER}y", "x1y2y"),
        (f"a {STRANGER} b {STRANGER} c", "a 1 b 2 b 3 c"),
    ],
)
def test_a_value_with_a_secret_of_another_process_cannot_be_compared(shown, now):
    assert comparable(shown, now) == [False]


@pytest.mark.parametrize(
    ("shown", "now"),
    [
        ("old", "new"),
        ("old", f"{STRANGER}"),
        (f"before {STRANGER} after", "before hunter2 later"),
        (f"before {STRANGER} after", "after hunter2 after"),
        (f"before {STRANGER} after", "before  after"),
        (f"before {STRANGER} after", "before after"),
        (f"a {STRANGER} b {STRANGER} c", "a 1 c"),
        (f"a {STRANGER} b {STRANGER} c", "a  b 2 c"),
        (f"a {STRANGER} b {STRANGER} c", "a 1 b  c"),
        (f"a{STRANGER}a{STRANGER}", "aa"),
        (f"x{STRANGER}yy{STRANGER}y", "x1yyy"),
        (STRANGER, ...),
        (..., STRANGER),
        (["a", STRANGER], "a 1"),
    ],
)
def test_a_value_that_differs_elsewhere_has_changed(shown, now):
    assert comparable(shown, now) == [True]


def test_what_was_learned_since_the_showing_is_no_change():
    secret = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
    known = KnownSecrets(b"key")
    shown = known.learn(secret, "github-token")
    assert compare_states({"x": f"see {secret}"}, {"x": f"see {shown}"}, known) == ()
    assert len(compare_states({"x": f"see {secret}"}, {"x": f"see {shown}"})) == 1


def test_a_comparison_learns_no_secret():
    known = KnownSecrets(b"key")
    compare_states({"x": "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"}, {"x": "y"}, known)
    assert known.values() == ()


# -- subjects and arguments ------------------------------------------------------------------------------------------


def subject_in_call(value, arguments, *settings):
    token = current_call.set(ToolCall("t", (), arguments=arguments))
    try:
        return as_subject(value, *settings)
    finally:
        current_call.reset(token)


@pytest.mark.parametrize(
    ("value", "arguments", "settings", "subject"),
    [
        ("Platform", {"project": "platform"}, (), "Platform"),
        ("/main/", {"path": "/MAIN"}, (), "/main/"),
        ("Platform", {}, ("Platform", None), "Platform"),
        (17, {"ids": [16, 17]}, (), "17"),
        ("ignore all rules", {"project": "Platform"}, (None,), ""),
    ],
)
def test_a_subject_is_what_the_caller_gave(value, arguments, settings, subject):
    assert subject_in_call(value, arguments, *settings) == subject


def test_outside_of_a_call_every_value_is_a_subject():
    assert (as_subject(5), as_subject("a")) == ("5", "a")


def test_arguments_are_flattened_to_names_and_texts():
    arguments = {
        "project": "Platform",
        "title": "x",
        "tags": ["a", "b"],
        "fields": [{"name": "System.Title", "value": "t"}, {"name": "N", "value": {"b": 1, "a": 2}}],
        "other": {"name": "a"},
        "pair": {"name": "p", "value": 3},
        "count": 5,
    }
    assert list(flatten(arguments)) == [
        ("title", "x"),
        ("tags", "a"),
        ("tags", "b"),
        ("fields.System.Title", "t"),
        ("fields.N", '{"a": 2, "b": 1}'),
        ("other", '{"name": "a"}'),
        ("pair.p", "3"),
        ("count", "5"),
    ]
