"""The open pull requests of platform-api."""

from __future__ import annotations

from azure_devops_simulator.seed.code import APP, DANA, LUIS, MINA, PRIYA, TOM
from azure_devops_simulator.seed.story import PullRequestStory, RepositoryStory, Story, edit, put


def describe_open_work(story: Story) -> None:
    """Write down what is under way in platform-api; its repository has been begun already."""
    api = story.begun("platform-api")
    _conflict(api)
    _pagination(api)
    _webhook(api)
    api.commit(
        "2026-11-18 15:08",
        TOM,
        "Cache port look-ups for a day",
        put(
            f"{APP}/ports.py",
            b'"""Port look-ups."""\n\nfrom functools import lru_cache\n\nfrom platform_api.db import session\n\n\n'
            b'@lru_cache(maxsize=4096)\ndef name_of(code: str) -> str | None:\n    """The name of a port."""\n'
            b"    with session.connection() as connection:\n"
            b'        row = connection.execute("select name from ports where code = %s", (code,)).fetchone()\n'
            b"    return row and row[0]\n",
        ),
        branch="feature/cache-ports",
    )
    cache = api.pull_request(
        "2026-11-18 15:15",
        TOM,
        "feature/cache-ports",
        "Cache port look-ups for a day",
        "Ports change once a quarter, we ask 40 times a second. The pods restart every night: a cache is enough.",
        f"{PRIYA}!",
        DANA,
    )
    cache.vote("2026-11-19 08:30", PRIYA, "approve")
    cache.vote("2026-11-19 09:10", DANA, "approve-with-suggestions")


def _conflict(api: RepositoryStory) -> None:
    pool = edit(f"{APP}/db/session.py", "POOL_SIZE = 10\n", "POOL_SIZE = 40\n")
    api.commit("2026-11-06 16:30", LUIS, "Give reporting a larger pool", pool, branch="feature/reporting-pool")
    larger = api.pull_request(
        "2026-11-06 16:38",
        LUIS,
        "feature/reporting-pool",
        "Give reporting a larger connection pool",
        "The monthly report waits for connections. 40 is what the database allows per service.",
        TOM,
    )
    larger.discuss("2026-11-10 09:12", TOM, "This needs a rebase, I touched the same file on Monday.")


def _pagination(api: RepositoryStory) -> None:
    shipments = f"{APP}/routes/shipments.py"
    api.commit(
        "2026-11-12 11:20",
        MINA,
        "Paginate the shipment search",
        edit(shipments, "port: str | None = None) ->", "port: str | None = None, page: int = 0) ->"),
        edit(
            shipments,
            "rows[: settings.PAGE_SIZE]]",
            "rows[page * settings.PAGE_SIZE : (page + 1) * settings.PAGE_SIZE]]",
        ),
        branch="feature/paginate-search",
    )
    pages = api.pull_request(
        "2026-11-12 11:32",
        MINA,
        "feature/paginate-search",
        "Paginate the shipment search",
        "Planners with more than 50 shipments cannot see the rest.\n\n- adds `page`\n- keeps the order\n\n"
        "Not in here: the total number of pages.",
        PRIYA,
        TOM,
        labels=("api", "needs-tests"),
    )
    _review_of_pagination(pages, shipments)
    check = edit(
        shipments,
        "    with session.connection() as connection:\n        rows",
        "    page = max(page, 0)\n    with session.connection() as connection:\n        rows",
    )
    api.commit(
        "2026-11-16 10:00", MINA, "Treat a negative page as the first one", check, branch="feature/paginate-search"
    )


def _review_of_pagination(pages: PullRequestStory, shipments: str) -> None:
    pages.discuss(
        "2026-11-13 09:02",
        PRIYA,
        "This still reads every row and cuts afterwards. Please put limit and offset into the statement.",
        (MINA, "True. I will move it into models.SEARCH."),
        path=shipments,
        line=15,
    )
    pages.discuss(
        "2026-11-13 09:10", PRIYA, "A negative page should be refused.", path=shipments, line=12, status="pending"
    )
    pages.discuss("2026-11-13 09:15", TOM, "Nice and small otherwise.", status="closed")
    pages.vote("2026-11-13 09:16", PRIYA, "wait-for-author")


def _webhook(api: RepositoryStory) -> None:
    api.commit(
        "2026-11-19 10:40",
        MINA,
        "Sketch a webhook for carrier events",
        put(
            f"{APP}/routes/carrier_events.py",
            b'"""Events that carriers send us by themselves."""\n\nfrom fastapi import APIRouter\n\n'
            b'router = APIRouter(prefix="/carrier-events")\n',
        ),
        branch="feature/carrier-webhook",
    )
    api.pull_request(
        "2026-11-19 10:44",
        MINA,
        "feature/carrier-webhook",
        "Add a webhook for carrier events",
        "Early sketch, comments on the shape of the URL are welcome. Signatures are not checked yet.",
        draft=True,
    )
