"""The question about the writes that wait and its answer, in the shape of LangChain's human-in-the-loop types."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

DECISIONS = ("approve", "edit", "reject", "stop")
"""The decisions of a person about a write. `stop` ends the question; LangChain's types do not have it."""
_REVIEWED = ["approve", "edit", "reject"]
_LONGEST_PROBLEM = 600
_NUMBERED = 2
"""How many parts the place of a decision has: the list, and the number in it."""
_FAULTS = {
    "union_tag_invalid": f"has none of the types {', '.join(DECISIONS[:-1])} and {DECISIONS[-1]}",
    "union_tag_not_found": "has no type",
    "missing": "is missing",
    "string_type": "is no text",
    "list_type": "is no list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "is no object"),
}
"""The faults of an answer in words for people, by the names that pydantic gives them."""


class _Decision(BaseModel):
    """The form that all decisions share. Other keys are ignored, so that no answer can name the approver."""

    model_config = ConfigDict(extra="ignore")

    digest: Annotated[str | None, Field(description="The digest of the view that this decision is about")] = None


class Approve(_Decision):
    """Write it as it was shown."""

    type: Literal["approve"]


class EditedAction(BaseModel):
    """The call that a person wants in place of the model's."""

    model_config = ConfigDict(extra="ignore")

    name: str
    args: dict[str, Any]


class Edit(_Decision):
    """Show the call once more with these arguments."""

    type: Literal["edit"]
    edited_action: EditedAction


class Reject(_Decision):
    """Do not write it; the message tells the model why."""

    type: Literal["reject"]
    message: str | None = None


class Stop(_Decision):
    """Write nothing of this turn, and end the question."""

    type: Literal["stop"]
    message: str | None = None


Decide = Annotated[Approve | Edit | Reject | Stop, Field(discriminator="type")]


class Answer(BaseModel):
    """One decision for each write that waits, in their order."""

    model_config = ConfigDict(extra="ignore")

    decisions: list[Decide]


_ONE_WRITE: TypeAdapter[object] = TypeAdapter(Answer | Decide)


def ask_about(views: Sequence[Mapping[str, Any]], problem: str = "") -> dict[str, Any]:
    """Return the value of the interrupt that asks a person about writes.

    Args:
        views: What the person is shown of each write, with the `name` of its tool as the model knows it.
        problem: Why the last answer was not accepted. It begins each description as well, because there are front ends
            that show nothing else.
    """
    before = f"Not accepted: {problem}\n" if problem else ""
    problems = [text for text in (problem, *(str(view["problem"]) for view in views)) if text]
    return {
        "action_requests": [
            {"name": view["name"], "args": view["editable"], "description": f"{before}{view['description']}"}
            for view in views
        ],
        "review_configs": [{"action_name": view["name"], "allowed_decisions": list(_REVIEWED)} for view in views],
        "views": list(views),
        "problem": "\n".join(dict.fromkeys(problems)),
    }


def answer_schema(number: int) -> dict[str, Any]:
    """Return the JSON Schema of the answer to a question about this number of writes."""
    schema = _ONE_WRITE.json_schema() if number == 1 else Answer.model_json_schema()
    answer = schema["$defs"]["Answer"] if number == 1 else schema
    answer["properties"]["decisions"] |= {"minItems": number, "maxItems": number}
    return schema


def read_answer(answer: object, names: Sequence[str]) -> list[Approve | Edit | Reject | Stop]:
    """Return the decisions of an answer, one for each write. A decision alone is an answer when one write waits.

    Args:
        answer: What a client sent; it may be anything.
        names: The names of the calls that wait, in their order.

    Raises:
        ValueError: It is no answer to this question. The message says why, and what to send.
    """
    expected = _describe_expected(len(names))
    if not isinstance(answer, Mapping) or ("decisions" in answer) == ("type" in answer):
        raise ValueError(f"This is no answer to the question. {expected}")
    if "type" in answer:
        if len(names) != 1:
            raise ValueError(f"{_compare_counts(1, len(names))} {expected}")
        answer = {"decisions": [answer]}
    try:
        decisions = Answer.model_validate(answer).decisions
    except ValidationError as error:
        raise ValueError(f"{_describe_fault(error, answer)} {expected}") from None
    if len(decisions) != len(names):
        raise ValueError(f"{_compare_counts(len(decisions), len(names))} {expected}")
    for decision, name in zip(decisions, names, strict=True):
        if isinstance(decision, Edit) and decision.edited_action.name != name:
            raise ValueError(f"An edit changes the arguments of {name}, and cannot make another call of it. {expected}")
    return decisions


def _describe_expected(number: int) -> str:
    each = "one decision" if number == 1 else f"{number} decisions, one for each write in the order shown"
    return (
        f'Send {{"decisions": [...]}} with {each}: {{"type": "approve"}}, {{"type": "edit", "edited_action": '
        '{"name": ..., "args": {...}}}, {"type": "reject", "message": ...} or {"type": "stop"}.'
    )


def _compare_counts(came: int, waiting: int) -> str:
    decisions = {0: "No decision", 1: "One decision"}.get(came, f"{came} decisions")
    return f"{decisions} came, and {'one write waits' if waiting == 1 else f'{waiting} writes wait'}."


def _describe_fault(error: ValidationError, answer: Mapping[str, Any]) -> str:
    """Say what is wrong with an answer, in words that repeat nothing of it."""
    given = answer["decisions"]
    types = [each.get("type") for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    if "respond" in types:
        return "The type respond is not allowed here. Use approve, edit, reject or stop."
    faults = [
        f"{_name_place(each['loc'])} {_FAULTS.get(each['type'], 'has the wrong form')}" for each in error.errors()
    ]
    return f"The answer cannot be used: {'; '.join(faults)}"[:_LONGEST_PROBLEM] + "."


def _name_place(place: Sequence[str | int]) -> str:
    """Name the part of an answer that is wrong. The third part of a place is the type of the decision."""
    if len(place) < _NUMBERED:
        return "decisions"
    decision, inner = f"decision {int(place[1]) + 1}", ".".join(map(str, place[_NUMBERED + 1 :]))
    return f"{inner} of {decision}" if inner else decision
