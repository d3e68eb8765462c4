"""What a new pull request would merge: the commits at its branches, and the work items that it would link."""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel, Field, JsonValue

from langchain_azure_devops.errors import Denied, NotFound
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.text.lookalikes import find_similar
from langchain_azure_devops.tools.git import REPOSITORY, branch_ref, known_repository
from langchain_azure_devops.tools.work_items.related import describe_items

_PAGE = 1000


class _Ref(BaseModel):
    name: str
    commit: str = Field(validation_alias="objectId")


async def read_merge(client: AzureDevOps, arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the commits at both branches, branches that look like them, and the work items that would be linked."""
    project = await client.required_project(cast("str | None", arguments.get("project")))
    where: PathValues = {"project": project, "repository": str(arguments["repository"])}
    current: dict[str, JsonValue] = {}
    async with known_repository(client, where):
        refs = await _read_refs(client, where, "heads/")
        for name in ("source", "target"):
            ref = str(branch_ref(str(arguments[name])))
            if ref not in refs and (len(refs) >= _PAGE or not ref.startswith("refs/heads/")):
                refs |= await _read_refs(client, where, ref.removeprefix("refs/"))
            current[f"{name}_commit"] = refs.get(ref, "there is no such branch")
            similar = [other.removeprefix("refs/heads/") for other in find_similar(ref, refs)]
            if similar:
                current[f"{name}_looks_like"] = list[JsonValue](similar)
    linked = await _describe(client, cast("list[int]", arguments.get("work_items") or []))
    return {**current, **{f"work_item_{number}": text for number, text in sorted(linked.items())}}


async def _read_refs(client: AzureDevOps, where: PathValues, prefix: str) -> dict[str, str]:
    answer = await client.get(f"{REPOSITORY}/refs", path=where, query={"filter": prefix, "$top": _PAGE})
    return {ref.name: ref.commit for ref in decode(answer, Collection[_Ref]).value}


async def _describe(client: AzureDevOps, numbers: list[int]) -> dict[int, str]:
    """Describe work items in a few words. A token that opens pull requests may not be allowed to read them."""
    try:
        found = await describe_items(client, numbers)
    except (Denied, NotFound):
        found = {}
    return {number: found.get(number, "could not be read") for number in numbers}
