"""Read parts of a result that need a scope of their own; without it, the result names the missing parts."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Literal, TypeVar, cast, get_args, get_type_hints

from langchain_azure_devops.errors import ScopeMissing
from langchain_azure_devops.results.models import Failed, Page, PartialResult, Result
from langchain_azure_devops.safety.grants import ToolCall, current_call
from langchain_azure_devops.scopes import Scope

T = TypeVar("T")
R = TypeVar("R", bound=Result | Page[Any])


async def read_optional(scope: Scope, what: str, part: Coroutine[object, object, T], default: T) -> T:
    """Read a part of a tool's result that needs a scope of its own.

        failed = await read_optional(Scope.TEST, "failed tests", _failed_tests(client, build), default=[])

    When the token lacks the scope, the default takes the place of the part, and the result of the tool says, for
    example, "failed tests not read: needs vso.test". Every other error ends the call as usual.

    Args:
        scope: The scope; the declaration of the tool names it as `optional=`.
        what: The name of the part in words that a reader knows.
        part: Reads the part.
        default: The value of the part when the token lacks the scope.

    Raises:
        TypeError: The tool does not declare the scope as optional.
    """
    call = _check_declared("optional", scope, part)
    try:
        return await _read_with(scope, part, call)
    except ScopeMissing:
        call.gaps.append((what, scope.value))
        return default


async def read_with(scope: Scope, part: Coroutine[object, object, T]) -> T:
    """Read what a tool has nothing to say without, and what needs another scope than the rest of the call.

    Args:
        scope: The scope; the declaration of the tool names it as `also=`.
        part: Reads it.

    Raises:
        ScopeMissing: The token lacks the scope, which the message names.
        TypeError: The tool does not declare the scope.
    """
    return await _read_with(scope, part, _check_declared("also", scope, part))


def _check_declared(option: Literal["also", "optional"], scope: Scope, part: Coroutine[object, object, T]) -> ToolCall:
    call = current_call.get()
    if call is None or scope not in getattr(call, option):
        part.close()
        name = call.tool if call else "no tool"
        raise TypeError(f"{name} does not declare {scope.value}: name it as {option}= in the declaration of the tool.")
    return call


async def _read_with(scope: Scope, part: Coroutine[object, object, T], call: ToolCall) -> T:
    # A refusal has to name this scope, not those of the tool; and a part that is read writes nothing.
    token = current_call.set(replace(call, scopes=(scope.value,), grant=None))
    try:
        return await part
    finally:
        current_call.reset(token)


def add_gaps(result: R, gaps: list[tuple[str, str]]) -> R:
    """Return a result that names the parts which were not read.

    Args:
        result: A page, or a partial result with notes.
        gaps: The missing parts, each with the scope that it needs.
    """
    if not gaps:
        return result
    unread = [Failed(place=what, status="denied", reason=f"needs {scope}") for what, scope in dict.fromkeys(gaps)]
    if isinstance(result, Page):
        result.failed.extend(unread)
        result.partial = True
        return result
    notes = [f"{each.place} not read: {each.reason}" for each in unread]
    known = cast("PartialResult", result)
    return result.model_copy(
        update={
            "partial": True,
            "unread": [*known.unread, *unread],
            "notes": [*getattr(result, "notes"), *notes],  # noqa: B009 - `check_can_report_gaps` knows the field
        }
    )


def check_can_report_gaps(function: Callable[..., object]) -> None:
    """Accept only functions whose results can name missing parts: pages, and partial results with notes.

    Raises:
        TypeError: The function returns something else.
    """
    returned = get_type_hints(function)["return"]
    for kind in get_args(returned) if not isinstance(returned, type) else (returned,):
        if not issubclass(kind, Page) and not (issubclass(kind, PartialResult) and "notes" in kind.model_fields):
            raise TypeError(
                f"{getattr(function, '__name__', 'a tool')} has optional scopes, so its result has to say what is "
                f"missing: let {kind.__name__} derive from PartialResult and have a field 'notes: list[str] = []'."
            )
