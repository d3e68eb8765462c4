"""The baseline: the results of the suite that were last reviewed and accepted."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from azure_devops_evals.counts import Count
from azure_devops_evals.recording.difference import differences
from azure_devops_evals.running.metrics import COSTS
from azure_devops_evals.running.run import Result

BASELINE = Path(__file__).parents[1] / "baseline.json"
MORE_IS_BETTER = ("category accuracy", "grounded claims", "evidence recall", "write precision", "write recall")
TOKENS_TOLERATED = 0.10
"""The share by which the conversation of a case may become longer or shorter. One more line in a result does not
matter. A much longer conversation costs more, and in a much shorter one something may be missing."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class Baseline:
    """The status of each case and its metrics that must not get worse, as text such as `3/4`."""

    rows: Mapping[str, Row]

    @classmethod
    def of(cls, results: Iterable[Result]) -> Self:
        """Make a baseline of these results."""
        return cls({result.case: _row(result) for result in sorted(results, key=lambda result: result.case)})

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a baseline, by default the one of the package; it is empty when there is no file."""
        path = path or BASELINE
        return cls(json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else {})

    def save(self, path: Path | None = None) -> None:
        """Write one line for each case, so that a change of one case changes one line."""
        path = path or BASELINE
        lines = [f'  "{case}": {json.dumps(dict(row))}' for case, row in self.rows.items()]
        path.write_text('{"cases": {\n' + ",\n".join(lines) + "\n}}\n", encoding="utf-8")

    def changes(self, other: "Baseline") -> list[str]:
        """Describe the differences to another baseline for a reviewer."""
        return list(differences(dict(self.rows), dict(other.rows)))

    def regressions(self, results: Sequence[Result], *, whole: bool) -> list[str]:
        """Return what got worse since the baseline, and what is no longer expected of a case.

        Args:
            results: The results of a run, one for each case.
            whole: Whether every case was run.
        """
        found = [line for result in results if result.case in self.rows for line in self._worse(result)]
        if whole:
            found += [f"{case}: there is no such case any more" for case in self.rows.keys() - _ids(results)]
        return sorted(found)

    def _worse(self, result: Result) -> Iterator[str]:
        before = self.rows[result.case]
        if result.status != before["status"] == "pass":
            yield f"{result.case}: {result.status}, before pass"
            return
        for name in MORE_IS_BETTER:
            if name in before:
                old, new = _count(before[name]), result.counts.get(name, Count(0, 0))
                if new.of < old.of or new.found * old.of < old.found * new.of:
                    yield f"{result.case}: {name} {new}, before {old}"
        calls, tokens = (result.counts.get(name, Count(0, 0)).found for name in COSTS)
        if calls > int(before.get("calls", calls)):
            yield f"{result.case}: calls {calls}, before {before['calls']}"
        expected = int(before.get("tokens", tokens))
        if abs(tokens - expected) > TOKENS_TOLERATED * expected:
            yield f"{result.case}: tokens {tokens}, before {expected}"


def _ids(results: Iterable[Result]) -> set[str]:
    return {result.case for result in results}


def _row(result: Result) -> dict[str, str]:
    row = {"status": str(result.status)}
    row.update({name: str(result.counts[name]) for name in MORE_IS_BETTER if name in result.counts})
    row.update({name: str(result.counts[name].found) for name in COSTS if name in result.counts})
    return row


def _count(text: str) -> Count:
    found, _, of = text.partition("/")
    return Count(int(found), int(of))
