"""What changes of a repository return."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from langchain_azure_devops.results.models import Branch, Result, Untrusted

_REPOSITORY_PAGE = "{project}/_git/{repository}"


class CreatedBranch(Result):
    """A branch that was just created, and the commit it points to."""

    singular, plural = "branch", "branches"
    web = f"{_REPOSITORY_PAGE}?version=GB{{name}}"
    web_list = f"{_REPOSITORY_PAGE}/branches"
    caption = "branch {name} of {repository}"
    identifying = ("repository", "name", "commit")
    effect = ("name", "commit")
    author_fields = ("commit_author",)

    repository: Untrusted
    name: Branch
    commit: str
    commit_message: Untrusted
    commit_author: Untrusted
    notes: list[str] = Field(default=[])


class DeletedBranch(Result):
    """A branch that was just deleted, and the commit from which create_branch restores it."""

    singular, plural = "deleted branch", "deleted branches"
    web = f"{_REPOSITORY_PAGE}/commit/{{commit}}"
    web_list = f"{_REPOSITORY_PAGE}/branches"
    caption = "deleted branch {name} of {repository}"
    identifying = ("repository", "name", "commit")
    effect = ("name", "commit")

    repository: Untrusted
    name: Branch
    commit: str
    notes: list[str] = Field(default=["create_branch with this commit as its source restores the branch."])


class CreatedTag(Result):
    """A tag that was just created, and the commit it points to."""

    singular, plural = "tag", "tags"
    web = f"{_REPOSITORY_PAGE}?version=GT{{name}}"
    web_list = f"{_REPOSITORY_PAGE}/tags"
    caption = "tag {name} of {repository}"
    identifying = ("repository", "name", "commit")
    effect = ("name", "object_id")
    author_fields = ("commit_author",)

    repository: Untrusted
    name: Annotated[Untrusted, BeforeValidator(lambda name: str(name).removeprefix("refs/tags/"))]
    commit: str
    commit_message: Untrusted
    commit_author: Untrusted
    object_id: str | None = Field(default=None, exclude=True)
    message: Untrusted | None = None
    notes: list[str] = Field(default=[])


class ReplayedBranch(Result):
    """A new branch on which commits were applied to another branch, or taken back from it.

    Attributes:
        commit: Its newest commit; None while the service is still making it.
        status: `completed`, or what the service said last: `queued` or `inProgress`.
        operation: The number of the cherry-pick or revert.
    """

    singular, plural = "branch", "branches"
    web = f"{_REPOSITORY_PAGE}?version=GB{{name}}"
    web_list = f"{_REPOSITORY_PAGE}/branches"
    caption = "branch {name} of {repository}"
    identifying = ("repository", "name", "commit")
    effect = ("name", "commit")

    repository: Untrusted
    name: Branch
    onto: Branch
    commit: str | None = None
    status: str
    operation: int
    notes: list[str] = Field(default=[])
