"""A release: what the workflows may do, in which order, and which tags are refused."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
RELEASE = WORKFLOWS["release.yml"]
JOBS = RELEASE["jobs"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def needs(job):
    """Every job that must succeed before this one begins."""
    given = JOBS[job].get("needs", [])
    direct = {given} if isinstance(given, str) else set(given)
    return direct.union(*(needs(each) for each in direct))


def steps(workflow):
    return [step for job in WORKFLOWS[workflow]["jobs"].values() for step in job.get("steps", [])]


def triggers(workflow):
    """The events that start a workflow; YAML reads the key `on` as true."""
    return WORKFLOWS[workflow][True]


@pytest.mark.parametrize("workflow", sorted(WORKFLOWS))
def test_actions_are_pinned_to_commits_and_workflows_may_only_read(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_workflow_pins_an_action_to_the_same_commit_and_names_its_version():
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    lines = re.findall(r"uses: ([\w-].*@.*)", text)
    pins = [re.fullmatch(r"([\w./-]+)@(\w+) # (v[\d.]+)", line) for line in lines]
    assert len(pins) >= 10
    assert None not in pins
    assert len({pin.groups() for pin in pins}) == len({pin[1] for pin in pins})


def test_only_the_publishing_job_gets_a_token_and_it_runs_no_code_of_the_repository():
    rights = {name: job.get("permissions") for name, job in JOBS.items()}
    assert {name for name, right in rights.items() if right} == {"publish"}
    assert rights["publish"] == {"id-token": "write"}
    assert JOBS["publish"]["environment"] == "pypi"
    assert not any("run" in step for step in JOBS["publish"]["steps"])
    actions = [step["uses"].partition("@")[0] for step in JOBS["publish"]["steps"]]
    assert actions == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    assert JOBS["publish"]["steps"][1]["with"] == {"attestations": True}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")


def test_a_tag_publishes_what_was_checked_built_and_installed():
    assert triggers("release.yml") == {"push": {"tags": ["v*"]}}
    assert needs("publish") == {"checks", "build", "install"}
    assert needs("install") == {"build"}
    assert JOBS["checks"]["uses"] == "./.github/workflows/ci.yml"
    assert "workflow_call" in triggers("ci.yml")
    uploads = {step["with"]["name"] for step in JOBS["build"]["steps"] if "upload-artifact" in step.get("uses", "")}
    for job in ("install", "publish"):
        downloads = [step["with"] for step in JOBS[job]["steps"] if "download-artifact" in step.get("uses", "")]
        assert {given["name"] for given in downloads} == uploads
        assert {given["path"] for given in downloads} == {"dist"}


def test_the_release_and_ci_build_in_the_same_way():
    commands = [step["run"] for step in JOBS["build"]["steps"] if "run" in step]
    assert [command.split()[0] for command in commands] == [".ci/check-tag", "pip", ".ci/distributions"]
    for command in (".ci/check-tag", ".ci/distributions"):
        assert (ROOT / command).stat().st_mode & 0o111, f"{command} cannot be executed"
    assert '.ci/distributions "$environment/dist"' in (ROOT / ".ci/run").read_text("utf-8")
    assert "twine check --strict" in (ROOT / ".ci/distributions").read_text("utf-8")
    installed = "\n".join(step["run"] for step in JOBS["install"]["steps"] if "run" in step)
    assert {"core/bin/python", "all/bin/python", "all/bin/azure-devops-agent"} <= set(installed.split())


@pytest.fixture
def repository(tmp_path):
    """The files that the check of a tag reads, with a section of the changelog for the present version."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/check-tag", tmp_path / ".ci")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {VERSION} (2026-12-01)\n\n- A change.\n", "utf-8")
    return tmp_path


def check(repository, *tags):
    command = [sys.executable, repository / ".ci" / "check-tag", *tags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_tag_of_the_version_is_accepted(repository):
    done = check(repository, f"v{VERSION}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("tag", [VERSION, f"v{VERSION}.1", f"v{VERSION}rc1", "v9.9.9", ""])
def test_another_tag_is_refused(repository, tag):
    done = check(repository, tag)
    assert done.returncode == 1
    assert f"Tag this commit v{VERSION}" in done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        "# Changelog\n\n## Unreleased\n\n- A change.\n",
        f"# Changelog\n\n## {VERSION}\n\n## 0.0.1\n\n- A change.\n",
        f"# Changelog\n\n## {VERSION}1 (2026-12-01)\n\n- A change.\n",
    ],
    ids=["not renamed", "empty", "another version"],
)
def test_a_version_without_its_changes_is_refused(repository, changes):
    (repository / "CHANGELOG.md").write_text(changes, encoding="utf-8")
    done = check(repository, f"v{VERSION}")
    assert done.returncode == 1
    assert "CHANGELOG.md says nothing" in done.stderr


def test_a_call_without_a_tag_says_what_it_takes(repository):
    assert check(repository).stderr == "Name one tag, such as v1.2.3.\n"
