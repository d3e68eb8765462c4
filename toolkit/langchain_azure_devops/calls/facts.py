"""What is declared about a tool, as data: its schemas, its arguments and its routes follow from that."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import WRAPPER_ASSIGNMENTS, cached_property
from typing import Annotated, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, JsonValue, create_model

from langchain_azure_devops.calls.arguments import validate_arguments
from langchain_azure_devops.calls.content_fields import ContentFields
from langchain_azure_devops.calls.current_state import ReadCurrent
from langchain_azure_devops.calls.recovery import Recovery
from langchain_azure_devops.calls.schema import strict_schema
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.artifact_schema import artifact_schema
from langchain_azure_devops.results.models import Page, Result
from langchain_azure_devops.safety.grants import Bound, Operation, WriteRequest
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import check_choice

P = ParamSpec("P")
R = TypeVar("R", bound=Result | Page[Any])
Access = Literal["read", "write"]

_MODULE = re.compile(r"\b\w+(?:\.\w+)*\.(?=\w)")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, repr=False)
class ToolFacts(Generic[P, R]):
    """What is declared about one tool, and what follows from it.

    Attributes:
        name: Verb and noun in the service's words.
        description: The text for the model, from the function's docstring.
        toolset: The name of the group it belongs to.
        access: Whether it reads or writes.
        scopes: Any one of these lets a token use it, together with all of `also`.
        also: Each of these is needed, too; see `read_with`.
        optional: Scopes for parts of the result that may be missing; see `read_optional`.
        default: Whether it belongs to the default set, which is offered when nobody chooses tools.
        destructive: Whether a call may overwrite or delete something, instead of only adding to it.
        idempotent: Whether a second call with the same arguments has no further effect.
        function: The typed function behind it.
        examples: The arguments of calls that work in the seeded organization; the first one is the example.
        operations: The write operations it may send.
        writes: How many write requests one call may send.
        several: The placeholders of the routes that have another value in each of these requests.
        contents: The arguments of a write that do not say where it goes or whom it concerns.
        files: The arguments that hold the contents of files, in which an at sign mentions nobody.
        current: Reads the present values of what a write would change, under the names of its arguments, and what a
            person must know to recognize it. The approver is shown them, and they must still hold before the write.
        recover: Finds out what a write did when its answer was lost.
        makes: What a call creates, such as "work item"; empty when it creates nothing that has an id of its own.
        empty_clears: Whether an empty text is a value that clears a field, not an absent argument.
        resource: The template of the URIs under which MCP hosts read the result; empty when it is no file or log.
    """

    name: str
    description: str
    toolset: str
    access: Access
    scopes: tuple[Scope, ...]
    function: Callable[Concatenate[AzureDevOps, P], Awaitable[R]]
    also: tuple[Scope, ...] = ()
    optional: tuple[Scope, ...] = ()
    default: bool = False
    destructive: bool = False
    idempotent: bool = False
    examples: tuple[Mapping[str, JsonValue], ...] = ()
    operations: frozenset[Operation] = frozenset()
    writes: int = 0
    several: frozenset[str] = frozenset()
    contents: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    current: ReadCurrent | None = None
    recover: Recovery[R] | None = None
    makes: str = ""
    empty_clears: bool = False
    resource: str = ""
    needs: str = ""

    def __post_init__(self) -> None:
        """Accept only a known kind of access: the gate, the filter and the approval depend on it."""
        check_choice("access", self.access, get_args(Access))
        # So that `help` and `inspect.signature` show the function as it was written.
        for name in WRAPPER_ASSIGNMENTS:
            if hasattr(self.function, name):
                object.__setattr__(self, name, getattr(self.function, name))
        object.__setattr__(self, "__wrapped__", self.function)
        written = inspect.getdoc(self.function) or self.description
        object.__setattr__(self, "__doc__", f"{self.name}{_format_signature(self.function)}\n\n{written}")

    def __repr__(self) -> str:
        """Show the name; the declaration is long."""
        return f"<Tool {self.name}>"

    @property
    def scope_groups(self) -> tuple[tuple[Scope, ...], ...]:
        """The scopes in groups: a token needs any one of each group."""
        return (self.scopes, *((scope,) for scope in self.also))

    @cached_property
    def parameters(self) -> type[BaseModel]:
        """The pydantic model of the arguments, made from the function's signature."""
        fields: dict[str, Any] = {}
        signature = inspect.signature(self.function, eval_str=True)
        for parameter in list(signature.parameters.values())[1:]:
            required = parameter.default is inspect.Parameter.empty
            fields[parameter.name] = (parameter.annotation, ... if required else parameter.default)
        return create_model(f"{self.name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def markdown(self) -> frozenset[str]:
        """The arguments whose texts the service renders as Markdown; their descriptions begin with that word."""
        fields = self.parameters.model_fields
        return frozenset(name for name, field in fields.items() if (field.description or "").startswith("Markdown"))

    @cached_property
    def schema(self) -> dict[str, JsonValue]:
        """The JSON schema of the arguments, in a form that the strict mode of every provider accepts."""
        return strict_schema(self.parameters)

    @cached_property
    def output_schema(self) -> dict[str, JsonValue]:
        """The JSON schema of the artifact that the bound tool returns beside its text."""
        return artifact_schema(self.function)

    def validate(self, given: Mapping[str, object]) -> BaseModel:
        """Check the arguments and fill in defaults; a null counts as not given.

        Raises:
            InvalidRequest: Says which argument does not fit, why, and what would.
        """
        return validate_arguments(self.name, self.parameters, given)

    def is_target(self, argument: str) -> bool:
        """Whether an argument says where a write goes or whom it concerns; an unknown one counts as a target.

        Args:
            argument: Its name; `fields.System.AreaPath` for one field of an argument that is a list of fields.
        """
        name, _, field = argument.lower().partition(".")
        if name not in self.contents:
            return True
        marks = [mark for mark in self.parameters.model_fields[name].metadata if isinstance(mark, ContentFields)]
        return bool(field) and not all(mark.includes(field) for mark in marks)

    def bind_routes(self, request: WriteRequest) -> dict[str, Bound]:
        """Return the placeholders of the routes that the arguments fix, with the values for which a grant holds."""
        named = {name for operation in self.operations for name in _PLACEHOLDER.findall(operation.template)}
        given = {**request.arguments, "project": request.project}
        values = {name: given.get(name) for name in self.parameters.model_fields if name in named | {"project"}}
        bound = {name: _bind(value) for name, value in values.items()}
        rows = [row for value in request.arguments.values() if isinstance(value, list) for row in value]
        for name in named - bound.keys():
            # A placeholder with the name of a field of rows may have the value of each row.
            if found := [str(row[name]) for row in rows if isinstance(row, dict) and row.get(name) is not None]:
                bound[name] = frozenset(found)
        return bound


def _bind(value: JsonValue) -> Bound:
    """Return what a placeholder may be: a list allows each of its items."""
    if isinstance(value, list):
        return frozenset(map(str, value))
    return None if value is None else str(value)


def _format_signature(function: Callable[..., object]) -> str:
    """Return the signature of a function as it was written, one parameter in a line."""
    signature, lines = inspect.signature(function), list[str]()
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "    *," not in lines:
            lines.append("    *,")
        shown = parameter.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty)
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        lines.append(f"    {shown}: {_name_type(parameter.annotation)}{default},")
    return "(\n" + "\n".join(lines) + f"\n) -> {_name_type(signature.return_annotation)}"


def _name_type(annotation: object) -> str:
    if get_origin(annotation) is Annotated:
        return _name_type(get_args(annotation)[0])
    return annotation.__name__ if isinstance(annotation, type) else _MODULE.sub("", str(annotation))
