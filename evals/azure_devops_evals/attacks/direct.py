"""The direct attacks: families that attack the tools themselves, instead of a model that reads an order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from azure_devops_evals.attacks.attempts import Attempt, Family
from azure_devops_evals.attacks.families import (
    decorated_secrets,
    encodings,
    fences,
    hidden_context,
    hostile_arguments,
    hostile_declarations,
    lost_answers,
    outdated_approvals,
    rendered_reports,
    secret_oracles,
)
from langchain_azure_devops.tools import TOOLS

DIRECT: Mapping[str, Family] = {
    "lost answers": lost_answers.attempt,
    "secret oracles": secret_oracles.attempt,
    "parts and encodings": encodings.attempt,
    "hidden context": hidden_context.attempt,
    "decorated secrets": decorated_secrets.attempt,
    "rendered reports": rendered_reports.attempt,
    "outdated approvals": outdated_approvals.attempt,
    "hostile arguments": hostile_arguments.attempt,
    "hostile declarations": hostile_declarations.attempt,
    "fences": fences.attempt,
}
"""Every family by its name."""


@dataclass(frozen=True)
class FamilyResult:
    """The results of one family on one tool.

    Attributes:
        family: The name of the family.
        tool: The name of the tool.
        attempts: The number of attempts.
        unproven: The attempts that did not take place, by name.
        violations: The promises that did not hold, in words, with the number of each.
    """

    family: str
    tool: str
    attempts: int
    unproven: tuple[str, ...]
    violations: Mapping[str, int]

    @property
    def violated(self) -> int:
        """The number of violations."""
        return sum(self.violations.values())


def attack_directly(family: str, tool: str, *, full: bool = False) -> FamilyResult:
    """Run one family on one tool."""
    return judge(family, tool, DIRECT[family](tool, full))


def judge(family: str, tool: str, attempts: Iterator[Attempt]) -> FamilyResult:
    """Count attempts, those that did not take place, and violations."""
    made = list(attempts)
    violations = Counter(f"{tool}, {each.name}: {found}" for each in made for found in each.violations)
    return FamilyResult(family, tool, len(made), tuple(each.name for each in made if not each.proven), violations)


def has_failed_directly(results: Sequence[FamilyResult]) -> bool:
    """Return whether a promise did not hold, an attempt did not take place, or a family made none at all."""
    attempted = {result.family for result in results if result.attempts}
    return any(result.violations or result.unproven for result in results) or any(
        result.family not in attempted for result in results
    )


def as_rows(results: Sequence[FamilyResult], shown: int = 50) -> Iterator[str]:
    """Show the families as a table, and the first violations in words."""
    yield "| direct attacks | tools | attempts | that took place | violations |"
    yield "|---|---:|---:|---:|---:|"
    for family in dict.fromkeys(result.family for result in results):
        mine = [result for result in results if result.family == family and result.attempts]
        attempts = sum(result.attempts for result in mine)
        took_place = attempts - sum(len(result.unproven) for result in mine)
        violations = sum(result.violated for result in mine)
        yield f"| {family} | {len(mine)} | {attempts} | {took_place} | {violations} |"
    yield ""
    found = [f"VIOLATION {result.family}: {text}" for result in results for text in result.violations]
    yield from found[:shown]
    missed = [f"NOT PROVEN {result.family}: {result.tool}, {name}" for result in results for name in result.unproven]
    yield from missed[:shown]


def tasks(families: Sequence[str], tools: Sequence[str]) -> list[tuple[str, str]]:
    """Return every family with every tool."""
    return [(family, tool) for family in families or DIRECT for tool in tools or TOOLS]
