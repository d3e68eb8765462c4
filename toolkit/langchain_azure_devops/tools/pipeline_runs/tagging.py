"""Add tags to a build, or remove them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple, cast

from pydantic import Field, JsonValue

from langchain_azure_devops.calls.current_state import NothingToSend
from langchain_azure_devops.calls.declaration import Project
from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.pipeline_runs.models import TaggedRun, read_after
from langchain_azure_devops.tools.pipeline_runs.recovery import find_tagged
from langchain_azure_devops.tools.pipeline_runs.stopping import describe_run, place_of_run
from langchain_azure_devops.tools.pipeline_runs.toolset import pipeline_runs

_MOST = 20
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=_MOST)]


class _Change(NamedTuple):
    """What a call changes of the tags of a run."""

    run: TaggedRun
    add: list[str]
    remove: list[str]
    notes: list[str]


async def _compare(client: AzureDevOps, where: PathValues, add: Sequence[str], remove: Sequence[str]) -> _Change:
    """Compare the tags of a run with those that a call wants.

    Raises:
        InvalidRequest: The call contradicts itself, or names no tag or a blank one.
        NotFound: A tag to remove is not there.
        NothingToSend: The run has exactly these tags already.
    """
    if not (add or remove):
        raise InvalidRequest("No tag to add or remove was given.", subject="arguments")
    if not all(tag.strip() for tag in (*add, *remove)):
        raise InvalidRequest("A tag cannot be blank.", subject="arguments")
    if twice := {tag.lower() for tag in add} & {tag.lower() for tag in remove}:
        raise InvalidRequest(f"{', '.join(sorted(twice))} is both to be added and to be removed.", subject="remove")
    run = decode(await client.get(BUILD, path=where), TaggedRun)
    there = {tag.lower(): tag for tag in run.tags}
    if unknown := [tag for tag in remove if tag.lower() not in there]:
        raise NotFound(
            f"{unknown[0]!r} is no tag of run {run.id}, so nothing was changed.{did_you_mean(unknown[0], run.tags)} "
            f"Its tags: {', '.join(run.tags) or 'none'}.",
            subject=as_subject(unknown[0]),
        )
    notes = [f"{tag!r} is a tag of it already." for tag in add if tag.lower() in there]
    new = list({tag.lower(): tag for tag in add if tag.lower() not in there}.values())
    if not new and not remove:
        raise NothingToSend(" ".join([*notes, "Nothing was sent."]), subject=str(run.id))
    return _Change(run, new, [there[tag.lower()] for tag in remove], notes)


async def _read_before(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the tags that the run has."""
    where = await place_of_run(client, arguments)
    add, remove = (cast("list[str]", arguments.get(name) or []) for name in ("add", "remove"))
    found = await _compare(client, where, add, remove)
    return {**describe_run(found.run), "result": found.run.result, "tags": list(found.run.tags)}


@pipeline_runs.write(
    Scope.BUILD_EXECUTE,
    idempotent=True,
    sends=f"PATCH {BUILD}/tags",
    targets=("project", "build", "remove"),
    contents=("add",),
    current=_read_before,
    recover=find_tagged,
    example={"build": 35, "add": ["investigated"]},
)
async def tag_build(
    client: AzureDevOps,
    *,
    build: int,
    add: Tags = [],  # noqa: B006 - read only, and the schema's default
    remove: Tags = [],  # noqa: B006 - same
    project: Project = None,
) -> TaggedRun:
    """Add tags to a build, or remove them; others stay.

    Source: `PATCH .../build/builds/{id}/tags`.
    """
    where = await place_of_run(client, {"build": build, "project": project})
    try:
        found = await _compare(client, where, add, remove)
    except NothingToSend as idle:
        same = decode(await client.get(BUILD, path=where), TaggedRun)
        return same.model_copy(update={"notes": [idle.message]})
    body: JsonValue = {"tagsToAdd": [*found.add], "tagsToRemove": [*found.remove]}
    await client.post(f"{BUILD}/tags", body, path=where, method="PATCH")
    tagged = await read_after(client, where, found.run, TaggedRun)
    return tagged.model_copy(update={"notes": [*found.notes, *tagged.notes]})
