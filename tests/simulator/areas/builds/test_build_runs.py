"""Builds that run to an end as the clock moves."""

import pytest

from azure_devops_simulator import export_world, import_world

BUILDS = "/Platform/_apis/build/builds"
RUNNING = 38

PIPELINE = """
stages:
  - stage: Build
    jobs:
      - job: Test
        steps:
          - script: |
              echo one
              sleep 100
            displayName: Unit tests
          - script: {end}
            displayName: Lint
          - script: echo done
            displayName: Pack
          - task: PublishTestResults@2
            condition: succeededOrFailed()
  - stage: Deploy
    jobs:
      - deployment: Production
        strategy:
          runOnce:
            deploy:
              steps:
                - script: helm upgrade app
"""


@pytest.fixture
def queue(client, organization):
    """Push a pipeline whose second step is `end`, queue it, and return the build's address."""

    def run(end="echo two"):
        repository = organization.repository("Platform", "platform-api")
        content = {"content": PIPELINE.format(end=end), "contentType": "rawtext"}
        change = {"changeType": "edit", "item": {"path": "/azure-pipelines.yml"}, "newContent": content}
        push = {
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": repository.default_tip()}],
            "commits": [{"comment": "Change the pipeline", "changes": [change]}],
        }
        client.call("POST", "/Platform/_apis/git/repositories/platform-api/pushes", push, expect=201)
        return f"{BUILDS}/{client.call('POST', BUILDS, {'definition': {'id': 1}})['id']}"

    return run


def records(client, build, kind="Task"):
    found = client.get(f"{build}/timeline")["records"]
    return {record["name"]: record for record in reversed(found) if record["type"] == kind}


def lines_of(client, build, record):
    path = f"{build}/logs/{record['log']['id']}"
    return client.http.get(path, headers={"Accept": "text/plain"}).text.splitlines()


def test_a_build_is_queued_runs_and_succeeds(client, organization, queue):
    build = queue()
    assert client.get(build)["status"] == "notStarted"
    assert client.send("GET", f"{build}/timeline").status_code == 204
    organization.clock.advance(12)
    assert client.get(build)["status"] == "inProgress"
    steps = records(client, build)
    assert [steps[name]["state"] for name in ("Initialize job", "Lint")] == ["inProgress", "pending"]
    organization.clock.advance(3600)
    ended = client.get(build)
    assert (ended["status"], ended["result"]) == ("completed", "succeeded")
    assert ended["queueTime"] < ended["startTime"] < ended["finishTime"]
    assert {record["state"] for record in records(client, build).values()} == {"completed"}
    assert records(client, build, "Stage")["Deploy"]["result"] == "succeeded"


def test_a_log_grows_and_its_lines_keep_their_times(client, organization, queue):
    build = queue()
    organization.clock.advance(60)
    step = records(client, build)["Unit tests"]
    assert (step["state"], step["result"]) == ("inProgress", None)
    early = lines_of(client, build, step)
    organization.clock.advance(30)
    later = lines_of(client, build, step)
    organization.clock.advance(3600)
    whole = lines_of(client, build, step)
    assert 0 < len(early) < len(later) < len(whole)
    assert [line[:19] for line in whole[: len(later)]] == [line[:19] for line in later]
    assert [line[29:] for line in whole[: len(early)]] == [line[29:] for line in early]
    assert any("echo one" in line for line in whole)


def test_a_step_that_exits_fails_the_build_and_what_follows_is_skipped(client, organization, queue):
    build = queue("exit 3")
    organization.clock.advance(3600)
    assert client.get(build)["result"] == "failed"
    steps = records(client, build)
    results = {name: steps[name]["result"] for name in ("Unit tests", "Lint", "Pack", "PublishTestResults")}
    assert results == {
        "Unit tests": "succeeded",
        "Lint": "failed",
        "Pack": "skipped",
        "PublishTestResults": "succeeded",
    }
    assert records(client, build, "Stage")["Deploy"]["result"] == "skipped"
    (issue,) = steps["Lint"]["issues"]
    assert issue["message"] == "Bash exited with code '3'."
    lines = lines_of(client, build, steps["Lint"])
    assert "##[error]Bash exited with code '3'." in lines[int(issue["data"]["logFileLineNumber"]) - 1]


def test_a_running_build_is_canceled_within_seconds(client, organization, queue):
    build = queue()
    organization.clock.advance(30)
    assert client.call("PATCH", build, {"status": "cancelling"})["status"] == "cancelling"
    organization.clock.advance(10)
    assert client.get(build)["result"] == "canceled"
    steps = records(client, build)
    assert [steps[name]["result"] for name in ("Unit tests", "Pack")] == ["canceled", "skipped"]
    organization.clock.advance(3600)
    assert client.get(build)["result"] == "canceled"


def test_a_waiting_build_is_canceled_at_once_and_stays_so(client, organization, queue):
    build = queue()
    assert client.call("PATCH", build, {"status": "cancelling"})["result"] == "canceled"
    organization.clock.advance(3600)
    assert client.get(build)["result"] == "canceled"


def test_a_failed_build_is_run_again_and_ends_as_before(client, organization, queue):
    build = queue("exit 1")
    organization.clock.advance(3600)
    first = records(client, build)["Lint"]
    assert client.call("PATCH", build, {}, retry="true")["status"] == "inProgress"
    assert records(client, build)["Lint"]["state"] == "pending"
    organization.clock.advance(3600)
    again = records(client, build)["Lint"]
    assert client.get(build)["result"] == "failed"
    assert (again["attempt"], again["result"]) == (2, "failed")
    assert again["startTime"] > first["finishTime"]
    assert again["log"]["id"] > first["log"]["id"]


def test_a_stage_is_canceled_while_the_build_runs(client, organization, queue):
    build = queue()
    organization.clock.advance(30)
    client.call("PATCH", f"{build}/stages/Deploy", {"state": "cancel"}, expect=204)
    organization.clock.advance(3600)
    stages = records(client, build, "Stage")
    assert [stages[name]["result"] for name in ("Build", "Deploy")] == ["succeeded", "canceled"]
    assert client.get(build)["result"] == "canceled"


def test_the_running_build_of_the_seed_comes_to_its_end(client, organization):
    assert client.get(f"{BUILDS}/{RUNNING}")["status"] == "inProgress"
    organization.clock.advance(3600)
    assert client.get(f"{BUILDS}/{RUNNING}")["result"] == "succeeded"


def test_a_run_is_the_build_under_another_name(client, organization, queue):
    build = queue()
    run = f"/Platform/_apis/pipelines/1/runs/{build.rsplit('/', 1)[1]}"
    assert client.get(run)["state"] == "inProgress"
    organization.clock.advance(3600)
    assert (client.get(run)["state"], client.get(run)["result"]) == ("completed", "succeeded")


def test_a_world_with_a_running_build_goes_on_where_it_was(client, organization, queue):
    queue()
    organization.clock.advance(60)
    world = export_world(organization)
    other = import_world(world)
    assert export_world(other) == world
    for one in (organization, other):
        one.clock.advance(3600)
    assert export_world(other)["builds"] == export_world(organization)["builds"]
    assert export_world(other)["builds"]["39"]["status"] == "completed"


@pytest.mark.parametrize("text", ["", "- a list", "stages: {", "steps: []"])
def test_a_file_without_steps_still_runs(client, organization, text):
    definition = organization.builds.definitions[1]
    from azure_devops_simulator.areas.builds.run import plan_build

    tip = definition.repository.default_tip()
    who = organization.named("Dana Ortiz")
    now = organization.clock.now()
    build = organization.builds.add_build(definition, branch="refs/heads/main", version=tip, by=who, when=now)
    plan_build(build, text)
    assert build.course is not None
    assert build.course.result == "succeeded"


def test_an_earlier_attempt_keeps_its_timeline_and_its_log(client, organization, queue):
    build = queue("exit 3")
    organization.clock.advance(3600)
    first = records(client, build)["Lint"]
    assert first["previousAttempts"] == []
    client.call("PATCH", f"{build}/stages/Build", {"state": "retry"}, expect=204)
    organization.clock.advance(3600)
    client.call("PATCH", f"{build}/stages/Build", {"state": "retry"}, expect=204)
    organization.clock.advance(3600)
    again = records(client, build)["Lint"]
    assert [each["attempt"] for each in again["previousAttempts"]] == [1, 2]
    [earlier, _] = again["previousAttempts"]
    was = client.get(f"{build}/timeline/{earlier['timelineId']}")["records"]
    [lint] = [record for record in was if record["id"] == earlier["recordId"]]
    assert (lint["attempt"], lint["log"], lint["result"]) == (1, first["log"], "failed")
    assert records(client, build)["Pack"]["previousAttempts"] == []
    world = export_world(organization)
    assert export_world(import_world(world)) == world


def test_a_stage_that_runs_cannot_be_retried(client, organization, queue):
    build = queue()
    organization.clock.advance(30)
    client.call("PATCH", f"{build}/stages/Build", {"state": "retry"}, expect=400)


def test_who_changed_a_build_last(client, organization, queue):
    build = queue()
    assert client.get(build)["lastChangedBy"]["displayName"] == "svc-agent"
    organization.builds.builds[int(build.rsplit("/", 1)[1])].requested_by = organization.named("Dana Ortiz")
    assert client.get(build)["lastChangedBy"]["displayName"] == "Dana Ortiz"
    client.call("PATCH", build, {"status": "cancelling"})
    assert client.get(build)["lastChangedBy"]["displayName"] == "svc-agent"


def test_tags_are_added_and_removed_in_one_request(client):
    tags = f"{BUILDS}/31/tags"
    client.call("POST", tags, ["one", "two"])
    body = {"tagsToAdd": ["three", "four"], "tagsToRemove": ["ONE", "three", "none"]}
    assert client.call("PATCH", tags, body)["value"] == ["four", "two"]
    assert client.get(tags)["value"] == ["four", "two"]
