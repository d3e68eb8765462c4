"""Link work items to builds, pull requests, commits, other work items and web pages."""

import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.work_items.models import Relation
from langchain_azure_devops.tools.work_items.related import (
    read_build,
    read_commit,
    read_linked_pull_request,
    read_repository,
)

_FORM = re.compile(
    r"(?P<kind>build|pull_request|work_item):(?P<number>[1-9]\d{0,9})"
    r"|commit:(?P<repository>[^@\s]+)@(?P<commit>[0-9a-fA-F]{40})"
    r"|(?P<page>https?://\S+)"
)
_RELATED = "System.LinkTypes.Related"


def _check_form(link: str) -> str:
    if not _FORM.fullmatch(link):
        raise ValueError("must be build:35, pull_request:13, work_item:4, commit:repository@<40 digits>, or a URL")
    return link


Links = Annotated[
    list[Annotated[str, AfterValidator(_check_form)]],
    Field(description="build:35, pull_request:13, work_item:4, commit:repository@id, or a URL"),
]


class _Item(BaseModel):
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))


class Target(NamedTuple):
    """What a link leads to: the relation that the service stores, and the words by which a person recognizes it."""

    relation: dict[str, JsonValue]
    words: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells one relation from another; the service changes the case of addresses."""
        return str(self.relation["rel"]), str(self.relation["url"]).lower()


async def find_targets(client: AzureDevOps, project: str, links: Iterable[str]) -> dict[str, Target]:
    """Look up what each link leads to.

    Args:
        client: Where to ask.
        project: The project of builds and commits.
        links: In the forms that `Links` accepts.

    Raises:
        NotFound: There is nothing that a link names.
        Denied: The token may not read what a link leads to.
    """
    return {link: await _find_target(client, project, link) for link in dict.fromkeys(links)}


async def _find_target(client: AzureDevOps, project: str, link: str) -> Target:
    form = _FORM.fullmatch(link)
    assert form is not None  # noqa: S101 - the arguments were validated
    if form["page"]:
        return Target({"rel": "Hyperlink", "url": link}, "a web page")
    if form["commit"]:
        return await _find_commit(client, project, form["repository"], form["commit"].lower())
    number = int(form["number"])
    if form["kind"] == "build":
        build = await read_build(client, project, number)
        return _artifact(f"Build/Build/{number}", "Build", f"build {build.words}")
    if form["kind"] == "work_item":
        answer = await client.get("/_apis/wit/workitems/{id}", path={"id": number}, query={"fields": "System.Title"})
        url = f"{client.settings.url('core')}/_apis/wit/workItems/{number}"
        return Target({"rel": _RELATED, "url": url}, decode(answer, _Item).title)
    found = await read_linked_pull_request(client, number)
    return target_pull_request(found.project, found.repository, number, found.title)


def target_pull_request(project_id: str, repository_id: str, number: int, title: str) -> Target:
    """Return the link that leads to a pull request that was read."""
    place = f"Git/PullRequestId/{project_id}%2F{repository_id}%2F{number}"
    return _artifact(place, "Pull Request", title)


async def _find_commit(client: AzureDevOps, project: str, repository: str, commit: str) -> Target:
    place = await read_repository(client, project, repository)
    found = await read_commit(client, project, repository, commit)
    target = f"Git/Commit/{place.project}%2F{place.id}%2F{commit}"
    return _artifact(target, "Fixed in Commit", found.words)


def _artifact(place: str, name: str, words: str) -> Target:
    return Target({"rel": "ArtifactLink", "url": f"vstfs:///{place}", "attributes": {"name": name}}, words)


async def describe_targets(client: AzureDevOps, project: str, links: Iterable[str]) -> dict[str, JsonValue]:
    """Return what each link leads to, for a person who decides about it."""
    found = await find_targets(client, project, links)
    return {f"links_{at}": f"{link}: {each.words}" for at, (link, each) in enumerate(found.items(), 1)}


def add_links(targets: Iterable[Target]) -> list[JsonValue]:
    """Return the operations of a patch that add the relations."""
    return [{"op": "add", "path": "/relations/-", "value": target.relation} for target in targets]


def find_missing(targets: Iterable[Target], relations: Iterable[Relation]) -> list[str]:
    """Return the words of the links that are not among the relations of a work item."""
    there = {(relation.kind, _plain(relation.url or "")) for relation in relations}
    return [f"link to {each.words}" for each in targets if (each.key[0], _plain(each.key[1])) not in there]


def _plain(url: str) -> str:
    """Return the part of an address that tells one target from another: the service adds its own host or project."""
    lower = url.lower()
    found = re.search(r"/_apis/wit/workitems/\d+$", lower)
    return found[0] if found else lower
