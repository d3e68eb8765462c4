"""What the toolkit says about arguments, a command says about options and variables."""

import ast
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from azure_devops_agents.cli.main import group
from azure_devops_agents.cli.shell_terms import in_shell_terms
from langchain_azure_devops import errors

TOOLKIT = Path(errors.__file__).parent
SPEAKS_PYTHON = re.compile(r"\b[a-z_]+=")
NEVER_AT_A_SHELL = {
    "access/selection.py": "no command chooses tools by name or adds any",
    "calls/approval.py": "every command gives an approver of ours",
}
MISCONFIGURED = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.Misconfigured)
}


def constant(node):
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(constant(part) for part in node.values)
    return "..."


def messages():
    """Module and text of every Misconfigured of the toolkit, with `...` for what is only known when it happens."""
    for path in sorted(TOOLKIT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MISCONFIGURED:
                yield path.relative_to(TOOLKIT).as_posix(), constant(node.args[0])


def test_no_message_of_a_setting_speaks_python_at_a_shell():
    found = list(messages())
    assert len(found) >= 20
    said = [text for module, text in found if module not in NEVER_AT_A_SHELL]
    assert sum(bool(SPEAKS_PYTHON.search(text)) for text in said) >= 4
    assert [text for text in map(in_shell_terms, said) if SPEAKS_PYTHON.search(text)] == []


@pytest.mark.parametrize(
    ("environ", "arguments", "says"),
    [
        ({}, [], "No organization: give --organization or set AZURE_DEVOPS_ORG to the bare name"),
        ({"AZURE_DEVOPS_ORG": "contoso"}, [], "No personal access token: set AZURE_DEVOPS_PAT. Make one at"),
        ({}, ["--organization", "tfs.contoso.com"], "goes into --base-url or AZURE_DEVOPS_BASE_URL."),
        ({"AZURE_DEVOPS_ORG": "contoso", "AZURE_DEVOPS_PAT": " x"}, [], "from AZURE_DEVOPS_PAT has white space"),
        ({"AZURE_DEVOPS_ORG": "contoso", "AZURE_DEVOPS_PAT": "x", "AZURE_DEVOPS_SCOPES": "vso.cod"}, [], "vso.code"),
    ],
    ids=["no organization", "no token", "a server", "white space", "scope"],
)
@pytest.mark.parametrize(
    "command", [["tools"], ["verify"], ["verify", "--json"], ["investigate", "why?"]], ids=" ".join
)
def test_a_command_names_the_option_or_the_variable(monkeypatch, command, environ, arguments, says):
    for name in [name for name in os.environ if name.startswith("AZURE_DEVOPS_")]:
        monkeypatch.delenv(name)
    outcome = CliRunner().invoke(group, [*command, *arguments], env=environ)
    text = " ".join(outcome.output.split())
    assert says in text
    assert not SPEAKS_PYTHON.search(text.replace("\\u003d", "="))
    assert outcome.exit_code in {2, 3}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("give pat= or set AZURE_DEVOPS_PAT.", "set AZURE_DEVOPS_PAT."),
        ("Give another place with AZURE_DEVOPS_AUDIT or audit=.", "Give another place with AZURE_DEVOPS_AUDIT."),
        ("made with read_only=True", "made with --read-only"),
        ("a == b, x=1 and organization name", "a == b, x=1 and organization name"),
    ],
)
def test_arguments_become_options_or_variables(message, expected):
    assert in_shell_terms(message) == expected
