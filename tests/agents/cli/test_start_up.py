"""The libraries that each command loads before it starts, and the time that this takes."""

import json
import resource
import subprocess
import sys

import pytest

from azure_devops_evals.benchmarks.budgets import BUDGETS, TOLERANCE
from azure_devops_evals.benchmarks.start_up import COMMANDS

LANGCHAIN = ("langchain_core", "langchain", "langgraph", "langchain_openai", "openai", "langsmith")
SCRIPT = """
import json, sys
from azure_devops_agents.cli.main import group
try:
    group(sys.argv[1:])
except SystemExit as end:
    print("\\n" + json.dumps({"code": end.code, "modules": sorted(sys.modules)}))
"""


def loaded(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    answer = json.loads(done.stdout.strip().rsplit("\n", 1)[1])
    assert answer["code"] == 0
    return set(answer["modules"])


@pytest.mark.parametrize(
    "arguments", [["--help"], ["verify", "--simulator"], ["tools", "--simulator"], ["scopes"], ["automate", "--help"]]
)
def test_no_langchain_for(arguments):
    assert not loaded(*arguments) & set(LANGCHAIN)


def test_help_loads_no_command_and_no_http_client():
    modules = loaded("--help")
    assert not modules & {"httpx", "pydantic", "rich", "prompt_toolkit", "azure_devops_simulator"}
    assert {name for name in modules if name.startswith("azure_devops_agents")} == {
        "azure_devops_agents", "azure_devops_agents.cli", "azure_devops_agents.cli.lazy_group",
        "azure_devops_agents.cli.main",
    }  # fmt: skip


def test_no_help_of_any_command_loads_langchain():
    """One process asks for the help of every command and subcommand, so that the first one that loads it is named."""
    script = f"""
import sys
import click
from azure_devops_agents.cli.main import COMMANDS, group

asked = []

def ask(command, path):
    try:
        group([*path, "--help"])
    except SystemExit as end:
        assert not end.code, path
    if loaded := {set(LANGCHAIN)} & set(sys.modules):
        sys.exit(f"{{' '.join(path)}} --help loads {{sorted(loaded)}}")
    asked.append(path)
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            ask(command.get_command(click.Context(command), name), (*path, name))

ask(group, ())
assert set(COMMANDS) == {{path[0] for path in asked if path}}, asked
print(len(asked))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[-1]) >= 15  # 10 commands, the overview, `automate findings` and three of `audit`


@pytest.mark.parametrize("budget", COMMANDS)
def test_start_up_stays_within_twice_its_budget(budget):
    """Processor time: what else the machine does must not decide."""

    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def once():
        begun = spent()
        subprocess.run(
            [sys.executable, "-m", "azure_devops_agents.cli.main", *COMMANDS[budget]],
            capture_output=True,
            env={},
            check=False,
        )
        return spent() - begun

    assert min(once() for _ in range(3)) <= TOLERANCE * BUDGETS[budget].limit


def test_without_click_the_extra_is_named():
    script = "import sys; sys.modules['click'] = None; from azure_devops_agents.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'langchain-azure-devops[agents]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("absent", "arguments", "extra"),
    [
        ("azure_devops_simulator", ["verify", "--simulator"], "simulator"),
        ("azure_devops_simulator", ["simulator"], "simulator"),
        ("rich", ["verify"], "agents"),
        ("langgraph", ["investigate", "why?"], "agents"),
        ("prompt_toolkit", ["chat"], "agents"),
        ("mcp", ["mcp"], "mcp"),
        ("uvicorn", ["mcp"], "mcp"),
    ],
    ids=str,
)
def test_a_library_that_is_not_installed_names_its_extra(absent, arguments, extra):
    script = (
        f"import sys; sys.modules[{absent!r}] = None; sys.argv = {['x', *arguments]!r};"
        "from azure_devops_agents.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"pip install 'langchain-azure-devops[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_of_ours_that_is_missing_stays_visible():
    script = (
        "import sys; sys.modules['azure_devops_agents.cli.terminal'] = None; sys.argv = ['x', 'scopes'];"
        "from azure_devops_agents.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
    assert "pip install" not in done.stderr
