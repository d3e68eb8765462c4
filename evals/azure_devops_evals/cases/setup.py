"""Steps that set up the organization of a case on top of its seed, in the terms of the seed itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from azure_devops_evals.case import Setup
from azure_devops_simulator import RepositoryBuilder, build_organization
from azure_devops_simulator.areas.builds.log_text import script
from azure_devops_simulator.areas.builds.steps import Stage, Step, Timeline, job_of
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.seed.builds import MAIN, Run, add_run
from azure_devops_simulator.seed.story import Change, PullRequestStory, RepositoryStory, Story
from azure_devops_simulator.seed.work_item_rows import Row
from azure_devops_simulator.seed.work_items import seed_rows
from azure_devops_simulator.seed.work_tracking.attachments import SeededFile, attach_file
from azure_devops_simulator.state.builds import Build, Issue
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.work_items.records import Draft, FieldValue

_BEFORE, _THEN, _LAST = "2026-11-20 08:20", "2026-11-20 08:30", "2026-11-20 08:40"
AGENT = "svc-agent"
"""The owner of the token that a case uses."""


def do_in_order(*steps: Setup) -> Setup:
    """Run several steps one after the other."""

    def apply(organization: Organization) -> None:
        for step in steps:
            step(organization)

    return apply


def push_commit(
    project: str, repository: str, who: str, message: str, *changes: Change, branch: str = "main", when: str = _BEFORE
) -> Setup:
    """Let somebody push a commit."""
    return _told(project, repository, lambda story: story.commit(when, who, message, *changes, branch=branch))


def open_pull_request(
    project: str, repository: str, who: str, branch: str, title: str, *changes: Change, text: str = "", note: str = ""
) -> Setup:
    """Let somebody push a branch, open a pull request for it, and comment on it when `note` is given."""

    def tell(story: RepositoryStory) -> None:
        story.commit(_BEFORE, who, title, *changes, branch=branch)
        request = story.pull_request(_THEN, who, branch, title, text)
        if note:
            request.discuss(_LAST, who, note)

    return _told(project, repository, tell)


def comment_on_pull_request(pull_request: int, who: str, text: str) -> Setup:
    """Let somebody comment on a pull request."""

    def apply(organization: Organization) -> None:
        story = Story(organization)
        told = PullRequestStory(story)
        repository = organization.pull_requests[pull_request].repository
        told.value = _repository(organization, repository.project.name, repository.name).pull_request(pull_request)
        told.discuss(_LAST, who, text)
        _tell(organization, story)

    return apply


def build_on(project: str, repository: str, build: Callable[[RepositoryBuilder], object]) -> Setup:
    """Let the builder of a repository add what the other steps do not know, such as its policies."""

    def apply(organization: Organization) -> None:
        built = _repository(organization, project, repository)
        build(built)
        # What policies do to pull requests happens when they are read, which must not look like a change of the agent.
        for request in organization.pull_requests.values():
            if request.repository is built.repository:
                refresh(organization, request)
        organization.clock.set(SEED_NOW)

    return apply


def file_work_items(project: str, *rows: Row) -> Setup:
    """Let somebody create work items."""
    return lambda organization: seed_rows(organization, organization.projects[_project(organization, project)], rows)


def change_work_item(work_item: int, who: str, comment: str | None = None, **fields: str) -> Setup:
    """Let somebody change fields of a work item; the names are given without their prefix `System.`."""
    return set_fields(work_item, who, {f"System.{name}": value for name, value in fields.items()}, comment)


def set_fields(work_item: int, who: str, fields: Mapping[str, FieldValue], comment: str | None = None) -> Setup:
    """Let somebody set fields of a work item by their reference names, with a comment in the same save."""

    def apply(organization: Organization) -> None:
        store = organization.work_items
        item = store.items[work_item]
        draft = Draft({**item.revision.fields, **fields}, history=comment)
        store.save(item, draft, by=organization.named(who), when=organization.clock.tick())

    return apply


def comment_on_work_item(work_item: int, who: str, text: str) -> Setup:
    """Let somebody comment on a work item."""

    def apply(organization: Organization) -> None:
        store, when = organization.work_items, organization.clock.tick()
        store.comment(store.items[work_item], text, "html", by=organization.named(who), when=when)

    return apply


def edit_wiki_page(project: str, wiki: str, path: str, who: str, text: str) -> Setup:
    """Let somebody write another text on a page of a wiki."""

    def apply(organization: Organization) -> None:
        build_organization(organization).project(project).wiki(wiki).edit_page(path, text, author=who)
        organization.clock.set(SEED_NOW)

    return apply


def attach(work_item: int, file: SeededFile) -> Setup:
    """Let somebody attach a file to a work item."""

    def apply(organization: Organization) -> None:
        attach_file(organization, organization.work_items.items[work_item], file, organization.clock.tick())

    return apply


def run_build(
    pipeline: str, commit: str, who: str, write: Callable[[Build], None], branch: str = MAIN, when: str = _LAST
) -> Setup:
    """Run a build of the commit with this subject; `write` writes its timeline."""

    def apply(organization: Organization) -> None:
        known = organization.builds.definitions.values()
        definition = next(found for found in known if found.name == pipeline)
        add_run(organization, Run(when, definition, commit, who, write, branch))

    return apply


def add_user(name: str) -> Setup:
    """Add a user with this display name to the organization."""

    def apply(organization: Organization) -> None:
        organization.add_user(name, "new.colleague@tidewater.example")

    return apply


def hide_project(project: str) -> Setup:
    """Hide a project from the owner of the token."""

    def apply(organization: Organization) -> None:
        found = organization.projects[_project(organization, project)]
        organization.hide_project(found, organization.named(AGENT))

    return apply


def deny(permission: str) -> Setup:
    """Take a permission from the owner of the token, whatever the scopes of the token are."""
    return lambda organization: organization.deny(organization.named(AGENT), permission)


def remove_from_organization() -> Setup:
    """Remove the owner of the token from the organization."""

    def apply(organization: Organization) -> None:
        owner = organization.named(AGENT)
        organization.users[owner.id] = replace(owner, member=False)

    return apply


def revoke_token() -> Setup:
    """Revoke the token."""

    def apply(organization: Organization) -> None:
        for token in organization.tokens.values():
            token.state = "revoked"

    return apply


def uninstall_search() -> Setup:
    """Uninstall code search."""

    def apply(organization: Organization) -> None:
        organization.code_search_installed = False

    return apply


def _told(project: str, repository: str, tell: Callable[[RepositoryStory], object]) -> Setup:
    def apply(organization: Organization) -> None:
        story = Story(organization)
        tell(RepositoryStory(story, _repository(organization, project, repository)))
        _tell(organization, story)

    return apply


def _repository(organization: Organization, project: str, name: str) -> RepositoryBuilder:
    return build_organization(organization).project(project).repository(name)


def _tell(organization: Organization, story: Story) -> None:
    story.play()
    organization.clock.set(SEED_NOW)


def _project(organization: Organization, name: str) -> str:
    return next(project.id for project in organization.projects.values() if project.name == name)


def failing(step: str, *lines: str, issue: str) -> Callable[[Build], None]:
    """Write a build of one job, in which one step fails with these lines and this issue."""

    def write(build: Build) -> None:
        failed = Step(step, 41, script(step, *lines), "failed", [Issue("error", issue)])
        Timeline(build).write([Stage("__default", [job_of(build, "Job", [failed])])])

    return write


def passing(step: str, *lines: str) -> Callable[[Build], None]:
    """Write a build of one job with one step that passes."""

    def write(build: Build) -> None:
        Timeline(build).write([Stage("__default", [job_of(build, "Job", [Step(step, 6, script(step, *lines))])])])

    return write
