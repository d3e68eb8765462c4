"""Compare the code of two builds: the commits and files between them, and among these the files of the pipeline."""

import asyncio

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.optional import read_optional
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues, QueryValue
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diagnosis.models import ChangedFile, Part, PipelineChange
from langchain_azure_devops.tools.diagnosis.reference import RawBuild
from langchain_azure_devops.tools.diagnosis.yaml_files import YamlFiles, read_yaml_files
from langchain_azure_devops.tools.diff_pages import read_changes
from langchain_azure_devops.tools.diffs import ChangedPath, diff_files
from langchain_azure_devops.tools.git import REPOSITORY, commit_criteria, commit_query
from langchain_azure_devops.tools.history.models import Commit

_COMMITS, _FILES = 20, 30
_DIFF = 3_000


class _Common(BaseModel):
    commit: str | None = Field(default=None, validation_alias="commonCommit")


def is_here(build: RawBuild) -> bool:
    """Return whether the repository of a build belongs to the organization."""
    return build.repository_type == "TfsGit" and build.repository is not None


async def read_pipeline_files(client: AzureDevOps, project: str, build: RawBuild, yaml: str | None) -> YamlFiles:
    """Read the files of the pipeline at the commit of a build; none where they cannot be read."""
    if yaml is None or not is_here(build) or build.commit is None:
        return YamlFiles()
    where: PathValues = {"project": project, "repository": build.repository}
    part = read_yaml_files(client, where, yaml, build.commit)
    return await read_optional(Scope.CODE, "files of the pipeline", part, YamlFiles())


async def compare_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, files: YamlFiles) -> Part:
    """Compare the commits: which are new, which files differ, and among them the files of the pipeline."""
    if not is_here(build) or not (build.commit and good.commit):
        return Part()
    if build.commit == good.commit:
        return Part(fields={"same_commit": True}, unread=_list_unread(files))
    part = _read_code(client, project, build, good, files)
    return await read_optional(Scope.CODE, "commits and changed files", part, Part())


async def _read_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, files: YamlFiles) -> Part:
    where: PathValues = {"project": project, "repository": build.repository}
    between: dict[str, QueryValue] = {
        "baseVersion": good.commit,
        "baseVersionType": "commit",
        "targetVersion": build.commit,
        "targetVersionType": "commit",
        "diffCommonCommit": True,
    }
    newer: dict[str, QueryValue] = {
        **commit_criteria("itemVersion", commit_query(str(build.commit))),
        **commit_criteria("compareVersion", commit_query(str(good.commit))),
        "searchCriteria.$top": _COMMITS,
    }
    commits, changed = await asyncio.gather(
        client.get(f"{REPOSITORY}/commits", path=where, query=newer),
        read_changes(client, ChangedPath, f"{REPOSITORY}/diffs/commits", where, between),
    )
    common = decode(changed.answer, _Common).commit or good.commit
    own = [file for file in changed.files if {file.path, file.old_path} & files.names]
    diff = await diff_files(client, where, own, common, str(build.commit), most=_DIFF)
    fields = {
        "commits": decode(commits, Collection[Commit]).value,
        "files": [ChangedFile(path=file.path, change=", ".join(file.kinds)) for file in changed.files[:_FILES]],
        "file_count": len(changed.files),
        "diff": diff.text or None,
    }
    unread = [*_list_unread(files), *diff.failed]
    if not changed.whole:
        reason = f"the service names more than {len(changed.files):,} files; the others were not looked through"
        unread.append(Failed(place="changed files", status="invalid", reason=reason))
    return Part([_describe_file(file.path, files) for file in own], fields, unread)


def _describe_file(path: str, files: YamlFiles) -> PipelineChange:
    return PipelineChange(what="pipeline file" if path == files.main else "template", name=path)


def _list_unread(files: YamlFiles) -> list[Failed]:
    """Name the files of a pipeline that were not read."""
    return [Failed(place=name, status="not_found", reason=reason) for name, reason in files.unread.items()]
