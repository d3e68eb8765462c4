"""Query parameters of pull requests: each value changes the answer."""

import pytest

from azure_devops_simulator import export_world, import_world

ALL = "/Platform/_apis/git"
API = f"{ALL}/repositories/platform-api"


def listed(client, **criteria):
    query = {f"searchCriteria.{name}": value for name, value in criteria.items()}
    return client.get(f"{ALL}/pullrequests", **{"searchCriteria.status": "all", **query})["value"]


def numbers(rows):
    return {row["pullRequestId"] for row in rows}


def push(client, branch, path, content, kind="add"):
    refs = client.get(f"{API}/refs", filter=f"heads/{branch}")["value"]
    old = refs[0]["objectId"] if refs else client.get(f"{API}/refs", filter="heads/main")["value"][0]["objectId"]
    if not refs:
        made = {"name": f"refs/heads/{branch}", "oldObjectId": "0" * 40, "newObjectId": old}
        client.call("POST", f"{API}/refs", [made])
    changed = {"changeType": kind, "item": {"path": path}, "newContent": {"content": content, "contentType": "rawtext"}}
    body = {
        "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": old}],
        "commits": [{"comment": f"Write {path}", "changes": [changed]}],
    }
    return client.call("POST", f"{API}/pushes", body, expect=201)["commits"][0]["commitId"]


def opened(client, branch="topic", **more):
    body = {"sourceRefName": f"refs/heads/{branch}", "targetRefName": "refs/heads/main", "title": "Topic", **more}
    made = client.call("POST", f"{API}/pullrequests", body, expect=201)
    return made, f"{API}/pullRequests/{made['pullRequestId']}"


@pytest.mark.parametrize(
    ("field", "by"), [("creationDate", None), ("creationDate", "created"), ("closedDate", "closed")]
)
def test_a_list_is_bounded_in_time(client, field, by):
    dated = sorted(row[field] for row in listed(client) if field in row)
    middle = dated[len(dated) // 2]
    criteria = {"queryTimeRangeType": by} if by else {}
    since = [row[field] for row in listed(client, minTime=middle, **criteria)]
    until = [row[field] for row in listed(client, maxTime=middle, **criteria)]
    assert sorted(since) == [date for date in dated if date >= middle]
    assert sorted(until) == [date for date in dated if date <= middle]
    assert listed(client, minTime=middle, maxTime=dated[0], **criteria) == []


def test_a_list_by_title_and_labels(client):
    push(client, "topic", "/topic.md", "x\n")
    both = opened(client, title="Paint the bikeshed", labels=[{"name": "Red"}, {"name": "Blue"}])[0]["pullRequestId"]
    push(client, "other", "/other.md", "x\n")
    red = opened(client, "other", title="Build the bikeshed", labels=[{"name": "red"}])[0]["pullRequestId"]
    assert numbers(listed(client, title="BIKESHED")) == {both, red}
    assert numbers(listed(client, title="paint")) == {both}
    assert numbers(listed(client, labels="red")) == {both, red}
    assert numbers(listed(client, labels=["red", "blue"])) == {both}
    assert numbers(listed(client, labels="red,blue", tagsFilterOperator="or")) == {both, red}
    assert numbers(listed(client, labels="green")) == set()


def test_a_list_by_the_repository_of_the_source(client):
    mine = client.get(API)["id"]
    rows = listed(client, sourceRepositoryId=mine)
    assert {row["repository"]["id"] for row in rows} == {mine}
    assert 0 < len(rows) < len(listed(client))
    # Renovate sends the name of the project.
    assert listed(client, sourceRepositoryId="Platform") == listed(client)


def test_rows_have_links_on_request(client):
    plain, linked = (listed(client, includeLinks=flag)[0] for flag in ("false", "true"))
    assert linked.keys() - plain.keys() == {"_links"}


def test_iterations_show_their_commits_on_request(client):
    first = push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    second = push(client, "topic", "/topic.md", "two\n", kind="edit")
    plain = client.get(f"{path}/iterations")["value"]
    shown = client.get(f"{path}/iterations", includeCommits="true")["value"]
    assert all("commits" not in row for row in plain)
    assert [[commit["commitId"] for commit in row["commits"]] for row in shown] == [[first], [second, first]]
    commits = f"{path}/iterations/2/commits"
    assert [row["commitId"] for row in client.get(commits, top=1)["value"]] == [second]
    assert [row["commitId"] for row in client.get(commits, skip=1)["value"]] == [first]


def test_a_discussion_follows_its_line_through_the_iterations(client):
    lines = [f"line {number}\n" for number in range(1, 9)]
    push(client, "topic", "/topic.md", "".join(lines))
    _, path = opened(client)
    place = {
        "filePath": "/topic.md",
        "rightFileStart": {"line": 5, "offset": 1},
        "rightFileEnd": {"line": 6, "offset": 3},
    }
    comments = [{"content": "Why?", "commentType": "text", "parentCommentId": 0}]
    made = client.call("POST", f"{path}/threads", {"comments": comments, "status": "active", "threadContext": place})
    push(
        client, "topic", "/topic.md", "".join(["first\n", "second\n", *lines[:4], "changed\n", *lines[5:]]), kind="edit"
    )
    thread = f"{path}/threads/{made['id']}"

    def shown(**query):
        found = client.get(thread, **query)
        assert found in client.get(f"{path}/threads", **query)["value"]
        return found

    assert shown()["threadContext"] == shown(__iteration=1)["threadContext"] == place
    moved = shown(__iteration=2)
    assert moved["threadContext"] == {
        "filePath": "/topic.md",
        "rightFileStart": {"line": 7, "offset": 1},
        "rightFileEnd": {"line": 8, "offset": 3},
    }
    criteria = moved["pullRequestThreadContext"]["trackingCriteria"]
    assert (criteria["secondComparingIteration"], criteria["origRightFileStart"]["line"]) == (2, 5)
    assert shown(__iteration=2, __baseIteration=1)["pullRequestThreadContext"]["trackingCriteria"] == {
        **criteria,
        "firstComparingIteration": 1,
    }


def test_a_discussion_on_the_old_side_follows_the_earlier_iteration(client):
    push(client, "topic", "/topic.md", "a\nb\nc\n")
    _, path = opened(client)
    push(client, "topic", "/topic.md", "new\na\nb\nc\n", kind="edit")
    push(client, "topic", "/topic.md", "newer\nnew\na\nb\nc\n", kind="edit")
    assert len(client.get(f"{path}/iterations")["value"]) == 3 or client.get(f"{path}/iterations")["value"]
    place = {
        "filePath": "/topic.md",
        "leftFileStart": {"line": 2, "offset": 1},
        "leftFileEnd": {"line": 2, "offset": 2},
    }
    context = {"iterationContext": {"firstComparingIteration": 1, "secondComparingIteration": 2}}
    body = {
        "comments": [{"content": "Why?"}],
        "threadContext": place,
        "pullRequestThreadContext": {"changeTrackingId": 1, **context},
    }
    made = client.call("POST", f"{path}/threads", body)
    moved = client.get(f"{path}/threads/{made['id']}", __iteration=3, __baseIteration=2)
    assert moved["threadContext"]["leftFileStart"]["line"] == 3
    assert moved["pullRequestThreadContext"]["changeTrackingId"] == 1
    same = client.get(f"{path}/threads/{made['id']}", __iteration=2, __baseIteration=1)
    assert same["threadContext"] == place


@pytest.mark.parametrize("strategy", [2, "2", "squash", "Squash"])
def test_a_completion_may_give_numbers_for_names(client, strategy):
    first = push(client, "topic", "/topic.md", "one\n")
    made, path = opened(client)
    options = {"mergeStrategy": strategy, "deleteSourceBranch": True}
    body = {"status": 3, "lastMergeSourceCommit": {"commitId": first}, "completionOptions": options}
    client.call("PATCH", path, body)
    done = client.get(path)
    assert (done["status"], done["completionOptions"]["mergeStrategy"]) == ("completed", "squash")
    merged = client.get(f"{API}/commits/{done['lastMergeCommit']['commitId']}")
    assert merged["parents"] == [made["lastMergeTargetCommit"]["commitId"]]
    query = {"queries": [{"type": 1, "items": [merged["commitId"]]}]}
    found = client.call("POST", f"{API}/pullrequestquery", query)["results"][0]
    assert [row["pullRequestId"] for row in found[merged["commitId"]]] == [made["pullRequestId"]]


def test_a_discussion_may_give_numbers_for_names(client):
    push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    comments = [{"content": "Why?", "commentType": 1, "parentCommentId": 0}]
    made = client.call("POST", f"{path}/threads", {"comments": comments, "status": 1})
    assert (made["status"], made["comments"][0]["commentType"]) == ("active", "text")
    assert client.call("PATCH", f"{path}/threads/{made['id']}", {"status": 4})["status"] == "closed"


def test_a_vote_is_one_of_the_five_numbers(client, organization):
    push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    me = organization.named("svc-agent").id
    for vote in (10, 5, 0, -5, -10):
        assert client.call("PUT", f"{path}/reviewers/{me}", {"vote": vote})["vote"] == vote
    assert client.call("PUT", f"{path}/reviewers/{me}", {"vote": "5"})["vote"] == 5
    for odd in (7, "7", "ten", True):
        client.call("PUT", f"{path}/reviewers/{me}", {"vote": odd}, expect=400)
    assert client.get(f"{path}/reviewers/{me}")["vote"] == 5


def test_reviewers_are_flagged_and_decline_and_votes_are_reset(client, organization):
    push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    me, tom = organization.named("svc-agent").id, organization.named("Tom Becker").id
    own = f"{path}/reviewers/{me}"
    client.call("PUT", own, {"vote": 5})
    client.call("PUT", f"{path}/reviewers/{tom}", {"isFlagged": True, "hasDeclined": True})
    flagged = client.call("PATCH", own, {"isFlagged": True})
    assert (flagged["vote"], flagged["isFlagged"], flagged["hasDeclined"]) == (5, True, False)
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    client.call("PATCH", own, {"isFlagged": False, "hasDeclined": True})
    told = {row["id"]: (row["isFlagged"], row["hasDeclined"]) for row in client.get(f"{path}/reviewers")["value"]}
    assert told == {me: (False, True), tom: (True, True)}
    client.call("PATCH", own, {"vote": 10}, expect=400)
    client.call("PATCH", f"{path}/reviewers/{organization.named('Mina Sato').id}", {"isFlagged": True}, expect=404)
    client.call("PATCH", f"{path}/reviewers", [{"id": me, "vote": 10}], expect=400)
    assert client.get(own)["vote"] == 5
    client.call("PATCH", f"{path}/reviewers", [{"id": me, "vote": 0}, {"id": tom}])
    assert client.get(own)["vote"] == 0


def test_reviewers_are_required_as_they_are_added(client, organization):
    push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    one, other = list(organization.users)[:2]
    rows = client.call("POST", f"{path}/reviewers", [{"id": one, "isRequired": True}, {"id": other}])["value"]
    assert [row.get("isRequired", False) for row in rows] == [True, False]


def test_an_update_of_a_discussion_keeps_what_it_does_not_name(client):
    push(client, "topic", "/topic.md", "one\n")
    _, path = opened(client)
    body = {"comments": [{"content": "Why?"}], "status": "active", "properties": {"a": 1}}
    made = client.call("POST", f"{path}/threads", body)
    changed = client.call("PATCH", f"{path}/threads/{made['id']}", {"properties": {"b": 2}})
    assert (changed["properties"], changed["status"]) == ({"a": 1, "b": 2}, "active")
    client.call("PATCH", f"{path}/threads/{made['id']}", {"status": "fixed", "comments": made["comments"]})
    new = {"comments": [{"content": "And this?"}]}
    assert client.call("PATCH", f"{path}/threads/{made['id']}", new, expect=400)["typeKey"] == "NotSimulatedException"


@pytest.mark.parametrize("status", ["completed", "abandoned"])
def test_a_closed_pull_request_keeps_its_options_but_not_its_title(client, status):
    number = next(row["pullRequestId"] for row in listed(client, status=status))
    path = f"{ALL}/repositories/{client.get(f'{ALL}/pullrequests/{number}')['repository']['id']}/pullRequests/{number}"
    for body in ({"isDraft": True}, {"targetRefName": "refs/heads/main"}, {"completionOptions": {}}):
        refused = client.call("PATCH", path, body, expect=400)
        assert refused["typeKey"] == "GitPullRequestNotEditableException"
        assert refused["message"].startswith("TF401181")
    assert client.call("PATCH", path, {"title": "Another title"})["title"] == "Another title"
