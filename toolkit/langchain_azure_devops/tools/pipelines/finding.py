"""Find a pipeline that is given by its name or its id."""

from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, Named, Numbered, decode
from langchain_azure_devops.safety.grants import as_subject

_MAX_DIGITS = 10


def is_id(pipeline: str) -> bool:
    """Return whether a pipeline is given by its id; a longer number can only be a name."""
    return pipeline.isascii() and pipeline.isdigit() and len(pipeline) <= _MAX_DIGITS


async def find_pipeline_id(client: AzureDevOps, project: str, pipeline: str) -> int:
    """Return the id of a pipeline that is given by name or id.

    Raises:
        NotFound: The project has no pipeline of this name; the message names those that it has.
        InvalidRequest: Several pipelines have this name, or none was given.
    """
    refuse_blank(pipeline, "pipeline", "list_pipelines")
    if is_id(pipeline):
        return int(pipeline)
    where: PathValues = {"project": project}
    response = await client.get("/{project}/_apis/build/definitions", path=where, query={"name": pipeline, "$top": 2})
    rows = decode(response, Collection[Numbered]).value
    if len(rows) == 1:
        return rows[0].id
    if rows:
        raise InvalidRequest(f"Several pipelines are called {pipeline!r}: give the id from list_pipelines.")
    everything = await client.get("/{project}/_apis/build/definitions", path=where, query={"$top": 1000})
    names = [row.name for row in decode(everything, Collection[Named]).value]
    raise NotFound(
        f"There is no pipeline {pipeline!r} in {project!r}.{did_you_mean(pipeline, names)} "
        f"Pipelines there: {', '.join(names[:30]) or 'none'}.",
        subject=as_subject(pipeline),
    )


def refuse_blank(name: str, argument: str, lister: str) -> None:
    """Refuse a blank name, which the service would take for any name.

    Raises:
        InvalidRequest: The name is blank; the message says which tool lists the names.
    """
    if not name.strip():
        raise InvalidRequest(
            f"No {argument} was given. Give its name or its id; {lister} shows both.", subject=argument
        )
