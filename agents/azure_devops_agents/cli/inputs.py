"""The command line of a pydantic model: a required field is an argument, every other field is an option."""

import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import click
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from azure_devops_agents.cli.options import OneOf

ModelT = TypeVar("ModelT", bound=BaseModel)
_SIMPLE: Mapping[Any, Any] = {
    str: str,
    int: int,
    float: float,
    bool: bool,
    Path: click.Path(exists=True, path_type=Path),
}


def parameters_of(model: type[BaseModel]) -> list[click.Parameter]:
    """Derive the parameters of a command from the fields of a model.

    The description of a field becomes its help, its default the default, and its title the name of its value in the
    usage line. Its limits are checked by the model, in `inputs_from`.

    Raises:
        TypeError: A field has a type that has no form on a command line.
    """
    return [_parameter(name, field) for name, field in model.model_fields.items()]


def describe_arguments(model: type[BaseModel]) -> str:
    """Return what the arguments mean, a line each; click shows a help text for options only."""
    required = [(name, field) for name, field in model.model_fields.items() if field.is_required()]
    lines = [f"{field.title or name.upper()}: {field.description}" for name, field in required if field.description]
    return "\n".join(lines)


def inputs_from(model: type[ModelT], given: Mapping[str, object], parameters: Sequence[click.Parameter]) -> ModelT:
    """Build the model from the values that click parsed.

    Raises:
        click.UsageError: A value does not fit; the message names its option or argument.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        by_name = {parameter.name: parameter for parameter in parameters}
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            parameter = by_name.get(str(problem["loc"][0])) if problem["loc"] else None
            text = problem["msg"].removeprefix("Value error, ")
            context = click.get_current_context(silent=True)
            hint = "" if parameter is None else f"Invalid value for {_hint(parameter, context)}: "
            lines.append(f"{hint}{text}")
        raise click.UsageError("\n".join(lines)) from None


def _hint(parameter: click.Parameter, context: click.Context | None) -> str:
    return parameter.get_error_hint(context or click.Context(click.Command("")))


def _parameter(name: str, field: FieldInfo) -> click.Parameter:
    annotation, several = _unwrap(field.annotation)
    form = _form(name, annotation)
    if field.is_required():
        return click.Argument([name], type=form, metavar=field.title, nargs=-1 if several else 1, required=True)
    default = field.get_default(call_default_factory=True)
    option = f"--{name.replace('_', '-')}"
    if annotation is bool and not several:
        return click.Option([f"{option}/--no-{option[2:]}", name], default=default, help=field.description)
    return click.Option(
        [option, name],
        type=form,
        default=default,
        multiple=several,
        metavar=field.title,
        help=field.description,
        show_default=default not in (None, [], ()),
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """Return the type of one value, and whether the field takes several; `X | None` counts as `X`."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return _unwrap(rest[0])
    if get_origin(annotation) in (list, tuple, set, frozenset):
        return get_args(annotation)[0], True
    return annotation, False


def _form(name: str, annotation: Any) -> Any:
    """Return the click type of a field."""
    values = get_args(annotation)
    if get_origin(annotation) is Literal and all(isinstance(value, str) for value in values):
        return OneOf(values)
    if annotation not in _SIMPLE:
        raise TypeError(f"The field {name!r} has the type {annotation}, which has no form on the command line.")
    return _SIMPLE[annotation]
