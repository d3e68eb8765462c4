"""The person of a case, who answers the interrupts of any graph in the shapes of LangChain's human in the loop."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from azure_devops_evals.case import YES, Answer, Case
from azure_devops_evals.running.approver import approver_of


class NoQuestion(Exception):
    """A graph paused with a value that is not a question about a write; the message shows it."""


class Person:
    """Decides about writes as the approver of a case, and keeps what was asked.

    Attributes:
        shown: The writes that were asked for, each once, with their tool and arguments.
        approved: The tools of the writes that were approved.
    """

    def __init__(self, case: Case, meanwhile: Callable[[], None]) -> None:
        """Begin with nothing asked. `meanwhile` lets other people change the organization at the first question."""
        self.shown: list[Mapping[str, Any]] = []
        self.approved: list[str] = []
        self._answer = approver_of(case)
        self._meanwhile = meanwhile
        self._edited: list[tuple[str, str]] = []
        self._replaced: list[tuple[str, str]] = []

    def decide(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Return the decision about a write. The same write with the arguments that the person wants is approved."""
        key = (tool, _as_key(arguments))
        if key in self._replaced:
            self._replaced.remove(key)
            return YES
        if key in self._edited:
            self._edited.remove(key)
            self.approved.append(tool)
            return YES
        if not self.shown:
            self._meanwhile()
        view = {"tool": tool, "arguments": dict(arguments), "edited": False}
        self.shown.append(view)
        answer = self._answer(view)
        if answer["type"] == "approve":
            self.approved.append(tool)
        elif answer["type"] == "edit":
            self._edited.append((tool, _as_key(answer["edited_action"]["args"])))
        return answer

    def answer(self, value: object) -> dict[str, Any]:
        """Return the answer to the value of an interrupt: one that asks about a turn's writes, or about one write.

        Raises:
            NoQuestion: The value has neither shape.
        """
        if isinstance(value, Mapping) and isinstance(value.get("action_requests"), list):
            allowed = {str(one["action_name"]): one["allowed_decisions"] for one in value.get("review_configs", ())}
            if "views" in value:  # our own graph, which a person can also stop
                allowed = {name: [*kinds, "stop"] for name, kinds in allowed.items()}
            return {
                "decisions": [
                    self._decide_as(str(one["name"]), one["args"], allowed.get(str(one["name"])))
                    for one in value["action_requests"]
                ]
            }
        if isinstance(value, Mapping) and value.get("type") == "tool_approval":
            return self._decide_as(str(value["name"]), value["args"], None)
        raise NoQuestion(f"the graph paused with a value that asks about no write: {value!r:.300}")

    def _decide_as(self, tool: str, arguments: Mapping[str, Any], allowed: list[str] | None) -> dict[str, Any]:
        """Decide in the form of LangChain. A decision that is not allowed becomes a rejection that says what to do."""
        decision = self.decide(tool, arguments)
        kind, may = decision["type"], allowed or ["approve", "edit", "reject"]
        if kind == "edit" and kind in may:
            # The agent carries it out at once, or shows what the person wants once more.
            self._replaced.append(self._edited.pop())
            self.approved.append(tool)
        if kind in may:
            return dict(decision)
        if kind == "edit":
            wanted = json.dumps(decision["edited_action"]["args"])
            return {"type": "reject", "message": f"Ask again, with exactly these arguments: {wanted}"}
        return {"type": "reject", "message": str(decision.get("message") or "Do not do this, and stop here.")}


def _as_key(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), sort_keys=True, default=str)
