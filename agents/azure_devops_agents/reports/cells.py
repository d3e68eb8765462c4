"""Compare words with the cells of the rows that they are about, and words such as "all" and "no" with all rows.

Many values are plain words in lower case, such as a branch, a tag or a type, and look like any other word. They count
where they are the whole value of another row in the same column, or where the sentence names the column.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from azure_devops_agents.reports.facts import Fact
from azure_devops_agents.reports.knowledge import Knowledge, Support, agrees, fold, results_of
from azure_devops_agents.reports.units import KINDS, Unit
from azure_devops_agents.reports.words.results import RESULT, RESULTS, is_denied

_COLUMNS = (
    "pipeline", "branch", "repository", "project", "type", "source", "target", "tags", "area", "iteration", "title"
)  # fmt: skip
"""The columns whose values are names that people repeat as they are."""
_KINDS = ("what", "kind", "type")
"""The columns that tell of what kind the thing is that the column `name` names."""
_SHORTEST = 3
_NAMED = re.compile(
    r"\b(?:on|from|of|in|to|at|has|is) (?:the |an? )?"
    r"(?P<column>pipeline|branch|repository|project|type|area|iteration|tag) (?P<value>[\w./-]*\w)"
)
_TAGGED = re.compile(r"\btagged (?:as |with )?(?P<value>[\w./-]*\w)")
_IS_A = re.compile(r"\bis an? (?P<value>Bug|Task|Feature|Epic|Issue|User Story|Test Case|Impediment)\b")
_NO_OWNER = re.compile(r"\b(?:unassigned|assigned to (?:nobody|no one)|has no (?:owner|assignee))\b")
_UNIQUE_NAME = re.compile(r" <[^<>\s]+>$")
"""What stands behind the display name of a person; a sentence seldom has it."""
NO_NAMES = frozenset(
    {"that", "which", "it", "its", "this", "with", "and", "or", "is", "was", "of", "in", "on", "to", "for", "as", "by",
     "the", "a", "an", "since", "after", "before", "until", "at", "from", "has", "had", "were", "are", "he", "she",
     "they", "we", "you", "there", "these", "those", "if", "when", "where", "who", "what", "how", "so", "but"}
)  # fmt: skip
"""Small words, which are neither names nor values."""
_NOUN = rf"(?P<noun>{'|'.join(sorted(KINDS, key=len, reverse=True))})"
_EVERY = re.compile(
    rf"\b(?P<word>all|every|each|both|no|none of)(?: of)?(?: the| these| those)?(?: \w+)?? {_NOUN}(?:s|es)?\b",
    re.IGNORECASE,
)
_EVER = re.compile(r"\b(?P<word>never|always)\b", re.IGNORECASE)
"""Words about all runs of what a clause names, such as a pipeline."""
_LIMITED = re.compile(
    r"\b(?:since|after|before|until|between|during|last|next|first|other|others|but|except|these|those|today|yesterday|"
    r"later|earlier|then|besides|so far)\b",
    re.IGNORECASE,
)


def compare_cells(clause: str, owners: Sequence[Unit], knowledge: Knowledge, question: str) -> Iterator[str]:
    """Yield the values of the rows that a clause is about which contradict the clause.

    Args:
        clause: A part of a sentence that is about one record.
        owners: The record, or its rows.
        knowledge: The evidence, whose other rows tell which words are values.
        question: What was asked, folded. Its words are no claims.
    """
    extended = knowledge.extend(owners)
    for column, said, begin in [*_name_columns(clause), *_find_values(clause, owners, knowledge)]:
        known = _values_of(owners, column)
        if not known or fold(said) in question or is_denied(clause[:begin]):
            continue
        if not re.search(rf"(?<!\w){re.escape(fold(said))}(?!\w)", extended.folded):
            yield f"{column} is {', '.join(sorted(known))}, not {said}"
    found, known = _NO_OWNER.search(clause), _values_of(owners, "assigned_to")
    if found and known and not is_denied(clause[: found.start()]):
        yield f"assigned_to is {', '.join(sorted(known))}"


def compare_kinds(clause: str, knowledge: Knowledge) -> Iterator[str]:
    """Yield the names behind a kind of thing, such as "the template Deploy", which only things of other kinds have."""
    said, named = fold(clause), defaultdict[str, set[str]](set)
    for source in knowledge.sources.values():
        for unit in source.units:
            name = fold(unit.fields.get("name", ""))
            if len(name) >= _SHORTEST:
                kinds = [source.noun] if unit.is_row else [unit.part.removesuffix("s")]
                for kind in (*kinds, *(unit.fields.get(column, "") for column in _KINDS)):
                    named[fold(kind)].add(name)
    everyone = set[str]().union(*named.values())
    for kind, own in named.items():
        for found in re.finditer(rf"(?<![\w-]){re.escape(kind)} [\"']?(?=\w|/)", said) if kind else ():
            names = [name for name in everyone if re.match(rf"{re.escape(name)}(?![\w/.-]*\w)", said[found.end() :])]
            if names and own.isdisjoint(names):
                yield f"no {kind} has the name {max(names, key=len)}"


def _name_columns(clause: str) -> Iterator[tuple[str, str, int]]:
    """Yield the values that a clause gives to a column by its name."""
    for found in _NAMED.finditer(clause):
        if found["value"].lower() not in NO_NAMES:
            yield {"tag": "tags"}.get(found["column"], found["column"]), found["value"], found.start()
    yield from (("tags", found["value"], found.start()) for found in _TAGGED.finditer(clause))
    yield from (("type", found["value"], found.start()) for found in _IS_A.finditer(clause))


def _find_values(clause: str, owners: Sequence[Unit], knowledge: Knowledge) -> Iterator[tuple[str, str, int]]:
    """Yield the words of a clause that other rows have as a whole value of a column which its own rows have, too."""
    columns = [column for column in _COLUMNS if _values_of(owners, column)]
    yield from find_values(clause, knowledge.everything.units, columns)


def find_values(clause: str, rows: Sequence[Unit], columns: Sequence[str] = _COLUMNS) -> Iterator[tuple[str, str, int]]:
    """Yield the words of a clause that rows have as a whole value, each with its column and its place."""
    for column in columns:
        for value in _values_of(rows, column):
            found = re.search(rf"(?<![\w/.-]){re.escape(value)}(?![\w/-]|\.\w)", clause)
            if found and len(value) >= _SHORTEST:
                yield column, value, found.start()


def _values_of(units: Iterable[Unit], column: str) -> set[str]:
    found = [unit.fields[column] for unit in units if unit.part in {"", "record"} and unit.fields.get(column)]
    values = {_UNIQUE_NAME.sub("", value) for value in found}
    return {part for value in values for part in re.split(r"[,;] ?", value)} if column == "tags" else values


def compare_row(sentence: str, knowledge: Knowledge) -> Iterator[str]:
    """Yield a problem when no row of a table holds the values that a row of the sentence puts side by side."""
    said = [fold(cell) for cell in sentence.split("|") if len(cell.strip()) > 1 or cell.strip().isdigit()]
    tables: dict[str, list[Unit]] = defaultdict(list)
    for unit in knowledge.everything.units if len(said) > 1 else ():
        if unit.is_row or unit.is_record:
            tables[unit.evidence_id].append(unit)
    known = False
    for rows in tables.values():
        values = [
            {fold(form) for value in row.fields.values() for form in (value, _UNIQUE_NAME.sub("", value))}
            for row in rows
        ]
        sizes = {str(sum(cell in row for row in values)) for cell in said}
        cells = [cell for cell in said if cell not in sizes]  # A cell may count the rows that have another one.
        if len(cells) > 1 and all(any(cell in row for row in values) for cell in cells):
            known = True
            if any(row.issuperset(cells) for row in values):
                return
    if known:
        yield f"no row has {', '.join(said)} together"


def compare_all(clause: str, knowledge: Knowledge) -> Iterator[str]:
    """Yield the rows that contradict what a clause says of all rows, or of none."""
    found = _EVERY.search(clause) or _EVER.search(clause)
    if found is None or _LIMITED.search(clause) or re.search(r"\d", clause):
        return
    noun = KINDS[found["noun"].lower()] if found.re is _EVERY else "build"
    rows = [
        unit for unit in knowledge.everything.units if unit.is_row and knowledge.sources[unit.evidence_id].noun == noun
    ]
    words = {
        value for column in _COLUMNS for value in _values_of(rows, column)
        if re.search(rf"(?<![\w/.-]){re.escape(value)}(?![\w/-]|\.\w)", clause)
    }  # fmt: skip
    rows = [row for row in rows if words <= set(row.fields.values()) and (words or found.re is _EVERY)]
    none = found["word"].lower().startswith(("no", "never"))
    for said in RESULT.finditer(clause, found.end()):
        dimension, value = RESULTS[said[0].lower()]
        if is_denied(clause[found.end() : said.start()]) or (not none and is_denied(clause[: said.start()])):
            continue
        for row in rows:
            told = results_of("\n".join(row.fields.get(name, "") for name in ("status", "result", "state")))[dimension]
            if told and agrees(value, told) is none:
                yield f"{noun} {row.fields.get('id', '')} is {', '.join(sorted(told))}"
                break


def cell_of(sentence: str, fact: Fact) -> str:
    """Return the table cell in which a fact stands, or the whole sentence when it is not a row of a table."""
    begin, end = sentence.rfind("|", 0, fact.place[0]) + 1, sentence.find("|", fact.place[1])
    return sentence[begin:] if end < 0 else sentence[begin:end]


def compare_literal(said: str, kind: str, number: int, knowledge: Knowledge) -> str:
    """Return a problem when the evidence says a literal of another record of the same kind, not of the sentence's."""
    own, others = [], []
    for source in knowledge.sources.values():
        whole = {identified for unit in (source.call, *source.units) if unit.part in {"call", "record"}
                 for identified in unit.ids if identified[0] == kind}  # fmt: skip
        if (kind, number) in whole or not whole:
            own += source.units
        else:
            others.append((source, whole))
    if Support(own).folded.find(fold(said)) >= 0:
        return ""
    for source, whole in others:
        if fold(said) in Support(source.units).folded:
            return f"{source.evidence_id} says {said} of {kind} {', '.join(str(other) for _, other in sorted(whole))}"
    return ""
