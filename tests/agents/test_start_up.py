"""What each command has to wait for before it starts."""

import json
import resource
import subprocess
import sys

import pytest

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
        "azure_devops_agents", "azure_devops_agents.cli", "azure_devops_agents.cli.main",
    }  # fmt: skip


@pytest.mark.parametrize(("arguments", "budget"), [(["--help"], 0.4), (["verify"], 0.8)])
def test_start_up_stays_within_twice_its_budget(arguments, budget):
    """Processor time: what else the machine does must not decide."""

    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def once():
        begun = spent()
        subprocess.run(
            [sys.executable, "-m", "azure_devops_agents.cli.main", *arguments], capture_output=True, env={}, check=False
        )
        return spent() - begun

    assert min(once() for _ in range(3)) <= 2 * budget


def test_without_click_the_extra_is_named():
    script = "import sys; sys.modules['click'] = None; from azure_devops_agents.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'langchain-azure-devops[agents]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_simulator_the_extra_is_named():
    script = (
        "import sys; sys.modules['azure_devops_simulator'] = None; sys.argv = ['x', 'verify', '--simulator'];"
        "from azure_devops_agents.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'langchain-azure-devops[simulator]'" in done.stderr
    assert "Traceback" not in done.stderr
