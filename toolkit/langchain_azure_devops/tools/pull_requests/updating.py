"""What a change of a pull request sends, what keeps it from being possible, and what its approver is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from pydantic import JsonValue

from langchain_azure_devops.errors import Conflict, InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.tools.git import branch_ref
from langchain_azure_devops.tools.pull_requests.branches import check_branches, read_branches
from langchain_azure_devops.tools.pull_requests.completion import describe_completion, require_source_commit
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import describe, read_pull_request

_OF_ACTIVE_ONES = {"targetRefName": "target", "isDraft": "draft"}
_DONE = {"abandoned": "abandoned", "active": "reactivated"}


@dataclass(frozen=True)
class Update:
    """A change of a pull request as a call asks for it.

    Attributes:
        title: The new title; this and all others are None where nothing changes.
        description: The new description; empty to clear it.
        target: The branch to merge into.
        draft: Whether it is a draft.
        status: The new status.
        source_commit: The reviewed commit, for a completion.
    """

    title: str | None = None
    description: str | None = None
    target: str | None = None
    draft: bool | None = None
    status: str | None = None
    source_commit: str | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Return what the arguments of a call ask for."""
        return cls(*(arguments.get(each.name) for each in fields(cls)))

    @property
    def body(self) -> dict[str, JsonValue]:
        """What to send; a completion is sent in another way."""
        given: dict[str, JsonValue] = {
            "title": self.title,
            "description": self.description,
            "targetRefName": branch_ref(self.target),
            "isDraft": self.draft,
            "status": self.status,
        }
        return {name: value for name, value in given.items() if value is not None}

    def check_arguments(self) -> None:
        """Refuse arguments that do not belong together.

        Raises:
            InvalidRequest: Says what to give.
        """
        if not self.body:
            raise InvalidRequest("Nothing to change was given.", subject="arguments")
        if self.status != "completed":
            if self.source_commit is not None:
                raise InvalidRequest(
                    "source_commit is only for status='completed', and nothing was changed. Leave it out, or complete "
                    "the pull request in a call of its own.",
                    subject="source_commit",
                )
            return
        require_source_commit(self.source_commit)
        if set(self.body) != {"status"}:
            raise InvalidRequest("Complete in a call of its own, and change other things before.", subject="status")

    async def check(self, client: AzureDevOps, found: PullRequestDetail) -> None:
        """Refuse a change that the service would refuse; a completion is checked where it is carried out.

        Raises:
            Conflict: The pull request is in a state in which this cannot change.
            NotFound: There is no such target branch; near ones are named.
        """
        reopens = self.status == "active" and found.status == "abandoned"
        if self.status in _DONE and found.status == "completed":
            raise Conflict(
                f"Pull request {found.id} was not {_DONE[self.status]}: it is completed.", subject=str(found.id)
            )
        kept = [name for key, name in _OF_ACTIVE_ONES.items() if key in self.body]
        if kept and found.status != "active" and not reopens:
            raise Conflict(
                f"Nothing of pull request {found.id} was changed: it is {found.status}, and {' and '.join(kept)} can "
                "only change while it is active.",
                subject=str(found.id),
            )
        if self.target is not None:
            where = {"project": found.project_id, "repository": found.repository_id}
            check_branches(found.repository, await read_branches(client, where, [self.target]), [self.target])


async def read_current(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read what a person recognizes a pull request by, and the values that a change would replace.

    Before a merge, these are also the commit that would be merged and the votes.
    """
    update = Update.of(arguments)
    update.check_arguments()
    found = await read_pull_request(client, int(str(arguments["id"])))
    current = describe(found, *(arguments.keys() & type(found).model_fields.keys() - {"id"}))
    if update.status == "completed":
        commit = require_source_commit(update.source_commit)
        current |= describe(found, "author") | await describe_completion(client, found, commit)
    else:
        await update.check(client, found)
    return dict(sorted(current.items()))
