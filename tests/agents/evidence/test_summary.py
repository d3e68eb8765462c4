"""The line that sums up a result comes from its artifact, so hostile text cannot change what it says."""

import pytest

from azure_devops_agents.evidence.summary import summarize_error, summarize_result

ROWS = {"type": "pull_requests", "status": "ok", "complete": True, "data": [{"id": 1}, {"id": 2}]}


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        (ROWS, "pull requests: 2, all"),
        ({**ROWS, "total": 2}, "pull requests: 2 of 2, all"),
        ({**ROWS, "total": 9, "complete": False, "next": {"cursor": "x"}}, "pull requests: 2 of 9, more follow"),
        ({**ROWS, "complete": False}, "pull requests: 2, not all"),
        ({**ROWS, "status": "empty", "data": []}, "no pull requests"),
        ({"type": "build", "data": {"id": 35, "number": "", "pipeline": "ci"}}, "id: 35, pipeline: ci"),
        ({"type": "file", "complete": True, "data": {"text": "a\nb", "total_lines": 2}}, "file: 2 lines of 2, all"),
        ({"type": "log", "data": {"text": "", "total_lines": None}}, "log: 0 lines, not all"),
        ({}, "result"),
    ],
)
def test_a_result_in_one_line(artifact, expected):
    assert summarize_result(artifact) == expected


def test_an_error_in_one_line():
    error = {"status": "denied", "class": "ScopeMissing", "subject": "vso.code"}
    assert summarize_error(error) == "[denied ScopeMissing vso.code]"
    assert summarize_error({}) == "[unavailable]"
