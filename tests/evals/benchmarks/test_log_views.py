"""The labelled logs, and how the failure view is measured on them: what is critical, what is shown, what it costs."""

import json
import lzma
import re
import subprocess
import sys
import zlib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from azure_devops_evals.benchmarks import log_views
from azure_devops_evals.benchmarks.budgets import BUDGETS
from azure_devops_evals.benchmarks.labelled_logs import LabelledLog, Marks, UnreadableLog, load_logs
from azure_devops_evals.benchmarks.log_views import WAYS, compare
from azure_devops_evals.benchmarks.service import stub

OWN = Path(str(files("azure_devops_evals.benchmarks") / "failing_logs"))
STAMP = "2026-11-20T08:13:45.1234567Z "
CRITICAL = "src/total.py:7:12: error: expected an indented block after the function definition"


def write(folder, name, lines, critical, **more):
    (folder / f"{name}.log").write_bytes("".join(f"{STAMP}{line}\n" for line in lines).encode())
    (folder / f"{name}.json").write_text(json.dumps({"critical": critical, **more}))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "early", ["begin", CRITICAL, *(f"step {number} runs" for number in range(3_000))], [[2, 2]])
    write(tmp_path, "late", [*(f"step {number} runs" for number in range(3_000)), "gone wrong"], [[3001, 3001]])
    return tmp_path


def evals(*arguments):
    command = [sys.executable, "-m", "azure_devops_evals", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


# -- the logs of the project ---------------------------------------------------------------------------------------


def test_the_logs_are_many_of_many_tools_and_a_third_is_held_back():
    about = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in OWN.glob("*.json")}
    assert {path.name.removesuffix(".log.xz") for path in OWN.glob("*.xz")} == set(about)
    assert {path.suffix for path in OWN.iterdir()} == {".json", ".xz"}
    assert len(about) >= 60
    assert len({each["tool"] for each in about.values()}) >= 15
    assert all(len(each[field]) > 10 for each in about.values() for field in ("made_by", "truth", "why"))
    families = Counter(each["family"] for each in about.values())
    assert set(families) == {"test runner", "compiler", "linter", "package manager", "build tool", "infrastructure"}
    assert min(families.values()) >= 8
    # A name decides about its log, so nobody chooses which logs are held back.
    assert {name: each["held_back"] for name, each in about.items()} == {
        name: zlib.crc32(name.encode()) % 3 == 0 for name in about
    }
    assert 0.25 < sum(each["held_back"] for each in about.values()) / len(about) < 0.4


def test_every_mark_stands_in_its_log_and_only_a_small_part_of_it_is_critical():
    logs = list(load_logs())
    assert len(logs) == len(list(OWN.glob("*.json")))
    for log in logs:
        assert (
            1 <= min(log.critical) <= max(log.critical) <= len(log.lines) == log.content.rstrip(b"\n").count(b"\n") + 1
        )
        assert len(log.critical) <= 150, log.name


def test_no_log_tells_of_the_machine_that_made_it():
    foreign = re.compile(rb"(?<![\w.])/(?:tmp|root|opt/(?:pypi|wheels))/|file:///opt")
    found = {
        (path.name, match[0])
        for path in OWN.glob("*.xz")
        for match in foreign.finditer(lzma.decompress(path.read_bytes()))
    }
    assert found == set()


# -- folders ---------------------------------------------------------------------------------------------------------


def test_a_packed_log_is_read_like_a_plain_one(folder):
    plain = {log.name: (log.content, log.critical) for log in load_logs(folder)}
    assert set(plain) == {"early", "late"}
    for path in list(folder.glob("*.log")):
        (folder / f"{path.name}.xz").write_bytes(lzma.compress(path.read_bytes()))
        path.unlink()
    assert {log.name: (log.content, log.critical) for log in load_logs(folder)} == plain


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        (None, r"one\.json is missing"),
        ("{", r"one\.json: the document: Invalid JSON"),
        ('{"critical": []}', r"critical: List should have at least 1 item"),
        ('{"critical": [[1]]}', r"critical\.0\.1: Field required"),
        ('{"critical": [[2, 4]]}', r"marks the lines 2-4, and the log has 3"),
        ('{"critical": [[3, 2]]}', r"marks the lines 3-2, and the log has 3"),
        ('{"critical": [[2, 2]]}', r"marks only blank lines"),
    ],
)
def test_marks_that_cannot_be_used_are_refused_with_the_reason(tmp_path, marks, reason):
    (tmp_path / "one.log").write_bytes(f"{STAMP}a\n{STAMP}\x1b[0m \n{STAMP}c\n".encode())
    if marks is not None:
        (tmp_path / "one.json").write_text(marks)
    with pytest.raises(UnreadableLog, match=reason):
        list(load_logs(tmp_path))


def test_a_damaged_log_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(UnreadableLog, match=r"has no file NAME\.log"):
        list(load_logs(tmp_path))
    (tmp_path / "one.json").write_text('{"critical": [[1, 1]]}')
    (tmp_path / "one.log.xz").write_bytes(b"no xz")
    with pytest.raises(UnreadableLog, match=r"one\.log\.xz cannot be read"):
        list(load_logs(tmp_path))


# -- the measure -----------------------------------------------------------------------------------------------------


def test_blank_lines_are_not_critical_and_lines_end_with_a_line_feed_only():
    log = LabelledLog("x", f"{STAMP}a\r{STAMP}b\u2028c\n{STAMP}\n\x1b[31m\x1b[0m\nd".encode(), Marks(critical=[(1, 4)]))
    assert (len(log.lines), log.critical) == (4, {1, 4})


def test_each_way_shows_its_lines_and_counts_their_characters(folder):
    ways = {one.log.name: one.shown for one in compare(load_logs(folder))}
    assert [way.budget for way in WAYS] == list(ways["early"])
    last = ways["late"]["last-60"]
    assert last.numbers == frozenset(range(2_942, 3_002))
    assert last.characters == sum(len(f"{n}: step {n - 1} runs\n") for n in range(2_942, 3_001)) + len(
        "3001: gone wrong\n"
    )
    assert ways["late"]["last-200"].numbers == frozenset(range(2_802, 3_002))
    assert ways["early"]["grep"].numbers == frozenset({1, 2, 3, 4, 5})
    assert ways["late"]["grep"].numbers == frozenset()
    shares = {name: [shown[way.budget].share(one.log) for way in WAYS] for one in compare(load_logs(folder))
              for name, shown in [(one.log.name, one.shown)]}  # fmt: skip
    assert shares == {"early": [1, 1, 0, 0, 1], "late": [1, 1, 1, 1, 0]}
    for shown in ways.values():
        assert shown["view-6000"].characters <= 6_000
        assert shown["view-16000"].characters <= 16_000


def test_the_benchmark_tells_the_logs_held_back_from_the_others(folder, monkeypatch):
    write(folder, "late", ["gone wrong", *(f"step {number} runs" for number in range(3_000))], [[1, 1]], held_back=True)
    monkeypatch.setattr(log_views, "load_logs", lambda: load_logs(folder))
    with stub() as server:
        measured = {(one.budget, one.variant): one for one in log_views.log_views(server)}
    assert 0 < measured["view-size", ""].value <= BUDGETS["view-size"].limit == 6_000
    assert measured["view-6000", "logs for tuning"].value == 100
    assert measured["grep", "logs held back"].value == 0
    assert measured["view-6000", "logs held back"].verdict == "FAIL"
    assert "1 logs, on average " in measured["last-60", "logs held back"].detail
    assert {name for name, _ in measured} == {"view-size", *(way.budget for way in WAYS)}


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_compares_the_ways_log_by_log_and_in_all(folder):
    done = evals("logs", folder)
    assert (done.returncode, done.stderr) == (0, "")
    head, early, late, blank, mean, characters = [re.split(r" {2,}", line) for line in done.stdout.splitlines()]
    assert head == ["log", "view 6,000", "view 16,000", "last 60", "last 200", "grep -C3"]
    assert early == ["early", "100%", "100%", "0%", "0%", "100%"]
    assert late == ["late", "100%", "100%", "100%", "100%", "0%"]
    assert blank == [""]
    assert mean == ["all 2", "100.0%", "100.0%", "50.0%", "50.0%", "50.0%"]
    assert characters[0] == "characters"
    assert len(characters) == 6


def test_the_command_tells_logs_held_back_apart(folder):
    write(folder, "third", ["a", "b"], [[1, 1]], held_back=True)
    rows = [line.split("  ")[0] for line in evals("logs", folder).stdout.splitlines()]
    assert rows == ["log", "early", "late", "third", "", "all 3", "tuning 2", "held back 1", "characters"]


def test_the_command_shows_one_view_with_what_it_misses(folder):
    write(
        folder,
        "early",
        ["quiet", CRITICAL, *(f"step {number} runs" for number in range(3_000))],
        [[1, 2], [1500, 1500]],
    )
    lines = evals("logs", folder, "--show", "early").stdout.splitlines()
    assert f"+ 2: {CRITICAL}" in lines
    assert "- 1500: step 1497 runs" in lines
    assert "  3002: step 2999 runs" in lines
    assert re.fullmatch(r"[12] of 3 critical lines are shown, and \d+ of all 3,002 lines\.", lines[-1])


def test_the_command_refuses_what_it_cannot_read(folder):
    unknown = evals("logs", folder, "--show", "earlier")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "No log earlier. Did you mean 'early'?" in re.sub(r"\s+", " ", unknown.stderr)
    (folder / "late.json").unlink()
    missing = evals("logs", folder)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "late.json is missing" in missing.stderr
    assert evals("logs", folder / "nowhere").returncode == 2
