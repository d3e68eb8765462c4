"""The proof of the suite: what it counts as proof, and that it fails a case that asks nothing."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner

import azure_devops_evals.cases as all_cases
from azure_devops_agents.models.scripted import Call
from azure_devops_evals.case import WRITE, Case
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.cli.main import group
from azure_devops_evals.counts import Count
from azure_devops_evals.selfcheck.argued import ARGUED
from azure_devops_evals.selfcheck.faulty_results import FAULTY_RESULTS
from azure_devops_evals.selfcheck.faulty_writes import FAULTY_WRITES
from azure_devops_evals.selfcheck.mutations import mutants
from azure_devops_evals.selfcheck.proof import Proof, Trial, prove, run_mutant, tasks

READS = next(case for case in all_cases.CASES if case.id == "template-error")
WRITES = next(case for case in all_cases.CASES if case.id == "file-a-finding")
ASKS_NOTHING = Case(
    "asks-nothing", "pipelines", "Is all well?",
    [[Call.to("list_projects")], reported("All is well.", verdict="inconclusive")], (),
    source="world", holds=WRITE,
)  # fmt: skip


@pytest.mark.parametrize("case", all_cases.CASES, ids=lambda case: case.id)
def test_every_fault_has_a_name_of_its_own_and_is_one(case):
    made = list(mutants(case))
    assert max(Counter((one.kind, one.name) for one in made).values()) == 1
    for one in made:
        assert one.steps != case.steps or one.tamper or one.swallows or one.case is not case


def test_faults_of_every_kind_are_tried_and_the_sample_is_the_same_each_time():
    chosen = list(tasks([READS, WRITES], every=False))
    assert {kind for _, kind, _ in chosen} == {
        "route", "wrong agent", "believed results", "writes on their way", "report", "calls", "writes",
        "citations", "results",
    }  # fmt: skip
    assert chosen == list(tasks([READS, WRITES], every=False))
    assert set(chosen) < set(tasks([READS, WRITES], every=True))


def test_solutions_pass_wrong_agents_fail_and_faults_are_noticed():
    told: list[Trial] = []
    proof = prove([READS, WRITES], jobs=1, on_result=told.append)
    assert proof.holds, proof.lines()
    assert told == list(proof.trials)
    assert proof.counts["route"] == Count(2 + len(READS.routes) + len(WRITES.routes), proof.counts["route"].of)
    wrong = proof.counts["wrong agent"]
    assert wrong.found == wrong.of >= 20
    assert proof.faults.of >= 12


def test_a_case_that_asks_nothing_is_caught(monkeypatch):
    monkeypatch.setattr(all_cases, "CASES", (ASKS_NOTHING,))
    proof = prove([ASKS_NOTHING], jobs=1, every=True)
    assert not proof.holds
    shown = "\n".join(proof.lines())
    assert "asks-nothing: calls: call 1.1, list_projects, left out (pass)" in shown
    assert "asks-nothing: results: are empty (pass)" in shown


@pytest.mark.parametrize(
    ("kind", "status", "reason", "good"),
    [
        ("route", "pass", "", True), ("route", "fail", "x", False), ("wrong agent", "fail", "x", True),
        ("wrong agent", "miss", "x", False), ("wrong agent", "pass", "", False), ("report", "fail", "x", True),
        ("calls", "miss", "x", True), ("results", "agent error", "x", True), ("results", "pass", "", False),
        ("results", "pass", "x: tokens 1, before 2", True), ("results", "harness error", "", False),
    ],
)  # fmt: skip
def test_what_counts_as_proof(kind, status, reason, good):
    assert Trial("a", kind, "b", status, reason).as_it_should is good


def test_a_fault_that_found_nothing_to_change_counts_for_nothing():
    [mutant] = [one for one in mutants(READS) if one.name == "tell errors as empty"]
    assert run_mutant(mutant).status == "pass"
    assert mutant.void
    void = Trial("a", "results", mutant.name, "pass", "", void=True)
    noticed = Trial("a", "report", "x", "fail", "why")
    assert Proof([void, noticed]).faults == Count(1, 1)
    assert Proof([void, noticed]).holds


def test_a_proof_that_was_interrupted_is_none():
    proof = Proof([Trial("a", "report", "x", "fail", "why")], interrupted=True)
    assert not proof.holds
    assert "interrupted after 1 trials" in "\n".join(proof.lines())
    whole = Proof(proof.trials, interrupted=True, whole=True)
    assert "NO CASE" not in "\n".join(whole.lines())


def test_nine_of_ten_faults_must_be_noticed():
    trials = [Trial("a", "report", str(number), "fail", "why") for number in range(9)]
    assert Proof([*trials, Trial("a", "report", "9", "pass", "")]).holds
    assert not Proof([*trials[1:], Trial("a", "report", "9", "pass", "")]).holds


def test_ninety_nine_of_a_hundred_wrong_agents_must_fail_and_the_others_are_argued(monkeypatch):
    passing = Trial("a", "wrong agent", "says the contrary", "pass", "")
    trials = [*(Trial("a", "wrong agent", str(number), "fail", "why") for number in range(99)), passing]
    assert not Proof(trials).holds
    monkeypatch.setitem(ARGUED, ("a", "says the contrary"), "nothing else is known")
    assert Proof(trials).holds
    assert "says the contrary (pass): nothing else is known" in "\n".join(Proof(trials).lines())
    assert not Proof(trials[1:]).holds


def test_a_reason_for_a_wrong_agent_that_fails_now_is_stale(monkeypatch):
    failing = Trial("a", "wrong agent", "says the contrary", "fail", "why")
    assert Proof([failing]).holds
    monkeypatch.setitem(ARGUED, ("a", "says the contrary"), "nothing else is known")
    assert not Proof([failing]).holds
    assert "a: says the contrary fails now; take its reason out of ARGUED" in "\n".join(Proof([failing]).lines())
    assert Proof([replace(failing, void=True), replace(failing, case="b")]).holds


def notice(name, *statuses):
    kind = "writes on their way" if name in FAULTY_WRITES else "believed results"
    return [Trial(f"case-{at}", kind, name, status, "") for at, status in enumerate(statuses)]


def test_each_fault_of_the_toolkit_must_be_noticed_by_some_case_of_the_suite():
    known = [trial for name in (*FAULTY_RESULTS, *FAULTY_WRITES) for trial in notice(name, *["fail"] * 9)]
    assert Proof(known, whole=True).holds
    passing = [trial for trial in known if trial.name != "publish drafts"]
    for missed in (notice("publish drafts", "pass"), [replace(notice("publish drafts", "pass")[0], void=True)]):
        proof = Proof([*passing, *missed], whole=True)
        assert not proof.holds
        assert Proof([*passing, *missed]).holds
        [row] = [line for line in proof.lines() if line.startswith("    publish drafts ")]
        assert row.split(maxsplit=3)[2:] == [str(Count(0, len(missed) - missed[0].void)), "NO CASE"]


def test_the_table_of_faults_names_four_cases_and_counts_the_others():
    lines = Proof(notice("count one more", "fail", "pass", "miss", "fail", "fail", "fail", "agent error")).lines()
    row = lines[lines.index(next(line for line in lines if line.startswith("faults of the toolkit"))) + 1 :]
    assert [" ".join(each.split()) for each in row] == ["count one more 6/7 case-0, case-2, case-3, case-4, and 2 more"]


def test_the_command_prints_counts_and_what_was_not_noticed():
    done = CliRunner().invoke(group, ["prove", "--case", "template-error", "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert re.search(r"wrong agents that fail by a check: (\d+)/\1\n", done.output)
    assert "faults noticed: " in done.output
