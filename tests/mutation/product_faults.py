"""Plant faults in the product, one at a time in a copy of its sources, and show which eval cases notice each.

    python tests/mutation/product_faults.py                 # each fault, on the cases that the table names for it
    python tests/mutation/product_faults.py --all           # each fault, on all cases
    python tests/mutation/product_faults.py "a page is called whole"

The table `product_faults.toml` holds the faults. A fault without cases is played on all of them, and the output shows
which ones to name. One that no case notices has a reason and a test instead: that test has to fail with the fault.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

HERE = Path(__file__).parent
ROOTS = ("toolkit", "agents", "evals")
ZONE = "Pacific/Chatham"
"""The time zone of all runs: where a local time is taken for UTC, it is wrong by hours and by 45 minutes."""
NOTICED = ("fail", "miss", "agent error")
"""How a case ends that notices a fault: by a check, by a request that no recording has, or by an exception."""
SECONDS = 900
MOST_NAMES = 4
TESTS_FAILED = 1
_FIND = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__file__)"


@dataclass(frozen=True)
class Fault:
    """A fault: in one file, `old` becomes `new`.

    Attributes:
        name: What goes wrong.
        file: The path of the file.
        old: A text that stands there once.
        new: What takes its place.
        cases: The cases that have to notice it.
        reason: Why no case notices it.
        test: The test that does.
    """

    name: str
    file: str
    old: str
    new: str
    cases: Sequence[str] = ()
    reason: str = ""
    test: str = ""

    def plant(self, text: str) -> str:
        """Return the text of the file with the fault."""
        if (found := text.count(self.old)) != 1:
            sys.exit(f"{self.name}: the old text stands {found} times in {self.file}, and has to stand there once.")
        return text.replace(self.old, self.new)

    @property
    def module(self) -> str:
        """The module that holds the fault, or the package of another file."""
        path = Path(*Path(self.file).parts[1:])
        return ".".join((path.parent if path.suffix != ".py" else path.with_suffix("")).parts)


@dataclass(frozen=True)
class Copy:
    """A copy of the sources in another folder, from which programs import."""

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a program that imports the copy."""
        paths = os.pathsep.join(str(self.folder / root) for root in ROOTS)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_DEVOPS_")}
        return {**kept, "PYTHONPATH": paths, "TZ": ZONE}

    @contextmanager
    def planted(self, fault: Fault) -> Iterator[None]:
        """Have a fault in the copy."""
        path = self.folder / fault.file
        right = path.read_text(encoding="utf-8")
        try:
            _write(path, fault.plant(right))
            yield
        finally:
            _write(path, right)

    def run(self, *arguments: str, where: Path | None = None) -> "subprocess.CompletedProcess[str]":
        """Run Python on the copy."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=where or self.folder, env=self.variables, capture_output=True, text=True, check=False,
            timeout=SECONDS,
        )  # fmt: skip

    def check_imported(self, fault: Fault) -> None:
        """End this program when another file than the copy is imported."""
        found = Path(self.run("-c", _FIND, fault.module).stdout.strip()).resolve()
        expected = (self.folder / fault.file).resolve()
        if found not in {expected, expected.parent / "__init__.py"}:
            sys.exit(f"{fault.name}: Python imports {found}, not the copy {expected}.")

    def run_cases(self, names: Iterable[str]) -> dict[str, str]:
        """Return how cases end, all of them if none is named."""
        output = self.folder / "cases.json"
        output.unlink(missing_ok=True)
        chosen = [f"--case={name}" for name in names]
        done = self.run("-m", "azure_devops_evals", "run", "--output", str(output), *chosen)
        if not output.exists():
            sys.exit(f"The cases were not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        cases = json.loads(output.read_text(encoding="utf-8"))["cases"]
        return {case["case"]: case["status"] for case in cases}

    def run_tests(self, tests: Sequence[str]) -> int:
        """Return the exit code of pytest, which runs the tests of this folder on the copy."""
        options = ("-q", "-x", "-n", "0", "-p", "no:cacheprovider")
        return self.run("-m", "pytest", *options, *tests, where=Path.cwd()).returncode


@dataclass(frozen=True)
class Found:
    """What noticed a fault: cases with their status, and whether the test of the table failed."""

    fault: Fault
    cases: Mapping[str, str]
    test_failed: bool

    @property
    def is_noticed(self) -> bool:
        """Whether all cases of the table notice the fault, or a case or the test where it names none."""
        return set(self.fault.cases) <= set(self.cases) and bool(self.cases or self.test_failed)

    def __str__(self) -> str:
        """Return the row of the table."""
        counted = Counter(self.cases.values())
        how = ", ".join(f"{counted[status]} {status}" for status in NOTICED if counted[status]) or "no case"
        names = list(self.cases)
        more = [f"and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
        told = [", ".join([*names[:MOST_NAMES], *more])] if names else []
        told += [f"NOT NOTICED BY {name}" for name in self.fault.cases if name not in self.cases]
        if self.fault.test:
            told.append(f"{self.fault.test} {'fails' if self.test_failed else 'PASSES'}: {self.fault.reason}")
        return f"{self.fault.name}\n    {how:22}{'; '.join(told) or 'NOTICED BY NOTHING'}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help="faults of the table; all of them by default")
    options.add_argument("--all", action="store_true", help="play all cases with each fault; this takes long")
    options.add_argument("--table", type=Path, default=HERE / "product_faults.toml")
    given = options.parse_args()
    faults = read_faults(given.table)
    if unknown := set(given.names) - {fault.name for fault in faults}:
        options.error(f"no such fault: {', '.join(sorted(unknown))}")
    chosen = [fault for fault in faults if not given.names or fault.name in given.names]
    for fault in chosen:
        fault.plant(Path(fault.file).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        found = list(play(chosen, make_copy(Path(folder)), every_case=given.all))
    by_cases = sum(bool(each.cases) for each in found)
    left = [each.fault.name for each in found if not each.is_noticed]
    print(f"\n{by_cases} of {len(found)} faults are noticed by cases, {len(found) - by_cases - len(left)} by a test")
    for name in left:
        print(f"  not noticed as the table says: {name}")
    return 1 if left else 0


def read_faults(table: Path) -> list[Fault]:
    """Return the faults of a table."""
    rows = tomllib.loads(table.read_text(encoding="utf-8"))
    return [Fault(name, **row) for name, row in rows.items()]


def make_copy(folder: Path) -> Copy:
    """Copy the sources, with the code that was compiled already."""
    for root in ROOTS:
        shutil.copytree(root, folder / root)
    return Copy(folder)


def play(faults: Sequence[Fault], copy: Copy, *, every_case: bool) -> Iterator[Found]:
    """Play cases with each fault, after all of them have passed without one, and print each row at once."""
    named = {name for fault in faults for name in fault.cases}
    open_ends = every_case or any(not fault.cases and not fault.test for fault in faults)
    if odd := [case for case, status in copy.run_cases(() if open_ends else named).items() if status != "pass"]:
        sys.exit(f"These cases do not pass without a fault: {', '.join(odd)}.")
    tests = [fault.test for fault in faults if fault.test]
    if tests and copy.run_tests(tests):
        sys.exit(f"One of these tests does not pass without a fault: {', '.join(tests)}.")
    for fault in faults:
        with copy.planted(fault):
            copy.check_imported(fault)
            skips = bool(fault.test) and not fault.cases and not every_case
            ended = {} if skips else copy.run_cases(() if every_case else fault.cases)
            failed = bool(fault.test) and copy.run_tests([fault.test]) == TESTS_FAILED
        found = Found(fault, {case: status for case, status in ended.items() if status in NOTICED}, failed)
        print(found, flush=True)
        yield found


def _write(path: Path, text: str) -> None:
    """Write a source, and forget its compiled code: the same size and second would let it pass for the new one."""
    path.write_text(text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
