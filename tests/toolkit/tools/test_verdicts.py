"""The kind of a failure, the rule that decided about it, and what to do."""

import pytest
from tool_calls import FULL, call, connected

from azure_devops_simulator import CaseResult, Fault, SimulatorServer, build_organization
from azure_devops_simulator.state.builds import Issue

YAML = """jobs:
- job: build
  steps:
  - script: make
    displayName: compile
  - script: make test
    displayName: test
  - script: make publish
    displayName: publish
    condition: always()
"""


TWO_JOBS = """jobs:
- job: first
  steps:
  - script: make
    displayName: compile
- job: second
  steps:
  - script: sleep 1
    displayName: slow
"""
COMPILER = "main.c:3:5: error: 'x' undeclared"


class World:
    """A pipeline with three steps, of which the last always runs."""

    def __init__(self, yaml=YAML) -> None:
        self.world = build_organization("contoso").at("2026-11-02 09:00")
        self.world.add_token(FULL)
        self.platform = self.world.add_project("Platform")
        self.repository = self.platform.add_repository("api", {"a.py": "one\n"})
        self.ci = self.platform.add_pipeline("ci", repository=self.repository, yaml=yaml)

    def fail(self, log="", *, step="compile", **arguments):
        return self.ci.run(results={step: "failed"}, logs={step: log} if log else None, **arguments)

    def diagnose(self, build, **arguments):
        with SimulatorServer(self.world.organization) as server, connected(server.base_url, FULL) as client:
            return call(client, "diagnose_build", build=build.id, **arguments)


@pytest.fixture
def made():
    return World()


@pytest.fixture
def two_jobs():
    return World(TWO_JOBS)


def job_of(run):
    return next(record for record in run.build.records if record.type == "Job")


@pytest.mark.parametrize(
    ("log", "category", "advice"),
    [
        ("src/main.c:3:5: error: 'x' undeclared (first use in this function)", "build", "fix"),
        ("src/app.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.", "build", "fix"),
        ("FAILED tests/test_a.py::test_x - AssertionError: assert 1 == 2\n1 failed, 3 passed in 0.12s", "test", "fix"),
        ("npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree", "dependency", "fix"),
        ("ERROR: No matching distribution found for left-pad==9.9.9", "dependency", "fix"),
        ("fatal: unable to access 'https://x.example/': Could not resolve host: x.example", "infrastructure", "retry"),
        ("No space left on device", "infrastructure", "retry"),
        ("remote: TF401027: You need the Git 'GenericContribute' permission to perform this action.", "permission",
         "escalate"),
        (("[ERROR] Failed to execute goal on project app: Could not resolve dependencies for project a:b:jar:1: "
         "Could not find artifact c:d:jar:9 in central"), "dependency", "fix"),
        ("> Could not resolve all files for configuration ':compileClasspath'.\n   > Could not find com.x:y:9.9.",
         "dependency", "fix"),
        ("ERROR: AADSTS7000215: Invalid client secret provided.", "permission", "escalate"),
        ('Error from server (Forbidden): deployments.apps is forbidden: User "ci" cannot create it', "permission",
         "escalate"),
        ("npm error code E401\nnpm error Incorrect or missing password.", "permission", "escalate"),
        (("/src/a.csproj : error NU1301: Unable to load the service index. Response status code does not indicate "
         "success: 401 (Unauthorized)."), "permission", "escalate"),
        ("error: timed out waiting for the condition", "time-out", "retry"),
        ("./run.sh: line 3: terraform: command not found", "build", "fix"),
        ("error: failed to push some refs to 'https://dev.example/x'", "build", "fix"),
        (" ! [remote rejected] main -> main (TF402455: Pushes to this branch are not permitted.)",
         "validation or policy", "fix"),
        ("KeyError: 'TOKEN'", "build", "fix"),
        ("what nobody knows happened", "unknown", "escalate"),
    ],
)  # fmt: skip
def test_the_log_of_the_failed_step_decides(made, log, category, advice):
    found = made.diagnose(made.fail(log))
    assert (found.category, found.advice) == (category, advice), found.decided_by
    if category == "unknown":
        assert found.decided_by == "no rule knows what the failed steps wrote"
    else:
        assert " of log " in found.decided_by
        assert log.splitlines()[0] in found.log_lines


@pytest.mark.parametrize(
    ("log", "rule"),
    [
        ("error: something odd", "error line"),
        ("Error: UPGRADE FAILED: another operation is in progress", "error line"),
        ("error[E0502]: cannot borrow `v` as mutable", "error of Rust"),
        ("\u2502 Error: Reference to undeclared resource", "error of Terraform"),
        ("error: odd\nmain.c:3:5: error: 'x' undeclared", "error of a compiler"),
        ("error: odd\nerror: failed to push some refs to 'https://dev.example/x'", "push that git refused"),
    ],
)
def test_no_tool_is_named_that_did_not_write_the_line(made, log, rule):
    assert made.diagnose(made.fail(log)).decided_by.startswith(f"{rule}, line ")


def test_the_first_failed_step_decides_and_later_ones_are_cascades(made):
    run = made.ci.run(
        results={"compile": "failed", "publish": "failed"},
        logs={"compile": "main.c:3:5: error: 'x' undeclared", "publish": "1 failed, 2 passed in 1.0s"},
    )
    found = made.diagnose(run)
    assert found.category == "build"
    assert [step.name for step in found.failed] == ["compile", "publish"]
    assert f"of log {found.failed[0].log}" in found.decided_by


def test_a_lost_agent_is_infrastructure_by_the_issue_of_its_job(made):
    run = made.fail("main.c:3:5: error: 'x' undeclared")
    job = job_of(run)
    job.issues = [
        Issue("error", "We stopped hearing from agent Azure Pipelines 7. Verify the agent machine is running")
    ]
    for record in run.build.records:
        if record.parent == job.id:
            record.result, record.issues = "succeeded", []
    found = made.diagnose(run)
    assert (found.category, found.advice) == ("infrastructure", "retry"), found.decided_by
    assert "an issue of" in found.decided_by


def test_a_job_that_ran_too_long_is_a_time_out_though_it_was_cancelled(made):
    run = made.ci.run(results={"compile": "canceled"})
    job_of(run).issues = [
        Issue("error", "The job running on agent Azure Pipelines 7 ran longer than the maximum time of 60 minutes.")
    ]
    found = made.diagnose(run)
    assert (found.result, found.category, found.advice) == ("canceled", "time-out", "retry"), found.decided_by


def test_a_build_that_a_person_cancelled_is_cancelled(made):
    found = made.diagnose(made.ci.run(results={"compile": "canceled"}))
    assert (found.category, found.advice) == ("cancelled", "none")
    assert "was cancelled before a step failed" in found.decided_by


def test_what_failed_before_a_build_was_cancelled_decides(two_jobs):
    run = two_jobs.ci.run(results={"compile": "failed", "slow": "canceled"}, logs={"compile": COMPILER})
    run.build.result = "canceled"
    found = two_jobs.diagnose(run)
    assert (found.result, found.category, found.advice) == ("canceled", "build", "fix")
    assert found.decided_by.endswith("; the build was cancelled, too")
    unknown = two_jobs.ci.run(results={"compile": "failed", "slow": "canceled"}, logs={"compile": "what nobody knows"})
    unknown.build.result = "canceled"
    found = two_jobs.diagnose(unknown)
    assert (found.category, found.advice) == ("unknown", "escalate")
    assert found.decided_by == "no rule knows what the failed steps wrote; the build was cancelled, too"


def test_a_step_that_fails_because_an_earlier_one_was_cancelled_is_no_reason(made):
    run = made.ci.run(results={"compile": "canceled", "publish": "failed"}, logs={"publish": COMPILER})
    run.build.result = "canceled"
    found = made.diagnose(run)
    assert (found.category, found.advice) == ("cancelled", "none")


def test_a_failed_step_decides_while_the_build_still_runs(two_jobs):
    run = two_jobs.ci.run(results={"compile": "failed"}, logs={"compile": COMPILER})
    run.build.status, run.build.result = "inProgress", None
    found = two_jobs.diagnose(run)
    assert (found.result, found.category, found.advice) == ("inProgress", "build", "fix")
    assert found.decided_by.endswith("; the build is still inProgress")
    run = two_jobs.ci.run(results={"compile": "failed"}, logs={"compile": "No space left on device"})
    run.build.status, run.build.result = "inProgress", None
    found = two_jobs.diagnose(run)
    assert (found.category, found.advice) == ("infrastructure", "wait")


@pytest.mark.parametrize(
    ("log", "category", "advice"),
    [
        (COMPILER, "build", "fix"),
        ("./main.go:12:5: undefined: parse\n--- FAIL: TestParse (0.00s)", "test", "retry"),
        ("make: *** [Makefile:3: check] Error 1", "test", "retry"),
    ],
)
def test_a_flaky_test_does_not_explain_what_a_compiler_proves(made, log, category, advice):
    made.ci.run(tests=["a", "b"])
    found = made.diagnose(made.fail(log, tests=[CaseResult("a", "failed", "boom"), "b"]))
    assert (found.category, found.advice) == (category, advice), found.decided_by


MANY = "steps:\n" + "".join(f"- script: x\n  displayName: s{n}\n  condition: always()\n" for n in range(15))


def test_the_logs_of_further_failed_steps_are_read_for_their_proof(made):
    many = made.platform.add_pipeline("many", repository=made.repository, yaml=MANY, path="/many.yml")
    logs = {f"s{number}": "what nobody knows" for number in range(15)}
    run = many.run(results=dict.fromkeys(logs, "failed"), logs={**logs, "s7": "write error: No space left on device"})
    found = made.diagnose(run)
    assert (found.category, found.advice) == ("infrastructure", "retry")
    assert f"of log {found.failed[7].log}" in found.decided_by
    assert found.log_lines.startswith(f"log {found.failed[7].log}, ")
    assert "write error: No space left on device" in found.log_lines
    assert f"log {found.failed[3].log}, " not in found.log_lines
    assert "3 logs of further failed steps were not read; get_build_log reads each." in found.notes


def test_of_logs_that_were_not_read_nothing_is_claimed(made):
    many = made.platform.add_pipeline("many", repository=made.repository, yaml=MANY, path="/many.yml")
    logs = {f"s{number}": "what nobody knows" for number in range(14)}
    run = many.run(results=dict.fromkeys([*logs, "s14"], "failed"), logs={**logs, "s14": "No space left on device"})
    found = made.diagnose(run)
    assert found.category == "unknown"
    assert found.decided_by == "no rule knows what 12 of 15 failed steps wrote, and the other logs were not read"


def test_without_steps_the_reason_is_said(made):
    run = made.fail(COMPILER)
    run.build.records = []
    assert made.diagnose(run).decided_by == "the service reports no failed step"
    run = made.fail(COMPILER)
    made.world.organization.faults.add(Fault("status", path="/timeline", status=404))
    found = made.diagnose(run)
    assert (found.category, found.decided_by) == ("unknown", "the steps of the build could not be read")


def test_failed_steps_without_a_log_are_told_from_those_whose_log_is_gone(made):
    run = made.fail(COMPILER)
    made.world.organization.faults.add(Fault("status", path="/logs/", status=404))
    assert made.diagnose(run).decided_by == "no log of the failed steps could be read"
    for record in run.build.records:
        record.log = None
    assert made.diagnose(run).decided_by == "the failed steps wrote no log"


def test_a_pipeline_that_the_service_refuses_is_a_matter_of_validation(made):
    run = made.ci.run()
    run.build.validation, run.build.result, run.build.records = (
        ["/azure-pipelines.yml: Unexpected value 'step'"],
        "failed",
        None,
    )
    found = made.diagnose(run)
    assert (found.category, found.advice) == ("validation or policy", "fix")
    assert "Unexpected value 'step'" in found.decided_by
    assert found.notes[0] == "/azure-pipelines.yml: Unexpected value 'step'"


def test_a_check_that_did_not_pass_is_a_matter_of_policy(made):
    run = made.ci.run()
    run.build.result = "failed"
    for record in run.build.records:
        record.result = {"Stage": "failed", "Checkpoint": "failed"}.get(record.type, "skipped")
    found = made.diagnose(run)
    assert (found.category, found.advice) == ("validation or policy", "fix")
    assert found.decided_by.startswith("the check Checkpoint")


def test_flaky_tests_are_run_again_and_others_repaired(made):
    log = "FAILED tests/test_a.py::test_x - AssertionError\n1 failed in 0.12s"
    made.ci.run(tests=["a", "b"])
    flaky = made.diagnose(made.fail(log, step="test", tests=[CaseResult("a", "failed", "boom"), "b"]))
    assert (flaky.category, flaky.advice) == ("test", "retry")
    assert flaky.decided_by.endswith("every failed test is flaky")
    made.repository.commit("Two", {"a.py": "two\n"})
    both = made.fail(log, step="test", tests=[CaseResult("a", "failed", "boom"), CaseResult("b", "failed", "bang")])
    found = made.diagnose(both)
    assert (found.category, found.advice, found.failed_test_count) == ("test", "fix", 2)
    assert {(test.name, test.age, test.flaky is not None) for test in found.tests} == {
        ("a", "old", True),
        ("b", "new", False),
    }


def test_published_tests_decide_where_the_log_says_nothing(made):
    made.ci.run(tests=["a"])
    made.repository.commit("Two", {"a.py": "two\n"})
    found = made.diagnose(made.fail(step="test", tests=[CaseResult("a", "failed", "boom")]))
    assert (found.category, found.decided_by) == ("test", "failed tests were published")
    assert [(test.name, test.age, test.message) for test in found.tests] == [("a", "new", "boom")]


def test_a_build_that_succeeded_or_still_runs_has_no_failure(made):
    found = made.diagnose(made.ci.run())
    assert (found.category, found.advice, found.failed) == ("none", "none", [])
    running = made.diagnose(made.ci.run(wait=False))
    assert (running.category, running.advice) == ("none", "wait")
    assert running.decided_by.startswith("the build is ")


def test_a_build_that_succeeded_in_part_is_judged_by_the_step_with_issues(made):
    run = made.ci.run(
        results={"test": "partiallySucceeded"},
        logs={"test": "FAILED tests/test_a.py::test_x - AssertionError\n1 failed in 0.12s"},
    )
    found = made.diagnose(run)
    assert (found.result, found.category, found.advice) == ("partiallySucceeded", "test", "fix")
    assert [(step.name, step.result) for step in found.failed] == [("test", "succeededWithIssues")]


def test_the_last_attempt_of_a_job_decides_and_its_number_is_shown(made):
    run = made.fail("main.c:3:5: error: 'x' undeclared")
    first = made.diagnose(run)
    assert [(step.name, step.attempt) for step in first.failed] == [("compile", None)]
    run.retry(
        results={"test": "failed"}, logs={"test": "FAILED tests/test_a.py::test_x - AssertionError\n1 failed in 1s"}
    )
    found = made.diagnose(run)
    assert [(step.name, step.attempt) for step in found.failed] == [("test", 2)]
    assert found.category == "test"
    run.retry()
    found = made.diagnose(run)
    assert (found.category, found.failed) == ("none", [])


def test_a_test_that_passed_in_the_last_attempt_is_no_failed_test(made):
    run = made.fail(step="publish", log="No space left on device")
    run.add_test_results([CaseResult("a", "failed", "boom")], job="build")
    run.add_test_results(["a"], job="build", attempt=2)
    found = made.diagnose(run)
    assert (found.category, found.failed_test_count, found.tests) == ("infrastructure", 0, [])
