"""The commands, as somebody types them."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import azure_devops_evals.cases as all_cases
from azure_devops_evals.cli.main import COMMANDS, group
from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.scoring.gates import Exit

README = Path(__file__).parents[3] / "evals" / "README.md"


def invoke(*arguments):
    return CliRunner().invoke(group, list(arguments))


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_process_of_each_command_refuses_an_unknown_option_without_a_traceback(name):
    done = python("-m", "azure_devops_evals", name, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_prints_each_case_and_the_counts():
    result = invoke("run", "--area", "access")
    assert result.exit_code == 0
    assert re.search(r"^pass +access +sign-in-page \(\d\.\d\d s\)$", result.output, re.MULTILINE)
    number = sum(case.area == "access" for case in all_cases.CASES)
    assert re.search(rf"^all: +{number} pass in ", result.output, re.MULTILINE)


def test_a_run_as_json():
    result = invoke("run", "--case", "agent-lost", "--case", "template-error", "--json")
    document = json.loads(result.output)
    assert {status: number for status, number in document["counts"].items() if number} == {"pass": 2}
    assert document["metrics"]["success"] == [2, 2]
    assert (document["exit"], document["blocked"]) == (0, [])
    assert [case["case"] for case in document["cases"]] == ["agent-lost", "template-error"]


@pytest.mark.parametrize(("kind", "code"), [("miss", 3), ("harness error", 4)])
def test_a_run_that_is_blocked_says_so_in_its_exit_code(tmp_path, kind, code):
    if kind == "miss":
        document = json.loads((RECORDINGS / "agent-lost.json").read_text())
        (tmp_path / "agent-lost.json").write_text(json.dumps({**document, "exchanges": []}))
    result = invoke("run", "--case", "agent-lost", "--recordings", str(tmp_path))
    assert result.exit_code == code
    assert result.output.startswith(kind)
    assert f"blocked: {kind}: agent-lost" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--case", "nope"], "No case nope. Known: who-introduced-a-line"),
        (["run", "--area", "nope"], "No area nope. Known: access"),
        (["run", "--area", "access", "--case", "agent-lost"], "No case is in both"),
        (["record", "--case", "file-a-finding"], "runs in a world of its own"),
        (["record", "--live"], "--live needs --recordings"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, message):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_record_writes_what_run_plays(tmp_path):
    result = invoke("record", "--case", "agent-lost", "--recordings", str(tmp_path / "new"))
    assert result.output == "agent-lost.json: 4 exchanges from simulator\n"
    assert (tmp_path / "new" / "agent-lost.json").read_text() == (RECORDINGS / "agent-lost.json").read_text()


def test_record_live_reads_an_organization_of_the_environment(tmp_path, monkeypatch):
    from azure_devops_simulator import SimulatorServer, seed_organization

    organization = seed_organization()
    token = "k" * 84
    organization.add_token(token, scopes=("app_token",))
    with SimulatorServer(organization) as server:
        monkeypatch.setenv("AZURE_DEVOPS_BASE_URL", server.base_url)
        monkeypatch.setenv("AZURE_DEVOPS_PAT", token)
        monkeypatch.setenv("AZURE_DEVOPS_PROJECT", "Platform")
        result = invoke("record", "--live", "--case", "open-pull-requests", "--recordings", str(tmp_path))
    assert result.exit_code == 0, result.output
    text = (tmp_path / "open-pull-requests.json").read_text()
    assert '"source": "live"' in text
    assert token not in text
    assert "@tidewater.example" not in text
    assert "127.0.0.1" not in text
    assert invoke("run", "--case", "open-pull-requests", "--recordings", str(tmp_path)).exit_code == 0


def test_record_live_without_settings_says_what_is_missing(tmp_path, monkeypatch):
    for name in ("AZURE_DEVOPS_ORG", "AZURE_DEVOPS_BASE_URL", "AZURE_DEVOPS_PAT", "AZURE_DEVOPS_EXT_PAT"):
        monkeypatch.delenv(name, raising=False)
    result = invoke("record", "--live", "--case", "agent-lost", "--recordings", str(tmp_path))
    assert result.exit_code == 1
    assert "AZURE_DEVOPS_ORG" in result.output


def test_a_solution_that_does_not_pass_is_not_recorded(tmp_path, monkeypatch):
    from dataclasses import replace

    broken = replace(next(case for case in all_cases.CASES if case.id == "agent-lost"), steps=[])
    monkeypatch.setattr(all_cases, "CASES", (broken,))
    result = invoke("record", "--case", "agent-lost", "--recordings", str(tmp_path))
    assert result.exit_code == 1
    assert "agent-lost does not pass and was not recorded" in result.output
    assert list(tmp_path.iterdir()) == []


def test_help_needs_no_langchain():
    script = (
        "import sys; from azure_devops_evals.__main__ import main; sys.argv = ['azure-devops-evals', 'run', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith(('langchain_core', 'langgraph'))))"
    )
    done = python("-c", script)
    assert "Run the cases" in done.stdout
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("library", ["click", "langgraph"])
def test_a_missing_library_names_the_extra_that_brings_it_without_a_traceback(library):
    script = (
        f"import sys; sys.modules[{library!r}] = None; sys.argv = ['azure-devops-evals', 'run', '--area', 'access']\n"
        "from azure_devops_evals.__main__ import main; main()"
    )
    done = python("-c", script)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "pip install 'langchain-azure-devops[evals]'" in done.stderr
    assert library in done.stderr or "azure-devops-evals needs" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_case_in_the_readme_works(tmp_path, monkeypatch):
    code = README.read_text().split("```python\n", 1)[1].split("```", 1)[0]
    assert len(code.split("CASES = (", 1)[1].strip().splitlines()) <= 25
    (tmp_path / "cases_of_mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    added = importlib.import_module("cases_of_mine").CASES
    monkeypatch.setattr(all_cases, "CASES", (*all_cases.CASES, *added))
    options = ("--case", added[0].id, "--recordings", str(tmp_path))
    assert invoke("record", *options).exit_code == 0
    done = invoke("run", *options)
    assert done.exit_code == 0, done.output
    assert invoke("run", "--case", added[0].id).exit_code == 4, "without its recording it is no pass"


def test_every_exit_code_is_in_the_readme():
    table = dict(re.findall(r"^\| (\d+) \| (.+) \|$", README.read_text(), re.MULTILINE))
    assert {int(code) for code in table} == {int(code) for code in Exit}
