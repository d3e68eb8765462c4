"""Fifty users at once over one toolkit; each approves writes about their own bugs and no others."""

import asyncio

from langchain_azure_devops import Approval, Approver, AzureDevOpsToolkit, WriteRequest


def approver_of(user: str) -> Approver:
    """Return an approver that approves what is about this user."""

    async def approve(request: WriteRequest) -> Approval:
        await asyncio.sleep(0)
        mine = str(request.arguments["title"]).endswith(f" of {user}")
        return Approval(mine, request.digest, user, f"{user} approves only their own bugs")

    return approve


async def work(toolkit: AzureDevOpsToolkit, number: int) -> str:
    """Ask for one write; every tenth user asks for one that belongs to the next user."""
    about = number + 1 if number % 10 == 0 else number
    (tool,) = toolkit.get_tools(names="create_work_item", approver=approver_of(f"user {number}"))
    arguments = {"type": "Bug", "title": f"The bug of user {about}", "project": "Platform"}
    call = {"name": tool.name, "args": arguments, "id": str(number), "type": "tool_call"}
    return str((await tool.ainvoke(call)).status)


async def main() -> None:
    """Let all users work at the same time."""
    async with await AzureDevOpsToolkit.aconnect() as toolkit:
        done = await asyncio.gather(*(work(toolkit, number) for number in range(50)))
        print(done.count("success"), "written,", done.count("error"), "refused")


asyncio.run(main())
