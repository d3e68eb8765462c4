"""Count the rows, links, ids and values of the evidence that a number in a sentence may stand for."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations

from azure_devops_agents.reports import predicates
from azure_devops_agents.reports.cells import find_values
from azure_devops_agents.reports.counts import says_many, sum_columns
from azure_devops_agents.reports.facts import Fact, split_clauses
from azure_devops_agents.reports.knowledge import Knowledge, has_cell, says
from azure_devops_agents.reports.units import SIZE, Unit

SUBJECTS = frozenset({"id", "number"})
"""The facts that may say what a clause is about."""
_NAMING = frozenset({"name", "literal", "result"})


class RowCounts:
    """What the tables of one sentence's evidence count."""

    def __init__(
        self, sentence: str, facts: Sequence[Fact], knowledge: Knowledge, quoted: Sequence[Unit]
    ) -> None:  # fmt: skip
        """Take the sentence with its facts, all evidence that it rests on, and what is quoted."""
        self._sentence, self._facts, self._knowledge, self._quoted = sentence, facts, knowledge, quoted

    def count_listed(self, fact: Fact) -> set[int]:
        """Return how many ids follow a count and a colon, such as in "Three: 31 and 33 are open, 59 is new"."""
        here = [other for other in self._facts if other.clause == fact.clause and other is not fact]
        alone = all(other.kind in {"result", "name"} for other in here)
        listed = [other for other in self._facts if other.kind in SUBJECTS and other.value.isdigit()]
        ends = {other.clause for other in listed if other.clause > fact.clause}
        if fact.kind != "count" or not alone or fact.clause + 1 not in ends:
            return set()
        return {len({other.value for other in listed if fact.clause < other.clause <= end}) for end in ends} - {1}

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
        return found | self.count_rows(fact)

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
            found |= {len(rows), *(() if limit else sum_columns(rows)), *map(len, holding), *map(len, both)}
        return found | (predicates.sum_tallies(self._quoted) if fact.noun in {"test", "case", "check"} else set())


def inner_rows(units: Iterable[Unit]) -> list[Unit]:
    """Return the rows of tables inside records."""
    return [unit for unit in units if unit.fields and unit.part not in {"", "record", "call"}]
