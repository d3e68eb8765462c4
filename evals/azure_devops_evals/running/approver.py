"""The scripted approver of a case, who decides about each write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from azure_devops_evals.case import NO, YES, Answer, Case

UNFORESEEN: Answer = {**NO, "message": "the case has no answer to this"}


def approver_of(case: Case) -> Callable[[Mapping[str, Any]], Answer]:
    """Return a function that gets the view of a write and answers as the approver of the case.

    The approver rejects a write that the case does not foresee; a check reports that it was asked for. A call that the
    approver edited is shown once more and approved. When the edit does not fit the call, the call is rejected.
    """
    first_answer = _first_answers(case.approver)

    def answer(view: Mapping[str, Any]) -> Answer:
        if view["edited"]:
            return YES
        chosen = UNFORESEEN if view.get("problem") else first_answer(view)
        return chosen if _fits(chosen, view) else UNFORESEEN

    return answer


def _fits(chosen: Answer, view: Mapping[str, Any]) -> bool:
    """Return whether an answer can be given to a write: an edit of another tool's call would be asked about forever."""
    return chosen["type"] != "edit" or bool(chosen["edited_action"]["name"] == view["tool"])


def _first_answers(
    answers: Answer | Mapping[str, Answer] | Sequence[Answer] | None,
) -> Callable[[Mapping[str, Any]], Answer]:
    """Return the function that answers when a call is shown for the first time."""
    if answers is None:
        return lambda _: UNFORESEEN
    if not isinstance(answers, Mapping):
        left: Iterator[Answer] = iter(answers)
        return lambda _: next(left, UNFORESEEN)
    if "type" in answers:
        return lambda _: answers
    by_tool = cast("Mapping[str, Answer]", answers)
    return lambda view: by_tool.get(str(view["tool"]), UNFORESEEN)
