"""Mutation: the faults that are planted, what a run says of them, and the tables that it reads."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mutation.mutants import mutants_of, sample

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "mutation"
MODULES = tomllib.loads((FOLDER / "modules.toml").read_text(encoding="utf-8"))
SURVIVORS = tomllib.loads((FOLDER / "survivors.toml").read_text(encoding="utf-8"))
MODULE = '''"""A module that decides."""

LIMITS = {"reads": 3, "writes": 1}


def allowed(kind: str, count: int) -> bool:
    """Whether this many calls are allowed."""
    if kind not in LIMITS:
        return False
    return count <= LIMITS[kind]


class Gate:
    """Count calls."""

    open = True

    def close(self) -> None:
        """Let nothing through."""
        self.open = False
'''
TESTS = """
import gate

def test_reads():
    assert gate.allowed("reads", 3)
    assert not gate.allowed("reads", 4)
    assert not gate.allowed("deletes", 0)

def test_a_gate_is_closed():
    here = gate.Gate()
    assert here.open
    here.close()
    assert not here.open
"""


def names_of(source):
    return [mutant.name for mutant in mutants_of(source)]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def f(a, b): return a < b", "f: a < b -> a <= b"),
        ("def f(a, b): return a in b", "f: a in b -> a not in b"),
        ("def f(a, b): return a and b", "f: a and b -> a or b"),
        ("def f(a, b): return a and b", "f: a and b -> b"),
        ("def f(a): return not a", "f: not a -> a"),
        ("def f(a):\n    if a: return 1", "f: if a -> if not a"),
        ("def f(a, b): return a if b else 2", "f: a if b else 2 -> 2 if b else a"),
        ("def f(a): return a.b", "f: return a.b -> return None"),
        ("def f(a): return a + 1", "f: a + 1 -> a - 1"),
        ("def f(a): return a + 1", "f: 1 -> 2"),
        ("def f(a, b): return a[:b]", "f: :b -> :b + 1"),
        ("def f(a, b): g(a, b)", "f: g(a, b) -> nothing"),
        ("def f(a, b): g(a, b)", "f: g(a, b) -> g(b, a)"),
        ("def f(a): raise a", "f: raise a -> nothing"),
        ("def f(a): a.b = 1", "f: a.b = 1 -> nothing"),
        ("def f(a): return [b for b in a if b]", "f: for b in a if b -> for b in a"),
        ("def f(a): return any(a)", "f: any(a) -> all(a)"),
        ("class C:\n    a = True", "C: True -> False"),
        ("A = {'a', 'b'}", "module: {'a', 'b'} -> {'b'}"),
        ("A = {C.x: C.y, C.z: C.w}", "module: {C.x: C.y, C.z: C.w} -> {C.z: C.w}"),
        ("A = {C.x: C.y, C.z: C.w}", "module: {C.x: C.y, C.z: C.w} -> {C.x: C.w, C.z: C.y}"),
        ("A = 'text'", "module: 'text' -> ''"),
    ],
)
def test_a_fault_is_planted(source, fault):
    assert fault in names_of(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "import a",
        "def f(a: int = b) -> 'x': return a",
        "A = f'{b} and more'",
        "A = 'three words here'",
    ],
)
def test_prose_and_types_are_left_alone(source):
    assert [name for name in names_of(source) if "return a -> return None" not in name] == []


def test_a_mutant_is_the_module_with_its_one_fault():
    (found,) = [mutant for mutant in mutants_of(MODULE) if mutant.name.endswith("count < LIMITS[kind]")]
    namespace = {}
    exec(compile(found.tree(), "gate.py", "exec"), namespace)  # noqa: S102 - the code of a mutant is made right here
    assert not namespace["allowed"]("reads", 3)
    assert namespace["allowed"]("reads", 2)
    assert list(found.place.lines) == [10]


def test_a_sample_is_the_same_whatever_else_the_module_holds():
    mutants = mutants_of(MODULE)
    chosen = {mutant.name for mutant in sample(mutants, 5)}
    assert len(chosen) == 5
    more = mutants_of(MODULE + "\n\ndef later(): return None\n")
    assert {mutant.name for mutant in sample(more, 5)} == chosen


def run(folder, tests, survivors):
    (folder / "gate.py").write_text(MODULE)
    (folder / "test_gate.py").write_text(tests)
    plugins = "-p pytest_timeout -p xdist.plugin"
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = .\naddopts = --disable-plugin-autoload {plugins}\n")
    (folder / "modules.toml").write_text('"gate.py" = ["test_gate.py"]\n')
    (folder / "survivors.toml").write_text(survivors)
    command = [sys.executable, FOLDER / "run.py", "--table", "modules.toml", "--survivors", "survivors.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=110)


ARGUED = """["gate.py"]
"module: {'reads': 3, 'writes': 1} -> {'reads': 3}" = "nobody writes"
"module: {'reads': 3, 'writes': 1} -> {'reads': 1, 'writes': 3}" = "this one is caught"
"module: 'writes' -> ''" = "nobody writes"
"""
OTHERS = """
def test_writes():
    assert gate.allowed("writes", 1)
    assert not gate.allowed("writes", 2)
"""


def test_a_run_says_what_survives_and_why_and_leaves_the_module_alone(tmp_path):
    done = run(tmp_path, TESTS, ARGUED)
    assert "survived: line 3, module: 'writes' -> ''\n            nobody writes" in done.stdout, done.stderr
    assert "survived: line 3, module: 1 -> 2\n            not argued" in done.stdout
    assert "caught, though it is argued: module: {'reads': 3, 'writes': 1} -> {'reads': 1, 'writes': 3}" in done.stdout
    counted = done.stdout.partition("gate.py: ")[2].partition(" mutants")[0]
    assert counted == f"{len(names_of(MODULE)) - 3} of {len(names_of(MODULE))}"
    assert (tmp_path / "gate.py").read_text() == MODULE
    assert done.returncode == 1


def test_a_run_in_which_every_mutant_is_caught_succeeds(tmp_path):
    done = run(tmp_path, TESTS + OTHERS, "")
    assert "survived" not in done.stdout
    assert "100.0%  gate.py" in done.stdout, done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("module", MODULES)
def test_the_table_names_files_that_exist(module):
    assert (ROOT / module).is_file()
    assert [test for test in MODULES[module] if not (ROOT / test).exists()] == []


@pytest.mark.parametrize("module", MODULES)
def test_an_argued_survivor_is_a_mutant_and_has_a_reason(module):
    assert set(SURVIVORS) <= set(MODULES)
    argued = SURVIVORS.get(module, {})
    assert set(argued) <= set(names_of((ROOT / module).read_text(encoding="utf-8")))
    assert [name for name, reason in argued.items() if len(reason.split()) < 4] == []
