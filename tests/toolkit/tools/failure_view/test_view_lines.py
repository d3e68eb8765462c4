"""The lines of a failure view: what a person would read in the log, with the numbers of the log."""

import random

import pytest
from failure_views import ERROR, QUIET, STAMP, size_of, view_of

from langchain_azure_devops.tools.failure_view.cleaning import clean_line

WORDS = (
    "copy",
    "failed",
    "error:",
    "test",
    "file",
    "expected",
    "step",
    "12",
    "/usr/lib/a.so",
    "İstanbul",
    "straße",
    "\t",
)


def shown_at(lines, number):
    return dict(view_of(lines).lines).get(number)


@pytest.mark.parametrize("stamp", ["", STAMP, "2026-11-20T08:13:45Z ", "\ufeff" + STAMP], ids=repr)
@pytest.mark.parametrize(
    ("line", "text"),
    [
        (ERROR, ERROR),
        (f"\x1b[1m{ERROR[:17]}\x1b[31m{ERROR[17:20]}\x1b[0m{ERROR[20:]}\x1b[K", ERROR),
        (f"\x1b]0;title\x07{ERROR}", ERROR),
        (f"{ERROR}\r", ERROR),
        (f" 10 %|#    |\r 50 %|###  |\r{ERROR}", ERROR),
        (f"{ERROR}\r\r", ERROR),
        (f"{ERROR}  \t ", ERROR),
        ("##[error]Bash exited with code '1'.", "##[error]Bash exited with code '1'."),
        (f"İİİİİİİİİİ {ERROR}", f"İİİİİİİİİİ {ERROR}"),
    ],
    ids=["plain", "colours in a word", "title", "line end of Windows", "progress bar", "two returns", "blanks behind",
         "command", "longer in lower case"],
)  # fmt: skip
def test_a_line_is_shown_as_a_person_reads_it(stamp, line, text):
    lines = [f"{stamp}{each}" for each in [*QUIET, line, *QUIET]]
    assert shown_at(lines, len(QUIET) + 1) == text


def test_a_line_of_a_megabyte_is_shown_in_part_around_what_tells():
    for before, behind in (("", "x" * 1_000_000), ("y" * 1_000, "x" * 1_000_000)):
        shown = shown_at([*QUIET, f"{before} error: boom {behind}", *QUIET], len(QUIET) + 1)
        assert "error: boom" in shown
        assert len(shown) <= 302
        assert shown.startswith("…") == bool(before)
        assert shown.endswith("…")
    view = view_of([*QUIET, "x" * 3_000_000, ERROR, *QUIET])
    assert dict(view.lines)[len(QUIET) + 2] == ERROR
    assert view.total == 2 * len(QUIET) + 2


def test_lines_of_a_group_keep_their_numbers_and_tell_no_more_than_others():
    group = ["##[group]Install", "copy what is needed", ERROR, "##[endgroup]"]
    shown = dict(view_of([*QUIET, *group, *QUIET]).lines)
    assert shown[len(QUIET) + 3] == ERROR
    assert dict(view_of([*QUIET, *group[:2], group[3], *QUIET]).lines).get(len(QUIET) + 1) is None


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        ("\n", [(1, "")]),
        ("\n\n\n", [(1, ""), (2, ""), (3, "")]),
        ("no line end", [(1, "no line end")]),
        ("a\n\nb", [(1, "a"), (2, ""), (3, "b")]),
        ("a\r\nb\r\n", [(1, "a"), (2, "b")]),
        ("\r", [(1, "")]),
        ("a\rb\rc", [(1, "c")]),
        (" 1 %\r 2 %\r 3 %\r", [(1, " 3 %")]),
        (b"caf\xe9 error", [(1, "caf\ufffd error")]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("piece", [1, 2, 64 * 1024])
def test_a_log_that_fits_is_shown_whole(log, lines, piece):
    view = view_of(log, piece=piece)
    assert view.lines == lines
    assert (view.total, view.whole) == (len(lines), True)
    assert view.text == "\n".join(f"{number}: {line}" for number, line in lines)


def test_a_short_log_is_shown_whole_with_its_blank_lines():
    lines = [*QUIET[:16], "", "  ", ERROR, "", *QUIET[:16]]
    assert view_of(lines).lines == [(number, line.rstrip()) for number, line in enumerate(lines, 1)]


def test_of_a_log_that_takes_much_of_the_room_only_the_lines_that_tell_are_shown():
    lines = [*QUIET[:40], ERROR, *QUIET[:40]]
    shown = dict(view_of(lines).lines)
    assert shown[41] == ERROR
    assert 10 < len(shown) < 40
    assert len(view_of(lines, 30_000).lines) == len(lines)


def test_a_view_without_a_failure_is_the_end_of_the_log():
    numbers = [number for number, _ in view_of(QUIET).lines]
    assert numbers == list(range(numbers[0], len(QUIET) + 1))
    assert 20 <= len(numbers) <= 100


def random_log(seed):
    """A log of several windows, with lines of all kinds in any order."""
    r = random.Random(seed)  # noqa: S311 - made-up data

    def line():
        text = " ".join(r.choices(WORDS, k=r.choice((0, 1, 5, 12, 12, 12, 40, 400))))
        coloured = f"\x1b[3{r.randrange(8)}m{text}\x1b[0m" if r.random() < 0.2 else text
        bar = f"{r.randrange(100)} %\r{coloured}" if r.random() < 0.1 else coloured
        return (STAMP if r.random() < 0.8 else "") + bar + ("\r" if r.random() < 0.1 else "")

    return [line() for _ in range(r.choice((10, 500, 4_000, 9_000)))]


@pytest.mark.parametrize("seed", range(9))
def test_every_line_of_a_view_is_the_line_of_the_log_with_that_number(seed):
    lines = random_log(seed)
    view = view_of(lines, characters=30_000, piece=(997, 64 * 1024, 200_001)[seed % 3])
    lines = [line.removeprefix(STAMP) for line in lines]
    assert view.total == len(lines) - (not lines[-1])
    assert view.lines
    assert [number for number, _ in view.lines] == sorted({number for number, _ in view.lines})
    for number, text in view.lines:
        source = clean_line(lines[number - 1])
        assert "\n" not in text
        assert text == source if len(source) <= 300 else text.strip("…") in source
    assert size_of(view) <= 30_000 + 2 * len(view.lines)


def test_a_failure_is_found_at_every_place_around_the_borders_of_the_windows():
    """The lines are those of one log; only where the failure stands changes, over more than a whole window."""
    lines = [f"{line} {'.' * 60}" for line in QUIET * 3]
    for place in range(900, 4_000, 101):
        failing = [*lines[:place], ERROR, "    7 | total = 1", *lines[place:]]
        shown = dict(view_of(failing).lines)
        assert (shown.get(place + 1), shown.get(place + 2)) == (ERROR, "    7 | total = 1"), place
