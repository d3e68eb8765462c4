"""All comments of a work item, page by page."""

from typing import Annotated

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.calls.declaration import Cursor, Limit
from langchain_azure_devops.calls.paging import Batch, collect
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.results.models import Instant, Page, Place, Position, Result, UntrustedText
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import PROJECT_FIELD
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION, ITEM
from langchain_azure_devops.tools.work_items.recovery import Place as WorkItemPlace
from langchain_azure_devops.tools.work_items.toolset import toolset

_LARGEST_PAGE = 200


class WorkItemComment(Result):
    """A comment on a work item.

    Attributes:
        edited: When it was last changed; None when it is as it was written.
        edited_by: Who changed it, where that is not the author.
    """

    singular, plural = "comment", "comments"
    author_fields = ("author",)
    identifying = ("work_item", "id")
    web = "_workitems/edit/{work_item}#{id}"
    web_list = "_workitems/edit/{work_item}"
    caption = "comment {id} on work item {work_item}"

    work_item: int = Field(exclude=True)
    id: int
    version: int | None = None
    author: NamedPerson
    author_id: str | None = Field(default=None, exclude=True)
    created: Instant | None = None
    edited: Instant | None = None
    edited_by: NamedPerson = None
    text: UntrustedText


class _Comment(BaseModel):
    """A comment as the service answers it."""

    id: int
    version: int | None = None
    text: str | None = None
    format: str | None = None
    author: NamedPerson = Field(default=None, validation_alias="createdBy")
    author_id: str | None = Field(default=None, validation_alias=AliasPath("createdBy", "id"))
    created: Instant | None = Field(default=None, validation_alias="createdDate")
    editor: NamedPerson = Field(default=None, validation_alias="modifiedBy")
    changed: Instant | None = Field(default=None, validation_alias="modifiedDate")
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")

    @property
    def edited(self) -> bool:
        """Whether it was changed after it was written. Some answers have no version."""
        return self.version > 1 if self.version is not None else self.changed != self.created


class _Answer(BaseModel):
    total: int | None = Field(default=None, validation_alias="totalCount")
    comments: OrNone[_Comment]
    token: str | None = Field(default=None, validation_alias="continuationToken")


@toolset.read(Scope.WORK, example={"id": 4}, more_examples=({"id": 8, "limit": 1},))
async def list_work_item_comments(
    client: AzureDevOps, *, id: Annotated[int, Field(ge=1)], limit: Limit = 50, cursor: Cursor = None
) -> Page[WorkItemComment]:
    """List the comments of a work item, newest first.

    Source: Deleted comments are not shown. `GET .../workItems/{id}/comments`; the project is that of the work item.
    """
    answer = await client.get(ITEM, path={"id": id}, query={"fields": PROJECT_FIELD})
    project = decode(answer, WorkItemPlace).project

    async def fetch(position: Position, wanted: int) -> Batch[WorkItemComment]:
        query: dict[str, QueryValue] = {"$top": min(wanted, _LARGEST_PAGE), "order": "desc"}
        query["continuationToken"] = position.token or None
        where: dict[str, str | int | None] = {"project": project, "id": id}
        response = await client.get(COMMENTS, path=where, query=query, version=COMMENTS_VERSION)
        found = decode(response, _Answer)
        rows = [_make_comment(id, row) for row in found.comments if not row.deleted]
        # A cursor may not hold a secret in its encoding, and a request resolves what replaces it.
        after = Position(token=client.secrets.redact(found.token)) if found.token else None
        return Batch(rows, after, found.total)

    page = await collect(WorkItemComment, fetch, limit, cursor)
    page.looked_in = Place(project=project, words=f"work item {id}", web=f"_workitems/edit/{id}")
    return page


def _make_comment(work_item: int, row: _Comment) -> WorkItemComment:
    text = row.text or ""
    return WorkItemComment(
        work_item=work_item,
        id=row.id,
        version=row.version,
        author=row.author,
        author_id=row.author_id,
        created=row.created,
        edited=row.changed if row.edited else None,
        edited_by=row.editor if row.edited and row.editor != row.author else None,
        text=text if (row.format or "html").lower() == "markdown" else html_to_markdown(text),
    )
