"""Judge what machines say: the policies that ask for a build or a status, and statuses that no policy asks for."""

from collections.abc import Iterable, Mapping

from langchain_azure_devops.tools.pull_requests.policies import Evaluation
from langchain_azure_devops.tools.reviews.checks.facts import Facts, PostedStatus
from langchain_azure_devops.tools.reviews.checks.judging import Judged, Standing
from langchain_azure_devops.tools.reviews.checks.models import Check

STATUS = "cbdc66da-9728-4af8-aada-9a5a32e4a226"
_FAILED = frozenset({"failed", "error"})


def judge_build(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    """Judge a policy that asks for a successful build of the merge."""
    build, author = row.build, facts.found.author
    name = row.text("displayName") or str((row.context or {}).get("buildDefinitionName") or "") or "build"
    standing, why = _say_build(row, build)
    queue = f"{author}, or anybody who may queue builds"
    check = Check(
        what=f"build validation {name!r}",
        why=why,
        who=[author if row.status == "rejected" else queue] if standing == "blocked" else [],
        build=build,
    )
    return [Judged(standing, check)]


def _say_build(row: Evaluation, build: int | None) -> tuple[Standing, str]:
    """Say how a policy stands that asks for a build."""
    if row.is_expired:
        minutes = row.number("validDuration")
        after = f" and {minutes} minutes have passed" if minutes else ""
        return "blocked", f"build {build} expired: the target branch moved since{after}; queue it again"
    if row.status == "approved":
        return "passed", f"build {build} succeeded" if build else "approved"
    if row.status == "rejected":
        return "blocked", f"failed in build {build}{_preview(row)}" if build else "the service rejected it"
    if row.status == "running":
        return "waiting", f"build {build} is running" if build else "a build is running"
    return _say_queued(row, build)


def _say_queued(row: Evaluation, build: int | None) -> tuple[Standing, str]:
    """Say whether the build that is missing comes by itself."""
    old = (row.context or {}).get("buildIsNotCurrent") is True
    if build is not None and not old:
        return "waiting", f"build {build} is queued"
    by_hand = row.is_set("manualQueueOnly")
    there = f"build {build} is of an earlier push" if build else "there is no build of it yet"
    if build is not None and not by_hand:
        return "waiting", f"{there}, and a new one is to come"
    return "blocked", f"{there}{', and this policy queues none by itself' if by_hand else ''}: queue one"


def _preview(row: Evaluation) -> str:
    """Return the first error of a failed build, as the service previews it."""
    preview = (row.context or {}).get("buildOutputPreview")
    errors = preview.get("errors") if isinstance(preview, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, Mapping) else None
    return f": {message}" if isinstance(message, str) and message else ""


def judge_status(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    """Judge a policy that asks for the status of another system."""
    key = (row.text("statusGenre").lower(), row.text("statusName").lower())
    genre, name = row.text("statusGenre"), row.text("statusName")
    what = f"status {f'{genre}/{name}' if genre else name}"
    posted = next((status for status in facts.statuses or () if status.key == key), None)
    if row.status == "approved":
        return [Judged("passed", Check(what=what, why=_say_status(posted) if posted else "approved"))]
    if posted is not None and posted.state in _FAILED:
        who = [facts.found.author, *([posted.by] if posted.by else [])]
        return [Judged("blocked", Check(what=what, why=_say_status(posted), who=who, url=posted.url))]
    if row.status == "rejected":
        return [Judged("blocked", Check(what=what, why="the service rejected it", who=[facts.found.author]))]
    sender = [posted.by] if posted and posted.by else ["the system that posts this status"]
    if facts.statuses is None:
        why = f"the service answers {row.status!r}; the statuses themselves could not be read"
    elif posted is None:
        why = "not posted yet for the newest push"
    elif posted.state == "pending":
        why = _say_status(posted)
    else:
        why = f"{posted.state} before the newest push or by another account, which does not count"
    return [Judged("waiting", Check(what=what, why=why, who=sender, url=posted.url if posted else None))]


def _say_status(status: PostedStatus) -> str:
    return f"{status.state}: {status.description}" if status.description else status.state


def judge_other_statuses(facts: Facts) -> Iterable[Judged]:
    """Judge the statuses that no policy asks for."""
    rows = [row for row in facts.evaluations or () if row.kind == STATUS and row.in_force]
    asked = {(row.text("statusGenre").lower(), row.text("statusName").lower()) for row in rows}
    for status in facts.statuses or ():
        if status.key in asked or status.state not in {*_FAILED, "pending", "succeeded"}:
            continue
        standing: Standing = "blocked" if status.state in _FAILED else "passed"
        check = Check(
            what=f"status {status.words}",
            why=_say_status(status),
            who=[status.by] if status.by and standing == "blocked" else [],
            url=status.url,
        )
        yield Judged("waiting" if status.state == "pending" else standing, check, required=False)
