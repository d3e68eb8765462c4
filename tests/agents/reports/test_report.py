"""The report: quotes are looked for, gaps are written by code, and each question answers for itself."""

import json

import pytest
from agent_decisions import report_of

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.events import ApprovalAsked
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_agents.reports.report import parse_report, plain_report
from azure_devops_agents.reports.support import check_report, list_problems

REPORT = Call.to("write_report", answer="Done.", verdict="answered")
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
LIST = Call.to("list_pull_requests")


@pytest.fixture
def thread(toolkit, tmp_path):
    def start(*steps):
        model = ScriptedModel(steps=[[step] for step in steps])
        return open_investigator(model, toolkit, path=tmp_path / "threads.sqlite")

    return start


def decide(investigator, decision):
    [wait] = [event for event in investigator.ask("t", "File it.") if isinstance(event, ApprovalAsked)]
    return list(investigator.answer("t", wait.interrupt_id, {"decisions": [{"type": decision}]}))


def bugs(organization):
    return [item for item in organization.work_items if item.title == "The gate is open"]


EVIDENCE = {
    "E1": "8 builds, all\n\nid\tpipeline\tresult\n17\tdocs-publish\tsucceeded\n18\tdocs-publish\tfailed",
    "E3": "",
}


def stating(quote, evidence=("E1",), section="observed", statement="A build is there."):
    row = {"statement": statement, "evidence": list(evidence), "quote": quote}
    return {**plain_report("x"), section: [row | ({"reasoning": "so"} if section == "inferred" else {})]}


def test_a_statement_whose_quote_is_found_stays():
    checked = check_report(stating("17 | docs-publish"), EVIDENCE)
    assert len(checked["observed"]) == 1
    assert checked["unverified"] == []


@pytest.mark.parametrize(
    ("evidence", "quote", "reason"),
    [
        (["E1"], "19\tdocs-publish", "is not in E1"),
        (["E1"], "doc", "is no whole line or cell of E1"),
        (["E1"], "", "quotes nothing"),
        ([], "17\tdocs-publish", "cites no evidence"),
        (["E2"], "17\tdocs-publish", "there is no evidence E2"),
        (["E3"], "17\tdocs-publish", "the text of E3 is not stored any more"),
    ],
)
@pytest.mark.parametrize("section", ["observed", "inferred", "hypotheses_rejected"])
def test_what_is_not_found_is_unverified(section, evidence, quote, reason):
    result = check_report(stating(quote, evidence, section), EVIDENCE)
    assert result[section] == []
    assert [entry["section"] for entry in result["unverified"]] == [section]
    assert reason in result["unverified"][0]["problem"]
    assert reason in list_problems(result)[0]


def test_what_was_not_determined_needs_no_quote():
    report = {**plain_report("x"), "not_determined": [{"statement": "who", "evidence": [], "quote": ""}]}
    assert check_report(report, {})["not_determined"] == report["not_determined"]


def test_an_inference_says_how_it_follows():
    [row] = parse_report({"answer": "x", "verdict": "ready", "inferred": [{"statement": "s"}]})["inferred"]
    assert row["reasoning"] == ""
    assert (
        "no reasoning"
        in list_problems({**plain_report("x"), "inferred": [row], "unverified": [], "answer_unverified": []})[0]
    )


@pytest.mark.parametrize(
    "verdict", ["answered", "incident", "no_incident", "ready", "at_risk", "not_ready", "inconclusive"]
)
def test_the_verdict_fits_the_question(verdict):
    assert parse_report({"answer": "x", "verdict": verdict})["verdict"] == verdict


def test_a_null_counts_as_not_given():
    row = {"statement": "s", "evidence": None, "quote": None}
    report = parse_report({"answer": "x", "verdict": "answered", "observed": [row], "not_determined": None})
    assert report["observed"] == [{"statement": "s", "evidence": [], "quote": ""}]
    assert report["not_determined"] == []


ROW = {"statement": "s", "evidence": ["E1"], "quote": "q"}


@pytest.mark.parametrize(
    ("observed", "ids"),
    [
        ([{**ROW, "evidence": "E1"}], ["E1"]),
        ([{**ROW, "evidence": "E1, E3"}], ["E1", "E3"]),
        ([{**ROW, "evidence": '["E1", "E3"]'}], ["E1", "E3"]),
        ([{**ROW, "evidence": "the list"}], ["the list"]),
        ([{**ROW, "evidence": ""}], []),
        (ROW, ["E1"]),
        (json.dumps([ROW]), ["E1"]),
        (json.dumps(ROW), ["E1"]),
    ],
)
def test_one_value_in_place_of_a_list_is_a_list_of_one(observed, ids):
    report = parse_report({"answer": "x", "verdict": "answered", "observed": observed})
    assert [row["evidence"] for row in report["observed"]] == [ids]


@pytest.mark.parametrize("observed", ["Build 35 failed.", "7", 7, '"Build 35 failed."', ["Build 35 failed."]])
def test_a_text_in_place_of_statements_is_refused(observed):
    with pytest.raises(ValueError, match="observed"):
        parse_report({"answer": "x", "verdict": "answered", "observed": observed})


@pytest.mark.parametrize("arguments", [{}, {"answer": "x", "verdict": "maybe"}, {"answer": "x", "observed": "y"}])
def test_a_report_of_the_wrong_form_says_which_part(arguments):
    with pytest.raises(ValueError, match=r"write_report: .*verdict"):
        parse_report(arguments)


def test_stop_ends_one_question_and_not_the_thread(thread):
    with thread(BUG, REPORT) as investigator:
        assert report_of(decide(investigator, "stop"))["answer"] == "Stopped by a person."
    with thread(LIST, REPORT) as investigator:
        report = report_of(investigator.ask("t", "And the pull requests?"))
    assert report["answer"] == "Done."


@pytest.mark.parametrize(("decision", "gap"), [("approve", "written"), ("reject", "not_written")])
def test_a_report_covers_its_own_question(thread, decision, gap):
    with thread(BUG, REPORT) as investigator:
        assert gap in report_of(decide(investigator, decision))["coverage"]
    with thread(LIST, REPORT) as investigator:
        assert gap not in report_of(investigator.ask("t", "And the pull requests?"))["coverage"]


class Died(BaseException):
    """Ends the process, as far as the graph can tell."""


@pytest.mark.parametrize(
    ("step", "written", "status", "told"),
    [
        ("finish", 1, "unknown", 'create_work_item "The gate is open", begun when the process ended'),
        ("begin", 0, "not_written", 'create_work_item "The gate is open", approved and not carried out'),
    ],
)
def test_a_write_that_a_dead_process_left_is_in_the_report_of_the_next_question(
    thread, organization, monkeypatch, step, written, status, told
):
    def die(*_):
        raise Died

    with monkeypatch.context() as patch, thread(BUG, REPORT) as investigator:
        patch.setattr(WriteJournal, step, die)
        with pytest.raises(Died):
            decide(investigator, "approve")
    with thread(LIST, REPORT) as investigator:
        report = report_of(investigator.ask("t", "And the pull requests?"))
    assert len(bugs(organization)) == written
    assert report["coverage"][status] == [told]


WRONG = Call.to("list_builds", project="*", pipeline="platform-api-ci")
RIGHT = Call.to("list_builds", project="Platform", pipeline="platform-api-ci")
OTHER = Call.to("list_builds", project="Payments", pipeline="ledger-ci")
WRONG_THERE = Call.to("query_work_items", project="Platform", wiql="SELECT nothing")
SAME_PROJECT = Call.to("query_work_items", project="Platform", type="Bug")


@pytest.mark.parametrize(
    ("first", "second", "told"), [(WRONG, RIGHT, False), (WRONG, OTHER, True), (WRONG_THERE, SAME_PROJECT, True)]
)
def test_an_invalid_call_is_a_gap_unless_it_was_corrected(thread, first, second, told):
    with thread(first, second, REPORT) as investigator:
        report = report_of(investigator.ask("t", "Which builds ran?"))
    assert ("invalid" in report["coverage"]) is told


def test_what_was_not_found_is_a_gap_though_the_report_cites_it(thread):
    """The service answers "not found" for what the token may not see as well."""
    row = {"statement": "It is not there.", "evidence": ["E1"], "quote": "There is no"}
    read = Call.to("read_repository_file", repository="platform-api", path="/deploy/none.env", project="Platform")
    said = Call.to("write_report", answer="It is not there.", verdict="inconclusive", observed=[row])
    with thread(read, said, said) as investigator:
        report = report_of(investigator.ask("t", "Is there a file?"))
    assert "not_found" in report["coverage"]
