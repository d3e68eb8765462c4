"""The repository platform-api: the main and release branches, and the finished pull requests."""

from __future__ import annotations

from azure_devops_simulator.seed.content import lfs_pointer, logo_png, ports_csv, restart_script
from azure_devops_simulator.seed.story import RepositoryStory, Story, add, edit, put

DANA, PRIYA, TOM = "Dana Ortiz", "Priya Raman", "Tom Becker"
MINA, LUIS = "Mina Sato", "Luis Ferreira"

APP = "/src/platform_api"


def describe_platform_api(story: Story) -> None:
    """Write down how platform-api came to be."""
    api = story.repository("Platform", "platform-api")
    _first_month(api)
    _second_month(api)
    _third_month(api)


def _first_month(api: RepositoryStory) -> None:
    api.commit(
        "2026-08-24 08:30",
        DANA,
        "Start platform-api from the service template",
        add("/README.md", "/pyproject.toml", "/.gitignore", "/.gitattributes", "/tests/conftest.py"),
        add(f"{APP}/__init__.py", f"{APP}/app.py", f"{APP}/settings.py"),
        add(f"{APP}/db/__init__.py", f"{APP}/db/session.py", f"{APP}/db/models.py"),
        add(f"{APP}/routes/__init__.py", f"{APP}/routes/shipments.py"),
    )
    tests = add("/tests/test_settings.py", "/tests/test_shipments.py")
    api.commit("2026-08-25 09:12", TOM, "Add unit tests for settings and shipments", tests)
    api.commit("2026-08-26 13:47", DANA, "Add CI pipeline", add("/azure-pipelines.yml", "/deploy/ci.env"))
    image = add("/deploy/Dockerfile", "/deploy/helm/values.yaml")
    api.commit("2026-08-28 10:05", PRIYA, "Package the service as a container", image)
    events = add(f"{APP}/tracking/__init__.py", f"{APP}/tracking/events.py", "/tests/test_events.py")
    api.commit("2026-09-01 14:20", MINA, "Model tracking events", events)
    carrier = add(f"{APP}/tracking/carriers/__init__.py", f"{APP}/tracking/carriers/northline.py")
    api.commit("2026-09-03 11:31", MINA, "Add the Northline carrier client", carrier)
    ports = (put("/data/ports.csv", ports_csv()), add("/scripts/load_ports.py"))
    api.commit("2026-09-07 08:58", LUIS, "Load ports from a CSV file", *ports)
    api.commit(
        "2026-09-09 15:40",
        TOM,
        "Add shipping labels",
        add(f"{APP}/routes/labels.py"),
        put("/assets/logo.png", logo_png()),
        edit(f"{APP}/app.py", "import shipments", "import labels, shipments"),
        edit(f"{APP}/app.py", "(shipments.router)\n", "(shipments.router)\napp.include_router(labels.router)\n"),
    )
    api.commit("2026-09-14 09:00", PRIYA, "Start a changelog", add("/CHANGELOG.md"))
    api.tag("2026-09-15 09:10", PRIYA, "v2.7.0", "main")


def _second_month(api: RepositoryStory) -> None:
    script = put("/scripts/restart-agent.cmd", restart_script())
    api.commit("2026-09-18 12:26", LUIS, "Add the restart script for the Windows build agents", script)
    model = put("/assets/demand-model.bin", lfs_pointer())
    api.commit("2026-09-22 16:02", MINA, "Add the demand model for arrival estimates", model)
    api.commit(
        "2026-09-28 10:14",
        PRIYA,
        "Add a health endpoint with dependency checks",
        add(f"{APP}/routes/health.py"),
        edit(f"{APP}/app.py", "import labels", "import health, labels"),
        edit(f"{APP}/app.py", "(labels.router)\n", "(labels.router)\napp.include_router(health.router)\n"),
        branch="feature/health-endpoint",
    )
    health = api.pull_request(
        "2026-09-28 10:21",
        PRIYA,
        "feature/health-endpoint",
        "Add a health endpoint with dependency checks",
        "The cluster restarts us blindly today. `/healthz` answers 503 while the database is away.",
        TOM,
    )
    health.vote("2026-09-29 08:40", TOM, "approve")
    health.complete("2026-09-30 09:05", PRIYA)
    closing = edit(f"{APP}/db/session.py", "    open=False,\n", "    open=False,\n    close_returns=True,\n")
    api.commit("2026-10-02 13:33", TOM, "Close the pool when the service stops", closing)
    api.commit("2026-10-06 07:50", DANA, "Replay production traffic every night", add("/pipelines/nightly-soak.yml"))
    _carrier_retries(api)
    version = edit("/pyproject.toml", 'version = "2.7.0"', 'version = "2.8.0"')
    api.commit("2026-10-19 08:15", DANA, "Set the version to 2.8.0", version)
    notes = edit(
        "/CHANGELOG.md", "## 2.7.0", "## 2.8.0\n\n- Health endpoint.\n- Carrier calls are retried.\n\n## 2.7.0"
    )
    api.commit("2026-10-20 08:20", DANA, "Prepare release 2.8.0", notes, branch="release/2.8")
    api.tag(
        "2026-10-21 09:00", DANA, "v2.8.0", "release/2.8", "platform-api 2.8.0\n\nHealth endpoint, carrier retries."
    )


def _carrier_retries(api: RepositoryStory) -> None:
    northline = f"{APP}/tracking/carriers/northline.py"
    retry = edit(
        northline,
        '    answer = httpx.get(f"{BASE_URL}/shipments/{shipment}/events", timeout=10)\n',
        "    for _attempt in range(settings.CARRIER_RETRIES):\n"
        '        answer = httpx.get(f"{BASE_URL}/shipments/{shipment}/events", timeout=10)\n'
        "        if answer.status_code not in (502, 503):\n"
        "            break\n",
    )
    api.commit("2026-10-08 14:10", MINA, "Retry carrier calls on 502 and 503", retry, branch="feature/carrier-retries")
    retries = api.pull_request(
        "2026-10-08 14:18",
        MINA,
        "feature/carrier-retries",
        "Retry carrier calls on 502 and 503",
        "Northline answers 502 for a few seconds after each of its deployments. Three attempts cover what we saw.",
        DANA,
        LUIS,
    )
    retries.discuss(
        "2026-10-09 09:30",
        DANA,
        "Three attempts without a pause hit them three times within a second. Can we wait in between?",
        (MINA, "Good point, it waits half a second now."),
        path=northline,
        line=16,
        status="fixed",
    )
    pause = (
        edit(northline, "            break\n", "            break\n        time.sleep(0.5)\n"),
        edit(northline, "import httpx\n", "import time\n\nimport httpx\n"),
    )
    api.commit("2026-10-12 10:02", MINA, "Wait between the attempts", *pause, branch="feature/carrier-retries")
    retries.vote("2026-10-13 08:45", DANA, "approve")
    retries.complete("2026-10-14 11:00", MINA)


def _third_month(api: RepositoryStory) -> None:
    api.commit(
        "2026-10-26 09:44",
        PRIYA,
        "Show the time of the last event in search results",
        edit(f"{APP}/db/models.py", "status, updated_at\n    from", "status, updated_at, last_event_at\n    from"),
        edit(f"{APP}/db/models.py", "status, updated_at = row", "status, updated_at, last_event_at = row"),
        edit(
            f"{APP}/db/models.py",
            '        "updatedAt": updated_at.isoformat(),\n',
            '        "updatedAt": updated_at.isoformat(),\n'
            '        "lastEventAt": last_event_at and last_event_at.isoformat(),\n',
        ),
    )
    width = edit(f"{APP}/routes/labels.py", "LABEL_WIDTH_MM = 102", "LABEL_WIDTH_MM = 104")
    api.commit("2026-10-27 15:20", TOM, "Fix the label width for the new printers", width, branch="release/2.8")
    _asynchronous_trial(api)
    slow = edit(f"{APP}/db/session.py", "POOL_SIZE = 10\n", "POOL_SIZE = 10\nSLOW_QUERY_SECONDS = 2.0\n")
    api.commit("2026-11-09 09:25", TOM, "Name what counts as a slow query", slow)
    memory = edit("/deploy/helm/values.yaml", "limits: { memory: 512Mi }", "limits: { memory: 768Mi }")
    api.commit("2026-11-11 08:05", DANA, "Raise the memory limit to 768 MiB", memory)
    _rename(api)
    owner = edit(
        "/README.md", "Team Harbor owns this service.", "Team Harbor (harbor@tidewater.example) owns this service."
    )
    api.commit("2026-11-18 10:12", PRIYA, "Say how to reach the owners", owner)
    api.commit(
        "2026-11-19 13:55",
        MINA,
        "Answer 422 to a malformed shipment number",
        edit(f"{APP}/routes/labels.py", "import APIRouter\n", "import APIRouter, HTTPException\n"),
        edit(
            f"{APP}/routes/labels.py",
            '    """The label of a shipment."""\n',
            '    """The label of a shipment."""\n'
            '    if not number.startswith("TW-"):\n'
            '        raise HTTPException(422, "a shipment number starts with TW-")\n',
        ),
    )


def _asynchronous_trial(api: RepositoryStory) -> None:
    api.commit(
        "2026-10-29 12:00",
        LUIS,
        "Switch to asynchronous SQLAlchemy",
        edit("/pyproject.toml", '    "psycopg[binary,pool]>=3.2",\n', '    "sqlalchemy[asyncio]>=2.0",\n'),
        branch="feature/async-sqlalchemy",
    )
    switch = api.pull_request(
        "2026-10-29 12:10",
        LUIS,
        "feature/async-sqlalchemy",
        "Switch to asynchronous SQLAlchemy",
        "A trial. Decision 4 in the handbook has the numbers.",
        DANA,
    )
    switch.vote("2026-11-03 10:30", DANA, "reject")
    switch.abandon("2026-11-05 09:00", LUIS)


def _rename(api: RepositoryStory) -> None:
    """Return the change that breaks CI: the pipeline and `deploy/ci.env` keep the old name."""
    api.commit(
        "2026-11-16 14:41",
        TOM,
        "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
        edit(
            f"{APP}/settings.py",
            'DB_TIMEOUT = float(os.environ["DB_TIMEOUT"])',
            'DATABASE_TIMEOUT = float(os.environ["DATABASE_TIMEOUT"])',
        ),
        edit(f"{APP}/db/session.py", "settings.DB_TIMEOUT", "settings.DATABASE_TIMEOUT"),
        edit("/tests/test_settings.py", '"DB_TIMEOUT"', '"DATABASE_TIMEOUT"'),
        edit("/tests/test_settings.py", "settings.DB_TIMEOUT", "settings.DATABASE_TIMEOUT"),
        edit("/deploy/helm/values.yaml", "  DB_TIMEOUT:", "  DATABASE_TIMEOUT:"),
        branch="feature/rename-db-timeout",
    )
    rename = api.pull_request(
        "2026-11-16 14:50",
        TOM,
        "feature/rename-db-timeout",
        "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
        "The ledger and checkout settings say DATABASE_* everywhere. This brings platform-api in line.\n\n"
        "Helm values are changed with it. Nobody else reads the variable as far as I can see.",
        PRIYA,
    )
    rename.discuss(
        "2026-11-17 08:20",
        PRIYA,
        "Did you look for other places that set it?",
        (TOM, "Only the helm values, and those are in here."),
        status="closed",
    )
    rename.vote("2026-11-17 08:52", PRIYA, "approve")
    rename.complete("2026-11-17 09:30", TOM)
