"""Measure by mutation what the tests of the deciding modules notice: `python tests/mutation/run.py [MODULE ...]`.

A mutant is a copy of a module with one small fault, such as `<` for `<=`; it is caught when a test fails. The modules
and the tests that decide about each stand in `modules.toml`, and the mutants that may survive, with the reason, in
`survivors.toml`. The command fails if fewer than 90 % of a module's mutants are caught, if one survives unargued, or if
one is caught that is argued.
"""

import argparse
import os
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from imports import import_libraries, play_at_import
from mutants import mutants_of, sample
from processes import forked
from sessions import Outcome, Session, Target, play_imported

HERE = Path(__file__).parent
LEAST_CAUGHT = 0.9
MOST_MUTANTS = 60
SLOWEST_TEST = 10.0
"""A test that takes more seconds is left out: every mutant that it notices would cost as much."""


@dataclass(frozen=True)
class Played:
    """A module, the number of its mutants, and what became of those that were played."""

    module: str
    mutants: int
    outcomes: list[Outcome]
    session: Session
    seconds: float

    @property
    def survivors(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.noticed_by]

    @property
    def caught(self) -> float:
        return 1 - len(self.survivors) / len(self.outcomes) if self.outcomes else 1.0

    def __str__(self) -> str:
        caught = len(self.outcomes) - len(self.survivors)
        counted = f"{caught} of {len(self.outcomes)} mutants caught"
        of_all = f", chosen from {self.mutants}" if len(self.outcomes) < self.mutants else ""
        return f"{self.caught:6.1%}  {self.module}: {counted}{of_all}; {self.seconds:.0f} s"


def main() -> int:
    arguments = parse()
    root = Path.cwd()
    table = tomllib.loads(arguments.table.read_text(encoding="utf-8"))
    argued = tomllib.loads(arguments.survivors.read_text(encoding="utf-8"))
    if unknown := sorted(set(arguments.modules) - set(table)):
        print(f"No tests are named for {', '.join(unknown)}; add a line to {arguments.table}.", file=sys.stderr)
        return 2
    good, all_played = True, []
    for module in arguments.modules or table:
        target = Target(root / module, module_name(root / module), tuple(table[module]))
        played = play(module, target, arguments.most, verbose=arguments.verbose)
        all_played.append(played)
        good = tell(played, argued.get(module, {})) and good
    print("\n== caught, by module")
    print(*all_played, sep="\n")
    return 0 if good else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="paths of modules; all in the table if none")
    parser.add_argument("--most", type=int, default=MOST_MUTANTS, help="mutants a module; always the same are chosen")
    parser.add_argument("--table", type=Path, default=HERE / "modules.toml", help="modules and their tests")
    parser.add_argument("--survivors", type=Path, default=HERE / "survivors.toml", help="mutants that may survive")
    parser.add_argument("--verbose", action="store_true", help="show each mutant, and the test that caught it")
    return parser.parse_args()


def module_name(path: Path) -> str:
    """The name by which a module is imported: its packages have an `__init__.py` each."""
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def play(module: str, target: Target, most: int, *, verbose: bool) -> Played:
    """Play the mutants of one module: in the imported module, and where that proves nothing, while it is imported."""
    begun = time.monotonic()
    mutants = mutants_of(target.path.read_text(encoding="utf-8"))
    chosen = sample(mutants, most)
    screen = os.dup(1)

    def show(outcome: Outcome) -> None:
        if verbose:
            os.write(screen, f"{outcome.mutant.name}\n    {outcome.noticed_by or 'SURVIVED'}\n".encode())

    ended, session = forked(lambda: silently(lambda: play_imported(target, chosen, SLOWEST_TEST, show)))
    if session is None:
        sys.exit(f"The tests of {module} do not run: pytest ended with {ended}.")
    silently(lambda: import_libraries(session.imported))
    _, others = forked(lambda: silently(lambda: play_at_import(target, session, show)))
    os.close(screen)
    if others is None:
        sys.exit(f"The mutants of {module} that matter at import could not be played.")
    return Played(module, len(mutants), [*session.outcomes, *others], session, time.monotonic() - begun)


def silently(work):
    """Do work whose output nobody needs."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        return work()
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for file in (nothing, *kept):
            os.close(file)


def tell(played: Played, argued: dict[str, str]) -> bool:
    """Print what survived; returns whether enough was caught and the rest is argued."""
    print(f"\n{played}", flush=True)
    for name, reason in played.session.baseline.left_out.items():
        print(f"  left out: {name}, because {reason}")
    unargued = [outcome for outcome in played.survivors if outcome.mutant.name not in argued]
    for outcome in played.survivors:
        mutant = outcome.mutant
        print(f"  survived: line {mutant.place.lines.start}, {mutant.name}")
        print(f"            {argued.get(mutant.name, 'not argued')}")
    stale = {outcome.mutant.name for outcome in played.outcomes if outcome.noticed_by} & set(argued)
    for name in sorted(stale):
        print(f"  caught, though it is argued: {name}")
    sys.stdout.flush()
    return not unargued and not stale and played.caught >= LEAST_CAUGHT


if __name__ == "__main__":
    sys.exit(main())
