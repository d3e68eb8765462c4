"""Secrets in a failure view: recognized by all that the log says of them, and never shown in part."""

import base64
import random
import string

import pytest
from failure_views import QUIET, STAMP, view_of

from langchain_azure_devops.text.secrets import PSEUDONYM

R = random.Random(11)  # noqa: S311 - made-up data
SECRET = "Zx9kQ2mW7vB4nT6y"
FAILS = f"error: login with {SECRET} was refused"
NAMED = [f'password = "{SECRET}"', f"export DB_PASSWORD={SECRET}", f"- name: DB_PASSWORD\n  value: {SECRET}"]
KEY = [
    "-----BEGIN RSA PRIVATE KEY-----",
    *(base64.b64encode(R.randbytes(48)).decode() for _ in range(60)),
    "-----END RSA PRIVATE KEY-----",
]
TOKENS = {
    "PAT": "".join(R.choices(string.ascii_lowercase + "234567", k=52)),
    "GitHub": "ghp_" + "".join(R.choices(string.ascii_letters + string.digits, k=36)),
}
LONG = QUIET * 5
"""More than a block of the log that is redacted at once."""


def leaks(secret, text):
    return any(secret[start : start + 12] in text for start in range(len(secret) - 11))


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("between", [[], QUIET, LONG * 2], ids=["near", "far", "very far"])
@pytest.mark.parametrize("first", [True, False], ids=["named before", "named behind"])
@pytest.mark.parametrize("stamped", [False, True], ids=["plain", "with stamps"])
def test_a_secret_that_is_named_anywhere_is_not_shown_where_it_stands_alone(named, between, first, stamped):
    stamp = STAMP if stamped and "\n" not in named else ""
    parts = [named.split("\n"), between, [FAILS]] if first else [[FAILS], between, named.split("\n")]
    lines = [*QUIET, *(line for part in parts for line in part), *QUIET]
    text = view_of(f"{stamp}{line}" for line in lines).text
    assert "error: login with " in text
    assert SECRET not in text
    assert PSEUDONYM.search(text)


@pytest.mark.parametrize("lines", [QUIET[:9], LONG], ids=["short", "long"])
@pytest.mark.parametrize("behind", [True, False])
def test_no_line_of_a_private_key_is_shown_because_it_stands_beside_a_failure(lines, behind):
    failure = "fatal: the key cannot be read"
    text = view_of([*lines, *([*KEY, failure] if behind else [failure, *KEY]), *lines]).text
    assert failure in text
    assert not [line for line in KEY[1:-1] if line in text]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("lines", [QUIET[:9], LONG], ids=["short", "long"])
@pytest.mark.parametrize("size", [100, 3_970, 7_950, 7_980, 131_000])
def test_no_part_of_a_token_is_shown_where_a_long_line_is_cut(token, lines, size):
    for line in (f"{'x' * size} error: push {token} end", f"error: push {'x' * size} {token} error: end"):
        assert not leaks(token, view_of([*lines, line, *lines]).text)


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_no_token_is_shown_at_the_borders_of_the_windows(token):
    for place in range(1_000, 6_500, 411):
        lines = [*LONG[:place], f"error: push {token} end", *LONG[place:]]
        text = view_of(lines).text
        assert "error: push [" in text, place
        assert not leaks(token, text), place


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("colour", ["\x1b[31m", "\u200b", "\x1b]0;x\x07"], ids=["colour", "invisible", "title"])
def test_a_token_with_colours_inside_is_recognized(token, colour):
    line = f"error: push {token[:20]}{colour}{token[20:]} end"
    assert not leaks(token, view_of([*LONG, line, *LONG]).text)
