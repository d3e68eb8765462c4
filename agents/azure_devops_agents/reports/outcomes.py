"""Compare the results in a sentence, such as "failed", with the records, rows and lines that it is about."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from azure_devops_agents.reports import predicates
from azure_devops_agents.reports.cells import cell_of
from azure_devops_agents.reports.facts import Fact, split_clauses
from azure_devops_agents.reports.knowledge import Knowledge, Support, agrees, fold, results_of
from azure_devops_agents.reports.row_counts import RowCounts, inner_rows
from azure_devops_agents.reports.units import Unit
from azure_devops_agents.reports.words.results import CERTAIN
from azure_devops_agents.reports.writes import APPROVED, UNSENT

_NAMING = frozenset({"name", "literal"})


class ResultComparison:
    """The results of one sentence beside its evidence."""

    def __init__(
        self, sentence: str, facts: Sequence[Fact], knowledge: Knowledge, quoted: Sequence[Unit], near: Support,
        far: Support, rows: RowCounts, *, names_evidence: bool,
    ) -> None:  # fmt: skip
        """Take what `Comparison` has, and whether the sentence itself names evidence."""
        self._sentence, self._facts, self._knowledge, self._quoted = sentence, facts, knowledge, quoted
        self._near, self._far, self._rows, self._names_evidence = near, far, rows, names_evidence

    def compare(self, fact: Fact, results: Sequence[Fact], about: Mapping[Fact, Sequence[Unit]]) -> str:
        """Return how evidence contradicts a result, or that no evidence tells one."""
        if predicates.tells_of_token(fact, self._sentence):
            refused = predicates.refuses_token(unit.text for unit in (*self._near.units, *self._far.units))
            return "" if refused else f"the quote does not say {fact.text}"
        if self._is_decided(fact) or predicates.is_no_vote(fact, self._facts):
            return ""
        counted = predicates.find_counted(self._sentence, self._facts, fact)
        if counted and int(counted.value) in self._rows.count_rows(counted, fact):
            return ""
        if bracketed := predicates.find_bracketed(self._sentence, self._facts, fact):
            subject, inside = bracketed
            results = [other for other in results if other.place[0] in inside]
            about = {subject: about[subject]} if subject in about else {}
        behind = predicates.find_told_of(self._sentence, self._facts, fact)
        if behind and (owners := self._knowledge.owners(behind)):
            results, about = [fact], {behind: owners}
        if "|" in self._sentence:  # A cell tells of the records in it and in the cells before it.
            end = self._sentence.find("|", fact.place[1])
            about = {subject: units for subject, units in about.items() if end < 0 or subject.place[0] < end}
        claimed = [other.value for other in results if other.noun == fact.noun and not other.negated]
        if rows := self._find_named_rows(fact, about):
            told: dict[str, set[str]] = defaultdict(set)
            for unit in rows:
                told[_name_row(unit)] |= results_of(unit.text)[fact.noun]
            return _contradict(fact, claimed, told)
        known = {subject.text: self._results_of(units, fact.noun) for subject, units in about.items()}
        if any(known.values()):
            return _contradict(fact, claimed, known)
        return self._compare_free_result(fact)

    def _is_decided(self, fact: Fact) -> bool:
        """Return whether a person decided so about a write, or a write that was not sent would have written it."""
        units = [unit for unit in self._near.units if unit.part in {UNSENT, APPROVED}]
        told = [unit for unit in units if agrees(fact.value, results_of(unit.text)[fact.noun])]
        about = [
            other for other in self._facts
            if other.clause == fact.clause and (other.kind == "id" or predicates.is_voter(other, fact, self._sentence))
        ]  # fmt: skip
        return any(all(Support([unit]).has(subject) for subject in about) for unit in told)

    def _is_of_call(self, fact: Fact) -> bool:
        """Return whether a call failed, such as "the first attempt", and no build; or a call that reads was rejected.

        A person may reject a write as well, which is a decision about it.
        """
        clause = split_clauses(self._sentence)[fact.clause]
        if fact.value != "failed" and not (fact.value == "rejected" and predicates.tells_of_reading(clause)):
            return False
        named = any(other.clause == fact.clause and other.noun == "build" for other in self._facts)
        return not named and predicates.tells_of_attempt(clause, (*self._near.units, *self._far.units))

    def _is_only_demanded(self, fact: Fact) -> bool:
        """Return whether a work item is called closed, and all texts with its id at most demand that it be closed."""
        items = [
            other for other in self._facts
            if other.kind == "id" and other.noun == "work item" and other.clause == fact.clause
        ]  # fmt: skip
        clause = split_clauses(self._sentence)[fact.clause]
        if fact.value != "closed" or not items or predicates.tells_of_demand(clause):
            return False
        units = [unit for unit in (*self._near.units, *self._far.units) if any(map(Support([unit]).has, items))]
        return bool(units) and not any(agrees(fact.value, results_of(unit.text)[fact.noun]) for unit in units)

    def _find_named_rows(self, fact: Fact, about: Mapping[Fact, Sequence[Unit]]) -> list[Unit]:
        """Return the rows inside a record that the sentence names, such as "the Deploy stage", or a quoted one.

        A clause without a name of its own goes on about what was named last before it.
        """
        *earlier, clause = map(fold, split_clauses(self._sentence)[: fact.clause + 1])
        said = fold(cell_of(self._sentence, fact))
        read = [unit for units in about.values() for unit in self._knowledge.extend(units).units]
        inside = inner_rows(read or (self._near.units if self._quoted else ()))
        named = [unit for unit in inside if re.search(_with_noun(unit), clause)]
        if not named:
            # A row of the same name in another record says nothing about these.
            rows = [unit for unit in inner_rows(self._quoted) if not about or unit in inside]
            before = [other for other in self._facts if other.kind in _NAMING and other.place[1] <= fact.place[0]]
            names = {fold(other.value) for other in before}
            rows += [unit for unit in inside if unit not in rows and fold(_name_row(unit)) in names]
            alone = any(subject.clause == fact.clause for subject in about)
            named = _named_in(said if "|" in self._sentence else clause, rows)
            alone = alone or "|" in self._sentence or bool(_named_in(clause, inside))
            for words in () if alone else (*reversed(earlier), said):
                named = named or _named_in(words, rows)[-1:]
        told = [unit for unit in named if results_of(unit.text)[fact.noun]]
        others = {fold(name) for name in predicates.find_others(self._sentence)} if fact.noun == "vote" else set()
        return [unit for unit in told if fold(_name_row(unit)) not in others]

    def _compare_free_result(self, fact: Fact) -> str:
        """Compare a result that no id of the clause tells with the quoted lines, and then with all evidence."""
        # A sentence that names evidence need not be about a line that a statement quotes.
        lines = set[str]() if self._names_evidence else Support(self._quoted).results[fact.noun]
        certain = fact.text.lower() in CERTAIN or _is_alone(self._sentence, fact)
        if fact.negated:
            return f"the quote says {fact.value}" if lines == {fact.value} and not self._far.units else ""
        if self._is_of_call(fact):
            return ""
        if self._is_only_demanded(fact):
            return f"nothing says that it is {fact.text}"
        if lines and not agrees(fact.value, lines):
            return f"the quote says {', '.join(sorted(lines))}, not {fact.text}" if certain else ""
        known = {value for support in (self._near, self._far) for value in _outcomes(support, fact.noun)}
        wanted = certain or (known and not self._far.units)
        return f"the quote does not say {fact.text}" if wanted and not agrees(fact.value, known) else ""

    def compare_vote(self, fact: Fact, clause: Sequence[Fact]) -> str:
        """Return a problem when no row says that the one person in a clause voted like this."""
        people = [other for other in clause if other.kind == "name" and " " in other.value]
        if fact.noun != "vote" or fact.negated or len(people) != 1:
            return ""
        units = [unit for unit in (*self._near.units, *self._far.units) if not unit.is_record]
        votes = [unit for unit in units if agrees(fact.value, results_of(unit.text)["vote"])]
        said = not votes or any(Support([unit]).has(people[0]) for unit in votes)
        return "" if said else f"no row says that {people[0].text} {fact.text}"

    def _results_of(self, units: Iterable[Unit], dimension: str) -> set[str]:
        return {value for unit in units for value in _results_of_unit(unit, dimension, self._knowledge)}


def _is_alone(sentence: str, fact: Fact) -> bool:
    """Return whether a result stands between commas, as a cell of a row that a sentence repeats does."""
    begin, end = fact.place
    return re.search(r", $", sentence[:begin]) is not None and re.match(r"[,.]?$|, ", sentence[end:]) is not None


def _contradict(fact: Fact, claimed: Sequence[str], known: Mapping[str, set[str]]) -> str:
    """Return how the results of named records or rows contradict a claimed one; empty when none does."""
    for subject, found in known.items():
        if found and fact.negated and found <= {fact.value}:
            return f"{subject} is {', '.join(sorted(found))}"
        if found and not fact.negated and not any(agrees(value, found) for value in claimed):
            return f"{subject} is not {fact.text} but {', '.join(sorted(found))}"
    return ""


def _with_noun(unit: Unit) -> str:
    """Return the pattern of a row's name beside what it is, such as "Deploy stage" or "stage Deploy"."""
    name = rf"[\"']?{re.escape(fold(_name_row(unit)))}[\"']?"
    noun = "|".join(re.escape(fold(kind)) for kind in {unit.part.removesuffix("s"), unit.fields.get("type", "")} - {""})
    return rf"(?<!\w)(?:{name} (?:{noun})|(?:{noun}) {name})(?!\w)"


def _named_in(words: str, rows: Iterable[Unit]) -> list[Unit]:
    """Return the rows whose names a text has, in its order."""
    found = [(re.search(rf"(?<!\w){re.escape(fold(_name_row(unit)))}(?!\w)", words), unit) for unit in rows]
    return [unit for match, unit in sorted(found, key=lambda one: one[0].start() if one[0] else 0) if match]


def _name_row(unit: Unit) -> str:
    return next(iter(unit.fields.values()))


def _outcomes(support: Support, dimension: str) -> set[str]:
    """Return the results that units tell; an error in a log tells a failure as well."""
    return support.results[dimension] | (support.results["fault"] if dimension == "outcome" else set())


def _results_of_unit(unit: Unit, dimension: str, knowledge: Knowledge) -> set[str]:
    """Return the results that the own fields of a record or row tell; votes stand in the rows inside."""
    if dimension == "draft":
        return {{"yes": "draft"}.get(unit.fields["draft"], "no draft")} if "draft" in unit.fields else set()
    if dimension == "merge":
        return {unit.fields["merge_status"]} if unit.fields.get("merge_status") else set()
    if dimension == "vote":
        return results_of(knowledge.extend([unit]).text)["vote"] if unit.is_record else set()
    told = "\n".join(unit.fields.get(name, "") for name in ("status", "result", "state"))
    # A finished run has a result beside its status, and the result counts.
    return results_of(told)[dimension] if dimension != "state" or "result" not in unit.fields else set()
