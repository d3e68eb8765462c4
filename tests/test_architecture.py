"""Rules about the shape of the code that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ("toolkit", "agents", "evals")
MODULES = sorted(path for source in SOURCES for path in (ROOT / source).rglob("*.py"))
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


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


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE_LINES
    long = {function.name: lines_of(function) for function in functions(ast.parse(text))}
    assert {name: size for name, size in long.items() if size > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_nothing_is_left_open(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    assert not re.search(r"raise NotImplementedError\b", text)
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", sorted([*MODULES, *(ROOT / "tests").rglob("*.py")]), ids=relative)
def test_an_ignore_names_its_rule_and_its_reason(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.search("[#] noqa", line):
            assert re.search(r"[#] noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \S", line), line
        if re.search("[#] type: ignore", line):
            assert re.search(r"[#] type: ignore\[[a-z-]+(, ?[a-z-]+)*\]", line), line


def test_public_signatures_hold_no_any():
    """`Any` may appear inside; what a user calls is typed. Generic parameters of tools are the one exception."""
    found = []
    for path in MODULES:
        if path.parts[-2] == "tools" or "langchain_azure_devops" not in path.parts:
            continue
        for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
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
