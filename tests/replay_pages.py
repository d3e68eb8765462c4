"""Run the shell blocks of this repository's pages, each page's in order, against the simulator and a local model.

    uv run python tests/replay_pages.py evals/README.md .github/CONTRIBUTING.md

The pages run in a copy of the repository to which the changes that a page proposes are applied. A command that CI runs
as a step of its own, such as the whole suite, is not run again here. A comment `<!-- not replayed: reason -->` above a
block says to its readers why the block does not run.
"""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page for page in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("*/*/*.md")] if ".venv" not in page.parts
)
CASES_PAGE = ROOT / "evals" / "README.md"
CASE = "agent-lost"
_BLOCK = re.compile(
    r"(?:<!-- not replayed: (?P<reason>[^>]+) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
_CASES = "CASES = (\n"
_COMMAND = re.compile(r"(?:pip|uv|bash|export|python|pytest|azure-devops-\w+)\b")
_REPLAYED_WITH = (
    ("AZURE_DEVOPS_ORG=contoso", "AZURE_DEVOPS_BASE_URL=$SIMULATOR_URL"),
    ("AZURE_DEVOPS_PAT=...", "AZURE_DEVOPS_PAT=$SIMULATOR_TOKEN"),
    # A live model is paid for, and an agent plays each case in a process. One case shows that the line works.
    ("azure-devops-evals run --model openai:gpt-5", f"azure-devops-evals run --case {CASE} --model openai:gpt-5"),
    ("azure-devops-evals run --agent", f"azure-devops-evals run --case {CASE} --agent"),
)
"""Placeholders of the pages, and their values in the tests."""
_COMPARED = " --output now.json --compare before.json"
_QUESTION = "Why did the last build of platform-api-ci fail?"
_FUNCTIONS = """
pip() { python "$REPLAY" --check-requirements "$@"; }
uv() { [ "$1" = run ] && shift && "$@"; }
"""


class Block(NamedTuple):
    """A block of shell commands on a page: the line of its fence, its commands, and why it does not run."""

    line: int
    commands: list[str]
    reason: str


def shell_blocks(page: Path) -> list[Block]:
    """Every block of commands on a page: those called `sh`, and those without a language that begin with a command.

    A case of the evals that the page lets the reader write becomes a command that adds it.
    """
    text = page.read_text(encoding="utf-8")
    found = []
    for block in _BLOCK.finditer(text):
        code = block["code"]
        if block["language"] == "sh" or (not block["language"] and _COMMAND.match(code.lstrip())):
            commands = [part for line in code.splitlines() for part in _split(line)]
        elif block["language"] == "python" and _CASES in block["code"]:
            commands = ['python "$REPLAY" --add-case']
        else:
            continue
        found.append(Block(text.count("\n", 0, block.start("indent")) + 1, commands, block["reason"] or ""))
    return found


def _split(line: str) -> list[str]:
    return [part for part in re.split(r"\s+&&\s+", re.sub(r"(^|\s+)#.*$", "", line).strip()) if part]


def steps_of_ci() -> list[str]:
    """Every command that the scripts of CI run, without `uv run`."""
    lines = [line for name in ("run", "nightly") for line in (ROOT / ".ci" / name).read_text("utf-8").splitlines()]
    return [_plain(part) for line in lines for part in _split(line)]


def _plain(command: str) -> str:
    return re.sub(r"^(?:\w+=\S+ )*uv run (?:--\w+ )*", "", command)


def is_step_of_ci(command: str, steps: Sequence[str]) -> bool:
    """Whether CI runs a command, perhaps with more options; the suite includes every part of it."""
    plain, words = _plain(command), shlex.split(command)
    if plain == "pytest" or plain.startswith("pytest "):
        return all((ROOT / path).exists() for path in shlex.split(plain)[1:] if not path.startswith("-"))
    if words[0] == "bash":
        return (ROOT / words[1]).is_file()
    return any(step == plain or step.startswith(plain + " ") for step in steps)


def commands_to_replay(page: Path) -> list[str]:
    """The commands of a page that run here, with what replaces the reader's own values."""
    steps = steps_of_ci()
    commands = [each for block in shell_blocks(page) if not block.reason for each in block.commands]
    replayed = []
    for command in commands:
        if not is_step_of_ci(command, steps):
            for written, used in _REPLAYED_WITH:
                command = command.replace(written, used)  # noqa: PLW2901 - one replacement after the other
            if _COMPARED in command:
                # A reader has the results of an earlier run.
                replayed.append(command.replace(_COMPARED, " --output before.json"))
            replayed.append(command)
    return replayed


def check_requirements(words: Sequence[str]) -> None:
    """Check the names in a call of pip: our distribution with extras that it has, or a distribution that is here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert words[0] == "install", words
    for word in words[1:]:
        name, _, extras = word.rstrip("]").partition("[")
        if name == project["name"]:
            assert {*extras.split(",")} - {""} <= {*project["optional-dependencies"]}, word
        elif name != "uv":
            importlib.metadata.version(name)


def copy_repository(page: Path, root: Path) -> None:
    """Copy the repository and apply the changes that a page proposes."""
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", ".git", "site")
    shutil.copytree(ROOT, root, ignore=ignored)
    for diff in re.findall(r"(?<!-->\n)^```diff\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)}
        subprocess.run(["git", "apply", "-C1", "-"], input=diff, text=True, cwd=root, env=environment, check=True)


def add_case() -> None:
    """Add the case of the page about the evals to the copy in which the commands run."""
    blocks = re.findall(r"```python\n(.*?)```", CASES_PAGE.read_text("utf-8"), re.DOTALL)
    (case,) = [block for block in blocks if _CASES in block]
    cases = Path("evals/azure_devops_evals/cases")
    (cases / "added.py").write_text(f'"""The case of the page."""\n\n{case}', "utf-8")
    with (cases / "__init__.py").open("a", encoding="utf-8") as module:
        module.write("\nfrom azure_devops_evals.cases import added\n\nCASES = (*CASES, *added.CASES)\n")


def replay(page: Path, folder: Path, variables: Mapping[str, str]) -> None:
    """Run the commands of a page in one shell, which stops at the first that fails."""
    script = "\n".join(["set -euxo pipefail", _FUNCTIONS, *commands_to_replay(page)])
    subprocess.run(["bash", "-c", script], cwd=folder, env=variables, stdin=subprocess.DEVNULL, check=True)


def serve(folder: Path) -> Iterator[dict[str, str]]:
    """Serve an organization and a model, and yield the variables that lead to them."""
    from azure_devops_agents.models.scripted import Call
    from azure_devops_evals.cases import CASES
    from azure_devops_evals.live.openai_server import OpenAIServer, scripted
    from azure_devops_simulator import SimulatorServer, seed_organization

    look = [Call.to("list_builds", pipeline="platform-api-ci")]
    scripts = {case.asked: case.steps for case in CASES if case.id == CASE}
    scripts[_QUESTION] = [look, [Call.to("write_report", answer="The template is missing.", verdict="inconclusive")]]
    organization = seed_organization()
    organization.add_token("a-token-of-the-simulator")
    with SimulatorServer(organization) as server, OpenAIServer(scripted(scripts)) as model:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}
        yield {
            **kept,
            "SIMULATOR_URL": server.base_url,
            "SIMULATOR_TOKEN": "a-token-of-the-simulator",
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "made-up",
            "REPLAY": __file__,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
        }


def prepare_files(folder: Path) -> None:
    """Put the files beside the commands that their pages tell the reader to have."""
    place = {"artifactLocation": {"uri": "src/db.py"}, "region": {"startLine": 12}}
    result = {"ruleId": "py/sql-injection", "level": "error", "message": {"text": "SQL from user input."}}
    run = {
        "tool": {"driver": {"name": "Scanner", "rules": []}},
        "results": [{**result, "locations": [{"physicalLocation": place}]}],
        "versionControlProvenance": [{"repositoryUri": "https://dev.azure.com/tidewater/Platform/_git/platform-api"}],
    }
    # The agent that a reader of the repository has.
    agent = Path("evals", "examples", "tools_agent.py")
    (folder / agent).parent.mkdir(parents=True, exist_ok=True)
    (folder / agent).write_bytes((ROOT / agent).read_bytes())
    (folder / "scan.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run]}), "utf-8")


def main(names: Sequence[str]) -> None:
    """Replay pages, each in a copy of the repository."""
    for name in names:
        with TemporaryDirectory() as temporary:
            folder = Path(temporary) / "repository"
            copy_repository(ROOT / name, folder)
            prepare_files(folder)
            for variables in serve(Path(temporary)):
                path = os.pathsep.join(str(folder / source) for source in ("toolkit", "agents", "evals"))
                replay(ROOT / name, folder, {**variables, "PYTHONPATH": path})


if __name__ == "__main__":
    if sys.argv[1] == "--check-requirements":
        check_requirements(sys.argv[2:])
    elif sys.argv[1] == "--add-case":
        add_case()
    else:
        main(sys.argv[1:])
