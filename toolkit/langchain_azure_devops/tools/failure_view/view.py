"""Choose the lines of a log that are shown, and redact them."""

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.lines import MAX_LINE, ScannedLines, decode_pieces, shorten_line
from langchain_azure_devops.text.redacted_stream import find_around, redact_stream
from langchain_azure_devops.text.replacements import render
from langchain_azure_devops.tools.failure_view.cleaning import clean_line
from langchain_azure_devops.tools.failure_view.rules import Category
from langchain_azure_devops.tools.failure_view.scan import LAST, LogScan, Scored, Step
from langchain_azure_devops.tools.failure_view.time_stamps import remove_time_stamps
from langchain_azure_devops.tools.failure_view.windows import Window, cut_windows

CHARACTERS = 6_000
"""The size of a failure view that nobody asked to be larger or smaller."""
_LINE = 300
_TELLS = 0.05
"""Lines that count less tell nothing. They are shown only where the log is short, or no rule found anything."""
_TAIL = 54
"""So many more lines at the end are shown where no rule found anything."""
_WHOLE = 0.4
"""A log that takes no more than this share of the room is shown whole, although some lines tell more than others."""
_ELSEWHERE = 0.5
"""How much a line counts, as a share, when another step of the same log failed."""


class Proof(NamedTuple):
    """A shown line that proves what kind of failure it was.

    Attributes:
        category: The kind.
        rule: What the line is, in words.
        score: How much it counts, from 0 to 1.
        number: The number of the line.
        generic: Whether it does not tell which tool failed.
    """

    category: Category
    rule: str
    score: float
    number: int
    generic: bool = False


class FailureView(NamedTuple):
    """The lines of a log that an expert would look at.

    Attributes:
        lines: Their numbers and texts, redacted, without time stamps and colours.
        proofs: Those of them that prove what kind of failure it was, the strongest first.
        total: How many lines were read.
        whole: Whether the log was read to its end.
    """

    lines: list[tuple[int, str]]
    proofs: list[Proof]
    total: int
    whole: bool

    @property
    def text(self) -> str:
        """The lines, each behind its number."""
        return "\n".join(f"{number}: {line}" for number, line in self.lines)


async def read_failure_view(
    chunks: AsyncIterator[bytes], secrets: KnownSecrets, characters: int = CHARACTERS
) -> FailureView:
    """Read a log once and choose the lines that tell why it failed.

    Args:
        chunks: The bytes of the log.
        secrets: Learns the secrets of the whole log; the lines are shown with pseudonyms.
        characters: How many characters the lines may have, with their numbers.
    """
    seen, scan = ScannedLines(), LogScan()
    last: Window | None = None
    async for last in cut_windows(
        redact_stream(decode_pieces(remove_time_stamps(chunks), seen), secrets, lambda *_: False)
    ):
        scan.read(last)
    if last is not None:
        scan.finish(last)
    scored = _weigh_steps(scan.scored, scan.steps)
    chosen = _choose(scored, scan.count, characters)
    return FailureView(_show(chosen, scored, secrets), _list_proofs(chosen, scored), scan.count, seen.whole)


def _list_proofs(chosen: list[int], scored: dict[int, Scored]) -> list[Proof]:
    found = [
        Proof(each.proof.category, each.proof.name, each.score, number, each.proof.generic)
        for number in chosen
        if (each := scored[number]).proof and each.proof.category
    ]
    return sorted(found, key=lambda proof: -proof.score)


def _weigh_steps(scored: dict[int, Scored], steps: list[Step]) -> dict[int, Scored]:
    """Let the lines of steps that did not fail count less, where the log tells which step failed."""
    failed: list[tuple[int, int]] = []
    begin = 0
    for step in steps:
        if step.kind == "begins":
            begin = step.number
        elif step.kind == "fails":
            failed.append((begin, step.number))
    if not failed:
        return scored
    return {
        number: each
        if any(first <= number <= last for first, last in failed)
        else each._replace(score=each.score * _ELSEWHERE)
        for number, each in scored.items()
    }


def _choose(scored: dict[int, Scored], total: int, characters: int) -> list[int]:
    """Return the numbers of the lines that fit, those with the highest scores first."""
    telling: set[int] = set()
    others: list[int] = []
    room = characters
    for number, each in sorted(scored.items(), key=lambda entry: (-entry[1].score, entry[0])):
        cost = _cost_of(number, each)
        if cost > room:
            continue
        room -= cost
        if each.score > _TELLS and _line_of(number, each).strip():
            telling.add(number)
        else:
            others.append(number)
    silent = all(scored[number].score <= LAST for number in telling)
    if len(telling) + len(others) == total and (silent or characters - room <= characters * _WHOLE):
        return sorted([*telling, *others])
    if silent:
        return sorted([*telling, *others[:_TAIL]])
    return sorted([*telling, *(number for number in others if {number - 1, number + 1} <= telling)])


def _line_of(number: int, each: Scored) -> str:
    return clean_line(each.window.lines[number - each.window.first])


def _cost_of(number: int, each: Scored) -> int:
    """Return how many characters a line takes, with its number and what stands behind both."""
    return min(len(_line_of(number, each)), _LINE) + len(str(number)) + 3


def _show(numbers: Iterable[int], scored: dict[int, Scored], secrets: KnownSecrets) -> list[tuple[int, str]]:
    """Return the lines with their numbers, redacted by what stands around each of them."""
    by_window: dict[int, tuple[Window, list[int]]] = {}
    for number in numbers:
        window = scored[number].window
        by_window.setdefault(id(window), (window, []))[1].append(number)
    shown: list[tuple[int, str]] = []
    for window, chosen in by_window.values():
        text = "\n".join(window.lines)
        starts = [0]
        for line in window.lines:
            starts.append(starts[-1] + len(line) + 1)
        places = [
            place
            for number in chosen
            for place in (starts[number - window.first], starts[number - window.first + 1] - 1)
        ]
        lines = render(text, find_around(text, places, secrets)).split("\n")
        shown += [(number, lines[number - window.first]) for number in chosen]
    if not shown:
        return []
    # What a later part of the log told is a secret in the earlier ones, too.
    cleared = secrets.replace_known("\n".join(line for _, line in sorted(shown))).split("\n")
    return [
        (number, shorten_line(clean_line(line)[:MAX_LINE], scored[number].at, _LINE))
        for (number, _), line in zip(sorted(shown), cleared, strict=True)
    ]
