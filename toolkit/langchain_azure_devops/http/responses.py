"""Turn answers into data or errors, and recognize pages that the service did not send."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import httpx
from pydantic import BaseModel, FailFast, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import core_schema

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    OrganizationNotFound,
    ProjectNotFound,
    ProxyPage,
    ScopeMissing,
    ServiceFault,
    SignInRequired,
    Throttled,
    TokenRejected,
    WriteOutcomeUnknown,
    error_class,
    explain,
    first_sentence,
)
from langchain_azure_devops.http.pacing import retry_after
from langchain_azure_devops.http.request import RequestContext
from langchain_azure_devops.safety.grants import Operation, ToolCall, current_call
from langchain_azure_devops.scopes import expand, parse_scopes
from langchain_azure_devops.text.untrusted import one_line

ANONYMOUS_ID = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
_MAX_REASON = 600
_MAX_KEY = 100
_MAX_READ = 20_000
_OWN_CHECKS = frozenset({"value_error", "assertion_error"})
_GENERAL_KEYS = frozenset({"", "Exception", "VssServiceException"})
_GENERAL_CODES = frozenset({"TF400898"})
_TIME_OVER = frozenset({408, 499})
_SERVICE_HEADERS = ("x-vss-", "x-tfs-", "activityid")
_WORK_ITEM_SEARCH = "/search/workitemsearchresults"
_CODE_SEARCH_INFO = (
    "Code search did not answer for this organization. It needs the Code Search extension and an index: ask an "
    "administrator to install it, or list the files of a repository and read them."
)


T = TypeVar("T")
Row = TypeVar("Row")

_adapters: dict[object, TypeAdapter[Any]] = {}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

MAX_ROWS = 200_000
"""The most rows of one answer. Small rows need many times the memory of their JSON."""
Rows = Annotated[list[Row], FailFast(), Field(max_length=MAX_ROWS)]
"""A list of an answer. It is refused at its first bad row, because half a million errors would need a gigabyte."""


class _NullAsEmpty:
    """Reads null as an empty list, without making Python objects of all rows first as a validator before it would."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        nullable = core_schema.nullable_schema(handler(source))
        return core_schema.no_info_after_validator_function(lambda rows: [] if rows is None else rows, nullable)


OrNone = Annotated[list[Row], FailFast(), Field(max_length=MAX_ROWS), _NullAsEmpty()]
"""A list that the service may leave out by writing null."""


class Collection(BaseModel, Generic[Row]):
    """A list as the service answers it: `{"count": 2, "value": [...]}`."""

    value: Rows[Row]


class Numbered(BaseModel):
    """An item with a number as its id."""

    id: int


class Named(BaseModel):
    """An item with a name, such as a project or a branch."""

    name: str


def decode(response: httpx.Response, model: type[T]) -> T:
    """Turn the body of a successful answer into data, in your own tools too; nothing else reads such a body.

        answer = await client.get("/_apis/projects/{project}/teams/{team}", path=where)
        return decode(answer, Team)

    Args:
        response: The answer to a request of the client.
        model: A pydantic model, such as the result of the tool, or any other type that pydantic can validate.

    Raises:
        ServiceFault: The body of the answer to a read is not what the service documents.
        WriteOutcomeUnknown: The same for a write: it was accepted, but what it did is not known.
    """
    try:
        # By the service's names only: a member that happens to have the name of our field means something else.
        content = response.content.removeprefix(_BYTE_ORDER_MARK)
        return _adapter(model).validate_json(content, by_alias=True, by_name=False)
    except ValidationError as error:
        # The message says where the answer is wrong, but not what stands there: that may be a secret.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # The message of a check of our own may repeat the value, as that of a parser of dates does.
        what = "This is not what it should be" if first["type"] in _OWN_CHECKS else first["msg"]
        where = f"{'.'.join(map(str, first['loc']))}: {what}".lstrip(": ")
    context: RequestContext = response.request.extensions["request_context"]
    fault = unreadable_answer(_describe_request(context.operation, current_call.get()), where)
    if context.reads:
        raise fault
    happened = first_sentence(fault.message)
    raise WriteOutcomeUnknown(
        f"{happened} What the write did is not known. A person has to look.",
        subject=context.operation.template,
        happened=happened,
        accepted=response.is_success,
    )


def _adapter(model: type[T]) -> TypeAdapter[T]:
    """Return the adapter of a model; making one takes much longer than decoding an answer."""
    found = _adapters.get(model)
    if found is None:
        found = _adapters[model] = TypeAdapter(model)
    return found


@dataclass(frozen=True)
class Identity:
    """The person that a token belongs to."""

    id: str
    name: str
    unique_name: str


def parse_identity(response: httpx.Response) -> Identity | None:
    """Read the signed-in person from the answer of connectionData; None for anonymous or no answer."""
    if response.status_code != 200:
        return None
    user = _as_object(_parse_object(response).get("authenticatedUser"))
    if not user.get("id") or user["id"] == ANONYMOUS_ID:
        return None
    account = _as_object(_as_object(user.get("properties")).get("Account"))
    return Identity(
        id=str(user["id"]),
        name=one_line(str(user.get("providerDisplayName") or user.get("customDisplayName") or "")),
        unique_name=one_line(str(account.get("$value") or "")),
    )


def unreadable_answer(what: str, why: str) -> ServiceFault:
    """Make the error for an answer that succeeded but does not have the documented form."""
    return ServiceFault(
        f"{what}: the answer does not have the form that the service documents ({why}), so it cannot be trusted. "
        "A proxy may have changed it, or the toolkit does not know this version of the server. Ask again; if that "
        "does not help, report it.",
        subject="answer",
    )


def _parse_object(response: httpx.Response) -> dict[str, Any]:
    """Read the JSON object in a body; an empty one where there is none."""
    try:
        return _as_object(json.loads(response.content.decode("utf-8-sig", "replace")))
    except (ValueError, RecursionError):
        return {}


def _as_object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def parse_identity_header(response: httpx.Response) -> Identity | None:
    """Read the signed-in person from the header `X-VSS-UserData: id:unique name`."""
    person, _, unique_name = response.headers.get("x-vss-userdata", "").partition(":")
    return Identity(person, one_line(unique_name), one_line(unique_name)) if person and person != ANONYMOUS_ID else None


def as_unauthorized(response: httpx.Response) -> httpx.Response:
    """Return the answer that the service gives to a token that it does not accept."""
    return response if response.status_code == 401 else httpx.Response(401)


async def classify_error(
    response: httpx.Response,
    operation: Operation,
    identity: Callable[[], Awaitable[Identity | None]],
    call: ToolCall | None,
    redact: Callable[[str], str],
) -> AzureDevOpsError:
    """Make the error that fits an answer.

    An empty 401 without an identity header means a dead token or a missing scope; only asking who is signed in tells
    them apart.

    Args:
        response: The answer.
        operation: The operation that was asked for.
        identity: Asks who is signed in.
        call: The running call of a tool.
        redact: Takes the secrets out of the words of the service, which may repeat the request.
    """
    status, type_key, reason = response.status_code, *parse_reason(response, redact)
    if status == 401 and "x-vss-userdata" not in response.headers:
        return await _explain_empty_401(reason, operation, identity, call)
    if status == 404 and response.headers.get("content-type", "").startswith("text/html"):
        return OrganizationNotFound("The service knows no organization of this name.")
    kind = error_class(status, type_key, reason)
    of_code = "/search/" in operation.template and not operation.template.endswith(_WORK_ITEM_SEARCH)
    if status == 404 and of_code and kind is not ProjectNotFound:
        return InvalidRequest(_CODE_SEARCH_INFO, subject="code search")
    # The class that the service gives an error tells more than ours only where ours is a general one.
    named = redact(one_line(type_key))[:_MAX_KEY] if kind in {InvalidRequest, ServiceFault} else ""
    answered = f"answered {status}{f' ({named})' if named else ''}"
    happened = f"{_describe_request(operation, call)} {answered}: {reason or 'no reason given'}"
    if issubclass(kind, Throttled):
        return throttled_error(response, happened)
    if status == 401 and kind is TokenRejected:
        # The identity header shows that the token was accepted, so the person may not do this.
        kind = error_class(403, "", "")
    text = explain(kind, happened)
    if kind is ServiceFault and (seconds := retry_after(response.headers)):
        text += f" Come back in {seconds:.0f} s."
    return kind(text)


def throttled_error(response: httpx.Response, happened: str) -> Throttled:
    """Make the error of a throttled call, which says when to come back."""
    seconds = retry_after(response.headers)
    when = f"Come back in {seconds:.0f} s." if seconds else "Come back in a few minutes."
    return Throttled(
        f"{happened}. The organization's rate limit is used up; nothing was done. {when}",
        subject=f"{seconds:.0f}s" if seconds else "",
        retry_after=seconds,
    )


def parse_reason(response: httpx.Response, redact: Callable[[str], str]) -> tuple[str, str]:
    """Read the type key and the reason from an error body of any shape; both are empty when there is none.

    Secrets are taken out before the reason is cut: half of one would no longer be recognized.
    """
    text = response.content.decode("utf-8-sig", "replace")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        plain = response.headers.get("content-type", "").startswith("text/plain")
        return "", redact(one_line(text[:_MAX_READ]))[:_MAX_REASON] if plain else ""
    if not isinstance(body, dict):
        return "", ""
    inner = body.get("value")
    message = body.get("message") or body.get("Message") or (inner.get("Message") if isinstance(inner, dict) else "")
    details = _validation_details(body.get("customProperties"))
    return str(body.get("typeKey") or ""), redact(one_line(f"{message or ''}{details}"[:_MAX_READ]))[:_MAX_REASON]


def is_general_failure(response: httpx.Response) -> bool:
    """Return whether a status 500 names no cause: no error body, a general type key, or the code of an internal error.

    Such a failure is usually gone at the next attempt. One with a specific type key is an answer to the request.
    """
    if response.status_code != 500:
        return False
    type_key, reason = parse_reason(response, str)
    return type_key.rpartition(".")[2] in _GENERAL_KEYS or reason.split(":", 1)[0].strip() in _GENERAL_CODES


def refuses_write(response: httpx.Response) -> bool:
    """Return whether an answer of status 400 or more can be a refusal of a write by the service.

    The answer of a gateway proves nothing: it may have passed the write on before. Nor does an answer of the service
    that says only that its time was over, or that it failed without saying why.
    """
    if response.status_code > 500 or response.status_code in _TIME_OVER or is_general_failure(response):
        return False
    return _has_service_headers(response) or _is_service_error(_parse_object(response))


def _has_service_headers(response: httpx.Response) -> bool:
    return any(name.startswith(_SERVICE_HEADERS) for name in response.headers)


def _is_service_error(body: Mapping[str, object]) -> bool:
    """Return whether a body has one of the two forms of the service's own errors; `message` alone may be of anybody."""
    keyed = bool(body.get("typeKey")) and "message" in body
    return keyed or ("count" in body and bool(_as_object(body.get("value")).get("Message")))


def _validation_details(properties: object) -> str:
    rows = properties.get("ValidationResults") if isinstance(properties, dict) else None
    if not isinstance(rows, list):
        return ""
    return "".join(f" {row.get('message')}" for row in rows if isinstance(row, dict) and row.get("message"))


async def _explain_empty_401(
    reason: str,
    operation: Operation,
    identity: Callable[[], Awaitable[Identity | None]],
    call: ToolCall | None,
) -> AzureDevOpsError:
    person = await identity()
    if person is None:
        return TokenRejected(
            f"The service does not accept the token{f' ({reason})' if reason else ''}: it is wrong, expired or "
            "revoked. Make a new one, set AZURE_DEVOPS_PAT, and run 'azure-devops-agent verify'."
        )
    scopes = call.scopes if call else ()
    needed = " or ".join(scopes) or "another scope"
    return ScopeMissing(
        f"{_describe_request(operation, call)} was refused: the token of {person.name or 'this account'} is valid "
        f"but lacks {needed}. Make a token with this scope, or go on without it.",
        subject=_narrowest_scope(scopes),
    )


def _describe_request(operation: Operation, call: ToolCall | None) -> str:
    """Describe a request in few words: the tool, the method and the kind of resource."""
    kinds = [part for part in operation.template.split("/") if part and "{" not in part]
    request = f"{operation.method} {kinds[-1] if kinds else '/'}"
    return f"{call.tool}: {request}" if call else request


def _narrowest_scope(scopes: tuple[str, ...]) -> str:
    """Return the scope that allows least, of several of which any one suffices."""
    return min(scopes, key=lambda scope: len(expand(parse_scopes(scope))), default="")


_SIGN_IN_HOSTS = ("login.microsoftonline.com", "visualstudio.com", "login.live.com", "login.windows.net")


def check_for_page(response: httpx.Response, request: httpx.Request) -> None:
    """Recognize a sign-in page or a proxy's page before anybody reads it as data.

    Raises:
        SignInRequired: The service wants a sign-in.
        ProxyPage: Something between here and the service answered with a page of its own.
    """
    html = response.headers.get("content-type", "").lower().startswith("text/html")
    answered = html and response.status_code < 300
    refused = 400 <= response.status_code < 500 and response.status_code != 429
    foreign = html and refused and not _has_service_headers(response)
    if answered or foreign or response.status_code == 203 or 300 <= response.status_code < 400:
        raise _page_error(response, request)


def _page_error(response: httpx.Response, request: httpx.Request) -> AzureDevOpsError:
    host = request.url.host
    location = response.headers.get("location", "")
    if _has_service_headers(response) or _host_of(location).endswith(_SIGN_IN_HOSTS) or "_signin" in location:
        return SignInRequired(
            f"{host} answered with its sign-in page (status {response.status_code}) instead of data: it does not "
            "accept this token. It is wrong, expired or revoked, or belongs to another organization. Make a new one, "
            "set AZURE_DEVOPS_PAT, and run 'azure-devops-agent verify'.",
            subject=str(response.status_code),
        )
    return ProxyPage(
        f"Something between here and {host} answered with a page of its own (status {response.status_code}): a proxy, "
        "a captive portal or a firewall. Open the address in a browser on this machine, or set HTTPS_PROXY.",
        subject=str(response.status_code),
    )


def _host_of(location: str) -> str:
    """The host of a redirect's target; empty when the target is no URL."""
    try:
        return httpx.URL(location).host
    except httpx.InvalidURL:
        return ""
