"""Reading SARIF: what a finding is, what keeps it the same finding, and which files are refused."""

import json
import os

import pytest
from sarif_log import result, sarif

from azure_devops_agents.automations.findings import identify
from azure_devops_agents.automations.sarif import MAX_BYTES, read_findings
from langchain_azure_devops.errors import InvalidRequest

PAT = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "scan.sarif"


@pytest.fixture
def read(file):
    def findings(*results, **run):
        file.write_text(json.dumps(sarif(*results, **run)), encoding="utf-8")
        return read_findings(file)[0]

    return findings


@pytest.mark.parametrize(
    ("level", "score", "expected"),
    [
        ("error", None, "high"), ("warning", None, "medium"), ("note", None, "low"), ("none", None, "low"),
        (None, None, "medium"), ("note", "9.0", "critical"), ("note", "8.9", "high"), ("error", "4.0", "medium"),
        ("note", "7.0", "high"), ("note", 7, "high"), ("error", "6.9", "medium"), ("note", 10, "critical"),
        ("error", "3.9", "low"), ("error", 0, "low"), ("error", 7.5, "high"), ("error", "nan", "high"),
        ("error", "much", "high"), ("error", "inf", "high"),
        # A finding is never rated lower than it is: a scanner's own word may mean the worst.
        ("shout", None, "critical"), ("critical", None, "critical"), ("fatal", None, "critical"),
        ("shout", "4.0", "medium"), ("Error", None, "high"), ("NOTE", None, "low"), (" warning ", None, "medium"),
    ],
)  # fmt: skip
def test_severities(read, level, score, expected):
    properties = {} if score is None else {"security-severity": score}
    entry = result(properties=properties)
    entry.pop("level")
    [finding] = read(entry | ({"level": level} if level else {}))
    assert finding.severity == expected


@pytest.mark.parametrize(("level", "expected"), [("blocker", "critical"), ("note", "low"), (None, "medium")])
def test_the_level_of_a_rule_is_the_default_of_its_results(read, level, expected):
    rules = [{"id": "a", "defaultConfiguration": {"level": level} if level else {}}]
    plain = result(rule="a")
    plain.pop("level")
    [finding] = read(plain, tool={"driver": {"name": "S", "rules": rules}})
    assert finding.severity == expected


def test_a_rule_is_found_by_index_by_id_and_in_an_extension(read):
    rules = [
        {"id": "a", "defaultConfiguration": {"level": "note"}},
        {"id": "b", "properties": {"security-severity": "9"}},
    ]
    plain = result(rule="b")
    plain.pop("level")
    by_index = {**plain, "ruleIndex": 0}
    by_index.pop("ruleId")
    extended = {**plain, "rule": {"index": 0, "toolComponent": {"index": 0}}}
    extended.pop("ruleId")
    extensions = [{"name": "more", "rules": [{"id": "c", "defaultConfiguration": {"level": "error"}}]}]
    tool = {"driver": {"name": "S", "rules": rules, "x": 1}, "extensions": extensions}
    found = read(plain, by_index, extended, tool=tool)
    assert [(finding.rule, finding.severity) for finding in found] == [("b", "critical"), ("a", "low"), ("c", "high")]


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, True), ({"kind": "fail"}, True), ({"kind": "review"}, True), ({"kind": "open"}, True),
        ({"kind": "pass"}, False), ({"kind": "notApplicable"}, False), ({"kind": "informational"}, False),
        ({"baselineState": "absent"}, False), ({"baselineState": "new"}, True), ({"baselineState": "unchanged"}, True),
        ({"suppressions": []}, True), ({"suppressions": [{}]}, False),
        ({"suppressions": [{"status": "rejected"}]}, True), ({"suppressions": [{"status": "underReview"}]}, True),
        ({"suppressions": [{"status": "rejected"}, {"status": "accepted"}]}, False),
    ],
)  # fmt: skip
def test_what_passed_was_suppressed_or_is_gone_is_no_finding_and_is_counted(file, more, counts):
    file.write_text(json.dumps(sarif(result(), *[result(**more)] * 3)), encoding="utf-8")
    found, ignored = read_findings(file)
    assert (len(found), ignored) == ((4, 0) if counts else (1, 3))


def test_a_finding_has_what_the_file_says_and_nothing_more(read):
    [found] = read(result(line=12))
    assert (found.tool, found.rule, found.line, found.path) == ("Scanner", "py/sql-injection", 12, "src/db.py")
    assert (found.window, found.message) == ("q = f'{x}'", "SQL from user input.")
    bare = {"message": {"text": "x"}}
    [empty] = read(bare)
    assert (empty.rule, empty.line, empty.path, empty.window) == ("unnamed rule", 0, "", "")
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}}}
    assert [(each.path, each.line) for each in read({**bare, "locations": [place]})] == [("a.py", 0)]
    [nowhere] = read(result(line=10_000_000), repository="")
    assert (nowhere.line, nowhere.repository) == (0, "")
    assert read(result(line=9_999_999))[0].line == 9_999_999


def test_an_extension_that_does_not_exist_leaves_the_rules_of_the_scanner(read):
    extended = {"message": {"text": "x"}, "rule": {"index": 0, "toolComponent": {"index": 1}}}
    tool = {"driver": {"name": "S", "rules": [{"id": "own"}]}, "extensions": [{"name": "m", "rules": [{"id": "c"}]}]}
    assert [finding.rule for finding in read(extended, tool=tool)] == ["own"]
    extended["rule"]["toolComponent"]["index"] = 0
    assert [finding.rule for finding in read(extended, tool=tool)] == ["c"]


def test_a_message_that_nobody_wrote_is_told(read):
    for message in ({"id": "default"}, {}, {"text": ""}):
        assert read(result() | {"message": message})[0].message == "The scanner gave no message."


def test_the_flagged_text_is_the_snippet_or_else_that_around_it(read):
    region, around = {"startLine": 1, "snippet": {"text": ""}}, {"snippet": {"text": "around"}}
    place = {"artifactLocation": {"uri": "a"}, "region": region, "contextRegion": around}
    assert read(result() | {"locations": [{"physicalLocation": place}]})[0].window == "around"
    region["snippet"]["text"] = "flagged"
    assert read(result() | {"locations": [{"physicalLocation": place}]})[0].window == "flagged"


def test_a_path_may_stand_in_the_list_of_files(read):
    files = [{"location": {"uri": "src/a.py"}}, {}]
    for location, path in (
        ({"index": 0}, "src/a.py"), ({"uri": "b.py", "index": 0}, "b.py"), ({"index": 1}, ""), ({"index": 2}, ""),
        ({}, ""),
    ):  # fmt: skip
        place = {"physicalLocation": {"artifactLocation": location}}
        assert read(result() | {"locations": [place]}, artifacts=files)[0].path == path


@pytest.mark.parametrize(
    ("uri", "repository"),
    [
        ("https://dev.azure.com/t/P/_git/api", "dev.azure.com/t/P/_git/api"),
        ("https://me:secret@dev.azure.com/t/P/_git/api/", "dev.azure.com/t/P/_git/api"),
        ("https://github.com/o/r.git", "github.com/o/r"), ("api", "api"), ("https://[x", "https://[x"),
    ],
)  # fmt: skip
def test_a_repository_is_the_same_for_every_way_to_clone_it(read, uri, repository):
    assert read(result(), repository=uri)[0].repository == repository


def test_messages_from_the_rule_with_arguments(read):
    rules = [{"id": "a", "messageStrings": {"default": {"text": "{0} reaches {1}, {7} stays"}}}]
    message = {"id": "default", "arguments": ["x", "y"]}
    [finding] = read(result(rule="a") | {"message": message}, rules=rules)
    assert finding.message == "x reaches y, {7} stays"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("src/a.py", "src/a.py"), ("./src/a.py", "src/a.py"), ("src\\a.py", "src/a.py"), ("src/a%20b.py", "src/a b.py"),
        ("file:///build/agent/src/a.py", "src/a.py"), ("file:///elsewhere/a.py", "elsewhere/a.py"),
        ("src/../a.py", "a.py"), ("file://[/a.py", "a.py"), ("", ""),
    ],
)  # fmt: skip
def test_paths_are_those_in_the_repository(read, uri, expected):
    [finding] = read(result(path=uri), originalUriBaseIds={"SRCROOT": {"uri": "file:///build/agent/"}})
    assert finding.path == expected


def test_without_a_snippet_the_scanner_s_fingerprint_tells_findings_apart(read):
    first, second, third = read(
        result(text="", partialFingerprints={"primaryLocationLineHash": "abc:1"}),
        result(text="", partialFingerprints={"primaryLocationLineHash": "def:1"}),
        result(text="", line=99, partialFingerprints={"primaryLocationLineHash": "abc:1"}),
    )
    assert identify(first, "") == identify(third, "") != identify(second, "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "EOF"),
        (b"<xml/>", "expected value"),
        (b"[]", "Input should be an object"),
        (b"{}", "version: Field required"),
        (b'{"version":"2.0.0","runs":[]}', "version: Input should be '2.1.0'"),
        (b'{"version":"2.1.0","runs":{}}', "runs: Input should be a valid array"),
        (b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"s"}},"results":[{}]}]}', "runs.0.results.0.message"),
        (b"[" * 100_000, "recursion"),
        (b'{"a":' * 100_000, "recursion"),
        (b'{"version":"2.1.0","runs":[],"x":"\\ud800"}', "hex escape"),
        (b'{"version":"2.1.0"' + b" " * 200, "EOF"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"\xff\x00\xfe", "not UTF-8"),
    ],
)
def test_an_invalid_file_is_refused_with_the_reason(file, content, reason):
    file.write_bytes(content)
    with pytest.raises(InvalidRequest, match=r"scan\.sarif was refused") as caught:
        read_findings(file)
    assert reason.lower() in caught.value.message.lower()
    assert len(caught.value.message) < 1_500


def test_an_empty_scan_and_a_byte_order_mark_are_fine(file):
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(sarif()).encode())
    assert read_findings(file) == ([], 0)


def test_a_huge_file_is_refused_before_it_is_parsed(file):
    with file.open("wb") as handle:
        handle.truncate(MAX_BYTES + 1)
    with pytest.raises(InvalidRequest, match="larger than 50 MB") as caught:
        read_findings(file)
    # What is read as text would be refused for its NUL bytes instead.
    assert "SARIF" not in caught.value.message


def test_what_is_no_regular_file_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="not a regular file"):
        read_findings(tmp_path)
    os.mkfifo(tmp_path / "pipe.sarif")
    with pytest.raises(InvalidRequest, match="not a regular file"):
        read_findings(tmp_path / "pipe.sarif")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_findings(tmp_path / "none.sarif")


def test_a_small_file_cannot_ask_for_much(read):
    rules = [{"id": "a", "messageStrings": {"d": {"text": "{0}" * 100_000}}}]
    [finding] = read(result(rule="a") | {"message": {"id": "d", "arguments": ["x" * 1_000_000]}}, rules=rules)
    assert len(finding.message) == 4_000
    [finding] = read(result(line=10**30))
    assert finding.line == 0


def test_a_secret_that_was_changed_is_the_same_finding(read):
    def identity(secret):
        return identify(read(result(text=f'token = "{secret}"'))[0], "")

    assert identity(PAT) == identity(PAT.replace("Zk3v", "Yk4w")) != identity("nothing secret")
