"""A tool of your own, in one file: it is filtered, approved, fenced and audited like the tools of the toolkit.

pip install langchain-azure-devops
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform
export AZURE_DEVOPS_SCOPES=vso.build_execute
python custom_tool.py 35 flaky

The declaration says which scope the tool needs and which request it sends. A token without the scope does not get the
tool, and a request that the declaration does not name is not sent. The scope is declared, because there is no harmless
request that would show whether a token has this one.
"""

import sys
from typing import Annotated

from pydantic import BaseModel, Field

from langchain_azure_devops import Approval, AzureDevOps, AzureDevOpsToolkit, Result, Scope, Toolset, WriteRequest
from langchain_azure_devops.http import decode

TAGS = "/{project}/_apis/build/builds/{id}/tags"
build_tags = Toolset.named("build_tags", "Mark builds with tags.")


class BuildTags(Result):
    """The tags of a build."""

    singular, plural = "build", "builds"

    id: int
    tags: list[str]


class TagList(BaseModel):
    """The answer of the service; an answer of another shape is reported as damaged."""

    value: list[str]


@build_tags.write(
    Scope.BUILD_EXECUTE,
    sends=f"POST {TAGS}",
    targets=("id", "project"),
    contents=("tag",),
    destructive=False,
    idempotent=True,
)
async def add_build_tag(
    client: AzureDevOps,
    *,
    id: int,
    tag: Annotated[str, Field(description="One word")],
    project: Annotated[str | None, Field(description="The default project if it is not given")] = None,
) -> BuildTags:
    """Add a tag to a build."""
    answer = await client.post(TAGS, [tag], path={"project": await client.required_project(project), "id": id})
    return BuildTags(id=id, tags=decode(answer, TagList).value)


def approve_tags(request: WriteRequest) -> Approval:
    """Approve tags of the list, and nothing else."""
    approved = request.tool == "add_build_tag" and request.arguments["tag"] in {"flaky", "triaged"}
    return Approval(approved=approved, digest=request.digest, approver="the rule about tags", reason="unknown tag")


def main(build: str, tag: str) -> None:
    """Call the tool as an agent would."""
    with AzureDevOpsToolkit.connect(extra=[build_tags], approver=approve_tags) as toolkit:
        if absence := toolkit.absent.get("add_build_tag"):
            print("add_build_tag is left out:", absence)
        for tool in toolkit.get_tools(toolsets="build_tags"):
            print(tool.invoke({"id": int(build), "tag": tag}))


if __name__ == "__main__":
    main(*sys.argv[1:])
