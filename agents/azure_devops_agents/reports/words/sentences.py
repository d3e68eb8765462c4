"""Split an answer into sentences, each with the evidence that it cites, wherever the citation stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from azure_devops_agents.reports.facts import URL, mask_quoted
from azure_devops_agents.reports.words.citations import cited_in, find_citations
from azure_devops_agents.reports.words.dates import find_dates

_INSIDE, _CITED = "\0", "\x01"
"""What stands in a masked text for a character inside a date, an address or a quotation, and in a citation."""
_END = re.compile(
    r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bno\.)(?<!\b[Aa]pprox\.)"
    r"(?<!\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.)(?P<after>(?:\s*\x01+)*)\s+"
    r"(?=[\"'`(\[*\u201c\u201e]?[!#]?[\0\x01A-Z\u00c0-\u00de\d])"
)
_MARKER = re.compile(r"(?P<before>[\s>#*_-]*)\d{1,3}[.)](?=[\s*_])")
_HEADING = re.compile(r"^\s*#{1,6}(?=\s)|\s#+\s*$")
"""The marks of a heading. A mark directly before a number makes an id of it."""
_ENTRY = re.compile(r"\s*(?:\|.*\||[*+-] .*|\d{1,3}[.)] .*)$")
_RULE = re.compile(r"[\s|:-]+")
_FOOTNOTE = re.compile(r"^\s*\[\^\w{1,20}\]: ?")
_LEAD = re.compile(
    r"\b(?:sources?|evidence|see(?: also)?|cf|based on|according to|ref(?:erence)?s?|quellen?|belege?|siehe|voir|"
    r"fuentes?|v\u00e9ase)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence, a row of a table, or a point of a list.

    Attributes:
        text: Its words.
        cited: The ids of the evidence that it names, or that a citation after it or after its paragraph names.
    """

    text: str
    cited: tuple[str, ...] = ()


def split_sentences(text: str) -> list[Sentence]:
    """Split a text into sentences.

    The full stops of dates, addresses, quotations and numbered lists end no sentence. A citation after the full stop
    belongs to the sentence before it. A line of citations only, such as "Source: E5.", belongs to the whole paragraph,
    list or table before it.
    """
    found: list[Sentence] = []
    first, ended = 0, False
    lines = text.split("\n")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.strip() or ("|" in line and _RULE.fullmatch(following)):
            ended = True  # The names of the columns of a table state nothing.
        elif found and _only_cites(line):
            found[first:] = [_cite(sentence, cited_in(line)) for sentence in found[first:]]
            ended = True
        else:
            first = len(found) if ended else first
            ended = False
            found += _split_line(line)
    return found


def count_entries(text: str) -> dict[str, int]:
    """Return how many rows or points the table or list has that follows a line, by that line."""
    found: dict[str, int] = {}
    before = ""
    entries: list[str] = []
    for line in [*text.split("\n"), ""]:
        if _ENTRY.match(line):
            entries.append(line)
        elif entries:
            head = 2 if len(entries) > 2 and _RULE.fullmatch(entries[1]) else 0
            found[before] = len(entries) - head
            entries, before = [], line or before
        elif line.strip():
            before = line
    return found


def sum_totals(text: str) -> set[int]:
    """Return the sums of the columns of each table that ends with a row of totals, and the sum of these."""
    found = set[int]()
    rows: list[list[str]] = []
    for line in text.split("\n"):
        cells = [cell.strip(" *_") for cell in line.strip().strip("|").split("|")] if "|" in line else []
        if cells and _TOTAL.fullmatch(cells[0]):
            columns = zip(*(row for row in rows if len(row) == len(cells)), strict=True)
            numbers = [[int(cell) for cell in column if cell.isdigit()] for column in columns]
            sums = [sum(column) for column in numbers if column]
            found |= {*sums, sum(sums)}
        rows = [*rows, cells] if cells else []
    return found


_TOTAL = re.compile(r"(?:sum|totals?|all|in all|summe|gesamt|insgesamt|total g\u00e9n\u00e9ral|suma)", re.IGNORECASE)


def find_ends(line: str) -> list[tuple[int, int]]:
    """Return where the sentences of a line end, except for the last one, and where the next ones begin."""
    return [(end.end("after"), end.end()) for end in _END.finditer(_mask(line), _skip_marker(line))]


def _skip_marker(line: str) -> int:
    """Return where a line begins after the number of a point of a list."""
    marker = _MARKER.match(_mask(line))
    return marker.end() if marker else 0


def _split_line(line: str) -> Iterator[Sentence]:
    """Yield the sentences of one line."""
    begin = _skip_marker(line)
    waiting: Sentence | None = None
    for end, after in [*find_ends(line), (len(line), len(line))]:
        piece, begin = _HEADING.sub("", line[begin:end]).strip(" \t|*>-"), after
        if waiting and _only_cites(piece):
            waiting = _cite(replace(waiting, text=f"{waiting.text} {piece}"), cited_in(piece))
        elif re.search(r"\w", piece):
            if waiting:
                yield waiting
            waiting = Sentence(piece, tuple(cited_in(piece)))
    if waiting:
        yield waiting


def _mask(line: str) -> str:
    """Return a line whose dates, addresses, quotations and citations are blank, character for character."""
    masked = mask_quoted(line)
    spans = [(match.start(), match.end(), _INSIDE) for match in URL.finditer(masked)]
    spans += [(written.start, written.end, _INSIDE) for written in find_dates(line)]
    spans += [(cited.start, cited.end, _CITED) for cited in find_citations(line) if cited.form in {"brackets", "code"}]
    characters = list(masked)
    for start, end, blank in spans:
        characters[start:end] = blank * (end - start)
    return "".join(characters)


def _only_cites(text: str) -> bool:
    """Return whether a text holds citations, and beside them no more than a word such as "source"."""
    rest, position, text = [], 0, _FOOTNOTE.sub("", text)
    for citation in find_citations(text):
        rest.append(text[position : citation.start])
        position = citation.end
    return position > 0 and re.search(r"\w", _LEAD.sub("", "".join((*rest, text[position:])))) is None


def _cite(sentence: Sentence, names: list[str]) -> Sentence:
    return replace(sentence, cited=tuple(dict.fromkeys((*sentence.cited, *names))))
