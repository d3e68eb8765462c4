"""Read a work item with its relations, in the order in which the service has them."""

import re
from collections.abc import Sequence

from pydantic import AliasChoices, AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.tools.work_items.link_kinds import ATTACHMENT, HYPERLINK
from langchain_azure_devops.tools.work_items.links import form_of
from langchain_azure_devops.tools.work_items.models import Link, Relation, make_link
from langchain_azure_devops.tools.work_items.recovery import ITEM

_DATES = AliasChoices(AliasPath("attributes", "resourceCreatedDate"), AliasPath("attributes", "authorizedDate"))


_FILE = re.compile(r"/_apis/wit/attachments/(?P<id>[0-9a-f-]{36})", re.IGNORECASE)


def name_relation(relation: Relation, link: Link, repository: str | None = None) -> str:
    """Return the form in which a call names what a relation leads to.

    A page is named by the number of the relation, so that a link to a suspicious host can be removed by a call that
    does not repeat its address.
    """
    if link.kind == HYPERLINK and relation.number is not None:
        return f"hyperlink:{relation.number}"
    if link.kind == ATTACHMENT and (file := _FILE.search(link.target)):
        return f"attachment:{file['id']}"
    return form_of(link, relation.url, repository)


class StoredRelation(Relation):
    """A relation of a work item as the service answers it, with the time at which a resource was linked."""

    date: Instant | None = Field(default=None, validation_alias=_DATES)

    @property
    def link(self) -> Link:
        """The same as a reader needs it."""
        return make_link(self)


class LinkingItem(BaseModel):
    """A work item with its relations; the position of a relation is the one by which the service removes it."""

    id: int
    revision: int = Field(validation_alias="rev")
    project: str = Field(validation_alias=AliasPath("fields", "System.TeamProject"))
    type: str = Field(validation_alias=AliasPath("fields", "System.WorkItemType"))
    title: str = Field(validation_alias=AliasPath("fields", "System.Title"))
    state: str = Field(validation_alias=AliasPath("fields", "System.State"))
    area: str = Field(default="", validation_alias=AliasPath("fields", "System.AreaPath"))
    iteration: str = Field(default="", validation_alias=AliasPath("fields", "System.IterationPath"))
    relations: OrNone[StoredRelation] = Field(default=[])

    @property
    def recognized(self) -> dict[str, JsonValue]:
        """What a person recognizes it by."""
        return {"type": self.type, "title": self.title, "state": self.state, "project": self.project}


async def read_linking_item(client: AzureDevOps, number: int) -> LinkingItem:
    """Read a work item with its relations."""
    answer = await client.get(ITEM, path={"id": number}, query={"$expand": "relations"})
    return decode(answer, LinkingItem)


async def read_linking_items(client: AzureDevOps, numbers: Sequence[int]) -> list[LinkingItem]:
    """Read those of at most 200 work items that can be read, with their relations."""
    body: dict[str, JsonValue] = {"ids": [*numbers], "$expand": "relations", "errorPolicy": "omit"}
    answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
    return [row for row in decode(answer, Collection[LinkingItem | None]).value if row]
