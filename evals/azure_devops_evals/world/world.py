"""A world: a fresh organization in this process that reports what a question changed in it."""

import hashlib
import json
from functools import cache, lru_cache
from pathlib import Path

import httpx

from azure_devops_evals.case import Setup
from azure_devops_evals.world.end_state import changes
from azure_devops_simulator import Fault, Organization, export_world, import_world, seed_organization
from azure_devops_simulator.server.app import create_app
from azure_devops_simulator.state.copies import Original
from azure_devops_simulator.state.values import JsonObject
from langchain_azure_devops.text import redact

TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret22"  # noqa: S105 - opens a made-up organization only
UNKNOWN_TOKEN = TOKEN[:-2] + "00"
"""A token of the right form that no organization knows."""
ORGANIZATION = "tidewater"
WORLDS = Path(__file__).parents[1] / "worlds"
BASE_URL = f"http://127.0.0.1/{ORGANIZATION}"


class World:
    """An organization that answers in this process, without a socket."""

    def __init__(
        self,
        scopes: tuple[str, ...],
        setup: Setup | None = None,
        faults: tuple[Fault, ...] = (),
        file: str | None = None,
    ) -> None:
        """Open a world that knows TOKEN with these scopes, and set it up.

        Args:
            scopes: The scopes of the token.
            setup: Changes the organization before the question is asked.
            faults: The faults between client and organization.
            file: The name of a file in `worlds/`; None for the simulator's own seed.
        """
        self.organization = _copy_world(file)
        if setup:
            setup(self.organization)
        self.organization.add_token(TOKEN, scopes=scopes)
        self.organization.faults.add(*faults)
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(app=create_app(self.organization))
        self.secrets = planted_secrets()
        cached = not faults and file is None
        self._before = _at_first(scopes, setup) if cached else export_world(self.organization)

    @property
    def digest(self) -> str:
        """Return the digest of the world before the question."""
        return hashlib.sha256(json.dumps(self._before, sort_keys=True).encode()).hexdigest()[:16]

    def changes(self) -> dict[str, object]:
        """Return every value that the question changed, by its path; None for a value that is gone."""
        return changes(self._before, export_world(self.organization))


def _copy_world(file: str | None) -> Organization:
    """Return a copy of the world in a file, or of the seed."""
    return _read_world(file).copy()


@cache
def _read_world(file: str | None) -> Original:
    # Read both in the same way, so that a world file of the seed behaves like the seed.
    world = export_world(seed_organization()) if file is None else json.loads((WORLDS / file).read_bytes())
    organization = import_world(world)
    export_world(organization)  # Each copy then has the forms of its git objects already.
    return Original(organization)


@lru_cache(maxsize=4)
def _at_first(scopes: tuple[str, ...], setup: Setup | None) -> JsonObject:
    """Return the export of a world before the question; the attacks open hundreds with one setup."""
    organization = _copy_world(None)
    if setup:
        setup(organization)
    organization.add_token(TOKEN, scopes=scopes)
    return export_world(organization)


@cache
def planted_secrets() -> frozenset[str]:
    """Return the secrets in the files of all branches; they are the same in every seed."""
    found: dict[str, str] = {}
    for project in seed_organization().projects.values():
        for repository in project.repositories.values():
            tips = {commit for name, commit in repository.refs.items() if name.startswith("refs/heads/")}
            files = {entry.id for tip in tips for entry in repository.files(tip).values()}
            for content in filter(None, map(repository.objects.blob, files)):
                redact(content.decode("latin-1"), b"planted", found.__setitem__)
    return frozenset(found.values())


class SignInGateway(httpx.AsyncBaseTransport):
    """A gateway that breaks the credential and follows the redirect to the sign-in page."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Wrap the transport of the organization."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a credential without a colon, and follow the redirect of the answer."""
        request.headers["authorization"] = "Basic bm9jb2xvbg=="
        response = await self._inner.handle_async_request(request)
        if response.status_code != 302:
            return response
        await response.aclose()
        return await self._inner.handle_async_request(httpx.Request("GET", response.headers["location"]))

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()
