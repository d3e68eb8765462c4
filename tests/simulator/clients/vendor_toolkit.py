"""A toolkit on the simulator with the vendor's MCP server under it, and calls of its tools as a model makes them."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import ToolMessage

from azure_devops_simulator import Certificate, Organization, SimulatorServer
from langchain_azure_devops import (
    Approval,
    AzureDevOpsToolkit,
    RunContext,
    WriteRequest,
    azure_devops_mcp_tools,
)
from langchain_azure_devops.runtime import Timeouts

REROUTE = Path(__file__).with_name("reroute.cjs")
QUICK = Timeouts(recovery=0.0)
"""A lost write is looked for once."""


class Person:
    """An approver that answers the same to every request, and remembers the requests."""

    def __init__(self, *, approves: bool = True) -> None:
        self.approves, self.asked = approves, list[WriteRequest]()

    def __call__(self, request: WriteRequest) -> Approval:
        self.asked.append(request)
        return Approval(self.approves, request.digest, "dana", "" if self.approves else "not now")


class Vendor:
    """The tools of one toolkit by their names, and the process of the server."""

    def __init__(self, toolkit: AzureDevOpsToolkit, tools: Sequence[Any], pid_file: Path) -> None:
        self.toolkit, self.pid_file = toolkit, pid_file
        self.tools = {tool.name: tool for tool in tools}

    def call(self, name: str, /, **arguments: Any) -> ToolMessage:
        """The tools that a model gets."""
        return self.tools[name].invoke(tool_call(name, arguments))

    async def acall(self, name: str, /, **arguments: Any) -> ToolMessage:
        return await self.tools[name].ainvoke(tool_call(name, arguments))

    def read(self, name: str, /, **arguments: Any) -> str:
        """The text of a call that succeeds."""
        message = self.call(name, **arguments)
        assert message.status == "success", message.content
        return str(message.content)

    @property
    def pid(self) -> int:
        return int(self.pid_file.read_text("utf-8"))


def tool_call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": "call", "name": name, "args": dict(arguments)}


def with_pid(pid_file: Path, *command: str) -> list[str]:
    """A command that writes its process id into a file before it becomes the program."""
    return ["sh", "-c", f'echo $$ > {pid_file}; exec "$@"', "sh", *command]


@contextmanager
def on_tls(organization: Organization, authority: Path) -> Iterator[dict[str, str]]:
    """The organization on a TLS port, and the variables with which the vendor's server gets there."""
    certificate = Certificate(authority.with_name("chain.pem"), authority.with_name("key.pem"))
    with SimulatorServer(organization, certificate=certificate) as secure:
        yield {
            "NODE_OPTIONS": f"--require {REROUTE}",
            "NODE_EXTRA_CA_CERTS": str(authority),
            "AZURE_DEVOPS_SIMULATOR_PORT": secure.base_url.rsplit(":", 1)[1].partition("/")[0],
        }


@contextmanager
def served(organization: Organization, authority: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The organization on a plain port for the toolkit, and on a TLS port for the server."""
    with SimulatorServer(organization) as plain, on_tls(organization, authority) as variables:
        yield plain.base_url, variables


@contextmanager
def vendor_toolkit(
    organization: Organization,
    base_url: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    token: str,
    toolsets: str | None = "all",
    timeouts: Timeouts = QUICK,
    **options: Any,
) -> Iterator[Vendor]:
    pid_file = folder / "pid"
    context = RunContext(organization.clock.now, timeouts=timeouts, nonce=lambda: "nonce")
    options = {"approver": Person(), "default_project": "Platform", **options}
    with AzureDevOpsToolkit.connect(base_url=base_url, pat=token, toolsets=(), context=context, **options) as toolkit:
        whole = with_pid(pid_file, *command)
        tools = azure_devops_mcp_tools(
            toolkit, command=whole, environment={"HOME": str(folder), **environment}, toolsets=toolsets
        )
        yield Vendor(toolkit, tools, pid_file)


def runs(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is the case; the limit of the test ends it otherwise."""
    while not condition():
        time.sleep(0.02)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not runs(pid))
