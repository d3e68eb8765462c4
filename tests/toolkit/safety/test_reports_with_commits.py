"""Reports that name hundreds of commits: nothing of them is lost, they cost little, and no secret hides among them."""

import base64
import hashlib
import random

import pytest

from langchain_azure_devops.safety import SECRET_REMOVED, ContentPolicy, has_secret, neutralize
from langchain_azure_devops.safety.secret_readings import Budget, read_in_all_ways

OWN = "https://dev.azure.com/contoso"
SECRET = "q7Zk3vN2x5Wt6mRd4HjB"
ROWS = {
    "a table": "| 2026-03-{day} 10:{minute} | {commit} | Repair the build of service {number} | Ada |",
    "a list": "- {commit}: change {number} of the pipeline, by Ada",
    "links": f"- [Commit {{number}}]({OWN}/Platform/_git/api/commit/{{commit}}) changed `src/a{{number}}.py`",
    "addresses": f"- [a.py]({OWN}/Platform/_git/api?path=%2Fsrc%2Fa.py&version=GC{{commit}}&line={{number}}) changed",
    "cells of evidence": "| E{number} | `{commit}` | {commit} |",
    "nothing else": "{commit}",
    "digests": "image {number} is sha256:{commit}{commit}",
}


def commit(number):
    return hashlib.sha1(b"commit %d" % number, usedforsecurity=False).hexdigest()


def write_rows(kind, count):
    return [
        ROWS[kind].format(commit=commit(number), number=number, day=10 + number % 20, minute=10 + number % 50)
        for number in range(count)
    ]


def write_report(rows):
    return "\n".join(["# The time line", "", *rows, "", "Commit 7 broke the build."])


def count_readings(text):
    """Return how many characters all readings of a text have."""
    budget = Budget(10**9)
    for _ in read_in_all_ways(text, budget):
        pass
    return 10**9 - budget.left


def policy(*secrets):
    return ContentPolicy((OWN,), secrets=(SECRET, *secrets))


@pytest.mark.parametrize("kind", ROWS)
def test_a_report_with_hundreds_of_commits_stays_as_it_is(kind):
    for count in (100, 400):
        report = write_report(write_rows(kind, count))
        assert neutralize(report, policy()) == report


@pytest.mark.parametrize("kind", ROWS)
def test_each_commit_costs_the_same_however_many_there_are(kind):
    """All readings have at most thirty times as many characters as the report, and four times as many for four."""
    few, many = (write_report(write_rows(kind, count)) for count in (100, 400))
    assert count_readings(many) < 30 * len(many)
    assert count_readings(many) / len(many) < 1.5 * count_readings(few) / len(few)


def _hide_numbers(secret):
    """Write the numbers of a secret's characters into words that look like commits."""
    chance, digits = random.Random(secret), "".join(str(ord(letter)) for letter in secret)  # noqa: S311 - a test
    words = []
    for at in range(0, len(digits), 24):
        letters = [*digits[at : at + 24]]
        while len(letters) < 40:
            letters.insert(chance.randrange(len(letters) + 1), chance.choice("abcdef"))
        words.append("".join(letters))
    return words


PIECES = {
    "pieces of five": [SECRET[at : at + 5] for at in range(0, 20, 5)],
    "single characters": [*SECRET],
    "as a commit in hexadecimal": [SECRET.encode().hex()],
    "in hexadecimal, reversed": [SECRET.encode().hex()[::-1]],
    "in two words of hexadecimal": ["9f" * 10 + SECRET[:10].encode().hex(), SECRET[10:].encode().hex() + "e1" * 10],
    "numbers in invented commits": _hide_numbers(SECRET),
    "pieces of Base64": [base64.b64encode(SECRET.encode()).decode()[at : at + 7] for at in range(0, 28, 7)],
    "numbers of Base64": ["".join(str(code) for code in base64.b64encode(SECRET.encode()))],
    "separate numbers of Base64": [", ".join(str(code) for code in base64.b64encode(SECRET.encode()))],
    "octal numbers of hexadecimal": ["".join(f"{code:03o}" for code in SECRET.encode().hex().encode())],
}  # fmt: skip
LAYOUTS = {
    "alone": "{piece}",
    "in the last column": "| {commit} | {piece} |",
    "in the first column": "| {piece} | {commit} |",
    "behind a commit": "{commit} {piece}",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("written", PIECES)
def test_a_secret_among_commits_is_found_and_the_rows_around_it_stay(written, layout):
    pieces = PIECES[written]
    hiding = [LAYOUTS[layout].format(piece=piece, commit=commit(1000 + at)) for at, piece in enumerate(pieces)]
    rows = write_rows("nothing else" if layout == "alone" else "a list", 40)
    report = write_report([*rows[:20], *hiding, *rows[20:]])
    shown = neutralize(report, policy())
    assert SECRET_REMOVED in shown
    assert not has_secret(shown, policy())
    assert sum(row in shown for row in rows) > 30


@pytest.mark.parametrize("kind", ROWS)
def test_a_secret_that_looks_like_a_commit_is_removed_when_it_is_known(kind):
    rows = write_rows(kind, 60)
    secret = commit(33)
    shown = neutralize(write_report(rows), policy(secret))
    assert secret not in shown
    assert secret[5:20] not in neutralize(write_report([*rows[:30], f"- {secret[5:20]}", *rows[40:]]), policy(secret))
    assert sum(row in shown for row in rows) == len(rows) - 1


def test_a_value_that_is_named_a_password_is_one_though_it_looks_like_a_commit():
    rows = write_rows("a table", 60)
    shown = neutralize(write_report([*rows[:30], f"password = {commit(5000)}", *rows[30:]]), policy())
    assert commit(5000) not in shown
    assert all(row in shown for row in rows)
