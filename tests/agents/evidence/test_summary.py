"""The line that sums up a result comes from its artifact, so hostile text cannot change what it says."""

import pytest

from azure_devops_agents.evidence.summary import summarize_error, summarize_result

ROWS = {"type": "pull_requests", "status": "ok", "complete": True, "data": [{"id": 1}, {"id": 2}]}

MATCHES = {"type": "log_matches", "status": "ok", "complete": True}


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (ROWS, "pull requests: 2, all"),
        ({**ROWS, "total": 2}, "pull requests: 2 of 2, all"),
        ({**ROWS, "total": 9, "complete": False, "next": {"cursor": "x"}}, "pull requests: 2 of 9, more follow"),
        ({**ROWS, "complete": False}, "pull requests: 2, not all"),
        ({**ROWS, "status": "empty", "data": []}, "no pull requests"),
        (
            {**ROWS, "status": "partial", "complete": False, "total": 0, "data": []},
            "no pull requests in what was read, not all",
        ),
        ({"type": "build", "data": {"id": 35, "number": "", "pipeline": "ci"}}, "id: 35, pipeline: ci"),
        ({"type": "file", "complete": True, "data": {"text": "a\nb", "total_lines": 2}}, "file: 2 lines of 2, all"),
        ({"type": "log", "data": {"text": "", "total_lines": None}}, "log: 0 lines, not all"),
        (
            {"type": "log_failures", "data": {"lines": "7: a\n9: b", "total_lines": 40}},
            "log failures: 2 lines of 40, not all",
        ),
        (
            {"type": "diagnosis", "data": {"build": 35, "pipeline": "ci", "category": "test"}},
            "build: 35, pipeline: ci, category: test",
        ),
        ({**MATCHES, "data": {"matching": 18, "total_lines": 340, "lines": "73: x"}}, "log matches: 18 in 340 lines"),
        ({**MATCHES, "data": {"matching": 0, "total_lines": 1340, "lines": ""}}, "no log matches in 1,340 lines"),
        (
            {**MATCHES, "complete": False, "next": {"first_line": 9}, "data": {"matching": 1200, "total_lines": None}},
            "log matches: 1,200, more follow",
        ),
        ({}, "result"),
    ],
)
def test_a_result_in_one_line(artifact, expected):
    assert summarize_result(artifact) == expected


def test_an_error_in_one_line():
    error = {"status": "denied", "class": "ScopeMissing", "subject": "vso.code"}
    assert summarize_error(error) == "[denied ScopeMissing vso.code]"
    assert summarize_error({}) == "[unavailable]"


def test_the_matches_of_a_log_are_counted_as_the_tool_counts_them(toolkit):
    tool = next(tool for tool in toolkit.get_tools() if tool.name == "get_build_log")
    asked = {"build": 35, "log": 5, "contains": "KeyError"}
    message = tool.invoke({"name": tool.name, "args": asked, "id": "1", "type": "tool_call"})
    assert summarize_result(message.artifact) == f"log matches: {message.artifact['data']['matching']} in 340 lines"
    assert message.artifact["data"]["matching"] > 0
