"""Messages at a shell name options and environment variables instead of Python arguments."""

import ast
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from azure_devops_agents.cli.main import group
from azure_devops_agents.cli.shell_terms import in_shell_terms
from azure_devops_agents.cli.terminal import print_error
from langchain_azure_devops import errors

TOOLKIT = Path(errors.__file__).parent
SPEAKS_PYTHON = re.compile(r"\b[a-z_]+=")
NEVER_AT_A_SHELL = {
    "tools=": "no command takes the names of single tools",
    "exclude=": "no command leaves tools out by name",
    "extra=": "no command adds tools",
    "allowed_decisions=": "no command uses LangChain's middleware",
    "package=": "--via mcp says where the vendor's server is",
    "command=": "same",
    "url=": "same",
    "url_token=": "same",
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
    """The text of every Misconfigured of the toolkit, with `...` for what is only known when it happens."""
    for path in sorted(TOOLKIT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MISCONFIGURED:
                yield constant(node.args[0])


def test_no_message_of_a_setting_speaks_python_at_a_shell():
    found = list(messages())
    assert len(found) >= 20
    assert sum(bool(SPEAKS_PYTHON.search(text)) for text in found) >= 8
    said = [in_shell_terms(errors.Misconfigured(text)) for text in found]
    assert {argument for text in said for argument in SPEAKS_PYTHON.findall(text)} == NEVER_AT_A_SHELL.keys()


@pytest.mark.parametrize("given", ["nope", "", "defautl", "list_projects", "toolsets=all", "project=x", "*"])
def test_tools_names_no_argument_when_a_toolset_is_unknown(given):
    outcome = CliRunner().invoke(group, ["tools", "--toolsets", given], env={})
    assert outcome.exit_code == 2
    message = outcome.output.split("\n", 1)[1]
    assert message.startswith(f"There is no toolset {given!r}")
    assert not SPEAKS_PYTHON.search(message.replace(repr(given), ""))


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
    assert in_shell_terms(errors.Misconfigured(message)) == expected


HOSTILE = "No repository named 'x?project=a'; project=b, read_only=True, https://x/?scopes=1, AZURE_DEVOPS_PAT or pat="
OF_THE_SERVICE = [
    value
    for value in vars(errors).values()
    if isinstance(value, type)
    and issubclass(value, errors.AzureDevOpsError)
    and not issubclass(value, errors.Misconfigured)
]


@pytest.mark.parametrize("kind", OF_THE_SERVICE, ids=lambda kind: kind.__name__)
def test_words_of_the_service_stay_as_they_are(kind):
    assert in_shell_terms(kind(HOSTILE)) == HOSTILE


def test_words_of_the_service_are_printed_as_they_are(capsys):
    print_error(errors.NotFound(HOSTILE, subject="x?project=a"))
    assert HOSTILE in capsys.readouterr().err


@pytest.mark.parametrize("value", ["x?project=a", "it's project=a", 'say "project=a"', "pat= or set AZURE_DEVOPS_PAT"])
def test_a_quoted_value_of_a_setting_stays_as_it_is(value):
    error = errors.Misconfigured(f"The token's organization {value!r} is no name; give organization=.")
    assert in_shell_terms(error) == f"The token's organization {value!r} is no name; give --organization."
