"""Documents that say what the code does, and keep saying it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_azure_devops
from azure_devops_agents.cli.documents.pages import stale
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import TOOLS, AzureDevOps, errors, load_settings
from langchain_azure_devops.results.rendering import render

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not {".venv", ".pytest_cache", "files"} & set(path.relative_to(ROOT).parts)
)
PUBLIC_NAMES = Path(__file__).parent / "public_names.txt"
"""What users import from the package, one name a line: a name that is dropped or added has to be seen in a review."""
PUBLIC = sorted((ROOT / "toolkit" / "langchain_azure_devops").rglob("*.py"))


def test_generated_pages_and_pictures_are_up_to_date():
    assert list(stale(ROOT)) == [], "run: uv run azure-devops-agent docs"


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_documents_lead_somewhere(path):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
        page = path.parent / target if target else path
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), f"{target}#{anchor}"


def test_the_readme_s_first_screen_has_exactly_the_two_commands():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ", 1)[0]
    commands = re.findall(r"```sh\n(.*?)\n```", first_screen, re.DOTALL)
    assert commands == ["pip install uv && uv run azure-devops-agent demo", "pip install uv && uv run pytest"]


def test_ci_runs_the_second_command():
    assert "pip install --quiet --disable-pip-version-check uv && uv run pytest" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.name)
def test_what_is_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    for node in ast.walk(tree):
        named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if named and not node.name.startswith("_") and node in tree.body:
            assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_the_troubleshooting_table_names_errors_that_exist():
    text = (ROOT / "agents" / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `\[(\w+) (\w+)", text, re.MULTILINE)
    assert len(named) >= 14
    for status, name in named:
        assert getattr(errors, name).status == status


def test_the_error_tree_is_drawn_whole():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__)
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.AzureDevOpsError)
    ]
    assert sorted(drawn) == sorted(name for name in classes if name != "AzureDevOpsError")


def test_the_public_names_are_these_and_only_these():
    kept = PUBLIC_NAMES.read_text(encoding="utf-8").split()
    assert kept == sorted(langchain_azure_devops.__all__), (
        "If the change of the public names is meant, rewrite the file: uv run python tests/test_documentation.py"
    )
    for name in kept:
        assert getattr(langchain_azure_devops, name) is not None
    with pytest.raises(AttributeError):
        langchain_azure_devops.nothing  # noqa: B018 - the access is the test


def test_importing_the_package_waits_for_nothing():
    script = (
        "import sys, langchain_azure_devops.access.connection\n"
        "print([name for name in sys.modules if name.startswith('langchain_core')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_every_promise_about_security_cites_tests_that_exist():
    rows = re.findall(
        r"^\| (?!promise|---)(.+) \| (.+) \|$", (ROOT / ".github" / "SECURITY.md").read_text(), re.MULTILINE
    )
    assert len(rows) >= 15
    names = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    for promise, cited in rows:
        files = re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py)`", cited)
        assert files, promise
        for file in files:
            assert (ROOT / file).exists() if file.startswith("tests/") else file in names, file


def test_the_example_of_a_diagnosis_is_what_the_tool_says():
    chapter = (ROOT / "toolkit" / "README.md").read_text().split("## Why a build failed")[1].split("\n## ")[0]
    example = chapter.split("```")[1].strip("\n").splitlines()
    organization = seed_organization()
    organization.add_token("token")
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat="token", default_project="Platform", environ={})
        with AzureDevOps(settings) as client:
            lines = render(TOOLS["diagnose_build"].call_sync(client, build=35), "nonce").text.splitlines()
    shown = iter(line.rstrip() for line in lines)
    assert all(line in shown for line in example), "its lines are not those of the tool, or not in this order"


if __name__ == "__main__":
    PUBLIC_NAMES.write_text("\n".join(sorted(langchain_azure_devops.__all__)) + "\n", encoding="utf-8")
