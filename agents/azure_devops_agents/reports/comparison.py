"""Compare the facts of one sentence with the evidence that may support it."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from azure_devops_agents.reports import predicates
from azure_devops_agents.reports.cells import (
    NO_NAMES,
    compare_all,
    compare_cells,
    compare_kinds,
    compare_literal,
    compare_row,
)
from azure_devops_agents.reports.facts import Fact, find_facts, split_clauses
from azure_devops_agents.reports.knowledge import Knowledge, Support, agrees, fold, has_cell, results_of
from azure_devops_agents.reports.outcomes import ResultComparison
from azure_devops_agents.reports.row_counts import SUBJECTS, RowCounts
from azure_devops_agents.reports.units import BLOCKS, KINDS, Unit, identifies
from azure_devops_agents.reports.words.meaning import stems_of

LONGEST, _MOST_FACTS = 2_000, 100
"""A sentence with more characters or more facts is not compared: it would take long, and no reader could check it."""
_TOO_LONG = "it is too long to be compared with the evidence; say it in shorter sentences"
_BOUND = frozenset({"name", "date", "hash"})
_TIED = frozenset({"id", "number", "name", "date", "literal", "hash"})
_NAMING = frozenset({"name", "literal"})
_COPIED = frozenset({"literal", "hash"})
_FIELD = re.compile(r"\b([a-z][a-z_]{1,40}): ([\w-]{1,100})")
_LABEL = re.compile(r"\b([a-z][a-z_ ]{1,40}): ?$")
_LIMITS = re.compile(r"\b(?:since|from|after|before|until|till|to|between|and)(?: \w+day,?)? $", re.IGNORECASE)
"""The words before a date that limits a list."""
_NONE = re.compile(r"^\W*(?:none|neither|nothing|nobody|no one)\b[^;:,]*$", re.IGNORECASE)
_LINES, _CLOSE = frozenset({"content", "lines"}), 3
"""The parts that are lines of files and logs, and how far a line may be from a quoted one to be read with it."""
STANDS_FOR_RECORD = re.compile(r"^\W*$|\b(?:of|in|by|for|on) $")
"""What stands before a number that is a record, as in "39 adds a file" and "the author of 39"."""
_IS = re.compile(r"(?: \w+){1,2}s (?:is|are|was|were|has|have|had|in|on|of)\b")
"""The words after a number that counts what they name, as in "18 remarks are open"."""
_ONE = re.compile(r"\b(?:an?|this|HTTP) $", re.IGNORECASE)
_PROVES = re.compile(r" \w+s (?:that|whether|nothing|no)\b")
"""What stands around the status of an answer, as in "a 404 that means" and "the 404 proves that"."""
_YES_NO = frozenset({"yes", "no", "true", "false"})
_RETOLD = 3
"""The words of meaning that a clause and a comment have in common where it tells what the comment says."""
_PAIR = re.compile(r"\b(?:the|these|those) $", re.IGNORECASE)
_LIKE = frozenset({"type", "pipeline"})
"""The columns in which the rows of a list of ids are alike."""


class Comparison:
    """One sentence beside its evidence.

    Attributes:
        sentence: What is claimed.
        facts: The facts in it.
    """

    def __init__(
        self, sentence: str, knowledge: Knowledge, quoted: Sequence[Unit], near: Support, question: str,
        far: Support | None = None, named: Collection[str] = (), whole: Support | None = None,
    ) -> None:  # fmt: skip
        """Take the sentence and its evidence.

        Args:
            sentence: One sentence.
            knowledge: All evidence that the sentence rests on.
            quoted: The units that hold the quotes.
            near: The quotes with what stands around them.
            question: What was asked, folded.
            far: Other evidence that counts where it says a fact together with another one; none by default.
            named: The ids of the evidence that the sentence itself names.
            whole: All evidence of the thread, which must have what the sentence says is missing elsewhere.
        """
        self.sentence = sentence
        found = find_facts(sentence, knowledge.names) if len(sentence) <= LONGEST else []
        self.facts = [_as_record(fact, sentence, knowledge) for fact in found]
        self._too_long = len(sentence) > LONGEST or len(self.facts) > _MOST_FACTS
        self._knowledge, self._quoted, self._near, self._question = knowledge, quoted, near, question
        self._rows = RowCounts(sentence, self.facts, knowledge, quoted, question)
        self._far, self._named, self._whole = far or Support([]), named, whole or Support([])
        self._results = ResultComparison(
            sentence, self.facts, knowledge, quoted, near, self._far, self._rows, names_evidence=bool(named)
        )

    def problems(self) -> list[str]:
        """Return what the evidence does not say, or says otherwise."""
        if self._too_long:
            return [_TOO_LONG]
        told = [*self.list_missing(), *self._compare_fields()]
        told += [] if self._far.units else predicates.compare_removal(self.sentence, self._quoted)
        clauses: dict[int, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            if fact not in self._missing:
                clauses[fact.clause].append(fact)
        told += compare_row(self.sentence, self._knowledge)
        named = [unit for name in self._named for unit in self._knowledge.units_of(name)]
        told += predicates.compare_tallies(self.sentence, [*self._quoted, *named])
        words = split_clauses(self.sentence)
        for number, part in enumerate(words):
            told += self._compare_rows(part, [fact for fact in self.facts if fact.clause == number])
        about: Mapping[Fact, Sequence[Unit]] = {}
        for number in sorted(clauses):
            clause = clauses[number]
            goes_on = words[number].startswith(":") and all(fact.kind == "result" for fact in clause)
            about = self._owners(clause) or (about if goes_on else {})  # such as "Build 35: failed"
            told += [problem for fact in clause if (problem := self._compare_bound(fact, about))]
            results = [fact for fact in clause if fact.kind == "result"]
            found = [problem for fact in results if (problem := self._results.compare(fact, results, about))]
            told += found or [problem for fact in results if (problem := self._results.compare_vote(fact, clause))]
        return list(dict.fromkeys(told))

    def _compare_rows(self, words: str, clause: Sequence[Fact]) -> Iterator[str]:
        """Yield the values of one record, or of all rows, that contradict the words of a clause."""
        about = self._owners(clause)
        named = [fact for fact in self.facts if fact.kind in SUBJECTS]
        yield from compare_all(words, self._knowledge)
        yield from compare_kinds(words, self._knowledge)
        yield from predicates.compare_good(words, self._knowledge)
        yield from predicates.compare_changers(words, self._knowledge.everything.units)
        if len(about) == 1:
            [(subject, owners)] = about.items()
            yield from predicates.compare_named_fields(words, owners)
            yield from compare_cells(words, owners, self._knowledge, self._question)
            if subject.kind == "id" and sum(fact.kind == "id" and fact.noun == subject.noun for fact in named) == 1:
                literals = [fact for fact in clause if fact.kind == "literal" and fact not in self._missing]
                compared = (
                    compare_literal(fact.value, subject.noun, int(subject.value), self._knowledge) for fact in literals
                )
                yield from filter(None, compared)
        elif not named and not self._named and len(self._quoted) == 1 and self._quoted[0].fields:
            yield from compare_cells(words, self._quoted, self._knowledge, self._question)

    def list_missing(self, begin: int = 0) -> list[str]:
        """Return the facts from a place on that are nowhere in the evidence; results are not among them."""
        missing = (fact for fact in self._missing if fact.place[0] >= begin)
        return [_TOO_LONG] if self._too_long else [f"the quote does not contain {fact.text}" for fact in missing]

    @cached_property
    def _missing(self) -> list[Fact]:
        none = "0" if "|" in self.sentence else ""  # A cell that counts nothing has no row to quote.
        compared = (fact for fact in self.facts if fact.kind != "result" and fact.value != none)
        return [fact for fact in compared if not self._is_supported(fact)]

    def _is_supported(self, fact: Fact) -> bool:
        if self._is_known(fact, self._near):
            return True
        if predicates.is_left_out(fact, self.sentence) and self._whole.has(fact):
            return True
        if fact.kind in _NAMING and _NONE.search(self.sentence[: fact.place[0]]) and self._whole.has(fact):
            return True
        return self._is_known(fact, self._far) and (fact.kind not in _TIED or self._is_tied(fact))

    def _is_known(self, fact: Fact, support: Support) -> bool:
        if not support.units:
            return False
        listed = self._rows.count_listed(fact)
        if listed:
            return int(fact.value) in listed
        if fact.kind == "count":
            return self._is_counted(fact, support)
        if self._is_derived(fact, support):
            return True
        if fact.kind == "number" and "|" in self.sentence and fact.value.isdigit():
            rows = self._rows.count_rows(fact) - set(
                map(len, self._rows.tables)
            )  # Those of the person or kind in the row.
            return support.has(fact) or int(fact.value) in rows
        return support.has(fact) or (fact.kind in _NAMING and fold(fact.value) in self._question)

    def _is_derived(self, fact: Fact, support: Support) -> bool:
        """Return whether a percentage follows from the rows that it is about, or a time from two moments."""
        if fact.noun in {"%", "percent"}:
            return self._rows.is_share(fact)
        timed = predicates.tells_time_between(fact, self.sentence)
        return timed and predicates.lies_between(fact, support, self._whole)

    def _is_counted(self, fact: Fact, support: Support) -> bool:
        """Return whether a total, a text or the rows count something; "2 failed stages" are not all stages."""
        if (of_person := self._rows.count_of_person(fact)) is not None:
            return int(fact.value) in of_person
        if self._is_pair(fact):
            return True
        limit = next(
            (other for other in self.facts if other.kind == "result" and 0 <= other.place[0] - fact.place[1] < 2), None
        )
        if limit is None or fold(f"{fact.value} {limit.text}") in support.folded:
            return support.has(fact) or int(fact.value) in self._rows.count_all(fact)
        asked = any(
            agrees(limit.value, results_of(unit.text)[limit.noun]) for unit in support.units if unit.part == "call"
        )
        return int(fact.value) in self._rows.count_rows(fact, limit) or (asked and support.has(fact))

    def _is_pair(self, fact: Fact) -> bool:
        """Return whether "the two branches" means two things that were named before, which no evidence counts."""
        named = fact.value == "2" and _PAIR.search(self.sentence[: fact.place[0]])
        counted = {thing for counted in self._whole.counted for thing in counted.things}
        listed = {source.noun for source in self._knowledge.sources.values()}
        return bool(named) and fact.noun not in counted | listed

    def _is_tied(self, fact: Fact) -> bool:
        """Return whether evidence that is cited and not quoted says a fact together with another one of the sentence.

        In "Build 35 of Mina Sato failed" the row of build 35 ties the name to the id. In "Bugs 4, 27 and 33 are open"
        with a quote of bug 4, the other ids are tied when their rows have the type of bug 4. Evidence that the sentence
        names ties what is copied from it, and an id that stands alone.
        """
        others = [other for other in self.facts if other.clause == fact.clause and other is not fact]
        named = [self._knowledge.texts[name] for name in self._named if name in self._knowledge.texts]
        if (fact.kind in _COPIED or (fact.kind == "id" and not others)) and any(text.has(fact) for text in named):
            return True
        before = [other for other in self.facts if other.clause == fact.clause - 1]
        others = others or [other for other in before if other.kind in SUBJECTS]
        if fact.kind in _NAMING and (
            any(self._knowledge.alone(unit).has(fact) for unit in self._asked) or self._is_counted_for(fact, others)
        ):
            return True
        words = split_clauses(self.sentence)[fact.clause]
        for unit in self._knowledge.everything.units:
            alone = self._knowledge.alone(unit)
            if unit.part == "call" or not alone.has(fact):
                continue
            if (
                (fact.kind in {"literal", "number"} and self._is_close(unit))
                or self._is_retold(fact, words, unit)
                or predicates.is_setting(fact, words, unit)
                or (predicates.is_status_code(fact, self.sentence) and unit.part == "content")
            ):
                return True
            whole = self._knowledge.extend([unit]) if unit.is_record else alone
            if any(
                agrees(other.value, alone.results[other.noun]) if other.kind == "result" else whole.has(other)
                for other in others
                if other.kind != fact.kind
                or (fact.kind == "id" and other.noun != fact.noun)
                or (fact.kind in _COPIED and not unit.is_record)
            ):
                return True
        listed = [other for other in others if other.kind == fact.kind]
        return (len(listed) > 1 and self._is_like(fact, listed)) or (bool(listed) and self._stands_beside(fact))

    def _is_retold(self, fact: Fact, words: str, unit: Unit) -> bool:
        """Return whether a clause tells what a comment or a line that has its name or id says, or of a draft."""
        if fact.kind == "id" and unit.fields.get("draft") == "yes" and unit.is_row:
            return (fact.noun, int(fact.value)) in unit.ids and any(
                other.noun == "draft" and not other.negated and other.clause == fact.clause for other in self.facts
            )
        if fact.kind not in {"id", "name"} or unit.part not in {*BLOCKS, *_LINES}:
            return False
        here = (other for other in self.facts if other.clause == fact.clause)
        if any(other.kind == "result" and not other.negated for other in here):
            return False  # To demand something is not to do it: "as it asks, work item 4 was closed".
        own = stems_of(fact.text)
        return len((stems_of(words) & stems_of(unit.text)) - own) >= _RETOLD

    def _is_counted_for(self, fact: Fact, others: Sequence[Fact]) -> bool:
        """Return whether the clause says how many rows have a name, such as "Payments has two pipelines"."""
        numbers = {other.value for other in others if other.kind == "count"}
        return any(str(sum(has_cell(row, fact.text) for row in table)) in numbers for table in self._rows.tables)

    def _is_close(self, unit: Unit) -> bool:
        """Return whether a line stands a few lines before or after a quoted one of the same file or log."""
        if unit.part not in _LINES:
            return False
        quoted = [other for other in self._quoted if other.part in _LINES and other.evidence_id == unit.evidence_id]
        return any(abs(other.places.start - unit.places.start) <= _CLOSE for other in quoted)

    @cached_property
    def _asked(self) -> list[Unit]:
        """The records and rows that the call of the only quoted evidence asked for, such as the build of a log."""
        sources = {unit.evidence_id for unit in self._quoted}
        calls = [self._knowledge.sources[name].call for name in sources if len(sources) == 1 and not self._named]
        asked = [Fact("id", "", str(number), kind) for call in calls for kind, number in call.ids]
        return [unit for fact in asked for unit in self._knowledge.owners(fact)]

    def _is_like(self, fact: Fact, listed: Sequence[Fact]) -> bool:
        """Return whether an entry of a list is of the same kind as the entries that are quoted."""
        if fact.kind not in SUBJECTS:
            return any(text.has(fact) and all(map(text.has, listed)) for text in self._knowledge.texts.values())
        quoted = [
            unit for other in listed if self._near.has(other) for unit in self._knowledge.owners(other) if unit.is_row
        ]
        alike = set.intersection(*(set(unit.fields.items()) for unit in quoted)) if quoted else set()
        alike = {(name, value) for name, value in alike if value and name in _LIKE}
        return any(alike <= set(unit.fields.items()) for unit in self._knowledge.owners(fact) if unit.is_row)

    def _stands_beside(self, fact: Fact) -> bool:
        """Return whether the row of an id is like a quoted row of the same list: of its type or pipeline."""
        if fact.kind not in SUBJECTS or not fact.value.isdigit():
            return False
        shown = {
            (unit.evidence_id, name, unit.fields.get(name)) for unit in self._quoted if unit.is_row for name in _LIKE
        }
        rows = [unit for unit in self._knowledge.owners(fact) if unit.is_row]
        return any(
            row.fields.get(name) and (row.evidence_id, name, row.fields[name]) in shown
            for row in rows
            for name in _LIKE
        )

    def _owners(self, clause: Sequence[Fact]) -> dict[Fact, list[Unit]]:
        """Return the records and rows that a clause is about; a plain number counts only where no id has one."""
        about = {fact: self._knowledge.owners(fact) for fact in clause if self._may_be_subject(fact)}
        named = {fact: units for fact, units in about.items() if fact.kind == "id" and units}
        return {fact: units for fact, units in (named or about).items() if units}

    def _may_be_subject(self, fact: Fact) -> bool:
        """Return whether a clause may be about a number; "7 days" and the quoted field "revision: 1" name nothing."""
        if fact.kind == "id" or not fact.text.isdigit():
            return fact.kind == "id" and fact.value.isdigit()
        label = _LABEL.search(self.sentence[: fact.place[0]])
        name = label[1].replace(" ", "_") if label else ""
        value = any(unit.fields.get(name) == fact.value for unit in self._quoted)
        if "|" in self.sentence and int(fact.value) in self._rows.count_rows(fact):
            return False  # A cell that counts rows, whose number may also be an id.
        return fact.kind == "number" and (not value or (identifies(name) and name != "revision"))

    def _compare_bound(self, fact: Fact, about: Mapping[Fact, Sequence[Unit]]) -> str:
        """Return what the records of a clause do not say about a name, a date or a hash in it."""
        if not about or fact.kind not in _BOUND:
            return ""
        owners = [unit for units in about.values() for unit in units]
        extended, names = self._knowledge.extend(owners), ", ".join(other.text for other in about)
        lines = Support(unit for unit in self._quoted if not unit.is_row)
        asked = fact.kind == "name" and fold(fact.value) in self._question
        asked = asked or (fact.kind == "date" and self._was_asked_since(fact, owners))
        if not extended.has(fact) and not lines.has(fact) and not asked:
            return f"nothing in {names} says {fact.text}"
        if fact.noun == "by" and extended.has(fact) and not predicates.is_author(fact, extended, self.facts):
            return f"{fact.text} is not named as the author in {names}"
        return predicates.compare_date(fact, self.sentence, owners) if fact.kind == "date" else ""

    def _was_asked_since(self, fact: Fact, owners: Sequence[Unit]) -> bool:
        """Return whether a date limits the list in which the records of a clause stand, such as "since 2026-11-16"."""
        calls = Support(self._knowledge.sources[unit.evidence_id].call for unit in owners)
        return bool(_LIMITS.search(self.sentence[: fact.place[0]])) and calls.has(fact)

    def _compare_fields(self) -> list[str]:
        """Return the fields that a sentence repeats with another value, such as "status: active"."""
        told = []
        for match in _FIELD.finditer(self.sentence):
            said = fold(match[2])
            if said in NO_NAMES:
                continue  # The colon begins a clause, as in "rights on the area: the answer says more".
            long = "_".join(self.sentence[: match.end(1)].split()[-2:])  # "merge status: succeeded" is no status.
            name = long if any(long in unit.fields for unit in self._quoted) else match[1]
            values = [unit.fields[name] for unit in self._quoted if unit.fields.get(name)]
            known = [value for value in values if _may_repeat(said, value)]
            if known and not any(value == said if said.isdigit() else said in fold(value) for value in known):
                told.append(f"{name} is {known[0]}")
        return told


def _as_record(fact: Fact, sentence: str, knowledge: Knowledge) -> Fact:
    """Return a count as the number of a record, where its verb looks like what it counts: "The title of 18 addresses".

    Evidence has a record of this number and counts no such things.
    """
    if fact.kind != "count" or not fact.text.isdigit() or fact.noun in KINDS.values():
        return fact
    before = sentence[: fact.place[0]]
    one = _ONE.search(before) or (before.endswith("the ") and _PROVES.match(sentence, fact.place[1]))
    if one and re.fullmatch("[1-5][0-9][0-9]", fact.value):
        return replace(fact, kind="number", noun="")  # The status of an answer, not what the verb after it looks like.
    subject = STANDS_FOR_RECORD.search(before) and not _IS.match(sentence, fact.place[1])
    number = replace(fact, kind="number", noun="")
    if not subject or not knowledge.owners(number):
        return fact
    counted = {thing for counted in knowledge.everything.counted for thing in counted.things}
    return fact if fact.noun in counted else number


def _may_repeat(said: str, value: str) -> bool:
    """Return whether words after a colon can be the value of a field, and not a clause such as "changed: the plan"."""
    if fold(value) in _YES_NO:
        return said in _YES_NO
    return not value[:1].isdigit() or (said[:1].isdigit() and said.isdigit() == value.isdigit())
