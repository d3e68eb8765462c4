"""Checks of the facts that a report gives by name: the part of an answer that a program can compare exactly."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from azure_devops_evals.case import Check, Outcome
from azure_devops_evals.expected import Expected, is_same, spell


def gives(name: str, expected: Expected) -> Check:
    """Check that the report gives a fact with the expected value, and nowhere with another one."""
    told = ", ".join(spell(expected)) or "not known"

    def failure(outcome: Outcome) -> str | None:
        given = values_of(outcome.report, name)
        if given and all(is_same(expected, values) for values in given):
            return None
        return f"the report gives {', '.join(map(repr, given))}" if given else "the report does not give it"

    return Check(f"the fact {name} is {told}", failure, about="facts")


def values_of(report: Mapping[str, Any], name: str) -> list[Sequence[str]]:
    """Return the values of each fact with this name; blanks, hyphens and underlines in names are the same."""
    return [fact["values"] for fact in report.get("facts") or () if _fold(fact["name"]) == _fold(name)]


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()
