"""The JSON schema of the artifact that a tool returns, made from the type of the tool's result."""

import inspect
from collections.abc import Awaitable, Callable
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, JsonValue

from langchain_azure_devops.results.models import Failed, Page
from langchain_azure_devops.results.provenance import Origin

DataT = TypeVar("DataT")


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str
    repository: str | None


class _Artifact(BaseModel, Generic[DataT]):
    """The fields that `artifact_of` fills in."""

    model_config = ConfigDict(extra="forbid")

    type: str
    status: Literal["ok", "empty", "partial"]
    complete: bool
    next: dict[str, JsonValue] | None
    gaps: bool
    final: bool
    total: int | None
    looked_in: _Place | None
    notes: list[str]
    failed: list[Failed]
    origins: list[Origin]
    urls: dict[str, str | dict[str, str]] | None
    caption: str | None
    lines: dict[Literal["at", "first", "starts"], int | list[int]] | None
    data: DataT


def artifact_schema(function: Callable[..., Awaitable[object]]) -> dict[str, JsonValue]:
    """Return the JSON schema of the artifact of a typed function, without titles and descriptions.

    Args:
        function: It returns a record, a page, or one of several records.
    """
    data = _data_type(inspect.signature(function, eval_str=True).return_annotation)
    model: type[BaseModel] = cast("Any", _Artifact)[data]
    schema = _without_prose(model.model_json_schema(mode="serialization", by_alias=False))
    return cast("dict[str, JsonValue]", schema)


def _data_type(result: Any) -> Any:
    if get_origin(result) is Annotated:
        return _data_type(get_args(result)[0])
    if get_origin(result) in {Union, UnionType}:
        return Union[tuple(map(_data_type, get_args(result)))]  # noqa: UP007 - the types are known only here
    if isinstance(result, type) and issubclass(result, Page):
        [row] = result.__pydantic_generic_metadata__["args"]
        return list[row]  # type: ignore[valid-type]
    return result


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_prose(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        # The names of fields and definitions are no keywords: a record may have a field called title.
        name: {key: _without_prose(part) for key, part in value.items()}
        if name in {"properties", "$defs"}
        else _without_prose(value)
        for name, value in schema.items()
        if name not in {"title", "description", "default"}
    }
