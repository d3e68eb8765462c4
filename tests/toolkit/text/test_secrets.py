"""Secrets in a text, to the character: where they stand, what is left of the text, and what is told of them."""

import base64

import pytest

from langchain_azure_devops.text.secrets import (
    contains_secret,
    find_secrets,
    make_pseudonym,
    redact,
    redact_all,
    remove_token,
)

KEY = b"test key"
TOKEN = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
OTHER = "ghp_Bq8nW2kL6vX0zT4mR9cJ5hD1fY7gP3sUaKeN"
SHOWN = make_pseudonym(TOKEN, "github-token", KEY)
OTHER_SHOWN = make_pseudonym(OTHER, "github-token", KEY)


def places(text):
    return sorted((found.kind, found.secret, found.parts) for found in find_secrets(text))


def test_a_pseudonym_is_a_digest_with_the_key_and_names_the_kind():
    assert SHOWN == "[secret:github-token:cf94c76739]"
    assert make_pseudonym("\ud800", "password", KEY).startswith("[secret:password:")
    assert make_pseudonym(TOKEN, "github-token", b"other") != SHOWN


@pytest.mark.parametrize(
    ("before", "between", "after"),
    [("", " ", ""), ("a ", " and ", " b"), ("\n", "\n", "\n"), ("see ", " ", ".")],
)
def test_only_the_secrets_are_replaced(before, between, after):
    text = f"{before}{TOKEN}{between}{OTHER}{after}"
    told = []
    assert redact(text, KEY, lambda *pair: told.append(pair)) == f"{before}{SHOWN}{between}{OTHER_SHOWN}{after}"
    assert sorted(told) == sorted([(SHOWN, TOKEN), (OTHER_SHOWN, OTHER)])
    start, second = len(before), len(before) + len(TOKEN) + len(between)
    assert places(text) == sorted(
        [
            ("github-token", TOKEN, ((start, start + len(TOKEN)),)),
            ("github-token", OTHER, ((second, second + len(OTHER)),)),
        ]
    )


@pytest.mark.parametrize("text", ["", "nothing here", "aaaaaa\nbbbbbb", "a" * 90])
def test_a_text_without_a_secret_is_the_same_object(text):
    told = []
    assert redact(text, KEY, lambda *pair: told.append(pair)) is text
    assert (told, places(text), contains_secret(text)) == ([], [], False)


def test_a_text_with_a_secret_contains_one():
    assert contains_secret(f"a {TOKEN}")
    assert not contains_secret(f"a {SHOWN}")


def test_what_a_pseudonym_replaced_is_not_replaced_again():
    text = f"password={SHOWN} and {TOKEN}"
    assert redact(text, KEY) == f"password={SHOWN} and {SHOWN}"
    assert redact(f"{SHOWN}{SHOWN}", KEY) == f"{SHOWN}{SHOWN}"


def test_a_secret_inside_another_is_part_of_it_wherever_it_stands_among_others():
    key = f"-----BEGIN PRIVATE KEY-----\n{TOKEN}\n-----END PRIVATE KEY-----"
    shown = make_pseudonym(key, "private-key", KEY)
    assert redact(f"{OTHER} {OTHER} {key} {OTHER}", KEY) == f"{OTHER_SHOWN} {OTHER_SHOWN} {shown} {OTHER_SHOWN}"
    assert redact(key, KEY) == shown
    assert places(key) == [("private-key", key, ((0, len(key)),))]


BREAKS = {
    "a line": "\n",
    "windows": "\r\n",
    "spaces around": "  \n    ",
    "a quote": "\"\n  '",
    "a table": " |\n| ",
    "a quoted mail": "\n> ",
    "a comment": "\n# ",
    "a continued line": "\\\n",
    "a time": "\n2026-11-20T10:11:12.1234567Z ",
}


@pytest.mark.parametrize("around", [("", ""), ("see ", " end"), ("first\n", "\nlast")], ids=repr)
@pytest.mark.parametrize("cut", [8, 20, 32])
@pytest.mark.parametrize("name", BREAKS)
def test_a_secret_that_a_line_break_splits_is_found_with_both_its_parts(name, cut, around):
    before, after = around
    text = f"{before}{TOKEN[:cut]}{BREAKS[name]}{TOKEN[cut:]}{after}"
    first, second = len(before), len(before) + cut + len(BREAKS[name])
    parts = ((first, first + cut), (second, second + len(TOKEN) - cut))
    assert places(text) == [("github-token", TOKEN, parts)]
    assert redact(text, KEY) == f"{before}{SHOWN}{BREAKS[name]}{SHOWN}{after}"


def test_a_secret_over_three_lines_has_three_parts_and_two_runs_are_not_joined():
    text = f"a\n{TOKEN[:10]}\n{TOKEN[10:24]}\n{TOKEN[24:]}\nthe end\n\n{OTHER[:20]}\n{OTHER[20:]}\nb"
    assert redact(text, KEY) == f"a\n{SHOWN}\n{SHOWN}\n{SHOWN}\nthe end\n\n{OTHER_SHOWN}\n{OTHER_SHOWN}\nb"


@pytest.mark.parametrize("gap", ["\n\n", " x\n", "\n x ", "-\n-", " " * 9 + "\n", "\n" + " " * 41])
def test_what_more_than_one_line_break_separates_is_no_secret(gap):
    assert not contains_secret(f"{TOKEN[:20]}{gap}{TOKEN[20:]}")


def test_a_whole_secret_beside_a_line_break_is_found_once():
    text = f"{TOKEN}\n{OTHER}"
    assert [found[1] for found in places(text)] == sorted([TOKEN, OTHER])
    assert redact(text, KEY) == f"{SHOWN}\n{OTHER_SHOWN}"


# -- several texts -------------------------------------------------------------------------------------------------


def test_texts_are_redacted_as_one_and_stay_apart():
    told = []
    shown = redact_all(["a", f"b {TOKEN}", "", "c"], KEY, lambda *pair: told.append(pair))
    assert shown == ["a", f"b {SHOWN}", "", "c"]
    assert told == [(SHOWN, TOKEN)]
    assert redact_all([TOKEN], KEY) == [SHOWN]


def test_texts_without_a_secret_come_back_as_they_are():
    texts = ["a", "b"]
    assert redact_all(texts, KEY) is texts


def test_a_text_that_holds_the_separator_does_not_move_the_others():
    from langchain_azure_devops.text.secret_rules import BETWEEN

    assert redact_all([f"a{BETWEEN}b", f"c {TOKEN}", "d"], KEY) == ["a b", f"c {SHOWN}", "d"]


# -- the own token ---------------------------------------------------------------------------------------------------


def test_the_own_token_is_removed_in_clear_and_as_a_credential():
    basic = base64.b64encode(f":{TOKEN}".encode()).decode()
    assert remove_token(f"a {TOKEN} Basic {basic} b", TOKEN) == "a [secret:own-token] Basic [secret:own-token] b"
    assert remove_token("nothing", TOKEN) == "nothing"
