"""The YAML file of a pipeline: its parameters, and the names that tell what it uses.

Nothing in it is carried out. It may be large and hostile, so only a file of moderate size is read, and only its outer
levels are looked at.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import yaml
from pydantic import JsonValue

from langchain_azure_devops.errors import NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.text.lines import detect_encoding
from langchain_azure_devops.tools.git import content
from langchain_azure_devops.tools.pipelines.definition import Definition
from langchain_azure_devops.tools.versions import At, read_at

_MOST_BYTES = 100_000
_MOST_ROWS = 200
_LONGEST = 200


class _Loader(yaml.SafeLoader):
    """Reads YAML without aliases and merged keys, which pipelines do not have, and by which a small file explodes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave a key `<<` as it is."""


class Parameter(NamedTuple):
    """A parameter that a run may be given.

    Attributes:
        values: The only values that it takes; empty when it takes any.
        default: Its default as a text; None when a run has to give it.
    """

    name: str
    type: str
    values: tuple[str, ...]
    default: str | None

    @property
    def words(self) -> str:
        """What a caller must know, such as `environment: string, one of dev, prod; default dev`."""
        values = f", one of {', '.join(self.values)}" if self.values else ""
        return f"{self.name}: {self.type}{values}; {'required' if self.default is None else f'default {self.default}'}"


class PipelineFile(NamedTuple):
    """What the file of a pipeline says.

    Attributes:
        parameters: By their names in small letters.
        groups: The variable groups that it names.
        variables: The variables that it sets, which no run can override.
        triggers: What starts it, in words.
        templates: The files that it inserts, which may name more.
        stages: The names of its stages.
        environments: The environments to which its jobs deploy.
    """

    parameters: dict[str, Parameter]
    groups: list[str]
    variables: list[str]
    triggers: list[str]
    templates: list[str]
    stages: list[str]
    environments: list[str]


async def read_pipeline_file(
    client: AzureDevOps, where: PathValues, path: str, version: str | None
) -> PipelineFile | None:
    """Read a YAML file at a version; None when it cannot be read as that of a pipeline, or is too large.

    Args:
        client: The client that asks.
        where: The repository.
        path: The path of the file.
        version: A branch, tag or commit; None for the default branch of the repository.

    Raises:
        ScopeMissing: The token may not read code.
        NotFound: There is no such file or version.
    """

    async def read(at: Sequence[At]) -> bytes | None:
        pieces: list[bytes] = []
        async with content(client, where, path, at[0]) as chunks:
            async for chunk in chunks:
                pieces.append(chunk)
                if sum(map(len, pieces)) > _MOST_BYTES:
                    return None
        return b"".join(pieces)

    whole = await read_at(client, where, [version], read, path=path)
    encoding = None if whole is None else detect_encoding(whole)
    return await parse_pipeline(whole.decode(encoding, "replace")) if whole and encoding else None


async def find_pipeline_file(
    client: AzureDevOps, definition: Definition, version: str | None = None
) -> PipelineFile | None:
    """Read the YAML file of a pipeline; None as well when there is no such file in the organization.

    Raises:
        ScopeMissing: The token may not read code.
    """
    if not definition.yaml or not definition.is_here:
        return None
    where: PathValues = {"project": definition.project, "repository": definition.repository_id}
    try:
        return await read_pipeline_file(client, where, definition.yaml, version or definition.default_branch)
    except NotFound:
        return None


async def parse_pipeline(text: str) -> PipelineFile | None:
    """Read the YAML of a pipeline; None when it is no mapping or too large."""
    if len(text) > _MOST_BYTES:
        return None
    return await asyncio.to_thread(_parse, text)


def _parse(text: str) -> PipelineFile | None:
    try:
        loaded = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        return None
    if not isinstance(loaded, dict):
        return None
    names, stages = list(_variable_rows(loaded)), list(_objects(loaded.get("stages")))
    jobs = [job for part in [loaded, *stages] for job in _objects(part.get("jobs"))]
    steps = [step for part in [loaded, *jobs] for step in _objects(part.get("steps"))]
    inserting = [*_objects([loaded.get("extends")]), *names, *stages, *jobs, *steps]
    return PipelineFile(
        {each.name.lower(): each for each in _parameters(loaded.get("parameters"))},
        [text_of(row["group"]) for row in names if "group" in row],
        [text_of(row["name"]) for row in names if "name" in row],
        list(_triggers(loaded)),
        [text_of(row["template"]) for row in inserting if "template" in row],
        [text_of(stage["stage"]) for stage in stages if "stage" in stage],
        list(dict.fromkeys(_environments(jobs))),
    )


def text_of(value: object) -> str:
    """Return a plain value as the text that stands in a YAML file."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)[:_LONGEST] if isinstance(value, str | int | float) else "..."


def _objects(rows: object) -> Iterator[dict[str, JsonValue]]:
    """Yield the mappings of a list."""
    yield from islice((row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else (), _MOST_ROWS)


def _variable_rows(loaded: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    given = loaded.get("variables")
    if isinstance(given, dict):
        for name in islice(given, _MOST_ROWS):
            if "${{" not in str(name):
                yield {"name": str(name)}
    else:
        yield from _objects(given)


def _parameters(declared: object) -> Iterator[Parameter]:
    if isinstance(declared, dict):
        for name, default in islice(declared.items(), _MOST_ROWS):
            yield Parameter(str(name), "string", (), text_of(default))
        return
    for row in _objects(declared):
        if not row.get("name"):
            continue
        values = row.get("values")
        yield Parameter(
            text_of(row["name"]),
            text_of(row.get("type")) or "string",
            tuple(text_of(value) for value in islice(values, _MOST_ROWS)) if isinstance(values, list) else (),
            text_of(row["default"]) if "default" in row else None,
        )


def _triggers(loaded: dict[str, JsonValue]) -> Iterator[str]:
    """Yield what starts a pipeline. A push to any branch starts one that says nothing about it."""
    if "trigger" not in loaded:
        yield "pushes to every branch, as the file has no trigger"
    elif loaded["trigger"] == "none":
        yield "no pushes"
    else:
        yield f"pushes to {_filters(loaded['trigger'])}"
    for row in _objects(loaded.get("schedules")):
        always = ", also without changes" if row.get("always") is True else ""
        yield f"schedule {text_of(row.get('cron'))} UTC on {_filters({'branches': row.get('branches')})}{always}"
    resources = loaded.get("resources")
    for row in _objects(resources.get("pipelines") if isinstance(resources, dict) else None):
        if row.get("trigger") not in (None, "none", False):
            yield f"runs of pipeline {text_of(row.get('source') or row.get('pipeline'))}"


def _filters(given: JsonValue) -> str:
    """Return the branches and paths of a trigger in words."""
    if isinstance(given, list):
        return ", ".join(text_of(each) for each in given[:_MOST_ROWS]) or "no branch"
    if not isinstance(given, dict):
        return text_of(given) or "every branch"
    parts = []
    for kind in ("branches", "paths", "tags"):
        rows = given.get(kind)
        included, excluded = (rows.get("include"), rows.get("exclude")) if isinstance(rows, dict) else (rows, None)
        for word, found in (("", included), ("not ", excluded)):
            if isinstance(found, list) and found:
                named = ", ".join(text_of(each) for each in found[:_MOST_ROWS])
                parts.append(f"{word}{'' if kind == 'branches' else f'{kind} '}{named}")
    return "; ".join(parts) or "every branch"


def _environments(jobs: list[dict[str, JsonValue]]) -> Iterator[str]:
    for job in jobs[:_MOST_ROWS]:
        environment = job.get("environment")
        name = environment.get("name") if isinstance(environment, dict) else environment
        if name:
            yield text_of(name)
