"""One attack on one tool, what it proves, and the clients that the attacks use."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from langchain_core.messages import ToolMessage

from azure_devops_evals.attacks.samples import SCOPES, UPLOADS
from azure_devops_evals.attacks.surfaces import NONCE, PROJECT, QUICK
from azure_devops_evals.world.world import BASE_URL, TOKEN, World
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.runtime import RunContext
from langchain_azure_devops.safety import Approver
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.tools import TOOLS


@dataclass(frozen=True)
class Attempt:
    """One attack on one tool.

    Attributes:
        tool: The name of the tool.
        name: What was done, in words.
        proven: Whether the attack really took place. An attack that did not take place proves nothing.
        violations: The promises that did not hold, in words.
    """

    tool: str
    name: str
    proven: bool
    violations: tuple[str, ...] = ()


Family = Callable[[str, bool], Iterator[Attempt]]
"""Attacks one tool; the second argument says whether to try all variants instead of a choice of them."""


def open_toolkit(
    transport: httpx.AsyncBaseTransport,
    *,
    writes: Literal["deny", "ask", "allow"] = "allow",
    token: str = TOKEN,
    approver: Approver | None = None,
    world: World | None = None,
    audit: Path | None = None,
    on_error: Literal["message", "raise"] = "message",
) -> AzureDevOpsToolkit:
    """Open a toolkit with all tools on a transport.

    Args:
        transport: The transport.
        writes: The policy for writes.
        token: The personal access token.
        approver: Answers the questions about writes.
        world: The world whose clock the client uses; None for the clock of this machine.
        audit: The file of the audit log.
        on_error: Whether tools return errors or raise them.
    """
    context = RunContext(nonce=lambda: NONCE, pseudonym_key=b"attacks", timeouts=QUICK, shared_pace=False)
    if world is not None:
        context = RunContext(
            clock=world.organization.clock.now,
            nonce=lambda: NONCE,
            pseudonym_key=b"attacks",
            timeouts=QUICK,
            shared_pace=False,
        )
    toolkit = AzureDevOpsToolkit(
        settings=load_settings(base_url=BASE_URL, pat=token, default_project=PROJECT, scopes=SCOPES, environ={}),
        transport=transport,
        context=context,
        toolsets="all",
        writes=writes,
        approver=approver,
        audit=audit,
        on_error=on_error,
        attachments_folder=UPLOADS,
    )
    # All worlds have the same address, but a write that is open in one of them is none of another.
    toolkit.client.write_memory = type(toolkit.client.write_memory)()
    return toolkit


def call(
    toolkit: AzureDevOpsToolkit,
    tool: str,
    arguments: Mapping[str, Any],
    approver: Approver | Literal["default"] | None = "default",
) -> ToolMessage:
    """Call a tool as a model does, and return the message that the model gets."""
    bound = toolkit.get_tools(names=[tool], approver=approver)[0]
    answer = bound.invoke({"type": "tool_call", "id": "1", "name": tool, "args": dict(arguments)})
    assert isinstance(answer, ToolMessage)  # noqa: S101 - what a call with an id gives
    return answer


def tools_with(access: Literal["read", "write"]) -> list[str]:
    """Return the tools that read, or those that write."""
    return [name for name, tool in TOOLS.items() if tool.access == access]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text and number of a value of plain data with its path; the names in it do not count."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}[{number}]")
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield path, str(value)
