"""Take evidence apart into what belongs together: records, rows of tables, lines and comments."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from azure_devops_agents.evidence.lines import NUMBERED, number_lines
from azure_devops_agents.evidence.record import given_arguments

_FIELD = re.compile(r"([a-z][a-z_]{0,40}): (.*)")
_SUB_TABLE = re.compile(r"([a-z][a-z_]{0,40}) \((\d+)\):")
_BODY = re.compile(r"([a-z][a-z_]{0,40}):")
_NUMBERS = re.compile(r"(?<![\w.-])\d{1,12}(?![\w.-])")
_LINES = re.compile(r"(?:^|; )(\d{1,12})(?= |$)")
"""The numbers of the lines that a cell holds, each before its line."""
_OF_IDS = frozenset({"id", "ids", "target", "old", "new", "revision", "number"})
_LONGEST_BODY = 8_000
_LINES_BODY = "lines"
"""The body of a file or log, and the last word of the name of one that holds parts of several, such as `log_lines`."""
BLOCKS = {"comments": "comment", "discussion": "thread"}
"""The bodies of several blocks, and what the number of each identifies."""
_BLOCK = re.compile(r"#{1,4} ?(\d{1,9})\b")
_VERBS = frozenset({"list", "get", "query", "search", "create", "update", "add", "read", "find",
                    "compare", "diagnose", "delete", "restore", "cancel"})  # fmt: skip
KINDS = {
    "build": "build", "run": "build", "pull request": "pull request", "pr": "pull request",
    **dict.fromkeys(
        ("work item", "item", "bug", "task", "story", "user story", "feature", "epic", "issue", "ticket", "parent",
         "child", "related", "predecessor", "successor", "child work item", "deleted work item", "backlog item"),
        "work item",
    ),
    **dict.fromkeys(("fehler", "aufgabe"), "work item"),
    "log": "log", "line": "line", "revision": "revision",
}  # fmt: skip
"""The kind of record that a number identifies, by the noun before it, by the name of its field or of a tool."""
_QUALIFIED = frozenset({"build", "pull request", "work item"})
"""The kinds of records before whose names a column may have another word, such as `last_build`."""
_KINDS_BY_COLUMN = {"running": "build"}
SIZE = "size"
"""The part of a unit that says how many rows a table inside a record has. No quote stands for it."""
NOUNS = sorted((*KINDS, "finding", "sprint", "comment", "thread"), key=len, reverse=True)
"""The nouns that stand before a number, the longest first."""


@dataclass(frozen=True)
class Unit:
    """Something whose facts belong together.

    Attributes:
        evidence_id: The evidence it is in.
        text: What it says, with the names of its columns or fields.
        fields: Its values by column or field; empty for a line.
        part: The part of the record it is in, such as `reviewers`; empty for the record itself and for a row of a list.
        ids: What it identifies, such as ("build", 23).
        own: The index of the record it stands in; None for a record and for a row of a list.
        places: The lines of the evidence that it covers.
    """

    evidence_id: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    ids: frozenset[tuple[str, int]] = frozenset()
    own: int | None = None
    places: range = range(0)

    @property
    def is_row(self) -> bool:
        """Whether this is a row of a list, which stands for a record of its own."""
        return bool(self.fields) and not self.part and self.own is None

    @property
    def is_record(self) -> bool:
        """Whether this is a record that was read whole."""
        return self.part == "record"


@dataclass(frozen=True)
class Source:
    """One piece of evidence: its text, and the call that it answers."""

    evidence_id: str
    text: str
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def units(self) -> list[Unit]:
        """All units in the order of the text; the first line that precedes the content is one of its own."""
        return list(_Parser(self).units())

    @cached_property
    def call(self) -> Unit:
        """The tool that was called and its arguments: what was looked at."""
        given = {name: str(value) for name, value in given_arguments(self.arguments).items()}
        said = {"tool": self.tool, **{name: value for name, value in given.items() if name != "cursor"}}
        text = _join(said)
        return Unit(self.evidence_id, text, given, "call", _ids(given, self.noun))

    @cached_property
    def noun(self) -> str:
        """The kind of record that the tool is about."""
        words = [word for word in self.tool.split("_") if word not in _VERBS]
        name = " ".join(words).removesuffix("s").removesuffix(" log").removesuffix(" comment")
        return KINDS.get(name, name)


def _ids(fields: Mapping[str, str], noun: str) -> frozenset[tuple[str, int]]:
    """Return what the values of fields identify, by the names of the fields."""
    found = set[tuple[str, int]]()
    for name, value in fields.items():
        if name in {"target", "old", "new"}:
            kind = KINDS.get(fields.get("kind", "").lower())
        else:
            kind = kind_of_id(fields, noun) if name in {"id", "ids"} else _kind_of(name)
        if kind:
            numbers = _LINES.findall(value) if name == "lines" else _NUMBERS.findall(value)
            found |= {(kind, int(number)) for number in numbers}
    return frozenset(found)


def kind_of_id(fields: Mapping[str, str], noun: str) -> str:
    """Return the kind of record that an `id` identifies: a row of type Bug is a work item, whatever tool lists it."""
    typed = KINDS.get(fields.get("type", "").lower())
    return typed if typed == "work item" else noun


def _kind_of(name: str) -> str | None:
    """Return the kind of record that a field or column holds the ids of, such as `work_items` or `last_build`."""
    words = name.replace("_", " ").removesuffix("s")
    last = KINDS.get(words.rsplit(" ", 1)[-1])
    return _KINDS_BY_COLUMN.get(name) or KINDS.get(words) or (last if last in _QUALIFIED else None)


def identifies(name: str) -> bool:
    """Return whether the numbers in a field or column of this name are ids; lines are also counted."""
    words = name.replace("_", " ")
    return name in _OF_IDS or words.split(" ")[-1] in KINDS or KINDS.get(words.removesuffix("s"), "line") != "line"


class _Parser:
    """Reads the text of one piece of evidence line by line."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines = source.text.split("\n")
        self._content = number_lines(self._lines)
        self._fields: dict[str, str] = {}
        self._first = self._end_of_fields = 0
        self._inner: list[Unit] = []
        self._columns: list[str] = []
        self._part = self._body = ""

    def units(self) -> Iterator[Unit]:
        """Yield the units; those inside a record follow it."""
        start = next((at for at, line in enumerate(self._lines) if line.startswith("<untrusted ")), -1) + 1
        if start > 1:
            yield self._unit("\n".join(self._lines[: start - 1]), 0, start - 1, part="head")
        for at in range(start, len(self._lines)):
            yield from self._read(self._lines[at], at)
            if self._lines[at].startswith("</untrusted "):
                # Each of several records has a fence of its own, in which its last body ends as well.
                yield from self._end()
                self._columns, self._part, self._body = [], "", ""
        yield from self._end()

    def _read(self, line: str, at: int) -> Iterator[Unit]:
        """Read one line, and yield the record before it or the row that it is."""
        if line.startswith(("<untrusted ", "</untrusted ")) or not line.strip():
            self._columns = []
        elif at in self._content:
            self._add(line, at, "content")
        elif match := _SUB_TABLE.fullmatch(line):
            self._part, self._columns, self._body = match[1], [], ""
            size = {match[1]: match[2]}
            self._inner.append(Unit(self._source.evidence_id, _join(size), size, SIZE, own=self._first))
        elif match := _BODY.fullmatch(line) if self._body != _LINES_BODY else None:
            self._body, self._part = match[1], ""
        elif self._body:
            self._extend(line, at, self._body)
        elif self._part and line.startswith("  "):
            self._read_inner_row(line, at)
        elif match := _FIELD.match(line):
            if match[1] in self._fields and match[1] == next(iter(self._fields)):
                yield from self._end()
            self._first = self._first if self._fields else at
            self._fields[match[1]], self._part, self._end_of_fields = match[2], "", at + 1
        elif "\t" in line:
            yield from self._read_row(line, at)
        else:
            self._add(line, at, "text")

    def _read_row(self, line: str, at: int) -> Iterator[Unit]:
        """Read the header of a table, or yield one of its rows."""
        if not self._columns:
            self._columns = line.split("\t")
            return
        cells = dict(zip(self._columns, line.split("\t"), strict=False))
        yield self._unit(_join(cells), at, at + 1, fields=cells, ids=_ids(cells, self._source.noun))

    def _read_inner_row(self, line: str, at: int) -> None:
        """Read the header or a row of a table inside a record."""
        if self._columns:
            self._add_row(self._columns, line.strip(" ").split("\t"), at, self._part)
        else:
            self._columns = line.strip().split("\t")

    def _end(self) -> Iterator[Unit]:
        """Yield the record that was read, and what is in it."""
        last = max([self._end_of_fields, *(unit.places.stop for unit in self._inner)])
        if self._fields:
            ids = _ids(self._fields, self._source.noun)
            yield self._unit(_join(self._fields), self._first, last, fields=dict(self._fields), part="record", ids=ids)
        yield from self._inner
        self._fields, self._inner = {}, []

    def _unit(self, text: str, first: int, end: int, **more: Any) -> Unit:
        return Unit(self._source.evidence_id, text, places=range(first, end), **more)

    def _add(self, text: str, at: int, part: str) -> None:
        number, begun = self._content.get(at), _BLOCK.match(text) if part in BLOCKS else None
        if part == _LINES_BODY and number is None and (numbered := NUMBERED.match(text)):
            number = int(numbered[1])
        ids = frozenset[tuple[str, int]]() if number is None else frozenset({("line", number)})
        if begun:
            ids = frozenset({(BLOCKS[part], int(begun[1]))})
        self._inner.append(self._unit(text, at, at + 1, part=part, own=self._first, ids=ids))

    def _add_row(self, columns: list[str], cells: list[str], at: int, part: str) -> None:
        fields = dict(zip(columns, cells, strict=False))
        ids = _ids(fields, "")
        self._inner.append(self._unit(_join(fields), at, at + 1, fields=fields, part=part, ids=ids, own=self._first))

    def _extend(self, line: str, at: int, body: str) -> None:
        """Add a line of a body; a comment and its discussion are one unit, as a description is."""
        body = _LINES_BODY if body.endswith(f"_{_LINES_BODY}") else body
        last = self._inner[-1] if self._inner else None
        goes_on = body not in {_LINES_BODY, "diff"} and last is not None and last.part == body
        goes_on = goes_on and last is not None and len(last.text) < _LONGEST_BODY
        if goes_on and last is not None and not (body in BLOCKS and line.startswith("#")):
            text = f"{last.text}\n{line}"
            self._inner[-1] = self._unit(text, last.places.start, at + 1, part=body, own=self._first, ids=last.ids)
        else:
            self._add(line, at, body)


def _join(fields: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in fields.items() if value)
