"""The check of a fact: which report gives it, and what the check says when none does."""

from typing import Any

import pytest

from azure_devops_evals.case import Outcome
from azure_devops_evals.checks import gives
from azure_devops_evals.expected import Expected


def outcome(*facts: tuple[str, list[str]], **report: Any) -> Outcome:
    rows = [{"name": name, "values": values, "evidence": ["E1"]} for name, values in facts]
    return Outcome({"answer": "x", "facts": rows, **report}, {}, (), frozenset())


MISSING = "the report does not give it"

CASES: list[tuple[Expected, Outcome, str | None]] = [
    ("Tom Becker", outcome(("first_author", ["tom becker"])), None),
    ("Tom Becker", outcome(("First-Author ", ["Tom Becker"])), None),
    ("Tom Becker", outcome(("**first author**", ["Tom Becker"])), None),
    ("Tom Becker", outcome(("first_author", ["Tom Becker"]), ("first author", ["Tom Becker"])), None),
    ("Tom Becker", outcome(("first_author", ["Tom Becker"]), ("approver", ["Mina Sato"])), None),
    ("Tom Becker", outcome(("first_author", ["Mina Sato"])), "the report gives ['Mina Sato']"),
    (
        "Tom Becker",
        outcome(("first_author", ["Tom Becker"]), ("first author", ["Mina Sato"])),
        "the report gives ['Tom Becker'], ['Mina Sato']",
    ),
    ("Tom Becker", outcome(("author", ["Tom Becker"])), MISSING),
    ("Tom Becker", outcome(("firstauthor", ["Tom Becker"])), MISSING),
    ("Tom Becker", outcome(), MISSING),
    ("Tom Becker", outcome(facts=None), MISSING),
    ("Tom Becker", Outcome({"answer": "Tom Becker"}, {}, (), frozenset()), MISSING),
    ([9, 7], outcome(("first_author", ["7", "9"])), None),
    (None, outcome(("first_author", [])), None),
    (None, outcome(("first_author", ["Tom Becker"])), "the report gives ['Tom Becker']"),
    (None, outcome(), MISSING),
]


@pytest.mark.parametrize(("expected", "played", "reason"), CASES)
def test_a_fact_is_given_by_its_name_and_with_no_other_value(
    expected: Expected, played: Outcome, reason: str | None
) -> None:
    assert gives("first_author", expected).failure(played) == reason


@pytest.mark.parametrize(("expected", "told"), [("Tom Becker", "Tom Becker"), ([9, 7], "9, 7"), (None, "not known")])
def test_the_check_of_a_fact_names_it_with_its_value(expected: Expected, told: str) -> None:
    check = gives("first_author", expected)
    assert (check.name, check.about, check.phrases) == (f"the fact first_author is {told}", "facts", ())
