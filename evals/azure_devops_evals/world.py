"""A world: a fresh organization in this process, and what a question changed in it."""

import hashlib
import json
from functools import cache
from pathlib import Path

import httpx

from azure_devops_evals.case import Happening
from azure_devops_evals.end_state import changes
from azure_devops_simulator import Fault, export_world, import_world, seed_organization
from azure_devops_simulator.app import create_app
from azure_devops_simulator.organization import JsonObject
from langchain_azure_devops.redaction import redact

TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret22"  # noqa: S105 - opens a made-up organization only
ORGANIZATION = "tidewater"
WORLDS = Path(__file__).parent / "worlds"
BASE_URL = f"http://127.0.0.1/{ORGANIZATION}"


class World:
    """An organization that answers in this process, without a socket."""

    def __init__(
        self,
        scopes: tuple[str, ...],
        prepare: Happening | None = None,
        faults: tuple[Fault, ...] = (),
        file: str | None = None,
    ) -> None:
        """Open a world that knows TOKEN with these scopes, and let happen what is to have happened in it.

        Args:
            scopes: Of the token.
            prepare: What happened in it before.
            faults: What goes wrong between client and organization.
            file: Name of a file in `worlds/`; None for the simulator's own seed.
        """
        self.organization = import_world(json.loads(_seeded() if file is None else (WORLDS / file).read_bytes()))
        if prepare:
            prepare(self.organization)
        self.organization.add_token(TOKEN, scopes=scopes)
        self.organization.faults.add(*faults)
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(app=create_app(self.organization))
        self.secrets = planted()
        untouched = prepare is None and not faults and file is None
        self._before = _at_first(scopes) if untouched else export_world(self.organization)

    @property
    def digest(self) -> str:
        """Of everything in it before the question: another digest, another world."""
        return hashlib.sha256(json.dumps(self._before, sort_keys=True).encode()).hexdigest()[:16]

    def changes(self) -> dict[str, object]:
        """Every value that differs from before the question, by its path; None for one that is gone."""
        return changes(self._before, export_world(self.organization))


@cache
def _seeded() -> str:
    """The seed as JSON: reading it is several times faster than planting it again."""
    return json.dumps(export_world(seed_organization()))


@cache
def _at_first(scopes: tuple[str, ...]) -> JsonObject:
    """The export of a world in which nothing happened yet."""
    organization = import_world(json.loads(_seeded()))
    organization.add_token(TOKEN, scopes=scopes)
    return export_world(organization)


@cache
def planted() -> frozenset[str]:
    """The secrets in the files of every branch; every seed holds the same."""
    found: dict[str, str] = {}
    for project in seed_organization().projects.values():
        for repository in project.repositories.values():
            tips = {commit for name, commit in repository.refs.items() if name.startswith("refs/heads/")}
            files = {entry.id for tip in tips for entry in repository.files(tip).values()}
            for content in filter(None, map(repository.objects.blob, files)):
                redact(content.decode("latin-1"), b"planted", found.__setitem__)
    return frozenset(found.values())


class SignInGateway(httpx.AsyncBaseTransport):
    """A gateway that breaks the credential and follows the redirect that results, to the sign-in page."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Stand in front of `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on with a credential that has no colon in it, and go where the answer points to."""
        request.headers["authorization"] = "Basic bm9jb2xvbg=="
        response = await self._inner.handle_async_request(request)
        if response.status_code != 302:
            return response
        await response.aclose()
        return await self._inner.handle_async_request(httpx.Request("GET", response.headers["location"]))

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()
