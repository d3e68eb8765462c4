"""Names, numbers and dates of requests: what official clients send in place of names, and in other forms."""

import base64

import pytest

from azure_devops_simulator.api.contract import contract_of, numbers_of, read_body, read_enumeration


@pytest.mark.parametrize(
    ("enumeration", "given", "read"),
    [
        ("PullRequestStatus", 3, "completed"),
        ("PullRequestStatus", "3", "completed"),
        ("PullRequestStatus", "Completed", "completed"),
        ("PullRequestStatus", 9, None),
        ("PullRequestStatus", "open", None),
        ("PullRequestStatus", True, None),
        ("PullRequestStatus", None, None),
        ("BuildStatus", 3, "inProgress, completed"),
        ("BuildStatus", 47, "all"),
        ("BuildResult", "10", "succeeded, failed"),
        ("BuildResult", 64, None),
        ("VersionControlChangeType", 10, "edit, rename"),
        ("VersionControlChangeType", "Rename,edit", "rename, edit"),
        ("VersionControlChangeType", "edit, renamed", None),
        ("VersionControlRecursionType", 120, "full"),
        ("WorkItemExpand", "3", "links"),
        ("TreeStructureGroup", "0", "areas"),
        ("ProjectState", -1, "all"),
    ],
)
def test_a_value_reads_as_its_name(enumeration, given, read):
    assert read_enumeration(enumeration, given) == read


def test_every_number_reads_as_its_own_name():
    for enumeration in ("BuildReason", "GitVersionType", "DefinitionQueryOrder", "BuildQueryOrder", "Operation"):
        numbers = numbers_of(enumeration)
        assert None not in numbers.values()
        assert [read_enumeration(enumeration, number) for number in numbers.values()] == list(numbers)


def test_an_operation_is_found_with_a_shorter_and_a_longer_path():
    of_root = contract_of("GET", "{project}/_apis/wit/classificationnodes/{group}")
    of_node = contract_of("GET", "{project}/_apis/wit/classificationnodes/{group}/{path...}")
    assert of_root == of_node
    assert of_root is not None
    assert of_root.path == {0: "=TreeStructureGroup"}
    assert contract_of("GET", "{project}/_apis/no/such/operation") is None


def test_numbers_and_dates_deep_in_a_body_are_read():
    body = {"commits": [{"changes": [{"changeType": 8, "newContent": {"contentType": 1, "content": "AA=="}}]}]}
    contract = contract_of("POST", "{project?}/_apis/git/repositories/{repository}/pushes")
    assert contract is not None
    assert read_body("body", contract.body, body) == {
        "commits": [
            {"changes": [{"changeType": "rename", "newContent": {"contentType": "base64Encoded", "content": "AA=="}}]}
        ]
    }
    author = {"commits": [{"author": {"date": "Wed, 18 Nov 2026 12:00:00 GMT"}}]}
    assert read_body("body", contract.body, author) == {"commits": [{"author": {"date": "2026-11-18T12:00:00+00:00"}}]}
    odd = {"commits": [{"changes": {"changeType": [8]}, "other": 1}, None, "text"], "refUpdates": 3}
    assert read_body("body", contract.body, odd) == odd
    assert read_body("body", contract.body, ["text"]) == ["text"]


REPOSITORY = "/Platform/_apis/git/repositories/platform-api"


def push(client, changes):
    tip = client.get(f"{REPOSITORY}/refs", filter="heads/main")["value"][0]["objectId"]
    body = {
        "refUpdates": [{"name": "refs/heads/by-number", "oldObjectId": "0" * 40}],
        "commits": [{"comment": "By number", "parents": [tip], "changes": changes}],
    }
    return client.call("POST", f"{REPOSITORY}/pushes", body, expect=201)


def read(client, path):
    query = {"versionDescriptor.version": "by-number", "versionDescriptor.versionType": 0, "includeContent": "true"}
    return client.get(f"{REPOSITORY}/items", path=path, **query)["content"]


def test_a_push_may_give_numbers_for_kinds_of_changes_and_of_content(client):
    content = {"content": base64.b64encode(b"by number").decode(), "contentType": 1}
    push(client, [{"changeType": 1, "item": {"path": "/number.txt"}, "newContent": content}])
    assert read(client, "/number.txt") == "by number"


def test_a_pull_request_may_be_completed_by_number(client):
    path = f"{REPOSITORY}/pullRequests/9"
    assert client.call("PATCH", path, {"status": 2})["status"] == "abandoned"
    assert client.call("PATCH", path, {"status": "1"})["status"] == "active"


def test_a_parameter_that_is_not_honoured_says_so_and_one_nobody_knows_is_ignored(client):
    answer = client.send("POST", "/Platform/_apis/build/builds", {"definition": {"id": 1}}, checkInTicket="1")
    assert answer.status_code == 400
    assert "not simulate" in answer.text
    assert "the parameter checkinticket of POST {project}/_apis/build/builds" in answer.json()["message"]
    assert client.get(f"{REPOSITORY}/commits", noSuchParameter="true")["count"] > 0


def test_a_value_that_is_none_of_its_enumeration_is_refused(client):
    error = client.get(f"{REPOSITORY}/items", expect=400, recursionLevel="deep")
    assert error["typeKey"] == "InvalidEnumArgumentException"
    assert "'deep' is not valid for VersionControlRecursionType" in error["message"]
    builds = client.get("/Platform/_apis/build/builds", expect=400, minTime="yesterday")
    assert builds["value"]["Message"] == "The request is invalid. The value 'yesterday' is not valid for DateTime."


def test_dates_in_both_forms_are_the_same(client):
    for path, name in (
        ("/Platform/_apis/build/builds", "minTime"),
        (f"{REPOSITORY}/commits", "searchCriteria.fromDate"),
        (f"{REPOSITORY}/pushes", "searchCriteria.toDate"),
        ("/_apis/wit/workitems/13", "asOf"),
    ):
        forms = ("2026-11-10T12:00:00Z", "Tue, 10 Nov 2026 12:00:00 GMT", "2026-11-10T13:00:00.0000000+01:00")
        answers = [client.get(path, **{name: form}) for form in forms]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0] != client.get(path)


@pytest.mark.parametrize("spelling", ["{0}Version", "{0}VersionDescriptor.version", "{0}VersionDescriptor.{0}Version"])
def test_a_difference_is_asked_for_in_each_spelling_that_clients_have(client, spelling):
    main, other = (client.get(f"{REPOSITORY}/refs", filter=f"heads/{n}")["value"][0] for n in ("main", "release/2.8"))
    query = {}
    for side, ref in (("base", other), ("target", main)):
        name = spelling.format(side)
        query |= {name: ref["objectId"], f"{name}Type": 2}
    found = client.get(f"{REPOSITORY}/diffs/commits", **query)
    assert (found["baseCommit"], found["targetCommit"]) == (other["objectId"], main["objectId"])


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        (
            "PATCH",
            f"{REPOSITORY}/pullRequests/9",
            {"status": "active", "completionOptions": {"mergeStrategy": "sqash"}},
            "The value 'sqash' is not valid for GitPullRequestMergeStrategy.",
        ),
        ("PATCH", f"{REPOSITORY}/pullRequests/9", {"status": 44}, "The value '44' is not valid for PullRequestStatus."),
        ("PATCH", "/Platform/_apis/build/builds/35", {"status": 99}, "The value '99' is not valid for BuildStatus."),
        (
            "POST",
            "/Platform/_apis/wit/classificationnodes/1",
            {"name": "S", "attributes": {"startDate": "tomorrow"}},
            "The value 'tomorrow' is not valid for DateTime.",
        ),
        (
            "POST",
            f"{REPOSITORY}/pushes",
            {"commits": [{"author": {"date": "2026-11-20Tea time"}}]},
            "The value '2026-11-20Tea time' is not valid for DateTime.",
        ),
    ],
)
def test_a_member_that_is_none_of_its_values_is_refused(client, method, path, body, told):
    assert told in client.send(method, path, body).text
    assert client.send(method, path, body).status_code == 400


def test_a_member_of_a_new_build_is_honoured_or_refused(client):
    asked = {"definition": {"id": 1}, "priority": "high", "demands": ["x"]}
    assert "demands in the body of POST" in client.call("POST", "/Platform/_apis/build/builds", asked, 400)["message"]
