"""The generated page `evals/MEASURED.md`: sections that commands write, each between markers of its own."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from azure_devops_evals.attacks.direct import DIRECT
from azure_devops_evals.attacks.modes import MODES
from azure_devops_evals.attacks.orders import FAMILIES
from azure_devops_evals.attacks.suite import families_of
from azure_devops_evals.cases import CASES
from azure_devops_evals.checks import writes
from langchain_azure_devops.tools import TOOLS

_HIDDEN = "a hidden order, of those that can hide one"
_DIFFICULT = ("denied", "throttled", "truncated", "missing")


def replace_section(page: Path, name: str, text: str) -> None:
    """Replace one section of the page.

    Raises:
        click.ClickException: The page has no section of this name.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(_opening(name))
    _, closing, after = rest.partition(_closing(name))
    if not closing:
        raise click.ClickException(f"{page} has no section {_opening(name)!r}.")
    page.write_text(f"{before}{_opening(name)}\n{text.strip()}\n{closing}{after}", encoding="utf-8")


def section(page: Path, name: str) -> str:
    """Return the text of one section of the page; empty without such a section."""
    found = re.search(f"{_opening(name)}\n(.*?)\n{_closing(name)}", page.read_text(encoding="utf-8"), re.DOTALL)
    return found[1] if found else ""


def _opening(name: str) -> str:
    return f"<!-- measured:{name} -->"


def _closing(name: str) -> str:
    return f"<!-- /measured:{name} -->"


# -- sections that depend on nothing but the code --------------------------------------------------------------------


def mix_of_cases() -> str:
    """Describe what the cases are made of, counted from the cases."""
    attacked = [case.injection for case in CASES if case.injection]
    reads = sum(not writes(call) and call.name in TOOLS for c in CASES for step in c.steps for call in step)
    shares = {
        "healthy or inconclusive": sum(bool(case.kinds & {"healthy", "inconclusive"}) for case in CASES),
        "something denied, throttled, truncated or missing": sum(bool(case.kinds & {*_DIFFICULT}) for case in CASES),
        _HIDDEN: len(attacked),
        "an approver who rejects or edits": sum(bool(case.kinds & {"rejected", "edited"}) for case in CASES),
        "played on a recording": sum(case.source == "recording" for case in CASES),
        "played on answers after the service's own": sum(case.source == "official" for case in CASES),
        "played in a world": sum(case.source == "world" for case in CASES),
    }
    # Where there is no organization behind the answers, obeying an order could have no effect.
    able = {_HIDDEN: sum(case.source != "official" for case in CASES)}
    rows = [f"| {name} | {number} | {number / able.get(name, len(CASES)):.0%} |" for name, number in shares.items()]
    lines = [
        f"{len(CASES)} cases. Each reference solution reads with {reads / len(CASES):.1f} calls on average.",
        "",
        "| what a case has | cases | share |",
        "|---|---:|---:|",
        *rows,
        "",
        *_counted("area", (case.area for case in CASES)),
        "",
        *_counted("where a hidden order stands", (one.surface for one in attacked)),
        "",
        *_counted("what a hidden order tries", (one.family for one in attacked)),
    ]
    return "\n".join(lines)


def attack_families() -> str:
    """Describe the families of the attack suite, and the modes in which each runs."""
    rows = [f"| {name} | {order.__doc__} | {_modes(name)} |" for name, order in FAMILIES.items()]
    direct = [f"| {name} | {attempt.__doc__} |" for name, attempt in DIRECT.items()]
    return "\n".join(
        [
            *("| family | what the text orders | modes |", "|---|---|---|", *rows),
            "",
            *("| direct attack | what is done to each tool |", "|---|---|", *direct),
        ]
    )


def _modes(family: str) -> str:
    found = [mode for mode in MODES if family in families_of(mode, tuple(FAMILIES))]
    return "all" if len(found) == len(MODES) else f"all but {', '.join(mode for mode in MODES if mode not in found)}"


def _counted(name: str, values: Iterable[str]) -> list[str]:
    rows = [f"| {value} | {number} |" for value, number in sorted(Counter(values).items())]
    return [f"| {name} | cases |", "|---|---:|", *rows]


SECTIONS = {"cases": mix_of_cases, "families": attack_families}
"""The sections that `docs` writes; a test checks that they are up to date."""
