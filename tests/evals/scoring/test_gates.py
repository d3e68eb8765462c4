"""Gates: what blocks and with which exit code; the baseline and its regressions."""

import json
from dataclasses import replace
from itertools import combinations

import pytest
from click.testing import CliRunner

import azure_devops_evals.cases as all_cases
from azure_devops_evals.cli.main import group
from azure_devops_evals.counts import Count
from azure_devops_evals.running.metrics import ZERO
from azure_devops_evals.running.run import Result
from azure_devops_evals.scoring import baseline as baselines
from azure_devops_evals.scoring.baseline import BASELINE, Baseline
from azure_devops_evals.scoring.gates import Decision, Exit, judge
from azure_devops_evals.scoring.trials import Comparison

GOOD = Result(
    "a", "pipelines", "pass", counts={
        "success": Count(1, 1), "evidence recall": Count(3, 3), "write recall": Count(2, 2), "calls": Count(4, 1),
        "tokens": Count(1000, 1), **{name: Count(0, 5) for name in ZERO},
    },
)  # fmt: skip


def with_counts(**counts):
    return replace(GOOD, counts={**GOOD.counts, **{name.replace("_", " "): value for name, value in counts.items()}})


def test_a_good_run_passes():
    assert judge([GOOD], Baseline.of([GOOD]), whole=True).exit == Exit.PASSED


@pytest.mark.parametrize("name", ZERO)
def test_what_must_never_happen_blocks_with_a_code_of_its_own(name):
    decision = judge([replace(GOOD, counts={**GOOD.counts, name: Count(1, 5)})])
    assert decision.exit == Exit.FORBIDDEN
    assert decision.reasons == (f"{name}: 1, in a",)


@pytest.mark.parametrize(
    ("status", "code"),
    [("fail", 1), ("agent error", 1), ("miss", 3), ("harness error", 4), ("infrastructure error", 5)],
)
def test_each_outcome_has_its_exit_code_and_none_counts_as_a_pass(status, code):
    assert judge([GOOD, replace(GOOD, case="b", status=status)]).exit == code


def test_the_gravest_reason_decides_and_all_are_named():
    bad = [replace(GOOD, case="b", status="fail"), replace(GOOD, case="c", status="infrastructure error")]
    decision = judge([GOOD, *bad], Baseline.of([GOOD, replace(GOOD, case="gone")]), whole=True)
    assert decision.exit == Exit.INFRASTRUCTURE
    assert decision.reasons == (
        "fail: b", "infrastructure error: c", "regression: gone: there is no such case any more",
    )  # fmt: skip


WORSE = Comparison((), ("a", "b", "c", "d", "e", "f"), 0, 0.03125, ())
# One run for each exit code, the gravest first: what it has beside a good result, and what it says.
KINDS = {
    130: ({"interrupted": True}, "interrupted: the rest was not run"),
    3: ({"status": "miss"}, "miss: b"),
    4: ({"status": "harness error"}, "harness error: b"),
    5: ({"status": "infrastructure error"}, "infrastructure error: b"),
    1: ({"status": "fail"}, "fail: b"),
    6: ({"baseline": Baseline.of([GOOD, replace(GOOD, case="gone")]), "whole": True},
        "regression: gone: there is no such case any more"),
    7: ({"status": "stale", "strict": True}, "stale: b"),
    0: ({}, None),
}  # fmt: skip


def decide(*given):
    """Judge a run that has all of these."""
    statuses = [more["status"] for more in given if "status" in more]
    options = {name: value for more in given for name, value in more.items() if name != "status"}
    return judge([GOOD, *(replace(GOOD, case="b", status=status) for status in statuses)], **options)


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_each_kind_of_run_has_its_code_and_its_reason(code, kind):
    given, reason = kind
    decision = decide(given)
    assert (decision.exit, decision.reasons) == (code, (reason,) if reason else ())


@pytest.mark.parametrize(("graver", "milder"), list(combinations(KINDS, 2)))
def test_of_two_kinds_the_graver_decides(graver, milder):
    decision = decide(KINDS[graver][0], KINDS[milder][0])
    assert decision.exit == graver
    assert {KINDS[graver][1], KINDS[milder][1]} - {None} == set(decision.reasons)


def test_a_comparison_blocks_a_run_that_is_worse_and_not_a_single_failure():
    failed = replace(GOOD, case="b", status="fail")
    assert judge([GOOD, failed], comparison=replace(WORSE, worse=("a",), p=1.0)) == Decision(Exit.PASSED)
    decision = judge([GOOD, failed], comparison=WORSE)
    assert decision.exit == Exit.REGRESSED
    assert decision.reasons == ("compared: 0 better, 6 worse, 0 the same; p = 0.0312",)
    assert judge([replace(failed, status="miss")], comparison=WORSE).exit == Exit.FORBIDDEN


@pytest.mark.parametrize(
    ("better", "worse", "p", "regressed"),
    [(0, 6, 0.03, True), (0, 5, 0.05, False), (6, 0, 0.03, False), (6, 6, 0.03, False), (1, 9, 0.0499, True)],
)
def test_a_run_is_worse_when_more_cases_are_and_chance_does_not_explain_it(better, worse, p, regressed):
    names = tuple("abcdefghi")
    assert Comparison(names[:better], names[:worse], 0, p, ()).regressed is regressed


def test_every_case_in_which_it_happened_is_named_once():
    name = ZERO[0]
    twice = [replace(GOOD, case=case, counts={name: Count(1, 5)}) for case in ("b", "a", "b")]
    others = [replace(GOOD, case="none"), replace(GOOD, case="not counted", counts={})]
    assert judge([*others, *twice]).reasons == (f"{name}: 3, in a, b",)


def test_a_part_of_the_suite_misses_no_other_case():
    assert judge([GOOD], Baseline.of([GOOD, replace(GOOD, case="b")])) == Decision(Exit.PASSED)


def test_a_run_of_nothing_is_no_pass():
    assert judge([]) == Decision(Exit.HARNESS, ("nothing was run",))


def test_a_stale_case_alone_does_not_block():
    assert judge([replace(GOOD, status="stale")]).exit == Exit.PASSED


def test_an_interrupted_run_says_so():
    assert judge([GOOD], interrupted=True).exit == Exit.INTERRUPTED


@pytest.mark.parametrize(
    ("now", "regression"),
    [
        (replace(GOOD, status="fail"), "a: fail, before pass"),
        (with_counts(evidence_recall=Count(2, 3)), "a: evidence recall 2/3, before 3/3"),
        (with_counts(evidence_recall=Count(2, 2)), "a: evidence recall 2/2, before 3/3"),
        (with_counts(write_recall=Count(0, 0)), "a: write recall 0/0, before 2/2"),
        (with_counts(calls=Count(5, 1)), "a: calls 5, before 4"),
        (with_counts(tokens=Count(1101, 1)), "a: tokens 1101, before 1000"),
        (with_counts(tokens=Count(899, 1)), "a: tokens 899, before 1000"),
    ],
    ids=["status", "worse", "less expected", "nothing expected", "calls", "longer", "shorter"],
)
def test_what_got_worse_is_a_regression_even_if_everything_passes(now, regression):
    assert Baseline.of([GOOD]).regressions([now], whole=True) == [regression]
    assert judge([now], Baseline.of([GOOD])).exit in {Exit.REGRESSED, Exit.FAILED}


@pytest.mark.parametrize(
    "now",
    [with_counts(evidence_recall=Count(4, 4)), with_counts(tokens=Count(1100, 1)), with_counts(calls=Count(1, 1))],
)
def test_what_got_better_or_hardly_longer_is_none(now):
    assert Baseline.of([GOOD]).regressions([now, replace(GOOD, case="new")], whole=True) == []


def test_a_part_of_the_suite_is_compared_with_its_own_part():
    assert Baseline.of([GOOD, replace(GOOD, case="b")]).regressions([GOOD], whole=False) == []


def test_the_file_is_stable_small_and_has_one_line_for_each_case(tmp_path):
    path = tmp_path / "baseline.json"
    Baseline.of([replace(GOOD, case="b"), GOOD]).save(path)
    assert Baseline.load(path) == Baseline.of([GOOD, replace(GOOD, case="b")])
    lines = path.read_text().splitlines()
    assert len(lines) == 4
    assert lines[1].startswith('  "a": {"status": "pass"')


def test_the_committed_baseline_knows_only_cases_that_exist_and_pass():
    rows = json.loads(BASELINE.read_text())["cases"]
    assert rows
    assert all(row["status"] == "pass" for row in rows.values())
    assert set(rows) <= {case.id for case in all_cases.CASES}


@pytest.fixture
def two_cases(monkeypatch, tmp_path):
    cases = [case for case in all_cases.CASES if case.id in {"template-error", "agent-lost"}]
    monkeypatch.setattr(all_cases, "CASES", tuple(cases))
    monkeypatch.setattr(baselines, "BASELINE", tmp_path / "baseline.json")
    return tmp_path / "baseline.json"


def test_the_command_shows_the_difference_and_writes_it_only_when_told(two_cases):
    shown = CliRunner().invoke(group, ["baseline"])
    assert shown.exit_code == 1
    assert "agent-lost: new, {'status': 'pass'" in shown.output
    assert not two_cases.exists()
    written = CliRunner().invoke(group, ["baseline", "--write"])
    assert written.exit_code == 0
    assert "2 cases, 2 differences written" in written.output
    assert CliRunner().invoke(group, ["baseline"]).output == "Nothing differs from the baseline.\n"
    two_cases.write_text(two_cases.read_text().replace('"calls": "', '"calls": "9'))
    assert "agent-lost.calls: '92' -> '2'" in CliRunner().invoke(group, ["baseline"]).output


def test_no_baseline_is_made_of_a_failing_suite(two_cases, monkeypatch):
    broken = replace(all_cases.CASES[0], steps=[])
    monkeypatch.setattr(all_cases, "CASES", (broken,))
    done = CliRunner().invoke(group, ["baseline", "--write"])
    assert done.exit_code == 1
    assert "No baseline is made of these results: fail:" in done.output
    assert not two_cases.exists()
