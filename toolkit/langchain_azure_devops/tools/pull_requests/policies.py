"""What the policies of its target branch say of a pull request, and which of them it does not meet.

Whoever explains why it cannot be merged and whoever completes it judge by this.
"""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.errors import Denied, InvalidRequest, NotFound, ServiceFault
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.votes import VOTES

REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
MERGE_STRATEGY = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
BUILD = "0609b952-1397-4640-95ec-e00a01b2c241"
"""The types of policies, which have the same ids in every organization."""

_EVALUATIONS = "/{project}/_apis/policy/evaluations"
_PREVIEW = "7.1-preview.1"
_AT_ONCE = 100
_MOST_PAGES = 20
_APPROVED = frozenset({VOTES[10], VOTES[5]})
_NAMES = ("displayName", "defaultDisplayName", "statusName")
_STRATEGIES = {
    "allowNoFastForward": "noFastForward",
    "allowRebase": "rebase",
    "allowRebaseMerge": "rebaseMerge",
    "allowSquash": "squash",
}


class _Type(BaseModel):
    id: str = ""
    name: str = Field(default="", validation_alias="displayName")


class _Configuration(BaseModel):
    id: int | None = None
    enabled: bool = Field(default=True, validation_alias="isEnabled")
    blocking: bool = Field(default=True, validation_alias="isBlocking")
    deleted: bool = Field(default=False, validation_alias="isDeleted")
    type: _Type
    settings: dict[str, JsonValue] | None = None


class Evaluation(BaseModel):
    """What a policy of the target branch says of a pull request."""

    status: str
    configuration: _Configuration
    context: dict[str, JsonValue] | None = None

    @property
    def kind(self) -> str:
        """The id of the type of the policy."""
        return self.configuration.type.id.lower()

    @property
    def applies(self) -> bool:
        """Whether it counts: a policy that was switched off or deleted does not, nor one for other files."""
        return self.in_force and self.status != "notApplicable"

    @property
    def in_force(self) -> bool:
        """Whether the policy is on."""
        return self.configuration.enabled and not self.configuration.deleted

    @property
    def build(self) -> int | None:
        """The build on which it rests."""
        number = (self.context or {}).get("buildId")
        if self.kind != BUILD or not isinstance(number, int) or isinstance(number, bool):
            return None
        return number or None

    @property
    def is_expired(self) -> bool:
        """Whether it rests on a build that no longer counts, whatever its status says."""
        return self.build is not None and (self.context or {}).get("isExpired") is True

    @property
    def is_met(self) -> bool:
        """Whether a policy that applies lets the pull request be merged."""
        return self.status == "approved" and not self.is_expired

    @property
    def words(self) -> str:
        """What a person knows the policy by, and its state."""
        names = [one_line(name) for key in _NAMES if (name := self.text(key)).strip()]
        kind = one_line(self.configuration.type.name) or "A policy"
        return f"{kind}{f' {names[0]}' if names else ''}: {'expired' if self.is_expired else self.status}"

    def is_set(self, name: str) -> bool:
        """Return whether a setting is on. Clients write it as true or as a text."""
        return str(self._setting(name)).lower() == "true"

    def number(self, name: str) -> int:
        """Return a setting that is a number; 0 when there is none."""
        value = self._setting(name)
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0

    def text(self, name: str) -> str:
        """Return a setting that is a text; empty when there is none."""
        value = self._setting(name)
        return value if isinstance(value, str) else ""

    def list_words(self, name: str) -> list[str]:
        """Return a setting that is a list of texts."""
        value = self._setting(name)
        return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []

    def _setting(self, name: str) -> JsonValue:
        return (self.configuration.settings or {}).get(name)


async def read_evaluations(client: AzureDevOps, found: PullRequestDetail) -> list[Evaluation]:
    """Read what the policies say, page by page.

    Raises:
        ServiceFault: The pages do not end.
    """
    rows: list[Evaluation] = []
    artifact = f"vstfs:///CodeReview/CodeReviewId/{found.project_id}/{found.id}"
    for _ in range(_MOST_PAGES):
        answer = await client.get(
            _EVALUATIONS,
            path={"project": found.project_id},
            query={"artifactId": artifact, "$top": _AT_ONCE, "$skip": len(rows)},
            version=_PREVIEW,
        )
        page = decode(answer, Collection[Evaluation]).value
        rows += page
        if len(page) < _AT_ONCE:
            return rows
    raise ServiceFault(
        f"More than {len(rows):,} policies were answered, and there were still more.", subject="policies"
    )


async def read_unmet(client: AzureDevOps, found: PullRequestDetail) -> list[str] | None:
    """Return the blocking policies and required reviewers that keep a pull request from being completed.

    None says that the policies cannot be read; the service still keeps to them.
    """
    try:
        evaluations = await read_evaluations(client, found)
    except (Denied, NotFound, InvalidRequest):
        return None
    return list_unmet(found, evaluations)


def list_unmet(found: PullRequestDetail, evaluations: Iterable[Evaluation]) -> list[str]:
    """Return what keeps a pull request from being completed, in words."""
    required = [row for row in evaluations if row.applies and row.configuration.blocking]
    unmet = [row.words for row in required if not row.is_met]
    if has_no_strategy(required):
        unmet.append("The policies of the branch have no merge strategy in common")
    return [*unmet, *_list_waiting(found, list_covered(required))]


def list_allowed_strategies(evaluations: Iterable[Evaluation]) -> list[str]:
    """Return the merge strategies that all required policies allow; empty when none limits the choice."""
    limits = _list_limits(evaluations)
    return sorted(set.intersection(*limits)) if limits else []


def has_no_strategy(evaluations: Iterable[Evaluation]) -> bool:
    """Return whether the required policies allow strategies, but none that all of them allow."""
    limits = _list_limits(evaluations)
    return bool(limits) and not set.intersection(*limits)


def _list_limits(evaluations: Iterable[Evaluation]) -> Sequence[set[str]]:
    limits: list[set[str]] = []
    for row in evaluations:
        if row.kind == MERGE_STRATEGY and row.applies and row.configuration.blocking:
            named = {strategy for setting, strategy in _STRATEGIES.items() if row.is_set(setting)}
            # The setting of older policies knows two strategies.
            limits.append(named or {"squash" if row.is_set("useSquashMerge") else "noFastForward"})
    return limits


def list_covered(evaluations: Iterable[Evaluation]) -> set[str]:
    """Return the ids of the reviewers whom required policies ask for. These policies say whether they must approve."""
    return {
        each.lower()
        for row in evaluations
        if row.kind == REQUIRED_REVIEWERS and row.applies and row.configuration.blocking
        for each in row.list_words("requiredReviewerIds")
    }


def _list_waiting(found: PullRequestDetail, covered: set[str]) -> Iterator[str]:
    for reviewer in found.reviewers:
        if reviewer.required and reviewer.vote not in _APPROVED and (reviewer.id or "").lower() not in covered:
            yield f"Required reviewer {one_line(reviewer.name)}: {reviewer.vote}"
