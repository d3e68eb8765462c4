"""A model that asks back: `investigate` prints its question and ends with 20, and the answer continues the thread."""

import json
import os
import subprocess
import sys

import pytest
from agent_tokens import FULL

from azure_devops_evals.live.openai_server import OpenAIServer, Turn

AGENT = [sys.executable, "-m", "azure_devops_agents.cli.main", "investigate"]
QUESTION = Turn(text="Which project do you mean?")
FINISH = Turn(calls=[("write_report", json.dumps({"answer": "That is all.", "verdict": "answered"}))])


@pytest.fixture
def investigate(server, tmp_path):
    def run(model, *arguments):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_DEVOPS_", "OPENAI_"))}
        environment = {
            **kept,
            "AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": FULL, "AZURE_DEVOPS_PROJECT": "Platform",
            "OPENAI_API_KEY": "not-a-key", "OPENAI_BASE_URL": model.base_url, "XDG_STATE_HOME": str(tmp_path),
        }  # fmt: skip
        return subprocess.run(
            [*AGENT, *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


def test_the_question_of_the_model_is_printed_and_its_answer_continues_the_thread(investigate):
    with OpenAIServer([QUESTION, FINISH]) as model:
        asked = investigate(model, "What about it?", "--thread", "t")
        answered = investigate(model, "Platform.", "--thread", "t")
    assert asked.returncode == 20, asked.stderr
    assert asked.stdout.strip() == "Which project do you mean?"
    assert "Report" not in asked.stdout + asked.stderr
    assert "--thread t" in asked.stderr
    assert answered.returncode == 0, answered.stderr
    assert "That is all." in answered.stdout


def test_for_machines_there_is_no_report_and_the_words_of_the_model(investigate):
    with OpenAIServer([QUESTION]) as model:
        done = investigate(model, "What about it?", "--json")
    assert done.returncode == 20, done.stderr
    told = json.loads(done.stdout)
    assert (told["report"], told["message"].strip()) == (None, "Which project do you mean?")
