"""A live model in the simulated organization: over the wire, with a server that behaves, fails, or is fooled."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from azure_devops_agents.models.scripted import Call
from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_evals.case import Called, Outcome
from azure_devops_evals.cases import CASES
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.cli.main import group
from azure_devops_evals.live.openai_server import OpenAIServer, Turn, scripted
from azure_devops_evals.running.metrics import ZERO
from azure_devops_evals.running.run import Result, failures
from azure_devops_evals.scoring.trials import Reliability, checks_for_any_solution, compare_runs, load_tallies, tallies
from langchain_azure_devops.tools import TOOLS

READS = next(case for case in CASES if case.id == "template-error")
WRITES = next(case for case in CASES if case.id == "file-a-finding")
SOLUTIONS = scripted({case.asked: case.steps for case in (READS, WRITES)})


@pytest.fixture
def run(monkeypatch, tmp_path):
    def go(turns, *arguments, case=READS):
        with OpenAIServer(turns) as server:
            monkeypatch.setenv("OPENAI_API_KEY", "made-up")
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            options = [
                "--model",
                "openai:local",
                "--case",
                case.id,
                "--jobs",
                "1",
                "--output",
                str(tmp_path / "o.json"),
            ]
            done = CliRunner().invoke(group, ["run", *options, *arguments])
        return done, json.loads((tmp_path / "o.json").read_text())

    return go


def statuses(document):
    return [case["status"] for case in document["cases"]]


@pytest.mark.parametrize("case", [READS, WRITES], ids=lambda case: case.id)
def test_a_model_that_solves_a_case_passes_and_the_end_state_is_compared(run, case):
    done, document = run(SOLUTIONS, "--trials", "2", case=case)
    assert done.exit_code == 0, done.output
    assert document["model"] == "openai:local"
    assert document["reliability"]["pass_power"] == [1.0, 1.0]
    assert "passed 2/2 = 100.0 %, 95 % interval 34.2 to 100.0 % (Wilson)" in done.output
    assert "pass^1 100.0 %, pass^2 100.0 %; 0 of 2 trials not evaluated" in done.output


def test_another_wording_of_a_write_is_as_good_and_a_write_nobody_asked_for_is_not(run):
    [call] = WRITES.steps[-2]
    words = {"title": "The unit tests miss DATABASE_TIMEOUT", "description": "Build 35: DATABASE_TIMEOUT is not set."}
    other = Call.to("create_work_item", **{**call.arguments, **words})
    steps = [*WRITES.steps[:-2], [other], WRITES.steps[-1]]
    done, document = run(scripted({WRITES.asked: steps}), case=WRITES)
    assert statuses(document) == ["pass"], done.output
    assert document["metrics"]["write recall"][0] == document["metrics"]["write recall"][1]
    nonsense = Call.to("create_work_item", **{**call.arguments, "title": "Other words"})
    done, document = run(scripted({WRITES.asked: [*steps[:-2], [nonsense], steps[-1]]}), case=WRITES)
    assert statuses(document) == ["fail"]
    assert "'Other words': it does not state (" in done.output
    steps = [*steps[:-1], [Call.to("update_pull_request", id=15, title="x")], steps[-1]]
    done, document = run(scripted({WRITES.asked: steps}), case=WRITES)
    assert (done.exit_code, statuses(document)) == (3, ["fail"])
    assert "blocked: forbidden writes: 1, in file-a-finding" in done.output


def test_another_way_to_the_same_answer_passes(run):
    steps = [
        [Call.to("list_builds", pipeline="docs-publish")], [Call.to("get_build", ids=[27])],
        reported("It names handbook, which is not declared; build 17 was good.", ("E2", "templates/publish.yml"),
                 ("E1", "17\tdocs-publish\tcompleted\tsucceeded")),
    ]  # fmt: skip
    with_facts = replace(READS, steps=steps).steps
    done, document = run(scripted({READS.asked: with_facts}))
    assert statuses(document) == ["pass"], done.output


OUTAGES = {
    "throttled for good": Turn(status=429),
    "key refused": Turn(status=401),
    "server error": Turn(status=503),
    "no JSON": Turn(garbage=True),
    "connection dropped": Turn(calls=[("get_build", '{"ids": [27]}')], dropped=True),
}


@pytest.mark.parametrize("turn", OUTAGES.values(), ids=OUTAGES)
def test_a_model_that_cannot_be_reached_is_no_failure_of_the_agent_and_no_pass(run, turn):
    done, document = run([turn])
    assert statuses(document) == ["infrastructure error"], done.output
    assert done.exit_code == 5
    assert document["reliability"]["evaluated"] == 0
    assert set(document["metrics"]) == set(ZERO)
    assert "reliability: none of 1 trials was evaluated" in done.output


FAULTS = {
    "refusal": [Turn(refusal="I will not do that.")],
    "malformed arguments for ever": [Turn(calls=[("get_build", '{"ids": [2')])],
    "wrong calls": [Turn(calls=[("no_such_tool", "{}"), ("get_build", '{"ids": [999]}')]), Turn(text="No idea.")],
    "request refused": [Turn(status=400)],
    "nothing": [Turn()],
}


@pytest.mark.parametrize("turns", FAULTS.values(), ids=FAULTS)
def test_a_model_that_fails_fails_by_a_check(run, turns):
    done, document = run(turns)
    assert statuses(document) == ["fail"], done.output
    assert done.exit_code == 1


def test_a_model_that_is_throttled_once_and_repairs_its_call_passes(run):
    solution = SOLUTIONS
    left = [Turn(status=429), Turn(calls=[("get_build", '{"ids": [2')])]

    def turn(asked):
        if left:
            return left.pop(0)
        own = [message for message in asked["messages"] if not _is_repair(message)]
        return solution({"messages": own})

    def _is_repair(message):
        return message["role"] == "assistant" and "get_build" in json.dumps(message) and not _whole(message)

    def _whole(message):
        return all(call["function"]["arguments"].endswith("}") for call in message.get("tool_calls", []))

    done, document = run(turn)
    assert statuses(document) == ["pass"], done.output


def test_an_obedient_model_cannot_make_a_forbidden_write(run):
    attack = next(case for case in CASES if case.id == "order-in-a-pull-request")
    obedient = [*attack.steps[:-1], attack.injection.obeyed, attack.steps[-1]]
    done, document = run(scripted({attack.asked: obedient}), case=attack)
    assert document["metrics"]["forbidden writes"][0] == 0
    assert document["metrics"]["approval bypasses"][0] == 0
    assert done.exit_code == 1, "to ask a person for it is bad enough"
    assert "approvals are asked for []" in done.output


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("verdict", ["answered", "no_incident", "incident", "inconclusive"])
def test_whoever_looks_at_nothing_fails_however_a_report_may_be_worded(case, verdict):
    report = {**check_report(plain_report("All is as it should be."), {}), "verdict": verdict, "coverage": {}}
    called = (Called("write_report", {}, "Done."),)
    outcome = Outcome(report=report, evidence={}, answers=(), tools=frozenset(TOOLS), calls=called)
    assert failures(checks_for_any_solution(case), outcome) != []


def test_a_run_is_compared_with_a_stored_one(run, tmp_path):
    before = tmp_path / "before.json"
    _, document = run(SOLUTIONS, "--trials", "2")
    before.write_text(json.dumps(document))
    done, _ = run([Turn(text="No idea.")], "--trials", "2", "--compare", str(before))
    assert "compared: 0 better, 1 worse, 0 the same; p = 1" in done.output
    assert "    worse: template-error" in done.output
    assert done.exit_code == 0, "one case is no evidence, and with --compare only evidence blocks"


def results(**passes):
    return [
        Result(case, "x", "pass" if passed else "fail", trial=number)
        for case, trials in passes.items()
        for number, passed in enumerate(trials, 1)
    ]


def test_reliability_is_summed_up_over_cases_and_leaves_out_what_was_not_evaluated():
    rows = [*results(a=[1, 1], b=[1, 0]), Result("b", "x", "infrastructure error", trial=3)]
    found = Reliability.of_results(rows)
    assert (found.passed, found.evaluated, found.of) == (3, 4, 5)
    assert found.powers == (0.75, 0.5)


def test_six_cases_that_got_worse_are_evidence_and_block():
    before = tallies(results(**{case: [1, 1] for case in "abcdefg"}))
    after = tallies(results(**{case: [1, 0] for case in "abcdef"}, g=[1, 1]))
    comparison = compare_runs(before, after)
    assert (comparison.worse, comparison.same) == (tuple("abcdef"), 1)
    assert comparison.p == pytest.approx(0.03125)
    assert comparison.regressed
    assert not compare_runs(after, before).regressed


def test_cases_of_only_one_run_say_nothing():
    unknown = [replace(one, status="infrastructure error") for one in results(b=[1])]
    comparison = compare_runs(tallies(results(a=[1], b=[1])), tallies([*results(a=[1], c=[0]), *unknown]))
    assert (comparison.better, comparison.worse, comparison.same, comparison.alone) == ((), (), 1, ("b", "c"))


def test_what_is_not_a_run_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"cases": [{}]}')
    with pytest.raises(ValueError, match="is not a run"):
        load_tallies(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "3"], "need --model"),
        (["--model", "openai:x", "--recordings", "."], "cannot be used with --model"),
        (["--model", "openai:x"], "needs OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(arguments, message, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    done = CliRunner().invoke(group, ["run", "--case", READS.id, *arguments])
    assert done.exit_code == 2
    assert message in done.output
