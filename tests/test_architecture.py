"""Rules about the shape of the code that no linter knows."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from langchain_azure_devops.tools import TOOLS

ROOT = Path(__file__).parent.parent
SOURCES = ("toolkit", "agents", "evals")
MODULES = sorted(path for source in SOURCES for path in (ROOT / source).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_MODULES = 20
USERS = ("agents", "evals", "tests/agents/examples/newcomer")
"""Modules that use the toolkit as its users do, by its public names."""
PROGRAMS = (ROOT / "agents" / "examples", ROOT / "evals" / "examples")
"""Folders of programs that are read one by one, and no packages."""
PACKAGES = sorted({path.parent for path in MODULES} - {*PROGRAMS})
CHOSEN = {
    "agents/azure_devops_agents/cli/demonstration.py": "the demo is a script of calls that tells one story",
    "agents/azure_devops_agents/models/offline.py": "the model without a key chooses a tool for each kind of question",
    "evals/azure_devops_evals/attacks/orders.py": "an attacker's text names the tools that it wants called",
    "evals/azure_devops_evals/benchmarks/memory.py": "only some tools make a large read",
    "evals/azure_devops_evals/benchmarks/tokens.py": "a budget names the result that it limits",
}
"""Modules that choose tools on purpose, and why a new tool is not missing there."""


FIRST_WORDS = {f"{name.partition('_')[0]}_" for name in TOOLS}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def source_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module: nearly every rule goes through all of them."""
    return ast.parse(source_of(path))


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, without the docstring and without functions that are defined inside."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    inner = sum((node.end_lineno or 0) - node.lineno + 1 for node in body if isinstance(node, ast.FunctionDef))
    inner += sum((node.end_lineno or 0) - node.lineno + 1 for node in body if isinstance(node, ast.AsyncFunctionDef))
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 - inner


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 50


@pytest.mark.parametrize("source", SOURCES)
def test_the_card_folders_are_source_roots_not_packages(source):
    assert not (ROOT / source / "__init__.py").exists()


def test_modules_and_functions_stay_small():
    lines = {relative(path): source_of(path).count("\n") for path in MODULES}
    assert {path: size for path, size in lines.items() if size > MAX_MODULE_LINES} == {}
    long = {(relative(path), each.name): lines_of(each) for path in MODULES for each in functions(tree_of(path))}
    assert {name: size for name, size in long.items() if size > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("package", PACKAGES, ids=relative)
def test_a_package_says_what_it_is_for_and_stays_small(package):
    assert ast.get_docstring(tree_of(package / "__init__.py"))
    assert len([path for path in package.glob("*.py") if path.name != "__init__.py"]) <= MAX_MODULES


def texts_of(tree: ast.Module) -> list[ast.Constant]:
    """The string constants of a module that are no docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node for node in constants if isinstance(node.value, str)]


def chooses_tools(path: Path) -> bool:
    """The areas of tools, and the cases of the evals with their reference solutions."""
    return relative(path).startswith(("toolkit/langchain_azure_devops/tools/", "evals/azure_devops_evals/cases/"))


def test_nothing_lists_tools_by_hand():
    """A new tool must not be missing anywhere: its declaration says all, and what needs several tools asks for it.

    A module names at most two tools, whether in a list, as keys or as arguments of calls, and no code decides by the
    first word of a name.
    """
    texts = {
        relative(path): {text.value for text in texts_of(tree_of(path))} for path in MODULES if not chooses_tools(path)
    }
    assert {path: told & FIRST_WORDS for path, told in texts.items() if told & FIRST_WORDS} == {}
    named = {path: told & set(TOOLS) for path, told in texts.items() if len(told & set(TOOLS)) > 2}
    assert named.keys() == CHOSEN.keys(), named


def test_no_list_of_tools_stands_among_tools_and_cases():
    """Calls of tools one after the other, as in the cases of the evals, are no such list."""
    assert any(map(chooses_tools, MODULES))
    for path in filter(chooses_tools, MODULES):
        for node in ast.walk(tree_of(path)):
            members = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            listed = {member.value for member in members if isinstance(member, ast.Constant)} & set(TOOLS)
            assert len(listed) <= 2, f"{relative(path)}:{node.lineno}: {sorted(listed)}"
        assert not {text.value for text in texts_of(tree_of(path))} & FIRST_WORDS, relative(path)


def test_no_room_around_the_tools_names_one_in_a_text():
    """Below the tools nobody knows them: not even a message says which tool to call next."""
    names = {name for name in TOOLS if "_" in name}  # `revert` is a word that people use as well.
    around = [path for path in MODULES if "langchain_azure_devops" in path.parts and not chooses_tools(path)]
    found = {
        f"{relative(path)}:{text.lineno}": named
        for path in around
        for text in texts_of(tree_of(path))
        if (named := set(re.findall(r"\w+", text.value)) & names)
    }
    assert around
    assert found == {}


def test_the_import_contracts_name_rooms():
    """A contract names packages and what stands directly in them, and so does not have to follow every new module."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    named = {
        name
        for contract in tools["importlinter"]["contracts"]
        for key, values in contract.items()
        if isinstance(values, list)
        for value in values
        for name in value.replace("|", " ").replace(":", " ").split()
        if key not in {"forbidden_modules", "ignore_imports"} or name.startswith("azure_devops")
    }
    assert {name for name in named if name.count(".") > 1} == set()


def test_imports_go_one_way():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout


def test_nothing_is_left_open():
    said = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError\b")
    assert [relative(path) for path in MODULES if said.search(source_of(path))] == []
    assert [relative(path) for path in MODULES if path.stem in {"utils", "helpers", "common", "misc"}] == []


def test_an_ignore_names_its_rule_and_its_reason():
    for path in (*MODULES, *TESTS):
        for line in source_of(path).splitlines():
            if re.search("[#] noqa", line):
                assert re.search(r"[#] noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \S", line), f"{relative(path)}: {line}"
            if re.search("[#] type: ignore", line):
                named = re.search(r"[#] type: ignore\[[a-z-]+(, ?[a-z-]+)*\]", line)
                assert named, f"{relative(path)}: {line}"


def test_public_signatures_hold_no_any():
    """`Any` may appear inside; what a user calls is typed. Generic parameters of tools are the one exception."""
    found = []
    for path in MODULES:
        if path.parts[-2] == "tools" or "langchain_azure_devops" not in path.parts:
            continue
        for function in functions(tree_of(path)):
            if function.name.startswith("_"):
                continue
            arguments = [*function.args.args, *function.args.kwonlyargs]
            annotations = [argument.annotation for argument in arguments] + [function.returns]
            found += [
                f"{relative(path)}:{function.name}"
                for annotation in annotations
                if isinstance(annotation, ast.Name) and annotation.id == "Any"
            ]
    assert found == []


def calls(node: ast.AST) -> list[str]:
    """The names of all functions that are called in a part of a module, without what stands before their dots."""
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return [name.rpartition(".")[2] for name in map(ast.unparse, called)]


def test_every_test_can_fail():
    """A test asserts, expects an error, or calls a function of the tests that does, at any depth."""
    bodies: dict[str, list[ast.AST]] = {}
    for tree in map(tree_of, TESTS):
        for function in functions(tree):
            bodies.setdefault(function.name, []).append(function)
    able = {"raises", "warns", "fail"} | {
        name
        for name, found in bodies.items()
        if any(isinstance(part, ast.Assert) for f in found for part in ast.walk(f))
    }
    while more := {
        n for n, found in bodies.items() if n not in able and any(able.intersection(calls(f)) for f in found)
    }:
        able |= more
    assert {name for name in bodies if name.startswith("test_")} - able == set()


NOT_OURS = {
    "_replace": "a documented method of named tuples",
    "_exit": "it ends a process at once, as a crash does",
    "_get_request_payload": "the request that LangChain's packages for OpenAI and Anthropic would send",
    "_convert_input": "the same for Gemini",
    "_prepare_request": "the same for Gemini",
    "_file_cache": "the official client reads its cache on import, and a test gives it a folder",
    "_request_id": "the MCP client 1.x names the call that it cancels nowhere else",
    "_last_v6_timestamp": "LangGraph's ids go on from the last one, and a test sets their clock",
}
"""Private names of other distributions that tests use, and why."""


def private_names(tree: ast.Module) -> Iterator[str]:
    """The private names that a test imports, reads from another object, or replaces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [] if ast.unparse(node.value) in {"self", "cls", "super()"} else [node.attr]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("setattr", "getattr", "delattr")):
            texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
            names = [text.rpartition(".")[2] for text in texts if isinstance(text, str)]
        else:
            continue
        yield from (name for name in names if re.match(r"_(?!_)\w", name))


def test_a_test_looks_at_what_is_public():
    """What a caller gets and what the service sees decide, so that the code may change where nobody sees it."""
    names = {(relative(path), name) for path in TESTS for name in private_names(tree_of(path))}
    assert [(path, name) for path, name in sorted(names) if name not in NOT_OURS] == []
    assert NOT_OURS.keys() == {name for _, name in names}, "no longer in use"


TOOLKIT = ROOT / "toolkit" / "langchain_azure_devops"
ADAPTERS = TOOLKIT / "adapters"
AREAS = [path for path in (TOOLKIT / "tools").glob("*") if path.name not in {"__init__.py", "__pycache__"}]
ROOMS = sorted(path.parent for path in TOOLKIT.glob("*/__init__.py") if path.parent != ADAPTERS)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "toolkit").with_suffix("").parts)


PUBLIC_MODULES = {
    "langchain_azure_devops",
    *(dotted(path) for path in TOOLKIT.glob("*.py") if path.name != "__init__.py"),
    *(dotted(path) for path in [*ROOMS, *AREAS]),
    *(dotted(path) for path in ADAPTERS.glob("*") if path.name not in {"__init__.py", "__pycache__"}),
}
"""The package, its ground floor, its rooms, the areas of tools and the adapters."""


def imported(path: Path, package: str) -> list[tuple[str, str]]:
    """Module and name of every import from a package, also inside functions; `import` has an empty name."""
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            found += [(str(node.module), alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names if alias.name.partition(".")[0] == package]
    return found


def exported(package: str) -> set[str] | None:
    """The names in a package's `__all__`; None for a module, whose names without underscore are public."""
    path = ROOT / "toolkit" / Path(*package.split(".")) / "__init__.py"
    if path.parent not in ROOMS or package == "langchain_azure_devops.tools":
        return None
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{package} has no __all__")


def test_agents_and_evals_use_public_names_of_the_toolkit():
    users = [path for source in USERS for path in (ROOT / source).rglob("*.py")]
    used = [
        (relative(path), module, name) for path in users for module, name in imported(path, "langchain_azure_devops")
    ]
    assert used
    for path, module, name in used:
        inside = f"{path}: {module} is inside a room; import from the room, or publish the name there"
        assert module in PUBLIC_MODULES, inside
        assert not name.startswith("_"), f"{path}: {module}.{name}"
        assert (names := exported(module)) is None or name in names, f"{path}: {module} does not export {name}"


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_what_it_is_for_and_exports_names_that_exist(room):
    module = importlib.import_module(dotted(room))
    assert len(module.__doc__ or "") > 40
    names = exported(dotted(room)) or {"TOOLS", "TOOLSETS"}
    assert names
    assert [name for name in names if not hasattr(module, name)] == []


def test_no_public_module_but_the_adapters_loads_langchain():
    modules = sorted(name for name in PUBLIC_MODULES if ".adapters" not in name)
    script = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
    assert not {{"langchain_core", "langchain", "langgraph"}} & set(sys.modules), name
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
