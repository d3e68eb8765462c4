"""The test results that the builds of the seed organization published. They say what the logs of the builds say."""

from __future__ import annotations

from datetime import datetime, timedelta

from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.test_results import FIRST_RESULT, Outcome, TestResult, TestRun

_API = (
    ("tests.test_events", "test_duplicates_are_shown_once"),
    ("tests.test_shipments", "test_an_unknown_shipment_is_404"),
    ("tests.test_settings", "test_the_timeout_is_a_number"),
    ("tests.test_shipments", "test_a_search_without_filters_gives_the_newest"),
    ("tests.test_settings", "test_the_page_size_is_fixed"),
)
_API_FAILS = frozenset({1, 3, 4})
_SCREENS = tuple(
    (f"e2e/{file}.test.ts", title)
    for file, title in (
        ("start", "start screen > opens the last shipment"),
        ("scan", "scan screen > reads a code"),
        ("settings", "settings screen > keeps the language"),
        ("tracking", "tracking screen > shows the status badge after a reload"),
    )
)
_SCREEN_FAILS = frozenset({3})
_API_TRACE = """self = environ({'AGENT_OS': 'Linux', 'DB_HOST': 'localhost', 'DB_TIMEOUT': '30', ...})

>   DATABASE_TIMEOUT = float(os.environ["DATABASE_TIMEOUT"])

src/platform_api/settings.py:10:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _
>           raise KeyError(key) from None
E           KeyError: 'DATABASE_TIMEOUT'

<frozen os>:714: KeyError"""
_SCREEN_MESSAGE = "Test Failed: Timed out while waiting for TOBEVISIBLE (id == 'status-badge') TIMEOUT(5 seconds)"
_PUBLISHES = frozenset({"Publish test results", "Screen tests"})


def seed_test_results(organization: Organization) -> None:
    """Add the test run of each build that ran tests to their end."""
    for build in organization.builds.builds.values():
        if build.status != "completed" or build.records is None:
            continue
        when = _published(build)
        if build.definition.name == "platform-api-ci" and when:
            failed = _API_FAILS if build.result == "failed" else frozenset()
            _add(organization, build, when, "pytest", _API, failed, "KeyError: 'DATABASE_TIMEOUT'", _API_TRACE)
        elif build.definition.name == "tidewater-app-ci" and when:
            failed = _SCREEN_FAILS if build.result == "partiallySucceeded" else frozenset()
            _add(
                organization, build, when, "Screen tests", _SCREENS, failed, _SCREEN_MESSAGE, "at tracking.test.ts:38:7"
            )


def _published(build: Build) -> datetime | None:
    """Return when the results were published; None when the build did not come so far."""
    for record in build.records or ():
        if record.finish and record.name in _PUBLISHES:
            return record.finish
    return None


def _add(
    organization: Organization,
    build: Build,
    when: datetime,
    name: str,
    tests: tuple[tuple[str, str], ...],
    failed: frozenset[int],
    message: str,
    trace: str,
) -> None:
    number = organization.next_id("testRun")
    run = TestRun(number, build.definition.project, name, build.id, build.requested_by, when - timedelta(seconds=1))
    run.state, run.completed = "Completed", when
    run.pipeline = {
        "pipelineId": build.id,
        "stageReference": {"stageName": "__default", "attempt": 1},
        "phaseReference": {"phaseName": "Test", "attempt": 1},
        "jobReference": {"jobName": "__default", "attempt": 1},
    }
    for place, (storage, title) in enumerate(tests):
        bad = place in failed
        outcome: Outcome = "Failed" if bad else "Passed"
        full = f"{storage}.{title}" if "/" not in storage else title
        texts = (message, trace) if bad else ("", "")
        run.results.append(TestResult(FIRST_RESULT + place, full, outcome, title, storage, *texts, 4.0))
    organization.test_runs[number] = run
