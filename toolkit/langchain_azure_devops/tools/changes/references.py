"""Create and delete branches, and create tags."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.calls.declaration import Project, Repository
from langchain_azure_devops.errors import Conflict, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope, expand
from langchain_azure_devops.tools.changes.models import CreatedBranch, CreatedTag, DeletedBranch
from langchain_azure_devops.tools.changes.protection import (
    Protection,
    RepositoryRow,
    check_protection,
    list_open_pull_requests,
    read_repository,
)
from langchain_azure_devops.tools.changes.recovery import find_created_branch, find_created_tag, find_deleted_branch
from langchain_azure_devops.tools.changes.ref_updates import (
    NOTHING,
    REFS,
    branch_name,
    check_ref,
    describe_ref,
    new_branch,
    new_tag,
    read_ref,
    update_ref,
)
from langchain_azure_devops.tools.changes.toolset import toolset
from langchain_azure_devops.tools.git import REPOSITORY, require_commit_id
from langchain_azure_devops.tools.versions import Commit, read_commit

_ANNOTATED_TAGS = f"{REPOSITORY}/annotatedtags"
TagMessage = Annotated[
    str | None, Field(max_length=4000, description="Makes it an annotated tag; needs vso.code_manage")
]
Source = Annotated[str, Field(description="Branch, refs/tags/TAG or commit")]


class _Ahead(BaseModel):
    count: int = Field(validation_alias="aheadCount")


class _TagObject(BaseModel):
    id: str = Field(validation_alias="objectId")


async def place_of_write(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> PathValues:
    """Return the place of the repository that a write names; a grant is bound to exactly these names."""
    project = arguments.get("project")
    return {
        "project": await client.required_project(None if project is None else str(project)),
        "repository": str(arguments["repository"]),
    }


def _describe(repository: RepositoryRow, commit: Commit) -> dict[str, JsonValue]:
    """Return what a person recognizes a repository and a commit by."""
    return {
        "project": repository.project,
        "repository": repository.name,
        **commit.named(),
    }


async def _read_before_creation(
    client: AzureDevOps, arguments: Mapping[str, JsonValue], name: str
) -> dict[str, JsonValue]:
    """Read the commit that a new reference would point to, unless the reference exists already."""
    where = await place_of_write(client, arguments)
    repository = await read_repository(client, where)
    commit, _ = await asyncio.gather(
        read_commit(client, where, str(arguments["source"])), check_ref(client, where, name, NOTHING)
    )
    return _describe(repository, commit)


async def _read_before_branch(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return await _read_before_creation(client, arguments, new_branch(str(arguments["branch"])))


async def _read_before_tag(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    _check_scope(client, arguments.get("message"))
    return await _read_before_creation(client, arguments, new_tag(str(arguments["tag"])))


@toolset.write(
    Scope.CODE_WRITE,
    destructive=False,
    sends=f"POST {REFS}",
    targets=("project", "repository", "branch", "source"),
    current=_read_before_branch,
    recover=find_created_branch,
    makes="branch",
    example={"repository": "docs", "branch": "feature/glossary", "source": "main"},
)
async def create_branch(
    client: AzureDevOps, *, repository: Repository, branch: str, source: Source, project: Project = None
) -> CreatedBranch:
    """Create a branch.

    Source: `GET .../commits` for the commit, and `POST .../refs`.
    """
    where = await place_of_write(client, {"repository": repository, "project": project})
    ref = new_branch(branch)
    commit = await read_commit(client, where, source)
    await check_ref(client, where, ref, NOTHING)
    await update_ref(client, where, ref, NOTHING, commit.id)
    return CreatedBranch(repository=repository, name=ref, **commit.named())


async def _read_before_deletion(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the last commit of the branch, the commits that are lost with it, and the pull requests that need it."""
    where = await place_of_write(client, arguments)
    ref, tip = branch_name(str(arguments["branch"])), require_commit_id(str(arguments["commit"]))
    repository, protection = await _check_deletion(client, where, ref, tip)
    commit, lost, pull_requests = await asyncio.gather(
        read_commit(client, where, tip),
        _describe_loss(client, where, repository.default_branch, tip),
        list_open_pull_requests(client, where, ref, "source", "target"),
    )
    # The default branch is refused, so only the policies are news.
    policies = {name: value for name, value in protection.describe().items() if name != "default_branch"}
    return {
        **_describe(repository, commit),
        "lost": lost,
        "open_pull_requests": [each.words for each in pull_requests],
        **policies,
    }


async def _check_deletion(
    client: AzureDevOps, where: PathValues, ref: str, tip: str
) -> tuple[RepositoryRow, Protection]:
    """Refuse to delete the default branch, one that has moved, and one that a policy protects.

    Raises:
        Conflict: It is the default branch, or is elsewhere by now.
        NotFound: There is no such branch.
        RefusedByPolicy: A policy protects it.
    """
    repository = await read_repository(client, where)
    _refuse_default(repository, ref)
    await check_ref(client, where, ref, tip)
    refused = f"Nothing was deleted: the deletion of {describe_ref(ref)} is"
    return repository, await check_protection(client, repository, ref, refused)


async def _describe_loss(client: AzureDevOps, where: PathValues, default: str | None, tip: str) -> str:
    """Return how many commits of a branch the default branch does not have."""
    if default is None:
        return "unknown, as the repository has no default branch"
    name = default.removeprefix("refs/heads/")
    query: dict[str, QueryValue] = {
        "baseVersion": name,
        "baseVersionType": "branch",
        "targetVersion": tip,
        "targetVersionType": "commit",
        "$top": 1,
    }
    ahead = decode(await client.get(f"{REPOSITORY}/diffs/commits", path=where, query=query), _Ahead).count
    if not ahead:
        return f"nothing: merged into {name}"
    return f"{ahead} {'commit is' if ahead == 1 else 'commits are'} not on {name}"


def _refuse_default(repository: RepositoryRow, ref: str) -> None:
    if repository.default_branch == ref:
        raise Conflict(
            f"Nothing was deleted: {ref.removeprefix('refs/heads/')!r} is the default branch of {repository.name!r}. "
            "An administrator can make another branch the default one first.",
            subject="branch",
        )


@toolset.write(
    Scope.CODE_WRITE,
    idempotent=True,
    sends=f"POST {REFS}",
    targets=("project", "repository", "branch", "commit"),
    current=_read_before_deletion,
    recover=find_deleted_branch,
    example={
        "repository": "docs",
        "branch": "feature/rota-december",
        "commit": "729a2263cfba89bcef606714683a46f42e9a6566",
    },
)
async def delete_branch(
    client: AzureDevOps,
    *,
    repository: Repository,
    branch: str,
    commit: Annotated[str, Field(description="Its latest, from list_branches")],
    project: Project = None,
) -> DeletedBranch:
    """Delete a branch that is still at this commit.

    Source: `GET .../repositories/{id}` for the default branch, `GET .../policy/configurations`, `GET` and `POST` of
    `.../refs`.
    """
    where = await place_of_write(client, {"repository": repository, "project": project})
    ref, tip = branch_name(branch), require_commit_id(commit)
    found, protection = await _check_deletion(client, where, ref, tip)
    await update_ref(client, where, ref, tip, NOTHING)
    deleted = DeletedBranch(repository=found.name, name=ref, commit=tip)
    return deleted.model_copy(update={"notes": [*protection.notes(), *deleted.notes]})


def _check_scope(client: AzureDevOps, message: object) -> None:
    """Refuse a message where the scopes were declared and do not suffice for it, so that nobody is asked in vain."""
    declared = client.settings.declared_scopes
    if message is not None and declared is not None and Scope.CODE_MANAGE not in expand(declared):
        raise _needs_scope()


def _needs_scope() -> ScopeMissing:
    return ScopeMissing(
        "No tag was created: a tag with a message needs a token with the scope vso.code_manage (Code: read, write & "
        "manage). Leave the message out to create a lightweight tag, for which this token suffices.",
        subject=Scope.CODE_MANAGE.value,
    )


@toolset.write(
    Scope.CODE_WRITE,
    destructive=False,
    sends=(f"POST {REFS}", f"POST {_ANNOTATED_TAGS}"),
    targets=("project", "repository", "tag", "source"),
    contents=("message",),
    current=_read_before_tag,
    recover=find_created_tag,
    makes="tag",
    example={"repository": "docs", "tag": "handbook-2026-11", "source": "main"},
)
async def create_tag(
    client: AzureDevOps,
    *,
    repository: Repository,
    tag: str,
    source: Source,
    message: Annotated[
        str | None,
        Field(max_length=4000, description="Makes it an annotated tag, which needs the scope vso.code_manage"),
    ] = None,
    project: Project = None,
) -> CreatedTag:
    """Create a tag.

    Source: `GET .../commits` for the commit, and `POST .../refs`, or `POST .../annotatedtags` with a message, which
    needs the scope `vso.code_manage`.
    """
    _check_scope(client, message)
    where = await place_of_write(client, {"repository": repository, "project": project})
    ref = new_tag(tag)
    commit = await read_commit(client, where, source)
    await check_ref(client, where, ref, NOTHING)
    if message is None:
        await update_ref(client, where, ref, NOTHING, commit.id)
        return CreatedTag(repository=repository, name=ref, object_id=commit.id, **commit.named())
    short = ref.removeprefix("refs/tags/")
    body: dict[str, JsonValue] = {"name": short, "taggedObject": {"objectId": commit.id}, "message": message}
    try:
        response = await client.post(_ANNOTATED_TAGS, body, path=where)
    except ScopeMissing as error:
        raise _needs_scope() from error
    except Conflict as error:
        there = await read_ref(client, where, ref)
        at = f" Tag {short!r} exists already, at {there}." if there else ""
        raise type(error)(f"{error.message}{at}", subject=as_subject(short)) from error
    object_id = decode(response, _TagObject).id
    return CreatedTag(repository=repository, name=ref, object_id=object_id, message=message, **commit.named())
