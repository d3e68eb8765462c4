"""What a diagnosis advises when more is known than the failure itself."""

from datetime import timedelta

import pytest
from tool_calls import FULL, call, connected

from azure_devops_simulator import CaseResult, Fault, SimulatorServer, build_organization

YAML = """variables:
- group: pricing
steps:
- script: make test
  displayName: test
- task: AzureCLI@2
  displayName: deploy
  inputs: {azureSubscription: production, scriptType: bash}
"""
FULL_DISK = {"test": "OSError: [Errno 28] No space left on device"}
TIME_LIMIT = {"test": "##[error]The job running on agent 7 ran longer than the maximum time of 60 minutes."}


@pytest.fixture
def organization():
    organization = build_organization("contoso").at("2026-11-02 08:00")
    organization.add_user("Dana Ortiz")
    organization.add_user("Lena Vogt")
    organization.add_token(FULL)
    return organization


@pytest.fixture
def platform(organization):
    return organization.add_project("Platform")


@pytest.fixture
def pricing(platform):
    return platform.add_variable_group("pricing", {"RATE": "1"})


@pytest.fixture
def production(platform):
    return platform.add_service_connection("production", kind="azurerm")


@pytest.fixture
def pipeline(platform, pricing, production):
    return platform.add_pipeline("ci", repository=platform.add_repository("api"), yaml=YAML)


@pytest.fixture
def diagnose(organization):
    def run(build):
        with SimulatorServer(organization.organization) as server, connected(server.base_url, FULL) as client:
            return call(client, "diagnose_build", build=build.id)

    return run


def test_a_full_disk_is_tried_again_unless_the_pipeline_was_changed(organization, pipeline, pricing, diagnose):
    pipeline.run()
    found = diagnose(pipeline.run(results={"test": "failed"}, logs=FULL_DISK))
    assert (found.category, found.advice, found.pipeline_changed) == ("infrastructure", "retry", "no")
    organization.at("2026-11-03 08:00")
    pricing.update({"RATE": "2"}, by="Lena Vogt")
    found = diagnose(pipeline.run(results={"test": "failed"}, logs=FULL_DISK))
    assert (found.category, found.advice, found.pipeline_changed) == ("infrastructure", "fix", "yes")
    assert found.decided_by.endswith("look first at what changed since the last good build: variable group")
    assert [(change.what, change.name, change.by) for change in found.pipeline_changes] == [
        ("variable group", "pricing", "Lena Vogt")
    ]


def test_a_full_disk_that_another_attempt_did_not_free_is_for_somebody_else(pipeline, diagnose):
    pipeline.run()
    failed = pipeline.run(results={"test": "failed"}, logs=FULL_DISK)
    failed.retry("__default", results={"test": "failed"}, logs=FULL_DISK)
    found = diagnose(failed)
    assert (found.category, found.advice) == ("infrastructure", "escalate")
    assert found.decided_by.endswith("; 2 attempts failed")


def test_another_step_that_failed_before_makes_no_attempt_vain(pipeline, diagnose):
    pipeline.run()
    failed = pipeline.run(results={"test": "failed"}, logs=FULL_DISK)
    failed.retry("__default", results={"deploy": "failed"}, logs={"deploy": FULL_DISK["test"]})
    found = diagnose(failed)
    assert (found.category, found.advice) == ("infrastructure", "retry")
    assert [(step.name, step.attempt) for step in found.failed] == [("deploy", 2)]
    [first] = found.earlier
    assert (first.name, first.attempt, first.result, first.where) == ("test", 1, "failed", found.failed[0].where)
    assert first.log not in {None, found.failed[0].log}
    assert first.issues == ["error: Bash exited with code '1'."]


def test_a_pass_that_came_from_a_retry_is_said(pipeline, diagnose):
    failed = pipeline.run(results={"test": "failed"}, logs=FULL_DISK)
    assert diagnose(failed).earlier == []
    failed.retry("__default", results={"test": "failed"}, logs=FULL_DISK)
    failed.retry("__default")
    found = diagnose(failed)
    assert (found.result, found.category, found.advice, found.failed) == ("succeeded", "none", "none", [])
    assert found.decided_by == "the build succeeded; it passed in a retry: test failed in attempt 1"
    assert [(step.name, step.attempt) for step in found.earlier] == [("test", 1), ("test", 2)]


def test_an_earlier_attempt_that_cannot_be_read_is_a_named_gap(organization, pipeline, diagnose):
    failed = pipeline.run(results={"test": "failed"}, logs=FULL_DISK)
    failed.retry("__default", results={"test": "failed"}, logs=FULL_DISK)
    organization.organization.faults.add(Fault("status", path="/timeline/", status=404))
    found = diagnose(failed)
    assert (found.category, found.advice, found.earlier) == ("infrastructure", "retry", [])
    assert any(note.startswith("earlier attempts not read: ") for note in found.notes)


def test_a_service_connection_between_braces_is_one_that_the_pipeline_uses(
    organization, pipeline, production, diagnose
):
    pipeline.run()
    organization.at("2026-11-03 08:00")
    production.update(by="Lena Vogt", url="https://management.example/other")
    found = diagnose(pipeline.run(results={"deploy": "failed"}, logs={"deploy": "ERROR: (AuthorizationFailed) No."}))
    assert (found.category, found.advice, found.pipeline_changed) == ("permission", "escalate", "yes")
    assert [(change.what, change.name) for change in found.pipeline_changes] == [("service connection", "production")]


def test_a_test_that_fails_since_an_earlier_build_is_not_run_again(pipeline, diagnose):
    log = {"test": "FAILED tests/test_a.py::test_x - AssertionError\n1 failed in 0.12s"}
    broken = {"results": {"test": "failed"}, "logs": log, "tests": [CaseResult("test_x", "failed", "boom")]}
    pipeline.run(tests=["test_x"])
    assert diagnose(pipeline.run(**broken)).advice == "retry"
    again = diagnose(pipeline.run(**broken))
    assert (again.category, again.advice) == ("test", "fix")
    assert "flaky" not in again.decided_by


@pytest.mark.parametrize(("slower", "advice"), [(600, "fix"), (0, "retry")])
def test_a_time_limit_names_the_step_that_took_longer(pipeline, diagnose, slower, advice):
    pipeline.run()
    failed = pipeline.run(results={"deploy": "failed"}, logs={"deploy": TIME_LIMIT["test"]})
    step = next(record for record in failed.build.records if record.name == "test")
    step.start -= timedelta(seconds=slower)
    found = diagnose(failed)
    assert (found.category, found.advice) == ("time-out", advice)
    assert ("test took" in found.decided_by) == (slower > 0)
    assert [(each.kind, each.name) for each in found.durations] == ([("Task", "test")] if slower else [])
