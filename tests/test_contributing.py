"""The diffs on pages: one was committed and still stands in the code, the others are applied and tested."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
COMMITTED = re.compile(
    r"<!-- committed, changed since: ([\w ]+) -->\n<!-- moved since to: ([^>]+) -->\n```diff\n(.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
PROPOSED = re.compile(r"(?<!-->\n)^```diff\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def added_lines(diff):
    """Every line that a diff adds, by the path of its file."""
    found, path = {}, ""
    for line in diff.splitlines():
        if line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/")
            found[path] = []
        elif line.startswith("+"):
            found[path].append(line[1:])
    return found


def test_what_the_committed_diff_adds_still_stands_in_the_code_or_is_marked_as_changed():
    ((changed, moved, diff),) = COMMITTED.findall(PAGE)
    words = set(changed.split())
    added = added_lines(diff)
    assert len(added) == 2
    gone = []
    for (path, lines), now in zip(added.items(), moved.split(), strict=True):
        code = [line for each in (path, now) for line in (ROOT / each).read_text(encoding="utf-8").splitlines()]
        gone += [line for line in lines if line not in code]
    assert [line for line in gone if not words & set(re.findall(r"\w+", line))] == []
    assert words <= {word for line in gone for word in re.findall(r"\w+", line)}, "a marked word that no line needs"


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    """A copy of the repository with the proposed diffs applied."""
    root = tmp_path_factory.mktemp("contribution")
    for folder in ("toolkit", "agents", "evals", "tests"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    diffs = PROPOSED.findall(PAGE) + PROPOSED.findall((ROOT / "toolkit" / "SIMULATOR.md").read_text(encoding="utf-8"))
    assert len(diffs) == 4
    for diff in diffs:
        # Outside any repository, git applies to the folder as it is.
        variables = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}
        subprocess.run(
            ["git", "apply", "-C1", "-"], input=diff, text=True, cwd=root, env=variables, check=True, timeout=60
        )
    return root


@pytest.mark.parametrize(
    "arguments",
    [
        ("pytest", "-q", "-n0", "tests/toolkit/tools/test_processes.py", "tests/agents/automations/test_unowned.py"),
        ("azure_devops_evals", "run", "--case", "auditors-on-friday"),
        ("pytest", "-q", "-n0", "tests/simulator/contract"),
    ],
    ids=["area and automation", "case", "route"],
)
def test_the_proposed_diffs_apply_and_pass(applied, arguments):
    path = os.pathsep.join(str(applied / folder) for folder in ("toolkit", "agents", "evals"))
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=applied,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
