"""What a change of a branch meets: the policies that protect it, and the open pull requests that need it."""

from typing import Literal, NamedTuple

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import RefusedByPolicy, WriteBlocked, explain
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Branch
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.git import REPOSITORY, known_repository
from langchain_azure_devops.tools.history.policies import PolicyRow, name_policies, read_blocking


class RepositoryRow(BaseModel):
    """A repository, its default branch, and the id by which policies name it."""

    id: str
    name: str
    project: str = Field(validation_alias=AliasPath("project", "name"))
    default_branch: str | None = Field(default=None, validation_alias="defaultBranch")


async def read_repository(client: AzureDevOps, where: PathValues) -> RepositoryRow:
    """Read the repository that a write names.

    Raises:
        NotFound: There is none; the message suggests names that exist.
    """
    async with known_repository(client, where):
        return decode(await client.get(REPOSITORY, path=where), RepositoryRow)


class OpenPullRequest(BaseModel):
    """A pull request that a change of its branch concerns."""

    id: int = Field(validation_alias="pullRequestId")
    title: str
    source: Branch = Field(validation_alias="sourceRefName")
    target: Branch = Field(validation_alias="targetRefName")

    setter_id: str | None = Field(default=None, validation_alias=AliasPath("autoCompleteSetBy", "id"))
    setter: str | None = Field(default=None, validation_alias=AliasPath("autoCompleteSetBy", "displayName"))

    @property
    def words(self) -> str:
        """What a person recognizes it by, and whether somebody lets it complete by itself."""
        by_itself = f"; completes by itself, set by {self.setter}" if self.setter else ""
        return f"{self.id}: {self.title} (from {self.source} to {self.target}{by_itself})"


class Protection(NamedTuple):
    """How a branch is protected.

    Attributes:
        is_default: Whether it is the default branch.
        passed_over: The policies that a change passes over.
    """

    is_default: bool
    passed_over: list[PolicyRow]

    def describe(self) -> dict[str, JsonValue]:
        """Return what an approver of a change must know."""
        shown: dict[str, JsonValue] = {"default_branch": "yes" if self.is_default else "no"}
        if self.passed_over:
            shown["policies_passed_over"] = [each.words for each in self.passed_over]
        return shown

    def notes(self) -> list[str]:
        """Return the note that the result of a change has."""
        named = name_policies(self.passed_over)
        return [f"It passed over {named}, by which only pull requests change the branch."] if self.passed_over else []


async def check_protection(client: AzureDevOps, repository: RepositoryRow, ref: str, refused: str) -> Protection:
    """Refuse to change a branch that only pull requests may change, unless the constructor allows to pass over that.

    The service refuses it as well, but not for an account that may bypass policies when it pushes.

    Args:
        client: The client of the call.
        repository: The repository.
        ref: The full name of the branch.
        refused: What is not done then, such as "Nothing was pushed: a direct push to main is".

    Raises:
        RefusedByPolicy: Names the policies, and what to do instead.
    """
    policies = await read_blocking(client, repository.project, repository.id, ref)
    if policies and not client.allow_policy_bypass:
        types = ", ".join(dict.fromkeys(one_line(each.type) for each in policies))
        happened = f"{refused} blocked by {name_policies(policies)} ({types})."
        raise RefusedByPolicy(
            f"{explain(RefusedByPolicy, happened)} This client passes over no policy: only a constructor with "
            "allow_policy_bypass=True allows that.",
            subject="branch",
        )
    return Protection(repository.default_branch == ref, policies)


async def list_open_pull_requests(
    client: AzureDevOps, where: PathValues, ref: str, *sides: Literal["source", "target"]
) -> list[OpenPullRequest]:
    """Return the open pull requests from or to a branch, in the order of their numbers."""
    found: dict[int, OpenPullRequest] = {}
    for side in sides:
        query: dict[str, QueryValue] = {
            "searchCriteria.status": "active",
            f"searchCriteria.{side}RefName": ref,
            "$top": 100,
        }
        response = await client.get(f"{REPOSITORY}/pullrequests", path=where, query=query)
        found |= {row.id: row for row in decode(response, Collection[OpenPullRequest]).value}
    return [found[number] for number in sorted(found)]


async def refuse_automatic(client: AzureDevOps, pull_requests: list[OpenPullRequest]) -> None:
    """Refuse to push to the source of a pull request that the token's own account lets complete by itself.

    It would merge commits that nobody else has looked at.

    Raises:
        WriteBlocked: The constructor does not allow it.
    """
    automatic = [each for each in pull_requests if each.setter_id or each.setter]
    if not automatic or client.allow_own_reviews:
        return
    owner = await client.identity()
    for each in automatic:
        if owner is None or each.setter_id is None or each.setter_id.lower() == owner.id.lower():
            raise WriteBlocked(
                f"Nothing was pushed: pull request {each.id} from this branch was set to complete by itself by this "
                "token's own account, and would merge these commits without a look of somebody else. Take that back "
                "first with set_auto_complete and enabled=false. Only a constructor with allow_own_reviews=True lifts "
                "this rule.",
                subject="allow_own_reviews",
            )
