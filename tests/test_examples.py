"""Examples on the pages of this repository run as they stand, against the simulator."""

import ast
import inspect
import json
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from azure_devops_agents.automations.automation import Automation, carry_out
from azure_devops_evals.running.play import open_world, play
from azure_devops_evals.running.run import failures_of
from langchain_azure_devops import AzureDevOpsToolkit, WritePlan

ROOT = Path(__file__).parent.parent
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")] if page.parent.name != ".pytest_cache")
GENERATED = re.compile(r"<!-- generated:.*?<!-- /generated -->", re.DOTALL)


class Example(NamedTuple):
    """A block of code on a page, with the line on which its fence stands."""

    line: int
    code: str


def blocks(language, page):
    """Every block of code in a language on a page, in order; what is generated from code is no example."""
    text = GENERATED.sub(lambda made: "\n" * made[0].count("\n"), page.read_text(encoding="utf-8"))
    return [
        Example(
            text.count("\n", 0, block.start()) + 1,
            re.sub(rf"^{block[1]}", "", block[2], flags=re.MULTILINE),
        )
        for block in re.finditer(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    ]


def every(language):
    """Every block of code in a language on all pages, named by its page and its line."""
    return [
        pytest.param(block.code, id=f"{page.relative_to(ROOT).as_posix()}:{block.line}")
        for page in PAGES
        for block in blocks(language, page)
    ]


def test_there_are_examples_to_run():
    assert len(every("python")) >= 10
    assert every("json")


def test_a_page_in_a_deeper_folder_has_a_test_of_its_own():
    deeper = [page for page in ROOT.glob("*/*/*.md") if ".venv" not in page.parts and blocks("python", page)]
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert [page.name for page in deeper if not any(f'"{page.name}"' in text for text in tests)] == []


@pytest.fixture
def given(azure_devops_organization, monkeypatch, tmp_path):
    """A fresh namespace, and the environment of a reader who has set everything up."""
    own = azure_devops_organization
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_DEVOPS_BASE_URL", own.base_url)
    monkeypatch.setenv("AZURE_DEVOPS_PAT", own.pat)
    monkeypatch.setenv("AZURE_DEVOPS_PROJECT", "Platform")
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    for name in ("AZURE_DEVOPS_ORG", "AZURE_DEVOPS_SCOPES"):
        monkeypatch.delenv(name, raising=False)
    names = {
        "__name__": "example",
    }
    yield names
    if "toolkit" in names:
        names["toolkit"].close()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks("python", page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
async def test_the_examples_in_python_run_in_the_order_of_their_page(page, given, request):
    for example in blocks("python", page):
        code = compile("\n" * example.line + example.code, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(code, given)  # noqa: S307 - our own pages
        if inspect.iscoroutine(made):
            await made
        for test in [given.pop(name) for name in list(given) if name.startswith("test_")]:
            test(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(test).parameters})
    for case in given.get("CASES", ()):
        assert failures_of(case, play(case, open_world(case), case.steps)) == []
    for automation in [made for made in given.values() if isinstance(made, Automation)]:
        with AzureDevOpsToolkit.connect() as toolkit:
            run_twice(automation, toolkit.client)


def run_twice(automation, client):
    """Carry an automation out; a second run must have nothing left to write."""
    plan = automation.plan(client, automation.inputs())
    assert len(list(carry_out(client, plan, plan, "the example"))) == len(plan.writes) > 0
    assert automation.plan(client, automation.inputs()).writes == ()


COMMANDS = {"azure-devops-agent": "azure_devops_agents.cli.main", "azure-devops-evals": "azure_devops_evals.cli.main"}

MADE_ON_A_PAGE = {
    name for page in PAGES for name in re.findall(r'Automation\("(\w+)"', page.read_text(encoding="utf-8"))
}
"""Automations that an example makes; they are commands once somebody follows it."""


def command_lines():
    """Every line in a block or between backticks that calls one of our commands."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.finditer(
            rf"(?:^ *|`|&& |uv run |[$] )((?:{'|'.join(COMMANDS)})(?: [^`\n]*)?)", text, re.MULTILINE
        ):
            number = text.count("\n", 0, line.start(1)) + 1
            found.append(pytest.param(line[1], id=f"{page.relative_to(ROOT).as_posix()}:{number}"))
    return found


def test_there_are_command_lines_to_check():
    assert len(command_lines()) > 20


@pytest.mark.parametrize("line", command_lines())
def test_commands_and_options_exist(line):
    name, *words = shlex.split(line, comments=True)
    command = import_module(COMMANDS[name]).group
    context = click.Context(command, info_name=name)
    while words and isinstance(command, click.Group):
        if words[0] in MADE_ON_A_PAGE:
            return
        command = command.get_command(context, words.pop(0))
        assert command is not None, line
        context = click.Context(command, parent=context)
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert given <= known, line


@pytest.mark.parametrize("code", every("json"))
def test_an_example_in_json_is_what_it_is_said_to_be(code):
    value = json.loads(code)
    if "writes" in value:
        assert WritePlan.model_validate(value).writes
