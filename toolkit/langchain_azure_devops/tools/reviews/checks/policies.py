"""Say in words how a pull request stands with each policy of its target branch, and who can do something about it."""

from collections.abc import Callable, Iterable, Mapping

from langchain_azure_devops.tools.pull_requests.policies import (
    BUILD,
    MERGE_STRATEGY,
    REQUIRED_REVIEWERS,
    Evaluation,
    has_no_strategy,
    list_allowed_strategies,
)
from langchain_azure_devops.tools.reviews.checks.approvals import judge_minimum, judge_required
from langchain_azure_devops.tools.reviews.checks.automation import STATUS, judge_build, judge_status
from langchain_azure_devops.tools.reviews.checks.facts import Facts
from langchain_azure_devops.tools.reviews.checks.judging import (
    MOST_NAMED,
    Judged,
    count,
    name_policy,
    pass_policy,
)
from langchain_azure_devops.tools.reviews.checks.models import Check

MINIMUM_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
COMMENTS = "c6a1889d-b943-4856-b76f-9e46bb6b0df2"
WORK_ITEMS = "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e"
"""The types of policies, which have the same ids in every organization."""

ADMINISTRATOR = "whoever may edit the policies of the branch"


def judge_policies(facts: Facts) -> Iterable[Judged]:
    """Judge every policy that is in force and applies."""
    for row in list_applicable(facts):
        required = row.configuration.blocking
        if row.status == "broken":
            why = "the service could not evaluate this policy; queue it again or repair it"
            yield Judged("blocked", Check(what=name_policy(row), why=why, who=[ADMINISTRATOR]), required)
            continue
        for judged in _JUDGES.get(row.kind, _judge_other)(facts, row):
            yield judged._replace(required=required)


def list_applicable(facts: Facts) -> list[Evaluation]:
    """Return the policies that are in force and apply to this pull request."""
    return [row for row in facts.evaluations or () if row.applies]


def allowed_strategies(facts: Facts) -> list[str]:
    """Return the merge strategies that all required policies allow; empty when none limits the choice."""
    return list_allowed_strategies(facts.evaluations or ())


def _judge_comments(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    if row.status == "approved":
        return pass_policy(row, "every comment is resolved")
    if facts.threads is None:
        check = Check(
            what=name_policy(row), why="comments are not resolved; they could not be read", who=[facts.found.author]
        )
        return [Judged("blocked", check)]
    return [Judged("blocked", describe_threads(facts, name_policy(row)))]


def describe_threads(facts: Facts, what: str) -> Check:
    """Describe the threads that nobody resolved, and who began them."""
    threads = facts.threads or []
    began = [thread.comments[0].author or "" for thread in threads if thread.comments]
    who = [name for name in dict.fromkeys([facts.found.author, *began]) if name]
    why = f"{count(len(threads), 'comment')} {'is' if len(threads) == 1 else 'are'} not resolved"
    return Check(
        what=what,
        why=why if threads else "comments are not resolved, though none of them is open any more: ask again",
        who=who[:MOST_NAMED],
        threads=[thread.id for thread in threads][: 2 * MOST_NAMED],
    )


def _judge_work_items(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    if row.status == "approved":
        return pass_policy(row, "a work item is linked")
    return [Judged("blocked", Check(what=name_policy(row), why="no work item is linked", who=[facts.found.author]))]


def _judge_strategy(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    allowed, chosen = ", ".join(allowed_strategies(facts)), facts.state.strategy
    if row.configuration.blocking and has_no_strategy(facts.evaluations or ()):
        why = "the policies of the branch have no merge strategy in common"
        return [Judged("blocked", Check(what=name_policy(row), why=why, who=[ADMINISTRATOR]))]
    if row.status == "approved":
        return pass_policy(row, f"complete it with {allowed}" if allowed else "any strategy")
    why = f"it is set to complete with {chosen}" if chosen else f"the service answers {row.status!r}"
    auto = facts.state.auto_complete
    who = [auto.name if auto else "whoever completes it"]
    allows = f"; only {allowed} is allowed" if allowed else ""
    return [Judged("blocked", Check(what=name_policy(row), why=f"{why}{allows}", who=who))]


def _judge_other(facts: Facts, row: Evaluation) -> Iterable[Judged]:
    """Judge a policy of a type that is not known here, such as one of an extension."""
    message = f": {row.text('message')}" if row.text("message") else ""
    if row.status == "approved":
        return pass_policy(row, "approved")
    if row.status == "running":
        return [Judged("waiting", Check(what=name_policy(row), why=f"is running{message}"))]
    said = "is waiting for something" if row.status == "queued" else f"is {row.status}"
    check = Check(what=name_policy(row), why=f"{said}{message}", who=[facts.found.author])
    return [Judged("blocked", check)]


_JUDGES: Mapping[str, Callable[[Facts, Evaluation], Iterable[Judged]]] = {
    MINIMUM_REVIEWERS: judge_minimum,
    REQUIRED_REVIEWERS: judge_required,
    COMMENTS: _judge_comments,
    BUILD: judge_build,
    WORK_ITEMS: _judge_work_items,
    MERGE_STRATEGY: _judge_strategy,
    STATUS: judge_status,
}
