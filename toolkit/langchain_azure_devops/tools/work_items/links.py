"""Link work items to builds, pull requests, commits, other work items and web pages."""

import re
from collections.abc import Iterable
from typing import Annotated, NamedTuple
from urllib.parse import quote, unquote

from pydantic import AfterValidator, Field, JsonValue

from langchain_azure_devops.errors import NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Named, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.work_items.models import Link, Relation
from langchain_azure_devops.tools.work_items.related import (
    read_build,
    read_commit,
    read_linked_pull_request,
    read_linked_work_item,
    read_repository,
)

_FORM = re.compile(
    r"(?P<kind>build|pull_request|work_item):(?P<number>[1-9]\d{0,9})"
    r"|commit:(?P<repository>[^@\s]+)@(?P<commit>[0-9a-fA-F]{40})"
    r"|branch:(?P<branch_of>[^@\s]+)@(?P<branch>[^\s~^:?*\[\\]+)"
    r"|(?P<page>https?://\S+)"
)
_RELATED = "System.LinkTypes.Related"
_WORK_ITEM = re.compile(r"/_apis/wit/workitems/\d+$", re.IGNORECASE)
_ARTIFACT = re.compile(r"vstfs:///", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{40}", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def check_form(link: str) -> str:
    """Return what a link leads to if it has one of the forms.

    Raises:
        ValueError: It has none of them.
    """
    if not _FORM.fullmatch(link):
        raise ValueError(
            "must be build:35, pull_request:13, work_item:4, commit:repository@<40 digits>, branch:repository@name, or "
            "a URL"
        )
    return link


Links = Annotated[
    list[Annotated[str, AfterValidator(check_form)]],
    Field(description="build:35, pull_request:13, work_item:4, commit:repository@id, or a URL"),
]


class Target(NamedTuple):
    """What a link leads to.

    Attributes:
        relation: What the service stores.
        words: By what a person recognizes it.
        state: The state of a build or pull request; the words of a work item have it.
        parent: The parent of a work item.
    """

    relation: dict[str, JsonValue]
    words: str
    state: str = ""
    parent: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells one relation from another."""
        return str(self.relation["rel"]), identify(str(self.relation["url"]))


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
    if form["branch"]:
        return await _find_branch(client, project, form["branch_of"], form["branch"].removeprefix("refs/heads/"))
    number = int(form["number"])
    if form["kind"] == "build":
        build = await read_build(client, project, number)
        target = _artifact(f"Build/Build/{number}", "Build", f"build {build.words}")
        return target._replace(state=build.state or "")
    if form["kind"] == "work_item":
        item = await read_linked_work_item(client, number)
        url = f"{client.settings.url('core')}/_apis/wit/workItems/{number}"
        return Target({"rel": _RELATED, "url": url}, item.words, parent=item.parent)
    found = await read_linked_pull_request(client, number)
    target = target_pull_request(found.project, found.repository, number, found.title)
    return target._replace(state=found.state or "")


def target_pull_request(project_id: str, repository_id: str, number: int, title: str) -> Target:
    """Return the link that leads to a pull request that was read."""
    place = f"Git/PullRequestId/{project_id}%2F{repository_id}%2F{number}"
    return _artifact(place, "Pull Request", title)


async def _find_commit(client: AzureDevOps, project: str, repository: str, commit: str) -> Target:
    place = await read_repository(client, project, repository)
    found = await read_commit(client, project, repository, commit)
    target = f"Git/Commit/{place.project}%2F{place.id}%2F{commit}"
    return _artifact(target, "Fixed in Commit", found.words)


async def _find_branch(client: AzureDevOps, project: str, repository: str, branch: str) -> Target:
    place = await read_repository(client, project, repository)
    where: PathValues = {"project": project, "repository": repository}
    answer = await client.get(f"{REPOSITORY}/refs", path=where, query={"filter": f"heads/{branch}"})
    names = [row.name for row in decode(answer, Collection[Named]).value]
    if f"refs/heads/{branch}" not in names:
        near = did_you_mean(branch, [name.removeprefix("refs/heads/") for name in names], 0.3)
        raise NotFound(f"{place.name} has no branch {branch!r}.{near}", subject=as_subject(branch))
    target = f"Git/Ref/{place.project}%2F{place.id}%2FGB{quote(branch, safe='')}"
    return _artifact(target, "Branch", f"branch {branch} of {place.name}")


def _artifact(place: str, name: str, words: str) -> Target:
    return Target({"rel": "ArtifactLink", "url": f"vstfs:///{place}", "attributes": {"name": name}}, words)


async def describe_targets(
    client: AzureDevOps, project: str, links: Iterable[str], relations: Iterable[Relation] = ()
) -> dict[str, JsonValue]:
    """Return what each link leads to, for a person who decides about it; also whether it is among the relations."""
    found, present = await find_targets(client, project, links), list(relations)
    return {
        f"links_{at}": f"{link}: {each.words}{' (linked already)' if is_linked(each, present) else ''}"
        for at, (link, each) in enumerate(found.items(), 1)
    }


def form_of(link: Link, address: str | None, repository: str | None = None) -> str:
    """Return what a link leads to in the form in which calls name it; its address where there is no such form.

    Args:
        link: The link.
        address: The address that the service has for it.
        repository: The name of its repository, where that is known; its id is a name as well.
    """
    to = link.to
    if to is None:
        return link.target
    plain = {"WorkItem": "work_item", "Build/Build": "build", "Git/PullRequestId": "pull_request"}
    if to.kind in plain:
        return f"{plain[to.kind]}:{to.target}"
    named = repository if repository and not re.search(r"[@\s]", repository) else to.repository
    if to.kind == "Git/Commit":
        return f"commit:{named}@{to.target}"
    if to.kind == "Git/Ref" and to.target.startswith("GB"):
        return f"branch:{named}@{to.target.removeprefix('GB')}"
    return address or link.target


def add_links(targets: Iterable[Target]) -> list[JsonValue]:
    """Return the operations of a patch that add the relations, each once."""
    once = {target.key: target for target in targets}
    return [{"op": "add", "path": "/relations/-", "value": target.relation} for target in once.values()]


def is_linked(target: Target, relations: Iterable[Relation]) -> bool:
    """Return whether the link is among the relations of a work item."""
    return target.key in {(relation.kind, identify(relation.url or "")) for relation in relations}


def find_missing(targets: Iterable[Target], relations: Iterable[Relation]) -> list[str]:
    """Return the words of the links that are not among the relations of a work item."""
    there = list(relations)
    return [f"link to {each.words}" for each in targets if not is_linked(each, there)]


def identify(url: str) -> str:
    """Return what two addresses of one target have in common.

    The service adds its own host or project to the address of a work item, and writes ids and its own names in another
    letter case. The case of any other name, such as that of a branch, and of the path of a page tells two apart.
    """
    if found := _WORK_ITEM.search(url):
        return found[0].lower()
    if _ARTIFACT.match(url):
        *kind, ids = unquote(url).split("/", 5)
        parts = (part.lower() if _ID.fullmatch(part) else part for part in ids.split("/"))
        return "/".join([*map(str.lower, kind), *parts])
    host = found[0] if (found := _HOST.match(url)) else ""
    return host.lower() + (url[len(host) :] or "/")
