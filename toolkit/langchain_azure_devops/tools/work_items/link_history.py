"""Read in the history of a work item which links were added and removed, by whom and when."""

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.results.models import Instant
from langchain_azure_devops.tools.work_items.models import Relation

_UPDATES = "/_apis/wit/workItems/{id}/updates"
_PAGE = 200
_MOST_PAGES = 50
_FOREVER = 9999


class LinkUpdate(BaseModel):
    """One save of a work item: who made it, when, and which links it changed."""

    number: int = Field(validation_alias="id")
    by: str | None = Field(default=None, validation_alias=AliasPath("revisedBy", "id"))
    changed: Instant | None = Field(
        default=None, validation_alias=AliasPath("fields", "System.ChangedDate", "newValue")
    )
    revised: Instant | None = Field(default=None, validation_alias="revisedDate")
    added: OrNone[Relation] = Field(default=[], validation_alias=AliasPath("relations", "added"))
    removed: OrNone[Relation] = Field(default=[], validation_alias=AliasPath("relations", "removed"))

    @property
    def made(self) -> Instant | None:
        """When it was made; a save that only changes links may make no revision, and has no date of a change."""
        if self.changed is not None or self.revised is None:
            return self.changed
        return None if self.revised.year == _FOREVER else self.revised


async def read_link_updates(client: AzureDevOps, number: int) -> list[LinkUpdate]:
    """Read the saves of a work item that added or removed links, the oldest first."""
    found: list[LinkUpdate] = []
    for page in range(_MOST_PAGES):
        query = {"$skip": page * _PAGE, "$top": _PAGE}
        answer = await client.get(_UPDATES, path={"id": number}, query=query)
        rows = decode(answer, Collection[LinkUpdate]).value
        found += [row for row in rows if row.added or row.removed]
        if len(rows) < _PAGE:
            break
    return found
