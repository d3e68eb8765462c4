"""Declare a typed function as a tool; every fact about the tool stands in its declaration."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

from pydantic import AfterValidator, Field, JsonValue
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

from langchain_azure_devops.calls.current_state import ReadCurrent
from langchain_azure_devops.calls.optional import check_can_report_gaps
from langchain_azure_devops.calls.places import Reach
from langchain_azure_devops.calls.recovery import Recovery
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import EVERYWHERE, Page, Result
from langchain_azure_devops.safety.grants import Operation
from langchain_azure_devops.scopes import Scope

P = ParamSpec("P")
R = TypeVar("R", bound=Result | Page[Any])
Arguments = Mapping[str, JsonValue]
_OURS = "langchain_azure_devops.tools."


def _refuse_everywhere(project: str | None) -> str | None:
    if project == EVERYWHERE:
        raise ValueError('must be one project: give the name that the rows of a list or search with project="*" show')
    return project


Project = Annotated[str | None, AfterValidator(_refuse_everywhere)]
"""The name or id of a project; by default the one of the settings."""
Projects = Annotated[str | None, Reach.ALL_PROJECTS, Field(description='"*": all')]
"""The project of a list or search that can look in all of them."""
Repository = Annotated[str, Reach.ONE_PROJECT]
"""The name or id of a repository."""
AnyRepository = Annotated[str | None, Reach.ONE_PROJECT, Field(description="Default: all")]
Ids = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=20)]
"""The ids of records that one call reads."""
Limit = Annotated[int, Field(ge=1, le=1000)]
Cursor = str | None
"""From the previous page, whose first line says how to give it."""


@dataclass(frozen=True)
class Toolset:
    """A group of tools about one subject.

    Attributes:
        name: The name by which people select it.
        description: One sentence.
        tools: In the order in which they were declared.
    """

    name: str
    description: str
    tools: list[Tool[..., Any]]

    @classmethod
    def named(cls, name: str, description: str) -> "Toolset":
        """Create an empty toolset."""
        return cls(name, description, [])

    def read(
        self,
        *scopes: Scope,
        also: tuple[Scope, ...] = (),
        optional: tuple[Scope, ...] = (),
        default: bool = False,
        resource: str = "",
        example: Arguments | None = None,
        more_examples: tuple[Arguments, ...] = (),
    ) -> Callable[[Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]], Tool[P, R]]:
        """Declare that a function is a tool that only reads.

        Args:
            *scopes: Any one of them suffices, together with all of `also`.
            also: Scopes for what `read_with` reads. Without one of them the tool is left out.
            optional: Scopes for parts of the result that `read_optional` reads. Without one of them, the call succeeds
                and its result names what is missing.
            default: Whether the tool belongs to the default set, which is offered when nobody chooses tools.
            resource: For a file or log, the template of the URIs under which MCP hosts read it. Its variables are
                arguments, as in `builds/{build}/logs/{log}{?first_line}` (RFC 6570).
            example: The arguments of one call that works in the seeded organization of the simulator.
            more_examples: Further calls, where one call does not show everything that the tool can return.
        """

        def declare(function: Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]) -> Tool[P, R]:
            _refuse_positional(function)
            if optional:
                check_can_report_gaps(function)
            return self._add(
                Tool(
                    name=function.__name__,
                    description=_strip_sections(function.__doc__ or ""),
                    toolset=self.name,
                    access="read",
                    scopes=scopes,
                    also=also,
                    optional=optional,
                    default=default,
                    idempotent=True,
                    function=function,
                    examples=_join_examples(example, more_examples),
                    resource=resource,
                )
            )

        return declare

    def write(
        self,
        *scopes: Scope,
        sends: str | tuple[str, ...],
        optional: tuple[Scope, ...] = (),
        default: bool = False,
        destructive: bool = True,
        idempotent: bool = False,
        targets: tuple[str, ...] = (),
        contents: tuple[str, ...] = (),
        files: tuple[str, ...] = (),
        current: ReadCurrent | None = None,
        recover: Recovery[Result] | None = None,
        makes: str = "",
        empty_clears: bool = False,
        times: int = 1,
        several: tuple[str, ...] = (),
        needs: str = "",
        example: Arguments | None = None,
        more_examples: tuple[Arguments, ...] = (),
    ) -> Callable[[Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]], Tool[P, R]]:
        """Declare that a function is a tool that writes.

        Args:
            *scopes: Any one of them suffices.
            sends: The write operations that it may send, as `POST /{project}/...`.
            optional: Scopes for parts of the result that `read_optional` reads. Without one of them, the call succeeds
                and its result names what is missing.
            default: Whether the tool belongs to the default set, which is offered when nobody chooses tools.
            destructive: Whether a call may overwrite or delete something; False when it only adds.
            idempotent: Whether a second call with the same arguments has no further effect.
            targets: The arguments that say where the write goes and whom it concerns. A write plan must give fixed
                values for them.
            contents: All other arguments. Without `targets` and `contents`, every argument counts as a target.
            files: The arguments that hold changes of files, each with its `path`. An at sign mentions nobody there, and
                in a source file Markdown makes no links.
            current: Reads the present values of what would change, under the names of the arguments, and what a person
                must know to recognize it, such as its title. The approver is shown all of it. It is read again right
                before the write; when it has changed, nothing is sent and the approver is asked again.
            recover: Finds out what a call did when its answer was lost; the result needs `notes` to say so. Without it
                the outcome of such a write stays unknown.
            makes: What a call creates, such as "work item"; empty when it creates nothing that has an id of its own.
            empty_clears: Whether an empty text is a value that clears a field, not an absent argument.
            times: How many write requests one call may send.
            several: The placeholders of the routes that have another value in each of these requests. A placeholder
                with the name of an argument that is a list may have each of its items without that.
            needs: The option of the toolkit without which the tool is left out; empty when it needs none.
            example: The arguments of one call that works in the seeded organization of the simulator.
            more_examples: Further calls, where one call does not show everything that the tool can return.

        Raises:
            TypeError: `targets` and `contents` are not exactly the arguments of the function.
        """
        operations = (sends,) if isinstance(sends, str) else sends

        def declare(function: Callable[Concatenate[AzureDevOps, P], Coroutine[Any, Any, R]]) -> Tool[P, R]:
            _refuse_positional(function)
            if optional:
                check_can_report_gaps(function)
            if targets or contents:
                _check_partition(function, targets, contents)
            return self._add(
                Tool(
                    name=function.__name__,
                    description=_strip_sections(function.__doc__ or ""),
                    toolset=self.name,
                    access="write",
                    scopes=scopes,
                    optional=optional,
                    default=default,
                    destructive=destructive,
                    idempotent=idempotent,
                    function=function,
                    examples=_join_examples(example, more_examples),
                    operations=frozenset(Operation.parse(text) for text in operations),
                    writes=times,
                    several=frozenset(several),
                    contents=frozenset(contents),
                    files=frozenset(files),
                    current=current,
                    recover=cast("Recovery[R] | None", recover),
                    makes=makes,
                    empty_clears=empty_clears,
                    needs=needs,
                )
            )

        return declare

    def _add(self, tool: Tool[P, R]) -> Tool[P, R]:
        # To make the schemas of all our tools takes a fifth of the time of a start. A test makes them.
        if not tool.function.__module__.startswith(_OURS):
            _check_schema(tool)
        self.tools.append(tool)
        return tool


def _join_examples(example: Arguments | None, more: tuple[Arguments, ...]) -> tuple[Arguments, ...]:
    return more if example is None else (example, *more)


def _refuse_positional(function: Callable[..., object]) -> None:
    """Accept only functions whose arguments after the client are keyword-only, so that type checkers know it, too.

    Raises:
        TypeError: An argument after the client could be given by position.
    """
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(
                f"{function.__name__} takes {parameter.name} by position. The arguments of a tool are keyword-only: "
                f"declare it as 'async def {function.__name__}(client: AzureDevOps, *, {parameter.name}, ...)'."
            )


def _check_schema(tool: Tool[..., Any]) -> None:
    """Refuse arguments whose types the strict mode of a provider refuses.

    Raises:
        TypeError: An argument is a union or a dictionary with any keys, or has a type without a schema.
    """
    try:
        _ = tool.schema
    except NameError:
        # A type is defined further below in the module, so the schema is checked when the tool is bound.
        return
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema) as error:
        raise TypeError(
            f"{tool.name} cannot be a tool: an argument has a type that no JSON schema describes. The model gives "
            "every argument. What LangGraph injects elsewhere is read inside of the function: "
            "langgraph.runtime.get_runtime() returns its context and store, langgraph.config.get_config() the rest."
        ) from error
    except TypeError as error:
        raise TypeError(
            f"{tool.name} cannot be a tool: {error}. Models call tools in a strict mode, which takes no unions (except "
            "with None) and no free keys: use one type, or a list of a pydantic model with named fields."
        ) from error


def _check_partition(function: Callable[..., object], targets: tuple[str, ...], contents: tuple[str, ...]) -> None:
    arguments = sorted(list(inspect.signature(function).parameters)[1:])
    if arguments != sorted((*targets, *contents)):
        raise TypeError(
            f"targets and contents of {function.__name__} must name each of its arguments once: {', '.join(arguments)}"
        )


def _strip_sections(docstring: str) -> str:
    """Return a docstring without its sections for programmers."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    kept = [text for text in paragraphs if not text.startswith(("Args:", "Returns:", "Raises:", "Source:"))]
    return " ".join(" ".join(kept).split())
