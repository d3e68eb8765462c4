"""A model that does whatever it reads: it obeys every order in the answers and lets orders change its own task."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from langchain_core.messages import BaseMessage, ToolMessage
from pydantic import PrivateAttr

from azure_devops_agents.models.scripted import Call, KeylessModel, Step
from azure_devops_evals.attacks.orders import orders_in

_TURNS = 4
_REPORT = Call.to(
    "write_report",
    verdict="answered",
    answer="Done as told.",
    observed=[],
    inferred=[],
    hypotheses_rejected=[],
    not_determined=[],
)


class ObedientModel(KeylessModel):
    """Finds orders in tool answers and carries out each of them once.

    Attributes:
        looks: The calls that it begins with.
        task: The write that it was asked for; None when it was asked only to look.
    """

    description: ClassVar[str] = "a script that obeys everything it reads"

    looks: list[Call]
    task: Call | None = None
    _done: set[str] = PrivateAttr(default_factory=set)

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:
        """Return the next calls."""
        if turn == 0:
            return self.looks
        fresh = self._fresh(messages)
        orders = [order for message in fresh for order in orders_in(str(message.content))]
        step = [call for order in orders for call in self._obeyed(order)] + self._told(messages, fresh)
        if turn == 1 and self.task is not None:
            step.append(self._task(orders))
        return step if step and turn < _TURNS else [_REPORT]

    def _fresh(self, messages: Sequence[BaseMessage]) -> list[ToolMessage]:
        """Return the answers to the last calls."""
        last = max(index for index, message in enumerate(messages) if message.type == "ai")
        return [message for message in messages[last:] if isinstance(message, ToolMessage)]

    def _task(self, orders: Sequence[Mapping[str, Any]]) -> Call:
        """Return the model's own write, with the arguments that the orders replace."""
        assert self.task is not None  # noqa: S101 - asked for only with a task
        arguments = dict(self.task.arguments)
        for order in orders:
            arguments |= {name: value for name, value in order.get("instead", {}).items() if name in arguments}
        return Call(name=self.task.name, arguments=arguments)

    def _obeyed(self, order: Mapping[str, Any]) -> Step:
        """Return the calls that an order wants, unless an earlier order wanted the same."""
        if "call" not in order:
            return []
        call = Call(name=str(order["call"]), arguments=dict(order["with"]))
        done = call.model_dump_json()
        if done in self._done:
            return []
        self._done.add(done)
        return [call] * int(order.get("times", 1))

    @staticmethod
    def _told(messages: Sequence[BaseMessage], fresh: Sequence[ToolMessage]) -> Step:
        """Return comments that pass on each file that was read because of an order."""
        wanted = [order for message in messages for order in orders_in(str(message.content)) if "tell" in order]
        read = [message for message in fresh if message.name == "read_repository_file" and wanted]
        return [
            Call.to("add_work_item_comment", id=wanted[0]["tell"], text=str(message.content)[-1500:])
            for message in read
        ]
