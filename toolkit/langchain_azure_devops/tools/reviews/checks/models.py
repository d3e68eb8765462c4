"""What keeps a pull request from being merged, as readers need it."""

from typing import Literal

from pydantic import Field

from langchain_azure_devops.results.models import PartialResult, Result, Untrusted


class Check(Result):
    """One condition of a merge.

    Attributes:
        what: The condition, such as the name of a policy.
        why: How it stands, in a sentence.
        who: Who can act: names of people, members of a group, or whoever has a right.
        build: The id of the build that decides.
        threads: The numbers of the threads that are to be resolved.
        url: Where the system that posted a status shows more of it.
    """

    what: Untrusted
    why: Untrusted
    who: list[Untrusted] = Field(default=[])
    build: int | None = None
    threads: list[int] = Field(default=[])
    url: Untrusted | None = None


class DecidingBuild(Result):
    """A build on which a check rests."""

    web = "{project}/_build/results?buildId={build}"
    identifying = ("build",)

    build: int
    check: Untrusted


class OpenThread(Result):
    """A thread that nobody resolved."""

    web = "{project}/_git/{repository}/pullrequest/{id}?discussionId={thread}"
    author_fields = ("author",)
    identifying = ("thread",)

    thread: int
    file: Untrusted | None = None
    author: Untrusted | None = None
    author_id: str | None = Field(default=None, exclude=True)


class PullRequestChecks(PartialResult):
    """Whether a pull request can be merged, and if not, why not and who must act.

    Attributes:
        can_merge: `yes` if nothing that must hold is missing; `unknown` if something could not be read or is not known
            yet. The permissions of whoever completes it are not looked at.
        merge_status: How the trial merge of both branches ended.
        blockers: What keeps it from being merged until somebody acts.
        waiting: What must pass and is queued or running by itself.
        optional: What failed or waits, but is not required.
        passed: What passed.
        builds: The builds on which these rest.
        threads: The first threads that nobody resolved.
        merge_strategies: The strategies that policies allow; empty when no policy limits them.
        auto_complete_by: Who set it to complete by itself as soon as nothing blocks it.
    """

    singular, plural = "checks", "checks"
    web = "{project}/_git/{repository}/pullrequest/{id}"
    caption = "checks of pull request {id}"
    author_fields = ("author",)

    id: int
    can_merge: Literal["yes", "no", "unknown"]
    title: Untrusted
    project: Untrusted
    repository: Untrusted
    author: Untrusted
    author_id: str | None = Field(default=None, exclude=True)
    status: str
    draft: bool = False
    merge_status: str | None = None
    auto_complete_by: Untrusted | None = None
    merge_strategies: list[str] = Field(default=[])
    blockers: list[Check] = Field(default=[])
    waiting: list[Check] = Field(default=[])
    optional: list[Check] = Field(default=[])
    passed: list[Untrusted] = Field(default=[])
    builds: list[DecidingBuild] = Field(default=[])
    threads: list[OpenThread] = Field(default=[])
    notes: list[str] = Field(default=[])
