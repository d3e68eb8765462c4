"""What happens in the organization of a case, on top of its seed: told in the words of the seed itself."""

from collections.abc import Callable
from dataclasses import replace

from azure_devops_evals.case import Happening
from azure_devops_simulator.seed.builds import MAIN, Run, add_run
from azure_devops_simulator.seed.story import Change, PullRequestStory, RepositoryStory, Story
from azure_devops_simulator.seed.work_item_rows import Row
from azure_devops_simulator.seed.work_items import seed_rows
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.work_items.records import Draft

_BEFORE, _THEN, _LAST = "2026-11-20 08:20", "2026-11-20 08:30", "2026-11-20 08:40"
AGENT = "svc-agent"
"""Whose token a case uses."""


def together(*happenings: Happening) -> Happening:
    """One thing after the other."""

    def happen(organization: Organization) -> None:
        for happening in happenings:
            happening(organization)

    return happen


def committed(
    project: str, repository: str, who: str, message: str, *changes: Change, branch: str = "main"
) -> Happening:
    """Somebody pushes a commit."""
    return _told(project, repository, lambda story: story.commit(_BEFORE, who, message, *changes, branch=branch))


def opened(
    project: str, repository: str, who: str, branch: str, title: str, *changes: Change, text: str = "", note: str = ""
) -> Happening:
    """Somebody pushes a branch, opens a pull request of it, and perhaps comments on it at once."""

    def tell(story: RepositoryStory) -> None:
        story.commit(_BEFORE, who, title, *changes, branch=branch)
        request = story.pull_request(_THEN, who, branch, title, text)
        if note:
            request.discuss(_LAST, who, note)

    return _told(project, repository, tell)


def discussed(pull_request: int, who: str, text: str) -> Happening:
    """Somebody comments on a pull request."""

    def happen(organization: Organization) -> None:
        story = Story(organization)
        told = PullRequestStory(story)
        told.value = organization.pull_requests[pull_request]
        told.discuss(_LAST, who, text)
        _tell(organization, story)

    return happen


def filed(project: str, *rows: Row) -> Happening:
    """Somebody files work items."""
    return lambda organization: seed_rows(organization, organization.projects[_project(organization, project)], rows)


def changed(work_item: int, who: str, **fields: str) -> Happening:
    """Somebody changes fields of the `System.` family of a work item."""

    def happen(organization: Organization) -> None:
        store = organization.work_items
        item = store.items[work_item]
        values = {**item.revision.fields, **{f"System.{name}": value for name, value in fields.items()}}
        store.save(item, Draft(values), by=organization.named(who), when=organization.clock.tick())

    return happen


def remarked(work_item: int, who: str, text: str) -> Happening:
    """Somebody comments on a work item."""

    def happen(organization: Organization) -> None:
        store, when = organization.work_items, organization.clock.tick()
        store.comment(store.items[work_item], text, "html", by=organization.named(who), when=when)

    return happen


def ran(
    pipeline: str, commit: str, who: str, write: Callable[[Build], None], branch: str = MAIN, when: str = _LAST
) -> Happening:
    """A build ran; `commit` is a subject, and `write` writes its timeline."""

    def happen(organization: Organization) -> None:
        known = organization.builds.definitions.values()
        definition = next(found for found in known if found.name == pipeline)
        add_run(organization, Run(when, definition, commit, who, write, branch))

    return happen


def joined(name: str) -> Happening:
    """Somebody with this display name joins the organization."""

    def happen(organization: Organization) -> None:
        organization.add_user(name, "new.colleague@tidewater.example")

    return happen


def hidden(project: str) -> Happening:
    """The owner of the token may not see a project."""

    def happen(organization: Organization) -> None:
        found = organization.projects[_project(organization, project)]
        organization.hide_project(found, organization.named(AGENT))

    return happen


def denied(permission: str) -> Happening:
    """The owner of the token lacks a permission, whatever the token's scopes."""
    return lambda organization: organization.deny(organization.named(AGENT), permission)


def outside() -> Happening:
    """The owner of the token is not in this organization."""

    def happen(organization: Organization) -> None:
        owner = organization.named(AGENT)
        organization.users[owner.id] = replace(owner, member=False)

    return happen


def revoked() -> Happening:
    """The token is revoked."""

    def happen(organization: Organization) -> None:
        for token in organization.tokens.values():
            token.state = "revoked"

    return happen


def without_search() -> Happening:
    """Code search is not installed."""

    def happen(organization: Organization) -> None:
        organization.code_search_installed = False

    return happen


def _told(project: str, repository: str, tell: Callable[[RepositoryStory], object]) -> Happening:
    def happen(organization: Organization) -> None:
        story = Story(organization)
        tell(RepositoryStory(story, organization.repository(project, repository)))
        _tell(organization, story)

    return happen


def _tell(organization: Organization, story: Story) -> None:
    story.tell()
    organization.clock.set(SEED_NOW)


def _project(organization: Organization, name: str) -> str:
    return next(project.id for project in organization.projects.values() if project.name == name)
