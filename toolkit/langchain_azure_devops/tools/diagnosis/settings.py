"""Compare the settings of a pipeline between two of its revisions."""

from collections.abc import Sequence

from pydantic import AliasPath, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.diagnosis.models import PipelineChange
from langchain_azure_devops.tools.diagnosis.parts import compare_names
from langchain_azure_devops.tools.pipelines.definition import DEFINITION, Definition
from langchain_azure_devops.tools.pipelines.revisions import PipelineRevision


class Settings(Definition):
    """The settings of a pipeline at one of its revisions, with what is compared and never shown.

    Attributes:
        values: The variables with their values.
        started_by: The triggers whole, with their details.
        steps: The steps of a pipeline that was made in the classic editor.
    """

    timeout: int | None = Field(default=None, validation_alias="jobTimeoutInMinutes")
    scope: str | None = Field(default=None, validation_alias="jobAuthorizationScope")
    values: dict[str, object] | None = Field(default=None, validation_alias=AliasPath("variables"))
    started_by: object = Field(default=None, validation_alias=AliasPath("triggers"))
    steps: object = Field(default=None, validation_alias=AliasPath("process", "phases"))

    @property
    def group_names(self) -> set[str]:
        """The names of the variable groups that are linked in the settings."""
        return {group.name for group in self.groups if group.name}


_SHOWN = {
    "yaml": "YAML file",
    "pool": "agent queue",
    "repository": "repository",
    "default_branch": "default branch",
    "timeout": "time limit in minutes",
    "scope": "authorization scope of its jobs",
    "status": "queue status",
}


async def read_settings(client: AzureDevOps, project: str, pipeline: int, revision: int | None = None) -> Settings:
    """Read the settings of a pipeline, as they are now or as they were at a revision."""
    where: PathValues = {"project": project, "pipeline": pipeline}
    return decode(await client.get(DEFINITION, path=where, query={"revision": revision}), Settings)


def list_revisions(revisions: Sequence[PipelineRevision], newest: int) -> list[PipelineChange]:
    """Return who changed the settings, and when; at least that there is a new revision, where that is not known."""
    changes = [
        PipelineChange(
            what="settings", name=f"revision {row.revision}", by=row.changed_by, by_id=row.changed_by_id, at=row.changed
        )
        for row in revisions
    ]
    return changes or [PipelineChange(what="settings", name=f"revision {newest}")]


def compare_settings(before: Settings, after: Settings) -> list[PipelineChange]:
    """Compare the settings of two revisions."""
    changes: list[PipelineChange] = []
    for name, shown in _SHOWN.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changes.append(PipelineChange(what="settings", name=shown, before=_say(old), after=_say(new)))
    if before.started_by != after.started_by:
        old, new = (_say("; ".join(trigger.words for trigger in each.triggers)) for each in (before, after))
        # Triggers may differ in a detail that their words do not name.
        old, new = (old, new) if old != new else ("other details", "these details")
        changes.append(PipelineChange(what="settings", name="triggers", before=old, after=new))
    if before.steps != after.steps:
        changes.append(PipelineChange(what="settings", name="steps", before="others", after="these"))
    changes += compare_names("variables", before.values or {}, after.values or {})
    old_groups, new_groups = before.group_names, after.group_names
    changes += [
        PipelineChange(what="variable group", name=name, before="linked", after="not linked")
        for name in sorted(old_groups - new_groups)
    ]
    changes += [
        PipelineChange(what="variable group", name=name, before="not linked", after="linked")
        for name in sorted(new_groups - old_groups)
    ]
    return changes


def _say(value: object) -> str:
    return "none" if value in (None, "") else str(value)
