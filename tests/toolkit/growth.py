"""How the cost of a function grows with the length of a text: a ratio of processor times decides, never a duration."""

import time
from collections.abc import Callable

import pytest


def assert_grows_in_proportion(function: Callable[[str], object], part: str, size: int = 5_000) -> None:
    """Four times the text takes about four times the processor time, and never sixteen times.

    Args:
        function: It reads the text.
        part: It is repeated until the text has its length.
        size: The length of the shorter text.
    """

    def work(length: int) -> float:
        text = (part * (length // len(part) + 1))[:length]
        begun = time.process_time()
        function(text)
        return max(time.process_time() - begun, 0.005)

    for _ in range(4):
        ratio = min(work(4 * size) for _ in range(2)) / min(work(size) for _ in range(2))
        if ratio < 8:
            return
    pytest.fail(f"{part!r}: four times the text takes {ratio:.0f} times as long")
