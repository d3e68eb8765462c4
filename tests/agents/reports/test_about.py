"""What a report says about itself: where, when and by which model it was written, and where its links lead."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from langchain_openai import ChatOpenAI
from rich.console import Console

from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.offline import OfflineModel
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.reports.about import SIMULATED, describe_report
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.page import render_page
from azure_devops_agents.reports.report import plain_report
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.settings import load_settings

WHY = "Why did the last build of platform-api-ci fail?"
DONE = ("write_report", '{"answer": "Nothing is open.", "verdict": "answered"}')
SENTENCE = "No language model answered. This lists what the tools returned, without a conclusion."


def ask(model, toolkit, path, question=WHY):
    with open_investigator(model, toolkit, path=path / "t.sqlite") as investigator:
        for event in list(investigator.ask("t", question)):
            if isinstance(event, ApprovalAsked):
                list(investigator.answer("t", event.interrupt_id, {"decisions": [{"type": "approve"}]}))
        return investigator.state("t")["report"], investigator.evidence("t")


def page_of(report, evidence, title=WHY):
    return render_page(report, evidence, {name: entry["text"] for name, entry in evidence.items()}, title)


def words_of(page):
    """The text of a page as a browser shows it, without its style."""
    words = []
    parser = HTMLParser()
    parser.handle_data = words.append
    parser.feed(page.split("</head>")[1])
    return " ".join(" ".join(words).split())


def printed(report, width=80):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, record=True, _environ={})
    show_report(console, report)
    return console.export_text()


def test_every_form_says_first_that_no_language_model_answered(toolkit, tmp_path):
    report, evidence = ask(OfflineModel(), toolkit, tmp_path)
    assert render_markdown(report).startswith(f"*{SENTENCE}")
    shown = words_of(page_of(report, evidence))
    assert shown.startswith(SENTENCE)
    assert "No language model wrote this report." in shown
    lines = [line for line in printed(report, width=110).splitlines() if line.strip()]
    assert lines[1].startswith(SENTENCE)
    assert "tokens" not in render_markdown(report)


def test_what_the_offline_model_lists_is_readable(toolkit, tmp_path):
    report, _ = ask(OfflineModel(), toolkit, tmp_path)
    assert report["answer"].startswith("Found: 1 build in Platform [E1]; build 35 [E2]")
    assert report["answer_unverified"] == report["unverified"] == []
    said = [row["statement"] for row in report["observed"]]
    assert any(row.startswith("build: 35, pipeline: platform-api-ci, result: failed,") for row in said)
    assert any(row.startswith("log lines: E ") and row.endswith("KeyError: 'DATABASE_TIMEOUT'") for row in said)
    assert len(said) == len(set(said)) < 20
    for noise in ("cursor=", "name | state", "stages (2):", "- lines:"):
        assert noise not in render_markdown(report)


def test_a_language_model_is_named_with_the_place_and_the_time(toolkit, tmp_path):
    with OpenAIServer([Turn(calls=[DONE]), Turn(calls=[DONE])]) as server:
        model = ChatOpenAI(model="gpt-local", base_url=server.base_url, api_key="made-up")
        report, evidence = ask(model, toolkit, tmp_path)
    shown = words_of(page_of(report, evidence))
    head = shown[: shown.index("Nothing is open.")]
    assert re.search(r"tidewater · project Platform · \d{4}-\d\d-\d\d \d\d:\d\d UTC\s+· gpt-local", head), head
    assert "A language model wrote this report. Code compared its statements with the evidence above;" in shown
    assert "No language model" not in shown
    assert "simulated" not in shown


def test_a_report_of_an_earlier_version_is_shown(toolkit, tmp_path):
    report, evidence = ask(OfflineModel(), toolkit, tmp_path)
    del report["about"]
    assert "A language model wrote this report." in words_of(page_of(report, evidence))
    assert render_markdown(report).startswith("**Answered**")


@pytest.mark.parametrize("reasoning", ["The build before it succeeded.", "the build before it succeeded"])
def test_reasoning_is_a_sentence_of_its_own(toolkit, tmp_path, reasoning):
    row = {"statement": "It fails.", "evidence": ["E1"], "quote": "Platform", "reasoning": reasoning}
    done = Call.to("write_report", answer="It fails.", verdict="answered", inferred=[row])
    report, evidence = ask(ScriptedModel(steps=[[Call.to("list_projects")], [done]]), toolkit, tmp_path)
    for text in (render_markdown(report), words_of(page_of(report, evidence)), printed(report)):
        assert f"Reasoning: {reasoning}" in text
        assert "ecause" not in text


def test_evidence_says_when_it_was_read_or_written_and_no_date_is_broken(toolkit, tmp_path):
    bug = Call.to("create_work_item", type="Bug", title="The gate is open since 2026-11-20T09:00:00Z")
    done = Call.to("write_report", answer="Filed.", verdict="answered", observed=[
        {"statement": "There is a project.", "evidence": ["E1"], "quote": "Platform"}])  # fmt: skip
    report, evidence = ask(ScriptedModel(steps=[[Call.to("list_projects")], [bug], [done]]), toolkit, tmp_path)
    page = page_of(report, evidence)
    shown = words_of(page)
    day = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.search(rf"list_projects · ok, read {day}", shown)
    assert re.search(rf"create_work_item · written {day}", shown)
    assert '<span class="date">2026-11-20T09:00:00Z</span>' in page
    assert ".date{white-space:nowrap}" in page


@pytest.mark.parametrize("simulated", [True, False])
def test_links_that_end_with_the_command_are_told_where_there_are_links(simulated):
    source = SIMULATED if simulated else "AZURE_DEVOPS_PAT"
    settings = replace(load_settings(base_url="http://127.0.0.1:9/tidewater", pat="made-up"), credential_source=source)
    about = describe_report("gpt-local", None, settings, datetime(2026, 11, 20, 9, tzinfo=UTC))
    report = {**plain_report("Done."), "about": about, "links": {"E1": {"title": "x", "url": "http://127.0.0.1:9/x"}}}
    note = "The links lead to a simulated organization"
    for text in (render_markdown(report), words_of(page_of(report, {})), printed(report)):
        assert (note in text) is simulated
    assert note not in render_markdown({**report, "links": {}})
