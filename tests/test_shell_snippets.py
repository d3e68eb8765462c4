"""The shell blocks of the pages run: the quick ones here, the long ones every night, the rest as steps of CI."""

import re
import shlex
from pathlib import Path

import pytest

from replay_pages import PAGES, ROOT, commands_to_replay, prepare_files, replay, serve, shell_blocks

NIGHTLY = re.findall(r"tests/replay_pages\.py (.+)", (ROOT / ".ci" / "nightly").read_text(encoding="utf-8"))
LONG = {ROOT / name for line in NIGHTLY for name in shlex.split(line)}
QUICK = [page for page in PAGES if page not in LONG and commands_to_replay(page)]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def variables(tmp_path):
    yield from serve(tmp_path)


@pytest.mark.parametrize("page", QUICK, ids=named)
def test_the_commands_of_a_page_run_in_its_order(page, tmp_path, variables, capfd):
    prepare_files(tmp_path)
    replay(page, tmp_path, variables)
    shown = capfd.readouterr().err
    assert all(f"+ {command.split()[0]}" in shown for command in commands_to_replay(page))


def test_there_are_commands_and_the_long_pages_exist():
    assert ROOT / "README.md" in QUICK
    assert len(LONG) >= 2
    assert [page for page in LONG if not commands_to_replay(page)] == []


def test_every_block_has_a_language_that_a_test_knows():
    fences = {
        (named(page), language)
        for page in PAGES
        for language in re.findall(r"^ *```(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    # Python and JSON run in test_examples.py, diffs in test_contributing.py, YAML in simulator/server/test_running.py.
    # Text is what a program prints, which simulator/world/test_builder_pages.py compares.
    known = {"sh", "python", "json", "diff", "yaml", "text"}
    assert {(page, name) for page, name in fences if name not in known} == set()


def test_a_block_that_does_not_run_says_why_on_its_page():
    reasons = [block.reason for page in PAGES for block in shell_blocks(page) if block.reason]
    assert [reason for reason in reasons if len(reason.split()) < 4] == []


def test_a_command_that_fails_fails_its_page(tmp_path, variables, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("```sh\nazure-devops-agent no-such-command\nexport X=1\n```\n", encoding="utf-8")
    with pytest.raises(Exception, match="returned non-zero exit status 2"):
        replay(page, tmp_path, variables)
