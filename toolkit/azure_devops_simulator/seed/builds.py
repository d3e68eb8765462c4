"""The pipelines of the seed organization and all their runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from azure_devops_simulator.areas.builds import log_text as logs
from azure_devops_simulator.areas.builds.run import finish_build
from azure_devops_simulator.areas.builds.steps import Job, Stage, Step, Timeline, job_of, line_of, moment, skipped
from azure_devops_simulator.areas.builds.yaml import committed_yaml, problems
from azure_devops_simulator.seed import build_product_logs as product_logs
from azure_devops_simulator.state.builds import Artifact, Build, Definition, Issue, Reason
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.soak_log import SoakLog

DANA, PRIYA, TOM = "Dana Ortiz", "Priya Raman", "Tom Becker"
MINA, LUIS = "Mina Sato", "Luis Ferreira"
MAIN, RELEASE = "refs/heads/main", "refs/heads/release/2.8"
_STILL_RUNNING = timedelta(minutes=6)


@dataclass(frozen=True)
class Run:
    """A build to seed. `commit` is a commit subject, or a pull request such as `!15`."""

    when: str
    definition: Definition
    commit: str
    who: str
    write: Callable[[Build], None]
    branch: str = MAIN
    reason: Reason = "individualCI"


def seed_builds(organization: Organization) -> None:
    """Add the pipelines and their builds, oldest first, so that ids follow the calendar."""
    runs = [*_platform(organization), *_operations(organization), *_products(organization)]
    for run in sorted(runs, key=lambda run: run.when):
        add_run(organization, run)
    for build in organization.builds.builds.values():
        if build.status == "inProgress":
            finish_build(build, SEED_NOW + _STILL_RUNNING)
            organization.builds.watch(build)


def _pipeline(
    organization: Organization, project: str, repository: str, name: str, when: str, who: str, **more: str
) -> Definition:
    found = organization.repository(project, repository)
    path, author = more.pop("path", "/azure-pipelines.yml"), organization.named(who)
    return organization.builds.add_definition(found, name, path, author=author, when=moment(when), **more)


def add_run(organization: Organization, run: Run) -> None:
    """Add a build and let it run."""
    repository = run.definition.repository
    by = organization.named("Tidewater CI" if run.reason in {"schedule", "individualCI"} else run.who)
    if run.commit.startswith("!"):
        pull_request = organization.pull_requests[int(run.commit[1:])]
        version, branch = pull_request.merge_commit or pull_request.last_source, f"refs/pull/{pull_request.id}/merge"
    else:
        version, branch = repository.find_commit(run.commit).id, run.branch
    build = organization.builds.add_build(
        run.definition,
        branch=branch,
        version=version,
        by=by,
        when=moment(run.when),
        reason=run.reason,
        requested_for=organization.named(run.who),
    )
    commit = repository.commit(version)
    if run.reason == "individualCI":
        build.trigger_info = {"ci.sourceBranch": branch, "ci.sourceSha": version, "ci.message": commit.subject}
    elif run.reason == "pullRequest":
        source = pull_request.source
        build.trigger_info = {
            "pr.number": run.commit[1:],
            "pr.sourceBranch": source,
            "pr.sourceSha": pull_request.last_source,
        }
    run.write(build)


def _platform(organization: Organization) -> list[Run]:
    ci = _pipeline(organization, "Platform", "platform-api", "platform-api-ci", "2026-08-26 13:50", DANA)
    soak = _pipeline(
        organization,
        "Platform",
        "platform-api",
        "nightly-soak",
        "2026-10-06 07:55",
        DANA,
        path="/pipelines/nightly-soak.yml",
        pool="linux-large",
    )
    rename = "Merged PR 13: Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings"
    version, owners = "Set the version to 2.8.0", "Say how to reach the owners"
    label, malformed = "Fix the label width for the new printers", "Answer 422 to a malformed shipment number"
    return [
        Run("2026-10-06 07:52", ci, "Replay production traffic every night", DANA, _ci_good),
        Run("2026-10-14 11:02", ci, "Merged PR 3: Retry carrier calls on 502 and 503", MINA, _ci_good),
        Run("2026-10-19 08:17", ci, version, DANA, _ci_good),
        Run("2026-10-20 08:22", ci, "Prepare release 2.8.0", DANA, _ci_good, RELEASE),
        Run("2026-10-26 09:46", ci, "Show the time of the last event in search results", PRIYA, _ci_warned),
        Run("2026-10-27 15:22", ci, label, TOM, _ci_good, RELEASE),
        Run("2026-11-09 09:27", ci, "Name what counts as a slow query", TOM, _ci_canceled),
        Run("2026-11-11 08:07", ci, "Raise the memory limit to 768 MiB", DANA, _ci_good),
        Run("2026-11-17 09:32", ci, rename, TOM, _ci_broken),
        Run("2026-11-17 14:05", ci, rename, TOM, _ci_broken, reason="manual"),
        Run("2026-11-18 10:14", ci, owners, PRIYA, _ci_broken),
        Run("2026-11-18 15:17", ci, "!15", TOM, _ci_broken, reason="pullRequest"),
        Run("2026-11-19 13:57", ci, malformed, MINA, _ci_broken),
        Run("2026-11-20 08:55", ci, label, PRIYA, _ci_running, RELEASE, reason="manual"),
        Run("2026-11-17 01:00", soak, "Raise the memory limit to 768 MiB", DANA, _soak_good, reason="schedule"),
        Run("2026-11-18 01:00", soak, rename, DANA, _soak_good, reason="schedule"),
        Run("2026-11-19 01:00", soak, owners, DANA, _soak_good, reason="schedule"),
        Run("2026-11-20 01:00", soak, malformed, DANA, _soak_bad, reason="schedule"),
    ]


def _operations(organization: Organization) -> list[Run]:
    deploy = _pipeline(
        organization,
        "Platform",
        "infrastructure",
        "infrastructure-deploy",
        "2026-08-26 09:40",
        PRIYA,
        folder="\\operations",
        pool="tidewater-private",
    )
    docs = _pipeline(organization, "Platform", "docs", "docs-publish", "2026-08-27 09:10", DANA)
    storage = "Merged PR 2: Put storage behind a private endpoint"
    decision = "Record why database access stays synchronous"
    return [
        Run("2026-09-24 08:42", deploy, "Keep backups for 30 days", DANA, _deploy_good),
        Run("2026-10-06 10:32", deploy, storage, PRIYA, _deploy_good),
        Run("2026-11-19 06:30", deploy, storage, DANA, _deploy_lost, reason="manual"),
        Run("2026-10-22 09:02", docs, "Merged PR 5: Describe how a release is cut", DANA, _docs_good),
        Run("2026-11-05 10:02", docs, decision, LUIS, _docs_good),
        Run("2026-11-17 16:22", docs, "Publish with the shared template", LUIS, _docs_invalid),
    ]


def _products(organization: Organization) -> list[Run]:
    checkout = _pipeline(organization, "Payments", "checkout-service", "checkout-service-ci", "2026-08-27 13:40", MINA)
    ledger = _pipeline(organization, "Payments", "ledger", "ledger-ci", "2026-09-01 09:05", TOM)
    app = _pipeline(organization, "Mobile App", "tidewater-app", "tidewater-app-ci", "2026-09-04 10:05", MINA)
    leak, start = "Add storage settings for the smoke test", "Add CI"
    return [
        Run("2026-09-08 09:47", checkout, "Write receipts to blob storage", LUIS, _checkout_without_settings),
        Run("2026-10-07 18:24", checkout, leak, LUIS, _checkout_leaking),
        Run("2026-10-16 10:12", checkout, "Describe how a release is verified", PRIYA, _checkout_good),
        Run("2026-11-02 09:32", checkout, "Say that only cards are taken", MINA, _checkout_good),
        Run("2026-11-17 15:07", checkout, "!14", LUIS, _checkout_good, reason="pullRequest"),
        Run("2026-09-01 09:07", ledger, start, TOM, _ledger_good),
        Run("2026-10-01 14:02", ledger, "Know accounting periods", DANA, _ledger_good),
        Run("2026-11-12 13:32", ledger, "!10", TOM, _ledger_good, reason="pullRequest"),
        Run("2026-11-19 07:00", ledger, "Know accounting periods", DANA, _ledger_good, reason="schedule"),
        Run("2026-09-04 10:07", app, start, MINA, _app_good),
        Run("2026-11-16 09:22", app, "!12", MINA, _app_flaky, reason="pullRequest"),
        Run("2026-11-17 11:30", app, start, PRIYA, _app_good, reason="manual"),
        Run("2026-11-18 11:30", app, start, PRIYA, _app_flaky_with_note, reason="manual"),
        Run("2026-11-19 15:00", app, start, MINA, _app_flaky, reason="manual"),
    ]


def _script(name: str, seconds: float, *body: str) -> Step:
    return Step(name, seconds, logs.script(name, *body))


def _python_steps() -> list[Step]:
    found = ("Found tool in cache: Python 3.12.12 x64", "Prepending PATH environment variable with directory")
    use = logs.task("Use Python 3.12", "Use Python version", "0.248.0", "Use the specified version of Python", found)
    return [
        Step("Use Python 3.12", 2, use, task=("UsePythonVersion", "0.248.0")),
        _script("Install dependencies", 31, *logs.pip_install()),
    ]


def _publish(*problem: str, failed_tests: int = 0) -> Step:
    name = "Publish test results"
    body = (f"Publishing test results from test-results.xml: 5 tests, {failed_tests} failed.", *problem)
    text = "Publish test results to Azure Pipelines"
    messages = logs.task(name, "Publish Test Results", "2.257.0", text, body)
    step = Step(name, 3, messages, task=("PublishTestResults", "2.257.0"))
    if problem:
        warning = problem[0].removeprefix("##[warning]")
        step.result, step.issues = "succeededWithIssues", [Issue("warning", warning, line_of(messages, "##[warning]"))]
    return step


def _package(build: Build) -> Job:
    image = f"tidewater/platform-api:{build.number}"
    body = (
        "#1 [internal] load build definition from Dockerfile",
        "#8 exporting to image",
        f"#8 naming to {image} done",
    )
    return job_of(build, "Package", [_script("Build image", 48, *body)], agent="Azure Pipelines 3")


def _deploy_staging(build: Build) -> Stage:
    body = (
        'Release "platform-api" has been upgraded. Happy Helming!',
        "STATUS: deployed",
        f"REVISION: {build.id + 40}",
    )
    if build.source_branch != MAIN:
        return Stage("Deploy", [skipped("Staging")])
    return Stage("Deploy", [job_of(build, "Staging", [_script("Deploy to staging", 22, *body)])])


def _ci_good(build: Build) -> None:
    tests = _script("Run unit tests", 7, *logs.tests_passed())
    jobs = [job_of(build, "Test", [*_python_steps(), tests, _publish()]), _package(build)]
    Timeline(build).write([Stage("Build", jobs), _deploy_staging(build)])
    report = {
        "test-results.xml": b'<testsuites><testsuite name="pytest" tests="5" failures="0" errors="0"/></testsuites>\n'
    }
    build.artifacts = [Artifact(build.id * 10 + 1, "test-results", report)]
    if build.source_branch == RELEASE:
        build.tags = ["release"]


def _ci_warned(build: Build) -> None:
    tests = _script("Run unit tests", 7, *logs.tests_passed())
    warning = "##[warning]Failed to publish attachments of the test run: the request timed out after 100 seconds."
    jobs = [job_of(build, "Test", [*_python_steps(), tests, _publish(warning)]), _package(build)]
    Timeline(build).write([Stage("Build", jobs), _deploy_staging(build)])


def _ci_broken(build: Build) -> None:
    messages = logs.script("Run unit tests", *logs.tests_failed())
    line = line_of(messages, "##[error]")
    tests = Step("Run unit tests", 8, messages, "failed", [Issue("error", "Bash exited with code '1'.", line)])
    jobs = [job_of(build, "Test", [*_python_steps(), tests, _publish(failed_tests=3)]), skipped("Package")]
    Timeline(build).write([Stage("Build", jobs), Stage("Deploy", [skipped("Staging")])])


def _ci_canceled(build: Build) -> None:
    messages = logs.script("Run unit tests", "##[error]The operation was canceled.")
    issue = Issue("error", "The operation was canceled.", line_of(messages, "##[error]"))
    tests = Step("Run unit tests", 2, messages, "canceled", [issue])
    jobs = [job_of(build, "Test", [*_python_steps(), tests]), skipped("Package")]
    Timeline(build).write([Stage("Build", jobs), Stage("Deploy", [skipped("Staging")])])


def _ci_running(build: Build) -> None:
    tests = Step("Run unit tests", 0, (), None)
    Timeline(build).write([Stage("Build", [job_of(build, "Test", [*_python_steps(), tests])])])


def _soak_good(build: Build) -> None:
    step = Step("Replay five hours of traffic", 18_000, SoakLog(12_000))
    Timeline(build).write([Stage("__default", [job_of(build, "Soak", [step], agent="linux-large-02")])])


def _soak_bad(build: Build) -> None:
    name = "Replay five hours of traffic"
    issue = Issue("error", "Bash exited with code '1'.")
    step = Step(name, 18_000, SoakLog(error_at=product_logs.SOAK_ERROR_LINE), "failed", [issue])
    Timeline(build).write([Stage("__default", [job_of(build, "Soak", [step], agent="linux-large-02")])])


def _deploy_good(build: Build) -> None:
    def stage(name: str, group: str) -> Stage:
        body = (f'"resourceGroup": "{group}",', '"provisioningState": "Succeeded"')
        step = _script(f"Deploy {name.lower()}", 190, *body)
        step.task = ("AzureCLI", "2.259.1")
        return Stage(name, [job_of(build, "Deploy", [step], agent="tidewater-private-01")])

    Timeline(build).write([stage("Staging", "rg-tidewater-staging"), stage("Production", "rg-tidewater-prod")])


def _deploy_lost(build: Build) -> None:
    message = (
        "The agent did not connect within the allotted time of 60 minute(s). Pool: tidewater-private, "
        "agent: tidewater-private-01."
    )
    lost = Job(
        "Deploy", [], [Issue("error", message)], result="failed", lost_seconds=timedelta(hours=1).total_seconds()
    )
    Timeline(build).write([Stage("Staging", [lost]), Stage("Production", [skipped("Deploy")])])


def _docs_good(build: Build) -> None:
    steps = [
        _script("Install MkDocs", 9, "Successfully installed mkdocs-1.6.1"),
        _script(
            "Build the handbook", 4, "INFO    -  Building documentation", "INFO    -  Documentation built in 0.61 s"
        ),
    ]
    Timeline(build).write([Stage("__default", [job_of(build, "Job", steps)])])


def _docs_invalid(build: Build) -> None:
    build.validation = problems(build.definition, committed_yaml(build.definition, build.source_version))
    build.status, build.result = "completed", "failed"
    build.start = build.finish = build.changed = build.queued


def _checkout(build: Build, smoke: Step) -> None:
    tests = (" ✓ tests/cart.test.ts (1 test) 3ms", " Test Files  1 passed (1)", "      Tests  1 passed (1)")
    steps = [
        _script("Use Node 22", 2, "Found tool in cache: node 22.21.1 x64"),
        _script("Install dependencies", 15, *product_logs.npm_install(214)),
        _script("Build and test", 12, "> checkout-service@1.14.2 build", "> tsc -p .", *tests),
    ]
    steps.append(smoke)
    Timeline(build).write([Stage("__default", [job_of(build, "Job", steps)])])


def _checkout_good(build: Build) -> None:
    _checkout(build, _script("Smoke test receipts", 5, *product_logs.smoke_test(leaking=False)))


def _checkout_leaking(build: Build) -> None:
    _checkout(build, _script("Smoke test receipts", 5, *product_logs.smoke_test(leaking=True)))


def _checkout_without_settings(build: Build) -> None:
    missing = "deploy/storage.env: No such file or directory"
    messages = logs.script("Smoke test receipts", missing, "##[error]Bash exited with code '1'.")
    issue = Issue("error", "Bash exited with code '1'.", line_of(messages, "##[error]"))
    _checkout(build, Step("Smoke test receipts", 1, messages, "failed", [issue]))


def _ledger_good(build: Build) -> None:
    steps = [
        _script("Use Go 1.23", 2, "Found tool in cache: go 1.23.12 x64"),
        _script("Vet", 6),
        _script("Test", 9, "ok  \ttidewater.example/ledger/internal/posting\t0.004s"),
    ]
    Timeline(build).write([Stage("__default", [job_of(build, "Job", steps)])])


def _app(build: Build, *, flaky: bool, note: bool = False) -> None:
    messages = logs.script("Screen tests", *product_logs.screen_tests(flaky=flaky, note=note))
    screens = Step("Screen tests", 96, messages)
    if flaky:
        # The step may fail without failing the job, because the file says continueOnError.
        line = line_of(messages, "##[error]")
        screens.result, screens.issues = "succeededWithIssues", [Issue("error", "Bash exited with code '1'.", line)]
    steps = [
        _script("Install dependencies", 40, *product_logs.npm_install(1187)),
        _script("Lint", 8, "> eslint src"),
        _script("Unit tests", 11, "Tests:       3 passed, 3 total"),
        screens,
    ]
    job = job_of(build, "Job", steps, agent="Azure Pipelines 12", image="macOS-15")
    Timeline(build).write([Stage("__default", [job])])


def _app_good(build: Build) -> None:
    _app(build, flaky=False)


def _app_flaky(build: Build) -> None:
    _app(build, flaky=True)


def _app_flaky_with_note(build: Build) -> None:
    _app(build, flaky=True, note=True)
