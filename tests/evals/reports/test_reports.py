"""Reports: JUnit XML, Markdown, JSON, the trace of a failure; and nothing in them that a build server obeys."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import xmlschema
from click.testing import CliRunner
from markdown_it import MarkdownIt

import azure_devops_evals.cases as all_cases
from azure_devops_agents.models.scripted import Call
from azure_devops_evals.case import YES, Case
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.cli.main import group
from azure_devops_evals.counts import Count
from azure_devops_evals.reports.destinations import Destinations
from azure_devops_evals.reports.junit import as_junit
from azure_devops_evals.reports.markdown import as_markdown
from azure_devops_evals.reports.publish import publish
from azure_devops_evals.reports.text import as_json, as_text
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.run import STATUSES, Result, run_case
from azure_devops_evals.scoring.gates import judge
from azure_devops_evals.world.world import TOKEN, planted_secrets
from langchain_azure_devops.text import find_hidden

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
NASTY = "a\x00b\x1b[31m ##vso[task.setvariable variable=x]y ##[error]z\n::set-output name=x::y\n]]> </failure> &\ufffe"


def result(status, case="a-case", area="pull requests", **more):
    return Result(case, area, status, (NASTY,), 1.25, {"success": Count(0, 1)}, NASTY, **more)


EVERY = [result(status, case=f"case-{number}") for number, status in enumerate(STATUSES)]


def test_junit_is_valid_and_tells_failures_errors_and_what_was_not_evaluated_apart():
    text = as_junit([*EVERY, result("pass", area="pipelines", trial=2)])
    SCHEMA.validate(text)
    found = SCHEMA.to_dict(text)
    assert (found["@tests"], found["@failures"], found["@errors"]) == (8, 2, 3)
    assert [suite["@name"] for suite in found["testsuite"]] == ["pipelines", "pull requests"]
    assert re.findall(r"<(failure|error|skipped) ", text) == [
        "failure", "failure", "error", "error", "error", "skipped",
    ]  # fmt: skip
    assert 'name="a-case #2"' in text


@pytest.mark.parametrize(
    "text",
    [
        as_junit(EVERY),
        as_markdown(EVERY, judge(EVERY), 1.0),
        as_text(
            [replace(one, reasons=(make_safe(NASTY),), trace=make_safe(NASTY)) for one in EVERY], judge(EVERY), 1.0
        ),
    ],
    ids=["junit", "markdown", "text"],
)
def test_no_report_holds_an_order_to_the_build_server_or_a_control_character(text):
    assert "##vso[" not in text
    assert "##[" not in text
    assert not re.search(r"^\s*::[a-z]", text, re.MULTILINE)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
    assert "task.setvariable" in text, "the text itself is still there to be read"


HOSTILE_NAMES = [
    "]]>",
    "<script>alert(1)</script>",
    "a | b |\n| c",
    "`x` ``` y",
    "x\n\n# heading",
    "a\x00\x1b[31mb",
    "##vso[task.complete]",
    "x\n::set-output name=x::y",
    "half \ud800 of a character",
    "![x](https://evil.example/?d=1)",
    "<img src=//evil.example>",
    "[a]: https://evil.example",
    "https://evil.example/x",
    "&#60;img src=//evil.example&#62;",
    "@everyone",
    "\u202eb\ufffe",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_hostile_name_acts_in_no_report(name, tmp_path):
    results = [
        Result(name, name, "fail", (name,), 1.0, {"success": Count(0, 1)}, name, trial=2),
        result("pass", case=name),
    ]
    decision = judge(results)
    junit, markdown = as_junit(results), as_markdown(results, decision, 1.0, [name])
    SCHEMA.validate(junit)
    for text in (junit, markdown, as_text(results, decision, 1.0, [name]), as_json(results, decision, 1.0)):
        (tmp_path / "report").write_text(text, encoding="utf-8")
        assert "##vso[" not in text
        assert not re.search(r"^\s*::[a-z]", text, re.MULTILINE)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe]", text)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    for acting in ("<img", "<script", "<a ", "<h1", 'href="'):
        assert acting not in page
    assert json.loads(as_json(results, decision, 1.0))["cases"][0]["case"] == name


def test_markdown_keeps_what_a_case_read_inside_its_fence():
    shown = as_markdown([replace(result("fail"), trace="```\n# not a heading\n````")], judge([]), 1.0)
    assert "`````text\n```\n# not a heading\n````\n`````" in shown


def test_what_hides_in_text_becomes_visible():
    assert make_safe("a\u202eb\u200bc") == "a\ufffdb\ufffdc"


def test_a_report_never_shows_the_secret_that_leaked():
    secret = next(iter(planted_secrets()))
    text = make_safe(f"key {secret} token {TOKEN} password=hunter2hunter2;", planted_secrets())
    assert secret not in text
    assert TOKEN not in text
    assert "hunter2" not in text


def test_json_is_read_back():
    document = json.loads(as_json(EVERY, judge(EVERY), 2.0, {"model": "openai:x"}))
    assert document["model"] == "openai:x"
    assert document["exit"] == judge(EVERY).exit
    assert document["metrics"]["success"] == [0, len(STATUSES)]
    assert [case["status"] for case in document["cases"]] == list(STATUSES)


def test_the_trace_of_a_failure_tells_it_from_the_question_to_what_was_expected():
    case = next(case for case in all_cases.CASES if case.id == "file-a-finding")
    told = run_case(case, steps=[[Call.to("create_work_item", type="Task", title="x", project="Platform")]]).trace
    assert told.startswith(f"question: {case.asked}\ncall 1: create_work_item(type=")
    for part in ("asked: create_work_item(", "report: ", "changed: work items/59/System.Title = 'x'",
                 "wrong: the end state differs by", "again: azure-devops-evals run --case file-a-finding"):  # fmt: skip
        assert part in told


def test_a_long_answer_is_shortened():
    case = Case("x", "pipelines", "?", [[Call.to("list_builds")], reported("x")], (), source="world", approver=YES)
    told = run_case(case, steps=[[Call.to("list_builds")], reported("x", ("E1", "not there"))]).trace
    assert re.search(r"\.\.\. \d+ more lines", told)
    assert "wrong: every quote is found in its evidence: not found in the evidence: ['not there']" in told


def run(*arguments):
    return CliRunner().invoke(group, ["run", "--case", "template-error", *arguments])


def test_the_command_writes_every_report(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    files = {"--junit": "j.xml", "--markdown": "m.md", "--output": "o.json"}
    options = [text for name, file in files.items() for text in (name, str(tmp_path / "reports" / file))]
    done = run(*options, "--summary", "github")
    assert done.exit_code == 0, done.output
    SCHEMA.validate(str(tmp_path / "reports" / "j.xml"))
    assert (tmp_path / "summary.md").read_text() == (tmp_path / "reports" / "m.md").read_text()
    assert json.loads((tmp_path / "reports" / "o.json").read_text())["counts"]["pass"] == 1
    assert "##vso[" not in done.output


def test_the_summary_of_azure_pipelines_is_uploaded_by_one_order_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_BUILD", "True")
    monkeypatch.setenv("AGENT_TEMPDIRECTORY", str(tmp_path))
    done = run("--summary", "azure")
    assert done.output.count("##vso[") == 1
    assert f"##vso[task.uploadsummary]{tmp_path / 'azure-devops-evals.md'}\n" in done.output
    assert (tmp_path / "azure-devops-evals.md").read_text().startswith("## Evals: passed")


@pytest.mark.parametrize("server", ["github", "azure"])
def test_a_summary_without_a_build_server_is_refused_before_anything_runs(server, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("TF_BUILD", raising=False)
    done = run("--summary", server)
    assert done.exit_code == 2
    assert f"--summary {server} needs" in done.output


def test_a_planted_secret_and_the_token_are_removed_in_every_written_form():
    planted = "Zx9kQ2mW7vB4nT6y"
    for secret in (planted, TOKEN):
        for form in (secret, secret.upper(), base64.b64encode(f"user:{secret}".encode()).decode()):
            shown = make_safe(f"it says {form} there", [planted])
            assert form not in shown
            assert "[secret:" in shown
    assert "[secret:planted]" in make_safe("a b1!c", ["b1!c"])


HIDDEN = (
    "\x1b[31mred\x1b]0;t\x07\x00\x9b\x85\u2028\u202e\u2066\u206a\u200b\u061c\u00ad\u3164\u115f\ufe0f\ufeff\U000e0041"
    "\ud800 end"
)


@pytest.mark.parametrize(
    "hostile",
    [
        HIDDEN,
        "#\u00ad#vso[task.complete]",
        "#\u200b#[group]",
        "a\u2028::set-output name=a::b",
        "a\x85##vso[x]",
        "\u00ad::add-mask::x",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("as_machine", [False, True], ids=["text", "json"])
def test_the_report_on_the_terminal_hides_nothing_and_orders_nothing(hostile, as_machine, capsys):
    results = [Result(hostile, hostile, "fail", (hostile,), 1.0, {"success": Count(0, 1)}, hostile, trial=2)]
    results.append(replace(results[0], trace="", status="harness error"))
    publish(results, judge(results), 1.0, Destinations(as_machine=as_machine), more=[hostile])
    shown = capsys.readouterr().out
    shown.encode()
    assert find_hidden(shown) == [], ascii(shown)
    assert "##vso[" not in shown
    assert "##[" not in shown
    assert not re.search(r"^\s*::[a-z]", shown, re.MULTILINE)
    if as_machine:
        assert json.loads(shown)["cases"][0]["case"] == hostile
