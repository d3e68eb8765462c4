"""Files of work items as readers need them, and a work item as far as its files go."""

from typing import Annotated, Any

from pydantic import AliasPath, BaseModel, Field, JsonValue

from langchain_azure_devops.http.responses import OrNone
from langchain_azure_devops.results.images import WithImages
from langchain_azure_devops.results.models import Instant, Lines, Result, Untrusted
from langchain_azure_devops.tools.people import NamedPerson

_PAGE = "{project}/_apis/wit/attachments/{id}?fileName={name}"


class Attachment(Result):
    """A file of a work item.

    Attributes:
        inline_in: The text that shows it as an image; empty for a file that is only attached.
    """

    singular, plural = "attachment", "attachments"
    author_fields = ("attached_by",)
    web = _PAGE
    web_list = "_workitems/edit/{work_item}"

    id: str
    name: Untrusted
    bytes: int | None = None
    attached: Instant | None = None
    attached_by: NamedPerson = None
    comment: Untrusted | None = None
    inline_in: str | None = None
    attached_by_id: str | None = Field(default=None, exclude=True)
    project: str = Field(default="", exclude=True)


class AttachmentContent(Lines, WithImages):
    """Lines of an attached text file; of any other file its type, size and digest."""

    web = _PAGE
    caption = "{name} of work item {work_item}"

    work_item: int
    id: str
    name: Untrusted
    type: str = ""
    bytes: int | None = None
    sha256: str | None = None
    notes: list[str] = Field(default=[])
    project: str = Field(default="", exclude=True)


class FileRelation(BaseModel):
    """A relation of a work item, with what the service says of an attached file."""

    kind: str | None = Field(default=None, validation_alias="rel")
    url: str = ""
    name: str | None = Field(default=None, validation_alias=AliasPath("attributes", "name"))
    comment: str | None = Field(default=None, validation_alias=AliasPath("attributes", "comment"))
    size: int | None = Field(default=None, validation_alias=AliasPath("attributes", "resourceSize"))
    attached: Instant | None = Field(default=None, validation_alias=AliasPath("attributes", "authorizedDate"))


def _field(name: str) -> Any:
    return Field(validation_alias=AliasPath("fields", name))


class ItemWithFiles(BaseModel):
    """A work item as far as its files go."""

    id: int
    revision: int = Field(validation_alias="rev")
    project: str = _field("System.TeamProject")
    type: str = _field("System.WorkItemType")
    title: str = _field("System.Title")
    state: str = _field("System.State")
    comments: Annotated[int, Field(validation_alias=AliasPath("fields", "System.CommentCount"))] = 0
    fields: dict[str, JsonValue]
    relations: OrNone[FileRelation] = Field(default=[])


class Said(BaseModel):
    """A comment as far as its images go."""

    id: int
    text: str | None = None
    deleted: bool | None = Field(default=None, validation_alias="isDeleted")


class Discussion(BaseModel):
    """A page of comments, and the token of the next one."""

    comments: OrNone[Said]
    token: str | None = Field(default=None, validation_alias="continuationToken")


class ItemUpdate(BaseModel):
    """One entry of the history of a work item, as far as it adds files."""

    revision: int = Field(default=0, validation_alias="rev")
    by: NamedPerson = Field(default=None, validation_alias="revisedBy")
    by_id: str | None = Field(default=None, validation_alias=AliasPath("revisedBy", "id"))
    changed: Instant | None = Field(
        default=None, validation_alias=AliasPath("fields", "System.ChangedDate", "newValue")
    )
    added: OrNone[FileRelation] = Field(default=[], validation_alias=AliasPath("relations", "added"))


class AttachmentAdded(Result):
    """A file that was attached to a work item."""

    identifying = ("work_item", "id")
    effect = ("work_item", "revision")
    web = _PAGE
    caption = "{name} of work item {work_item}"

    work_item: int
    revision: int
    id: str
    name: Untrusted
    bytes: int
    sha256: str
    project: str = Field(default="", exclude=True)
    notes: list[str] = Field(default=[])


class Uploaded(BaseModel):
    """A file that was uploaded."""

    id: str
    url: str
