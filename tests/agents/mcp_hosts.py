"""MCP hosts that follow a plan: the official client of either major version, over stdio or HTTP.

This module runs in two places: in the test process with the client 2.x, and as a script of an environment of its own
with the client 1.x, which reads the plan from standard input and prints what happened. Results are as on the wire.

A plan is plain JSON:
    mode      "auto" or "legacy", for the client 2.x
    server    {"command": [...], "env": {...}} or {"url": ..., "headers": {...}}
    answers   what the person answers, one after the other, as [action, approve]; null for a host that cannot ask
    steps     ["tools"], ["templates"], ["read", uri], ["call", name, arguments], ["sleep", seconds], or
              ["give up", name, arguments, path] when the file is there
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

ENDED = "the call was given up"


async def follow(plan):
    """Follow a plan; returns the result of each step, the questions to the person, and the reports of progress."""
    happened = {"results": [], "asked": [], "progress": [], "protocol": ""}
    async with _connect(plan, happened) as (session, protocol):
        happened["protocol"] = protocol
        for step in plan["steps"]:
            happened["results"].append(await _take(session, step, happened))
    return happened


async def _take(session, step, happened):
    kind, *given = step

    async def report(progress, total, message):
        happened["progress"].append([progress, message])

    async def run():
        if kind == "tools":
            return await session.list_tools()
        if kind == "templates":
            return await session.list_resource_templates()
        if kind == "read":
            return await session.read_resource(_uri(given[0]))
        return await session.call_tool(given[0], given[1], progress_callback=report)

    if kind == "sleep":
        return await asyncio.sleep(given[0])
    try:
        if kind == "give up":
            return await _give_up(session, asyncio.ensure_future(run()), Path(given[2]))
        answer = await run()
    except Exception as error:  # noqa: BLE001 - the test compares it
        return {"error": str(error)}
    return answer.model_dump(by_alias=True, mode="json", exclude_none=True)


async def _give_up(session, call, path):
    """Give a call up when a file is there; the client 1.x leaves it to its user to tell the server."""
    while not path.exists():  # noqa: ASYNC110 - another process makes the file
        await asyncio.sleep(0.02)
    call.cancel()
    await asyncio.wait([call])
    if not _is_new():
        await _say_cancelled(session)
    return {"error": ENDED if call.cancelled() else "the call ended before"}


async def _say_cancelled(session):
    from mcp import types

    params = types.CancelledNotificationParams(requestId=session._request_id - 1)
    await session.send_notification(
        types.ClientNotification(types.CancelledNotification(method="notifications/cancelled", params=params))
    )


def _uri(text):
    if _is_new():
        return text
    from pydantic import AnyUrl

    return AnyUrl(text)


def _is_new():
    try:
        from mcp import Client  # noqa: F401 - the question is whether it is there
    except ImportError:
        return False
    return True


def _person(plan, happened):
    """The callback that answers for the person; None for a host that cannot ask one."""
    if plan["answers"] is None:
        return None
    answers = list(plan["answers"])

    async def answer(_, params):
        from mcp.types import ElicitResult

        happened["asked"].append(params.message)
        action, approve = answers.pop(0)
        return ElicitResult(action=action, content={"approve": approve} if action == "accept" else None)

    return answer


@asynccontextmanager
async def _connect(plan, happened):
    if _is_new():
        async with _new(plan, happened) as client:
            yield client, client.protocol_version
    else:
        async with _old(plan, happened) as (session, protocol):
            yield session, protocol


@asynccontextmanager
async def _new(plan, happened):
    import httpx2
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    server = plan["server"]
    async with AsyncExitStack() as stack:
        if "url" in server:
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=server["headers"], timeout=60))
            target = streamable_http_client(server["url"], http_client=http)
        else:
            command, *arguments = server["command"]
            program = StdioServerParameters(command=command, args=arguments, env=server["env"])
            # The default is the standard error of the moment in which the library was imported.
            target = stdio_client(program, errlog=sys.__stderr__)
        client = Client(target, mode=plan["mode"], elicitation_callback=_person(plan, happened))
        yield await stack.enter_async_context(client)


@asynccontextmanager
async def _old(plan, happened):
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    server = plan["server"]
    if "url" in server:
        transport = streamablehttp_client(server["url"], headers=server["headers"])
    else:
        command, *arguments = server["command"]
        transport = stdio_client(StdioServerParameters(command=command, args=arguments, env=server["env"]))
    async with transport as (reading, writing, *_):
        async with ClientSession(reading, writing, elicitation_callback=_person(plan, happened)) as session:
            begun = await session.initialize()
            yield session, begun.protocolVersion


if __name__ == "__main__":
    print(json.dumps(asyncio.run(follow(json.loads(sys.stdin.read())))))
