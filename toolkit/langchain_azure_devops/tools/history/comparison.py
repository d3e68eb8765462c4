"""What differs between two versions of a repository."""

import asyncio

from pydantic import BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Project, Repository
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.results.models import CollectedText, PartialResult, Untrusted
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.diff_pages import OnlyPath, keep_path, read_changes, read_place, show_changes
from langchain_azure_devops.tools.diffs import ChangedPath
from langchain_azure_devops.tools.git import REPOSITORY, Version, is_at_commit, place_of, version_query
from langchain_azure_devops.tools.history.toolset import toolset
from langchain_azure_devops.tools.versions import read_commit

_DIFFS = f"{REPOSITORY}/diffs/commits"
_PAGE = "{project}/_git/{repository}/branchCompare?baseVersion=GC{base_commit}&targetVersion=GC{target_commit}"


class DifferentFile(ChangedPath):
    """A file that differs between two versions."""

    web = f"{_PAGE}&path={{path}}"


class Comparison(PartialResult):
    """What the target has since the newest commit that it has in common with the base.

    Attributes:
        base_commit: The newest commit of the base.
        target_commit: The newest commit of the target.
        common_commit: The newest commit of both, with which the target is compared; None when there is none.
        ahead: How many commits only the target has.
        behind: How many commits only the base has.
        changed_files: How many files differ, at the path if one was given.
        diff: From the common commit to the target.
    """

    web = _PAGE
    caption = "{base} and {target}"
    identifying = ("base_commit", "target_commit")

    base: Untrusted
    target: Untrusted
    base_commit: str
    target_commit: str
    common_commit: str | None
    ahead: int
    behind: int
    changed_files: int = 0
    files: list[DifferentFile] = Field(default=[])
    diff: CollectedText | None = None
    notes: list[str] = Field(default=[])


class _Counts(BaseModel):
    ahead: int = Field(validation_alias="aheadCount")
    behind: int = Field(validation_alias="behindCount")
    common: str | None = Field(default=None, validation_alias="commonCommit")


@toolset.read(
    Scope.CODE,
    example={"repository": "platform-api", "base": "refs/tags/v2.7.0", "target": "main"},
)
async def compare_versions(
    client: AzureDevOps,
    *,
    repository: Repository,
    base: str,
    target: Version = None,
    path: OnlyPath = None,
    project: Project = None,
    cursor: Cursor = None,
) -> Comparison:
    """Compare branches, tags or commits: ahead, behind, and the diff since their common commit.

    Source: `GET .../diffs/commits`, and both sides of each changed file.
    """
    where = await place_of(client, project, repository)
    place = read_place(cursor)
    wanted = place.pinned or (base, target)
    old, new = (tip.id for tip in await asyncio.gather(*(read_commit(client, where, each) for each in wanted)))
    query: dict[str, QueryValue] = {
        "baseVersion": old,
        "baseVersionType": "commit",
        "targetVersion": new,
        "targetVersionType": "commit",
        "diffCommonCommit": True,
    }
    changes = await read_changes(client, DifferentFile, _DIFFS, where, query)
    counts = decode(changes.answer, _Counts)
    changes = await keep_path(client, where, changes, path, new, old)
    shown = await show_changes(client, where, changes, counts.common or old, new, place._replace(pinned=(old, new)))
    found = Comparison(
        base=base,
        target=target or "the default branch",
        base_commit=old,
        target_commit=new,
        common_commit=counts.common,
        ahead=counts.ahead,
        behind=counts.behind,
        final=all(is_at_commit(version_query(each)) for each in (base, target)),
    )
    return found.model_copy(update={**shown, "notes": [_describe(found), *shown["notes"]]})


def _describe(found: Comparison) -> str:
    """Say what is compared with what."""
    if found.base_commit == found.target_commit:
        return "Both are the same commit, so nothing differs."
    if found.common_commit is None:
        return "They have no commit in common, so the diff is from the base itself to the target."
    if found.ahead == 0:
        return "The target has no commit of its own: everything in it is in the base. Exchange them for what it lacks."
    if found.behind == 0:
        return "The base has no commit of its own, so the diff is everything that differs between the two."
    return (
        "The diff is from the common commit to the target: what only the base has since then is not in it. "
        "list_commits with since lists the commits of one side."
    )
