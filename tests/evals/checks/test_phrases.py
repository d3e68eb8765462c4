"""What a text states and claims: the names of numbered things, results that are negated, and words in any order."""

from itertools import product

import pytest

from azure_devops_evals.checks.phrases import claims, mentions, states

KINDS = (
    ("build", "run"),
    ("pull request", "request", "pr"),
    ("work item", "item", "bug", "issue", "task", "story", "feature", "epic"),
)
NAMES = [(name, kind) for kind in KINDS for name in kind]
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@pytest.mark.parametrize(("asked", "told"), list(product(NAMES, NAMES)), ids=lambda name: name[0])
def test_a_number_is_told_by_any_name_of_its_kind_and_by_none_of_another(asked, told):
    assert states(f"It is known as {told[0]} 12 there.", f"{asked[0]} 12") is (asked[1] == told[1])


@pytest.mark.parametrize("name", ["number", "no.", "nr."])
def test_a_number_without_a_kind_may_stand_alone(name):
    assert states("It is 12.", f"{name} 12")
    assert states(f"It is build {name} 12.", "build 12")


@pytest.mark.parametrize("month", MONTHS)
def test_a_day_is_no_number_of_a_thing(month):
    assert not states(f"It was on {month} 12.", "build 12")
    assert not states(f"It was on 12 {month} 2026.", "build 12")


@pytest.mark.parametrize(
    ("text", "phrase", "stated"),
    [
        ("No build of main passed.", "passed", False),
        ("No request not merged stays open.", "not merged", True),
        ("Tom did six.", "did (six|6)", True),
        ("Tom has six.", "did (six|6)", False),
        ("Tom did seven.", "did (six|6)", False),
        ("Tom wrote it and Mina read it.", "Tom .. read", True),
        ("Tom wrote it. Mina read it.", "Tom .. read", False),
        ("Tom wrote build 35 and 36.", "Tom .. (35|36) and 36", True),
    ],
)
def test_a_phrase_is_stated_word_by_word(text, phrase, stated):
    assert states(text, phrase) is stated


def test_a_question_may_name_a_thing_by_its_number_and_a_claim_may_not():
    assert mentions("Do you mean 35?", "build 35")
    assert not claims("It is 35.", "build 35")
    assert claims("It is build 35.", "build 35")
