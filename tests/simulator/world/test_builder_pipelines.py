"""What the builder makes of pipelines and their runs, read by the routes of the service."""

import pytest

from azure_devops_simulator import BuilderError, build_organization

YAML = """
stages:
- stage: Build
  jobs:
  - job: Test
    steps:
    - checkout: self
    - script: pip install .
      displayName: Install
    - script: pytest
      displayName: Run tests
    - task: PublishTestResults@2
      displayName: Publish test results
      condition: succeededOrFailed()
- stage: Deploy
  jobs:
  - job: Staging
    steps:
    - script: make deploy
      displayName: Deploy
"""
BUILDS = "/Platform/_apis/build/builds"


@pytest.fixture
def world():
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker"):
        world.add_user(name)
    world.add_project("Platform").add_repository("api", files={"app.py": "print(1)\n"})
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
def ci(platform, api):
    return platform.add_pipeline("api-ci", repository=api, yaml=YAML, author="Tom Becker")


def steps(client, build):
    records = client.get(f"{BUILDS}/{build}/timeline")["records"]
    return {row["name"]: row["result"] for row in records if row["type"] == "Task"}


def log_of(client, build, name):
    records = client.get(f"{BUILDS}/{build}/timeline")["records"]
    (number,) = [row["log"]["id"] for row in records if row["name"] == name and row["type"] == "Task"]
    return client.http.get(f"{BUILDS}/{build}/logs/{number}", headers={"Accept": "text/plain"}).text


def test_a_pipeline_and_its_file(platform, api, ci, client):
    (pipeline,) = client.get("/Platform/_apis/pipelines")["value"]
    assert (pipeline["id"], pipeline["name"], pipeline["folder"]) == (ci.id, "api-ci", "\\")
    definition = client.get(f"/Platform/_apis/build/definitions/{ci.id}")
    assert definition["process"]["yamlFilename"].strip("/") == "azure-pipelines.yml"
    assert client.get(f"/Platform/_apis/build/definitions/{ci.id}/yaml")["yaml"] == YAML
    assert definition["authoredBy"]["displayName"] == "Tom Becker"
    newest = client.get("/Platform/_apis/git/repositories/api/commits")["value"][0]
    assert (newest["comment"], newest["author"]["name"]) == ("Add the pipeline api-ci", "Tom Becker")


def test_a_pipeline_of_a_file_that_is_there(platform, api, client):
    api.commit("Add a pipeline", {"ci/nightly.yml": YAML})
    nightly = platform.add_pipeline("nightly", repository="api", path="ci/nightly.yml", folder="\\ops")
    assert client.get(f"/Platform/_apis/pipelines/{nightly.id}")["configuration"]["path"] == "/ci/nightly.yml"
    assert client.get(f"/Platform/_apis/pipelines/{nightly.id}")["folder"] == "\\ops"
    assert platform.pipeline("nightly").run().result == "succeeded"


def test_a_run_does_what_its_yaml_says(world, ci, client):
    world.at("2026-11-03 10:00")
    run = ci.run(by="Tom Becker", tags=["nightly", "fast"])
    build = client.get(f"{BUILDS}/{run.id}")
    assert (build["status"], build["result"], build["reason"]) == ("completed", "succeeded", "manual")
    assert (build["requestedBy"]["displayName"], build["sourceBranch"]) == ("Tom Becker", "refs/heads/main")
    assert build["queueTime"] == "2026-11-03T10:00:01Z"
    assert set(steps(client, run.id).values()) == {"succeeded"}
    assert sorted(client.get(f"{BUILDS}/{run.id}/tags")["value"]) == ["fast", "nightly"]


def test_a_failing_step_ends_the_run(ci, client):
    run = ci.run(result="failed", logs={"Run tests": "FAILED test_app.py::test_start\n1 failed in 0.12s"})
    assert run.result == client.get(f"{BUILDS}/{run.id}")["result"] == "failed"
    found = steps(client, run.id)
    assert (found["Install"], found["Run tests"], found["Publish test results"]) == ("succeeded", "failed", "succeeded")
    assert "Deploy" not in found
    log = log_of(client, run.id, "Run tests")
    assert "FAILED test_app.py::test_start" in log
    assert "##[error]Bash exited with code '1'." in log
    assert "pytest\n" not in log
    records = client.get(f"{BUILDS}/{run.id}/timeline")["records"]
    (failed,) = [row for row in records if row["name"] == "Run tests"]
    assert failed["issues"][0]["message"] == "Bash exited with code '1'."
    assert {row["name"]: row["result"] for row in records if row["type"] == "Stage"} == {
        "Build": "failed",
        "Deploy": "skipped",
    }


def test_the_step_that_decides(ci, client):
    run = ci.run(result="failed", step="install", logs={"Deploy": "Deployed."})
    assert steps(client, run.id)["Install"] == "failed"
    last = ci.run(result="failed")
    assert steps(client, last.id)["Deploy"] == "failed"


OUTCOMES = {"partiallySucceeded": "succeededWithIssues", "canceled": "canceled", "succeeded": "succeeded"}


@pytest.mark.parametrize("result", OUTCOMES)
def test_other_results(ci, client, result):
    run = ci.run(result=result, step="Run tests")
    assert client.get(f"{BUILDS}/{run.id}")["result"] == result
    assert steps(client, run.id)["Run tests"] == OUTCOMES[result]
    if result == "canceled":
        assert "##[error]The operation was canceled." in log_of(client, run.id, "Run tests")


def test_a_result_goes_before_what_the_scripts_say(platform, api, client):
    red = platform.add_pipeline(
        "red", repository=api, yaml="steps:\n- script: exit 3\n  displayName: Stop\n", path="r.yml"
    )
    assert red.run().result == "failed"
    assert "exited with code '3'" in log_of(client, 1, "Stop")
    assert red.run(result="succeeded").result == "succeeded"


def test_a_log_alone_leaves_the_result_to_the_yaml(ci, client):
    run = ci.run(logs={"Run tests": "5 passed"})
    assert run.result == "succeeded"
    assert "5 passed" in log_of(client, run.id, "Run tests")


def test_parameters_of_the_yaml(platform, api, client):
    yaml = """
parameters:
- name: target
  type: string
  default: staging
steps:
- script: make ${{ parameters.target }}
  displayName: Deploy to ${{ parameters.target }}
"""
    deploy = platform.add_pipeline("deploy", repository=api, yaml=yaml)
    run = deploy.run(parameters={"target": "production"}, result="failed", logs={"Deploy to production": "No."})
    assert steps(client, run.id)["Deploy to production"] == "failed"
    assert client.get(f"{BUILDS}/{run.id}")["templateParameters"] == {"target": "production"}
    with pytest.raises(BuilderError, match="source"):
        deploy.run(parameters={"source": "x"})


def test_a_run_of_a_branch(api, ci, client):
    api.commit("Fix", {"app.py": "print(2)\n"}, branch="fix")
    run = ci.run(branch="fix", reason="individualCI", by="Tom Becker")
    build = client.get(f"{BUILDS}/{run.id}")
    assert (build["sourceBranch"], build["sourceVersion"], build["reason"]) == (
        "refs/heads/fix",
        api.tip("fix"),
        "individualCI",
    )
    assert build["triggerInfo"]["ci.message"] == "Fix"


def test_a_run_of_a_pull_request(api, ci, client):
    api.commit("Fix", {"app.py": "print(2)\n"}, branch="fix")
    pull = api.open_pull_request("Fix", source="fix")
    run = ci.run(pull_request=pull)
    build = client.get(f"{BUILDS}/{run.id}")
    assert (build["sourceBranch"], build["reason"]) == (f"refs/pull/{pull.id}/merge", "pullRequest")
    merged = client.get(f"/_apis/git/pullrequests/{pull.id}")["lastMergeCommit"]["commitId"]
    assert build["sourceVersion"] == merged
    assert build["triggerInfo"]["pr.number"] == str(pull.id)


def test_artifacts(ci, client):
    run = ci.run(artifacts={"report": {"report.txt": "5 passed", "raw/data.bin": b"\x00\x01"}, "drop": {"app.py": "1"}})
    artifacts = client.get(f"{BUILDS}/{run.id}/artifacts")["value"]
    assert [row["name"] for row in artifacts] == ["report", "drop"]
    assert len({row["id"] for row in artifacts}) == 2
    content = client.http.get(f"{BUILDS}/{run.id}/artifacts", params={"artifactName": "report", "$format": "zip"})
    assert b"report/raw/data.bin" in content.content


def test_a_run_that_does_not_wait_goes_on_with_the_clock(world, ci, client):
    run = ci.run(wait=False, result="failed", step="Install")
    assert (client.get(f"{BUILDS}/{run.id}")["status"], run.result) == ("notStarted", None)
    world.organization.clock.advance(3600)
    assert client.get(f"{BUILDS}/{run.id}")["result"] == "failed"
    assert run.result == "failed"


def test_the_clock_has_gone_on_when_a_run_is_over(world, ci, client):
    run = ci.run()
    assert world.organization.clock.now() >= run.build.finish > run.build.start


MISTAKES = {
    "a branch": (lambda platform, api, ci: ci.run(branch="mian"), "did you mean 'main'"),
    "a step": (lambda platform, api, ci: ci.run(logs={"Run test": "x"}), "did you mean 'Run tests'"),
    "a step that decides": (lambda platform, api, ci: ci.run(result="failed", step="Tests"), "is not one of Install"),
    "a step alone": (lambda platform, api, ci: ci.run(step="Install"), "give the result too"),
    "a result": (lambda platform, api, ci: ci.run(result="fail"), "is not one of succeeded"),
    "a reason": (lambda platform, api, ci: ci.run(reason="push"), "is not one of manual"),
    "a user": (lambda platform, api, ci: ci.run(by="Tom Baker"), "did you mean 'Tom Becker'"),
    "a file": (
        lambda platform, api, ci: platform.add_pipeline("x", repository=api, path="x.yml"),
        "azure-pipelines.yml",
    ),
    "a pipeline": (lambda platform, api, ci: platform.pipeline("api-cd"), "did you mean 'api-ci'"),
    "a pipeline twice": (
        lambda platform, api, ci: platform.add_pipeline("API-CI", repository=api),
        "API-CI already exists",
    ),
    "a repository of elsewhere": (
        lambda platform, api, ci: ci.run(
            pull_request=platform.add_repository("web", {"a": "1"})
            .add_branch("b")
            .commit("c", {"a": "2"}, branch="b")
            .open_pull_request("d", source="b")
        ),
        "belongs to the repository web",
    ),
    "a broken file": (
        lambda platform, api, ci: platform.add_pipeline("b", repository=api, yaml="steps:\n  - script: a\n   b: c"),
        "cannot be read: while parsing",
    ),
    "a file without keys": (
        lambda platform, api, ci: platform.add_pipeline("b", repository=api, yaml="make"),
        "no keys such as steps",
    ),
    "a step that is skipped": (
        lambda platform, api, ci: platform.add_pipeline(
            "s",
            repository=api,
            yaml="steps:\n- script: a\n  displayName: A\n  condition: failed()\n- script: b\n",
            path="s.yml",
        ).run(result="failed", step="A"),
        "the run ends succeeded, not failed",
    ),
    "no steps": (
        lambda platform, api, ci: platform.add_pipeline("n", repository=api, yaml="pool: x\n", path="n.yml").run(
            result="failed"
        ),
        "/n.yml has no steps",
    ),
    "an invalid file": (
        lambda platform, api, ci: platform.add_pipeline(
            "t", repository=api, yaml="steps:\n- template: a.yml@other\n", path="t.yml"
        ).run(),
        "repository reference 'other'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_there_is(world, platform, api, ci, mistake):
    act, message = MISTAKES[mistake]
    with pytest.raises(BuilderError, match=message):
        act(platform, api, ci)


def test_a_mistake_queues_nothing(world, platform, api, ci):
    for mistake in ("a branch", "a step", "a step that decides", "a step alone", "a result", "a reason", "a user"):
        with pytest.raises(BuilderError):
            MISTAKES[mistake][0](platform, api, ci)
    assert world.organization.builds.builds == {}


def test_a_run_that_cannot_have_its_result_is_not_kept(world, platform, api, ci):
    with pytest.raises(BuilderError):
        MISTAKES["a step that is skipped"][0](platform, api, ci)
    assert world.organization.builds.builds == {}


def test_a_user_without_the_permission_runs_nothing(world, ci):
    world.deny("Tom Becker", "QueueBuilds")
    with pytest.raises(BuilderError, match="Tom Becker needs Queue builds permissions"):
        ci.run(by="Tom Becker")


def test_several_steps_may_fail(ci, client):
    run = ci.run(results={"Run tests": "partiallySucceeded", "Deploy": "failed"})
    assert run.result == "failed"
    found = steps(client, run.id)
    assert (found["Install"], found["Run tests"], found["Deploy"]) == ("succeeded", "succeededWithIssues", "failed")


def test_a_retry_ends_otherwise_and_runs_what_was_skipped(ci, client):
    run = ci.run(result="failed", step="Run tests", logs={"Run tests": "1 failed"})
    assert "Deploy" not in steps(client, run.id)
    run.retry(logs={"Run tests": "1 passed"}, by="Tom Becker")
    assert run.result == "succeeded"
    found = {row["name"]: row for row in client.get(f"{BUILDS}/{run.id}/timeline")["records"] if row["type"] == "Task"}
    assert (found["Run tests"]["result"], found["Run tests"]["attempt"]) == ("succeeded", 2)
    assert found["Deploy"]["result"] == "succeeded"
    assert "1 passed" in log_of(client, run.id, "Run tests")
    [before] = found["Run tests"]["previousAttempts"]
    was = client.get(f"{BUILDS}/{run.id}/timeline/{before['timelineId']}")["records"]
    assert [row["result"] for row in was if row["id"] == before["recordId"]] == ["failed"]
    assert client.get(f"{BUILDS}/{run.id}")["lastChangedBy"]["displayName"] == "Tom Becker"


def test_a_retry_may_fail_at_another_step(ci, client):
    run = ci.run(result="failed", step="Install").retry(results={"Run tests": "failed"}).retry()
    assert run.result == "succeeded"
    found = {row["name"]: row for row in client.get(f"{BUILDS}/{run.id}/timeline")["records"] if row["type"] == "Task"}
    assert [each["attempt"] for each in found["Install"]["previousAttempts"]] == [1, 2]


def test_a_run_that_was_canceled(world, ci):
    run = ci.run(wait=False)
    world.organization.clock.advance(20)
    assert run.cancel(by="Dana Ortiz").result == "canceled"


def test_a_pipeline_that_was_changed(ci, client):
    ci.update(by="Dana Ortiz", comment="Protect the run", variables={"region": {"value": "eu"}})
    ci.update(name="api-build", repository={"defaultBranch": "refs/heads/stable"})
    definition = client.get(f"/Platform/_apis/build/definitions/{ci.id}")
    assert (definition["name"], definition["revision"]) == ("api-build", 3)
    assert definition["variables"] == {"region": {"value": "eu"}}
    assert definition["repository"]["defaultBranch"] == "refs/heads/stable"
    rows = client.get(f"/Platform/_apis/build/definitions/{ci.id}/revisions")["value"]
    assert [(row["changedBy"]["displayName"], row["comment"]) for row in rows[1:]] == [
        ("Dana Ortiz", "Protect the run"),
        ("Dana Ortiz", None),
    ]
