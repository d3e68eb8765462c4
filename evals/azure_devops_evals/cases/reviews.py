"""Reviews: why a pull request is blocked, what changed since a vote, what is still discussed, and comments on lines."""

from azure_devops_agents.models.scripted import Call
from azure_devops_evals.case import WRITE, Case, edited
from azure_devops_evals.cases.reports import reported
from azure_devops_evals.checks import asked_for, cites, not_says, saw, wanted, warned, worded
from azure_devops_evals.wording import Maybe

_SHIPMENTS = "/src/platform_api/routes/shipments.py"
_ASKED, _EDITED = "Task 18 wants this refused.", "Task 18: please refuse it."
_ON_LINE = wanted(
    "comment_on_pull_request", id=9, path=_SHIPMENTS, line=14, last_line=Maybe(14), side=Maybe("new"), text=_ASKED
)

CASES = (
    Case(
        id="comment-on-a-line",
        area="pull-requests",
        question=f'Pull request 9 does not do what task 18 wants. Comment "{_ASKED}" on the line that shows it.',
        source="world", holds=WRITE, kinds=frozenset({"edited"}),
        approver=edited("comment_on_pull_request", id=9, path=_SHIPMENTS, line=14, text=_EDITED),
        steps=[
            [Call.to("get_pull_request", ids=[9], include=["diff"]), Call.to("get_work_item", ids=[18]),
             Call.to("find_tools", words="comment on a line of a pull request")],
            [Call.to("comment_on_pull_request", id=9, path=_SHIPMENTS, line=14, text=_ASKED)],
            reported("Line 14 takes a negative page for the first one. The comment is there, as a person worded it.",
                     ("E1", "+    page = max(page, 0)"), ("E2", "title: Refuse a negative page"), ("E3", "line: 14")),
        ],
        expects={"file": _SHIPMENTS, "line": 14, "state_of_the_task": "Closed", "number_of_the_new_thread": 27},
        checks=(not_says("line (12|13|15|16) (takes|shows)", "was refused by a person", "18 is (open|active|new)"),
                asked_for(_ON_LINE), warned(),
                worded("14"), cites("+    page = max(page, 0)", "title: Refuse a negative page"),
                saw("get_work_item", "state: Closed")),
        changes={"pull requests/9/threads/27/1": (_EDITED, False, "active"),
                 "pull requests/9/threads/27/place": (_SHIPMENTS, 14, 2)},
    ),
)  # fmt: skip
