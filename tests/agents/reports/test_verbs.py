"""A verb tells a result, a write or neither: what it tells is compared with its own subject only."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report

BUILDS = """4 builds, all
<untrusted 0>
id\tpipeline\tstatus\tresult\tbranch
37\tnightly-soak\tcompleted\tfailed\tmain
36\tdocs\tcompleted\tpartiallySucceeded\tmain
33\tdeploy\tcompleted\tfailed\tmain
32\tnightly-soak\tcompleted\tsucceeded\tmain
</untrusted 0>"""
BUILD = """<untrusted 1>
id: 33
result: failed
stages (2):
  name\tstate\tresult
  Staging\tcompleted\tfailed
  Production\tcompleted\tskipped
failed (1):
  type\tname\twhere\tresult
  Job\tDeploy\tStaging\tfailed
</untrusted 1>"""
CODE = """lines 1-2 of 2
<untrusted 2>
path: /pool.py
connect(timeout=settings.POOL_TIMEOUT)
pool = Pool(max_size=POOL_SIZE)
</untrusted 2>"""
REVIEWED = """<untrusted 3>
id: 9
status: active
reviewers (1):
  name\tvote\tnew_iterations
  Tom Becker\twaits for the author\t1
</untrusted 3>"""
ITEM = "<untrusted 4>\nid: 31\ntype: Bug\nstate: New\n</untrusted 4>"
CALLS = {
    "E1": ("list_builds", BUILDS, {}),
    "E2": ("get_build", BUILD, {"ids": [33]}),
    "E3": ("read_repository_file", CODE, {"path": "/pool.py"}),
    "E4": ("get_pull_request", REVIEWED, {"ids": [9]}),
    "E5": ("get_work_item", ITEM, {"ids": [31]}),
}
TEXTS = {name: text for name, (_, text, _) in CALLS.items()}
INDEX = {name: {"tool": tool, "status": "ok", "arguments": given} for name, (tool, _, given) in CALLS.items()}
QUOTES = (
    *(("E1", row) for row in BUILDS.split("\n")[3:-1]),
    ("E2", "Production\tcompleted\tskipped"),
    ("E3", "connect(timeout=settings.POOL_TIMEOUT)"),
    ("E3", "pool = Pool(max_size=POOL_SIZE)"),
    ("E4", "Tom Becker\twaits for the author\t1"),
    ("E5", "state: New"),
)
ROWS = [{"statement": quote, "evidence": [name], "quote": quote} for name, quote in QUOTES]


def problems_of(answer):
    report = {**plain_report(answer, "answered"), "observed": ROWS}
    return "; ".join(row["problem"] for row in check_report(report, TEXTS, INDEX)["answer_unverified"])


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Build 36 succeeded partially.", "Build 32 succeeded partially."),
        ("Build 36 succeeded in part only.", "Build 36 succeeded."),
        ("Build 36 passed just partly.", "Build 37 passed just partly."),
        ("Build 36 was a partial success.", "Build 33 was a partial success."),
        ("Build 32 was the last good one, and build 37, the first with the new limit, failed.",
         "Build 32 was the last good one, and build 37, the first with the new limit, succeeded."),
        ("Build 37 failed and build 32 before it succeeded.", "Build 37 failed and build 32 before it failed."),
        ("Builds 33 and 37 failed and 32 succeeded.", "Builds 33 and 32 failed and 37 succeeded."),
        ("The job of build 33 was given up and Production skipped.",
         "The job of build 33 was given up and Production failed."),
        ("It still passes `POOL_TIMEOUT` to the service.", "It still passes `TOOL_TIMEOUT` to the service."),
        ("The size is passed on as max_size.", "The size is passed on as min_size."),
        ("Tom Becker waits for the author of 9, with 1 new iteration after his vote.",
         "Tom Becker approved 9, with 1 new iteration after his vote."),
    ],
)  # fmt: skip
def test_a_result_is_told_of_the_subject_nearest_to_it(true, false):
    assert problems_of(true) == ""
    assert problems_of(false) != ""


@pytest.mark.parametrize(
    "sentence",
    [
        "I left bug 31 open.",
        "I left that alone.",
        "It asks for a vote on pull request 9, which I left alone.",
        "The bug was left as it is.",
        "I opened the diff of 9 alone.",
        "I opened this one file only.",
        "We opened build 33 and its log.",
        "I asked for the builds of main.",
        "I requested the list of builds.",
        "I asked the index for it.",
        "I started with the log.",
        "I set the drafts aside.",
        "I told the two apart by their results.",
        "I moved on to build 33.",
    ],
)
def test_reading_a_thing_or_leaving_it_as_it_is_is_no_write(sentence):
    assert "nothing was written" not in problems_of(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I left a comment on bug 31.",
        "I left a short note there.",
        "I left two replies.",
        "A comment was left.",
        "I opened a bug for it.",
        "I opened another task for the diff.",
        "I asked Dana Ortiz for a review.",
        "I asked for a review of 9.",
        "I requested a review.",
        "I started a build.",
        "I set bug 31 to Closed.",
        "I told Dana Ortiz.",
        "I moved it to another sprint.",
    ],
)
def test_a_write_that_did_not_happen_is_marked_whatever_the_verb(sentence):
    assert "nothing was written" in problems_of(sentence)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("Build 30, which is older and failed, was not looked at.",
         "Build 32, which is older and failed, was not read."),
        ("Builds of main failed, and other words such as `TOOL_LIMIT` were not searched for.",
         "Builds of main failed, and other words such as `TOOL_LIMIT` are used."),
        ("Build 33 failed and the log of build 32 was not read.",
         "Build 32 failed and the log of build 33 was not read."),
        ("I did not open the two files of Nora Quist.", "I opened the two files of Nora Quist."),
        ("I haven't looked for `tool.py`.", "I looked for `tool.py` and found it."),
        ("Not looked at: build 31 of Nora Quist; build 33 failed.", "Not looked at: build 31; build 32 failed."),
        ("I did not read main, release/2.8 and release/2.9, and build 33 failed.",
         "I did not read main, release/2.8 and release/2.9, and build 32 failed."),
        ("Not opened: nobody asked for it, and build 33 failed.",
         "Not opened: nobody asked for it, and build 32 failed."),
        ("The diffs of pull requests 7 and 8 were not opened.", "The pull requests 7 and 8 were not opened."),
    ],
)  # fmt: skip
def test_what_was_not_read_is_compared_with_what_the_evidence_says_of_it(true, false):
    assert problems_of(true) == ""
    assert problems_of(false) != ""
