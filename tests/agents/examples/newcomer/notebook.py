"""The cells of a notebook: an event loop runs already, some cells await, others call and block."""

import ast
import asyncio
import inspect

CELLS = (
    """
from langchain_azure_devops import AzureDevOpsToolkit
toolkit = AzureDevOpsToolkit.connect()
tools = {tool.name: tool for tool in toolkit.get_tools()}
""",
    'print(tools["list_projects"].invoke({}))',
    'print(await tools["list_pipelines"].ainvoke({}))',
    """
from langchain_azure_devops.tools.builds import list_builds
print(len(list_builds.call_sync(toolkit.client, project="Platform").items), "builds, without awaiting")
print(len((await list_builds(toolkit.client, project="Platform")).items), "builds, awaited")
""",
    "await toolkit.aclose()",
)


async def run_cells() -> None:
    """Run the cells as a notebook's kernel does: in one namespace, on a loop that is running."""
    names: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(CELLS, 1):
        code = compile(cell, f"cell {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(code, names)  # noqa: S307 - the cells above
        if inspect.iscoroutine(made):
            await made


asyncio.run(run_cells())
