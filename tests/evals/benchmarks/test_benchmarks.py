"""The benchmarks: what counts as a failure, and that the command measures and says so."""

import json

import pytest
from click.testing import CliRunner

from azure_devops_evals.benchmarks import load, suite
from azure_devops_evals.benchmarks.budgets import BUDGETS, Measurement
from azure_devops_evals.benchmarks.calls import confirm
from azure_devops_evals.benchmarks.service import stub
from azure_devops_evals.benchmarks.stub import FAULTS
from azure_devops_evals.cli.main import group
from langchain_azure_devops import TOOLS


@pytest.mark.parametrize(
    ("budget", "value", "verdict"),
    [
        ("lost", 0, "ok"),
        ("lost", 1, "FAIL"),
        ("schema", 3_600, "ok"),
        ("schema", 3_601, "FAIL"),
        ("file-memory", 31, "FAIL"),
        ("call", 2.0, "ok"),
        ("call", 3.9, "over"),
        ("call", 4.1, "FAIL"),
        ("t0", 121, "FAIL"),
        ("schema", None, "not measured"),
        ("view-6000", 80, "ok"),
        ("view-6000", 100, "ok"),
        ("view-6000", 79.9, "FAIL"),
        ("view-6000", 0, "FAIL"),
        ("grep", 0, "compared"),
        ("grep", 100, "compared"),
    ],
)
def test_hard_limits_fail_at_once_and_times_beyond_twice_their_budget(budget, value, verdict):
    one = Measurement(budget, value)
    assert one.verdict == verdict
    assert suite.has_failed([one]) == (verdict == "FAIL")


def test_a_table_has_the_budget_and_the_vendor_beside_what_was_measured():
    text = suite.table([Measurement("call-rows", 1.5, "invoke", "3 ms"), Measurement("builds", None, "", "no counter")])
    assert "| tool call against raw httpx, 100 rows (invoke) | 1.50x | 2.00x | 75% | 5x | ok |" in text
    assert "| 100 builds | not measured | 3,900 tokens |  | 223,494 | not measured |" in text
    assert "- 100 builds: no counter" in text


def test_a_least_value_and_a_number_without_a_budget_are_told_as_such():
    text = suite.table([Measurement("view-6000", 64), Measurement("view-6000", 0), Measurement("grep", 64)])
    rows = [row for row in text.splitlines() if row.startswith("| critical")]
    assert [[*row.split(" | ")[1:4], row.split(" | ")[-1]] for row in rows] == [
        ["64 %", "at least 80 %", "125%", "FAIL |"],
        ["0 %", "at least 80 %", "inf%", "FAIL |"],
        ["64 %", "-", "", "compared |"],
    ]


def test_the_command_measures_what_it_is_told_to(tmp_path):
    file = tmp_path / "measured.json"
    names = ("requests", "fan-out", "tokens")
    chosen = [argument for name in names for argument in ("--only", name)]
    done = CliRunner().invoke(group, ["bench", *chosen, "--json", str(file)])
    found = json.loads(file.read_text())
    assert done.exit_code == (1 if found["failed"] else 0), done.output
    rows = {row["budget"]: row for row in found["measurements"]}
    assert set(rows) <= set(BUDGETS)
    requests = {row["variant"]: row["measured"] for row in found["measurements"] if row["budget"] == "requests"}
    assert requests == dict.fromkeys(load.LISTS, 1)
    assert rows["connections"]["measured"] == 1
    assert 0 < rows["schema"]["measured"] <= rows["schema"]["limit"] == 3_600
    toolsets = {row["variant"]: row for row in found["measurements"] if row["budget"] == "toolset"}
    assert set(toolsets) == {tool.toolset for tool in TOOLS.values() if not tool.default}
    assert all(0 < row["measured"] <= row["limit"] == 2_000 for row in toolsets.values())
    assert rows["log"]["vendor"] == "1,744,743"
    assert not any(row["least"] for row in found["measurements"])
    assert 1 / 8 < rows["fan-out"]["measured"] < 1, "faster than one after the other, not faster than 8 at once"


def test_every_kind_of_fault_is_met_and_no_call_is_lost(monkeypatch):
    calls = 5 * len(FAULTS) + 5
    monkeypatch.setattr(load, "CALLS", calls)
    with stub() as service:
        [found] = load.faults(service)
    assert {429, 500, 503, None} == set(FAULTS)
    assert found.value == 0, found.detail
    asked = int(found.detail.split()[0])
    assert asked >= calls * 5 // 4, "each fifth request had to be sent again"


def test_an_unknown_benchmark_is_refused_with_the_known_ones():
    done = CliRunner().invoke(group, ["bench", "--only", "speed"])
    assert done.exit_code == 2
    assert "Known: calls, requests, fan-out" in done.output


@pytest.mark.parametrize(("values", "measured", "verdict"), [([9.0, 9.0, 9.0, 1.0], 3, "FAIL"), ([9.0, 1.0], 2, "ok")])
def test_a_time_fails_only_when_three_measurements_do(values, measured, verdict):
    made = iter(values)
    assert confirm(lambda: Measurement("call", next(made))).verdict == verdict
    assert len(values) - len(list(made)) == measured


def test_a_thread_of_twenty_large_results_stays_within_four_times_its_evidence_also_while_it_grows():
    measured = list(suite.measure(["threads"]))
    assert [one.variant for one in measured] == ["at the end", "at its largest"]
    assert [one.verdict for one in measured] == ["ok", "ok"], measured
    assert all(one.value > 1 for one in measured)


def test_one_small_file_of_a_large_artifact_needs_a_small_part_of_it():
    by_ranges, whole = suite.measure(["artifacts"])
    assert (by_ranges.budget, by_ranges.verdict) == ("artifact", "ok")
    assert whole.value > 199
