"""What the tools return that create and change pipelines."""

from pydantic import AliasPath, Field

from langchain_azure_devops.results.models import Branch, Result, Untrusted


class WrittenPipeline(Result):
    """A pipeline after it was created or changed."""

    singular, plural = "pipeline", "pipelines"
    web = "{project}/_build?definitionId={id}"
    web_list = "{project}/_build"
    caption = "pipeline {id}"
    identifying = ("id", "revision")
    effect = ("id", "revision")

    id: int
    name: Untrusted
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    folder: Untrusted = Field(default="\\", validation_alias="path")
    status: str = Field(default="enabled", validation_alias="queueStatus")
    yaml: Untrusted | None = Field(default=None, validation_alias=AliasPath("process", "yamlFilename"))
    repository: Untrusted | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    default_branch: Branch | None = Field(default=None, validation_alias=AliasPath("repository", "defaultBranch"))
    revision: int = 1
    notes: list[str] = Field(default=[])
