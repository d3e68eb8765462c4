"""One pipeline: its file, triggers, parameters and variables, and who changed it last."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Branch, Instant, PartialResult, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pipelines.definition import Definition, place_of_pipeline, read_definition
from langchain_azure_devops.tools.pipelines.revisions import read_revisions
from langchain_azure_devops.tools.pipelines.toolset import toolset
from langchain_azure_devops.tools.pipelines.yaml_file import PipelineFile, find_pipeline_file

PipelineName = Annotated[str, Field(description="Name or id")]

_EDITORS = (
    "Who may edit the definition was not determined: the service shows permissions to tokens with full access only. "
    "Whoever may push to the file changes what runs: list_policies shows how its branch is protected."
)
_STATUSES = {
    "paused": "It is paused: runs are queued and do not begin.",
    "disabled": "It is disabled: nothing can be queued.",
}


class PipelineDetails(PartialResult):
    """A pipeline.

    Attributes:
        triggers: What starts it by itself.
        parameters: What a run may be given, as its file declares it.
        variables: Those of the definition, by name.
        file_variables: Those that the file sets, which a run cannot override.
        groups: The variable groups that the definition or the file names.
        templates: Files that the file inserts; what they name is not listed.
    """

    singular, plural = "pipeline", "pipelines"
    web = "{project}/_build?definitionId={id}"
    caption = "pipeline {id}"
    author_fields = ("changed_by", "created_by")

    id: int
    name: Untrusted
    project: Untrusted
    folder: Untrusted
    status: str
    description: Untrusted | None = None
    yaml: Untrusted | None = None
    repository: Untrusted | None = None
    default_branch: Branch | None = None
    pool: Untrusted | None = None
    revision: int
    changed: Instant | None = None
    changed_by: Untrusted | None = None
    changed_by_id: str | None = Field(default=None, exclude=True)
    comment: Untrusted | None = None
    created: Instant | None = None
    created_by: Untrusted | None = None
    created_by_id: str | None = Field(default=None, exclude=True)
    triggers: list[Untrusted] = Field(default=[])
    parameters: list[Untrusted] = Field(default=[])
    variables: list[Untrusted] = Field(default=[])
    file_variables: list[Untrusted] = Field(default=[])
    groups: list[Untrusted] = Field(default=[])
    templates: list[Untrusted] = Field(default=[])
    notes: list[Untrusted] = Field(default=[])


@toolset.read(Scope.BUILD, optional=(Scope.CODE,), example={"pipeline": "platform-api-ci"})
async def get_pipeline(client: AzureDevOps, *, pipeline: PipelineName, project: Project = None) -> PipelineDetails:
    """Read one pipeline: file, triggers, parameters, names of variables, last change.

    Source: `GET .../build/definitions/{id}`, `.../revisions`, and `GET .../git/repositories/{id}/items` for its file.
    """
    where = await place_of_pipeline(client, project, pipeline)
    definition, revisions = await asyncio.gather(read_definition(client, where), read_revisions(client, where))
    reading = find_pipeline_file(client, definition)
    file = await read_optional(Scope.CODE, "what the YAML file declares", reading, None)
    last, first = revisions[0] if revisions else None, revisions[-1] if revisions else None
    return PipelineDetails(
        **definition.model_dump(exclude={"variables", "groups", "triggers", "repository_id", "repository_type"}),
        changed=last and last.changed,
        changed_by=last and last.changed_by,
        changed_by_id=last and last.changed_by_id,
        comment=last and last.comment,
        created=first and first.changed,
        created_by=first and first.changed_by,
        created_by_id=first and first.changed_by_id,
        triggers=_describe_triggers(definition, file),
        parameters=[each.words for each in file.parameters.values()] if file else [],
        variables=[each.named(name) for name, each in sorted((definition.variables or {}).items())],
        file_variables=file.variables if file else [],
        groups=list(dict.fromkeys([*_name_groups(definition), *(file.groups if file else [])])),
        templates=list(dict.fromkeys(file.templates)) if file else [],
        notes=[*_describe_state(definition, file), _EDITORS],
    )


def _describe_triggers(definition: Definition, file: PipelineFile | None) -> list[str]:
    """Return what starts a pipeline: as its file says where the definition leaves that to the file."""
    own = [each.words for each in definition.triggers if file is None or each.from_file != 2]
    by_file = any(each.from_file == 2 for each in definition.triggers)
    return [*own, *(file.triggers if file and by_file else [])]


def _name_groups(definition: Definition) -> list[str]:
    return [group.name or f"group {group.id}" for group in definition.groups]


def _describe_state(definition: Definition, file: PipelineFile | None) -> Iterator[str]:
    if definition.status in _STATUSES:
        yield _STATUSES[definition.status]
    if definition.yaml is None:
        yield "It was made in the classic editor and has no YAML file; its steps are not shown."
    elif not definition.is_here:
        yield f"Its repository is of the type {definition.repository_type}, outside of this organization."
    elif file is not None and file.templates:
        yield "The file inserts templates, which may name more of all this: preview_pipeline shows the whole."
