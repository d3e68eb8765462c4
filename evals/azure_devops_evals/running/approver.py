"""The person of a case, who is asked before each write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from azure_devops_evals.case import NO, YES, Answer, Case

SILENT: Answer = {**NO, "reason": "the case has no answer to this"}


def answering(case: Case) -> Callable[[Mapping[str, Any]], Answer]:
    """A function that is shown a write and gives the answer of the case's person.

    A write that the case does not foresee is rejected: a check says that it was asked for. What the person edited is
    shown once more, and approved; a call of another kind, which their edit does not fit, is rejected.
    """
    first = _at_first(case.person)
    return lambda view: YES if view["edited"] else SILENT if view.get("problem") else first(view)


def _at_first(person: Answer | Mapping[str, Answer] | Sequence[Answer] | None) -> Callable[[Mapping[str, Any]], Answer]:
    if person is None:
        return lambda _: SILENT
    if not isinstance(person, Mapping):
        left: Iterator[Answer] = iter(person)
        return lambda _: next(left, SILENT)
    if "decision" in person:
        return lambda _: person
    by_tool = cast("Mapping[str, Answer]", person)
    return lambda view: by_tool.get(str(view["tool"]), SILENT)
