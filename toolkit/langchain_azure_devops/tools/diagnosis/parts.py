"""What a build was made of besides the code: tasks, the agent and its image, pool, variables and parameters."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.tools.builds.parameters import read_parameters
from langchain_azure_devops.tools.builds.reading import stream_log
from langchain_azure_devops.tools.builds.timeline import Record, when_started
from langchain_azure_devops.tools.diagnosis.models import PartKind, PipelineChange
from langchain_azure_devops.tools.diagnosis.reference import RawBuild

_START = "Initialize job"
_MOST = 60_000


class Agent(NamedTuple):
    """What the log of the first step of a job says of the agent that ran it."""

    image: str | None
    image_version: str | None
    version: str | None
    name: str | None


_LINES = {
    "image": re.compile(r"^(?:\S+Z )?Image: (\S+)\s*$", re.MULTILINE),
    "image_version": re.compile(r"^(?:\S+Z )?Image: \S+\s*\n(?:\S+Z )?Version: (\S+)\s*$", re.MULTILINE),
    "version": re.compile(r"Current agent version: '([^'\n]+)'"),
    "name": re.compile(r"Agent name: '([^'\n]+)'"),
}


async def read_agent(client: AzureDevOps, where: PathValues, records: Sequence[Record], job: str | None) -> Agent:
    """Read which agent ran a job, or the first job, from the log of the job's first step.

    Args:
        client: Where to ask.
        where: The project and the build.
        records: The timeline of the build.
        job: The name of the job; None for any.
    """
    nothing = Agent(None, None, None, None)
    log = _find_start(records, job)
    if log is None:
        return nothing
    text = b""
    async with stream_log(client, {**where, "log": log}) as pieces:
        async for piece in pieces:
            text += piece
            if len(text) > _MOST:
                break
    read = text.decode("utf-8", "replace").replace("\r", "")
    return Agent(**{name: found[1] if (found := line.search(read)) else None for name, line in _LINES.items()})


def _find_start(records: Sequence[Record], job: str | None) -> int | None:
    """Return the log of the first step of a job."""
    by_id = {record.id: record for record in records}
    starts = [record for record in records if record.name == _START and record.log is not None]
    starts.sort(key=when_started)
    own = [start for start in starts if start.parent in by_id and by_id[str(start.parent)].name == job]
    return (own or starts)[0].log if starts else None


def compare_tasks(before: Sequence[Record], after: Sequence[Record]) -> list[PipelineChange]:
    """Compare the versions of the tasks that ran in both builds."""
    old, new = _versions_of(before), _versions_of(after)
    return [
        PipelineChange(
            what="task version", name=name, before=", ".join(sorted(old[name])), after=", ".join(sorted(new[name]))
        )
        for name in sorted(old.keys() & new.keys())
        if old[name] != new[name]
    ]


def _versions_of(records: Sequence[Record]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in records:
        if record.task and record.task.name and record.task.version:
            found.setdefault(record.task.name, set()).add(record.task.version)
    return found


def compare_agents(before: Agent, after: Agent) -> list[PipelineChange]:
    """Compare the image and the version of two agents; one that is not known is not compared."""
    changes: list[PipelineChange] = []
    image = (before.image, before.image_version), (after.image, after.image_version)
    if before.image and after.image and image[0] != image[1]:
        old, new = (" ".join(part for part in each if part) for each in image)
        changes.append(PipelineChange(what="agent image", name=after.image, before=old, after=new))
    if before.version and after.version and before.version != after.version:
        changes.append(
            PipelineChange(what="agent version", name=after.name or "", before=before.version, after=after.version)
        )
    return changes


def compare_orders(before: RawBuild, after: RawBuild) -> list[PipelineChange]:
    """Compare the pool, and by name the variables and parameters that were given when the builds were queued."""
    changes: list[PipelineChange] = []
    if before.pool and after.pool and before.pool != after.pool:
        changes.append(PipelineChange(what="pool", name=after.pool, before=before.pool, after=after.pool))
    given = read_parameters(before.parameters), read_parameters(after.parameters)
    changes += compare_names("run variables", *given)
    changes += compare_names("run parameters", before.template_parameters or {}, after.template_parameters or {})
    return changes


def compare_names(what: PartKind, old: dict[str, object], new: dict[str, object]) -> list[PipelineChange]:
    """Compare named values: the names are told, the values never."""
    changes = [
        (name, "none" if name not in old else "another value", "none" if name not in new else "a value")
        for name in sorted(old.keys() | new.keys())
        if old.get(name, _NOTHING) != new.get(name, _NOTHING)
    ]
    return [PipelineChange(what=what, name=name, before=before, after=after) for name, before, after in changes]


_NOTHING = object()
