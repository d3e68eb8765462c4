"""Count the rows, links, ids and values of the evidence that a number in a sentence may stand for."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations

from azure_devops_agents.reports import predicates
from azure_devops_agents.reports.cells import find_values
from azure_devops_agents.reports.facts import Fact, split_clauses
from azure_devops_agents.reports.knowledge import Knowledge, Support, fold, has_cell, says
from azure_devops_agents.reports.units import BLOCKS, SIZE, Unit
from azure_devops_agents.reports.words.counts import NUMBER_WORDS, says_many, sum_columns

SUBJECTS = frozenset({"id", "number"})
"""The facts that may say what a clause is about."""
_BRACKETS = re.compile(r"[^():.;|]{0,120}\((?P<listed>[^()]*)\)")
_COLON = re.compile(r"[^:;.|]{0,80}:(?=\s)(?P<listed>[^;|]*)")
_ID = r"(?:(?:on|in|of|for|to|by|from) )?#?\d+"
_APPOSITION = re.compile(rf"[^:;.|,]{{0,80}}, (?P<listed>{_ID}(?:, {_ID})*,? (?:and|or) {_ID})(?=[,.;)]|$)")
"""The ids after what they are, such as in "Two ended the same way, 30 and 21"."""
_ASIDE = re.compile(r"\([^()]*\)")
_LISTED = frozenset({*SUBJECTS, "hash", "literal", "name"})
"""The facts that a sentence may list after their number."""
_OF_PERSON = re.compile(r"(?: [\w-]+){1,4}? (?:of|by|from|for|to) ")
_PERSON_HAS = re.compile(
    r"(?: still| now)? (?:has|have|owns|opened|queued|requested|created|wrote|closed|abandoned|completed) (?:the )?"
)
_CALLS = frozenset(
    {"try", "attempt", "call", "request", "search", "query", "read", "source", "result", "version", "place", "copy"}
)
"""What a report may call the calls that it rests on, and what each of them read."""
_OTHER = re.compile(r"\b(?:other|others|remaining|rest)\b", re.IGNORECASE)
_PIECE = re.compile(r"(?:(?<=\()|(?<=, )|(?<= and ))\w+(?<!\band)")
_RULE = re.compile(r"[\s|:-]*")
_NAMING = frozenset({"name", "literal", "result"})
_WAITS = re.compile(r"#+ ?\d+ (?:active|pending)\b")
_FRACTION = re.compile(r"\b(\d{1,6})(?: [a-z-]+){0,3}? (?:of|out of)(?: the| all)? (\d{1,6})\b")
_ROUNDED = 0.6
"""How far a percentage may be from the exact one."""


class RowCounts:
    """The counts of rows in the tables that one sentence rests on."""

    def __init__(
        self, sentence: str, facts: Sequence[Fact], knowledge: Knowledge, quoted: Sequence[Unit], question: str
    ) -> None:  # fmt: skip
        """Take the sentence with its facts, all evidence that it rests on, what is quoted, and what was asked."""
        self._said = f"{question} {sentence}".lower()
        self._sentence, self._facts, self._knowledge, self._quoted = sentence, facts, knowledge, quoted

    def count_listed(self, fact: Fact) -> set[int]:
        """Return how many ids follow a count and a colon, such as in "Three: 31 and 33 are open, 59 is new"."""
        here = [other for other in self._facts if other.clause == fact.clause and other is not fact]
        alone = all(other.kind in {"result", "name"} for other in here)
        listed = [other for other in self._facts if other.kind in SUBJECTS and other.value.isdigit()]
        ends = {other.clause for other in listed if other.clause > fact.clause}
        after_colon = split_clauses(self._sentence)[fact.clause + 1 :][:1]
        if fact.kind != "count" or not alone or fact.clause + 1 not in ends or not after_colon[0].startswith(":"):
            return set()
        named = [[other for other in listed if fact.clause < other.clause <= end] for end in ends]
        sizes = {len({other.value for other in those}) for those in named} - {1}
        return sizes | (self._count_enumerated(fact) | self._count_cells(fact) if sizes else set())

    def _count_cells(self, fact: Fact) -> set[int]:
        """Return how many different values the column of each table has that holds the things counted."""
        columns = [(table, name) for table in self.tables for name in table[0].fields if name.rstrip("s") == fact.noun]
        return {len({row.fields.get(name) for row in table} - {"", None}) for table, name in columns}

    @cached_property
    def tables(self) -> list[list[Unit]]:
        """The rows of each table that the sentence is about."""
        said = self._sentence.lower()
        tables: dict[tuple[str, str, int | None], list[Unit]] = defaultdict(list)
        for unit in self._knowledge.everything.units:
            inner = unit.fields and unit.part not in {"record", "call", SIZE} and unit.part.rstrip("s") in said
            if unit.is_row or inner:
                tables[unit.evidence_id, unit.part, unit.own].append(unit)
        return list(tables.values())

    def count_all(self, fact: Fact) -> set[int]:
        """Return how many values were asked for, how many links of a kind a record has, and the numbers of rows."""
        said = self._sentence.lower()
        arguments: dict[str, set[str]] = defaultdict(set)
        for source in self._knowledge.sources.values():
            for name, value in source.call.fields.items():
                arguments[name].add(value)
        found = {len(values) for name, values in arguments.items() if f"{name.rstrip('s')}s" in said}
        inner = inner_rows(self._knowledge.everything.units)
        kinds = Counter((unit.evidence_id, unit.own, unit.fields.get("kind", "")) for unit in inner)
        found |= {
            number
            for (*_, kind), number in kinds.items()
            if kind and re.search(rf"\b{re.escape(kind)}(?:s|ren)?\b", said)
        }
        found |= self._count_enumerated(fact) | self._count_blocks(fact) | self._count_calls(fact)
        found |= self._count_others(fact) | self._count_column(fact) | self._sum_parts(fact)
        return found | self.count_rows(fact)

    def _count_calls(self, fact: Fact) -> set[int]:
        """Return how many calls each tool had, for "two tries" and "the three files"; the noun is in its name."""
        calls, noun = Counter(source.tool for source in self._knowledge.sources.values()), {*fact.noun.split()}
        if fact.noun in _CALLS:
            return {*calls.values(), calls.total()}
        return {number for tool, number in calls.items() if number > 1 and noun and noun <= {*tool.split("_")}}

    def _count_others(self, fact: Fact) -> set[int]:
        """Return how many rows "the other six branches" may be: all but one, and all but those that are quoted."""
        said = self._sentence[max(0, fact.place[0] - 12) : fact.place[1] + 12]
        if not _OTHER.search(said):
            return set()
        quoted = [(unit.evidence_id, unit.places) for unit in self._quoted if unit.is_row]
        shown = ((table, sum((row.evidence_id, row.places) in quoted for row in table)) for table in self.tables)
        return {len(table) - left_out for table, number in shown for left_out in (1, number) if left_out}

    def _count_column(self, fact: Fact) -> set[int]:
        """Return how many rows the tables of a Markdown file have in which a column holds the things counted."""
        found, columns, rows = set[int](), set[str](), 0
        for unit in [*self._knowledge.everything.units, None]:
            cells = [cell.strip() for cell in unit.text.split("|")[1:-1]] if unit and unit.part == "content" else []
            if cells and columns:
                rows += not _RULE.fullmatch("".join(cells))
                continue
            found |= {rows} if rows and fact.noun in columns else set()
            columns, rows = {word for cell in cells for word in (cell, cell.rpartition(" ")[2])}, 0
        return found

    def _count_enumerated(self, fact: Fact) -> set[int]:
        """Return how many things of one kind a sentence lists behind a count, after a colon or in brackets.

        Such as "two commits (3a0f31cc, b7c1f4a3)" and "four areas: `a`, `b`, `c`, `d`". What brackets say of one of the
        things after a colon is no further thing.
        """
        patterns = (_BRACKETS, _COLON, _APPOSITION)
        found = next(filter(None, (pattern.match(self._sentence, fact.place[1]) for pattern in patterns)), None)
        if found is None:
            return set()
        first, last = found.span("listed")
        aside = [range(*told.span()) for told in _ASIDE.finditer(self._sentence, first, last)]
        things: dict[tuple[str, str], set[str]] = defaultdict(set)
        for other in self._facts:
            if first <= other.place[0] < last and not any(other.place[0] in told for told in aside):
                things[other.kind, other.noun].add(fold(other.value))
        listed = {kind: values for kind, values in things.items() if kind[0] in _LISTED}
        return {len(values) for values in listed.values()} - {1}

    def _sum_parts(self, fact: Fact) -> set[int]:
        """Return the sum of the counts into which brackets split a count: "four values (two digests, two ids)"."""
        found = _BRACKETS.match(self._sentence, fact.place[1])
        if found is None:
            return set()
        counts = [other for other in self._facts if other.kind == "count" and other.place[0] >= found.start("listed")]
        begins = {other.place[0]: int(other.value) for other in counts}
        pieces = [piece.start() for piece in _PIECE.finditer(self._sentence, *found.span("listed"))]
        split = len(pieces) > 1 and begins.keys() >= {*pieces}
        return {sum(begins[piece] for piece in pieces)} if split else set()

    def _count_blocks(self, fact: Fact) -> set[int]:
        """Return how many threads, comments or changed lines a record has, in all and by the word before each."""
        words: dict[tuple[str, int | None], Counter[str]] = defaultdict(Counter)
        for unit in self._knowledge.everything.units:
            if (
                fact.noun == "line"
                and unit.part == "diff"
                and unit.text[:1] in "+-"
                and unit.text[:3] not in {"+++", "---"}
            ):
                words[unit.evidence_id, unit.own][unit.text[:1]] += 1
            elif unit.part in BLOCKS and any(kind == fact.noun for kind, _ in unit.ids):
                words[unit.evidence_id, unit.own]["open" if _WAITS.match(unit.text) else ""] += 1
        return {number for each in words.values() for number in (each.total(), *each.values())}

    def count_of_person(self, fact: Fact) -> set[int] | None:
        """Return how many rows are of the person to whom a sentence limits a count; None when it names nobody."""
        for other in self._facts:
            after, before = (
                self._sentence[fact.place[1] : other.place[0]],
                self._sentence[other.place[1] : fact.place[0]],
            )
            if other.kind != "name" or not (_OF_PERSON.fullmatch(after) or _PERSON_HAS.fullmatch(before)):
                continue
            found = set[int]()
            for table in self.tables:
                source = self._knowledge.sources[table[0].evidence_id]
                rows = [row for row in table if _has_person(row, other.text)]
                noun = table[0].part.removesuffix("s") or source.noun
                if noun == fact.noun and (rows or Support([source.call]).has(other)):
                    found |= self._count_in(rows or table, fact)
            if found:
                return found
        return None

    def _count_in(self, rows: Sequence[Unit], fact: Fact) -> set[int]:
        """Return how many rows there are, and how many of the kind or with the result that the sentence names."""
        limits = [other for other in self._facts if other.clause == fact.clause and other.kind == "result"]
        kinds = [row.fields.get("type", "") for row in rows]
        named = [row for row, kind in zip(rows, kinds, strict=True) if says_many(self._sentence, kind)] or list(rows)
        told = [[row for row in named if says(row, limit)] for limit in limits]
        told += [[row for row in named if has_cell(row, limit.text)] for limit in limits]
        return set(map(len, told)) if told else {len(rows), len(named)}

    def is_share(self, fact: Fact) -> bool:
        """Return whether a percentage follows from "2 of 5" in the sentence, or from the results of named rows."""
        shares = [(int(part), int(whole)) for part, whole in _FRACTION.findall(self._sentence)]
        named = [
            other for other in self._facts if other.kind in _NAMING - {"result"} and other.place[0] < fact.place[0]
        ]
        sizes = [int(number) for number in re.findall(r"(?<![\w.])\d{1,3}(?![\w.])", self._said)]
        sizes += [number for word, number in NUMBER_WORDS.items() if re.search(rf"\b{word}\b", self._said)]
        for table in self.tables if named else ():
            rows = [row for row in table if has_cell(row, named[-1].text)]
            for part in (rows, *(rows[:size] for size in sizes if size < len(rows))):
                results = Counter(row.fields.get("result", "") for row in part)
                shares += [(number, len(part)) for result, number in results.items() if result]
        return any(whole and abs(100 * part / whole - float(fact.value)) <= _ROUNDED for part, whole in shares)

    def count_rows(self, fact: Fact, limit: Fact | None = None) -> set[int]:
        """Return how many rows tables have: in all, and with what the clause names; with a limit those that say it."""
        named = [other for other in self._facts if other.clause == fact.clause and other.kind in _NAMING]
        words, found = split_clauses(self._sentence)[fact.clause], set[int]()
        for table in self.tables:
            rows = [row for row in table if limit is None or says(row, limit)]
            holding = [{row.places.start for row in rows if says(row, other)} for other in named]
            holding += [{row.places.start for row in rows if has_cell(row, other.text)} for other in named]
            cells = [(column, value) for column, value, _ in find_values(words, rows)]
            cells += [("type", name) for name in {row.fields.get("type", "") for row in rows} if says_many(words, name)]
            holding += [{row.places.start for row in rows if row.fields.get(name) == value} for name, value in cells]
            both = [one & other for one, other in combinations(holding, 2)]
            columns = [name for name in table[0].fields if name.rstrip("s") == fact.noun]
            found |= {len({row.fields.get(name) for row in rows} - {"", None}) for name in columns}
            found |= {len(rows), *(() if limit else sum_columns(rows)), *map(len, holding), *map(len, both)}
        return found | (predicates.sum_tallies(self._quoted) if fact.noun in {"test", "case", "check"} else set())


def inner_rows(units: Iterable[Unit]) -> list[Unit]:
    """Return the rows of tables inside records."""
    return [unit for unit in units if unit.fields and unit.part not in {"", "record", "call"}]


def _has_person(row: Unit, name: str) -> bool:
    """Return whether a cell of a row is a name, or begins with it, as "Mina" does "Mina Sato"."""
    return any(f"{fold(value)} ".startswith(f"{fold(name)} ") for value in row.fields.values())
