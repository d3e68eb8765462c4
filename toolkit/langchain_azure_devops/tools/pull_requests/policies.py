"""The policies that a pull request does not meet, in words."""

from collections.abc import Iterator, Mapping

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.errors import Denied, InvalidRequest, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.votes import VOTES

_EVALUATIONS = "/{project}/_apis/policy/evaluations"
_VERSION = "7.1-preview.1"
_PAGE = 1000
_MET = frozenset({"approved", "notApplicable"})
_APPROVED = frozenset({VOTES[10], VOTES[5]})
_NAMES = ("displayName", "defaultDisplayName", "statusName")


class _Evaluation(BaseModel):
    status: str
    kind: str = Field(default="A policy", validation_alias=AliasPath("configuration", "type", "displayName"))
    enabled: bool = Field(default=True, validation_alias=AliasPath("configuration", "isEnabled"))
    blocking: bool = Field(default=True, validation_alias=AliasPath("configuration", "isBlocking"))
    deleted: bool = Field(default=False, validation_alias=AliasPath("configuration", "isDeleted"))
    settings: Mapping[str, JsonValue] = Field(default={}, validation_alias=AliasPath("configuration", "settings"))

    @property
    def words(self) -> str:
        """What a person knows the policy by, and its state."""
        names = [one_line(name) for key in _NAMES if isinstance(name := self.settings.get(key), str) and name.strip()]
        return f"{one_line(self.kind)}{f' {names[0]}' if names else ''}: {self.status}"


async def read_unmet(client: AzureDevOps, found: PullRequestDetail) -> list[str] | None:
    """Return the blocking policies and required reviewers that keep a pull request from being completed.

    None says that the policies cannot be read; the service still keeps to them.
    """
    artifact = f"vstfs:///CodeReview/CodeReviewId/{found.project_id}/{found.id}"
    query: dict[str, QueryValue] = {"artifactId": artifact, "$top": _PAGE}
    try:
        answer = await client.get(_EVALUATIONS, path={"project": found.project_id}, query=query, version=_VERSION)
    except (Denied, NotFound, InvalidRequest):
        return None
    return [*_list_unmet(decode(answer, Collection[_Evaluation]).value), *_list_waiting(found)]


def _list_unmet(evaluations: list[_Evaluation]) -> Iterator[str]:
    for each in evaluations:
        if each.enabled and each.blocking and not each.deleted and each.status not in _MET:
            yield each.words


def _list_waiting(found: PullRequestDetail) -> Iterator[str]:
    for reviewer in found.reviewers:
        if reviewer.required and reviewer.vote not in _APPROVED:
            yield f"Required reviewer {one_line(reviewer.name)}: {reviewer.vote}"
