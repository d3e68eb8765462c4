"""Reports in files: the ending says the form, nobody else may read them, and they are whole or not there."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from azure_devops_agents.cli.report_file import write_report
from azure_devops_agents.cli.report_view import show_report, shows_links
from azure_devops_agents.cli.terminal import SafeConsole
from langchain_azure_devops.errors import InvalidRequest

URL = "https://dev.azure.com/tidewater/_workitems/edit/59"
REPORT = {
    "answer": "It fails.\n\n| build | result |\n|---|---|\n| 35 | failed |",
    "verdict": "answered",
    "observed": [{"statement": "It fails.", "evidence": ["E1"], "quote": "failed"}],
    "written": [{"evidence": "E1", "what": "Bug 59", "title": "It fails", "url": URL}],
    "links": {"E1": {"title": "Bug 59", "url": URL}},
    "usage": {"calls": 1, "tokens": 1200, "seconds": 3.2},
}
EVIDENCE = {
    "E1": {"id": "E1", "tool": "x", "arguments": {"id": 59}, "status": "ok", "untrusted": True, "text": "failed"},
}


@pytest.fixture(scope="module")
def investigate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")

    def run(*options):
        command = [
            str(Path(sys.executable).with_name("azure-devops-agent")),
            "investigate",
            "Why did build 35 fail?",
            "--simulator",
            *options,
        ]
        return subprocess.run(
            command,
            env={**os.environ, "XDG_STATE_HOME": str(folder), "OPENAI_API_KEY": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_one_question_writes_every_form(investigate, tmp_path):
    files = [tmp_path / f"report{ending}" for ending in (".md", ".html", ".json", ".sarif")]
    done = investigate("--project", "Platform", *(word for file in files for word in ("--report", str(file))))
    assert done.returncode == 0, done.stderr
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert files[0].read_text(encoding="utf-8").startswith("# Why did build 35 fail?\n")
    assert "<title>Why did build 35 fail?</title>" in files[1].read_text(encoding="utf-8")
    assert json.loads(files[2].read_text(encoding="utf-8"))["evidence"]
    assert json.loads(files[3].read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_an_unknown_ending_is_refused_before_anything_is_asked(investigate, tmp_path):
    done = investigate("--report", str(tmp_path / "report.pdf"))
    assert done.returncode == 2
    assert "'report.pdf' must end with one of .md, .html, .json, .sarif." in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "says"), [("/proc", "No file can be made in '/proc'"), ("/none", "no folder '/none'")]
)
def test_a_folder_that_takes_no_file_is_refused_before_anything_is_asked(investigate, folder, says):
    done = investigate("--report", f"{folder}/report.md")
    assert done.returncode == 2
    assert says in " ".join(done.stderr.replace("\u2502", "").split())
    assert done.stdout == ""


def test_the_question_above_a_report_shows_no_picture_and_is_no_link(tmp_path):
    asked = "Is ![this](http://evil.example/x.png) ours? <img src=x> [or](http://evil.example)"
    write_report(tmp_path / "report.md", REPORT, EVIDENCE, asked)
    heading = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()[0]
    shown = MarkdownIt().renderInline(heading)
    assert "<img" not in shown
    assert "<a " not in shown


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path):
    file = tmp_path / "report.md"
    file.mkdir()
    with pytest.raises(InvalidRequest, match=r"was not written to /.*/report\.md: "):
        write_report(file, REPORT, EVIDENCE)
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_in_the_place_of_the_file_is_replaced_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("mine", encoding="utf-8")
    file = tmp_path / "report.md"
    file.symlink_to(other)
    write_report(file, REPORT, EVIDENCE)
    assert other.read_text(encoding="utf-8") == "mine"
    assert not file.is_symlink()


def shown(monkeypatch, width=80, terminal=True, **environment):
    for name in ("FORCE_HYPERLINK", "TERM_PROGRAM", "TERM", "VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    console = SafeConsole(
        force_terminal=terminal, color_system="truecolor" if terminal else None, width=width, _environ={}
    )
    with console.capture() as capture:
        show_report(console, REPORT)
    return shows_links(console), capture.get()


def test_links_are_hidden_behind_words_where_the_terminal_shows_them(monkeypatch):
    links, text = shown(monkeypatch, TERM="xterm-kitty")
    assert links
    assert f";{URL}\x1b\\" in text
    assert "Sources" not in text


@pytest.mark.parametrize("environment", [{"TERM": "xterm-256color"}, {"TERM_PROGRAM": "Apple_Terminal"}])
def test_addresses_are_printed_where_links_may_not_be_shown(monkeypatch, environment):
    links, text = shown(monkeypatch, **environment)
    assert not links
    assert URL in text


def test_a_table_is_a_table_and_markdown_in_a_pipe(monkeypatch):
    _, text = shown(monkeypatch, TERM="xterm-kitty")
    assert "|---|" not in text
    _, piped = shown(monkeypatch, terminal=False)
    assert "| 35 | failed |" in piped
    assert f"- **Bug 59**: It fails ([E1]({URL}))" in piped
    assert "1 tool call · 1,200 tokens · 3 s" in piped
