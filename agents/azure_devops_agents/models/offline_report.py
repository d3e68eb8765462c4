"""The report of the offline model: the rows, fields and lines of results, each with its names and its quote."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from langchain_core.messages import ToolMessage

_MOST = 40
_LEFT_OUT = "..."
_WORD = re.compile(r"[^\W_]")
_OPAQUE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids that tell people nothing."""
_FIELD = re.compile(r"(\w+): (.*)")
_PART = re.compile(r"([a-z_]+)( \(\d+\))?:")
_VIEWS = "log lines"
_TELLS = re.compile(r"(?i)[a-z](?:error|exception)\b|^(?:error|failed|fatal)\b|\b(?:failed|denied|refused|timed out)\b")
"""What makes a line of the logs of a build worth a row of the report; the other lines are its surroundings."""
_LINES = "lines"
_NUMBERED = re.compile(r"(\d+): ?(.*)")
_SHORT_COLUMNS = 2
_SHORT_ROWS = 10
"""How many rows of a table with two columns make one row of a report."""


class _Row(NamedTuple):
    """A statement and the quote that it rests on."""

    statement: str
    quote: str


class _Answer(NamedTuple):
    """A result as its text shows it: the line above, and the lines inside of the fence."""

    tool: str
    evidence: str
    head: str
    lines: list[str]


def report_results(messages: Sequence[ToolMessage]) -> dict[str, Any]:
    """Return the arguments of a report that names what was found and quotes all of it."""
    failed = [message for message in messages if message.status == "error"]
    if failed and len(failed) == len(messages):
        text = str(failed[0].content).split("\n", 1)[-1]
        return {"answer": f"It could not be found out: {text}", "verdict": "inconclusive"}
    answers = [_read_answer(message) for message in messages]
    observed = [
        {"statement": row.statement, "evidence": [answer.evidence], "quote": row.quote}
        for answer in answers
        for row in _observe(answer)
    ]
    found = "; ".join(f"{_name_answer(answer)} [{answer.evidence}]" for answer in answers)
    return {"answer": f"Found: {found}.", "verdict": "answered", "observed": observed[:_MOST]}


def _read_answer(message: ToolMessage) -> _Answer:
    identifier, _, text = str(message.content).partition(":\n")
    head, _, fenced = text.partition("<untrusted ")
    lines = [
        line for line in fenced.split("\n")[1:] if _WORD.search(line) and not line.startswith(("</untrusted", "["))
    ]
    return _Answer(str(message.name or ""), identifier, head.strip(), lines)


def _name_answer(answer: _Answer) -> str:
    """Name what a result is: what the line above a list says, or a record by its kind and number."""
    if answer.head:
        return answer.head.split(";")[0].split("\n")[0]
    fields = {found[1]: found[2] for line in answer.lines if (found := _FIELD.fullmatch(line))}
    if "matching" in fields:
        return f"{fields['matching']} lines that match in log {fields['log']} of build {fields['build']}"
    return f"{answer.tool.partition('_')[2].replace('_', ' ')} {next(iter(fields.values()), '')}".strip()


def _observe(answer: _Answer) -> Iterator[_Row]:
    """Yield what a result says: the rows of a list, the lines of a file, or what a record consists of."""
    lines = answer.lines
    if answer.head.startswith("lines "):
        yield from (_Row(line, line) for line in lines)
    elif lines and not _FIELD.fullmatch(lines[0]):
        yield from (_name_cells(lines[0].split("\t"), line) for line in lines[1:])
    elif lines:
        fields = list(takewhile(lambda line: not _PART.fullmatch(line), lines))
        yield _name_fields(fields)
        yield from _read_parts(lines[len(fields) :])


def _read_parts(lines: Sequence[str]) -> Iterator[_Row]:
    """Yield the rows of the tables and the lines of the texts in a record, and the fields between them.

    Fields that follow each other are one row, and so are the rows of a table of two columns. A line that comes again
    is left out.
    """
    seen = set[str]()
    for name, of_table, part in _split_parts(lines):
        if not of_table:
            yield from _read_text(name, part, seen)
            continue
        # The rows of a table are indented, and the fields below them are not.
        table = list(takewhile(lambda line: not _FIELD.fullmatch(line), part))
        columns = table[0].split("\t") if table else []
        rows = [_name_cells(columns, line) for line in table[1:]]
        for some in _group(rows, _SHORT_ROWS if len(columns) == _SHORT_COLUMNS else 1):
            statement = "; ".join(row.statement for row in some)
            yield _Row(f"{name}: {statement}", "\n".join(row.quote for row in some))
        if fields := part[len(table) :]:
            yield _name_fields(fields)


def _split_parts(lines: Sequence[str]) -> Iterator[tuple[str, bool, list[str]]]:
    """Yield the name of each part of a record, whether it is a table, and its lines."""
    heads = [index for index, line in enumerate(lines) if _PART.fullmatch(line)]
    for start, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        if found := _PART.fullmatch(lines[start]):
            yield found[1].replace("_", " "), bool(found[2]), list(lines[start + 1 : end])


def _read_text(name: str, lines: Sequence[str], seen: set[str]) -> Iterator[_Row]:
    """Yield the lines of a text that were not seen yet; of several logs in one text, only the lines that tell why."""
    for line in lines:
        numbered = _NUMBERED.fullmatch(line)
        text = numbered[2] if numbered else line
        if text not in seen and (_tells_why if name == _VIEWS else _WORD.search)(text):
            # Of several logs in one text, the number of a line says nothing without the place of its log.
            place = f"line {numbered[1]}" if numbered and name == _LINES else name
            yield _Row(f"{place}: {text.lstrip()}", line)
        seen.add(text)


def _tells_why(text: str) -> bool:
    """Tell whether a line of a log names a failure; source text that a log shows is indented or marked."""
    return not text.startswith((" ", "\t", ">")) and bool(_TELLS.search(text))


def _group(rows: Sequence[_Row], size: int) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _name_cells(columns: Sequence[str], line: str) -> _Row:
    cells = [cell.strip() for cell in line.split("\t")]
    pairs = zip(map(str.strip, columns), cells, strict=False)
    named = [(name, cell) for name, cell in pairs if cell and not _OPAQUE.fullmatch(cell)]
    quote = "\t".join(_LEFT_OUT if _OPAQUE.fullmatch(cell) else cell for cell in cells)
    return _Row(_join_named(named), quote)


def _name_fields(lines: Sequence[str]) -> _Row:
    named = [(found[1], found[2]) for line in lines if (found := _FIELD.fullmatch(line))]
    kept = [(name, value) for name, value in named if not _OPAQUE.fullmatch(value)]
    quote = "\n".join(_LEFT_OUT if _OPAQUE.search(line) else line for line in lines)
    return _Row(_join_named(kept), quote)


def _join_named(named: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in named)
