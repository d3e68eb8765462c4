"""The operations of the vendor's server as tools: validated, filtered, approved, redacted and audited like our own."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from pydantic import JsonValue

from langchain_azure_devops.adapters.mcp_client.answers import (
    VendorAnswer,
    check_for_page,
    classify_failure,
    is_not_begun,
    make_result,
    read_text,
    shorten,
    unclear_failure,
)
from langchain_azure_devops.adapters.mcp_client.arguments import (
    complete_arguments,
    describe_operation,
    make_signature,
    takes_one_project,
)
from langchain_azure_devops.adapters.mcp_client.operations import Offer, VendorOperation, load_allow_list
from langchain_azure_devops.adapters.mcp_client.read_back import READ_BACK, SHOWN
from langchain_azure_devops.adapters.mcp_client.session import VendorServer
from langchain_azure_devops.calls.facts import Access
from langchain_azure_devops.calls.recovery import WriteReported
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Misconfigured,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.review_rules import refuse_bypass, refuse_own
from langchain_azure_devops.http.write_gate import spend_grant
from langchain_azure_devops.results.models import Result
from langchain_azure_devops.safety.grants import Operation, current_call


def make_tools(server: VendorServer, offers: Iterable[Offer]) -> list[Tool[..., Any]]:
    """Make a tool of each operation that may be offered.

    Args:
        server: The server that carries them out.
        offers: Its list, which was checked.
    """
    by_name = {str(offer["name"]): offer for offer in offers}
    return [
        _make_tool(server, operation, by_name[operation.tool])
        for operation in load_allow_list().operations
        if operation.access != "none"
    ]


def _make_tool(server: VendorServer, operation: VendorOperation, offer: Offer) -> Tool[..., Any]:
    one_project = takes_one_project(operation, offer)
    writes = operation.access == "write"
    back = READ_BACK.get(operation.key)

    async def call(client: AzureDevOps, **given: Any) -> Result:
        if client is not server.client:
            raise Misconfigured(
                f"{operation.name} belongs to the toolkit that it was made for.", subject=operation.name
            )
        arguments = await complete_arguments(client, operation, given, one_project=one_project)
        return await (_write if writes else _read)(server, operation, arguments)

    call.__name__ = operation.name
    vars(call)["__signature__"] = make_signature(operation, offer, back.result if back else VendorAnswer)
    return Tool(
        name=operation.name,
        description=describe_operation(operation, offer),
        toolset=operation.toolset,
        access=cast("Access", operation.access),
        scopes=operation.scopes,
        function=cast("Callable[..., Awaitable[Result]]", call),
        default=operation.default,
        destructive=writes,
        idempotent=not writes,
        operations=frozenset({_route(operation)} if writes else ()),
        writes=int(writes),
        contents=operation.contents,
        current=back.current if back else SHOWN.get(operation.key),
        recover=back.find if back else None,
        makes=back.makes if back else "",
    )


def _route(operation: VendorOperation) -> Operation:
    """Return what a grant for a write covers: one call of this operation, and no request of our own client."""
    return Operation("MCP", f"tools/call {operation.key}")


async def _read(server: VendorServer, operation: VendorOperation, arguments: dict[str, JsonValue]) -> Result:
    client = server.client
    answer = await server.call(operation.tool, _reveal(client, arguments), writes=False)
    text = read_text(answer)
    if answer.is_error:
        raise await classify_failure(client, operation, text) or unclear_failure(client, operation, text)
    check_for_page(operation, text, arguments.get("path"))
    return await make_result(text)


async def _write(server: VendorServer, operation: VendorOperation, arguments: dict[str, JsonValue]) -> Result:
    """Have the server write. Its word alone is never the result: the caller reads back what it reports as done.

    Raises:
        WriteReported: It reports the write as done.
        WriteOutcomeUnknown: It is not certain that nothing was done.
        AzureDevOpsError: Nothing was done, for this reason.
    """
    await _check_rules(server.client, arguments)
    await _pass_gate(server.client, operation, arguments)
    answer = await server.call(operation.tool, arguments, writes=True)
    text = read_text(answer)
    if answer.is_error:
        raise await _judge_failure(server.client, operation, text)
    check_for_page(operation, text, None)
    if operation.key not in READ_BACK:
        raise WriteOutcomeUnknown(
            f"The MCP server reports {operation.key} as done, which is no proof: it reports refused writes as done, "
            "too. Nothing here can confirm it, so the outcome is unknown. Do not repeat it; a person has to look.",
            subject=operation.name,
        )
    told = f"The MCP server reported {operation.key} as done."
    raise WriteReported(told, subject=operation.name, answer=text or "done")


async def _check_rules(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> None:
    """Refuse what the constructor of the client does not allow: the client checks only the requests that it sends.

    Raises:
        WriteBlocked: It passes over policies, or decides about a pull request that the token's own account opened.
    """
    if arguments.get("bypassPolicy"):
        refuse_bypass(client)
    decides = arguments.get("autoComplete") or str(arguments.get("status")).lower() == "completed"
    if (number := arguments.get("pullRequestId")) is not None and (decides or "vote" in arguments):
        await refuse_own(client, int(str(number)))


async def _pass_gate(client: AzureDevOps, operation: VendorOperation, arguments: Mapping[str, JsonValue]) -> None:
    """Pass the gate right before the call, as a request does: once, and then with the state that was approved.

    Raises:
        WriteBlocked: There is no grant for this write.
        StateChanged: What the approver was shown has changed.
    """
    call = current_call.get()
    project = arguments.get("project")
    spend_grant(
        client,
        call.grant if call else None,
        _route(operation),
        {"project": None if project is None else str(project)},
    )
    if call is not None and call.before_write is not None:
        await call.before_write()


async def _judge_failure(client: AzureDevOps, operation: VendorOperation, text: str) -> AzureDevOpsError:
    """Return the refusal of a write where it is certain that nothing was done, and otherwise that it is unknown."""
    refused = await classify_failure(client, operation, text)
    if refused is not None and (not operation.several or is_not_begun(text)):
        return refused
    return WriteOutcomeUnknown(
        f"The MCP server reports that {operation.key} failed, and a part may have been done: {shorten(client, text)}",
        subject=operation.name,
    )


def _reveal(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the arguments of a read with the secrets that its pseudonyms stand for."""
    return {name: _reveal_value(client, value) for name, value in arguments.items()}


def _reveal_value(client: AzureDevOps, value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return client.secrets.reveal(value)
    return [_reveal_value(client, part) for part in value] if isinstance(value, list) else value
