"""Pipelines, builds and logs in the simulator."""

import pytest
from tool_calls import call, refusal, text_of

from langchain_azure_devops.errors import InvalidRequest, NotFound, ProjectNotFound

SOAK = {"build": 37, "log": 3}


def ids(page):
    return [row.id for row in page.items]


def test_pipelines_show_how_they_last_went(reader):
    rows = {row.name: row for row in call(reader, "list_pipelines").items}
    assert rows["platform-api-ci"].last_result == "failed"
    assert rows["platform-api-ci"].running == 38
    assert rows["infrastructure-deploy"].running is None
    assert [row.name for row in call(reader, "list_pipelines", name="platform*").items] == ["platform-api-ci"]


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ({"result": "failed"}, lambda row: row.result == "failed"),
        ({"status": "inProgress"}, lambda row: row.status == "inProgress"),
        ({"pipeline": "nightly-soak"}, lambda row: row.pipeline == "nightly-soak"),
        ({"pipeline": "2"}, lambda row: row.pipeline == "nightly-soak"),
        ({"branch": "release/2.8"}, lambda row: row.branch == "release/2.8"),
        ({"branch": "refs/pull/15/merge"}, lambda row: row.branch == "refs/pull/15/merge"),
        ({"requested_for": "Tom Becker"}, lambda row: row.requested_for == "Tom Becker"),
        ({"since": "2026-11-18T00:00:00Z"}, lambda row: row.queued.isoformat() >= "2026-11-18"),
    ],
)
def test_filters(reader, arguments, holds):
    everything = call(reader, "list_builds", limit=200).items
    found = ids(call(reader, "list_builds", **arguments))
    assert found
    assert found == [row.id for row in everything if holds(row)]


def test_the_failing_build_leads_to_the_log_that_tells(reader):
    found = call(reader, "get_build", id=35)
    [failure] = [entry for entry in found.failed if entry.name == "Run unit tests"]
    assert failure.log is not None
    text = text_of(reader, "get_build_log", build=35)
    assert "DATABASE_TIMEOUT" in text
    assert call(reader, "get_build_log", build=35).log == failure.log
    assert "KeyError" in text_of(reader, "get_build_log", build=35, contains="KeyError|no such word")


def test_a_lost_agent_is_the_jobs_failure(reader):
    found = call(reader, "get_build", id=33)
    [failure] = found.failed
    assert (failure.type, failure.where, failure.log) == ("Job", "Staging", None)
    assert "agent did not connect" in failure.issues[0]
    assert "get_build" in refusal(reader, "get_build_log", NotFound, build=33)


def test_a_template_error_is_shown_without_a_timeline(reader):
    found = call(reader, "get_build", id=27)
    assert (found.stages, found.failed) == ([], [])
    [problem] = found.validation
    assert "templates/publish.yml" in problem
    assert "templates/publish.yml" in text_of(reader, "get_build", id=27)


def test_a_healthy_build_has_no_failures(reader):
    found = call(reader, "get_build", id=19)
    assert found.result == "succeeded"
    assert found.failed == []


def test_the_end_of_a_long_log(reader):
    found = call(reader, "get_build_log", **SOAK)
    assert (found.total_lines, found.last_line) == (50_000, 50_000)
    assert found.first_line > 49_900
    assert f"lines {found.first_line:,}-50,000 of 50,000" in text_of(reader, "get_build_log", **SOAK)


def test_a_range_of_a_long_log(client, sent):
    found = call(client, "get_build_log", first_line=31_336, last_line=31_338, **SOAK)
    assert (found.first_line, found.last_line) == (31_336, 31_338)
    assert found.text.split("\n")[1].startswith("ERROR soak.client")
    assert any(request.url.params.get("startLine") == "31336" for request in sent)


def test_a_range_beyond_the_end_is_empty(reader):
    assert text_of(reader, "get_build_log", first_line=60_000, **SOAK).startswith("no lines of 50,000")


def test_words_are_found_with_their_line_numbers(reader):
    found = call(reader, "get_build_log", contains="error soak", context=1, **SOAK)
    assert (found.matching, found.total_lines) == (1, 50_000)
    assert [line.split(" ", 1)[0][:5] for line in found.lines.split("\n")] == ["31336", "31337", "31338"]


@pytest.mark.parametrize("words", [".*", "(ERROR", "^INFO", "$"])
def test_words_are_no_patterns(reader, words):
    assert call(reader, "get_build_log", contains=words, **SOAK).matching == 0


def test_many_matches_are_capped_and_said(reader):
    found = call(reader, "get_build_log", contains="soak", **SOAK)
    assert found.matching > 40_000
    assert "matches are shown" in found.note
    assert len(text_of(reader, "get_build_log", contains="soak", **SOAK)) < 32_000


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "words"),
    [
        ("get_build", {"id": 9999}, NotFound, "9999"),
        ("get_build_log", {"build": 9999}, NotFound, "9999"),
        ("get_build_log", {"build": 37, "log": 99}, NotFound, "Its logs: 1, 2, 3, 4"),
        ("get_build_log", {"build": 37, "log": 99, "contains": "x"}, NotFound, "99"),
        ("get_build_log", {"build": 27}, NotFound, "no logs"),
        ("get_build_log", {**SOAK, "first_line": 9, "last_line": 3}, InvalidRequest, "before first_line 9"),
        ("list_builds", {"pipeline": "platform-api-cj"}, NotFound, "Did you mean 'platform-api-ci'?"),
        ("list_builds", {"pipeline": "999"}, NotFound, "999"),
        ("list_builds", {"project": "Platfrm"}, ProjectNotFound, "Did you mean 'Platform'?"),
        ("list_builds", {"result": "broken"}, InvalidRequest, "must be one of"),
        ("list_pipelines", {"project": "Nope"}, ProjectNotFound, "list_projects"),
    ],
)
def test_what_is_missing_is_said(reader, tool, arguments, kind, words):
    assert words in refusal(reader, tool, kind, **arguments)


def test_a_secret_in_the_repository_is_a_pseudonym_for_the_model(seeded):
    from langchain_azure_devops import AzureDevOpsToolkit

    with AzureDevOpsToolkit(base_url=seeded.base_url, pat="read-token", default_project="Payments") as toolkit:
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "read_repository_file"]
        arguments = {"repository": "checkout-service", "path": "/deploy/storage.env"}
        message = tool.invoke({"type": "tool_call", "id": "1", "name": "read_repository_file", "args": arguments})
    assert message.status == "success"
    assert "AccountKey=[secret:" in message.content


def test_a_hidden_project_has_no_builds(client, organization):
    organization.hide_project(organization.project("Platform"), organization.named("svc-agent"))
    refusal(client, "get_build", ProjectNotFound, id=35)
