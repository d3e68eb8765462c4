"""The answers of the vendor's server: its text without its own fence, and its errors as ours where that is certain."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping

from pydantic import Field

from langchain_azure_devops.adapters.mcp_client.operations import VendorOperation
from langchain_azure_devops.errors import (
    AzureDevOpsError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ScopeMissing,
    ServiceFault,
    SignInRequired,
    TokenRejected,
    Unavailable,
    WriteOutcomeUnknown,
    error_class,
    explain,
)
from langchain_azure_devops.extras import naming_extras
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import CollectedText, PartialResult

with naming_extras():
    from mcp_types import BlobResourceContents, CallToolResult, EmbeddedResource, TextContent

MOST_CHARACTERS = 400_000
"""What follows in a longer answer is left out before its secrets are replaced; a result shows far less."""
_READ, _SHOWN = 20_000, 2_000
"""Characters of a failure that are read and that are shown."""
_FENCE = re.compile(r"<<(\w{32})>> \[UNTRUSTED [^\n]*\] <<\1>>\n(.*)\n<</\1>>", re.DOTALL)
_SIGN_IN = re.compile(r"(?is)\s*(?:<!doctype html[^>]*>\s*)?<html\b.{0,2000}?(?:<title>[^<]*sign in|_signin)")
_NOT_JSON = re.compile(r"Unexpected token '?<'?.*is not valid JSON", re.DOTALL)
_CODE = re.compile(r"(?:^|(?<=: )|(?<=:\"))((?:TF|VS)\d{5,6}): .*", re.DOTALL)
_STATUS = re.compile(r"\[HTTP (\d{3})\b|\((\d{3})\)(?=:|\s*$)|\bHTTP (\d{3}):|\bAPI error: (\d{3})\b")
_STATUS_TEXT = re.compile(r"(?i): (unauthorized|forbidden|too many requests)\s*$")
_STATUS_TEXTS = {"unauthorized": 401, "forbidden": 403, "too many requests": 429}
_MISSING = re.compile(r"\b[\w']+ is required\b|\bInvalid arguments for tool\b|\bInput validation error\b")
_CODES: Mapping[str, type[AzureDevOpsError]] = {
    **dict.fromkeys(("TF401019", "TF401174", "TF401175", "TF401180", "TF401232"), NotFound),
    **dict.fromkeys(("TF401027", "TF215106"), PermissionDenied),
    **dict.fromkeys(("TF401320", "TF401347", "TF401398", "TF51004", "TF51005", "TF51006", "VS403691"), InvalidRequest),
    "TF401028": Conflict,
}
"""The codes by which the service refuses; the server passes them on without the status of the answer."""
_NOT_BEGUN = re.compile(
    r"(?:MCP error -32602: )?(?:Input validation error|Invalid arguments for tool)\b.*"
    r"|[\w', ]+ is required\b[^:]*"
    r"|Error[^:]*: Client does not support (?:form )?elicitation\.?",
    re.DOTALL,
)
"""What the server says before its first request. Whatever came from the service stands after a prefix and a colon."""
_ELICITED = re.compile(r"does not support (?:form )?elicitation|Elicitation not supported")
_LINKS = {"_links", "imageUrl"}
"""Addresses of the REST interface and of pictures. Nobody can read them, and they are half of many answers."""
_HTML_FILE = re.compile(r"(?i)\.(?:x?html?|aspx)$")


class VendorAnswer(PartialResult):
    """What the vendor's server answered."""

    singular, plural = "answer of the MCP server", "answers of the MCP server"
    identifying = ()

    notes: list[str] = Field(default=[])
    text: CollectedText


def read_text(answer: CallToolResult) -> str:
    """Return the text of an answer without the fence that the server puts around it; files stay out."""
    return "\n".join(_read_parts(answer))


def _read_parts(answer: CallToolResult) -> Iterable[str]:
    for part in answer.content:
        if isinstance(part, TextContent):
            found = _FENCE.fullmatch(part.text)
            yield found[2] if found else part.text
        elif isinstance(part, EmbeddedResource):
            inside = part.resource
            size = len(inside.blob if isinstance(inside, BlobResourceContents) else inside.text)
            yield f"[a file of about {size * 3 // 4:,} bytes, which is not text]"
        else:
            yield f"[{part.type}, which is not text]"


async def make_result(text: str) -> VendorAnswer:
    """Make a result of a text. Other calls go on while a long text is read."""
    return await asyncio.to_thread(_make_result, text) if len(text) > MOST_CHARACTERS else _make_result(text)


def _make_result(text: str) -> VendorAnswer:
    """Make a result of a text: lists with one entry on each line, and not more than could ever be shown.

    It is cut at the end of a line, because the last line may hold a secret that is cut off.
    """
    lines, length = _shorten_json(text), len(text)
    if len(lines) <= MOST_CHARACTERS:
        return VendorAnswer(text=lines)
    kept = lines[:MOST_CHARACTERS]
    kept = kept[: kept.rfind("\n") + 1].rstrip("\n")
    note = f"The answer has {length:,} characters; what follows after {len(kept):,} was left out."
    return VendorAnswer(text=kept, notes=[note], partial=True)


def _shorten_json(text: str) -> str:
    """Write JSON without links: one entry of a list on each line, and a list of lines as these lines."""
    try:
        value = json.loads(text, object_pairs_hook=_without_links)
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, list):
        return _dump(value)
    return "\n".join(entry if isinstance(entry, str) else _dump(entry) for entry in value) or "[]"


def _without_links(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in pairs if name not in _LINKS}


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def check_for_page(operation: VendorOperation, text: str, path: object) -> None:
    """Recognize a page of the service that the server passes on as if it were a result.

    Raises:
        SignInRequired: It is the page for signing in.
        Unavailable: It is nothing at all where there is always something.
        WriteOutcomeUnknown: The same after a write, which may have been done: its answer could not be read.
    """
    if _SIGN_IN.match(text) and not _HTML_FILE.search(str(path or "")):
        raise SignInRequired(
            "The service answered with its sign-in page, and the MCP server passed it on as a result. The token is "
            "wrong, expired or revoked, or belongs to another organization. Run 'azure-devops-agent verify'.",
            subject=operation.key,
        )
    if text in {"null", "undefined", ""} and operation.key not in _MAY_BE_EMPTY:
        if operation.access == "write":
            raise WriteOutcomeUnknown(
                f"The MCP server answered {operation.key} with nothing. It does so when there is no such thing, and "
                "also when it could not read the answer of the service.",
                subject=operation.name,
            )
        raise Unavailable(
            "The MCP server answered with nothing. It does so when there is no such thing, and also when the service "
            "answered with a page instead of data.",
            subject=operation.key,
        )


_MAY_BE_EMPTY = {"repo_file.get_content", "wiki.get_page_content", "wit_work_item_attachment"}


async def classify_failure(client: AzureDevOps, operation: VendorOperation, text: str) -> AzureDevOpsError | None:
    """Return the error that a failure surely is; None when it could be several.

    Args:
        client: Asks who is signed in.
        operation: What was asked for.
        text: What the server said.
    """
    said = f"The MCP server refused {operation.key}: {shorten(client, text)}"
    reads = operation.access == "read"
    missing = _MISSING.search(text) if reads else is_not_begun(text)
    if _ELICITED.search(text) and (reads or missing):
        return InvalidRequest(
            f"{operation.key} needs one more argument: give project, and team where it has one.", subject="arguments"
        )
    if reads and (_SIGN_IN.search(text) or _NOT_JSON.search(text)):
        return SignInRequired(
            f"The service answered {operation.key} with a page instead of data, most likely its sign-in page.",
            subject=operation.key,
        )
    status = _find_status(text)
    if status == 401:
        if await client.identity() is None:
            return TokenRejected(f"{said} Nobody is signed in with this token.", subject=operation.key)
        return ScopeMissing(f"{said} The token is accepted, so it lacks the scope.", subject=operation.scopes[0].value)
    code = _CODE.search(text)
    kind = _CODES.get(code[1]) if code else None
    kind = kind or error_class(status or 500, "", code[0] if code else "")
    if not issubclass(kind, ServiceFault):
        return kind(explain(kind, said))
    return InvalidRequest(said, subject="arguments") if missing else None


def is_not_begun(text: str) -> bool:
    """Return whether the server surely failed before its first request, and not because of what the service said."""
    return _NOT_BEGUN.fullmatch(text.strip()) is not None


def _find_status(text: str) -> int | None:
    """Return the status that the server names, in the forms that it has; a number elsewhere may be anything."""
    if found := _STATUS.search(text):
        return int(next(filter(None, found.groups())))
    words = _STATUS_TEXT.search(text)
    return _STATUS_TEXTS[words[1].lower()] if words else None


def unclear_failure(client: AzureDevOps, operation: VendorOperation, text: str) -> AzureDevOpsError:
    """Return the error for a failed read of which it is not certain what it is."""
    return ServiceFault(f"The MCP server reports for {operation.key}: {shorten(client, text) or 'nothing'}")


def shorten(client: AzureDevOps, text: str) -> str:
    """Return the beginning of what the server says of a failure. It is cut last: half a secret is not recognized."""
    return client.secrets.redact(text.strip()[:_READ])[:_SHOWN]
