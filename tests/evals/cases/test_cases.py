"""Every case passes; its recording is up to date and holds no secret."""

import pytest

from azure_devops_evals.cases import CASES
from azure_devops_evals.cases.root_causes import changes, kinds
from azure_devops_evals.recording.format import PSEUDONYM_KEY, Recording
from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.running.run import run_case
from azure_devops_evals.world.world import TOKEN
from langchain_azure_devops.text.secrets import redact, remove_token

RECORDED = [case for case in CASES if case.source == "recording"]
OFFICIAL = [case for case in CASES if case.source == "official"]
DIAGNOSED = [case for case in (*changes.CASES, *kinds.CASES) if "diagnose_build" in str(case.steps)]
FILES = sorted(RECORDINGS.glob("*.json"))


def name(case):
    return case.id


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_reference_solution_passes(case, reference):
    result = reference(case.id).result
    assert (result.status, result.reasons) == ("pass", ())


@pytest.mark.parametrize("case", DIAGNOSED, ids=name)
def test_nothing_is_left_out_of_an_ordinary_diagnosis(case, reference):
    calls = reference(case.id).outcome.calls
    told = [call.answer for call in calls if call.tool == "diagnose_build"]
    assert told
    assert [text for text in told if " are shown." in text or "[cut]" in text] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.routes], ids=name)
def test_other_solutions_pass_on_the_same_recording(case):
    for steps in case.routes:
        result = run_case(case, steps=steps)
        assert (result.status, result.reasons) == ("pass", ())


@pytest.mark.parametrize("case", RECORDED, ids=name)
def test_the_recording_is_what_the_simulator_answers_now(case, recorded):
    kept = Recording.load(RECORDINGS / f"{case.id}.json")
    assert recorded(case.id).exchanges == kept.exchanges, "out of date: azure-devops-evals refresh --write"


def test_there_are_no_other_recordings():
    assert sorted(path.stem for path in FILES) == sorted(case.id for case in (*RECORDED, *OFFICIAL))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_recording_holds_a_secret(path):
    text = path.read_text()
    assert redact(text, PSEUDONYM_KEY) == text
    assert remove_token(text, TOKEN) == text
    # The object `authorization` of a service connection is no header, and holds no value.
    assert '"authorization": "' not in text.lower()
    assert "127.0.0.1" not in text
