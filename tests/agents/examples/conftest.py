"""Run an example as its reader would: a process, the variables of its docstring, a model behind HTTP."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from azure_devops_agents.models.scripted import Step
from azure_devops_evals.live.openai_server import OpenAIServer, scripted

EXAMPLES = Path(__file__).parents[3] / "agents" / "examples"
PROJECT = "Platform"


@pytest.fixture
def variables(azure_devops_organization, tmp_path) -> dict[str, str]:
    """The environment of an example: our organization, no network but loopback, and none of our own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_", "LANG"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AZURE_DEVOPS_BASE_URL": azure_devops_organization.base_url,
        "AZURE_DEVOPS_PAT": azure_devops_organization.pat,
        "AZURE_DEVOPS_PROJECT": PROJECT,
        "OPENAI_API_KEY": "made-up",
        "MODEL": "openai:local",
        "THREADS": str(tmp_path / "threads.sqlite"),
        "PYTHONWARNINGS": "error",
    }


@pytest.fixture
def model(variables):
    """Serve a model that plays the steps of a question; returns what it was asked."""
    with ExitStack() as stack:

        def serve(scripts: Mapping[str, Sequence[Step]]) -> OpenAIServer:
            server = stack.enter_context(OpenAIServer(scripted(scripts)))
            variables["OPENAI_BASE_URL"] = server.base_url
            return server

        yield serve


@pytest.fixture
def run(variables, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run an example to its end; `typed` is what the person types."""

    def start(name: str, *words: str, typed: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(EXAMPLES / name), *words]
        done = subprocess.run(
            command, input=typed, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return start


@pytest.fixture
def titles(azure_devops_organization) -> Callable[[], set[str]]:
    """The titles of all work items, as they are now."""
    return lambda: {item.title for item in azure_devops_organization.organization.work_items}
