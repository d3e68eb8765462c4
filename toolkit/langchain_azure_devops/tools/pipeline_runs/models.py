"""What the tools return that start and change runs."""

from typing import TypeVar

from pydantic import AliasPath, Field

from langchain_azure_devops.calls.time_limits import explain_cut
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import Branch, Instant, Result, Untrusted
from langchain_azure_devops.tools.builds.reading import BUILD
from langchain_azure_devops.tools.pipeline_runs.runs import Pairs


class WrittenRun(Result):
    """A run after it was started or changed.

    Attributes:
        changed: When anything of it changed last.
    """

    singular, plural = "run", "runs"
    web = "{project}/_build/results?buildId={id}"
    web_list = "{project}/_build"
    caption = "run {id}"
    author_fields = ("requested_for",)

    id: int
    number: Untrusted | None = Field(default=None, validation_alias="buildNumber")
    project: Untrusted = Field(validation_alias=AliasPath("project", "name"))
    pipeline: Untrusted = Field(validation_alias=AliasPath("definition", "name"))
    state: str = Field(validation_alias="status")
    result: str | None = None
    branch: Branch | None = Field(default=None, validation_alias="sourceBranch")
    commit: str | None = Field(default=None, validation_alias="sourceVersion")
    requested_for: Untrusted | None = Field(default=None, validation_alias=AliasPath("requestedFor", "displayName"))
    requested_for_id: str | None = Field(default=None, validation_alias=AliasPath("requestedFor", "id"), exclude=True)
    changed: Instant | None = Field(default=None, validation_alias="lastChangedDate", exclude=True)
    changed_by_id: str | None = Field(default=None, validation_alias=AliasPath("lastChangedBy", "id"), exclude=True)
    notes: list[str] = Field(default=[])


AnyRun = TypeVar("AnyRun", bound=WrittenRun)


class StartedRun(WrittenRun):
    """A run that was just started."""

    effect = ("id",)

    queued: Instant | None = Field(default=None, validation_alias="queueTime")
    requested_by_id: str | None = Field(default=None, validation_alias=AliasPath("requestedBy", "id"), exclude=True)
    parameters: Pairs = Field(default=[], validation_alias="templateParameters")


class CanceledRun(WrittenRun):
    """A run that was just canceled; it ends within seconds or minutes."""

    effect = ("id",)


class TaggedRun(WrittenRun):
    """A run and its tags."""

    effect = ("id",)

    tags: list[Untrusted] = Field(default=[])


class RetriedStage(WrittenRun):
    """A run of which a stage runs again."""

    identifying = ("id", "stage", "attempt")
    effect = ("id", "stage", "attempt")

    stage: Untrusted = ""
    attempt: int = 1


async def read_written(client: AzureDevOps, where: PathValues) -> WrittenRun:
    """Read a run as it is now."""
    return decode(await client.get(BUILD, path=where), WrittenRun)


async def read_after(client: AzureDevOps, where: PathValues, before: WrittenRun, kind: type[AnyRun]) -> AnyRun:
    """Read a run again after it was changed; when that fails, return what is known, and a note."""
    try:
        return decode(await client.get(BUILD, path=where), kind)
    except AzureDevOpsError as error:
        explain_cut(error)
        known = before.model_dump(exclude={"state", "result", "changed", "changed_by_id", "notes"}, by_alias=False)
        note = f"It was done. How the run is now could not be read ({error.status})."
        return kind(**known, state="unknown", notes=[note])
