"""The standard tests that LangChain asks of a tool: every tool, as the toolkit gives it to an agent, over HTTP."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from tool_calls import FULL, UPLOADS

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit, Tool


class EveryTool:
    """Runs each test of a suite once for each declared tool; the sample call is the one of the declaration."""

    @pytest.fixture(autouse=True, params=TOOLS.values(), ids=TOOLS)
    def bound(self, request: pytest.FixtureRequest) -> Iterator[None]:
        self.declared: Tool[..., Any] = request.param
        changes = self.declared.access == "write" and isinstance(self, ToolsIntegrationTests)
        server: SimulatorServer = request.getfixturevalue("server" if changes else "shared_server")
        with AzureDevOpsToolkit.connect(
            base_url=server.base_url,
            pat=FULL,
            default_project="Platform",
            toolsets="all",
            attachments_folder=UPLOADS.folder,
            writes="allow",
        ) as toolkit:
            (self.made,) = toolkit.get_tools(names=self.declared.name)
            yield

    @property
    def tool_constructor(self) -> BaseTool:
        return self.made

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return dict(self.declared.examples[0])


class TestUnits(EveryTool, ToolsUnitTests):
    """Checks without a call: name, schema, and an example that fits it."""


class TestIntegration(EveryTool, ToolsIntegrationTests):
    """Real calls, sync and async, with and without the id of a call."""

    @pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
    async def test_the_example_succeeds(self, sync, tool):
        """The suite of LangChain accepts an error message, too; the example of a declaration has to work."""
        call = {"type": "tool_call", "id": "123", "name": tool.name, "args": self.tool_invoke_params_example}
        message = tool.invoke(call) if sync else await tool.ainvoke(call)
        assert message.status == "success", message.content
        # No branch of the seeded organization is protected by a policy, and its answer says so.
        empty = {"empty"} if tool.name == "list_policies" else set()
        assert message.artifact["status"] in (empty or {"ok", "partial"}), message.artifact


def test_the_suites_run_whole():
    """A test of LangChain that we replaced would no longer be theirs."""
    for suite in (TestUnits, TestIntegration):
        theirs = [name for name, _ in inspect.getmembers(suite.__mro__[2]) if name.startswith("test_")]
        assert len(theirs) >= 4
        assert not [name for name in theirs if name in vars(suite) or name in vars(EveryTool)]
