"""Which lines a failure view chooses: the same for the same log, more with more room, in linear time."""

import hashlib
import os
import subprocess
import sys
import tracemalloc

import pytest
from failure_views import ERROR, QUIET, size_of, view_of
from growth import assert_grows_in_proportion

from azure_devops_evals.benchmarks.labelled_logs import load_logs

LOGS = [log for log in load_logs() if len(log.content) < 70_000]
SIZES = (500, 1_500, 3_000, 6_000, 16_000, 30_000)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_more_characters_never_show_fewer_critical_lines(log):
    views = [view_of(log.content, size) for size in SIZES]
    found = [len(log.critical & {number for number, _ in view.lines}) for view in views]
    assert found == sorted(found)
    assert found[-1] > 0
    for size, view in zip(SIZES, views, strict=True):
        # An ellipsis on both sides of a long line comes on top.
        assert size_of(view) <= size + 2 * len(view.lines)


def test_the_same_log_gives_the_same_view_in_pieces_of_any_size():
    for log in LOGS[:4]:
        assert len({view_of(log.content, piece=piece).text for piece in (4_096, 65_536, 10_000_000)}) == 1
        assert len({view_of(log.content).text for _ in range(2)}) == 1


def test_the_same_log_gives_the_same_view_in_every_process():
    """Python orders sets of texts anew in each process."""
    script = "import failure_views, sys; sys.stdout.write(ascii(failure_views.view_of(sys.stdin.buffer.read())))"
    log = b"\n".join(log.content for log in LOGS[:6])
    made = set()
    for seed in ("1", "2"):
        variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, input=log, env=variables, capture_output=True, check=True, timeout=60)
        made.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(made) == 1


def test_the_first_failures_of_each_kind_are_shown_among_thousands_of_another():
    noise = [f"src/f{number}.c:{number}:7: error: unknown type name 'T{number}'" for number in range(3_000)]
    rare = "FAILED tests/test_app.py::test_total - AssertionError: assert 3 == 4"
    shown = dict(view_of([*QUIET, *noise, rare, *noise, *QUIET]).lines)
    assert shown.get(len(QUIET) + len(noise) + 1) == rare
    assert shown.get(len(QUIET) + 1) == noise[0]


def test_the_step_that_failed_counts_more_than_one_that_went_on():
    def step(name, end):
        errors = [f"src/{name}{number}.c:{number}:7: error: unknown type name '{name}{number}'" for number in range(60)]
        return [f"##[section]Starting: {name}", *errors, end, f"##[section]Finishing: {name}"]

    def shown(warm, build):
        steps = [step("Warm", warm), step("Build", build), step("Clean", "done")]
        numbers = [number for number, _ in view_of([line for lines in steps for line in lines], 2_000).lines]
        return sum(number <= 63 for number in numbers), sum(63 < number <= 126 for number in numbers)

    failed = "##[error]Bash exited with code '1'."
    assert shown(failed, "done")[0] > shown("done", "done")[0] > shown("done", failed)[0]
    assert shown("done", failed)[1] > shown("done", "done")[1]


@pytest.mark.parametrize(
    "part",
    ["a quiet line\n", f"{ERROR}\n", "\n", " 50 %|###  |\r", "\x1b[31merror\x1b[0m: boom\n", "error: 'a' /b/c.d x 1\n",
     f"error: {'a' * 500}\n", f"error: {'a.b/' * 100}\n", "error: " + "x'" * 90 + "\n"],
)  # fmt: skip
def test_the_work_grows_with_the_length_of_the_log(part):
    assert_grows_in_proportion(view_of, part, 150_000)


def test_the_memory_is_bounded_when_every_window_has_failures():
    def peak(times):
        lines = [f"{line} {'.' * 60}" for line in QUIET]
        block = "\n".join([*lines, ERROR.replace("}", "%d")]).encode()
        content = b"\n".join(block.replace(b"%d", b"%d" % number) for number in range(times))
        tracemalloc.start()
        try:
            assert view_of(content).total == times * (len(QUIET) + 1)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(60), peak(120)
    assert large < 1.3 * small
    assert large < 30 * 2**20
