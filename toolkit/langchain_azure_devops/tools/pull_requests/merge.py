"""What a new pull request would merge: the commits at its branches, and the work items that it would link."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from langchain_azure_devops.errors import Denied, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.text.lookalikes import find_similar
from langchain_azure_devops.tools.git import branch_ref, known_repository
from langchain_azure_devops.tools.pull_requests.branches import check_branches, check_unique, read_branches
from langchain_azure_devops.tools.work_items.related import describe_items


async def read_merge(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the commits at both branches, branches that look like them, and the work items that would be linked.

    Raises:
        AlreadyExists: There is an active pull request between them.
        NotFound: There is no such branch.
    """
    project = await client.required_project(cast("str | None", arguments.get("project")))
    where: PathValues = {"project": project, "repository": str(arguments["repository"])}
    current: dict[str, JsonValue] = {}
    branches = {name: str(arguments[name]) for name in ("source", "target")}
    async with known_repository(client, where):
        refs = await read_branches(client, where, branches.values())
        check_branches(str(where["repository"]), refs, list(branches.values()))
        await check_unique(client, where, *branches.values())
    for name, branch in branches.items():
        ref = str(branch_ref(branch))
        current[f"{name}_commit"] = refs[ref]
        if similar := [other.removeprefix("refs/heads/") for other in find_similar(ref, refs)]:
            current[f"{name}_looks_like"] = list[JsonValue](similar)
    linked = await _describe(client, cast("list[int]", arguments.get("work_items") or []))
    return {**current, **{f"work_item_{number}": text for number, text in sorted(linked.items())}}


async def _describe(client: AzureDevOps, numbers: list[int]) -> dict[int, str]:
    """Describe work items in a few words. A token that opens pull requests may not be allowed to read them."""
    try:
        found = await describe_items(client, numbers)
    except (Denied, NotFound):
        found = {}
    return {number: found.get(number, "could not be read") for number in numbers}
