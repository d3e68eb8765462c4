"""The rules of the failure view: data, of which each finds its own example."""

import ast
from pathlib import Path

import pytest
from failure_views import QUIET, STAMP, view_of

from langchain_azure_devops.tools import failure_view
from langchain_azure_devops.tools.failure_view.rules import load_families

RULES = [(family, rule) for family, each in load_families().items() for rule in each.rule]
NAMES = [f"{family}: {rule.name}" for family, rule in RULES]
FOLDER = Path(failure_view.__file__).parent


def stands_in(hint: str, line: str) -> bool:
    return line.lower().startswith(hint[1:]) if hint.startswith("^") else hint in line.lower()


def test_every_file_of_rules_is_a_family_and_no_rule_has_the_name_of_another():
    assert {path.stem for path in (FOLDER / "rules").glob("*.toml")} == set(load_families())
    assert len(load_families()) >= 6
    assert len({rule.name for _, rule in RULES}) == len(RULES) > 60


@pytest.mark.parametrize(("family", "rule"), RULES, ids=NAMES)
def test_a_rule_matches_its_example_which_holds_one_of_its_hints(family, rule):
    assert rule.pattern.search(rule.example), family
    assert [hint for hint in rule.hints if stands_in(hint, rule.example)]
    assert [hint for hint in rule.hints if hint != hint.lower() or not hint.strip("^")] == []
    assert 0 < rule.score <= 1
    assert rule.fading >= 0
    assert all(0 <= inner.share <= 1 for inner in rule.inner)


@pytest.mark.parametrize(("family", "rule"), RULES, ids=NAMES)
def test_the_example_of_a_rule_is_shown_wherever_it_stands_in_a_log(family, rule):
    quiet = QUIET[:400]
    shown = dict(view_of([f"{STAMP}{line}" for line in [*quiet, rule.example, *quiet]]).lines)
    assert shown.get(len(quiet) + 1) == rule.example.rstrip(), family


@pytest.mark.parametrize(("family", "rule"), [(f, r) for f, r in RULES if all(h[0] == "^" for h in r.hints)])
def test_a_hint_for_the_beginning_of_a_line_is_not_looked_for_inside_of_it(family, rule):
    line = f"copy {rule.example[:60]}"
    beginning = {hint for _, each in RULES for hint in each.hints if stands_in(hint, line)}
    assert not beginning.intersection(rule.hints), family


def test_no_code_knows_a_rule():
    """A family of tools is a file: what a tool writes stands in no module."""
    hints = {hint.strip("^ ") for _, rule in RULES for hint in rule.hints} - {""}
    told = {hint for hint in hints if len(hint) > 4 and not hint.startswith("##[")}
    assert len(told) > 100
    found = []
    for path in FOLDER.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs]
        found += [
            (path.name, text.value, hint)
            for text in texts
            if isinstance(text.value, str) and not text.value.startswith(("##[", r"##\["))
            for hint in told
            if hint in text.value.lower()
        ]
    # The last two are the kinds of failures, which are the same for all tools.
    assert {each for each in found if each[1] not in {"test", "build", "permission", "dependency"}} == set()
