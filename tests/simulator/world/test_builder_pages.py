"""The worlds on the pages of this repository, as a reader pastes them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from azure_devops_simulator import SimulatorServer, import_world

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


def examples(page):
    """Every example of a page that builds an organization, with the output that the page shows."""
    found = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return [(code, output) for code, output in found if "build_organization(" in code]


def run(folder, *words):
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_world_of_the_readme_prints_what_the_page_shows(tmp_path):
    ((code, output),) = examples("README.md")
    assert output
    assert run(tmp_path, "-c", code) == output


def test_the_world_of_the_readme_takes_about_twenty_lines():
    ((code, _),) = examples("README.md")
    body = code.partition("\n\n")[2].splitlines()
    assert len(body) <= 20


@pytest.fixture
def saved(tmp_path):
    (code, _), _ = examples("toolkit/SIMULATOR.md")
    run(tmp_path, "-c", code)
    return json.loads(tmp_path.joinpath("contoso.json").read_text(encoding="utf-8"))


def test_the_longer_world_is_saved_and_served(saved):
    organization = import_world(saved)
    organization.add_token("a-token", user=organization.named("Tom Becker"))
    with (
        SimulatorServer(organization) as server,
        httpx.Client(base_url=f"{server.base_url}/Platform/_apis", auth=("", "a-token")) as client,
    ):
        builds = client.get("/build/builds").json()["value"]
        assert [(build["result"], build["reason"]) for build in builds] == [
            ("failed", "manual"),
            ("succeeded", "schedule"),
        ]
        assert client.get("/wit/workitems/2").json()["fields"]["System.State"] == "Closed"
        refused = client.post("/build/builds", params={"api-version": "7.1"}, json={"definition": {"id": 1}})
        assert refused.status_code == 403


def test_the_fixture_works_in_a_conftest(tmp_path):
    _, (code, _) = examples("toolkit/SIMULATOR.md")
    tmp_path.joinpath("conftest.py").write_text(code, encoding="utf-8")
    tmp_path.joinpath("test_it.py").write_text(
        """
import httpx

def test_the_repository_is_served(contoso):
    answer = httpx.get(f"{contoso.base_url}/Platform/_apis/git/repositories/api", auth=("", "a-token"))
    assert answer.json()["name"] == "api"
""",
        encoding="utf-8",
    )
    assert "1 passed" in run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path))
