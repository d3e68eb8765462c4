"""What the policies of a branch say of a pull request, and how its completion honours them."""

from datetime import timedelta

import pytest

from azure_devops_simulator import build_organization, export_world, import_world

API = "/Platform/_apis/git/repositories/api"
POLICY = "/Platform/_apis/policy"
PREVIEW = "7.1-preview.1"
YAML = "steps:\n- script: make\n"


@pytest.fixture
def world():
    """A repository with a branch that changes the parser, and a pipeline."""
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker", "Mina Sato"):
        world.add_user(name)
    files = {"src/parser.py": "one\ntwo\n", "azure-pipelines.yml": YAML}
    api = world.add_project("Platform").add_repository("api", files)
    api.commit("Parse", {"src/parser.py": "one\n2\n"}, branch="fix", author="Tom Becker")
    return world


@pytest.fixture
def organization(world):
    world.add_token("full-token")
    return world.organization


@pytest.fixture
def platform(world):
    return world.project("Platform")


@pytest.fixture
def api(platform):
    return platform.repository("api")


@pytest.fixture
def evaluations(client, platform):
    def read(number=1, **query):
        artifact = f"vstfs:///CodeReview/CodeReviewId/{platform.project.id}/{number}"
        return client.call("GET", f"{POLICY}/evaluations", version=PREVIEW, artifactId=artifact, **query)["value"]

    return read


@pytest.fixture
def verdicts(evaluations):
    def read(**query):
        return {row["configuration"]["type"]["displayName"]: row["status"] for row in evaluations(**query)}

    return read


def opened(api, **more):
    return api.open_pull_request("Fix the parser", source="fix", author="Tom Becker", **more)


def complete(client, **options):
    path = f"{API}/pullRequests/1"
    source = client.get(path)["lastMergeSourceCommit"]
    body = {"status": "completed", "lastMergeSourceCommit": source, "completionOptions": options}
    client.call("PATCH", path, body)
    found = client.get(path)
    return found["status"], found["mergeStatus"]


def test_each_type_says_whether_it_is_satisfied(client, world, api, platform, verdicts):
    pipeline = platform.add_pipeline("ci", repository=api, yaml=YAML)
    api.add_policy("minimum-reviewers", settings={"minimumApproverCount": 1})
    api.add_policy("required-reviewers", reviewers=["Mina Sato"], paths=["/src/*"])
    api.add_policy("comments").add_policy("work-items").add_policy("build", pipeline=pipeline.id)
    api.add_policy("status", settings={"statusName": "lint", "statusGenre": "ci"})
    api.add_policy("merge-strategy", settings={"allowSquash": True})
    pull = opened(api)
    thread = pull.comment("Why?", author="Dana Ortiz")
    assert verdicts() == {
        "Minimum number of reviewers": "queued",
        "Required reviewers": "queued",
        "Comment requirements": "rejected",
        "Work item linking": "rejected",
        "Build": "queued",
        "Status": "queued",
        "Require a merge strategy": "approved",
    }
    assert {r["displayName"]: r["isRequired"] for r in client.get(f"{API}/pullRequests/1")["reviewers"]} == {
        "Mina Sato": True
    }
    assert complete(client) == ("active", "rejectedByPolicy")
    pull.vote("Mina Sato", "reject")
    assert (verdicts()["Required reviewers"], verdicts()["Minimum number of reviewers"]) == ("rejected", "rejected")
    pull.vote("Mina Sato", "approve")
    thread.resolve()
    platform.add_work_item("Task", title="Parse").link(pull)
    pull.add_status("lint", "failed", genre="ci")
    assert verdicts()["Status"] == "rejected"
    pull.add_status("lint", genre="ci").add_status("lint", "failed", genre="another")
    pipeline.run(pull_request=pull, result="failed")
    assert verdicts()["Build"] == "rejected"
    assert complete(client, mergeStrategy="squash") == ("active", "rejectedByPolicy")
    pipeline.run(pull_request=pull, result="succeeded")
    assert set(verdicts().values()) == {"approved"}
    assert complete(client, mergeStrategy="rebase") == ("active", "rejectedByPolicy")
    assert verdicts()["Require a merge strategy"] == "rejected"
    assert complete(client, mergeStrategy="squash") == ("completed", "succeeded")
    assert set(verdicts().values()) == {"approved"}
    exported = export_world(world)
    assert export_world(import_world(exported)) == exported


def test_a_build_runs_by_itself_and_is_queued_again(client, organization, api, platform, evaluations):
    pipeline = platform.add_pipeline("ci", repository=api, yaml=YAML)
    api.add_policy("build", pipeline=pipeline.id, settings={"validDuration": 720, "displayName": "CI"})
    opened(api)
    (row,) = evaluations()
    first = row["context"]["buildId"]
    build = client.get(f"/Platform/_apis/build/builds/{first}")
    assert (build["reason"], build["sourceBranch"]) == ("pullRequest", "refs/pull/1/merge")
    assert (row["status"], row["context"]["buildDefinitionName"]) == ("queued", "ci")
    one = f"{POLICY}/evaluations/{row['evaluationId']}"
    organization.clock.advance(timedelta(seconds=15))
    assert client.call("GET", one, version=PREVIEW)["status"] == "running"
    again = client.call("PATCH", one, version=PREVIEW)
    assert again["context"]["buildId"] > first
    organization.clock.advance(timedelta(hours=1))
    assert client.get(f"/Platform/_apis/build/builds/{first}")["result"] == "canceled"
    assert client.call("GET", one, version=PREVIEW)["status"] == "approved"
    api.commit("Parse more", {"src/parser.py": "one\n3\n"}, branch="fix", author="Tom Becker")
    pushed = client.call("GET", one, version=PREVIEW)
    assert pushed["status"] == "queued"
    assert pushed["context"]["buildId"] > again["context"]["buildId"]
    client.call("GET", f"{POLICY}/evaluations/{platform.project.id}", version=PREVIEW, expect=404)


def test_a_build_expires_when_the_target_moves(client, organization, api, platform, evaluations):
    pipeline = platform.add_pipeline("ci", repository=api, yaml=YAML)
    by_hand = {"manualQueueOnly": True, "validDuration": 60}
    api.add_policy("build", pipeline=pipeline.id, settings=by_hand, optional=True)
    pull = opened(api)
    assert evaluations()[0]["context"]["buildId"] == 0
    pipeline.run(pull_request=pull, result="succeeded")
    api.commit("Move on", {"README.md": "# API\n"}, author="Dana Ortiz")
    assert evaluations()[0]["status"] == "approved"
    organization.clock.advance(timedelta(hours=2))
    (row,) = evaluations()
    assert (row["status"], row["context"]["isExpired"]) == ("queued", True)
    assert complete(client) == ("completed", "succeeded"), "it is optional"


def test_only_the_files_that_a_policy_names_concern_it(api, verdicts):
    api.add_policy("required-reviewers", reviewers=["Mina Sato"], paths=["/docs/*;*.md"])
    api.add_policy("status", settings={"statusName": "lint"}, paths=["/src/*", "!/src/parser.py"])
    opened(api)
    assert verdicts() == {}
    assert verdicts(includeNotApplicable=True) == {"Required reviewers": "notApplicable", "Status": "notApplicable"}


def test_what_is_off_or_optional_holds_nothing_back(client, api, verdicts):
    api.add_policy("minimum-reviewers", settings={"minimumApproverCount": 2}, enabled=False)
    api.add_policy("work-items", optional=True)
    opened(api)
    assert verdicts() == {"Work item linking": "rejected"}
    assert complete(client) == ("completed", "succeeded")


def test_a_push_takes_approvals_back(client, api, verdicts):
    api.add_policy("minimum-reviewers", settings={"minimumApproverCount": 1, "resetOnSourcePush": True})
    pull = opened(api).vote("Mina Sato", "approve").vote("Dana Ortiz", "wait-for-author")
    api.commit("Parse more", {"src/parser.py": "one\n3\n"}, branch="fix", author="Tom Becker")
    votes = {row["displayName"]: row["vote"] for row in client.get(f"{API}/pullRequests/1/reviewers")["value"]}
    assert votes == {"Mina Sato": 0, "Dana Ortiz": -5}
    pull.vote("Dana Ortiz", "reset").vote("Mina Sato", "approve-with-suggestions")
    assert verdicts() == {"Minimum number of reviewers": "approved"}


def test_the_last_pusher_does_not_approve(api, verdicts):
    api.add_policy("minimum-reviewers", settings={"minimumApproverCount": 1, "blockLastPusherVote": True})
    pull = opened(api)
    api.commit("Parse more", {"src/parser.py": "one\n3\n"}, branch="fix", author="Mina Sato")
    pull.vote("Mina Sato", "approve")
    assert verdicts() == {"Minimum number of reviewers": "queued"}
    pull.vote("Dana Ortiz", "approve")
    assert verdicts() == {"Minimum number of reviewers": "approved"}


def test_a_status_that_a_push_invalidates(api, verdicts):
    api.add_policy("status", settings={"statusName": "lint", "invalidateOnSourceUpdate": True})
    pull = opened(api).add_status("lint")
    assert verdicts() == {"Status": "approved"}
    api.commit("Parse more", {"src/parser.py": "one\n3\n"}, branch="fix", author="Tom Becker")
    assert verdicts() == {"Status": "queued"}
    pull.add_status("lint", "notApplicable", iteration=2)
    assert verdicts() == {"Status": "approved"}


def test_it_completes_by_itself_when_the_last_policy_is_satisfied(client, api):
    api.add_policy("work-items", optional=True).add_policy("status", settings={"statusName": "lint"})
    pull = opened(api).set_auto_complete(strategy="squash")
    pull.add_status("lint")
    assert client.get(f"{API}/pullRequests/1")["status"] == "active", "optional policies are waited for"
    ignored = {"completionOptions": {"autoCompleteIgnoreConfigIds": [1], "mergeStrategy": "squash"}}
    client.call("PATCH", f"{API}/pullRequests/1", ignored)
    found = client.get(f"{API}/pullRequests/1")
    assert (found["status"], found["closedBy"]["displayName"]) == ("completed", "Tom Becker")


def test_policies_are_bypassed_with_a_reason_by_those_who_may(client, organization, api):
    api.add_policy("work-items")
    opened(api)
    organization.deny(organization.named("Dana Ortiz"), "PullRequestBypassPolicy")
    options = {"bypassPolicy": True, "bypassReason": "Production is down."}
    assert complete(client, **options) == ("active", "rejectedByPolicy")
    organization.denials.clear()
    assert complete(client, **options) == ("completed", "succeeded")
    assert client.get(f"{API}/pullRequests/1")["completionOptions"] == options


def test_an_artifact_that_is_none_is_refused(client, platform):
    path = f"{POLICY}/evaluations"
    for artifact, status in (("", 400), ("vstfs:///Git/PullRequestId/1", 400), ("1", 400)):
        client.call("GET", path, version=PREVIEW, artifactId=artifact, expect=status)
    unknown = f"vstfs:///CodeReview/CodeReviewId/{platform.project.id}%2F99"
    client.call("GET", path, version=PREVIEW, artifactId=unknown, expect=404)
