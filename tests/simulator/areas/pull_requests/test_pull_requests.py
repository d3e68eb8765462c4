"""Pull requests, their reviewers, discussions and iterations."""

import pytest

ALL = "/Platform/_apis/git"
API = f"{ALL}/repositories/platform-api"
MAIN = "refs/heads/main"
TITLE = "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"


def listed(client, path=f"{ALL}/pullrequests", **criteria):
    query = {f"searchCriteria.{name}": value for name, value in criteria.items()}
    return client.get(path, **query)["value"]


def by_title(client, title, project="Platform"):
    rows = listed(client, f"/{project}/_apis/git/pullrequests", status="all")
    return next(row for row in rows if row["title"] == title)


def one(client, title, project="Platform"):
    row = by_title(client, title, project)
    return row, f"/{project}/_apis/git/repositories/{row['repository']['id']}/pullRequests/{row['pullRequestId']}"


def open_one(client, source="release/2.8", expect=201, **more):
    body = {"sourceRefName": f"refs/heads/{source}", "targetRefName": MAIN, "title": "Merge the release back", **more}
    return client.call("POST", f"{API}/pullrequests", body, expect=expect)


def push(client, branch, path, content="x\n"):
    refs = client.get(f"{API}/refs", filter=f"heads/{branch}")["value"]
    body = {
        "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": refs[0]["objectId"]}],
        "commits": [
            {
                "comment": f"Add {path}",
                "changes": [
                    {
                        "changeType": "add",
                        "item": {"path": path},
                        "newContent": {"content": content, "contentType": "rawtext"},
                    }
                ],
            }
        ],
    }
    return client.call("POST", f"{API}/pushes", body, expect=201)["commits"][0]["commitId"]


def test_active_ones_are_the_default_newest_first(client):
    rows = listed(client)
    assert {row["status"] for row in rows} == {"active"}
    numbers = [row["pullRequestId"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert len(rows) == 6
    assert len(listed(client, status="completed")) == 5
    assert len(listed(client, status="abandoned")) == 2
    assert len(listed(client, "/Payments/_apis/git/pullrequests")) == 3
    assert len(listed(client, "/Mobile%20App/_apis/git/pullrequests")) == 1
    assert len(listed(client, "/_apis/git/pullrequests")) == 10
    error = client.get(f"{ALL}/pullrequests", expect=400, **{"searchCriteria.status": "open"})
    assert error["typeKey"] == "InvalidEnumArgumentException"


def test_lists_are_filtered_and_paged(client, organization):
    docs = client.get(f"{ALL}/repositories/docs")["id"]
    assert {row["repository"]["name"] for row in listed(client, repositoryId=docs)} == {"docs"}
    mina = organization.named("Mina Sato").id
    assert {row["createdBy"]["displayName"] for row in listed(client, creatorId=mina)} == {"Mina Sato"}
    priya = organization.named("Priya Raman").id
    assert len(listed(client, reviewerId=priya)) == 3
    source = "refs/heads/feature/cache-ports"
    assert [row["title"] for row in listed(client, sourceRefName=source)] == ["Cache port look-ups for a day"]
    assert listed(client, targetRefName="refs/heads/release/2.8") == []
    assert len(listed(client, f"{API}/pullrequests")) == 4
    everything = listed(client, status="all")
    page = client.get(f"{ALL}/pullrequests", **{"searchCriteria.status": "all"}, __top=3, __skip=2)["value"]
    assert page == everything[2:5]


def test_101_are_given_unless_more_are_asked_for(client, organization):
    repository = organization.repository("Platform", "platform-api")
    for number in range(110):
        repository.refs[f"refs/heads/bulk/{number}"] = repository.default_tip()
        open_one(client, f"bulk/{number}")
    assert len(listed(client)) == 101
    assert len(client.get(f"{ALL}/pullrequests", __top=1000)["value"]) == 116


def test_lists_cut_descriptions_at_400_characters(client):
    row, path = one(client, "Update the on-call rota for December")
    assert len(row["description"]) == 400
    assert client.get(path)["description"].startswith(row["description"])
    assert len(client.get(path)["description"]) > 400


def test_a_pull_request_with_and_without_its_repository(client):
    row, path = one(client, TITLE)
    whole = client.get(path)
    number = row["pullRequestId"]
    assert client.get(f"/_apis/git/pullrequests/{number}") == whole
    assert whole["status"] == "completed"
    assert whole["closedDate"] == "2026-11-17T09:30:01Z"
    assert whole["reviewers"][0]["displayName"] == "Priya Raman"
    assert whole["reviewers"][0]["vote"] == 10
    assert whole["lastMergeCommit"]["comment"].startswith(f"Merged PR {number}: {TITLE}")
    assert whole["artifactId"].startswith("vstfs:///Git/PullRequestId/")
    missing = client.get("/_apis/git/pullrequests/999", expect=404)
    assert missing["typeKey"] == "GitPullRequestNotFoundException"
    assert missing["message"].startswith("TF401180")
    elsewhere = f"/Payments/_apis/git/pullrequests/{number}"
    assert client.get(elsewhere, expect=404)["typeKey"] == "GitPullRequestNotFoundException"


def test_creating_one(client, organization):
    priya = organization.named("Priya Raman")
    made = open_one(
        client,
        description="Because.",
        reviewers=[{"id": priya.id, "isRequired": True}],
        labels=[{"name": "release"}],
        isDraft=True,
    )
    assert made["status"] == "active"
    assert made["isDraft"] is True
    assert made["createdBy"]["displayName"] == "svc-agent"
    assert made["reviewers"][0]["isRequired"] is True
    assert made["labels"][0]["name"] == "release"
    assert made["mergeStatus"] == "conflicts"
    assert client.get(f"/_apis/git/pullrequests/{made['pullRequestId']}")["title"] == made["title"]


@pytest.mark.parametrize("source", ["refs/heads/nothing", "release/2.8", "refs/tags/v2.7.0", MAIN])
def test_creating_from_a_bad_reference_is_refused(client, source):
    error = open_one(client, expect=400, sourceRefName=source)
    assert error["typeKey"] == "GitPullRequestCannotBeActivated"
    assert error["message"].startswith("TF401398")


def test_a_second_one_for_the_same_branches_is_409(client):
    open_one(client)
    error = open_one(client, expect=409)
    assert error["typeKey"] == "GitPullRequestExistsException"
    assert error["message"].startswith("TF401179")


def test_only_some_properties_can_be_changed(client):
    _, path = one(client, "Cache port look-ups for a day")
    changed = client.call("PATCH", path, {"title": "Cache ports", "description": "Short."})
    assert (changed["title"], changed["description"]) == ("Cache ports", "Short.")
    for body in ({"sourceRefName": MAIN}, {"reviewers": []}, {}):
        assert client.call("PATCH", path, body, expect=400)["message"].startswith("The following properties can be")
    assert client.call("PATCH", path, {"description": "x" * 4001}, expect=400)["typeKey"]


def test_a_draft_is_published(client):
    row, path = one(client, "Add a webhook for carrier events")
    assert row["isDraft"] is True
    assert client.call("PATCH", path, {"isDraft": False})["isDraft"] is False


def test_completion_is_queued_and_takes_place_at_the_next_read(client):
    _, path = one(client, "Cache port look-ups for a day")
    whole = client.get(path)
    source = whole["lastMergeSourceCommit"]["commitId"]
    body = {"status": "completed", "lastMergeSourceCommit": {"commitId": source}}
    options = {"mergeStrategy": "squash", "deleteSourceBranch": True}
    queued = client.call("PATCH", path, {**body, "completionOptions": options})
    assert (queued["status"], queued["mergeStatus"]) == ("active", "queued")
    done = client.get(path)
    assert (done["status"], done["mergeStatus"]) == ("completed", "succeeded")
    assert done["closedBy"]["displayName"] == "svc-agent"
    assert client.get(f"{API}/refs", filter="heads/feature/cache-ports")["count"] == 0
    newest = client.get(f"{API}/commits", **{"searchCriteria.$top": 1})["value"][0]
    assert newest["comment"] == f"Merged PR {whole['pullRequestId']}: Cache port look-ups for a day"
    assert len(client.get(f"{API}/commits/{newest['commitId']}")["parents"]) == 1
    assert client.get(f"{API}/items", path="/src/platform_api/ports.py")["gitObjectType"] == "blob"


def test_a_completion_that_does_not_name_the_newest_commit_is_refused(client):
    _, path = one(client, "Cache port look-ups for a day")
    stale = {"status": "completed", "lastMergeSourceCommit": {"commitId": "1" * 40}}
    assert client.call("PATCH", path, stale, expect=409)["typeKey"] == "GitPullRequestStaleException"
    assert client.call("PATCH", path, {"status": "completed"}, expect=400)["typeKey"]
    assert client.get(path)["status"] == "active"


def test_what_somebody_else_locked_is_not_simulated_beyond_its_references(client, organization):
    _, path = one(client, "Cache port look-ups for a day")
    whole = client.get(path)
    repository, dana = organization.project("Platform").repository("platform-api"), organization.named("Dana Ortiz")
    repository.locks |= {MAIN: dana, "refs/heads/feature/cache-ports": dana}
    source = whole["lastMergeSourceCommit"]
    refused = client.send("PATCH", path, {"status": "completed", "lastMergeSourceCommit": source})
    assert "somebody else locked" in refused.headers["X-Simulator-Not-Simulated"]
    change = {"changeType": "add", "item": {"path": "/x"}, "newContent": {"content": "x", "contentType": "rawtext"}}
    update = {"name": "refs/heads/feature/cache-ports", "oldObjectId": source["commitId"]}
    body = {"refUpdates": [update], "commits": [{"comment": "Change", "changes": [change]}]}
    refused = client.send("POST", f"{API}/pushes", body)
    assert "somebody else locked" in refused.headers["X-Simulator-Not-Simulated"]
    assert client.get(path)["status"] == "active"
    repository.locks[MAIN] = organization.named("svc-agent")
    client.call("PATCH", path, {"status": "completed", "lastMergeSourceCommit": source})
    assert client.get(path)["status"] == "completed"


def test_conflicts_are_found_and_prevent_completion(client):
    _, path = one(client, "Give reporting a larger connection pool")
    whole = client.get(path)
    assert whole["mergeStatus"] == "conflicts"
    assert "lastMergeCommit" not in whole
    source = whole["lastMergeSourceCommit"]["commitId"]
    client.call("PATCH", path, {"status": "completed", "lastMergeSourceCommit": {"commitId": source}})
    after = client.get(path)
    assert (after["status"], after["mergeStatus"]) == ("active", "conflicts")


def test_the_merge_state_follows_the_target_branch(client):
    _, path = one(client, "Cache port look-ups for a day")
    assert client.get(path)["mergeStatus"] == "succeeded"
    push(client, "main", "/src/platform_api/ports.py", "something else\n")
    assert client.get(path)["mergeStatus"] == "conflicts"


def test_abandoning_and_reactivating(client):
    _, path = one(client, "Cache port look-ups for a day")
    abandoned = client.call("PATCH", path, {"status": "abandoned"})
    assert abandoned["status"] == "abandoned"
    assert abandoned["closedDate"]
    active = client.call("PATCH", path, {"status": "active"})
    assert active["status"] == "active"
    assert "closedDate" not in active


def complete(client, path, **options):
    source = client.get(path)["lastMergeSourceCommit"]["commitId"]
    body = {"status": "completed", "lastMergeSourceCommit": {"commitId": source}, "completionOptions": options}
    assert client.call("PATCH", path, body)["mergeStatus"] == "queued"
    return client.get(path)


def test_auto_complete_waits_for_required_reviewers_and_can_be_cleared(client, connect, organization):
    _, path = one(client, "Cache port look-ups for a day")
    agent, luis = organization.named("svc-agent"), organization.named("Luis Ferreira")
    organization.add_token("luis", user=luis)
    client.call("PUT", f"{path}/reviewers/{luis.id}", {"isRequired": True})
    automatic = {"autoCompleteSetBy": {"id": agent.id}}
    assert client.call("PATCH", path, automatic)["autoCompleteSetBy"]["id"] == agent.id
    assert client.get(path)["status"] == "active"
    empty = {"id": "00000000-0000-0000-0000-000000000000"}
    assert "autoCompleteSetBy" not in client.call("PATCH", path, {"autoCompleteSetBy": empty})
    client.call("PATCH", path, automatic)
    connect("luis").call("PUT", f"{path}/reviewers/{luis.id}", {"vote": 10})
    done = client.get(path)
    assert (done["status"], done["closedBy"]["displayName"]) == ("completed", "svc-agent")


def test_a_required_reviewer_holds_a_completion_up_unless_it_may_be_bypassed(client, organization):
    _, path = one(client, "Cache port look-ups for a day")
    agent, luis = organization.named("svc-agent"), organization.named("Luis Ferreira")
    client.call("PUT", f"{path}/reviewers/{luis.id}", {"isRequired": True})
    held = complete(client, path)
    assert (held["status"], held["mergeStatus"]) == ("active", "rejectedByPolicy")
    organization.deny(agent, "PullRequestBypassPolicy")
    assert complete(client, path, bypassPolicy=True)["status"] == "active"
    organization.denials.clear()
    assert complete(client, path, bypassPolicy=True)["status"] == "completed"


@pytest.mark.parametrize(
    ("strategy", "parents", "merges"),
    [("noFastForward", 2, 1), ("squash", 1, 1), ("rebase", 1, 0), ("rebaseMerge", 2, 1)],
)
def test_each_strategy_makes_its_own_history(client, organization, strategy, parents, merges):
    _, path = one(client, "Cache port look-ups for a day")
    push(client, "feature/cache-ports", "/src/platform_api/more.py", "more = True\n")
    push(client, "main", "/unrelated.md", "else\n")
    client.get(path)
    commits = client.get(f"{path}/commits")["value"]
    before = {commit["commitId"] for commit in client.get(f"{API}/commits")["value"]}
    done = complete(client, path, mergeStrategy=strategy)
    assert done["status"] == "completed"
    tip = client.get(f"{API}/commits/{done['lastMergeCommit']['commitId']}")
    assert len(tip["parents"]) == parents
    after = {commit["commitId"] for commit in client.get(f"{API}/commits")["value"]} - before
    assert len(after) == merges + (0 if strategy == "squash" else len(commits))
    for file in ("/src/platform_api/more.py", "/unrelated.md"):
        assert client.get(f"{API}/items", path=file)["gitObjectType"] == "blob"
    kept = {commit["commitId"] for commit in commits} <= after
    assert kept is (strategy == "noFastForward")


@pytest.mark.parametrize(
    ("options", "parents"),
    [({"squashMerge": True}, 1), ({"squashMerge": False}, 2), ({"squashMerge": True, "mergeStrategy": 1}, 2)],
)
def test_the_older_option_to_squash_counts_without_a_strategy(client, options, parents):
    _, path = one(client, "Cache port look-ups for a day")
    done = complete(client, path, **options)
    merged = client.get(f"{API}/commits/{done['lastMergeCommit']['commitId']}")
    assert (done["status"], len(merged["parents"])) == ("completed", parents)


@pytest.mark.parametrize("name", ["disableRenames", "detectRenameFalsePositives", "conflictAuthorshipCommits"])
def test_options_without_an_effect_are_refused_and_unknown_ones_not_kept(client, name):
    _, path = one(client, "Cache port look-ups for a day")
    before = client.get(path)
    refused = client.call("PATCH", path, {"mergeOptions": {name: True}, "title": "Other"}, expect=400)
    assert refused["typeKey"] == "NotSimulatedException"
    assert name in refused["message"]
    assert client.get(path) == before
    bogus = {"bogus": 1, "autoCompleteIgnoreConfigIds": [99], "deleteSourceBranch": True}
    kept = client.call("PATCH", path, {"mergeOptions": {name: False, "bogus": 1}, "completionOptions": bogus})
    assert kept["completionOptions"] == {"autoCompleteIgnoreConfigIds": [99], "deleteSourceBranch": True}
    assert "mergeOptions" not in kept


def test_linked_work_items_move_on_when_asked_to(client, organization):
    found, path = one(client, "Cache port look-ups for a day")
    pull_request = organization.pull_requests[found["pullRequestId"]]
    item = next(i for i in organization.work_items if i.type == "Bug" and i.revision.fields["System.State"] == "Active")
    organization.work_items.link(item.id, pull_request.artifact_uri, "Pull Request")
    complete(client, path, transitionWorkItems=True)
    fields = client.get(f"/_apis/wit/workitems/{item.id}")["fields"]
    assert (fields["System.State"], fields["Microsoft.VSTS.Common.ResolvedBy"]["displayName"]) == (
        "Resolved",
        "svc-agent",
    )


def test_a_team_votes_by_the_votes_of_its_members(client, organization):
    path = one(client, TITLE)[1]
    [project] = [each for each in organization.projects.values() if each.name == "Platform"]
    team, agent = project.teams[0], organization.named("svc-agent")
    team.members = [each for each in team.members if each is not agent]
    added = client.call("POST", f"{path}/reviewers", [{"id": team.id, "isRequired": True}])["value"]
    assert [(row["displayName"], row["isContainer"]) for row in added] == [(f"[Platform]\\{team.name}", True)]
    assert client.call("PUT", f"{path}/reviewers/{team.id}", {"vote": 10}, expect=403)["typeKey"]
    client.call("PUT", f"{path}/reviewers/{agent.id}", {"vote": 5})
    assert client.get(f"{path}/reviewers/{team.id}")["vote"] == 0
    client.send("DELETE", f"{path}/reviewers/{team.id}")
    team.members.append(agent)
    client.call("PUT", f"{path}/reviewers/{team.id}", {"isRequired": True})
    mine = client.call("PUT", f"{path}/reviewers/{agent.id}", {"vote": 10})
    assert [(row["id"], row["vote"]) for row in mine["votedFor"]] == [(team.id, 10)]
    assert client.get(f"{path}/reviewers/{team.id}")["vote"] == 10
    made = open_one(client, reviewers=[{"id": team.id}])
    assert [row["id"] for row in made["reviewers"]] == [team.id]


def test_reviewers_and_votes(client, organization):
    agent, luis = organization.named("svc-agent"), organization.named("Luis Ferreira")
    _, path = one(client, "Cache port look-ups for a day")
    assert client.call("PUT", f"{path}/reviewers/{agent.id}", {"vote": -5})["vote"] == -5
    assert client.call("PUT", f"{path}/reviewers/{luis.id}", {"isRequired": True})["isRequired"] is True
    votes = {row["displayName"]: row["vote"] for row in client.get(f"{path}/reviewers")["value"]}
    assert votes == {"Priya Raman": 10, "Dana Ortiz": 5, "svc-agent": -5, "Luis Ferreira": 0}
    bad = client.call("PUT", f"{path}/reviewers/{agent.id}", {"vote": 3}, expect=400)
    assert bad["typeKey"] == "InvalidEnumArgumentException"
    client.call("PUT", f"{path}/reviewers/{luis.id}", {"vote": 10}, expect=403)
    assert client.send("DELETE", f"{path}/reviewers/{luis.id}").status_code == 200
    client.get(f"{path}/reviewers/{luis.id}", expect=404)
    system = [t for t in client.get(f"{path}/threads")["value"] if t["comments"][0]["commentType"] == "system"]
    assert system[-1]["comments"][0]["content"] == "svc-agent voted -5"
    noted = {name: entry["$value"] for name, entry in system[-1]["properties"].items()}
    assert noted == {
        "CodeReviewThreadType": "VoteUpdate",
        "CodeReviewVotedByDisplayName": "svc-agent",
        "CodeReviewVotedByTfId": agent.id,
        "CodeReviewVoteResult": "-5",
    }
    added = client.call("POST", f"{path}/reviewers", [{"id": luis.id}])
    assert added["value"][0]["vote"] == 0


def test_a_vote_on_a_draft_is_ignored(client, organization):
    _, path = one(client, "Add a webhook for carrier events")
    agent = organization.named("svc-agent")
    assert client.call("PUT", f"{path}/reviewers/{agent.id}", {"vote": 10})["vote"] == 0


def test_discussions(client):
    _, path = one(client, "Paginate the shipment search")
    threads = client.get(f"{path}/threads")["value"]
    by_people = [t for t in threads if t["comments"][0]["commentType"] == "text"]
    assert [t["status"] for t in by_people] == ["active", "pending", "closed"]
    assert by_people[0]["threadContext"]["filePath"] == "/src/platform_api/routes/shipments.py"
    assert [c["author"]["displayName"] for c in by_people[0]["comments"]] == ["Priya Raman", "Mina Sato"]
    assert "status" not in next(t for t in threads if t["comments"][0]["commentType"] == "system")


def test_starting_and_answering_a_discussion(client):
    _, path = one(client, "Cache port look-ups for a day")
    context = {"filePath": "/src/platform_api/ports.py", "rightFileStart": {"line": 7, "offset": 1}}
    body = {
        "comments": [{"parentCommentId": 0, "content": "Why 4096?", "commentType": 1}],
        "status": 1,
        "threadContext": context,
    }
    thread = client.call("POST", f"{path}/threads", body)
    assert (thread["status"], thread["comments"][0]["commentType"]) == ("active", "text")
    assert thread["threadContext"] == context
    own = f"{path}/threads/{thread['id']}"
    answer = client.call(
        "POST", f"{own}/comments", {"content": "All ports fit.", "parentCommentId": 1, "commentType": "text"}
    )
    assert (answer["id"], answer["parentCommentId"]) == (2, 1)
    assert client.call("PATCH", own, {"status": "fixed"})["status"] == "fixed"
    assert client.call("PATCH", f"{own}/comments/2", {"content": "They fit."})["content"] == "They fit."
    client.send("DELETE", f"{own}/comments/2")
    gone = client.get(f"{own}/comments/2")
    assert gone["isDeleted"] is True
    assert "content" not in gone
    client.call("POST", f"{path}/threads", {}, expect=400)
    client.get(f"{path}/threads/99999", expect=404)
    client.call("POST", f"{API}/pullRequests/2147483647/threads", {}, expect=404)


def test_threads_scope_alone_may_discuss(connect, client, organization):
    _, path = one(client, "Cache port look-ups for a day")
    organization.add_token("threads", {"vso.threads_full"})
    talker = connect("threads")
    body = {"comments": [{"content": "Hello"}], "status": "active"}
    assert talker.send("POST", f"{path}/threads", body).status_code == 200
    assert talker.send("PATCH", path, {"title": "x"}).status_code == 401


def test_a_push_makes_an_iteration(client):
    _, path = one(client, "Cache port look-ups for a day")
    assert [row["reason"] for row in client.get(f"{path}/iterations")["value"]] == ["create"]
    source = push(client, "feature/cache-ports", "/tests/test_ports.py")
    iterations = client.get(f"{path}/iterations")["value"]
    assert [row["reason"] for row in iterations] == ["create", "push"]
    assert iterations[1]["sourceRefCommit"]["commitId"] == source
    assert client.get(f"{path}/iterations/2")["commonRefCommit"] == iterations[0]["commonRefCommit"]
    whole = client.get(f"{path}/iterations/2/changes")
    assert [(c["item"]["path"], c["changeType"], c["changeTrackingId"]) for c in whole["changeEntries"]] == [
        ("/src/platform_api/ports.py", "add", 1),
        ("/tests/test_ports.py", "add", 2),
    ]
    assert whole["nextSkip"] == 0
    since = client.get(f"{path}/iterations/2/changes", **{"$compareTo": 1})
    assert [c["item"]["path"] for c in since["changeEntries"]] == ["/tests/test_ports.py"]
    page = client.get(f"{path}/iterations/2/changes", __top=1)
    assert (page["nextSkip"], page["nextTop"], len(page["changeEntries"])) == (1, 1, 1)
    assert len(client.get(f"{path}/commits")["value"]) == 2
    client.get(f"{path}/iterations/9", expect=404)


def test_labels(client):
    _, path = one(client, "Paginate the shipment search")
    assert [row["name"] for row in client.get(f"{path}/labels")["value"]] == ["api", "needs-tests"]
    made = client.call("POST", f"{path}/labels", {"name": "ui"})
    assert client.get(f"{path}/labels/UI") == client.get(f"{path}/labels/{made['id']}") == made
    client.get(f"{path}/labels/none", expect=404)
    client.send("DELETE", f"{path}/labels/api")
    assert [row["name"] for row in client.get(f"{path}/labels")["value"]] == ["needs-tests", "ui"]


def test_work_items_are_linked_at_creation(client, organization):
    number = next(iter(organization.work_items)).id
    made = open_one(client, workItemRefs=[{"id": str(number)}])
    path = f"{API}/pullRequests/{made['pullRequestId']}"
    rows = client.get(f"{path}/workitems")["value"]
    assert [row["id"] for row in rows] == [str(number)]
    assert rows[0]["url"].endswith(f"/_apis/wit/workItems/{number}")
    assert client.get(path, includeWorkItemRefs="true")["workItemRefs"] == rows
    assert "workItemRefs" not in client.get(path)
