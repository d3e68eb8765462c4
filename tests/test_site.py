"""The site: every page and every public name is on it, it needs no other host, and what is broken fails its build."""

import ast
import html
import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from mkdocstrings import Inventory

from langchain_azure_devops.tools import TOOLS

ROOT = Path(__file__).parent.parent
PACKAGES = ("langchain_azure_devops", "azure_devops_simulator", "azure_devops_agents", "azure_devops_evals")
PAGES = (".github", "toolkit", "agents", "evals")
H1 = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)
ADDED = '''

def find_nothing() -> None:
    """Find nothing; this name is in no list, and [it refers to a name][langchain_azure_devops.Nothing] that is missing.

    Args:
        missing: An argument that the function does not have.
    """
'''


def build(root):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", root / "toolkit" / "mkdocs.yml"]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, timeout=110, check=False)


def copy_with_mistakes(root):
    """Copy what the site is made of, with mistakes in a page and in a docstring, and with a public name more."""
    for path in (*ROOT.glob("*.md"), ROOT / "LICENSE"):
        shutil.copy(path, root)
    bulky = shutil.ignore_patterns("__pycache__", "cassettes", "recordings", "worlds")
    for folder in (*PAGES, "tests/simulator/clients"):
        shutil.copytree(ROOT / folder, root / folder, ignore=bulky)
    with (root / "toolkit" / "README.md").open("a", encoding="utf-8") as page:
        page.write("\nA [missing page](NOWHERE.md), and a [missing section](TOOLS.md#nowhere).\n")
    with (root / "toolkit" / "langchain_azure_devops" / "scopes.py").open("a", encoding="utf-8") as module:
        module.write(ADDED)
    with (root / "toolkit" / "langchain_azure_devops" / "__init__.pyi").open("a", encoding="utf-8") as stub:
        stub.write("from langchain_azure_devops.scopes import find_nothing as find_nothing\n")


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The site of a copy of this repository with mistakes in it; the workers of a run share one."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "site"
    with FileLock(f"{root}.lock"):
        if not (done := root / "done.json").exists():
            root.mkdir()
            copy_with_mistakes(root)
            built = build(root)
            done.write_text(json.dumps([built.returncode, built.stdout + built.stderr]), encoding="utf-8")
    code, output = json.loads(done.read_text(encoding="utf-8"))
    folder = root / "build" / "site"
    with (folder / "objects.inv").open("rb") as file:
        items = Inventory.parse_sphinx(file)
    pages = {path.relative_to(folder).parent.as_posix(): path.read_text("utf-8") for path in folder.rglob("index.html")}
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    return SimpleNamespace(code=code, output=output, pages=pages, items=items, files=files)


def test_a_broken_link_a_broken_reference_and_a_wrong_docstring_fail_the_build(site):
    warnings = [line for line in site.output.splitlines() if line.startswith("WARNING")]
    expected = (
        "link 'NOWHERE.md'",
        "anchor '#nowhere'",
        "target 'langchain_azure_devops.Nothing'",
        "No type or annotation for parameter 'missing'",
        "Parameter 'missing' does not appear",
    )
    assert [sum(part in line for line in warnings) for part in expected] == [1] * len(expected), site.output
    assert len(warnings) == len(expected)
    assert f"Aborted with {len(expected)} warnings in strict mode!" in site.output
    assert site.code == 1


def declared_names():
    """Every module that declares its public names, with each name; found without the code under test."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        yield from ((package, name) for name in getattr(module, "__all__", ()))
        for path in sorted(Path(module.__path__[0]).rglob("*.py")):
            parts = [part for part in path.relative_to(module.__path__[0]).with_suffix("").parts if part != "__init__"]
            for node in ast.parse(path.read_text(encoding="utf-8")).body if parts else []:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                    yield from ((".".join([package, *parts]), name) for name in ast.literal_eval(node.value))


def test_every_declared_name_leads_to_one_description(site, tmp_path, monkeypatch):
    # The application of a server exists only where its settings let it work.
    for name, value in (("ORG", "contoso"), ("PAT", "x" * 52)):
        monkeypatch.setenv(f"AZURE_DEVOPS_{name}", value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    declared = list(declared_names())
    assert len(declared) > 150
    places = {}
    for module, name in declared:
        assert f"{module}.{name}" in site.items, f"the reference lacks {module}.{name}"
        value = getattr(importlib.import_module(module), name)
        if isinstance(value, type) or inspect.isfunction(value):
            places.setdefault(value, set()).add(site.items[f"{module}.{name}"].uri)
    assert {value: found for value, found in places.items() if len(found) > 1} == {}


def test_what_the_public_modules_define_is_described(site):
    """The ground floor, the adapters and the areas of tools publish what they define without an underscore."""
    toolkit = ROOT / "toolkit" / "langchain_azure_devops"
    for path in [*toolkit.glob("*.py"), *toolkit.glob("adapters/*.py"), *toolkit.glob("tools/**/*.py")]:
        place = path.parent if path.name in {"__init__.py", "tools.py"} else path.with_suffix("")
        if place.parent not in {toolkit, toolkit / "adapters", toolkit / "tools"}:
            continue
        module = ".".join(place.relative_to(toolkit.parent).parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in () if "__all__" in ast.unparse(tree) else tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                assert f"{module}.{node.name}" in site.items, f"the reference lacks {module}.{node.name}"


def test_every_tool_and_a_name_that_nobody_listed_are_described(site):
    assert set(TOOLS) <= {path.rpartition(".")[2] for path in site.items if ".tools." in path}
    assert site.items["langchain_azure_devops.find_nothing"].uri.startswith("reference/langchain_azure_devops/#")


def test_a_description_shows_signature_arguments_errors_and_links(site):
    page = site.pages["reference/langchain_azure_devops"]
    section = page.partition('<h2 id="langchain_azure_devops.AzureDevOpsToolkit"')[2].partition("<h2 ")[0]
    text = html.unescape(re.sub(r"<[^>]+>", "", section))
    for part in ("default_project: str | None", "Parameters:", "The bare name;", "Raises:", "get_tools"):
        assert part in text, part
    assert re.search(r'<a [^>]*href="\.\./langchain_azure_devops\.errors/#[^"]+Misconfigured"', section)


def test_every_page_of_the_repository_is_on_the_site(site):
    written = [*ROOT.glob("*.md"), *(page for folder in PAGES for page in (ROOT / folder).rglob("*.md"))]
    titles = {re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)[1] for page in written}
    shown = {
        html.unescape(re.sub(r"<[^>]+>", "", heading)) for page in site.pages.values() for heading in H1.findall(page)
    }
    assert len(written) >= 11
    assert titles <= {title.removesuffix("\N{PILCROW SIGN}") for title in shown}


def test_what_a_page_links_to_is_on_the_site_and_no_address_is_hidden(site):
    assert {"agents/demo-report.svg", "github/workflows/release.yml"} <= set(site.files)
    # Servers and tools that publish sites leave out what begins with a dot.
    assert [file for file in site.files if any(part.startswith(".") for part in Path(file).parts)] == []


def test_the_entries_for_sections_lead_to_them(site):
    entries = re.findall(
        r'<a href="([\w/]+)#([\w-]+)" class="md-nav__link">\s*<span class="md-ellipsis">\s*(.+)', site.pages["."]
    )
    assert [title.strip() for _, _, title in entries] == ["Set up", "Automations"]
    for page, anchor, _ in entries:
        assert f'id="{anchor}"' in site.pages[page.rstrip("/")]


def test_lists_tables_and_code_of_a_page_are_shown_as_such(site):
    page = site.pages["agents"]
    steps = re.search(r"<ol>.*?<strong>A service account.*?</ol>", page, re.DOTALL)[0]
    assert steps.count("<li>") == 4
    assert steps.count('<div class="highlight">') == 1
    for name, text in site.pages.items():
        shown = re.sub(r"<pre.*?</pre>|<code.*?</code>", "", text, flags=re.DOTALL)
        assert not re.search(r"```|<p>\|.*\||&lt;!--|^\s*[-*] ", shown, re.MULTILINE), name


def test_the_integration_page_has_the_shape_that_langchain_asks_for():
    """The headings of LangChain's templates for the pages of a toolkit and of a tool."""
    text = (ROOT / "toolkit" / "docs" / "integration.md").read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    wanted = ["Overview", "Integration details", "Tool features", "Setup", "Installation", "Credentials"]
    wanted += ["Instantiation", "Tools", "Invocation", "Invoke directly with arguments", "Invoke with a tool call"]
    wanted += ["Use within an agent", "Chaining", "API reference"]
    assert [heading for heading in headings if heading != "Writes"] == wanted


def test_the_site_needs_no_other_host(site):
    for name, page in site.pages.items():
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)", page)
        loaded += re.findall(r"<link\b[^>]*\bhref=\"([^\"]+)", page)
        assert loaded
        assert [address for address in loaded if "//" in address] == [], name


def test_ci_builds_the_site():
    assert "mkdocs build --quiet --strict --config-file toolkit/mkdocs.yml" in (ROOT / ".ci" / "run").read_text()
