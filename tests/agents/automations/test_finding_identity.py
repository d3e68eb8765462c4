"""Which findings are the same, and what becomes of several that are: the identity is stored in tags, and must last."""

from dataclasses import replace

import pytest

from azure_devops_agents.automations.findings import describe, identify, merge_findings
from azure_devops_agents.automations.sarif import Finding

SQL = Finding(
    tool="CodeQL", rule="py/sql-injection", severity="high", repository="dev.azure.com/tidewater/Platform/_git/api",
    path="src/db.py", line=12, window="q = f'{x}'", message="SQL from user input.",
)  # fmt: skip
PAT = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"


def entry(*changes, repository=""):
    [made] = merge_findings([replace(SQL, **change) for change in changes or ({},)], repository)
    return made


def test_the_identity_is_the_one_in_the_tags_of_earlier_versions():
    assert identify(SQL, "") == "d10db4bf6f2c"
    assert entry().tag == "finding-d10db4bf6f2c"


@pytest.mark.parametrize(
    "change",
    [
        {"tool": "Other"}, {"severity": "low"}, {"line": 99}, {"message": "Other words."},
        {"window": "  q  =\n f'{x}' "}, {"repository": "DEV.azure.com/Tidewater/platform/_git/API"},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_tell_findings_apart(change):
    assert identify(replace(SQL, **change), "") == identify(SQL, "")


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "py/xss"}, {"rule": "PY/sql-injection"}, {"path": "src/DB.py"}, {"path": "db.py"},
        {"window": "q = f'{y}'"}, {"window": "Q = f'{x}'"}, {"repository": "dev.azure.com/tidewater/Platform/_git/web"},
    ],
    ids=str,
)  # fmt: skip
def test_what_tells_findings_apart(change):
    assert identify(replace(SQL, **change), "") != identify(SQL, "")


def test_the_repository_that_the_operator_names_counts_where_the_file_names_none():
    nowhere = replace(SQL, repository="")
    assert identify(nowhere, SQL.repository.upper()) == identify(SQL, "web") == identify(SQL, "")
    assert identify(nowhere, "web") != identify(nowhere, "api")


def test_findings_that_are_the_same_become_one_with_the_worst_severity():
    made = entry(
        {"line": 30, "severity": "low", "message": "B", "tool": "First"},
        {"line": 12, "severity": "critical", "message": "A", "tool": "Second"},
        {"line": 30, "severity": "medium", "message": "B"},
        {"line": 0, "severity": "high", "message": " A "},
    )
    assert (made.severity, made.lines, made.message, made.tool) == ("critical", (12, 30), "A\nB", "First")


def test_different_findings_stay_in_the_order_in_which_they_came():
    made = merge_findings([replace(SQL, rule="b"), replace(SQL, rule="a"), replace(SQL, rule="b", line=9)], "")
    assert [(each.rule, each.lines) for each in made] == [("b", (9, 12)), ("a", (12,))]


def test_the_state_changes_with_severity_and_message_and_with_nothing_else():
    for change in ({"line": 99}, {"tool": "Other"}):
        assert entry(change).state == entry().state
    for change in ({"severity": "low"}, {"message": "Other words."}):
        assert entry(change).state != entry().state
    assert entry().state == "68523792e6b2"


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({}, "Finding: py/sql-injection in src/db.py"),
        ({"path": ""}, "Finding: py/sql-injection"),
        ({"rule": "r" * 191, "path": ""}, f"Finding: {'r' * 191}"),
        ({"rule": "r" * 192, "path": ""}, f"Finding: {'r' * 190}…"),
        ({"severity": "low", "message": "x", "line": 4}, "Finding: py/sql-injection in src/db.py"),
    ],
)
def test_the_title_depends_on_the_identity_and_has_at_most_200_characters(change, title):
    assert entry(change).title == title
    assert len(title) <= 200


def test_a_description_holds_the_words_of_the_scanner_in_one_block():
    assert describe(entry()) == (
        "A scanner found this. The text in the block is the scanner's.\n\n```text\nseverity: high\nscanner: CodeQL\n"
        "rule: py/sql-injection\nrepository: dev.azure.com/tidewater/Platform/_git/api\npath: src/db.py\n"
        "lines when written: 12\n\nSQL from user input.\n```\n\nKept up to date by `automate findings` as "
        f"{entry().tag}, state-{entry().state}. Leave this line and the tag."
    )


def test_what_is_not_known_is_left_out_of_a_description():
    told = describe(entry({"path": "", "repository": "", "line": 0}))
    assert "path:" not in told
    assert "repository:" not in told
    assert "lines when written" not in told


@pytest.mark.parametrize(("ticks", "fence"), [(1, 3), (2, 3), (3, 4), (7, 8)])
def test_no_message_ends_the_block(ticks, fence):
    told = describe(entry({"message": f"a {'`' * ticks} b"})).split("\n")
    assert told.count("`" * fence) == 1
    assert f"{'`' * fence}text" in told


def test_of_many_lines_fifty_are_named():
    told = describe(entry(*({"line": line} for line in range(1, 52))))
    assert "48, 49, 50 ...\n" in told
    assert "49, 50\n" in describe(entry(*({"line": line} for line in range(1, 51))))


def test_no_text_of_a_file_is_longer_than_a_work_item_needs():
    made = entry({"message": "m" * 9_000, "rule": "r" * 900, "tool": "t" * 900})
    assert (len(made.message), len(made.rule), len(made.tool)) == (4_000, 300, 300)


def test_a_secret_is_no_part_of_a_finding():
    made = entry({"message": f"token = '{PAT}'", "path": f"src/{PAT}.py"})
    assert PAT not in repr(made)
    assert made.message.startswith("token = '(secret removed: ")
