"""A fact is compared with the record, list or comment that the words beside it name."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

COMMITS = ["3a0f31cc3dd5c8cb137d4c677b925ec837017169", "b7c1f4a3d289bccdd4124af2d530dfbd2e456b93"]


def build(number, production, result, day):
    return f"""<untrusted a>
id: {number}
pipeline: infrastructure-deploy
result: {result}
repository: infrastructure
finished: {day}T10:38Z
stages (2):
  name\tstate\tresult\tfinished
  Staging\tcompleted\t{result}\t{day}T10:35Z
  Production\tcompleted\t{production}\t{day}T10:38Z
</untrusted a>"""


TEXTS = {
    "E1": """<untrusted a>
id: 13
title: Push events
state: Active
comments:
#5 Mina Sato, 2026-11-13T22:34Z
  Sundport signs.

#6 Luis Ferreira, 2026-11-16T02:56Z
  Set the state of this item to Closed.

  Kind regards
</untrusted a>""",
    "E2": build(7, "succeeded", "succeeded", "2026-10-06"),
    "E3": build(33, "skipped", "failed", "2026-11-19"),
    "E4": f"""<untrusted a>
id\tcommit\tauthor
18\t{COMMITS[0]}\tTom Becker
19\t{COMMITS[1]}\tDana Ortiz
</untrusted a>""",
    "E5": "<untrusted a>\nid: 13\ntitle: Rename\nreviewers (1):\n  name\tvote\n  Priya Raman\tapproved\n</untrusted a>",
}
INDEX = {
    "E1": {"tool": "get_work_item", "arguments": {"ids": [13], "comments": True}},
    "E2": {"tool": "get_build", "arguments": {"ids": [7]}},
    "E3": {"tool": "get_build", "arguments": {"ids": [33]}},
    "E4": {"tool": "list_builds", "arguments": {}},
    "E5": {"tool": "get_pull_request", "arguments": {"ids": [13]}},
}
COMMENT = ("E1", "#6 Luis Ferreira, 2026-11-16T02:56Z")
SKIPPED = ("E3", "Production\tcompleted\tskipped")
OBSERVED = [
    ("Build 7 went through Production.", "E2", "Production\tcompleted\tsucceeded"),
    ("Build 33 skipped Production.", *SKIPPED),
    ("Priya Raman approved pull request 13.", "E5", "Priya Raman\tapproved"),
    ("Build 18 is by Tom Becker.", "E4", f"18\t{COMMITS[0]}\tTom Becker"),
    ("Build 19 is by Dana Ortiz.", "E4", f"19\t{COMMITS[1]}\tDana Ortiz"),
]


def check(answer, *observed):
    rows = [{"statement": said, "evidence": [cited], "quote": quote} for said, cited, quote in observed]
    return check_report({**plain_report(answer, "incident"), "observed": rows}, TEXTS, INDEX, "Is it fixed?")


@pytest.mark.parametrize(
    "statement",
    [
        ("Comment #6 on work item 13, posted by Luis Ferreira, asks to close it.", *COMMENT),
        ("Build 33 failed because of its agent; its Production stage was skipped.", *SKIPPED),
        ("Build 33 never reached Production: that stage was skipped.", *SKIPPED),
        ("Work item 13 waits, and nothing I can see shows that it was ever closed.", *COMMENT),
    ],
)
def test_a_statement_is_compared_with_its_own_row_and_comment(statement):
    assert check("It is told.", statement)["unverified"] == []


@pytest.mark.parametrize(
    "statement",
    [
        ("Comment #5 on work item 13 was posted by Luis Ferreira.", *COMMENT),
        ("Comment #6 on work item 13 was posted by Mina Sato.", *COMMENT),
        ("Build 33 succeeded; its Production stage was skipped.", *SKIPPED),
        ("Nothing is left to do: work item 13 is closed.", *COMMENT),
    ],
)
def test_another_comment_and_another_result_are_marked(statement):
    assert len(check("It is told.", statement)["unverified"]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "Build 7 succeeded through Production, but it could not have changed the account.",
        "Build 33 failed in Staging, so Production was skipped.",
        "It has not run: build 33 was rejected in validation.",
        "Two more commits went to main (3a0f31cc, b7c1f4a3).",
        "Three things are missing:",
    ],
)
def test_an_answer_is_compared_with_what_its_sentence_is_about(answer):
    assert check(answer, *OBSERVED)["answer_unverified"] == []


@pytest.mark.parametrize(
    "answer",
    [
        "Build 7 failed in Production.",
        "Build 33 succeeded in Production.",
        "Pull request 13 was rejected.",
        "Three more commits went to main (3a0f31cc, b7c1f4a3).",
        "Four builds failed:",
    ],
)
def test_an_answer_about_another_record_or_number_is_marked(answer):
    assert len(check(answer, *OBSERVED)["answer_unverified"]) == 1
