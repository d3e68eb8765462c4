"""Find where text of people and builds reaches a model, by trying every text of every answer of every tool.

Each tool is called as its declared examples say: once as it is, then once for each text of the answers, with a marker
planted there. A text whose marker comes out of the tool is a surface. So a new tool, or a new field of a tool, is found
without a list.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, wraps
from itertools import count
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import httpx
from langchain_core.messages import ToolMessage
from pydantic import BaseModel

from azure_devops_evals.attacks.planting import (
    PlantingTransport,
    TextLocation,
    key_of,
    request_of,
    text_locations,
)
from azure_devops_evals.attacks.samples import SCOPES, UPLOADS, prepare
from azure_devops_evals.world.world import BASE_URL, TOKEN, World
from langchain_azure_devops import AzureDevOps, Tool
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.results import Page, Result, marks_of
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import FileAccess
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.tools import TOOLS

_TOKENS = count()
# A text that nobody is shown, such as a name that only completes an address, cannot give an order: the space is not
# readable there.
MARKER = "zqmarker qz"
NONCE = "5f3a9c01"
QUICK = Timeouts(retry_pause=0.005, max_retry_pause=0.02, recovery=0.06, recovery_pause=0.01)
"""Timeouts for attacks in which answers are lost or refused: there is nothing to wait for in this process."""
PROJECT = "Platform"


@dataclass(frozen=True)
class Surface:
    """A text of the service's answers that comes out of a tool.

    Attributes:
        tool: The name of the tool.
        sample: The number of the tool's example call.
        place: The location of the text in the answers.
        fields: The fields of the result that hold it, as `Class.field`.
    """

    tool: str
    sample: int
    place: TextLocation
    fields: frozenset[str]

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.tool}[{self.sample}] {self.place.request} {self.place.path}"


@dataclass
class SampleCall:
    """A prepared organization, and what one sample call asked of it; `results` has the typed result."""

    tool: str
    sample: int
    transport: PlantingTransport
    world: World
    results: list[Result | Page[Any]] = field(default_factory=list)

    @classmethod
    def open(cls, tool: str, sample: int) -> "SampleCall":
        """Call the tool once, so that every answer is known."""
        world = World(SCOPES, prepare)
        stage = cls(tool, sample, PlantingTransport(world.transport), world)
        stage.call()
        return stage

    def call(
        self, plants: Mapping[TextLocation, str] | None = None, errors: Mapping[str, httpx.Response] | None = None
    ) -> ToolMessage:
        """Call the tool with these texts planted; known answers are repeated."""
        self.results.clear()
        replayed = PlantingTransport(
            self.transport.inner, plants or {}, errors or {}, self.transport.known, replays=bool(self.transport.known)
        )
        token = self._own_token() if errors else TOKEN
        settings = load_settings(base_url=BASE_URL, pat=token, default_project=PROJECT, environ={})
        # A pause that one planted answer asks for must not hold up the other calls of this process.
        context = RunContext(nonce=lambda: NONCE, pseudonym_key=b"attacks", timeouts=QUICK, shared_pace=False)
        files = FileAccess(UPLOADS)
        with AzureDevOps(settings, writes="allow", context=context, transport=replayed, files=files) as client:
            # Each call stands alone: a write of an earlier one whose outcome is unknown must not block it.
            client.write_memory = type(client.write_memory)()
            tool = bind(self._recorded, client)
            arguments = TOOLS[self.tool].examples[self.sample]
            answer = tool.invoke({"type": "tool_call", "id": "1", "name": self.tool, "args": dict(arguments)})
        if not self.transport.sent:
            self.transport.sent.extend(replayed.sent)
        assert isinstance(answer, ToolMessage)  # noqa: S101 - what a call with an id gives
        return answer

    @cached_property
    def _recorded(self) -> Tool[..., Any]:
        """The tool that keeps its results: one for all calls, because the schema of each tool is made once."""
        return _keep_results(TOOLS[self.tool], self.results)

    def _own_token(self) -> str:
        """Add a token for one call: clients of one token wait together when the service throttles it."""
        token = f"{TOKEN[:40]}{next(_TOKENS):012}"
        self.world.organization.add_token(token, scopes=SCOPES)
        return token

    def requests(self) -> list[str]:
        """Return the kinds of requests that the call sends."""
        return list(dict.fromkeys(map(request_of, self.transport.sent)))

    def candidates(self) -> list[TextLocation]:
        """Return the locations of all texts in the answers that people or builds wrote."""
        found: dict[TextLocation, None] = {}
        for request in self.transport.sent:
            for answer in self.transport.known[key_of(request)]:
                found.update(dict.fromkeys(TextLocation(request_of(request), path) for path in text_locations(answer)))
        return list(found)


def _keep_results(tool: Tool[..., Any], results: list[Result | Page[Any]]) -> Tool[..., Any]:
    """Return a tool that does the same and keeps its typed results."""
    original = tool.function

    @wraps(original)
    async def function(*given: Any, **arguments: Any) -> Any:
        result = await original(*given, **arguments)
        results.append(result)
        return result

    return replace(tool, function=function)


def surfaces_of(stage: SampleCall) -> Iterator[Surface]:
    """Find the surfaces of one call."""
    for place in stage.candidates():
        try:
            answer, results = call_with(stage, place, MARKER)
        except ValueError:
            # The client does not expect a marker there. The call ends and shows nothing to a model.
            continue
        if _shows(answer):
            yield Surface(stage.tool, stage.sample, place, frozenset(fields_with(results, MARKER)))


def call_with(stage: SampleCall, place: TextLocation, text: str) -> tuple[ToolMessage, list[Result | Page[Any]]]:
    """Call a tool with a text planted in one place, and return its answer with the typed results.

    The text may change what a write sends. No answer is known to that, and in the world of the stage the write was done
    already: such a write is called in a world of its own.
    """
    answer = stage.call({place: text})
    if answer.status == "error" and TOOLS[stage.tool].access == "write" and _shows(answer):
        world = World(SCOPES, prepare)
        stage = SampleCall(stage.tool, stage.sample, PlantingTransport(world.transport), world)
        answer = stage.call({place: text})
    return answer, stage.results


def _shows(answer: ToolMessage) -> bool:
    return MARKER in str(answer.content) or MARKER in json.dumps(answer.artifact)


@cache
def stages_of(tool: str) -> tuple[SampleCall, ...]:
    """Open a stage for every example of one tool."""
    return tuple(SampleCall.open(tool, sample) for sample in range(len(TOOLS[tool].examples)))


@cache
def surfaces_at(tool: str, sample: int) -> tuple[Surface, ...]:
    """Find the surfaces of one sample call."""
    return tuple(surfaces_of(stages_of(tool)[sample]))


def places_of(tool: str, sample: int) -> tuple[TextLocation, ...]:
    """Find the locations of the texts that one sample call shows."""
    return tuple(dict.fromkeys(surface.place for surface in surfaces_at(tool, sample)))


def fields_with(value: object, text: str, where: str = "") -> Iterator[str]:
    """Return the fields of a result that hold a text, as `Class.field`, also fields that the result does not show."""
    if isinstance(value, str):
        if text in value:
            yield where
    elif isinstance(value, list):
        for part in value:
            yield from fields_with(part, text, where)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from fields_with(getattr(value, name), text, f"{_declaring_class(type(value), name)}.{name}")


def marked_fields(tool: str) -> frozenset[str]:
    """Return the fields of a tool's results that are declared as written by people or builds."""
    returned = get_type_hints(TOOLS[tool].function, include_extras=True)["return"]
    return frozenset(_marked(_classes(returned)))


def _classes(annotation: Any) -> Sequence[type[BaseModel]]:
    if get_origin(annotation) in {Union, UnionType}:
        return [found for part in get_args(annotation) for found in _classes(part)]
    if isinstance(annotation, type) and issubclass(annotation, Page):
        return [row for row in annotation.__pydantic_generic_metadata__["args"] if isinstance(row, type)]
    return [annotation]


def _marked(classes: Sequence[type[BaseModel]]) -> Iterator[str]:
    for record in classes:
        for name, declared in record.model_fields.items():
            if marks_of(declared):
                yield f"{_declaring_class(record, name)}.{name}"
            yield from _marked([part for part in _inner(declared.annotation) if issubclass(part, Result)])


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inner(part)


def _declaring_class(record: type[BaseModel], name: str) -> str:
    """Return the class that declares a field, so that a row and its detailed form count once."""
    return next(base.__name__ for base in reversed(record.__mro__) if name in getattr(base, "__annotations__", {}))
