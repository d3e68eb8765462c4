"""The steps that are planned for findings: which work items are looked for, and what is written to which."""

import json
import re
from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from sarif_log import result, sarif

from azure_devops_agents.automations import findings
from azure_devops_agents.automations.filed import FiledRecord
from azure_devops_agents.automations.findings import FindingsInputs, describe, merge_findings, plan_findings
from azure_devops_agents.automations.sarif import read_findings
from azure_devops_agents.paths import filed_path
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.tools.work_items import create_work_item, update_work_item

TITLE = "Finding: py/sql-injection in src/db.py"


class Board:
    """The work items of a project: which of them a query finds, page by page, and which are read as the newest."""

    def __init__(self):
        self.queried, self.newest, self.asked, self.page = [], [], [], 1000
        self.settings = SimpleNamespace(url=lambda part: f"https://{part}.example")

    def run_sync(self, answer):
        return answer

    def required_project(self, project):
        assert project is None
        return "Platform"

    def query(self, client, *, wiql, project, fields, limit, cursor):
        assert (client, project, limit) == (self, "Platform", 1000)
        assert fields == ["System.Description", "Microsoft.VSTS.TCM.ReproSteps"]
        tags = re.findall(r"\[System.Tags\] CONTAINS '(finding-\w+)'", wiql)
        joined = " OR ".join(f"[System.Tags] CONTAINS '{tag}'" for tag in tags)
        assert f"[System.TeamProject] = @Project AND ({joined}) ORDER BY" in wiql
        self.asked.append((tags, cursor))
        found = [item for item in self.queried if any(tag in (item.tags or "").lower() for tag in tags)]
        start = int(cursor or 0)
        after = str(start + self.page) if start + self.page < len(found) else None
        return SimpleNamespace(items=found[start : start + self.page], cursor=after)

    def read_newest(self, client, project, fields, ids):
        assert (client, project) == (self, "Platform")
        self.recorded = list(ids)
        return self.newest


@pytest.fixture
def board(monkeypatch, tmp_path):
    made = Board()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(findings, "query_work_items", SimpleNamespace(call_sync=made.query))
    monkeypatch.setattr(findings, "read_newest_of_project", made.read_newest)
    return made


@pytest.fixture
def plan(board, tmp_path):
    def make(*results, **inputs):
        file = tmp_path / "scan.sarif"
        file.write_text(json.dumps(sarif(*results)), encoding="utf-8")
        return plan_findings(board, FindingsInputs(file=file, **inputs))

    return make


def entry_of(tmp_path, *results):
    file = tmp_path / "other.sarif"
    file.write_text(json.dumps(sarif(*results)), encoding="utf-8")
    [made] = merge_findings(read_findings(file)[0], "")
    return made


def item(number, entry, *, kind="Bug", told=None, tags=None):
    more = [SimpleNamespace(value="x"), SimpleNamespace(value=describe(entry) if told is None else told)]
    tags = f"audit; {entry.tag.upper()}" if tags is None else tags
    return SimpleNamespace(id=number, revision=number + 100, type=kind, state="New", title="T", tags=tags, more=more)


def test_a_new_finding_is_created_with_its_tag_and_severity(plan, tmp_path):
    entry = entry_of(tmp_path, result())
    [step] = plan(result()).steps
    assert (step.action, step.subject, step.tool, step.key) == ("create", TITLE, create_work_item, entry.tag)
    assert step.details == (("severity", "high"), ("where", "src/db.py:12"), ("message", "SQL from user input."))
    assert step.arguments == {
        "type": "Bug", "title": TITLE, "project": "Platform", "description": describe(entry), "tags": [entry.tag],
        "fields": [{"name": "Microsoft.VSTS.Common.Severity", "value": "2 - High"}],
    }  # fmt: skip
    [step] = plan(result(), type="Task").steps
    assert (step.arguments["type"], "fields" in step.arguments) == ("Task", False)


@pytest.mark.parametrize("kind", ["bug", "BUG"])
def test_a_finding_with_another_message_updates_its_item_from_the_revision_that_was_read(plan, board, tmp_path, kind):
    entry, old = entry_of(tmp_path, result()), entry_of(tmp_path, result(message="Old words."))
    board.queried = [item(7, old, kind=kind)]
    [step] = plan(result()).steps
    assert (step.action, step.subject, step.tool, step.key) == ("update", f"{kind} 7 (New): T", update_work_item, "")
    assert step.details[-1] == ("message", "SQL from user input.")
    assert step.arguments == {
        "id": 7, "revision": 107, "description": describe(entry),
        "fields": [{"name": "Microsoft.VSTS.Common.Severity", "value": "2 - High"}],
    }  # fmt: skip


def test_a_finding_whose_item_says_the_same_is_left_alone(plan, board, tmp_path):
    board.queried = [item(7, entry_of(tmp_path, result()), kind="Task")]
    [step] = plan(result()).steps
    assert (step.action, step.subject, step.tool, step.arguments) == ("unchanged", "Task 7 (New): T", None, {})
    assert step.details == (("severity", "high"), ("where", "src/db.py:12"))


def test_each_severity_has_its_value_in_the_field_of_a_bug(plan):
    scores = {"9.8": "1 - Critical", "7.0": "2 - High", "4.0": "3 - Medium", "0.1": "4 - Low"}
    rows = [result(rule=score, properties={"security-severity": score}) for score in scores]
    steps = plan(*rows, min_severity="low").steps
    assert [step.arguments["fields"][0]["value"] for step in steps] == [*scores.values()]


def test_the_repository_of_a_file_that_names_none_may_be_given(board, tmp_path):
    file = tmp_path / "scan.sarif"
    file.write_text(json.dumps(sarif(result(), repository=None)), encoding="utf-8")
    tags = [plan_findings(board, FindingsInputs(file=file, repository=name)).steps[0].key for name in ("api", "web")]
    assert tags[0] != tags[1]


def test_a_finding_whose_recorded_item_is_gone_is_created_again(plan, board, tmp_path):
    record = FiledRecord(filed_path(), board, "Platform")
    tag = entry_of(tmp_path, result()).tag
    record.begin(tag)
    record.finish(tag, 7)
    assert [step.action for step in plan(result()).steps] == ["create"]
    assert board.recorded == [7]


def test_of_several_items_with_the_tag_the_oldest_is_kept_up_to_date_and_the_others_are_told(plan, board, tmp_path):
    entry = entry_of(tmp_path, result())
    board.queried = [item(9, entry), item(7, entry, told="state-000000000000"), item(8, entry)]
    [step] = plan(result()).steps
    assert (step.action, step.arguments["id"]) == ("update", 7)
    assert ("also", "9, 8 have the tag") in step.details


@pytest.mark.parametrize("place", ["queried", "newest"])
def test_an_item_is_found_by_a_query_or_among_the_newest(plan, board, tmp_path, place):
    entry = entry_of(tmp_path, result())
    setattr(board, place, [item(7, entry), item(6, entry, tags=None if place == "queried" else "audit")])
    assert [step.action for step in plan(result()).steps] == ["unchanged"]


@pytest.mark.parametrize("tags", ["", "audit", "finding-000000000000", "another finding"])
def test_an_item_without_the_tag_is_of_no_finding(plan, board, tmp_path, tags):
    board.newest = [item(7, entry_of(tmp_path, result()), tags=tags)]
    board.newest.append(SimpleNamespace(**{**vars(board.newest[0]), "id": 8, "tags": None}))
    assert [step.action for step in plan(result()).steps] == ["create"]


def test_the_items_of_many_findings_are_asked_for_by_a_hundred_tags_and_page_by_page(plan, board, tmp_path):
    rows = [result(path=f"src/{number}.py") for number in range(101)]
    board.queried = [item(number + 1, entry_of(tmp_path, row)) for number, row in enumerate(rows)]
    board.page = 60
    steps = plan(*rows).steps
    assert [step.action for step in steps] == ["unchanged"] * 101
    assert [(len(tags), cursor) for tags, cursor in board.asked] == [
        (100, None), (100, "60"), (1, None),
    ]  # fmt: skip
    asked = {tag for tags, _ in board.asked for tag in tags}
    assert len(asked) == 101


def test_what_an_earlier_run_recorded_is_read_and_what_it_left_open_is_waited_for(plan, board, tmp_path):
    entry = entry_of(tmp_path, result())
    record = FiledRecord(filed_path(), board, "Platform")
    record.begin(entry.tag)
    [step] = plan(result()).steps
    assert (step.action, step.tool, board.recorded) == ("unsettled", None, [])
    assert step.subject == f"{TITLE} (an earlier run sent it, and its outcome is not known yet)"
    board.newest = [item(7, entry)]
    assert [step.action for step in plan(result()).steps] == ["unchanged"]


def test_a_plan_says_what_it_leaves_out(plan):
    results = [result(), result(line=40), result(path="b", level="note"), result(path="c", kind="pass")]
    assert plan(*results).notes == (
        "1 left out: below high.", "1 left out: the same finding again.", "1 left out: passed, suppressed or gone.",
    )  # fmt: skip
    assert plan(result()).notes == ()


def test_too_many_findings_are_refused_before_anything_is_asked(plan, board, monkeypatch):
    monkeypatch.setattr(findings, "MAX_ITEMS", 3)
    many = [result(path=f"src/{number}.py") for number in range(4)]
    with pytest.raises(InvalidRequest, match=r"scan.sarif has 4 findings, more than 3 work items at once") as caught:
        plan(*many)
    assert (caught.value.subject, board.asked) == ("sarif", [])
    assert len(plan(*many[1:]).steps) == 3


def test_a_message_is_shown_in_part_and_of_many_lines_five(plan, board, tmp_path):
    rows = [result(line=line, message="m" * 400) for line in range(1, 8)]
    for items in ([], [item(7, entry_of(tmp_path, result(message="Old words.")))]):
        board.queried = items
        [step] = plan(*rows).steps
        assert step.action == ("update" if items else "create")
        details = dict(step.details)
        assert (details["message"], details["where"]) == ("m" * 300, "src/db.py:1, 2, 3, 4, 5")


def test_an_input_that_nobody_knows_is_refused(tmp_path):
    with pytest.raises(ValidationError):
        FindingsInputs(file=tmp_path, min_severty="low")
