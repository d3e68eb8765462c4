"""A write that an approver must be asked for: what may stand in the call, and which fault is told."""

import pytest

from azure_devops_evals.checks import wanted

VOTE = wanted("vote", id=7, vote="approve")


@pytest.mark.parametrize(
    ("tool", "arguments", "fault"),
    [
        ("vote", {"id": 7, "vote": "approve"}, False),
        ("vote", {"id": 7, "vote": "approve", "project": "Platform", "revision": 3}, False),
        ("vote", {"id": 7, "vote": "approve", "comment": "", "tags": None}, False),
        ("vote", {"id": 7, "vote": "approve", "tags": [], "links": ()}, False),
        ("vote", {"id": 7, "vote": "approve", "draft": False}, True),
        ("vote", {"id": 7, "vote": "approve", "priority": 0}, True),
        ("vote", {"id": 7, "vote": "approve", "fields": {}}, True),
        ("vote", {"id": 8, "vote": "approve"}, True),
        ("vote", {"id": 7}, True),
    ],
)
def test_a_call_with_more_or_other_arguments_is_not_the_wanted_write(tool, arguments, fault):
    assert (VOTE.find_fault({"tool": tool, "arguments": arguments}) is not None) is fault


def test_the_fault_names_the_tool_and_what_is_not_wanted():
    right = {"id": 7, "vote": "approve"}
    assert VOTE.find_fault({"tool": "comment", "arguments": right}) == "comment, not vote"
    more = {**right, "comment": "Fine."}
    assert VOTE.find_fault({"tool": "vote", "arguments": more}) == "vote, comment: 'Fine.', which is not wanted"
