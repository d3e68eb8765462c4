"""Play mutants in a test session that has collected, and forks once for each of them.

The mutant is put into the functions and constants that exist already, so it costs little more than the tests that run
its line. Where it matters while its module is imported, that proves a catch but no survival; `imports` plays the rest.
"""

import ast
import contextlib
import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from mutants import Mutant
from processes import end_after, forked, how_it_ended

START_SECONDS = 240.0
"""The time in which a process imports and collects."""
LEAST_SECONDS, TIMES_SLOWER = 8.0, 4.0
"""A test with a mutant may take these seconds, and this many times as long as without one."""
OPTIONS = ["-s", "-q", "-n0", "--timeout=0", "-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none"]
NOT_PATCHED = 77
"""The exit code of a process whose functions could not take the mutant."""


@dataclass(frozen=True)
class Target:
    """The module, its name in imports, and the files of the tests that decide about it."""

    path: Path
    name: str
    tests: tuple[str, ...]

    @property
    def file(self) -> str:
        return str(self.path.resolve())


@dataclass
class Baseline:
    """What the tests did without a mutant: their time, the lines of the module that they ran, and those left out."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, set[int]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    noticed: Counter[str] = field(default_factory=Counter)

    def tests_of(self, lines: range | None) -> list[str]:
        """The tests that run one of these lines, or all; first those that noticed the most, then the fastest."""
        by_all = lines is None or self.shared.intersection(lines)
        names = [name for name, ran in self.lines.items() if by_all or ran.intersection(lines or ())]
        return sorted((name for name in names if name not in self.left_out), key=self.rank)

    def rank(self, name: str) -> tuple[int, float]:
        return -self.noticed[name], self.seconds.get(name, START_SECONDS)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: the test that noticed it or how the process ended; "" if it survived."""

    mutant: Mutant
    noticed_by: str


@dataclass
class Session:
    """The outcomes, the mutants that are left to another process, and the files of all imported modules."""

    baseline: Baseline = field(default_factory=Baseline)
    outcomes: list[Outcome] = field(default_factory=list)
    at_import: list[Mutant] = field(default_factory=list)
    imported: dict[str, str] = field(default_factory=dict)


def play_imported(target: Target, mutants: list[Mutant], slowest: float, tell: Callable[[Outcome], None]) -> Session:
    """Play mutants in a module that is imported."""
    host = _Host(target, mutants, slowest, tell)
    host.tracer.start()
    code = pytest.main([*OPTIONS, *target.tests], plugins=[host])
    host.tracer.stop()
    if not host.session.baseline.seconds:
        sys.exit(int(code) or 1)
    return host.session


class Watch:
    """A plugin that runs the fastest tests first, gives each its time, and remembers the first that failed."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.failed = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        end_after(LEAST_SECONDS + TIMES_SLOWER * self.baseline.seconds.get(item.nodeid, START_SECONDS))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept = [item for item in items if item.nodeid not in self.baseline.left_out]
        items[:] = sorted(kept, key=lambda item: self.baseline.rank(item.nodeid))


class _Tracer:
    """Note which lines of one file run, in this thread and in those that it starts."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: set[int] = set()

    def start(self) -> None:
        threading.settrace(self._called)
        sys.settrace(self._called)

    def stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._ran if frame.f_code.co_filename == self.file else None

    def _ran(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            self.lines.add(frame.f_lineno)
        return self._ran


class _Measuring:
    """A plugin that measures each test, and the lines that it runs."""

    def __init__(self, tracer: _Tracer, slowest: float) -> None:
        self.baseline = Baseline()
        self.tracer = tracer
        self.slowest = slowest

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self.tracer.lines = self.baseline.lines[item.nodeid] = set()
        self.baseline.seconds[item.nodeid] = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture for many tests runs counts for all of them."""
        of_test = self.tracer.lines
        if fixturedef.scope != "function":
            self.tracer.lines = self.baseline.shared
        try:
            return (yield)
        finally:
            self.tracer.lines = of_test

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.baseline.seconds[report.nodeid] += report.duration
        if report.failed:
            self.baseline.left_out[report.nodeid] = "it fails without a mutant"
        elif report.when == "call" and report.duration > self.slowest:
            self.baseline.left_out[report.nodeid] = f"it takes {report.duration:.0f} s"


class _Host:
    """A plugin that plays mutants instead of the tests, each in a copy of this process."""

    def __init__(self, target: Target, mutants: list[Mutant], slowest: float, tell: Callable[[Outcome], None]) -> None:
        self.target, self.mutants, self.slowest, self.tell = target, mutants, slowest, tell
        self.tracer = _Tracer(target.file)
        self.session = Session()
        self.items: dict[str, pytest.Item] = {}
        self.functions: list[FunctionType] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.tracer.stop()
        if session.testsfailed or not session.items:
            return True
        self.session.imported = {name: getattr(one, "__file__", None) or "" for name, one in sys.modules.items()}
        ended, measured = forked(lambda: self._measure(session))
        if measured is None:
            raise pytest.UsageError(f"The tests were not measured: {how_it_ended(ended)}.")
        self.session.baseline = measured
        self.items = {item.nodeid: item for item in session.items}
        functions = (one for one in gc.get_objects() if isinstance(one, FunctionType))
        self.functions = [one for one in functions if one.__code__.co_filename == self.target.file]
        gc.freeze()
        for mutant in self.mutants:
            self._play(mutant)
        return True

    def _measure(self, session: pytest.Session) -> Baseline:
        measuring = _Measuring(_Tracer(self.target.file), self.slowest)
        session.config.pluginmanager.register(measuring)
        measuring.tracer.start()
        _run(session.items, lambda: False)
        measuring.tracer.stop()
        return measuring.baseline

    def _play(self, mutant: Mutant) -> None:
        at_import = mutant.place.at_import or bool(self.tracer.lines.intersection(mutant.place.lines))
        tests = self.session.baseline.tests_of(None if at_import else mutant.place.lines)
        ended, failed = forked(lambda: self._play_here(mutant, [self.items[name] for name in tests]))
        if ended == NOT_PATCHED or (at_import and failed == ""):
            self.session.at_import.append(mutant)
            return
        outcome = Outcome(mutant, failed if failed is not None else how_it_ended(ended))
        self.session.baseline.noticed[failed or ""] += 1
        self.session.outcomes.append(outcome)
        self.tell(outcome)

    def _play_here(self, mutant: Mutant, items: list[pytest.Item]) -> str:
        end_after(START_SECONDS)
        at_import = mutant.place.at_import
        if not (_rebind(self.target, mutant) if at_import else _patch(self.functions, self.target, mutant)):
            sys.exit(NOT_PATCHED)
        if not items:
            return ""
        watch = Watch(self.session.baseline)
        items[0].config.pluginmanager.register(watch)
        _run(items, lambda: bool(watch.failed))
        return watch.failed


def _run(items: list[pytest.Item], stop: Callable[[], bool]) -> None:
    """Run tests as pytest's own loop does."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if stop():
            return


def _patch(functions: list[FunctionType], target: Target, mutant: Mutant) -> bool:
    """Put a mutant into the functions of a module; False if they cannot take it."""
    code = compile(mutant.source, target.file, "exec", dont_inherit=True)
    changed = dict(_changed(code, compile(mutant.tree(), target.file, "exec", dont_inherit=True)))
    concerned = [function for function in functions if function.__code__ in changed]
    try:
        for function in concerned:
            function.__code__ = changed[function.__code__]
    except ValueError:
        return False
    return bool(concerned)


def _rebind(target: Target, mutant: Mutant) -> bool:
    """Give a constant of the module or of one of its classes its wrong value; False if the mutant is in no constant."""
    module = sys.modules[target.name]
    old, new = ast.parse(mutant.source).body, mutant.tree().body
    owner: object = module
    if isinstance(changed := _first_changed(old, new), ast.ClassDef):
        owner = vars(module)[changed.name]
        before = next(one for one in old if isinstance(one, ast.ClassDef) and one.name == changed.name)
        changed = _first_changed(before.body, changed.body)
    names = changed.targets if isinstance(changed, ast.Assign) else [getattr(changed, "target", None)]
    if not isinstance(changed, ast.Assign | ast.AnnAssign) or not isinstance(names[0], ast.Name):
        return False
    name, after = names[0].id, {**vars(module), **vars(owner)}
    exec(compile(ast.Module([changed], []), target.file, "exec", dont_inherit=True), after)  # noqa: S102 - our own code
    return _set(owner, name, after[name])


def _set(owner: object, name: str, value: object) -> bool:
    """Set a constant of a class, or of every module that has it; False where a class refuses or makes it another."""
    if isinstance(owner, type):
        with contextlib.suppress(AttributeError, TypeError):
            setattr(owner, name, value)
        return vars(owner).get(name) is value
    before = vars(owner)[name]
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is before:
            vars(module)[name] = value
    return True


def _first_changed(old: list[ast.stmt], new: list[ast.stmt]) -> ast.stmt | None:
    pairs = zip(old, new, strict=True)
    return next((after for before, after in pairs if ast.dump(before) != ast.dump(after)), None)


def _changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Each function whose code differs, with its new code."""
    if old == new:
        return
    yield old, new
    others = {_place(one): one for one in new.co_consts if isinstance(one, CodeType)}
    for one in old.co_consts:
        if isinstance(one, CodeType) and (other := others.get(_place(one))) is not None:
            yield from _changed(one, other)


def _place(code: CodeType) -> tuple[str, int, object]:
    """What tells functions with one name apart: the line, and the columns of the first instruction that has them."""
    first = next((position for position in code.co_positions() if position[2]), None)
    return code.co_name, code.co_firstlineno, first
