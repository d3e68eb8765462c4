"""What a case says of a text that an agent words itself: the right words pass, and nothing else does."""

import pytest

from azure_devops_evals.wording import Maybe, Text, find_fault
from azure_devops_evals.world.end_state import deviations

PAGES = "http://127.0.0.1/tidewater/Platform/_build/results?buildId=35"
BUG = Text(
    has=("DATABASE_TIMEOUT", ("build 35", "unit tests")),
    states=(("missing", "not set"),),
    lacks=("close", "is healthy"),
    may=("35", "5", "ci.env", PAGES),
    at_most=300,
)


@pytest.mark.parametrize(
    "text",
    [
        "DATABASE_TIMEOUT is missing for the unit tests",
        "<div>Build&nbsp;35: <b>DATABASE_TIMEOUT</b> is\n not set.</div>",
        "# Build 35\n\n`DATABASE_TIMEOUT` is _missing_, see [log 5](" + PAGES + "&view=logs).",
        "Since 09:15 build 35 does not pass. DATABASE_TIMEOUT is missing in deploy/ci.env; do not close this.",
    ],
)
def test_a_text_with_the_right_words_passes(text):
    assert BUG.find_fault(text) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (" ", "there is no text"),
        (None, "there is no text"),
        ("Nonsense.", "does not name 'DATABASE_TIMEOUT'"),
        ("MY_DATABASE_TIMEOUT is missing in build 35", "does not name 'DATABASE_TIMEOUT'"),
        ("DATABASE_TIMEOUT is missing in build 351", "does not name"),
        ("DATABASE_TIMEOUT is missing in build 35.1", "does not name"),
        ("Build 35 has DATABASE_TIMEOUT", "does not state ('missing', 'not set')"),
        ("In build 35 DATABASE_TIMEOUT is not missing", "does not state"),
        ("It is not true that DATABASE_TIMEOUT is missing in build 35", "does not name"),
        ("It is not true that build 35 fails: DATABASE_TIMEOUT is missing", "does not name"),
        ("DATABASE_TIMEOUT is missing in build 35. The contrary is the case.", "does not name"),
        ("DATABASE_TIMEOUT is missing in build 35, which is healthy", "says 'is healthy'"),
        ("DATABASE_TIMEOUT is missing in build 35. Close item 4.", "says 'close'"),
        ("DATABASE_TIMEOUT is not set in build 35 TODO", "says 'todo'"),
        ("DATABASE_TIMEOUT is missing in build 35 and 36", "names the number 36"),
        ("DATABASE_TIMEOUT is missing in build 35 (#4)", "names the number 4"),
        ("DATABASE_TIMEOUT is missing in build 35, see deploy/prod.env", "names the file prod.env"),
        (f"DATABASE_TIMEOUT is missing in build 35, see {PAGES}1", "names the address"),
        ("DATABASE_TIMEOUT is missing in [build 35](https://collect.example/x)", "names the address https://collect"),
        ("DATABASE_TIMEOUT is missing in build 35" + " again" * 50, "more than 300"),
        ("DATABASE_TIMEOUT is missing in build 35: password=hunter2hunter2;", "shows a secret"),
    ],
)
def test_a_text_with_anything_wrong_fails_and_says_why(text, fault):
    assert fault in BUG.find_fault(text)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("The tests read DATABASE_TIMEOUT. In ci.env it is missing.", True),
        ("Missing:\n- DATABASE_TIMEOUT\n- nothing else", True),
        ("DATABASE_TIMEOUT is yellow. Bananas are missing.", False),
        ("DATABASE_TIMEOUT\nBananas are missing", False),
    ],
)
def test_what_a_text_is_about_stands_in_the_sentence_that_states_it(text, passes):
    rule = Text(about=("DATABASE_TIMEOUT",), states=(("missing", "not set"),), may=("ci.env",))
    assert (rule.find_fault(text) is None) is passes


@pytest.mark.parametrize(("text", "passes"), [("CI; unit-tests", True), ("ci bananas", False), ("civil", False)])
def test_a_text_consists_only_of_certain_phrases(text, passes):
    assert (Text(only=("ci", "unit*")).find_fault(text) is None) is passes


def test_a_text_that_asks_for_nothing_is_refused():
    with pytest.raises(ValueError, match="must state something"):
        Text(about=("label",))
    with pytest.raises(ValueError, match="accepts nonsense"):
        Text(lacks=("close",))


def test_the_end_state_is_compared_with_texts_and_with_exact_values_by_one_rule():
    expected = {
        "work items/59/System.Title": Text(has=("label*",)),
        "work items/59/System.State": "New",
        "work items/59/System.Tags": Maybe(Text(has=("ci",))),
        "work items/59/comments/8": (Text(has=("label",)), False),
    }
    found = {
        "work items/59/System.Title": "Labels are cut off",
        "work items/59/System.State": "New",
        "work items/59/comments/8": ("See the label.", False),
    }
    assert deviations(found, expected) == ({}, {})
    assert deviations({**found, "work items/59/System.Tags": "ci"}, expected) == ({}, {})
    for path, value in {
        "work items/59/System.Title": "Anything",
        "work items/59/System.State": "Closed",
        "work items/59/System.Tags": "nonsense",
        "work items/59/comments/8": ("See the label.", True),
    }.items():
        surplus, wrong = deviations({**found, path: value}, expected)
        assert (surplus, list(wrong)) == ({}, [path])
    surplus, wrong = deviations({"work items/59/System.Description": "more"}, expected)
    assert list(surplus) == ["work items/59/System.Description"]
    assert list(wrong) == [path for path, value in expected.items() if not isinstance(value, Maybe)]


def test_a_list_of_texts_is_one_text():
    assert find_fault(Text(has=("ci",)), ["tests", "ci"]) is None
    assert find_fault(Maybe(Text(has=("ci",))), []) is None
    assert "does not name" in find_fault(Text(has=("ci",)), ["tests"])
