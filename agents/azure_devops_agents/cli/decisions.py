"""Let a person at the terminal decide about the writes that wait for an approval."""

import getpass
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from rich.console import Console

from azure_devops_agents.approvals.answers import DECISIONS
from azure_devops_agents.cli.approval_panel import show_approval
from azure_devops_agents.cli.views import summarize_write
from azure_devops_agents.investigation.events import ApprovalAsked, Event
from azure_devops_agents.investigation.investigator import Investigator
from langchain_azure_devops.errors import Conflict
from langchain_azure_devops.safety import is_rows

_VIEW = "view"
"""Shows the whole approval again, however long it is; it is no decision."""
_POSSIBLE = f"Type {', '.join(DECISIONS)} or {_VIEW}, or its first letter."
"""The reply to any other answer at the prompt."""
Decide = Callable[[ApprovalAsked], Mapping[str, Any]]


def answer_approvals(
    investigator: Investigator, thread: str, events: Iterator[Event], decide: Decide
) -> Iterator[Event]:
    """Yield all events of a question and answer each approval in between.

    Raises:
        Conflict: While the person decided, somebody else answered, or deleted the thread.
    """
    asked: ApprovalAsked | None = None
    while True:
        decided, asked, answered = asked is not None, None, False
        for event in events:
            answered = True
            if isinstance(event, ApprovalAsked):
                asked = event
            yield event
        if decided and not answered:
            raise Conflict(
                f"This decision came too late, and nothing was written by it: the question of thread {thread} was "
                "answered by another client, or the thread was deleted.",
                subject=thread,
            )
        if asked is None:
            return
        events = investigator.answer(thread, asked.interrupt_id, decide(asked))


def ask_person(console: Console, asked: ApprovalAsked) -> Mapping[str, Any]:
    """Ask the person at the terminal about each write. Without a terminal the answer is no.

    An edited call is shown again first. `stop` answers for all writes of the turn.
    """
    if not sys.stdin.isatty():
        console.print("Nobody is at a terminal to approve this write, so it was rejected. Nothing was written.")
        return answer_all(asked, {"type": "reject", "message": "nobody was at a terminal"})
    decisions = list[Mapping[str, Any]]()
    for view in asked.views:
        decision = _ask_about(console, view)
        if decision["type"] == "stop":
            return answer_all(asked, {"type": "stop"})
        decisions.append({**decision, "digest": view["digest"]})
    return {"decisions": decisions}


def answer_all(asked: ApprovalAsked, decision: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer that decides about all writes in the same way."""
    return {"decisions": [{**decision, "digest": view["digest"]} for view in asked.views]}


def _ask_about(console: Console, view: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask the person at the terminal about one write."""
    while True:
        answer = click.prompt(approval_question(view), default="reject", err=True).strip().lower()
        chosen = [word for word in (*DECISIONS, _VIEW) if word.startswith(answer)]
        if len(chosen) != 1:
            console.print(f"{answer!r} is no answer. {_POSSIBLE}", markup=False)
            continue
        if chosen[0] == _VIEW:
            show_approval(console, view, full=True)
            continue
        if chosen[0] == "edit":
            if (arguments := _edit_arguments(console, view["editable"])) is not None:
                return {"type": "edit", "edited_action": {"name": view["name"], "args": arguments}}
            continue
        if chosen[0] == "reject":
            return {"type": "reject", "message": click.prompt("Why", default="", show_default=False, err=True)}
        return {"type": chosen[0]}


def approval_question(view: Mapping[str, Any]) -> str:
    """Return the question that a person at the terminal answers."""
    return f"{summarize_write(view)}: {' / '.join((*DECISIONS, _VIEW))}"


def name_approver() -> str:
    """Name the person who answers at this terminal; nobody when there is none."""
    return name_person() if sys.stdin.isatty() else "nobody"


def name_person() -> str:
    """Name the person at the terminal, as far as the machine knows them."""
    try:
        return f"terminal: {getpass.getuser()}"
    except (KeyError, OSError):
        return "terminal"


def _write_out(arguments: Mapping[str, Any]) -> str:
    """Return arguments as JSON in which each record of a list has a line of its own, so that a person can delete it."""
    lines = []
    for name, value in arguments.items():
        text = json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")
        if is_rows(value):
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in value)
            text = f"[\n{rows}\n  ]"
        lines.append(f"  {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _edit_arguments(console: Console, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """Let a person edit all arguments in their editor; None when nothing was changed."""
    text = _write_out(arguments)
    while True:
        try:
            changed = click.edit(text, extension=".json", require_save=False)
        except click.ClickException as error:
            console.print(f"The editor did not start: {error.message} Set EDITOR to the editor to use.", markup=False)
            return None
        if changed is None or changed.strip() == text.strip():
            console.print("Nothing was changed.")
            return None
        try:
            found = json.loads(changed)
        except ValueError as error:
            console.print(f"That is not JSON: {error}", markup=False)
        else:
            if isinstance(found, dict):
                return None if found == arguments else found
            console.print("The arguments must be one JSON object.")
        if not click.confirm("Edit again", default=True, err=True):
            return None
        text = changed
