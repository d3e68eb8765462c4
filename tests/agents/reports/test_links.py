"""Every citation and every write is a link: to the record, the row, the line of a file or log, the part of a record."""

import re
from urllib.parse import quote_plus

import pytest
from agent_decisions import answer, asked, edit, report_of

from azure_devops_agents.evidence.pages import page_of
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.reports.links import list_links, replace_citations
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.page import render_page
from azure_devops_agents.reports.report import describe_found, plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_agents.reports.timeline import build_timeline
from langchain_azure_devops.tools.repositories import read_repository_file
from langchain_azure_devops.tools.search.code import search_code
from langchain_azure_devops.tools.work_items import get_work_item

LIST = Call.to("list_builds", pipeline="platform-api-ci", branch="main")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")


@pytest.fixture
def report_about(toolkit, tmp_path):
    """Returns the report of one observed statement that cites the first evidence."""

    def ask(call, quote, statement="It is so."):
        observed = [{"statement": statement, "evidence": ["E1"], "quote": quote}]
        done = Call.to("write_report", answer="Done.", verdict="answered", observed=observed)
        model = ScriptedModel(steps=[[call], [done], [done]])
        with open_investigator(model, toolkit, path=tmp_path / "threads.sqlite") as investigator:
            return report_of(investigator.ask("t", "?"))

    return ask


CASES = [
    (
        Call.to("read_repository_file", repository="platform-api", path="/deploy/ci.env", version="main"),
        "DB_TIMEOUT=",
        "/Platform/_git/platform-api?path=%2Fdeploy%2Fci.env&version=GBmain&line=",
    ),
    (Call.to("get_build_log", build=35, log=5, contains="KeyError"), "KeyError: 'DATABASE_TIMEOUT'", "&view=logs&j="),
    (Call.to("get_build_log", build=35, log=5), "DATABASE_TIMEOUT", "&l="),
    (Call.to("list_builds", pipeline="platform-api-ci", branch="main"), "35\tplatform-api-ci", "?buildId=35"),
    (Call.to("query_work_items", type="Bug"), "Bug", "/_workitems/edit/"),
    (
        Call.to("get_pull_request", ids=[13], include=["diff"]),
        '+DATABASE_TIMEOUT = float(os.environ["DATABASE_TIMEOUT"])',
        "/Platform/_git/platform-api/pullrequest/13?_a=files&path=%2Fsrc%2Fplatform_api%2Fsettings.py",
    ),
    (Call.to("get_build", ids=[35]), "Run unit tests", "/_build/results?buildId=35"),
    (Call.to("get_build", ids=[35, 23]), "Merged PR 13", "/_build/results?buildId=23"),
    (Call.to("search_code", text="DB_TIMEOUT"), "DB_TIMEOUT", "&line="),
]


@pytest.mark.parametrize(("call", "quote", "page"), CASES, ids=lambda value: str(getattr(value, "name", value)))
def test_a_citation_leads_to_the_very_place(report_about, server, call, quote, page):
    report = report_about(call, quote)
    [statement] = [*report["observed"], *report["unverified"]]
    url = statement["places"]["E1"]["url"]
    assert url.startswith(server.base_url)
    assert page in url


def test_the_line_of_a_citation_is_the_line_of_the_file(report_about, toolkit):
    where = {"repository": "platform-api", "path": "/deploy/ci.env", "version": "main"}
    report = report_about(Call.to("read_repository_file", **where, first_line=2), "DB_TIMEOUT=")
    [statement] = [*report["observed"], *report["unverified"]]
    place = statement["places"]["E1"]
    number = int(place["line"].removeprefix("line "))
    assert f"&line={number}&lineEnd={number + 1}&" in place["url"]
    text = read_repository_file.call_sync(toolkit.client, **where).text
    assert "DB_TIMEOUT=" in text.split("\n")[number - 1]


def test_a_citation_of_a_search_over_several_files_names_the_file(report_about, toolkit):
    found = search_code.call_sync(toolkit.client, text="DB_TIMEOUT")
    assert len({hit.path for hit in found.items}) > 1
    for hit in found.items:
        report = report_about(Call.to("search_code", text="DB_TIMEOUT"), f"{hit.path}\t")
        [statement] = [*report["observed"], *report["unverified"]]
        place = statement["places"]["E1"]
        assert place["line"] == f"{hit.path}, line {hit.lines[0].line}"
        assert f"path={quote_plus(hit.path)}" in place["url"]


def test_a_write_is_named_with_its_title_and_its_page(toolkit, server, tmp_path):
    done = Call.to("write_report", answer="Filed.", verdict="answered")
    with open_investigator(ScriptedModel(steps=[[BUG], [done]]), toolkit, path=tmp_path / "t.sqlite") as investigator:
        [asked] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
        events = investigator.answer("t", asked.interrupt_id, {"decisions": [{"type": "approve"}]})
        report = report_of(events)
        [entry] = [entry for entry in investigator.evidence("t").values() if entry["status"] == "written"]
    [written] = report["written"]
    number = entry["data"]["id"]
    assert (written["what"], written["title"]) == (f"Bug {number}", "The gate is open")
    assert (
        written["url"] == f"{server.base_url}/_workitems/edit/{number}" == report["links"][written["evidence"]]["url"]
    )


def test_the_ids_in_an_answer_are_links_and_one_that_is_not_there_is_marked(toolkit, server, tmp_path):
    row = {"statement": "Build 35 failed.", "evidence": ["E1"], "quote": "35\tplatform-api-ci"}
    done = Call.to("write_report", answer="Build 35 failed [E2], see E77.", verdict="answered", observed=[row])
    steps = [[LIST], [Call.to("get_build", ids=[35])], [done], [done]]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "t.sqlite") as investigator:
        report = report_of(investigator.ask("t", "?"))
        message = investigator.state("t")["messages"][-1].text
        page = render_page(report, investigator.evidence("t"), {})
    url = f"{server.base_url}/Platform/_build/results?buildId=35"
    assert report["links"]["E2"]["url"] == url
    assert f"Build 35 failed [[E2]({url})], see E77." in message
    assert f'<a href="{url}" rel="noopener noreferrer">E2</a>' in page.split("</div>")[0]
    [marked] = report["answer_unverified"]
    assert marked["problem"] == "there is no evidence E77"


BUILD = "https://dev.azure.com/tidewater/Platform/_build/results?buildId=35"
KNOWN = {
    "E3": {"id": "E3", "tool": "get_build", "caption": "build 35", "summary": "x", "urls": {"url": BUILD}},
    "E4": {"id": "E4", "tool": "list_builds", "caption": None, "summary": "builds: 8 of 40", "urls": None},
}


def test_what_code_says_was_found_is_linked():
    report = check_report(plain_report(describe_found(list(KNOWN.values()))), {}, answered_by_code=True)
    assert "- E3 get_build: x" in report["answer"]
    assert f"- [E3]({BUILD}) get_build: x" in render_markdown({**report, "links": list_links(report, KNOWN)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It fails (E3).", f"It fails ([build 35]({BUILD}))."),
        ("It fails [E3].", f"It fails ([build 35]({BUILD}))."),
        ("It fails, see E3, E4.", f"It fails, see [build 35]({BUILD}), builds: 8 of 40."),
        ("It fails (see E3 and E4).", f"It fails ([build 35]({BUILD}), builds: 8 of 40)."),
        ("E3 shows it.", f"[build 35]({BUILD}) shows it."),
        ("Unknown (E9) number.", "Unknown number."),
        ("Both (E3, E9).", f"Both ([build 35]({BUILD}))."),
        ("The E2E suite and E501 stay.", "The E2E suite and E501 stay."),
        ("Seen in E3, E3-E4.", f"Seen in [build 35]({BUILD}), builds: 8 of 40."),
        ("See E2-E4 and (E2 to E3).", f"See [build 35]({BUILD}), builds: 8 of 40 and ([build 35]({BUILD}))."),
        ("As `E3` and E4 say.", f"As [build 35]({BUILD}) and builds: 8 of 40 say."),
        ("[Build E3](https://dev.azure.com/x) stays.", "[Build E3](https://dev.azure.com/x) stays."),
        ("`E3.py` and E3.py, src/E3, SKU_E3, E3-large stay.", "`E3.py` and E3.py, src/E3, SKU_E3, E3-large stay."),
        ("```\nE3\n```", "```\nE3\n```"),
        ("https://dev.azure.com/tidewater/E3", "https://dev.azure.com/tidewater/E3"),
    ],
)
def test_no_evidence_number_is_written(text, expected):
    assert replace_citations({"description": text}, KNOWN, {"description"}) == {"description": expected}


def test_a_text_that_is_no_markdown_gets_an_address():
    given = {"fields": [{"name": "Custom.E3", "value": "As in (E3) and (E4)"}], "title": "Broken (E3)"}
    assert replace_citations(given, KNOWN, ()) == {
        "fields": [{"name": "Custom.E3", "value": f"As in ({BUILD}) and (builds: 8 of 40)"}],
        "title": "Broken (build 35)",
    }


def test_a_value_that_is_nothing_but_such_a_number_stays():
    assert replace_citations({"fields": [{"name": "Custom.Edition", "value": "E3"}]}, KNOWN, ()) == {
        "fields": [{"name": "Custom.Edition", "value": "E3"}]
    }


def test_a_tag_is_the_name_of_its_evidence():
    assert replace_citations({"tags": ["E3", "e4", "urgent", "of E3"]}, KNOWN, ()) == {
        "tags": ["e4", "urgent", "of build 35"]
    }


def test_a_person_is_shown_links_and_links_are_written(toolkit, server, tmp_path):
    text = "Build 35 fails (E1), as [E7] and the E2E suite say. `E9` stays."
    bug = Call.to("create_work_item", type="Bug", title="Broken (E1)", project="Platform", description=text)
    steps = [[Call.to("get_build", ids=[35])], [bug], [Call.to("write_report", answer="Filed.", verdict="answered")]]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "t.sqlite") as investigator:
        [asked] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
        page = f"{server.base_url}/Platform/_build/results?buildId=35"
        expected = f"Build 35 fails ([build 35]({page})), as and the E2E suite say. `E9` stays."
        assert asked.request["action_requests"][0]["args"]["description"] == expected
        assert page in asked.request["action_requests"][0]["description"]
        list(investigator.answer("t", asked.interrupt_id, {"decisions": [{"type": "approve"}]}))
        [entry] = [entry for entry in investigator.evidence("t").values() if entry["status"] == "written"]
    written = get_work_item.call_sync(toolkit.client, ids=[entry["data"]["id"]])
    assert (written.title, written.repro_steps) == ("Broken (build 35)", expected)


def test_evidence_that_a_write_names_is_found_behind_a_line_break_in_a_range_and_in_lower_case(toolkit, tmp_path):
    text = "Two builds:\nE1 fails. See E1-E3 and e4."
    bug = Call.to("create_work_item", type="Bug", title="Broken", project="Platform", description=text)
    reads = [Call.to("get_build", ids=[number]) for number in (35, 23, 19, 17)]
    report = Call.to("write_report", answer="No.", verdict="inconclusive")
    with open_investigator(ScriptedModel(steps=[reads, [bug], [report]]), toolkit, path=tmp_path / "t") as investigator:
        [asked] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
    written = asked.request["action_requests"][0]["args"]["description"]
    assert [f"[build {number}](" in written for number in (35, 23, 19, 17)] == [True] * 4
    assert not re.search(r"\bE\d", written, re.IGNORECASE)
    assert [entry["id"] for entry in asked.views[0]["evidence"] if entry["cited"]] == ["E4", "E3", "E2", "E1"]


def test_what_a_person_writes_into_an_edit_gets_links_too(toolkit, server, tmp_path):
    bug = Call.to("create_work_item", type="Bug", title="Broken", project="Platform", description="It fails.")
    steps = [[Call.to("get_build", ids=[35])], [bug], [Call.to("write_report", answer="Filed.", verdict="answered")]]
    with open_investigator(ScriptedModel(steps=steps), toolkit, path=tmp_path / "t.sqlite") as investigator:
        first = asked(investigator.ask("t", "File it."))
        again = asked(answer(investigator, first, edit(**{**bug.arguments, "description": "It fails, see E1."})))
    page = f"{server.base_url}/Platform/_build/results?buildId=35"
    assert again.request["action_requests"][0]["args"]["description"] == f"It fails, see [build 35]({page})."


def said(statement, quote=""):
    return {"statement": statement, "evidence": ["E1"], "quote": quote}


def test_a_time_line_is_in_utc_and_in_order():
    rows = build_timeline(
        {
            "observed": [
                said("It went down at 2026-11-27T11:00+02:00."),
                said("Tom merged it.", quote="closed: 2026-11-26T08:14Z"),
                said("Build 35 failed.", quote="35\tfailed"),
                said("Somebody saw it on November 25, 2026."),
                {**said("Nobody cites this of 2026-11-01."), "evidence": []},
            ],
            "inferred": [],
        },
        {"E1": "closed: 2026-11-26T08:14Z\n35\tfailed\t2026-11-28T10:00Z"},
    )
    assert [row["time"] for row in rows] == ["2026-11-25", "2026-11-26 08:14", "2026-11-27 09:00", "2026-11-28 10:00"]
    assert all(row["evidence"] == ["E1"] for row in rows)


def test_a_time_line_reads_every_form_of_a_date_that_the_check_reads():
    facts = [
        said("It began on 13 November."),
        said("It ended on 19.11.2026."),
        said("Mended on Nov 20 at 2:57 pm UTC."),
    ]
    texts = {"E1": "queued: 2026-11-13T08:00Z\nfinished: 2026-11-20T14:57Z"}
    times = [row["time"] for row in build_timeline({"observed": facts}, texts)]
    assert times == ["2026-11-13", "2026-11-19", "2026-11-20 14:57"]


def test_a_statement_about_several_rows_of_a_list_gets_no_date_from_one_of_them():
    """Each of the rows has a date of its own, so that none of them dates what all of them show."""
    rows = [f"{number}\tBug\tActive\tMina Sato\t2026-11-0{number}T08:00Z" for number in range(1, 7)]
    owned = [said(f"Mina Sato owns bugs {at} and {at + 1}.", "\n".join(rows[at - 1 : at + 1])) for at in range(1, 6)]
    assert build_timeline({"observed": owned}, {"E1": "\n".join(["id\ttype", *rows])}) == []
    filed = [said(f"Bug {at} was filed.", rows[at - 1]) for at in range(1, 4)]
    assert len(build_timeline({"observed": [*owned, *filed]}, {"E1": "\n".join(rows)})) == 3


def test_two_dated_facts_are_no_time_line():
    assert build_timeline({"observed": [said("On 2026-11-27."), said("On 2026-11-28.")]}, {}) == []


def test_a_pattern_with_one_row_is_its_page():
    assert page_of({"pattern": "https://x/{id}", "rows": [[4]]}) == "https://x/4"


def test_a_quote_with_several_dates_dates_no_fact():
    rows = "35\tfailed\t2026-11-19T13:57Z\n29\tfailed\t2026-11-18T10:14Z\n23\tfailed\t2026-11-17T09:32Z"
    facts = [said("Builds 35, 29 and 23 failed.", quote=rows), *(said("It failed.", row) for row in rows.split("\n"))]
    found = build_timeline({"observed": facts}, {"E1": rows})
    assert [row["text"] for row in found] == ["It failed."] * 3


def test_a_part_of_a_statement_ends_in_the_time_line_without_its_semicolon():
    facts = [said(f"Build {day} failed on 2026-11-{day}; nobody saw it.") for day in (17, 18, 19)]
    rows = build_timeline({"observed": facts}, {})
    assert [row["text"] for row in rows] == [f"Build {day} failed on 2026-11-{day}" for day in (17, 18, 19)]


@pytest.mark.parametrize(
    ("first", "second", "gap"),
    [
        ("2026-11-12", "2026-11-12 13:32", ""),
        ("2026-11-12 23:00", "2026-11-13", "1 day later"),
        ("2026-11-12 23:00", "2026-11-13 01:00", "2 hours later"),
    ],
)
def test_no_hours_are_counted_from_a_day_alone(first, second, gap):
    rows = [{"time": time, "text": "It ran.", "evidence": ["E1"]} for time in (first, second)]
    page = render_page({**plain_report("It ran."), "timeline": rows}, {}, {})
    assert re.findall(r'<li class="gap"[^>]*>([^<]*)<', page) == ([gap] if gap else [])
