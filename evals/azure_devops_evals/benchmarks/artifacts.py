"""Measure how much of a large artifact is transferred when one small file of it is read."""

from collections.abc import AsyncIterator, Iterator

import httpx

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import TOKEN, Stub
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.tools import TOOLS

_FILES, _FILE_BYTES = 10, 20 * 1024 * 1024
_BUILD, _TEXT = 19, "passed 1\npassed 2\nfailed 3\n"


def artifacts(_: Stub) -> Iterator[Measurement]:
    """Read a file at the end of an artifact of the simulator, by ranges and out of the whole archive."""
    organization = seed_organization()
    organization.add_token(TOKEN)
    [artifact] = organization.builds.builds[_BUILD].artifacts
    artifact.files = {f"{number}.bin": bytes(_FILE_BYTES) for number in range(_FILES)} | {"z.txt": _TEXT.encode()}
    with SimulatorServer(organization) as server:
        for budget in ("artifact", "artifact-whole"):
            organization.artifact_ranges = budget == "artifact"
            transport = _Counting()
            settings = load_settings(base_url=server.base_url, pat=TOKEN, default_project="Platform")
            with AzureDevOps(settings, transport=transport) as client:
                found = TOOLS["read_artifact_file"].call_sync(
                    client, build=_BUILD, artifact=artifact.name, path="z.txt"
                )
            size = f"{artifact.size / 2**20:.0f} MB in {_FILES + 1} files"
            detail = f"{transport.received:,} bytes in {transport.requests} requests, the list of artifacts included"
            yield Measurement(budget, transport.received / 2**20, "", f"{size}: {detail}; {found.total_lines} lines")


class _Counting(httpx.AsyncHTTPTransport):
    """The network, with a count of the requests and of the bytes of their answers."""

    requests = received = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        answer = await super().handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Counted(answer, self))


class _Counted(httpx.AsyncByteStream):
    def __init__(self, answer: httpx.Response, network: _Counting) -> None:
        self._answer, self._network = answer, network

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_raw():
            self._network.received += len(piece)
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()
