"""The lines of build logs, without the time at the beginning of each line."""

from __future__ import annotations

from collections.abc import Sequence

from azure_devops_simulator.state.git_objects import Commit
from azure_devops_simulator.state.projects import Repository

SOURCES = "/__w/1/s"

_RULE = "=" * 78


def task(name: str, kind: str, version: str, description: str, body: Sequence[str]) -> tuple[str, ...]:
    """Return the log of a task: banner, body, end."""
    topic = kind.lower().replace(" ", "-")
    return (
        f"##[section]Starting: {name}",
        _RULE,
        f"Task         : {kind}",
        f"Description  : {description}",
        f"Version      : {version}",
        "Author       : Microsoft Corporation",
        f"Help         : https://docs.microsoft.com/azure/devops/pipelines/tasks/utility/{topic}",
        _RULE,
        *body,
        f"##[section]Finishing: {name}",
    )


def script(name: str, *body: str) -> tuple[str, ...]:
    """Return the log of a command line step."""
    start = (
        "Generating script.",
        "========================== Starting Command Output ===========================",
        "[command]/usr/bin/bash --noprofile --norc /__w/_temp/3f0c9a4e-7a55-4c1e-9a4f-6f2d3b1c8e21.sh",
    )
    text = "Run a command line script using Bash on Linux and macOS and cmd.exe on Windows"
    return task(name, "Command line", "2.250.1", text, (*start, *body))


def initialize_job(agent: str, image: str) -> tuple[str, ...]:
    """Return the first step of every job."""
    system = ("macOS", "15.7.2", "24G325") if image.startswith("macOS") else ("Ubuntu", "24.04.3", "LTS")
    return (
        "##[section]Starting: Initialize job",
        f"Agent name: '{agent}'",
        f"Agent machine name: 'runner-{agent.rsplit(' ', 1)[-1].lower()}'",
        "Current agent version: '4.264.2'",
        "##[group]Operating System",
        *system,
        "##[endgroup]",
        "##[group]Runner Image",
        f"Image: {image}",
        "Version: 20261110.98.1",
        "##[endgroup]",
        "Agent running as: 'vsts'",
        "Prepare build directory.",
        "Set build variables.",
        "Download all required tasks.",
        "Downloading task: CmdLine (2.250.1)",
        "Checking job knob settings.",
        "   Knob: DockerActionRetries = true Source: $(VSTSAGENT_DOCKER_ACTION_RETRIES)",
        "   Knob: AgentToolsDirectory = /opt/hostedtoolcache Source: ${AGENT_TOOLSDIRECTORY}",
        "Finished checking job knob settings.",
        "Start tracking orphan processes.",
        "##[section]Finishing: Initialize job",
    )


def checkout(repository: Repository, commit: Commit, branch: str) -> tuple[str, ...]:
    """Return the step that fetches the sources."""
    name = f"Checkout {repository.name}@{branch.removeprefix('refs/heads/')} to s"
    url = f"https://dev.azure.com/tidewater/{repository.project.name.replace(' ', '%20')}/_git/{repository.name}"
    body = (
        f"Syncing repository: {repository.name} (Git)",
        "[command]git version",
        "git version 2.51.0",
        "[command]git lfs version",
        "git-lfs/3.7.0 (GitHub; linux amd64; go 1.24.4)",
        f'[command]git init "{SOURCES}"',
        f"Initialized empty Git repository in {SOURCES}/.git/",
        f"[command]git remote add origin {url}",
        "[command]git config gc.auto 0",
        f"[command]git config --get-all http.{url}.extraheader",
        f"[command]git fetch --force --tags --prune --depth=1 origin +{commit.id}:refs/remotes/origin/{commit.id}",
        f"From {url}",
        f" * [new ref]         {commit.id} -> origin/{commit.id}",
        f"[command]git checkout --progress --force refs/remotes/origin/{commit.id}",
        f"Note: switching to 'refs/remotes/origin/{commit.id}'.",
        "",
        "You are in 'detached HEAD' state. You can look around, make experimental",
        "changes and commit them, and you can discard any commits you make in this",
        "state without impacting any branches by switching back to a branch.",
        "",
        f"HEAD is now at {commit.id[:7]} {commit.subject}",
    )
    return task(name, "Get sources", "1.0.0", "Get sources from a repository. Supports Git, TfsVC, and SVN.", body)


def finalize_job() -> tuple[str, ...]:
    """Return the last step of every job."""
    return (
        "##[section]Starting: Finalize Job",
        "Cleaning up task key",
        "Start cleaning up orphan processes.",
        "##[section]Finishing: Finalize Job",
    )


def pip_install() -> tuple[str, ...]:
    """Return the log of installing platform-api with its test dependencies."""
    names = (
        ("annotated-types", "0.7.0"),
        ("anyio", "4.11.0"),
        ("certifi", "2026.10.18"),
        ("fastapi", "0.121.2"),
        ("h11", "0.16.0"),
        ("httpcore", "1.0.9"),
        ("httpx", "0.28.1"),
        ("idna", "3.11"),
        ("iniconfig", "2.3.0"),
        ("packaging", "25.0"),
        ("pluggy", "1.6.0"),
        ("psycopg", "3.2.13"),
        ("psycopg-binary", "3.2.13"),
        ("psycopg-pool", "3.2.7"),
        ("pydantic", "2.12.4"),
        ("pydantic-core", "2.41.5"),
        ("pytest", "9.0.1"),
        ("pytest-asyncio", "1.3.0"),
        ("respx", "0.22.0"),
        ("starlette", "0.49.3"),
        ("typing-extensions", "4.15.0"),
    )
    got = [line for name, version in names for line in (f"Collecting {name}", f"  Downloading {name}-{version}.whl")]
    done = " ".join(f"{name}-{version}" for name, version in names)
    return (
        f"Obtaining file://{SOURCES}",
        "  Installing build dependencies: finished with status 'done'",
        "  Preparing editable metadata (pyproject.toml): finished with status 'done'",
        *got,
        "Building wheels for collected packages: platform-api",
        "Successfully built platform-api",
        f"Successfully installed {done} platform-api-2.8.0",
    )


_TESTS_START = (
    "============================= test session starts ==============================",
    "platform linux -- Python 3.12.12, pytest-9.0.1, pluggy-1.6.0",
    f"rootdir: {SOURCES}",
    "configfile: pyproject.toml",
    "testpaths: tests",
    "plugins: anyio-4.11.0, asyncio-1.3.0, respx-0.22.0",
    "asyncio: mode=Mode.STRICT, debug=False, asyncio_default_fixture_loop_scope=None",
)
_WARNINGS = tuple(
    line
    for number, name in enumerate(("events", "settings", "shipments"), start=1)
    for line in (
        f"tests/test_{name}.py:{number}",
        f"  {SOURCES}/tests/test_{name}.py:{number}: DeprecationWarning: loop policies will be removed in Python 3.16",
        "    loop = asyncio.get_event_loop_policy()",
        "",
    )
)


def tests_passed() -> tuple[str, ...]:
    """Return a good run of the unit tests."""
    return (
        *_TESTS_START,
        "collected 5 items",
        "",
        ".....                                                                    [100%]",
        "",
        "=============================== warnings summary ===============================",
        *_WARNINGS,
        "-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html",
        f"- generated xml file: {SOURCES}/test-results.xml -",
        "5 passed, 3 warnings in 2.14s",
    )


_IMPORT_CHAIN = (
    ("src/platform_api/app.py", 5, "from platform_api.routes import health, labels, shipments"),
    ("src/platform_api/routes/health.py", 5, "from platform_api.db import session"),
    ("src/platform_api/db/session.py", 5, "from platform_api import settings"),
)


def _traceback(title: str, first: Sequence[str], chain: Sequence[tuple[str, int, str]]) -> list[str]:
    """Return one error as pytest prints it: where it began, the imports in between, the line that failed."""
    lines = [f"{title:_^80}", "", *first, "_ " * 40, ""]
    for path, line, code in chain:
        lines += [f">   {code}", "", f"{path}:{line}: in <module>", "_ " * 40, ""]
    lines += [
        '    """Settings, read once from the environment when the module is imported."""',
        "    ",
        "    import os",
        "    ",
        '    DB_HOST = os.environ.get("DB_HOST", "localhost")',
        '    DB_PORT = int(os.environ.get("DB_PORT", "5432"))',
        '    DB_NAME = os.environ.get("DB_NAME", "platform")',
        "    ",
        "    # Seconds until a query is given up. There is no default on purpose: each environment has to decide.",
        '>   DATABASE_TIMEOUT = float(os.environ["DATABASE_TIMEOUT"])',
        "                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "",
        "src/platform_api/settings.py:10: ",
        "_ " * 40,
        "",
        "self = environ({'AGENT_OS': 'Linux', 'DB_HOST': 'localhost', 'DB_PORT': '5432', 'DB_TIMEOUT': '30', ...})",
        "key = 'DATABASE_TIMEOUT'",
        "",
        "    def __getitem__(self, key):",
        "        try:",
        "            value = self._data[self.encodekey(key)]",
        "        except KeyError:",
        "            # raise KeyError with the original key value",
        ">           raise KeyError(key) from None",
        "E           KeyError: 'DATABASE_TIMEOUT'",
        "",
        "<frozen os>:714: KeyError",
    ]
    return lines


def _fixture(test: str) -> list[str]:
    return [
        "    @pytest.fixture",
        "    def client() -> TestClient:",
        '        """A client of the application."""',
        ">       from platform_api.app import app",
        "",
        f"tests/conftest.py:10: in client for {test}",
    ]


def tests_failed() -> tuple[str, ...]:
    """Return the log of a run that does not find the renamed variable, with the full error of each test."""
    page_size = [
        "    def test_the_page_size_is_fixed():",
        ">       from platform_api import settings",
        "",
        "tests/test_settings.py:13: ",
    ]
    shipments = ("test_an_unknown_shipment_is_404", "test_a_search_without_filters_gives_the_newest")
    errors = [
        line for test in shipments for line in _traceback(f" ERROR at setup of {test} ", _fixture(test), _IMPORT_CHAIN)
    ]
    return (
        *_TESTS_START,
        "collected 5 items",
        "",
        ".E.EF                                                                    [100%]",
        "",
        "==================================== ERRORS ====================================",
        *errors,
        "=================================== FAILURES ===================================",
        *_traceback(" test_the_page_size_is_fixed ", page_size, ()),
        *_environment(),
        "=============================== warnings summary ===============================",
        *_WARNINGS,
        "-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html",
        f"- generated xml file: {SOURCES}/test-results.xml -",
        "=========================== short test summary info ============================",
        "FAILED tests/test_settings.py::test_the_page_size_is_fixed - KeyError: 'DATABASE_TIMEOUT'",
        *(f"ERROR tests/test_shipments.py::{test} - KeyError: 'DATABASE_TIMEOUT'" for test in shipments),
        "1 failed, 2 passed, 3 warnings, 2 errors in 3.02s",
        "##[error]Bash exited with code '1'.",
    )


def _environment() -> list[str]:
    """Return the environment, which the service's template prints after a failure."""
    known = {
        "AGENT_JOBNAME": "Test",
        "AGENT_OS": "Linux",
        "BUILD_DEFINITIONNAME": "platform-api-ci",
        "BUILD_REPOSITORY_NAME": "platform-api",
        "CARRIER_RETRIES": "3",
        "DB_HOST": "localhost",
        "DB_NAME": "platform_test",
        "DB_PORT": "5432",
        "DB_TIMEOUT": "30",
        "PYTHON_VERSION": "3.12",
        "SYSTEM_TEAMPROJECT": "Platform",
        "TF_BUILD": "True",
    }
    names = (
        "ALERTS BOOKING CALENDAR COLLECTOR CUSTOMS DEPOT DOCUMENTS GEOCODER INVOICES LABELS METRICS NORTHLINE NOTIFIER "
        "PORTS QUEUE RATES SCHEDULES SEARCH SUNDPORT TRACKING"
    )
    for number, name in enumerate(names.split()):
        for item, value in (("HOST", f"10.42.{number}.7"), ("PORT", str(8080 + number)), ("PROTOCOL", "tcp")):
            known[f"{name}_SERVICE_{item}"] = value
        for item, value in (("ADDR", f"10.42.{number}.7"), ("PORT", str(8080 + number)), ("PROTO", "tcp")):
            known[f"{name}_PORT_{8080 + number}_TCP_{item}"] = value
    for name in ("ANDROID", "ANT", "CHROMEWEBDRIVER", "CONDA", "EDGEWEBDRIVER", "GRADLE", "JAVA", "SELENIUM", "VCPKG"):
        known |= {f"{name}_HOME": f"/usr/share/{name.lower()}", f"{name}_VERSION": "2026.11"}
    versions = ("1_22", "1_23", "1_24", "1_25")
    known |= {
        f"GOROOT_{version}_X64": f"/opt/hostedtoolcache/go/{version.replace('_', '.')}/x64" for version in versions
    }
    lines = ["------------------------- environment of the test run --------------------------"]
    return lines + [f"{name}={known[name]}" for name in sorted(known)]
