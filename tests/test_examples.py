"""Examples on the pages of this repository run as they stand, against the simulator."""

import ast
import inspect
import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from azure_devops_agents.automations.automation import Automation, carry_out
from azure_devops_agents.models import ScriptedModel
from azure_devops_evals.running.play import open_world, play
from azure_devops_evals.running.run import failures_of
from langchain_azure_devops import AzureDevOpsToolkit, WritePlan

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")])
GENERATED = re.compile(r"<!-- generated:.*?<!-- /generated -->", re.DOTALL)


def blocks(language):
    """Every block of code in a language, named by its page and its line; what is generated from code is no example."""
    found = []
    for page in PAGES:
        text = GENERATED.sub(lambda made: "\n" * made[0].count("\n"), page.read_text(encoding="utf-8"))
        for block in re.finditer(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            code = re.sub(rf"^{block[1]}", "", block[2], flags=re.MULTILINE)
            found.append(pytest.param(code, id=f"{page.relative_to(ROOT).as_posix()}:{line}"))
    return found


def test_there_are_examples_to_run():
    assert len(blocks("python")) >= 7
    assert blocks("json")


@pytest.fixture
def given(azure_devops_organization, monkeypatch):
    """What the examples may use without making it: names that the text around them explains."""
    own = azure_devops_organization
    monkeypatch.setenv("AZURE_DEVOPS_BASE_URL", own.base_url)
    monkeypatch.setenv("AZURE_DEVOPS_PAT", own.pat)
    monkeypatch.setenv("AZURE_DEVOPS_PROJECT", "Platform")
    for name in ("AZURE_DEVOPS_ORG", "AZURE_DEVOPS_SCOPES"):
        monkeypatch.delenv(name, raising=False)
    with AzureDevOpsToolkit.connect() as toolkit:
        yield {
            "__name__": "example",
            "organization": own.organization,
            "pat": own.pat,
            "toolkit": toolkit,
            "model": ScriptedModel(steps=[]),
            "checkpointer": InMemorySaver(),
        }


@pytest.mark.parametrize("code", blocks("python"))
async def test_an_example_in_python_runs(code, given, request):
    made = eval(compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), given)  # noqa: S307 - our own pages
    if inspect.iscoroutine(made):
        await made
    for name, test in list(given.items()):
        if name.startswith("test_"):
            test(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(test).parameters})
    for case in given.get("CASES", ()):
        assert failures_of(case, play(case, open_world(case), case.steps)) == []
    for automation in [made for made in given.values() if isinstance(made, Automation)]:
        run_twice(automation, given["toolkit"].client)


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


@pytest.mark.parametrize("code", blocks("json"))
def test_an_example_in_json_is_what_it_is_said_to_be(code):
    value = json.loads(code)
    if "writes" in value:
        assert WritePlan.model_validate(value).writes
