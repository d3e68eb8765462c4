"""The YAML that a run would carry out, with every template and parameter inserted. Nothing runs."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Lines
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.pipeline_runs.order import (
    Parameters,
    PipelineName,
    Variables,
    Version,
    check_order,
)
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs


class FinalYaml(Lines):
    """The lines of the final YAML of a run."""

    web = "{project}/_build?definitionId={id}"
    caption = "final YAML of pipeline {id}"

    id: int
    notes: list[str] = Field(default=[])


@pipeline_runs.read(Scope.BUILD, example={"pipeline": "platform-api-ci"})
async def preview_pipeline(
    client: AzureDevOps,
    *,
    pipeline: PipelineName,
    version: Version = None,
    parameters: Parameters = [],  # noqa: B006 - read only, and the schema's default
    variables: Variables = [],  # noqa: B006 - same
    first_line: Annotated[int, Field(ge=1)] = 1,
    project: Project = None,
) -> FinalYaml:
    """Show the final YAML of a run with all templates inserted, without running it.

    Raises:
        InvalidRequest: A parameter or variable does not fit, or the service refuses the file, and says why.
    Source: `POST .../pipelines/{id}/preview`, which only reads.
    """
    order = await check_order(client, project, pipeline, version, parameters, variables)
    lines = client.secrets.redact(order.text).rstrip("\n").split("\n")
    beyond = [f"There is no line {first_line}: the YAML ends with line {len(lines)}."]
    return FinalYaml(
        id=order.definition.id,
        first_line=first_line if first_line <= len(lines) else 0,
        total_lines=len(lines),
        text="\n".join(lines[first_line - 1 :]),
        notes=order.notes if first_line <= len(lines) else [*order.notes, *beyond],
    )
