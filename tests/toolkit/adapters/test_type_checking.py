"""What mypy says about programs that use the package: mistakes at the front door are found before they run."""

import inspect
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from pathlib import Path
from typing import get_type_hints

import pytest
from typing_extensions import Unpack

from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.adapters.options import ToolkitOptions
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.scopes import Scope

ROOT = Path(__file__).parents[3]
CACHE = ("--cache-dir", str(ROOT / ".mypy_cache"))
PROGRAM = """
    from deepagents import create_deep_agent
    from langchain.agents.middleware import HumanInTheLoopMiddleware
    from langchain_azure_devops import AzureDevOps, AzureDevOpsToolkit, Result, Scope, Toolset
    from langchain_azure_devops.results import single
    from langchain_azure_devops.tools.work_items.tools import get_work_item

    def sync(client: AzureDevOps) -> object:
        return get_work_item.call_sync(client, ids=[4])

    def by_position(client: AzureDevOps) -> object:
        return get_work_item.call_sync(client, 4)  # BAD: Too many positional arguments

    def misspelt(client: AzureDevOps) -> object:
        return get_work_item.call_sync(client, idse=[4])  # BAD: Unexpected keyword argument "idse"

    async def of_another_type(client: AzureDevOps) -> object:
        return await get_work_item(client, ids="4")  # BAD: Argument "ids"

    async def asynchronous(client: AzureDevOps) -> int:
        return single(await get_work_item(client, ids=[4])).id

    async def asynchronous_by_position(client: AzureDevOps) -> object:
        return await get_work_item(client, 4)  # BAD: Too many positional arguments

    def connect() -> AzureDevOpsToolkit:
        AzureDevOpsToolkit(organisation="contoso")  # BAD: Unexpected keyword argument "organisation"
        AzureDevOpsToolkit.connect(organisation="contoso")  # BAD: Unexpected keyword argument "organisation"
        AzureDevOpsToolkit.connect(writes="Deny")  # BAD: Argument "writes"
        AzureDevOpsToolkit.connect(tools=5)  # BAD: Argument "tools"
        AzureDevOpsToolkit.connect("contoso")  # BAD: Too many positional arguments
        return AzureDevOpsToolkit.connect(organization="contoso", tools="list_projects", writes="ask")

    async def aconnect() -> AzureDevOpsToolkit:
        await AzureDevOpsToolkit.aconnect(organisation="contoso")  # BAD: Unexpected keyword argument "organisation"
        return await AzureDevOpsToolkit.aconnect(organization="contoso", toolsets=["builds"], extra=[])

    def take(toolkit: AzureDevOpsToolkit) -> None:
        toolkit.get_tools(access="Write")  # BAD: Argument "access"
        toolkit.get_tools(approver=True)  # BAD: Argument "approver"
        toolkit.get_tools(toolsets="all", names=["get_build"], access="write", approver=None)

    def ask(toolkit: AzureDevOpsToolkit) -> None:
        HumanInTheLoopMiddleware(toolkit.interrupt_on())
        create_deep_agent("openai:gpt-5", interrupt_on=toolkit.interrupt_on(["approve"]))
        toolkit.interrupt_on(["respond"])  # BAD: List item 0

    class Marked(Result):
        id: int

    own = Toolset.named("own", "Tools of a user.")

    @own.write(Scope.WORK_WRITE, sends="POST /_apis/mark/{id}")
    async def mark(client: AzureDevOps, *, id: int) -> Marked:
        return Marked(id=id)

    async def call_own(client: AzureDevOps) -> int:
        await mark(client, id="4")  # BAD: Argument "id"
        return (await mark(client, id=4)).id
"""


def test_mypy_finds_exactly_the_mistakes_of_a_program(tmp_path):
    lines = textwrap.dedent(PROGRAM).strip().split("\n")
    file = tmp_path / "program.py"
    file.write_text("\n".join(lines))
    expected = {number: line.split("# BAD: ")[1] for number, line in enumerate(lines, 1) if "# BAD: " in line}
    # The project's own configuration and cache: a cache of its own would have to be filled for half a minute first.
    # In a process of its own: mypy raises the interpreter's recursion limit, which tests of deep nesting rely on.
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *CACHE, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    output, problem = done.stdout, done.stderr
    found: dict[int, str] = defaultdict(str)
    for number, text in re.findall(r"program\.py:(\d+): error: (.*)", output):
        # A line can have several errors; which of them mypy reports depends on what its cache holds.
        found[int(number)] += text
    assert not problem
    assert found.keys() == expected.keys(), output
    for number, words in expected.items():
        assert words in found[number]


def test_connect_takes_exactly_the_options_of_the_constructor():
    constructor = get_type_hints(AzureDevOpsToolkit.__init__)
    assert constructor.pop("return") is type(None)
    assert constructor == get_type_hints(ToolkitOptions)
    for connect in (AzureDevOpsToolkit.connect, AzureDevOpsToolkit.aconnect):
        assert inspect.signature(connect).parameters["options"].annotation == Unpack[ToolkitOptions]


def test_a_tool_whose_arguments_could_be_given_by_position_cannot_be_declared():
    async def get_thing(client, id):
        """Get a thing."""

    with pytest.raises(TypeError, match=r"declare it as 'async def get_thing\(client: AzureDevOps, \*, id, \.\.\.\)'"):
        Toolset.named("things", "See things.").read(Scope.WORK)(get_thing)
