"""The stub server as the benchmarks use it: its address, its counters, and clients of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import httpx

from langchain_azure_devops import AzureDevOps, load_settings

Mode = Literal["plain", "delay", "faulty"]
TOKEN = "a-token-of-the-stub"  # noqa: S105 - the stub takes any


class Wire(NamedTuple):
    """The requests, connections and bytes since the last look."""

    requests: int
    connections: int
    sent: int


class Stub(NamedTuple):
    """A running stub server."""

    url: str

    def base_url(self, mode: Mode = "plain") -> str:
        """Return the organization's base URL for answers of this kind."""
        return f"{self.url}/{mode}"

    def client(self, mode: Mode = "plain") -> AzureDevOps:
        """Open a client as users do, with all safety on; the caller closes it."""
        return AzureDevOps(load_settings(base_url=self.base_url(mode), pat=TOKEN, default_project="Platform"))

    def wire(self) -> Wire:
        """Return the counters since the last look, without the request of this look."""
        found = httpx.get(f"{self.url}/plain/_stats", trust_env=False).json()
        # This look uses a connection of its own.
        return Wire(found["requests"], found["connections"] - 1, found["sent"])


@contextmanager
def stub() -> Iterator[Stub]:
    """Start the server in a process of its own, and end it."""
    command = [sys.executable, "-m", "azure_devops_evals.benchmarks.stub"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            yield Stub(process.stdout.readline().strip())
        finally:
            process.terminate()
