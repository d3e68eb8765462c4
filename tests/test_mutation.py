"""Mutation: the faults that are planted, what a run says of them, and the tables that it reads."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from azure_devops_evals.cases import CASES
from mutation.mutants import mutants_of, sample
from mutation.product_faults import ROOTS, read_faults

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "mutation"
MODULES = tomllib.loads((FOLDER / "modules.toml").read_text(encoding="utf-8"))
SURVIVORS = tomllib.loads((FOLDER / "survivors.toml").read_text(encoding="utf-8"))
FAULTS = read_faults(FOLDER / "product_faults.toml")
CASES_OF_SUITE = {case.id for case in CASES}
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


def test_a_reason_for_a_mutant_that_is_caught_now_fails_the_run(tmp_path):
    done = run(tmp_path, TESTS + OTHERS, ARGUED)
    assert "100.0%  gate.py" in done.stdout, done.stderr
    assert "caught, though it is argued: module: 'writes' -> ''" in done.stdout
    assert done.returncode == 1


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


# -- Faults of the product ---------------------------------------------------------------------------------------------

PROGRAM = """
import json, sys
from product import votes

given = [argument.removeprefix("--case=") for argument in sys.argv if argument.startswith("--case=")]
told = {"vote": votes.told(-5) == "waits", "sum": votes.total([1, 2]) == 3, "any": True}
cases = [{"case": name, "status": "pass" if right else "fail"} for name, right in told.items()]
output = sys.argv[sys.argv.index("--output") + 1]
with open(output, "w") as file:
    json.dump({"cases": [case for case in cases if case["case"] in (given or told)]}, file)
"""
VOTES = """
def told(vote): return {-5: "waits", -10: "rejected"}[vote]
def total(votes): return sum(votes)
def most(votes): return max(votes)
"""
TEST_OF_VOTES = "from product import votes\ndef test_most(): assert votes.most([1, 2]) == 2\n"


def play_faults(folder, table, *options):
    """Play the faults of a table on a product of one module, whose cases are right while it is."""
    for root in ROOTS:
        (folder / root).mkdir()
    for path, text in {
        "toolkit/product/__init__.py": "", "toolkit/product/votes.py": VOTES, "test_votes.py": TEST_OF_VOTES,
        "evals/azure_devops_evals/__init__.py": "", "evals/azure_devops_evals/__main__.py": PROGRAM,
        "table.toml": table,
        "pytest.ini": "[pytest]\naddopts = --disable-plugin-autoload -p xdist.plugin\n",
    }.items():  # fmt: skip
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = [sys.executable, FOLDER / "product_faults.py", "--table", "table.toml", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=110)


def plant(name, old, new, **more):
    row = {"file": "toolkit/product/votes.py", "old": old, "new": new, **more}
    return "\n".join([f"[{name!r}]", *(f"{key} = {json.dumps(value)}" for key, value in row.items()), ""])


WRONG_VOTE = plant("a wrong vote", '-5: "waits"', '-5: "rejected"', cases=["vote"])
WRONG_MOST = plant("the least", "max(votes)", "min(votes)", reason="no case asks for it", test="test_votes.py")


def test_faults_are_noticed_by_the_cases_or_the_test_that_the_table_names(tmp_path):
    done = play_faults(tmp_path, WRONG_VOTE + WRONG_MOST)
    assert "a wrong vote\n    1 fail                vote\n" in done.stdout, done.stderr
    assert "the least\n    no case               test_votes.py fails: no case asks for it\n" in done.stdout
    assert "1 of 2 faults are noticed by cases, 1 by a test" in done.stdout
    assert done.returncode == 0
    assert (tmp_path / "toolkit" / "product" / "votes.py").read_text() == VOTES


@pytest.mark.parametrize(
    ("table", "options", "shown"),
    [
        (plant("x", "sum(votes)", "sum(votes) + 0", cases=["sum"]), (), "no case               NOT NOTICED BY sum"),
        (plant("x", "sum(votes)", "sum(votes) + 0"), (), "no case               NOTICED BY NOTHING"),
        (plant("x", "sum(votes)", "0", cases=["any"]), ("--all",), "1 fail                sum; NOT NOTICED BY any"),
        (plant("x", "sum(votes)", "0", reason="r", test="test_votes.py"), (), "test_votes.py PASSES: r"),
    ],
)
def test_a_fault_that_is_not_noticed_as_the_table_says_fails_the_run(tmp_path, table, options, shown):
    done = play_faults(tmp_path, table, *options)
    assert shown in done.stdout, done.stderr
    assert "not noticed as the table says: x" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (plant("x", "votes", "vote", cases=["sum"]), "the old text stands 4 times"),
        (plant("x", "nowhere", "there", cases=["sum"]), "the old text stands 0 times"),
        (plant("x", "sum(votes)", "0", reason="r", test="test_none.py"), "does not pass without a fault"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path, table, says):
    done = play_faults(tmp_path, table)
    assert says in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_the_product_can_be_planted_and_names_who_notices_it(fault):
    assert fault.plant((ROOT / fault.file).read_text(encoding="utf-8")).count(fault.new)
    assert set(fault.cases) <= CASES_OF_SUITE
    assert bool(fault.cases) != bool(fault.test)
    assert not fault.test or (len(fault.reason.split()) > 4 and (ROOT / fault.test.partition("::")[0]).is_file())
