"""Find out how the texts in the history of a work item are stored: as HTML, as Markdown or as plain text."""

from collections.abc import Iterable

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import OrNone, decode
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.tools.work_items.field_names import find_html_fields
from langchain_azure_devops.tools.work_items.models import PROJECT_FIELD, RawWorkItem
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION, ITEM
from langchain_azure_devops.tools.work_items.sent_values import is_long_text
from langchain_azure_devops.tools.work_items.stored_texts import (
    MARKUP,
    is_plain,
    show_text,
    show_text_of_unknown_form,
)

_PAGE = 200


class _Said(BaseModel):
    text: str | None = None
    format: str | None = None


class _Comments(BaseModel):
    comments: OrNone[_Said]
    token: str | None = Field(default=None, validation_alias="continuationToken")


class Forms:
    """How the texts of a work item are stored; read when a text has markup, and only for such texts.

    Attributes:
        notes: What could not be read.
    """

    def __init__(self, client: AzureDevOps, id: int) -> None:
        """Take the client that asks, and the work item."""
        self.notes: list[str] = []
        self._client, self._id = client, id
        self._project = ""
        self._formats: dict[str, str] | None = None
        self._html: frozenset[str] | None = None
        self._comments: dict[str, bool] = {}
        self._token: str | None = ""

    async def learn_fields(self, names: Iterable[str]) -> None:
        """Find out how these fields are stored, in which a text with markup stands."""
        unsure = {name for name in names if not is_plain(name)}
        try:
            if unsure:
                await self._read_item()
            if self._html is None and not all(is_long_text(name) for name in unsure):
                self._html = frozenset(await find_html_fields(self._client))
        except AzureDevOpsError as error:
            self._note("fields", error)

    async def learn_comments(self, texts: Iterable[str]) -> None:
        """Find out how the comments with these texts are stored; all are looked through until these are found."""
        unknown = {text for text in texts if MARKUP.search(text)} - self._comments.keys()
        try:
            if unknown:
                await self._read_item()
            while unknown and self._token is not None:
                unknown -= await self._read_comments(self._token)
        except AzureDevOpsError as error:
            self._token = None
            self._note("comments", error)

    def show_field(self, name: str, text: str) -> str:
        """Return the text of a field as Markdown."""
        if self._formats is None or (self._html is None and not is_long_text(name)):
            return text if is_plain(name) else show_text_of_unknown_form(text)
        if not is_long_text(name) and name.lower() not in (self._html or ()):
            return text
        return show_text(name, text, self._formats.get(name.lower(), "html"))

    def show_comment(self, text: str) -> str:
        """Return a comment as Markdown. Of one that was edited later, only the new text has a known form."""
        if not MARKUP.search(text):
            return text
        if text not in self._comments:
            return show_text_of_unknown_form(text)
        return text if self._comments[text] else html_to_markdown(text)

    async def _read_item(self) -> None:
        if self._formats is None:
            item = decode(await self._client.get(ITEM, path={"id": self._id}, query={"$expand": "all"}), RawWorkItem)
            self._project = str(item.fields.get(PROJECT_FIELD))
            self._formats = {name.lower(): str(form).lower() for name, form in (item.formats or {}).items()}

    async def _read_comments(self, token: str) -> set[str]:
        """Read the next page of comments, and return their texts. A text of both forms counts as Markdown."""
        where: dict[str, str | int | None] = {"project": self._project, "id": self._id}
        query: dict[str, QueryValue] = {"$top": _PAGE, "order": "asc", "includeDeleted": True}
        query["continuationToken"] = token or None
        answer = await self._client.get(COMMENTS, path=where, query=query, version=COMMENTS_VERSION)
        found = decode(answer, _Comments)
        self._token = found.token if found.token != token else None
        said = {each.text: (each.format or "").lower() == "markdown" for each in found.comments if each.text}
        for text, is_markdown in said.items():
            self._comments[text] = is_markdown or self._comments.get(text, False)
        return set(said)

    def _note(self, what: str, error: AzureDevOpsError) -> None:
        self.notes.append(
            f"How the texts of {what} are stored could not be read, so they are shown as they are stored unless they "
            f"are surely HTML: {error.message}"
        )
