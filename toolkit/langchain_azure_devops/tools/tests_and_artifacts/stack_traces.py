"""Cut error messages and stack traces of tests to the lines that tell what failed."""

import re
from collections.abc import Sequence

_MESSAGE_LINES, _MESSAGE = 12, 600
_HEAD, _TAIL, _TRACE = 6, 6, 900
_LINE = 300
_OF_LIBRARIES = re.compile(
    r"site-packages|dist-packages|node_modules|node:internal|/usr/lib/|<frozen |_pytest|"
    r"\bat (java|javax|jdk|sun|org\.junit|org\.gradle|org\.apache\.maven|kotlin|scala)\.|"
    r"\bat (System|Microsoft|Xunit|NUnit|Moq)\.|^\s*[_ ]{10,}$"
)
"""Lines of a stack trace that lie in a test runner or a library, and lines that only separate."""


def cut_message(text: str) -> str:
    """Return the first lines of an error message."""
    lines = [line[:_LINE] for line in text.strip().splitlines()]
    kept = "\n".join(lines[:_MESSAGE_LINES])
    left = len(lines) - _MESSAGE_LINES
    more = f"\n[{left} more lines]" if left > 0 else ""
    return (kept if len(kept) <= _MESSAGE else f"{kept[:_MESSAGE]}…") + more


def cut_stack_trace(text: str) -> str:
    """Return the beginning and the end of a stack trace without the lines of libraries, and say what was left out."""
    lines = [line[:_LINE] for line in text.strip("\n").splitlines() if line.strip()]
    own = [line for line in lines if not _OF_LIBRARIES.search(line)] or lines
    shown = own if len(own) <= _HEAD + _TAIL else [*own[:_HEAD], *own[-_TAIL:]]
    shown = _fit(shown)
    left = len(lines) - len(shown)
    return "\n".join([*shown, *([f"[{left} lines left out]"] if left else [])])


def _fit(lines: Sequence[str]) -> list[str]:
    """Leave out lines in the middle until the rest fits: some runners write the cause first, others last."""
    kept = list(lines)
    while len(kept) > 2 and sum(map(len, kept)) + len(kept) > _TRACE:
        del kept[len(kept) // 2]
    return kept
