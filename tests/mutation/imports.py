"""Play the mutants that matter while their module is imported: each in a process that imports it anew."""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import pytest
from mutants import Mutant
from processes import end_after, forked, how_it_ended
from sessions import OPTIONS, START_SECONDS, Baseline, Outcome, Session, Target, Watch


def play_at_import(target: Target, session: Session, tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Play the mutants that another session left over."""
    import_what_does_not_use(target, session.imported)
    outcomes = []
    for mutant in session.at_import:
        ended, failed = forked(lambda mutant=mutant: _import_and_run(target, mutant, session.baseline))
        outcomes.append(Outcome(mutant, failed if failed is not None else how_it_ended(ended)))
        tell(outcomes[-1])
    return outcomes


def import_libraries(imported: dict[str, str]) -> None:
    """Import what the tests had imported from outside of this folder."""
    for name, file in imported.items():
        if name not in sys.modules and not _is_here(file) and not _is_a_plugin(name):
            _try_import(name)


def import_what_does_not_use(target: Target, imported: dict[str, str]) -> None:
    """Import those packages of this folder that do not use the package of the module."""
    changed = target.name.partition(".")[0]
    finder = _Finder(target, None)
    sys.meta_path.insert(0, finder)
    ours = {name for name, file in imported.items() if _is_here(file) and not _is_here(file, "tests")}
    for package in {name.partition(".")[0] for name in ours} - {changed}:
        names = [name for name in ours if name.partition(".")[0] == package and not _is_a_plugin(name)]
        if not all(_try_import(name) for name in names):
            for name in [one for one in sys.modules if one.partition(".")[0] == package]:
                del sys.modules[name]
    sys.meta_path.remove(finder)


def _is_here(file: str, folder: str = "") -> bool:
    path = Path(file)
    return path.is_relative_to(Path.cwd() / folder) and not path.is_relative_to(sys.prefix)


def _is_a_plugin(name: str) -> bool:
    """Whether pytest wants to rewrite a module before anybody imports it."""
    return "plugin" in name or name.startswith(("pytest_", "xdist", "__")) or name.endswith("__main__")


def _try_import(name: str) -> bool:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
    return name in sys.modules


def _import_and_run(target: Target, mutant: Mutant, baseline: Baseline) -> str:
    sys.meta_path.insert(0, _Finder(target, mutant))
    end_after(START_SECONDS)
    watch = Watch(baseline)
    code = pytest.main(["-x", *OPTIONS, *target.tests], plugins=[watch])
    if code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return ""
    return watch.failed or f"pytest ended with {int(code)}"


class _Mutated(importlib.machinery.SourceFileLoader):
    """Load a module with a fault in it."""

    def __init__(self, target: Target, mutant: Mutant) -> None:
        super().__init__(target.name, target.file)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.mutant.tree(), self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Find a module with a fault in it; without a fault, refuse its whole package."""

    def __init__(self, target: Target, mutant: Mutant | None) -> None:
        self.target, self.mutant = target, mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if self.mutant is None:
            if name.partition(".")[0] == self.target.name.partition(".")[0]:
                raise ImportError(f"{name} is imported only with its mutant.")
        elif name == self.target.name:
            loader = _Mutated(self.target, self.mutant)
            return importlib.util.spec_from_file_location(name, self.target.file, loader=loader)
        return None
