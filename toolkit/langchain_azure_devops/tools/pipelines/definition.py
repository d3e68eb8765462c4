"""The definition of a pipeline as the service keeps it."""

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.tools.pipelines.finding import find_pipeline_id

DEFINITION = "/{project}/_apis/build/definitions/{pipeline}"


class Variable(BaseModel):
    """A variable of a definition. Its value is never read.

    Attributes:
        secret: Whether the service hides its value.
        settable: Whether somebody who runs the pipeline may give it another value.
    """

    secret: bool | None = Field(default=None, validation_alias="isSecret")
    settable: bool | None = Field(default=None, validation_alias="allowOverride")

    def named(self, name: str) -> str:
        """Return it in words, such as `token (secret, settable for a run)`."""
        more = [*(["secret"] if self.secret else []), *(["settable for a run"] if self.settable else [])]
        return f"{name} ({', '.join(more)})" if more else name


class Trigger(BaseModel):
    """What starts a pipeline by itself.

    Attributes:
        from_file: Whether the YAML file decides about it; 1 is the definition, 2 the file.
    """

    type: str = Field(default="", validation_alias="triggerType")
    from_file: int | None = Field(default=None, validation_alias="settingsSourceType")
    branches: OrNone[str] = Field(default=[], validation_alias="branchFilters")
    paths: OrNone[str] = Field(default=[], validation_alias="pathFilters")

    @property
    def words(self) -> str:
        """What it is, such as `continuousIntegration: +refs/heads/main`."""
        if self.from_file == 2:
            return f"{self.type}: as the YAML file says"
        return f"{self.type}: {', '.join([*self.branches, *self.paths])}".rstrip(": ")


class _Group(BaseModel):
    id: int | None = None
    name: str | None = None


class Definition(BaseModel):
    """What the tools read of a definition.

    Attributes:
        yaml: The path of its file; None for a pipeline that was made in the classic editor.
    """

    id: int
    name: str
    project: str = Field(validation_alias=AliasPath("project", "name"))
    folder: str = Field(default="\\", validation_alias="path")
    revision: int = 1
    status: str = Field(default="enabled", validation_alias="queueStatus")
    yaml: str | None = Field(default=None, validation_alias=AliasPath("process", "yamlFilename"))
    repository: str | None = Field(default=None, validation_alias=AliasPath("repository", "name"))
    repository_id: str | None = Field(default=None, validation_alias=AliasPath("repository", "id"))
    repository_type: str | None = Field(default=None, validation_alias=AliasPath("repository", "type"))
    default_branch: str | None = Field(default=None, validation_alias=AliasPath("repository", "defaultBranch"))
    pool: str | None = Field(default=None, validation_alias=AliasPath("queue", "name"))
    description: str | None = None
    variables: dict[str, Variable] | None = None
    groups: OrNone[_Group] = Field(default=[], validation_alias="variableGroups")
    triggers: OrNone[Trigger] = Field(default=[])

    @property
    def is_here(self) -> bool:
        """Whether its repository belongs to the organization."""
        return (self.repository_type or "").lower() == "tfsgit"


async def place_of_pipeline(client: AzureDevOps, project: str | None, pipeline: str) -> PathValues:
    """Return the place of a pipeline that is given by its name or id.

    Raises:
        NotFound: The project has no such pipeline; the message has near names.
    """
    chosen = await client.required_project(project)
    return {"project": chosen, "pipeline": await find_pipeline_id(client, chosen, pipeline)}


async def read_definition(client: AzureDevOps, where: PathValues) -> Definition:
    """Read a definition as it is now.

    Raises:
        NotFound: There is none with this id.
    """
    return decode(await client.get(DEFINITION, path=where), Definition)
