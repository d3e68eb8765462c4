"""The generated page: what depends on nothing but the code is up to date, and what was measured is complete."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from azure_devops_evals.attacks.direct import DIRECT
from azure_devops_evals.attacks.orders import FAMILIES
from azure_devops_evals.benchmarks.budgets import BUDGETS
from azure_devops_evals.cli.main import COMMANDS, group
from azure_devops_evals.cli.page import SECTIONS, section
from langchain_azure_devops import TOOLS

PAGE = Path(__file__).parents[3] / "evals" / "MEASURED.md"


def first_cells(name):
    return [row.split(" | ")[0].removeprefix("| ") for row in section(PAGE, name).splitlines() if row.startswith("| ")]


@pytest.mark.parametrize("name", SECTIONS)
def test_what_depends_on_the_code_alone_is_up_to_date(name):
    assert section(PAGE, name) == SECTIONS[name](), "out of date: azure-devops-evals docs"


def test_every_section_says_which_command_writes_it():
    text = PAGE.read_text()
    names = re.findall(r"^<!-- measured:(\w+) -->$", text, re.MULTILINE)
    assert sorted(names) == sorted([*SECTIONS, "attacks", "benchmarks"])
    commands = re.findall(r"^Written by `azure-devops-evals (\w+)", text, re.MULTILINE)
    assert len(commands) == len(names)
    assert set(commands) == {"docs", "attack", "bench"} <= set(COMMANDS)


def test_the_attacks_name_every_tool_and_every_family_and_no_violation():
    cells = first_cells("attacks")
    assert {f"read from {tool}" for tool in TOOLS} | set(FAMILIES) | set(DIRECT) <= set(cells)
    assert section(PAGE, "attacks").endswith("\n0 violations.")


def test_the_benchmarks_name_every_budget():
    measured = {re.sub(r" \([^()]*\)$", "", cell) for cell in first_cells("benchmarks")} | {*first_cells("benchmarks")}
    assert {budget.what for budget in BUDGETS.values()} <= measured


def test_a_page_without_the_section_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "other.md").write_text("# Other\n")
    done = CliRunner().invoke(group, ["docs", str(tmp_path / "other.md")])
    assert done.exit_code == 1
    assert "has no section '<!-- measured:cases -->'" in done.output
    assert (tmp_path / "other.md").read_text() == "# Other\n"


def test_docs_replaces_its_sections_and_nothing_else(tmp_path):
    stale = re.sub(r"^\d+ cases\. .*$", "old", PAGE.read_text(), flags=re.MULTILINE)
    assert stale != PAGE.read_text()
    (tmp_path / "MEASURED.md").write_text(stale)
    assert CliRunner().invoke(group, ["docs", str(tmp_path / "MEASURED.md")]).exit_code == 0
    assert (tmp_path / "MEASURED.md").read_text() == PAGE.read_text()


def test_a_part_of_the_benchmarks_does_not_replace_all_of_them():
    done = CliRunner().invoke(group, ["bench", "--only", "calls", "--page", str(PAGE)])
    assert done.exit_code == 2
    assert "--page cannot be used with --only" in done.output
