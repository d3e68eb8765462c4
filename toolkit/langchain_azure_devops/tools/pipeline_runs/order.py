"""What a run is to be given: checked against the pipeline and its file, so that no person is asked in vain."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.git import is_bare, is_commit_id
from langchain_azure_devops.tools.pipelines.definition import Definition, place_of_pipeline, read_definition
from langchain_azure_devops.tools.pipelines.yaml_file import Parameter, PipelineFile, find_pipeline_file, parse_pipeline
from langchain_azure_devops.tools.versions import read_commit

PREVIEW = "/{project}/_apis/pipelines/{pipeline}/preview"
_MOST = 50
_NO_VERSION = re.compile(r"could not get the latest source version", re.IGNORECASE)
_ALWAYS = frozenset({"system.debug"})
"""The variables that every run may be given, whatever its definition says."""

PipelineName = Annotated[str, Field(description="Name or id")]
Version = Annotated[str | None, Field(description="Branch, tag or commit; default: the pipeline's branch")]
Parameters = Annotated[list[str], Field(max_length=_MOST, description="name=value, as get_pipeline lists them")]
Variables = Annotated[list[str], Field(max_length=_MOST, description="name=value, only those settable for a run")]
Stages = Annotated[list[str], Field(max_length=_MOST, description="Names")]


@dataclass(frozen=True)
class Order:
    """A run that the service would accept.

    Attributes:
        where: The place of the pipeline.
        definition: The pipeline.
        body: What is sent.
        file: What its file declares at this version; None where that cannot be read.
        final: What would run, with every template inserted.
        text: The same as YAML.
        notes: What could not be checked before.
    """

    where: PathValues
    definition: Definition
    body: dict[str, JsonValue]
    text: str
    file: PipelineFile | None
    final: PipelineFile | None
    notes: list[str] = field(default_factory=list)


class _Preview(BaseModel):
    text: str = Field(validation_alias="finalYaml")


async def check_order(
    client: AzureDevOps,
    project: str | None,
    pipeline: str,
    version: str | None,
    parameters: Sequence[str],
    variables: Sequence[str],
    skip: Sequence[str] = (),
) -> Order:
    """Check what a run is to be given, by the definition, by its file, and by the service, which runs nothing.

    Raises:
        NotFound: There is no such pipeline, branch or tag.
        InvalidRequest: A parameter, variable or stage does not fit, or the file is not valid.
    """
    where = await place_of_pipeline(client, project, pipeline)
    definition = await read_definition(client, where)
    given, values = split_pairs(parameters, "parameters"), split_pairs(variables, "variables")
    _check_variables(definition, values)
    file, notes = await _find_file(client, definition, version)
    if file is not None:
        _check_parameters(definition, file, given)
    body: dict[str, JsonValue] = {}
    if given:
        body["templateParameters"] = dict(given)
    if values:
        body["variables"] = {name: {"value": value} for name, value in values.items()}
    text, resources = await _preview(client, where, definition, body, version)
    final = await parse_pipeline(text)
    if skip:
        body["stagesToSkip"] = _check_stages(final, skip)
    return Order(where, definition, {**resources, **body}, text, file, final, notes)


def split_pairs(given: Sequence[str], argument: str) -> dict[str, str]:
    """Return texts such as `name=value` as names and values; a value may hold further equals signs.

    Raises:
        InvalidRequest: One has no equals sign or no name, or a name stands twice.
    """
    found: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        name = name.strip()
        if not sign or not name:
            raise InvalidRequest(f"{each!r} in {argument} is not of the form name=value.", subject=argument)
        if name.lower() in {known.lower() for known in found}:
            raise InvalidRequest(f"{name!r} stands twice in {argument}.", subject=argument)
        found[name] = value
    return found


async def _find_file(
    client: AzureDevOps, definition: Definition, version: str | None
) -> tuple[PipelineFile | None, list[str]]:
    """Read the file of a pipeline where the token may, so that near names of its parameters can be told."""
    try:
        return await find_pipeline_file(client, definition, version), []
    except ScopeMissing:
        return None, ["The file was not read, as the token lacks vso.code; the service checked the parameters."]


def _check_variables(definition: Definition, given: Mapping[str, str]) -> None:
    known = {name.lower(): (name, variable) for name, variable in (definition.variables or {}).items()}
    for name in given:
        if name.lower() in _ALWAYS:
            continue
        if name.lower() not in known:
            names = [each for each, variable in known.values() if variable.settable]
            raise InvalidRequest(
                f"Pipeline {definition.name!r} has no variable {name!r} in its definition."
                f"{did_you_mean(name, [each for each, _ in known.values()])} Settable for a run: "
                f"{', '.join(sorted(names)) or 'none'}. A variable of the YAML file cannot be set; a parameter can.",
                subject="variables",
            )
        own, variable = known[name.lower()]
        if not variable.settable:
            raise InvalidRequest(
                f"The variable {own!r} of pipeline {definition.name!r} cannot be set for a run: its definition does "
                "not allow it. Somebody who may edit the pipeline can change that.",
                subject="variables",
            )


def _check_parameters(definition: Definition, file: PipelineFile, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        parameter = file.parameters.get(name.lower())
        if parameter is None:
            names = [each.name for each in file.parameters.values()]
            raise InvalidRequest(
                f"The file of pipeline {definition.name!r} has no parameter {name!r}.{did_you_mean(name, names)} "
                f"Its parameters: {', '.join(names) or 'none'}.",
                subject="parameters",
            )
        if reason := _find_misfit(parameter, value):
            raise InvalidRequest(f"The parameter {parameter.name!r} {reason}", subject="parameters")
    asked = {name.lower() for name in given}
    missing = [each.name for key, each in file.parameters.items() if each.default is None and key not in asked]
    if missing:
        raise InvalidRequest(
            f"Parameters without a default have to be given: {', '.join(missing)}.", subject="parameters"
        )


def _find_misfit(parameter: Parameter, value: str) -> str | None:
    """Return why a value does not fit a parameter; None when it does, or the service has to decide."""
    if parameter.values and value.casefold() not in {each.casefold() for each in parameter.values}:
        near = did_you_mean(value, parameter.values)
        return f"cannot be {value!r}.{near} Its values: {', '.join(parameter.values)}."
    if parameter.type == "boolean" and value.lower() not in {"true", "false"}:
        return f"is a boolean, so it is true or false, not {value!r}."
    if parameter.type == "number":
        try:
            float(value)
        except ValueError:
            return f"is a number, not {value!r}."
    return None


def _check_stages(final: PipelineFile | None, skip: Sequence[str]) -> list[JsonValue]:
    """Return the stages to skip as the file writes them. Without a list of its stages, the service decides."""
    known = {name.lower(): name for name in final.stages} if final else {}
    if unknown := [name for name in skip if known and name.lower() not in known]:
        raise InvalidRequest(
            f"This run would have no stage {unknown[0]!r}.{did_you_mean(unknown[0], known.values())} Its stages: "
            f"{', '.join(known.values())}.",
            subject="skip_stages",
        )
    if final is not None and not known:
        raise InvalidRequest("This pipeline has no stages, so none can be skipped.", subject="skip_stages")
    if known and len({name.lower() for name in skip}) == len(known):
        raise InvalidRequest("Every stage would be skipped, so nothing would run.", subject="skip_stages")
    return [known.get(name.lower(), name) for name in skip]


async def _preview(
    client: AzureDevOps, where: PathValues, definition: Definition, body: dict[str, JsonValue], version: str | None
) -> tuple[str, dict[str, JsonValue]]:
    """Let the service make the final YAML, and return it with the version as the service takes it.

    Raises:
        NotFound: There is no such branch or tag.
        InvalidRequest: The service refuses it, in its own words.
    """
    forms = _version_forms(version)
    for place, resources in enumerate(forms):
        try:
            answer = await client.post(PREVIEW, {"previewRun": True, **resources, **body}, path=where)
        except InvalidRequest as error:
            if version is None or not _NO_VERSION.search(error.message):
                raise
            if place + 1 < len(forms):
                continue
            raise await _unknown_version(client, definition, version) from error
        return decode(answer, _Preview).text, resources
    raise AssertionError("there is always a form of a version")


async def _unknown_version(client: AzureDevOps, definition: Definition, version: str) -> NotFound:
    """Return the error for a version that the service does not know, with near names where the token may read code."""
    try:
        if definition.is_here:
            where: PathValues = {"project": definition.project, "repository": definition.repository_id}
            await read_commit(client, where, version)
    except ScopeMissing:
        pass
    except NotFound as error:
        return error
    return NotFound(
        f"The repository {definition.repository!r} of pipeline {definition.name!r} has no branch, tag or commit "
        f"{version!r}, as far as the service knows. list_branches and list_tags show the names.",
        subject=as_subject(version),
    )


def _version_forms(version: str | None) -> list[dict[str, JsonValue]]:
    """Return the ways in which the service may take a version: a bare name is a branch, or else a tag."""
    if version is None:
        return [{}]
    if is_commit_id(version):
        return [{"resources": {"repositories": {"self": {"version": version.lower()}}}}]
    refs = [version] if not is_bare(version) else [f"refs/heads/{version}", f"refs/tags/{version}"]
    return [{"resources": {"repositories": {"self": {"refName": ref}}}} for ref in refs]
