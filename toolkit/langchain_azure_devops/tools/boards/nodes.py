"""The areas and iterations of a project: two trees, in which a name may stand several times."""

from collections.abc import Iterator
from typing import Literal

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Named, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.boards.places import Day

NODES = "/{project}/_apis/wit/classificationnodes"
Group = Literal["areas", "iterations"]

_DEPTH = 14
_MOST_NAMES = 40


class _Node(Named):
    id: int
    identifier: str = ""
    start: Day = Field(default=None, validation_alias=AliasPath("attributes", "startDate"))
    finish: Day = Field(default=None, validation_alias=AliasPath("attributes", "finishDate"))
    children: OrNone["_Node"] = Field(default=[])
    more: bool = Field(default=False, validation_alias="hasChildren")


class PlacedNode(BaseModel):
    """An area or iteration with its path as work items have it.

    Attributes:
        cut: Whether there are further ones below it that were not read.
        inner: The names of the path below the project.
    """

    id: int
    identifier: str
    path: str
    name: str
    start: str | None
    finish: str | None
    cut: bool
    inner: tuple[str, ...]

    @property
    def words(self) -> str:
        """The path, and the days of an iteration."""
        return f"{self.path} ({self.start} to {self.finish})" if self.start and self.finish else self.path


async def read_nodes(client: AzureDevOps, project: str, group: Group) -> list[PlacedNode]:
    """Return the areas or iterations of a project, the root first, each before those below it."""
    route = f"{NODES}/{{group}}"
    where = {"project": project, "group": group}
    return list(_flatten(decode(await client.get(route, path=where, query={"$depth": _DEPTH}), _Node), "", ()))


def _flatten(node: _Node, above: str, inner: tuple[str, ...]) -> Iterator[PlacedNode]:
    path = f"{above}{node.name}"
    cut = node.more and not node.children
    yield PlacedNode(
        id=node.id,
        identifier=node.identifier,
        path=path,
        name=node.name,
        start=node.start,
        finish=node.finish,
        cut=cut,
        inner=inner,
    )
    for child in node.children:
        yield from _flatten(child, f"{path}\\", (*inner, child.name))


def find_node(nodes: list[PlacedNode], wanted: str, what: str) -> PlacedNode:
    """Return the area or iteration of a path, with or without the name of the project, or of a name that stands once.

    Raises:
        InvalidRequest: The name stands several times.
        NotFound: There is none; the message names the near ones.
    """
    word = wanted.strip().replace("/", "\\").strip("\\").casefold()
    for node in nodes:
        if word in {node.path.casefold(), "\\".join(node.inner).casefold()} and word:
            return node
    same = [node for node in nodes if node.name.casefold() == word]
    if len(same) == 1:
        return same[0]
    if same:
        several = ", ".join(node.path for node in same)
        raise InvalidRequest(f"{wanted!r} names several {what}s: {several}. Give the whole path.", subject=what)
    paths = [node.path for node in nodes]
    near = did_you_mean(wanted, [*paths, *(node.name for node in nodes)])
    raise NotFound(
        f"There is no {what} {wanted!r} in this project.{near} "
        f"There are: {', '.join(paths[:_MOST_NAMES])}{' and more' if len(paths) > _MOST_NAMES else ''}.",
        subject=as_subject(wanted),
    )
