"""A world: a fresh organization in this process, and everything in it written down to be compared."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache

import httpx

from azure_devops_evals.case import Happening
from azure_devops_simulator import Fault, seed_organization
from azure_devops_simulator.app import create_app
from azure_devops_simulator.organization import Organization
from azure_devops_simulator.pull_request_store import PullRequest
from azure_devops_simulator.wit_store import WorkItem
from langchain_azure_devops.redaction import redact

TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret22"  # noqa: S105 - opens a made-up organization only
ORGANIZATION = "tidewater"
BASE_URL = f"http://127.0.0.1/{ORGANIZATION}"


class World:
    """An organization that answers in this process, without a socket."""

    def __init__(
        self, scopes: tuple[str, ...], prepare: Happening | None = None, faults: tuple[Fault, ...] = ()
    ) -> None:
        """Seed one that knows TOKEN with these scopes, and let happen what is to have happened in it."""
        self.organization = seed_organization()
        if prepare:
            prepare(self.organization)
        self.organization.add_token(TOKEN, scopes=scopes)
        self.organization.faults.add(*faults)
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(app=create_app(self.organization))
        self.secrets = planted()
        self._before = dict(written_down(self.organization))

    @property
    def digest(self) -> str:
        """Of everything in it before the question: another digest, another world."""
        text = "\n".join(sorted(f"{path}\t{value!r}" for path, value in self._before.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def changes(self) -> dict[str, object]:
        """Every value that differs from the seed, by its path; None for one that is gone."""
        after = dict(written_down(self.organization))
        missing = object()
        return {
            path: after.get(path)
            for path in {**self._before, **after}
            if after.get(path, missing) != self._before.get(path, missing)
        }


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


def written_down(organization: Organization) -> Iterator[tuple[str, object]]:
    """Everything that a request could change, each value under its path. Times are left out: revisions tell."""
    for item in organization.work_items.items.values():
        yield from _work_item(organization, item)
    for request in organization.pull_requests.values():
        yield from _pull_request(request)
    for build in organization.builds.builds.values():
        yield f"builds/{build.id}", (build.status, build.result)
    for definition in organization.builds.definitions.values():
        yield f"pipelines/{definition.id}", (definition.name, definition.revision, definition.yaml_path)
    for project in organization.projects.values():
        yield f"projects/{project.name}", (project.description, project.visibility, project.state, project.revision)
        for repository in project.repositories.values():
            path = f"repositories/{project.name}/{repository.name}"
            yield path, (repository.default_branch, len(repository.pushes), repr(repository.statuses))
            for name, commit in repository.refs.items():
                yield f"{path}/{name}", commit


def _work_item(organization: Organization, item: WorkItem) -> Iterator[tuple[str, object]]:
    path = f"work items/{item.id}"
    yield path, f"{item.project.name}, revision {len(item.revisions)}{', deleted' if item.deletion else ''}"
    for name, value in item.revision.fields.items():
        if not isinstance(value, datetime):
            known = organization.users.get(value) if isinstance(value, str) else None
            yield f"{path}/{name}", known.display_name if known else value
    for relation in item.all_relations:
        yield f"{path}/links/{relation.id}", (relation.rel, relation.target, relation.removed_in is not None)
    for comment in item.comments:
        yield f"{path}/comments/{comment.id}", (comment.text, comment.deleted)


def _pull_request(request: PullRequest) -> Iterator[tuple[str, object]]:
    path = f"pull requests/{request.id}"
    for name in ("title", "description", "status", "is_draft", "source", "target", "merge_commit", "last_source"):
        yield f"{path}/{name}", getattr(request, name)
    yield f"{path}/completion", (repr(request.completion_options), request.auto_complete_by, request.completing_by)
    yield f"{path}/labels", tuple(request.labels)
    for reviewer in request.reviewers:
        yield f"{path}/votes/{reviewer.user.display_name}", (reviewer.vote, reviewer.required)
    for thread in request.threads:
        for comment in thread.comments:
            yield f"{path}/threads/{thread.id}/{comment.id}", (comment.content, comment.deleted, thread.status)
