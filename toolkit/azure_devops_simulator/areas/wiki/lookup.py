"""Find the wiki, the version and the page that a request names, and raise the errors when there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.api.errors import ArgumentError, NotSimulatedError, ServiceError
from azure_devops_simulator.areas.core.projects import is_guid
from azure_devops_simulator.areas.git.lookup import described_version
from azure_devops_simulator.areas.wiki.pages import Page, find_page, name_pages, read_pages, repository_of
from azure_devops_simulator.state.projects import Project, Repository, Wiki

WIKIS = "{project?}/_apis/wiki/wikis"
WIKI = f"{WIKIS}/{{wiki}}"
READ, WRITE = ("vso.wiki",), ("vso.wiki_write",)
VERSION = "versionDescriptor.version"
_SPACE = "Microsoft.TeamFoundation.Wiki.Server"
_SOURCE_CONTROL = "Microsoft.TeamFoundation.SourceControl.WebServer"


@dataclass(frozen=True)
class Version:
    """A wiki at a commit of one of its branches."""

    project: Project
    wiki: Wiki
    repository: Repository
    commit: str
    branch: str

    def pages(self) -> Page:
        """Return the root of the pages."""
        return read_pages(self.wiki, self.repository, self.commit)

    def page(self, path: str) -> Page:
        """Return the page of a path.

        Raises:
            ServiceError: 404 when there is none.
        """
        found = find_page(self.pages(), path)
        if found is None:
            raise no_page(path)
        return found


def wiki_error(status: int, key: str, message: str) -> ServiceError:
    """Return an error of the wiki service."""
    return ServiceError(status, key, message, type_name=f"{_SPACE}.{key}, {_SPACE}")


def invalid_argument(message: str, parameter: str) -> ServiceError:
    """Return the error for an argument that the wiki service does not take."""
    text, key = f"{message}\r\nParameter name: {parameter}", "InvalidArgumentValueException"
    return ServiceError(400, key, text, event_id=0, type_name=f"{_SOURCE_CONTROL}.{key}, {_SOURCE_CONTROL}")


def no_page(path: str) -> ServiceError:
    """Return the answer for a page that does not exist."""
    message = (
        f"Wiki page \u2018{path}\u2019 could not be found. Ensure that the path of the page is correct and the page "
        "exists."
    )
    return wiki_error(404, "WikiPageNotFoundException", message)


def find_wiki(call: Call) -> tuple[Project, Wiki]:
    """Return the wiki of the path and its project. Without a project in the path only an id can name one.

    Raises:
        ServiceError: 404 when there is none that the caller can see. The text is a guess.
    """
    wanted = call.path["wiki"]
    if call.project is None and not is_guid(wanted):
        raise ArgumentError("A project name is required in order to reference a wiki by name.")
    for project in call.projects():
        if found := project.wiki(wanted):
            name_pages(project, found)
            return project, found
    message = f"Wiki not found. Ensure that the wiki with name or identifier '{wanted}' exists."
    raise wiki_error(404, "WikiNotFoundException", message)


def read_version(call: Call, *, write: bool = False) -> Version:
    """Return the wiki of the path at the version of the query, by default at its first branch.

    Raises:
        ServiceError: 404 when there is no such wiki; 400 when the version is no branch of it. A write to a wiki that
            publishes code has to name the branch.
    """
    project, wiki = find_wiki(call)
    kind, branch = call.query.text(f"{VERSION}Type", "branch").lower(), call.query.text(VERSION)
    if write and ((wiki.type == "codeWiki" and not branch) or kind != "branch"):
        raise invalid_argument("The versionType should be 'branch' and version cannot not be null", "versionDescriptor")
    if write and call.query.text(f"{VERSION}Options", "none").lower() != "none":
        raise invalid_argument("The versionOptions should be 'none'", "versionDescriptor")
    if not branch:
        return _at_branch(project, wiki, wiki.branches[0])
    if kind == "branch":
        there = _at_branch(project, wiki, branch)
        return there if write else replace(there, commit=described_version(call.query, there.repository, VERSION)[0])
    repository = _repository(project, wiki)
    return Version(project, wiki, repository, described_version(call.query, repository, VERSION)[0], "")


def first_version(call: Call) -> Version:
    """Return the wiki of the path at its first branch, for requests that name a page by its id and no version."""
    project, wiki = find_wiki(call)
    return _at_branch(project, wiki, wiki.branches[0])


def _repository(project: Project, wiki: Wiki) -> Repository:
    try:
        return repository_of(project, wiki)
    except KeyError:
        # What the service does when the repository behind a wiki was deleted is not known.
        raise NotSimulatedError("a wiki whose repository was deleted") from None


def _at_branch(project: Project, wiki: Wiki, branch: str) -> Version:
    repository = _repository(project, wiki)
    tip = repository.branch(branch)
    if branch not in wiki.branches or tip is None:
        # The placeholder stands in the service's own text.
        raise invalid_argument("The version '{0}' either is invalid or does not exist.", "versionDescriptor")
    return Version(project, wiki, repository, tip, branch)


def page_of_id(version: Version, number: str) -> Page:
    """Return the page of an id.

    Raises:
        ServiceError: 404 when there is none. The text is a guess.
    """
    path = next((path for path, known in version.wiki.page_ids.items() if str(known) == number), None)
    if path is None:
        message = f"Wiki page with id '{number}' could not be found."
        raise wiki_error(404, "WikiPageNotFoundException", message)
    return version.page(path)
