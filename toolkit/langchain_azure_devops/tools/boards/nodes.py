"""The areas and iterations of a project: two trees, in which a name may stand several times."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.recovery import date_of
from langchain_azure_devops.errors import InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Named, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.boards.places import Day, begin_sentence

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
        time_frame: Past, current or future by the date of the service; None without dates.
        cut: Whether there are further ones below it that were not read.
        inner: The names of the path below the project.
    """

    id: int
    identifier: str
    path: str
    name: str
    start: str | None
    finish: str | None
    time_frame: str | None
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
    response = await client.get(route, path=where, query={"$depth": _DEPTH})
    today = (date_of(response) or datetime.now(UTC)).date().isoformat()
    return list(_flatten(decode(response, _Node), today, "", ()))


def _find_time_frame(node: _Node, today: str) -> str | None:
    if not node.start or not node.finish:
        return None
    return "future" if today < node.start else "past" if node.finish < today else "current"


def _flatten(node: _Node, today: str, above: str, inner: tuple[str, ...]) -> Iterator[PlacedNode]:
    path = f"{above}{node.name}"
    cut = node.more and not node.children
    yield PlacedNode(
        id=node.id,
        identifier=node.identifier,
        path=path,
        name=node.name,
        start=node.start,
        finish=node.finish,
        time_frame=_find_time_frame(node, today),
        cut=cut,
        inner=inner,
    )
    for child in node.children:
        yield from _flatten(child, today, f"{path}\\", (*inner, child.name))


def find_node(nodes: list[PlacedNode], wanted: str, what: str, argument: str = "") -> PlacedNode:
    """Return the area or iteration of a path, with or without the name of the project, or of a name that stands once.

    A name without a separator is no path: where it stands several times, the top-level one does not go before others.

    Args:
        nodes: All of the project.
        wanted: As a call gives it.
        what: "area" or "iteration".
        argument: The argument that gives it; without one, it is called like what it names.

    Raises:
        InvalidRequest: The name stands several times.
        NotFound: There is none; the message names the near ones.
    """
    path = wanted.strip().replace("/", "\\")
    word = path.strip("\\").casefold()
    if exact := next((node for node in nodes if node.path.casefold() == word), None):
        return exact
    if "\\" in path:
        same = [node for node in nodes if word and "\\".join(node.inner).casefold() == word]
    else:
        same = [node for node in nodes if node.name.casefold() == word]
    if len(same) == 1:
        return same[0]
    if same:
        several = ", ".join(node.path for node in same)
        raise InvalidRequest(
            f"{wanted!r} names several {what}s: {several}. Give the whole path.", subject=argument or what
        )
    paths = [node.path for node in nodes]
    near = did_you_mean(wanted, [*paths, *(node.name for node in nodes)])
    raise NotFound(
        f"There is no {what} {wanted!r} in this project.{near} "
        f"There are: {', '.join(paths[:_MOST_NAMES])}{' and more' if len(paths) > _MOST_NAMES else ''}."
        f"{''.join(f' {note}' for note in describe_cut(nodes, what))}",
        subject=as_subject(wanted),
    )


def describe_cut(nodes: Iterable[PlacedNode], what: str) -> list[str]:
    """Return a note that names where the tree goes on below what was read; none where all of it was read."""
    cut = ", ".join(node.path for node in nodes if node.cut)
    return [f"{begin_sentence(what)}s below {cut} were not read."] if cut else []
