"""A missing library is named together with the extra that brings it, at every entry point."""

import subprocess
import sys
from pathlib import Path

import pytest

from azure_devops_agents.cli.documents.public_names import find_public_names

ENTRANCES = {
    "from langchain_azure_devops import interrupt_approver": "agents",
    "import azure_devops_agents.investigation": "agents",
    "from azure_devops_agents.investigation.investigator import Investigator": "agents",
    "from azure_devops_agents.models import open_model; open_model('openai:gpt-5')": "agents",
    "from azure_devops_simulator import SimulatorServer": "simulator",
    "from azure_devops_simulator import seed_organization": "simulator",
    "from langchain_azure_devops.adapters.langgraph import interrupt_approver": "agents",
    "import langchain_azure_devops.adapters.mcp_server": "mcp",
    "import langchain_azure_devops.adapters.mcp_client.vendor_tools": "mcp",
    "import azure_devops_evals.case": "agents",
    "import azure_devops_evals.cases": "agents",
    "import runpy; runpy.run_module('azure_devops_simulator', run_name='__main__')": "simulator",
}
COMMANDS = [
    "mcp",
    "demo",
    "chat",
    "investigate why",
    "tools",
    "scopes",
    "verify",
    "simulator",
    "audit show",
    "automate findings",
]


def run(script, *libraries):
    """Run a script in a process in which some libraries are not installed."""
    block = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + '.') for each in {libraries!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""
    command = [sys.executable, "-c", block + script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


EXTRAS = (
    *("click", "langchain_openai", "langgraph", "prompt_toolkit", "rich"),
    *("markdown_it", "mcp", "mcp_types", "vcr"),
    *("dulwich", "httptools", "lark", "starlette", "uvicorn"),
)


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_an_entrance_names_the_extra(entrance):
    done = run(entrance, *EXTRAS)
    assert done.returncode == 1
    assert f"pip install 'langchain-azure-devops[{ENTRANCES[entrance]}]'" in done.stderr.splitlines()[-1]


IMPORT_EACH = """
import importlib
from langchain_azure_devops.extras import ExtraMissing
for module in {modules!r}:
    try:
        importlib.import_module(module)
    except ExtraMissing:
        pass
    except SystemExit as end:  # the command line says it without a traceback
        assert "pip install 'langchain-azure-devops[" in str(end), end
    except ModuleNotFoundError as error:
        print(module, error)
"""


@pytest.mark.parametrize("libraries", [EXTRAS, ("langgraph",), ("mcp", "mcp_types"), ("dulwich",)])
def test_every_module_of_the_api_reference_names_the_extra(libraries):
    modules = list(find_public_names(Path(__file__).parent.parent).documented)
    assert "langchain_azure_devops.adapters.langgraph" in modules
    done = run(IMPORT_EACH.format(modules=modules), *libraries)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ends_with_the_extra_and_no_traceback(command):
    done = run(
        f"sys.argv = {['x', *command.split()]!r}\nfrom azure_devops_agents.cli.main import main; main()",
        *(library for library in EXTRAS if library != "click"),
    )
    assert "Traceback" not in done.stderr
    assert "pip install 'langchain-azure-devops[" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("program", "extra"), [("azure_devops_agents.cli.main", "agents"), ("azure_devops_evals.__main__", "evals")]
)
def test_a_program_without_any_extra_names_its_own(program, extra):
    done = run(f"sys.argv = ['x', 'run']\nfrom {program} import main; main()", *EXTRAS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The library 'click' is not installed.")
    assert f"pip install 'langchain-azure-devops[{extra}]'" in done.stderr


@pytest.mark.parametrize(
    ("library", "entrance", "extra"),
    [
        ("uvicorn", "from azure_devops_simulator import SimulatorServer", "simulator"),
        ("starlette", "from azure_devops_simulator import SimulatorServer", "simulator"),
        ("dulwich", "from azure_devops_simulator import SimulatorServer", "simulator"),
        (
            "lark",
            "from azure_devops_simulator import SimulatorServer",
            "simulator",
        ),
        (
            "trustme",
            "import pathlib, azure_devops_simulator.server.tls as tls; tls.make_certificate(pathlib.Path('gone'), 'x')",
            "simulator-tls",
        ),
        ("langgraph", "from langchain_azure_devops import interrupt_approver", "agents"),
        ("langgraph.checkpoint.sqlite", "import azure_devops_agents.investigation", "agents"),
        ("langchain_openai", "from azure_devops_agents.models import open_model; open_model('openai:gpt-5')", "agents"),
    ],
)
def test_a_single_library_names_its_extra(library, entrance, extra):
    done = run(entrance, library)
    assert done.returncode == 1, done
    last = done.stderr.splitlines()[-1]
    assert f"pip install 'langchain-azure-devops[{extra}]'" in last
    assert library in last


@pytest.mark.parametrize(
    ("library", "command", "extra"),
    [
        ("psycopg", "threads list", "postgres"),
        ("psycopg", "investigate --simulator why", "postgres"),
        ("langgraph.checkpoint.postgres", "threads list", "postgres"),
        ("langgraph", "investigate --simulator why", "agents"),
        ("rich", "verify --simulator", "agents"),
        ("dulwich", "verify --simulator", "simulator"),
        ("starlette", "simulator", "simulator"),
        ("starlette", "mcp --http --simulator", "mcp"),
    ],
)
def test_a_command_names_the_extra_that_brings_the_library(library, command, extra):
    """The extra of the command is installed already where another one is missing."""
    environ = {"AZURE_DEVOPS_AGENT_DATABASE": "postgresql://localhost:1/agents", "OPENAI_API_KEY": "none"}
    arguments = f"import os; os.environ.update({environ!r}); sys.argv = {['x', *command.split()]!r}"
    done = run(f"{arguments}\nfrom azure_devops_agents.cli.main import main; main()", library)
    assert "Traceback" not in done.stderr
    assert f"The library {library!r} is not installed." in done.stderr
    assert f"pip install 'langchain-azure-devops[{extra}]'" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("library", ["langgraph", "dulwich"])
def test_a_command_names_its_own_extra_where_that_brings_the_library_with_others(library):
    done = run("sys.argv = ['x', 'run']\nfrom azure_devops_evals.__main__ import main; main()", library)
    assert "Traceback" not in done.stderr
    assert "pip install 'langchain-azure-devops[evals]'" in done.stderr
    assert done.returncode == 1


def test_it_is_still_an_import_error_and_what_no_extra_brings_stays_as_it_is():
    script = "try:\n  from langchain_azure_devops import interrupt_approver\nexcept ImportError as e: print(e.name)"
    assert run(script, "langgraph").stdout.strip().startswith("langgraph")
    done = run("from langchain_azure_devops import AzureDevOpsToolkit", "pydantic")
    assert "No module named 'pydantic'" in done.stderr.splitlines()[-1]
