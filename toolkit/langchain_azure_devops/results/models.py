"""The types of results: records, pages with a cursor, and numbered text."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Generic, Literal, NamedTuple, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo

from langchain_azure_devops.errors import InvalidRequest


class Mark(NamedTuple):
    """Marks a text field that people or builds write.

    Attributes:
        body: It may be long and is shown on lines of its own, not in a table cell.
        collected: It is put together of what several wrote, so the author of its record is not its author.
    """

    body: bool = False
    collected: bool = False


def marks_of(field: FieldInfo) -> list[Mark]:
    """Return the marks on a field, also those inside a list or an optional value."""
    return [mark for mark in _metadata(field.annotation, field.metadata) if isinstance(mark, Mark)]


def _metadata(annotation: object, metadata: Iterable[object]) -> Iterable[object]:
    yield from metadata
    for part in get_args(annotation):
        yield from _metadata(part, getattr(part, "__metadata__", ()))


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


Untrusted = Annotated[str, Mark()]
"""A short text that a person or a build wrote: a title, a name, a message."""

UntrustedText = Annotated[str, Mark(body=True)]
"""A long one: a description, a file, a log."""

CollectedText = Annotated[str, Mark(body=True, collected=True)]
"""A long one of several authors: a discussion, a diff."""

Instant = Annotated[datetime, AfterValidator(_utc)]
"""A point in time, in UTC."""


def _without_default(value: object) -> object:
    return None if isinstance(value, str) and value.startswith("0001-01-01T") else value


GivenInstant = Annotated[Instant | None, BeforeValidator(_without_default)]
"""A point in time, or None for the first of January of the year 1, which the service sends where it knows no time."""


def _without_heads(name: object) -> object:
    return name.removeprefix("refs/heads/") if isinstance(name, str) else name


Branch = Annotated[str, Mark(), BeforeValidator(_without_heads)]
"""A branch without `refs/heads/`; other refs keep their whole name."""


def _name_only(value: object) -> object:
    return value if isinstance(value, str) else None


InProject = Annotated[str | None, Mark(), BeforeValidator(_name_only)]
"""The project of a row in a list over several; empty where the call names one, as every row would say the same."""


class Result(BaseModel):
    """A record as a reader needs it. Only declared fields are read.

    Our own code makes one by the names of its fields. An answer of the service is read by the service's names only, as
    it may have a member of another meaning under the name of a field of ours.

    Attributes:
        singular: What one of these is called, for the line above a table.
        plural: What several or none are called.
        written_by: Who writes the marked fields: people, or builds and what runs in them.
        author_fields: The fields that name the author; a field of the same name with `_id` behind it has the id.
        identifying: The fields by which the record can be found again; the audit log keeps them of a write.
        effect: The fields that tell one effect of a write from every other, such as the item and its revision; empty
            when the record does not show which write made it.
        web: The path of its web page below the organization, with fields of the record or arguments of the call in
            braces; empty when it has none.
        web_list: The path of the page that lists such records, also when none was found; it stands for the page of a
            record of which not all of the address is known. Where there is none, or a call lacks a value for it, the
            page of the project or of the organization takes its place.
        web_lines: What follows that address to show some lines: `{line}` is the first and `{end}` the line behind the
            last of them.
        web_names: Properties of the record that complete the pages of its parts.
        numbered: Whether each line of its text begins with its number in the source, as in `12: text`.
        spread: The list of named values whose names are further columns of a table; empty when there is none.
        caption: What one is called in a sentence, with fields in braces, such as `{type} {id}`.
        cell: How one is written in a cell of a table, with fields in braces; empty for its fields one after the other.
    """

    model_config = ConfigDict(populate_by_name=True, extra="ignore", frozen=True)

    singular: ClassVar[str] = "result"
    plural: ClassVar[str] = "results"
    written_by: ClassVar[Literal["people", "builds"]] = "people"
    author_fields: ClassVar[tuple[str, ...]] = ()
    identifying: ClassVar[tuple[str, ...]] = ("id",)
    effect: ClassVar[tuple[str, ...]] = ()
    web: ClassVar[str] = ""
    web_list: ClassVar[str] = ""
    web_lines: ClassVar[str] = ""
    web_names: ClassVar[tuple[str, ...]] = ()
    numbered: ClassVar[bool] = False
    spread: ClassVar[str] = ""
    caption: ClassVar[str] = ""
    cell: ClassVar[str] = ""


class Position(NamedTuple):
    """The position in a list at which a page begins.

    Attributes:
        token: The service's continuation token, empty at the start.
        skip: How many rows to skip, for services that page by number.
        offset: Rows of the answer at this place that were shown before.
    """

    token: str = ""
    skip: int = 0
    offset: int = 0


Row = TypeVar("Row", bound=Result)


class Failed(Result):
    """A part that could not be read.

    Attributes:
        place: Which part, such as the name of a project.
        status: As of the error's class: denied, throttled, ...
        reason: What happened.
    """

    place: Untrusted
    status: str
    reason: Untrusted


class PartialResult(Result):
    """A record of which a part may be missing. These fields are not shown; its notes say the same in words.

    Attributes:
        partial: Something is missing that no other call brings.
        unread: The parts that could not be read.
        go_on: The arguments with which the same call brings more.
        final: The same call can never bring anything else, as of a file at a commit or the log of a step that ended.
    """

    partial: bool = Field(default=False, exclude=True)
    unread: list[Failed] = Field(default=[], exclude=True)
    go_on: dict[str, int | str] | None = Field(default=None, exclude=True)
    final: bool = Field(default=False, exclude=True)


class Lines(PartialResult):
    """Some lines of a text, with their numbers.

    Attributes:
        first_line: Number of the first line of `text`, from 1; 0 when nothing is shown.
        total_lines: How many lines there are in all; None when that is not known.
        text: The lines.
    """

    first_line: int
    total_lines: int | None
    text: UntrustedText

    @property
    def last_line(self) -> int:
        """The number of the last line of `text`; one less than the first when there is no line."""
        return self.first_line + (self.text.count("\n") + 1 if self.text else 0) - 1


class Place(BaseModel):
    """Where a list or a search looked.

    Attributes:
        project: The name of one project, or EVERYWHERE.
        repository: The one repository that was looked into.
        words: What is said instead of these names, such as "the projects that the query names".
        hint: How the same call looks in more places; empty when it cannot.
        web: The path of the page that shows all that was looked at; empty where it is that of the rows or the project.
    """

    model_config = ConfigDict(frozen=True)

    project: str
    repository: str | None = None
    words: str = ""
    hint: str = ""
    web: str = ""


EVERYWHERE = "*"
"""Stands for every project that the token can see."""


class Page(BaseModel, Generic[Row]):
    """Some rows of a list, and how to go on.

    Attributes:
        items: The rows.
        total: How many there are in all, where the service says so.
        cursor: Give it to the same tool with the same arguments to go on; None when this is the end.
        notes: What a reader must know of the answer.
        failed: The parts of it that could not be read.
        partial: Whether something is missing that no cursor brings: parts that failed, or what is beyond a limit.
        looked_in: Where the rows were looked for; the call fills it in from the declaration of its tool.
        final: Whether the same call can never bring anything else, as of the files at a commit.
    """

    items: list[Row]
    total: int | None = None
    cursor: str | None = None
    notes: list[str] = []
    failed: list[Failed] = []
    partial: bool = False
    looked_in: Place | None = None
    final: bool = False

    _start: Position = PrivateAttr(default=Position())
    _digest: str = PrivateAttr(default="")

    @classmethod
    def of(
        cls, items: list[Row], start: Position, after: Position | None, digest: str, total: int | None = None
    ) -> "Page[Row]":
        """Make a page that begins at `start` and is followed by `after`, for the call with this digest."""
        cursor = None if after is None else encode_cursor(after, digest)
        page = cls.model_construct(items=items, total=total, cursor=cursor, notes=[], failed=[], partial=False)
        page._start, page._digest = start, digest  # noqa: SLF001 - its own class
        return page

    def row_type(self) -> type[Result]:
        """Return the class of the rows; an empty page knows it, too."""
        given = type(self).__pydantic_generic_metadata__["args"]
        return type(self.items[0]) if self.items else given[0] if given else Result

    def each(self, **fields: str) -> "Page[Row]":
        """Set the same values in every row, and return this page."""
        self.items[:] = [row.model_copy(update=fields) for row in self.items]
        return self

    def cursor_after(self, shown: int) -> str:
        """Return the cursor that continues after the first `shown` rows of this page."""
        return encode_cursor(self._start._replace(offset=self._start.offset + shown), self._digest)


class Records(Page[Row], Generic[Row]):
    """Records that were read by their ids in one call, each of them shown as a whole."""


def single(result: Row | Records[Row]) -> Row:
    """Return the record of a call that gave one id; without this, a type checker thinks of several."""
    return result.items[0] if isinstance(result, Records) else result


def encode_cursor(position: Position, digest: str) -> str:
    """Return a self-contained cursor: the position, and a checksum that binds it to the call with this digest."""
    compact = json.dumps([*position, _check(position, digest)], separators=(",", ":"))
    return base64.urlsafe_b64encode(compact.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, digest: str) -> Position:
    """Return the position in a cursor; without a cursor, the beginning.

    Raises:
        InvalidRequest: It is no cursor, was changed, or belongs to a call with other arguments.
    """
    if not cursor:
        return Position()
    try:
        token, skip, offset, check = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        position = Position(str(token), int(skip), int(offset))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidRequest(
            "The cursor is damaged. Copy it exactly as printed, or leave it out to start again.", subject="cursor"
        ) from error
    if check != _check(position, digest) or position.skip < 0 or position.offset < 0:
        raise InvalidRequest(
            "The cursor belongs to a call with other arguments, or was changed. Repeat those and copy it exactly, or "
            "leave it out to start again.",
            subject="cursor",
        )
    return position


def _check(position: Position, digest: str) -> str:
    """Return a checksum that tells a changed cursor, or one of another call. It protects no secret."""
    return hashlib.sha256(json.dumps([*position, digest]).encode()).hexdigest()[:12]
