"""The fixture as a user of the package has it: in a test run of their own."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[3]
OTHERS = entry_points(group="pytest11").names - {"azure_devops_simulator"}
"""Plugins that are installed beside ours; to load them would take most of the time."""


def run_tests(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    for name in OTHERS:
        command += ["-p", f"no:{name}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_the_example_of_the_readme_runs_as_it_stands(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if "azure_devops_organization" in block]
    tmp_path.joinpath("test_example.py").write_text(example, encoding="utf-8")
    done = run_tests(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_every_test_gets_a_fresh_organization(tmp_path):
    tmp_path.joinpath("test_two.py").write_text(
        """
import httpx
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_it_is_fresh(azure_devops_organization, turn):
    own = azure_devops_organization
    assert own.name == "tidewater"
    assert own.organization.project("Data").description != "Changed."
    own.organization.project("Data").description = "Changed."
    shown = httpx.get(f"{own.base_url}/_apis/projects/Data", auth=("", own.read_only_pat)).json()
    assert shown["description"] == "Changed."
    refs = f"{own.base_url}/Platform/_apis/git/repositories/docs/refs?api-version=7.1"
    assert [httpx.post(refs, json=[], auth=("", pat)).status_code for pat in (own.pat, own.read_only_pat)] == [200, 401]
""",
        encoding="utf-8",
    )
    done = run_tests(tmp_path)
    assert "2 passed" in done.stdout, done.stdout


def test_who_does_not_ask_for_it_does_not_wait_for_it(tmp_path):
    tmp_path.joinpath("test_none.py").write_text(
        """
import sys

def test_nothing_of_it_is_loaded():
    assert "azure_devops_simulator.pytest_plugin" in sys.modules
    assert not {"uvicorn", "starlette", "dulwich", "httpx", "langchain_core"} & set(sys.modules)
""",
        encoding="utf-8",
    )
    done = run_tests(tmp_path)
    assert "1 passed" in done.stdout, done.stdout


def test_without_the_extra_it_says_what_to_install(tmp_path):
    tmp_path.joinpath("conftest.py").write_text("import sys\nsys.modules['uvicorn'] = None\n", encoding="utf-8")
    tmp_path.joinpath("test_one.py").write_text("def test_one(azure_devops_organization): pass\n", encoding="utf-8")
    done = run_tests(tmp_path)
    assert done.returncode == 1
    assert "pip install 'langchain-azure-devops[simulator]'" in done.stdout
