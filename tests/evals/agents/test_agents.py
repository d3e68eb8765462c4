"""Other people's agents: every LangGraph graph is played and judged as ours, by what it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import azure_devops_evals.cases as all_cases
from azure_devops_evals.__main__ import main
from azure_devops_evals.agents.suite import Plan, run_agent
from azure_devops_evals.selfcheck.wrong_agents import IGNORANT

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "evals" / "examples"
SAMPLES = Path(__file__).parent / "sample_agents.py"
ALL = [case.id for case in all_cases.CASES if case.source != "official"]
SOME = ALL[::8]
"""Cases of every area; a server for each of all cases would take minutes."""
READS, WRITES = ["agent-lost", "template-error"], ["file-a-finding", "one-of-two", "comment-edited"]


@pytest.fixture(autouse=True)
def examples_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))


def sample(name, **options):
    return Plan(f"{SAMPLES}:{name}", **options)


def status(done):
    return {result.case: (result.status, result.reasons) for result in done.results}


def command(*arguments, folder=EXAMPLES):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "azure_devops_evals", "run", *arguments],
        capture_output=True, text=True, timeout=110, check=False, cwd=folder, env={**os.environ, "PATH": path},
    )  # fmt: skip


@pytest.mark.timeout(600)
def test_the_example_with_our_tools_passes_every_case():
    done = run_agent(Plan("tools_agent:make_agent"), ALL, jobs=2)
    assert status(done) == dict.fromkeys(ALL, ("pass", ()))


def test_the_example_with_a_server_process_of_mcp_tools_passes():
    done = command("--agent", "mcp_agent.py:make_agent", "--case", READS[0], "--case", WRITES[0], "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["agent"] == "mcp_agent.py:make_agent"
    assert [case["status"] for case in document["cases"]] == ["pass", "pass"]
    assert document["metrics"]["write recall"][0] > 0


def test_mcp_tools_pass_cases_of_every_area():
    done = run_agent(sample("over_mcp"), SOME, jobs=2)
    assert status(done) == dict.fromkeys(SOME, ("pass", ()))


@pytest.mark.parametrize("name", ["own_graph", "asks_each_call", "asks_by_a_function"])
def test_graphs_that_ask_in_other_ways_pass(name):
    done = run_agent(sample(name), [*READS, *WRITES[:2]], jobs=2)
    assert status(done) == dict.fromkeys([*READS, *WRITES[:2]], ("pass", ()))


def test_our_own_graph_passes_as_an_agent_of_somebody_and_gives_a_report():
    ids = [*READS, *WRITES, "stop-is-stop", "no-means-no"]
    done = run_agent(sample("investigation"), ids, jobs=2)
    assert status(done) == dict.fromkeys(ids, ("pass", ()))
    assert {result.counts["category accuracy"] for result in done.results} == {(1, 1)}


@pytest.mark.parametrize("name", IGNORANT)
def test_wrong_agents_fail_by_a_check_through_the_same_path(name):
    ids = [*READS, *WRITES, "read-only-token", "stop-is-stop"]
    done = run_agent(Plan("tools_agent:make_agent", script=IGNORANT[name]), ids, jobs=2)
    assert {result.case: result.status for result in done.results} == dict.fromkeys(ids, "fail")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "ValueError: the agent is broken"),
        ("no_such_dependency", "ModuleNotFoundError: No module named 'something'"),
        ("hangs", "TimeoutError: the agent was not done after 2 seconds"),
        ("hangs_in_a_thread", "TimeoutError: the agent was not done after 2 seconds"),
        ("exits", "SystemExit: 0"),
        ("dies", "the process of the agent ended by itself, with exit code 9"),
        ("asks_something_else", "NoQuestion: the graph paused with a value that asks about no write"),
        ("never_stops_asking", "TimeoutError: the agent still asks after 20 rounds"),
        ("no_graph", "NoGraph: the factory returned dict, not a compiled graph"),
        ("not_compiled", "NoGraph: the factory returned a StateGraph that is not compiled"),
        ("without_messages", "KeyError: the state of the graph has no messages"),
    ],
)
def test_an_agent_that_fails_gets_a_verdict(name, reason):
    [result] = run_agent(sample(name, seconds=2), ["agent-lost"], jobs=1).results
    assert result.status == "agent error"
    assert reason in result.reasons[0]


def test_a_trace_names_the_command_that_plays_the_case_in_the_same_way_again():
    played = command("--agent", f"{SAMPLES}:without_tools", "--timeout", "90", "--case", "agent-lost")
    again = f"again: azure-devops-evals run --case agent-lost --agent {SAMPLES}:without_tools --timeout 90"
    assert again in [line.strip() for line in played.stdout.splitlines()]


@pytest.mark.parametrize("name", ["without_tools", "says_it_has_none"])
def test_an_agent_without_tools_fails_and_is_told_so(name):
    [result] = run_agent(sample(name), ["agent-lost"], jobs=1).results
    assert result.status == "fail"
    assert any("no tool" in reason for reason in result.reasons), result.reasons


@pytest.mark.parametrize("name", ["writes_behind_the_back", "hangs_after_a_write"])
def test_a_write_that_nobody_approved_is_found_in_the_organization(name):
    done = command("--agent", f"{SAMPLES}:{name}", "--case", "one-of-two", "--timeout", "5", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit"]) == (3, 3), done.stderr
    assert document["metrics"]["forbidden writes"][0] > 0


def test_what_does_not_apply_is_shown_and_never_counted():
    done = command("--agent", "tools_agent:make_agent", "--case", "read-only-token")
    assert done.returncode == 0, done.stdout
    assert "not applicable: " in done.stdout
    assert "the verdict is 'inconclusive'" in done.stdout
    assert "category accuracy" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--agent", "tools_agent"], "--agent takes module:factory or file.py:factory"),
        (["--agent", "no_such_module:make"], "no_such_module cannot be imported: ModuleNotFoundError"),
        (["--agent", "no_such_file.py:make"], "there is no file no_such_file.py"),
        (["--agent", "tools_agent:nothing"], "tools_agent holds nothing with the name nothing"),
        (["--agent", f"{SAMPLES}:NO_FUNCTION"], "is no function"),
        (["--timeout", "3"], "--timeout needs --agent"),
        (["--agent", "tools_agent:make_agent", "--recordings", "x"], "--recordings cannot be used with --agent"),
        (["--agent", "tools_agent:make_agent", "--model", "nobody:nothing"], "nobody"),
        (["--agent", "tools_agent:make_agent", "--trials", "2"], "--trials and --compare need --model"),
    ],
)
def test_wrong_usage_is_said_before_anything_runs(arguments, message, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "argv", ["azure-devops-evals", "run", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said.out
    assert message in said.err
    assert "Traceback" not in said.err


def test_what_an_agent_prints_stays_out_of_the_results(tmp_path):
    (tmp_path / "loud.py").write_text("def make(context):\n    print('hello')\n    return 1\n")
    done = command("--agent", "loud:make", "--case", "agent-lost", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["counts"]["agent error"] == 1
    assert "hello" in done.stderr
