"""Compare the code of two builds: the commits and files between them, and among these the files of the pipeline."""

import asyncio
from collections.abc import Iterator, Sequence

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
from langchain_azure_devops.tools.diff_pages import Changes, read_changes
from langchain_azure_devops.tools.diffs import ChangedPath, diff_files
from langchain_azure_devops.tools.git import REPOSITORY, commit_criteria, commit_query
from langchain_azure_devops.tools.history.models import Commit

_COMMITS, _FILES = 20, 30
_DIFF = 3_000


class _Common(BaseModel):
    commit: str | None = Field(default=None, validation_alias="commonCommit")


def is_here(build: RawBuild) -> bool:
    """Return whether the repository of a build belongs to the organization."""
    return (build.repository_type or "").lower() == "tfsgit" and build.repository is not None


async def read_pipeline_files(client: AzureDevOps, project: str, build: RawBuild, yaml: str | None) -> YamlFiles:
    """Read the files of the pipeline at the commit of a build; none where they cannot be read."""
    if yaml is None or not is_here(build) or build.commit is None:
        return YamlFiles()
    where: PathValues = {"project": project, "repository": build.repository}
    part = read_yaml_files(client, where, yaml, build.commit)
    return await read_optional(Scope.CODE, "files of the pipeline", part, YamlFiles())


async def compare_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, files: YamlFiles) -> Part:
    """Compare the commits: which are new, which files differ, and among them the files of the pipeline."""
    if not (build.commit and good.commit):
        return Part()
    same = Part(fields={"same_commit": build.commit == good.commit}, unread=_list_unread(files))
    if build.commit == good.commit or not is_here(build):
        return same
    part = _read_code(client, project, build, good, files)
    return await read_optional(Scope.CODE, "commits and changed files", part, same)


async def _read_code(client: AzureDevOps, project: str, build: RawBuild, good: RawBuild, files: YamlFiles) -> Part:
    where: PathValues = {"project": project, "repository": build.repository}
    new, old = str(build.commit), str(good.commit)
    newer, branched = await asyncio.gather(
        _list_commits(client, where, new, old), _read_difference(client, where, old, new, since_common=True)
    )
    compared, notes = branched, list(_say_more(newer))
    if (decode(branched.answer, _Common).commit or old) != old:
        # The changes since the common commit leave out what only the good build has, which may be a change of the
        # pipeline.
        compared, lacked = await asyncio.gather(
            _read_difference(client, where, old, new, since_common=False), _list_commits(client, where, old, new)
        )
        notes.append(f"Build {good.id} has {_count(lacked)} that this build lacks; of their files, only those of the "
                     "pipeline were compared.")  # fmt: skip
    own = [file for file in compared.files if {file.path, file.old_path} & files.names]
    diff = await diff_files(client, where, own, old, new, most=_DIFF)
    fields = {
        "same_commit": False,
        "commits": newer[:_COMMITS],
        "files": [ChangedFile(path=file.path, change=", ".join(file.kinds)) for file in branched.files[:_FILES]],
        "file_count": len(branched.files),
        "diff": diff.text or None,
    }
    unread = [*_list_unread(files), *diff.failed]
    for changes in [branched] if compared is branched else [branched, compared]:
        if not changes.whole:
            reason = f"the service names more than {len(changes.files):,} files; the others were not looked through"
            unread.append(Failed(place="changed files", status="invalid", reason=reason))
    return Part([_describe_file(file.path, files) for file in own], fields, unread, notes)


async def _list_commits(client: AzureDevOps, where: PathValues, tip: str, without: str) -> list[Commit]:
    """Return the newest commits of one commit that another one lacks, one more than are shown."""
    query: dict[str, QueryValue] = {
        **commit_criteria("itemVersion", commit_query(tip)),
        **commit_criteria("compareVersion", commit_query(without)),
        "searchCriteria.$top": _COMMITS + 1,
    }
    return decode(await client.get(f"{REPOSITORY}/commits", path=where, query=query), Collection[Commit]).value


async def _read_difference(
    client: AzureDevOps, where: PathValues, old: str, new: str, *, since_common: bool
) -> Changes:
    """Read which files differ between two commits, or between the new one and what both have in common."""
    query: dict[str, QueryValue] = {
        "baseVersion": old,
        "baseVersionType": "commit",
        "targetVersion": new,
        "targetVersionType": "commit",
        "diffCommonCommit": since_common,
    }
    return await read_changes(client, ChangedPath, f"{REPOSITORY}/diffs/commits", where, query)


def _count(commits: Sequence[Commit]) -> str:
    if len(commits) > _COMMITS:
        return f"more than {_COMMITS} commits"
    return "1 commit" if len(commits) == 1 else f"{len(commits)} commits"


def _say_more(commits: Sequence[Commit]) -> Iterator[str]:
    if len(commits) > _COMMITS:
        yield f"More than {_COMMITS} commits are between the builds; the newest are shown."


def _describe_file(path: str, files: YamlFiles) -> PipelineChange:
    return PipelineChange(what="pipeline file" if path == files.main else "template", name=path)


def _list_unread(files: YamlFiles) -> list[Failed]:
    """Name the files of a pipeline that were not read."""
    return [Failed(place=name, status="not_found", reason=reason) for name, reason in files.unread.items()]
