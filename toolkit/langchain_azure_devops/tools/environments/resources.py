"""Variable groups and service connections: what they are and who changed them, never their values or credentials."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AliasPath, BeforeValidator, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit, Project
from langchain_azure_devops.calls.paging import list_rows, page_rows
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Instant, Page, Result, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.environments.toolset import toolset

_WITH_CHANGES = "7.2-preview.4"
"""The first version whose answers say who changed a service connection, and when."""
_OUT_OF_RANGE = "VssVersionOutOfRangeException"


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("isSecret") is True


def _plain_names(value: object) -> object:
    return [name for name, each in value.items() if not _is_secret(each)] if isinstance(value, Mapping) else value or []


def _secret_names(value: object) -> object:
    return [name for name, each in value.items() if _is_secret(each)] if isinstance(value, Mapping) else value or []


class VariableGroup(Result):
    """A variable group: the names of its variables, and who changed it last."""

    singular, plural = "variable group", "variable groups"
    web = "{project}/_library?itemType=VariableGroups&view=VariableGroupView&variableGroupId={id}"
    web_list = "{project}/_library?itemType=VariableGroups"
    caption = "variable group {id}"
    author_fields = ("modified_by",)

    id: int
    name: Untrusted
    description: Untrusted | None = None
    type: str | None = None
    variables: Annotated[list[Untrusted], BeforeValidator(_plain_names)] = Field(default=[])
    secret_variables: Annotated[list[Untrusted], BeforeValidator(_secret_names)] = Field(
        default=[], validation_alias="variables"
    )
    shared: bool = Field(default=False, validation_alias="isShared")
    created_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("createdBy", "displayName"))
    modified_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "displayName"))
    modified_by_id: str | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "id"), exclude=True)
    modified: Instant | None = Field(default=None, validation_alias="modifiedOn")


class ServiceConnection(Result):
    """A service connection: what it reaches, and who changed it last."""

    singular, plural = "service connection", "service connections"
    web = "{project}/_settings/adminservices?resourceId={id}"
    web_list = "{project}/_settings/adminservices"
    caption = "service connection {id}"
    author_fields = ("modified_by",)

    id: str
    name: Untrusted
    type: str
    url: Untrusted | None = None
    description: Untrusted | None = None
    sign_in: str | None = Field(default=None, validation_alias=AliasPath("authorization", "scheme"))
    shared: bool = Field(default=False, validation_alias="isShared")
    ready: bool = Field(default=True, validation_alias="isReady")
    disabled: bool = Field(default=False, validation_alias="isDisabled")
    created_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("createdBy", "displayName"))
    modified_by: Untrusted | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "displayName"))
    modified_by_id: str | None = Field(default=None, validation_alias=AliasPath("modifiedBy", "id"), exclude=True)
    modified: Instant | None = Field(default=None, validation_alias="modificationDate")


@toolset.read(Scope.VARIABLEGROUPS_READ, example={})
async def list_variable_groups(
    client: AzureDevOps,
    *,
    name: Annotated[str | None, Field(description="* matches anything")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[VariableGroup]:
    """List variable groups: names of variables, which are secret, and who changed the group when. No values.

    Source: `GET /{project}/_apis/distributedtask/variablegroups`.
    """
    return await read_variable_groups(client, await client.required_project(project), name, limit, cursor)


async def read_variable_groups(
    client: AzureDevOps, project: str, name: str | None = None, limit: int = 1000, cursor: str | None = None
) -> Page[VariableGroup]:
    """Read the variable groups of a project, for other tools. It needs the scope `vso.variablegroups_read`."""
    return await list_rows(
        client,
        VariableGroup,
        "/{project}/_apis/distributedtask/variablegroups",
        path={"project": project},
        query={"groupName": name, "queryOrder": "idAscending"},
        limit=limit,
        cursor=cursor,
        style="token",
    )


@toolset.read(Scope.SERVICEENDPOINT, example={})
async def list_service_connections(
    client: AzureDevOps,
    *,
    name: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    project: Project = None,
) -> Page[ServiceConnection]:
    """List service connections: type, address, shared or not, and who changed them when. No credentials.

    Source: `GET /{project}/_apis/serviceendpoint/endpoints`.
    """
    return await read_service_connections(client, await client.required_project(project), name, limit, cursor)


async def read_service_connections(
    client: AzureDevOps, project: str, name: str | None = None, limit: int = 1000, cursor: str | None = None
) -> Page[ServiceConnection]:
    """Read the service connections of a project, for other tools. It needs the scope `vso.serviceendpoint`.

    A server that does not know the version which names changes is asked again without it, and the page says so.
    """
    query = {"endpointNames": name}
    template, path = "/{project}/_apis/serviceendpoint/endpoints", {"project": project}
    notes: list[str] = []
    try:
        response = await client.get(template, path=path, query=query, version=_WITH_CHANGES)
    except InvalidRequest as error:
        if _OUT_OF_RANGE not in error.message:
            raise
        response = await client.get(template, path=path, query=query)
        notes.append("This server does not say who changed a service connection, nor when.")
    page = await page_rows(ServiceConnection, decode(response, Collection[ServiceConnection]).value, limit, cursor)
    page.notes.extend(notes)
    return page
