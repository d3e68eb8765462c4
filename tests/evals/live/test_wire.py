"""Recorded answers of a model: matched with the body, bound to prompt, tools and model, and free of secrets."""

import json

import pytest
import yaml
from click.testing import CliRunner

from azure_devops_agents.investigation.turns import prompts
from azure_devops_evals.cases import CASES
from azure_devops_evals.cli.main import group
from azure_devops_evals.live import cassettes as live
from azure_devops_evals.live.cassettes import record_cassette, recorded_cases, run_cassette
from azure_devops_evals.running.leak_scan import Unclean, scan
from azure_devops_evals.running.play import CASSETTES
from azure_devops_evals.running.recorder import NotRecorded

READS = next(case for case in CASES if case.id == "template-error")
WRITES = next(case for case in CASES if case.id == "file-a-finding")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("cassettes")
    for case in (READS, WRITES):
        record_cassette(case, made)
    return made


@pytest.mark.parametrize("case", [READS, WRITES], ids=lambda case: case.id)
def test_what_was_recorded_is_played_back_over_the_wire_and_judged(case, folder):
    result = run_cassette(case, folder)
    assert (result.status, result.reasons) == ("pass", ())
    assert result.counts["success"] == (1, 1)


def test_nothing_of_the_machine_or_the_key_is_in_it_and_recording_again_gives_the_same(folder, tmp_path):
    text = (folder / f"{READS.id}.yaml").read_text()
    assert scan(folder / f"{READS.id}.yaml") == []
    assert "Bearer" not in text
    assert "127.0.0.1" not in text
    assert record_cassette(READS, tmp_path).read_text() == text


def test_it_holds_only_what_goes_to_the_model(folder):
    document = yaml.safe_load((folder / f"{WRITES.id}.yaml").read_text())
    assert {row["request"]["uri"] for row in document["interactions"]} == {"http://model.invalid/v1/chat/completions"}
    assert set(document["origin"]) == {"binding", "model", "recorded"}
    assert document["origin"]["model"] == "scripted"


def copied(folder, tmp_path, change):
    path = folder / f"{READS.id}.yaml"
    document = yaml.safe_load(path.read_text())
    change(document)
    (tmp_path / path.name).write_text(yaml.safe_dump(document))
    return tmp_path


def test_another_prompt_makes_it_stale_and_not_evaluated(folder, monkeypatch):
    told = prompts.describe_budget
    monkeypatch.setattr(prompts, "describe_budget", lambda *given, **more: f"{told(*given, **more)}\nBe brief.")
    result = run_cassette(READS, folder)
    assert result.status == "stale"
    assert "Prompt, tools or model are not those" in result.reasons[0]
    assert result.counts == {}


def test_the_body_is_matched_another_conversation_is_stale(folder, tmp_path):
    def change(document):
        request = document["interactions"][1]["request"]
        body = json.loads(request["body"])
        body["messages"][-1]["content"] += " "
        request["body"] = json.dumps(body)

    result = run_cassette(READS, copied(folder, tmp_path, change))
    assert result.status == "stale"
    assert "The conversation is not the one" in result.reasons[0]


def test_another_answer_of_the_model_fails_by_a_check(folder, tmp_path):
    def change(document):
        body = document["interactions"][-1]["response"]["body"]
        body["string"] = body["string"].replace("handbook", "hxndbook")

    result = run_cassette(READS, copied(folder, tmp_path, change))
    assert result.status == "fail"


def test_a_stream_cut_in_two_is_no_pass(folder, tmp_path):
    def change(document):
        body = document["interactions"][-1]["response"]["body"]
        body["string"] = body["string"][: len(body["string"]) // 2]

    assert run_cassette(READS, copied(folder, tmp_path, change)).status not in {"pass", "stale"}


def test_what_does_not_pass_is_not_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr("azure_devops_evals.live.cassettes.scripted", lambda _: [])
    monkeypatch.setattr("azure_devops_evals.live.cassettes.OpenAIServer", lambda _: _silent())
    with pytest.raises(NotRecorded, match="template-error does not pass"):
        record_cassette(READS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def _silent():
    from azure_devops_evals.live.openai_server import OpenAIServer, Turn

    return OpenAIServer([Turn(text="No idea.")])


def test_an_unclean_cassette_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("azure_devops_evals.live.cassettes.findings", lambda _: ["line 1: the token"])
    with pytest.raises(Unclean, match="the token"):
        record_cassette(READS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_command_names_what_is_stale_and_blocks_on_it_only_when_strict(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(live, "run_cassette", lambda case: run_cassette(case, tmp_path))
    lax = CliRunner().invoke(group, ["wire", "--case", READS.id])
    strict = CliRunner().invoke(group, ["wire", "--case", READS.id, "--strict"])
    assert (lax.exit_code, strict.exit_code) == (0, 7)
    assert "evaluated 0/1, 1 stale" in lax.output
    assert "blocked: stale: template-error" in strict.output


def test_a_model_is_only_named_to_record():
    done = CliRunner().invoke(group, ["wire", "--model", "openai:x"])
    assert done.exit_code == 2
    assert "--model needs --record" in done.output


def test_the_committed_cassettes_belong_to_cases_and_were_made_by_the_script():
    assert set(recorded_cases()) == {READS.id, WRITES.id}
    for path in CASSETTES.glob("*.yaml"):
        assert yaml.safe_load(path.read_text())["origin"]["model"] == "scripted"
