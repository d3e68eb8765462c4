"""Many cases side by side: the order of results, ending early, and Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import azure_devops_evals.cases as all_cases
from azure_devops_evals.cli.main import group
from azure_devops_evals.running import parallel as suite
from azure_devops_evals.running.parallel import run_parallel, run_suite
from azure_devops_evals.running.run import Result

IDS = ["template-error", "agent-lost", "placeholder-is-no-secret", "open-pull-requests"]


def square(number):
    time.sleep(0.02 * (number % 3))
    return number * number, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_the_order_of_the_tasks_whoever_was_first(jobs):
    told = []
    done = run_parallel(square, range(12), jobs=jobs, on_result=told.append)
    assert [result for result, _ in done.results] == [number * number for number in range(12)]
    assert sorted(told) == sorted(done.results)
    assert len({process for _, process in done.results}) == jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_new_is_begun_after_a_stop(jobs):
    done = run_parallel(square, range(40), jobs=jobs, stop=lambda result: result[0] == 1)
    assert 1 < len(done.results) < 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_cases_give_the_same_in_one_process_and_in_two(jobs, reference):
    done = run_suite(IDS, jobs=jobs)
    assert [(result.case, result.status) for result in done.results] == [(case, "pass") for case in IDS]
    assert [result.counts for result in done.results] == [reference(case).result.counts for case in IDS]


def test_fail_fast_ends_after_the_first_that_does_not_pass(tmp_path):
    done = CliRunner().invoke(group, ["run", "--fail-fast", "--recordings", str(tmp_path), "--jobs", "1", "--json"])
    assert done.output.count('"status":') <= len([case for case in all_cases.CASES if case.source == "world"]) + 1
    assert done.output.count('"harness error",') >= 1


def test_ctrl_c_keeps_what_is_there(monkeypatch):
    def interrupted(case, recordings):
        if case == IDS[2]:
            raise KeyboardInterrupt
        return Result(case, "x", "pass")

    monkeypatch.setattr(suite, "run_case_by_id", interrupted)
    done = run_suite(IDS, jobs=1)
    assert done.interrupted
    assert [result.case for result in done.results] == IDS[:2]


def ignores_interrupts(process):
    """Return whether a process ignores Ctrl-C, as one that runs cases does."""
    [ignored] = re.findall(r"^SigIgn:\s*(\w+)", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return bool(int(ignored, 16) >> (signal.SIGINT - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes where Linux shows them")
def test_ctrl_c_ends_the_command_cleanly_and_leaves_no_process():
    command = [sys.executable, "-m", "azure_devops_evals", "run", "--jobs", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + 60
    while [ignores_interrupts(child) for child in children.read_text().split()] != [True, True]:
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "blocked: interrupted: the rest was not run" in output
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_without_a_terminal_there_is_no_bar():
    done = CliRunner().invoke(group, ["run", "--case", IDS[0]])
    assert "cases  [" not in done.output
    assert "\x1b[" not in done.output


def test_on_a_terminal_there_is_one():
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(
        sys.executable, ["-m", "azure_devops_evals", "run", "--case", IDS[0]], timeout=60, encoding="utf-8"
    )
    child.expect(r"cases +\[")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
