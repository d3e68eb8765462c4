"""Find out why a pull request cannot be merged, and who must act."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError, NotSignedIn
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.policies import list_covered
from langchain_azure_devops.tools.pull_requests.reading import fetch_pull_request
from langchain_azure_devops.tools.pull_requests.review import RawComment, RawThread
from langchain_azure_devops.tools.reviews.checks.automation import judge_other_statuses
from langchain_azure_devops.tools.reviews.checks.facts import Facts, MergeState, read_facts
from langchain_azure_devops.tools.reviews.checks.judging import MOST_NAMED, Judged, act_on, name_policy, say_vote
from langchain_azure_devops.tools.reviews.checks.models import Check, DecidingBuild, OpenThread, PullRequestChecks
from langchain_azure_devops.tools.reviews.checks.policies import (
    COMMENTS,
    MINIMUM_REVIEWERS,
    allowed_strategies,
    describe_threads,
    judge_policies,
    list_applicable,
)
from langchain_azure_devops.tools.reviews.toolset import toolset

_MOST_BUILDS = 8
_MOST_THREADS = 20
_BUILDS = "results of builds"


class _BuildResult(BaseModel):
    number: str | None = Field(default=None, validation_alias="buildNumber")
    result: str | None = None


@toolset.read(Scope.CODE, optional=(Scope.BUILD,), example={"id": 9}, more_examples=({"id": 7}, {"id": 11}, {"id": 15}))
async def get_pull_request_checks(client: AzureDevOps, *, id: int) -> PullRequestChecks:
    """Find out whether a pull request can be merged: what blocks it (policies, votes, builds, conflicts), who must act.

    Source: `GET /_apis/git/pullrequests/{id}`, `GET /{project}/_apis/policy/evaluations?artifactId=`, and `GET` of
    `threads`, `statuses`, `iterations` and `conflicts` below the pull request, and `.../refs` for its target branch.
    """
    answer = await fetch_pull_request(client, id)
    found, state = decode(answer, PullRequestDetail), decode(answer, MergeState)
    if found.status != "active":
        facts = Facts(found, state)
        return _make_result(facts, [Judged("blocked", _describe_end(facts))], "no", [])
    facts = await read_facts(client, found, state)
    judged = [*_judge_state(facts), *judge_policies(facts), *_judge_votes(facts), *judge_other_statuses(facts)]
    judged = await _name_failed_builds(client, facts, judged)
    doubts = [*_name_doubts(facts)]
    return _make_result(facts, judged, _decide(facts, judged, doubts), doubts)


def _describe_end(facts: Facts) -> Check:
    found, by = facts.found, facts.state.closed_by
    when = f" on {found.closed:%Y-%m-%d}" if found.closed else ""
    who = f" by {by.name}" if by else ""
    again = [found.author, "anybody who may contribute to it"] if found.status == "abandoned" else []
    reactivate = "; reactivate it first" if again else ""
    return Check(what="status", why=f"it was {found.status}{when}{who}{reactivate}", who=again)


def _judge_state(facts: Facts) -> Iterable[Judged]:
    """Judge the pull request itself: a draft, its target branch, and a merge that failed."""
    found, status, target = facts.found, facts.found.merge_status, facts.target
    if target is not None and target.commit is None:
        yield Judged(
            "blocked", Check(what="target branch", why=f"there is no {found.target} any more", who=[found.author])
        )
    if target is not None and target.locked:
        by = [target.locked_by.name] if target.locked_by else []
        why = f"{found.target} is locked{f' by {by[0]}' if by else ''} and has to be unlocked first"
        yield Judged("blocked", Check(what="target branch", why=why, who=by or ["whoever locked it"]))
    if found.draft:
        yield Judged("blocked", Check(what="draft", why="it is a draft; publish it first", who=[found.author]))
    if status == "conflicts":
        files = facts.conflicts or []
        more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
        named = f" in {', '.join(files[:MOST_NAMED])}{more}" if files else ""
        why = f"{found.source} and {found.target} conflict{named}"
        yield Judged("blocked", Check(what="conflicts", why=why, who=[found.author]))
    if status == "failure":
        kind = f" ({facts.state.failure_type})" if facts.state.failure_type not in (None, "none") else ""
        why = f"the trial merge failed{kind}: {facts.state.failure or 'the service gives no reason'}"
        yield Judged("blocked", Check(what="merge", why=why, who=[found.author]))


def _judge_votes(facts: Facts) -> Iterable[Judged]:
    """Judge the votes that no policy judges: those of reviewers who were made required, and votes against it."""
    covered = list_covered(facts.evaluations or ())
    judged_against = any(
        row.kind == MINIMUM_REVIEWERS and not row.is_set("allowDownvotes") for row in list_applicable(facts)
    )
    for voter in facts.state.voters:
        if voter.id.lower() in covered:
            continue
        who = act_on(voter, facts.found.author)
        if voter.required and not voter.approves:
            yield Judged("blocked", Check(what="required reviewer", why=say_vote(voter), who=who))
        elif voter.required:
            yield Judged("passed", Check(what="required reviewer", why=say_vote(voter)))
        elif voter.vote < 0 and not judged_against:
            why = f"{say_vote(voter)}, which no policy makes binding"
            yield Judged("blocked", Check(what="vote", why=why, who=who), required=False)
    if facts.threads and COMMENTS not in {row.kind for row in list_applicable(facts)}:
        yield Judged("blocked", describe_threads(facts, "comments"), required=False)


async def _name_failed_builds(client: AzureDevOps, facts: Facts, judged: list[Judged]) -> list[Judged]:
    """Say of the builds that failed how they ended, if this token may read builds."""
    failed = {row.build for row in facts.evaluations or () if row.status == "rejected"}
    numbers = [each.check.build for each in judged if each.standing == "blocked" and each.check.build in failed]
    project = facts.found.project_id

    async def read(number: int) -> _BuildResult:
        answer = await client.get("/{project}/_apis/build/builds/{build}", path={"project": project, "build": number})
        return decode(answer, _BuildResult)

    async def ask(number: int) -> _BuildResult | None:
        try:
            return await read_optional(Scope.BUILD, _BUILDS, read(number), default=None)
        except NotSignedIn:
            raise
        except AzureDevOpsError as error:
            explain_cut(error)
            facts.unread.append(Failed(place=f"build {number}", status=error.status, reason=error.message))
            return None

    asked = [number for number in numbers if number is not None][:_MOST_BUILDS]
    done = (await fan_out(asked, ask)).done

    def complete(each: Judged) -> Judged:
        build = done.get(each.check.build or 0)
        if build is None or each.check.build is None or each.standing != "blocked":
            return each
        ended = {"canceled": "was canceled in", "partiallySucceeded": "only partially succeeded in"}.get(
            build.result or "", "failed in"
        )
        called = f"build {each.check.build}{f' ({build.number})' if build.number else ''}"
        why = each.check.why.replace(f"failed in build {each.check.build}", f"{ended} {called}", 1)
        return each._replace(check=each.check.model_copy(update={"why": why}))

    return [complete(each) for each in judged]


def _name_doubts(facts: Facts) -> Iterable[str]:
    """Say what is not known, without which nobody can say that it can be merged."""
    status = facts.found.merge_status
    if status in (None, "notSet", "queued"):
        yield f"The service has not finished its trial merge (merge status {status or 'not given'}); ask again shortly."
    now, then = facts.target.commit if facts.target else None, facts.state.merged_with
    if status == "succeeded" and now and then and now.lower() != then.lower():
        yield (
            f"The trial merge was made with {facts.found.target} at {then[:8]}, which is at {now[:8]} by now: whether "
            "they conflict is not known yet; ask again shortly."
        )
    if status == "rejectedByPolicy":
        yield "A policy rejected the last attempt to complete it."


def _name_awaited(facts: Facts) -> list[str]:
    """Name the optional policies that hold back an automatic completion, which does not wait for required ones only."""
    if facts.state.auto_complete is None:
        return []
    rows = [row for row in list_applicable(facts) if not row.configuration.blocking and row.status != "approved"]
    names = [name_policy(row) for row in rows if row.configuration.id not in facts.state.ignored]
    return [f"Auto-complete also waits for the optional policies: {', '.join(names)}."] if names else []


def _decide(facts: Facts, judged: list[Judged], doubts: list[str]) -> Literal["yes", "no", "unknown"]:
    if any(each.required and each.standing != "passed" for each in judged):
        return "no"
    return "yes" if not doubts and not facts.unread and facts.found.merge_status == "succeeded" else "unknown"


def _describe_thread(thread: RawThread) -> OpenThread:
    first = next(iter(thread.comments), RawComment())
    return OpenThread(thread=thread.id, file=thread.file, author=first.author, author_id=first.author_id)


def _make_result(
    facts: Facts, judged: list[Judged], verdict: Literal["yes", "no", "unknown"], doubts: list[str]
) -> PullRequestChecks:
    found, auto = facts.found, facts.state.auto_complete
    none = ["No policy applies to it."] if facts.evaluations is not None and not list_applicable(facts) else []
    may = ["Whether an account may complete it was not looked at."] if verdict == "yes" else []
    more = _name_awaited(facts)
    unread = [f"{part.place} could not be read ({part.status}): {part.reason}" for part in facts.unread]
    return PullRequestChecks(
        id=found.id,
        can_merge=verdict,
        title=found.title,
        project=found.project,
        repository=found.repository,
        author=found.author,
        author_id=found.author_id,
        status=found.status,
        draft=found.draft,
        merge_status=found.merge_status,
        auto_complete_by=auto.name if auto else None,
        merge_strategies=allowed_strategies(facts),
        blockers=[each.check for each in judged if each.required and each.standing == "blocked"],
        waiting=[each.check for each in judged if each.required and each.standing == "waiting"],
        optional=[each.check for each in judged if not each.required and each.standing != "passed"],
        builds=[DecidingBuild(build=each.check.build, check=each.check.what) for each in judged if each.check.build],
        threads=[_describe_thread(thread) for thread in (facts.threads or [])[:_MOST_THREADS]],
        passed=[f"{each.check.what}: {each.check.why}" for each in judged if each.standing == "passed"],
        notes=[*doubts, *none, *may, *more, *unread],
        unread=facts.unread,
    )
