"""Compare what statements and answers claim with the evidence that they cite.

Code compares ids, names, numbers, dates and results; it does not understand sentences. A fact must be in what is
quoted: the lines, the header of their table, the record around them, and the call that was made. What a sentence says
about an id must be said in the record of that id. What only a reader can judge, such as what caused what, is not
compared. Nor are these: a name, branch or tag in a sentence that names no record; which of several ids that a list has
belong into an enumeration; a plain number that counts nothing and is the id of something else in the same evidence;
orders and superlatives such as "the last good one", "first", "only" and "most"; dates that are told from today, such as
"yesterday" and "last week"; "all" or "no" with a limit in time; what a sentence says is missing, such as "nobody
reviewed it"; two results in one clause, such as "17 is closed, 18 is not"; and what became what, such as "renames A to
B". In other languages than English no results are compared, and of names only those of several words and those that
the evidence has.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

from azure_devops_agents.reports.comparison import LONGEST, STANDS_FOR_RECORD, Comparison
from azure_devops_agents.reports.facts import find_facts
from azure_devops_agents.reports.knowledge import Knowledge, Support, fold, own_ids
from azure_devops_agents.reports.quotes import Found
from azure_devops_agents.reports.units import SIZE, Source, Unit
from azure_devops_agents.reports.words.citations import find_citations
from azure_devops_agents.reports.words.counts import NUMBER_WORDS
from azure_devops_agents.reports.words.dates import find_dates
from azure_devops_agents.reports.words.denials import DeniedParts
from azure_devops_agents.reports.words.meaning import is_covered, refers_back, shares_concept, shares_meaning, stems_of
from azure_devops_agents.reports.words.proposals import split_proposal
from azure_devops_agents.reports.words.results import NEGATED
from azure_devops_agents.reports.words.sentences import Sentence, count_entries, split_sentences, sum_totals
from azure_devops_agents.reports.words.unread import split_unread
from azure_devops_agents.reports.writes import ClaimedWrite, compare_links, find_claimed_writes, may_tell_of

_MOST_CHANGED = 2
_LINES_AROUND = 15
"""The lines of a file or log before and after a quote that a statement about it may take a word from."""
_LITERAL = 0.8
"""The share of the words of a denied text that a record must have to say it."""
_APART = "the statement and its quote have no id, name, number or word in common"
_DENIES = "it denies what the evidence says"
_ONLY_DENIES = "it only denies what it says; say what is the case"
_TODAY = re.compile(r"\b(?:today|as of|heute|stand|aujourd'hui|hoy)\b", re.IGNORECASE)
_LAST_DAYS = re.compile(
    rf"\b(?:last|past|letzten|vergangenen|derniers|derni\u00e8res|\u00faltimos|\u00faltimas) "
    rf"(?P<number>\d{{1,3}}|{'|'.join(NUMBER_WORDS)}) "
    r"(?P<unit>days|weeks|tagen?|wochen|jours|semaines|d\u00edas|semanas)\b"
)
_THIS_WEEK = re.compile(r"\b(?:this week|diese woche|cette semaine|esta semana)\b")
_OF_OTHERS = frozenset({"id", "number", "date", "name", "hash", "literal", "weekday"})
"""The facts that tell which write of other people a sentence means. They are compared with the evidence anyway."""


class Claims:
    """Compares sentences with one thread's evidence."""

    def __init__(
        self, sources: Mapping[str, Source], question: str = "", written: Sequence[str] = (),
        refused: Sequence[str] = (), days: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Take what sentences are compared with.

        Args:
            sources: The evidence by id.
            question: What was asked. An answer may repeat its names.
            written: The evidence of the writes.
            refused: The tools that would have written.
            days: The days on which the evidence was read.
        """
        self._sources, self._refused = sources, refused
        self._writes = [sources[name] for name in written]
        self._written = [source.tool for source in self._writes]
        self._days = sorted(set(days))
        self._question = fold(question)
        self._asked = [question[written.start : written.end] for written in find_dates(question)]
        self._known: dict[frozenset[str], Knowledge] = {}

    def check_statement(self, statement: str, found: Found, cited: Sequence[str]) -> list[str]:
        """Return what a statement claims beyond its quote; one that only repeats the quoted lines claims nothing."""
        if re.search(rf"(?<!\w){re.escape(fold(statement))}(?!\w)", fold(found.text)):
            return []
        if apart := self._compare_meaning(statement, found, cited):
            return apart
        denied, statement = self._compare_denied(statement, self.quoted_units(found))
        knowledge = self._knowledge(cited)
        quoted = self.quoted_units(found)
        literal = Unit(found.evidence_id, found.text, part="quote")
        repeats = _repeats(statement, found.text)
        if repeats:
            lines = [literal, *(unit for unit in quoted if not unit.is_record)]
            said = self._leave_out_records(statement, quoted)
            denied += Comparison(said, knowledge, lines, Support(lines), self._question).problems()
        if repeats and not any(unit.is_record for unit in quoted):
            return denied
        support = Support([literal, *self._around(quoted), *self._beside(found, cited), *self._date_today(statement)])
        compared = Comparison(statement, knowledge, quoted, support, self._question, whole=self._whole)
        return list(dict.fromkeys([*denied, *compared.problems(), *self._compare_writes(compared)]))

    def check_inference(self, statement: str, found: Found, cited: Sequence[str], reasoning: str = "") -> list[str]:
        """Return what an inference claims that no cited evidence says."""
        if apart := self._compare_meaning(statement, found, cited, reasoning):
            return apart
        denied, statement = self._compare_denied(statement, self.quoted_units(found))
        knowledge = self._knowledge(cited)
        quoted = self.quoted_units(found)
        support = Support([*self._around(quoted), *self._beside(found, cited), *self._date_today(statement)])
        far = knowledge.everything
        compared = Comparison(statement, knowledge, quoted, support, self._question, far, whole=self._whole)
        return [*denied, *compared.problems(), *self._compare_writes(compared)]

    def check_hypothesis(self, statement: str, cited: Sequence[str]) -> list[str]:
        """Return the facts of a rejected hypothesis that no evidence mentions. Its claim is false on purpose.

        The evidence that it cites contradicts it, and need not mention the suspicion.
        """
        compared = Comparison(statement, self._knowledge(cited), [], self._whole, self._question)
        return compared.list_missing()

    def check_fact(
        self, name: str, values: Sequence[str], cited: Sequence[str], sizes: Iterable[int] = ()
    ) -> list[str]:
        """Return the values of a fact that neither the cited evidence has nor the sizes of the report's other facts.

        Nothing is compared for 0, as for "none". The number of a line is its place in a text, which does not say it. A
        number in the name, as in "two_weeks_only", is what was asked, not what was found.
        """
        knowledge, told = self._knowledge(cited), self._read_by(cited, tables=True)
        support = Support([*knowledge.everything.units, *told, *map(_size, sizes)])
        words = name.replace("_", " ")
        said = [f"line {value}" if "line" in words.split() and value.isdigit() else value for value in values]
        sentences = (f"{words}: {value}" for value in said if value != "0")
        compared = (
            Comparison(each, knowledge, [], support, self._question, knowledge.everything, cited, self._whole)
            for each in sentences
        )
        return [
            problem.replace("the quote", ", ".join(cited))
            for each in compared
            for problem in each.list_missing(len(words))
        ]

    def are_of_unsent(self, values: Iterable[str], unsent: Sequence[Unit]) -> bool:
        """Return whether the values of a fact say no, or what was decided about a write that was not sent."""
        support = Support(unsent)
        read = (Comparison(value, self._knowledge(()), [], support, "") for value in values)
        return bool(unsent) and all(
            any(may_tell_of(unit, each.sentence) for unit in unsent) and not each.list_missing() for each in read
        )

    def check_answer(
        self, answer: str, found: Iterable[Found], cited: Sequence[str], told: Iterable[str] = (),
        decided: Iterable[Unit] = (), instructions: str = "",
    ) -> list[tuple[str, list[str]]]:  # fmt: skip
        """Return each sentence of an answer with the facts that the evidence of the statements does not support.

        Args:
            answer: The answer.
            found: The quotes of the statements.
            cited: The evidence of the statements.
            told: Evidence that the report names by itself: refusals, failures and writes.
            decided: The writes that were not sent, and who approved the others.
            instructions: What the operator told the agent, which an answer may repeat.
        """
        quoted = [unit for place in found for unit in self.quoted_units(place)]
        named = [unit for name in told for unit in (*self._sources[name].units, self._sources[name].call)]
        marked, shown = [], [*self._around(quoted), *named, Unit("", instructions, part="instructions")]
        decided = list(decided)
        entries, totals = count_entries(answer), [_size(number) for number in sum_totals(answer)]
        denials = DeniedParts(answer)
        for sentence in split_sentences(answer):
            kept, refused = denials.split_next(sentence.text)
            told_of = [unit for unit in decided if may_tell_of(unit, sentence.text)]
            knowledge = self._knowledge([*cited, *sentence.cited, *told])
            listed = [_size(number) for line, number in entries.items() if sentence.text in line]
            told_here = [*self._read_by(sentence.cited, tables=True), *listed, *self._date_today(sentence.text)]
            told_here += totals
            near = Support([*shown, *told_of, *told_here])
            proposed, stated = split_proposal(kept)
            unread, stated = split_unread(stated)
            compared = Comparison(
                stated, knowledge, quoted, near, self._question, knowledge.everything, sentence.cited, self._whole
            )
            told_wrong = [*self._list_absent(proposed), *compared.problems(), *self._compare_writes(compared)]
            told_wrong += self._contradict_unread(unread)
            told_wrong += [_ONLY_DENIES] if denials.is_all else self._deny(refused, [*shown, *told_of])
            if problems := [*self._list_unknown(sentence), *told_wrong]:
                marked.append((sentence.text, problems))
        return marked

    def _compare_meaning(
        self, statement: str, found: Found, cited: Sequence[str], reasoning: str = ""
    ) -> list[str]:  # fmt: skip
        """Return that a statement is about something else than its quote, the record around it, and the call."""
        if len(statement) > LONGEST:
            return []
        units = [*self._around(self.quoted_units(found)), *self._near(found), *self._beside(found, cited)]
        tools = [self._sources[name].tool for name in cited if name in self._sources]
        texts = [found.text, reasoning, *(unit.text for unit in units), *tools]
        said = " ".join(DeniedParts(statement).split())
        # An inference may compare what was written with what was asked, when its reasoning is about the quote.
        written = not found.everywhere.keys().isdisjoint(source.evidence_id for source in self._writes)
        reasoned = shares_meaning(reasoning, [found.text])
        asked = written and reasoned and shares_meaning(said, [self._question])
        in_other_words = shares_concept(said, found.text) or (reasoned and refers_back(said))
        return [] if asked or in_other_words or shares_meaning(said, texts) else [_APART]

    def _near(self, found: Found) -> list[Unit]:
        """Return the lines of a file or log around the quoted ones."""
        near = []
        for name, places in found.everywhere.items():
            first, last = places[0] - _LINES_AROUND, places[-1] + _LINES_AROUND
            units = self._sources[name].units
            near += [unit for unit in units if not unit.fields and first <= unit.places.start <= last]
        return near

    def _compare_denied(self, statement: str, quoted: Sequence[Unit]) -> tuple[list[str], str]:
        """Return what is wrong with the denied part of a statement, and the rest of the statement."""
        parts = DeniedParts(statement)
        kept, denied = parts.split()
        return [_ONLY_DENIES] if parts.is_all else self._deny(denied, self._around(quoted)), kept

    def _deny(self, denied: str, units: Iterable[Unit]) -> list[str]:
        """Return the facts of a denied text that are nowhere in the evidence, or that it denies what a unit says."""
        told = stems_of(denied)
        if not told:
            return []
        missing = Comparison(denied, self._everything, [], self._whole, self._question).list_missing()
        literal = len(told) > 1 and not NEGATED.search(denied) and any(self._says(unit, told) for unit in units)
        return [*missing, *([_DENIES] if literal else [])]

    def _says(self, unit: Unit, told: Collection[str]) -> bool:
        """Return whether one record, row or line says nearly all words of a text."""
        source = self._sources.get(unit.evidence_id)
        known = stems_of(f"{unit.text} {source.noun if source else ''}")
        return sum(is_covered(stem, known) for stem in told) >= _LITERAL * len(told)

    @cached_property
    def _everything(self) -> Knowledge:
        return self._knowledge(self._sources)

    @property
    def _whole(self) -> Support:
        """All evidence of the thread."""
        return self._everything.everything

    def _date_today(self, sentence: str) -> list[Unit]:
        """Return the day on which the evidence was read, when a sentence gives its date, and the dates asked for."""
        days = [*self._days] if _TODAY.search(sentence) else []
        days += [*self._list_asked_days(), *self._asked]
        return [Unit("", f"today: {day}", part="today", places=range(at, at)) for at, day in enumerate(days)]

    def _list_asked_days(self) -> Iterator[str]:
        """Yield the first and the last day of what was asked for, such as "the last 14 days" or "this week"."""
        asked = _LAST_DAYS.search(self._question)
        for read in map(date.fromisoformat, self._days):
            back = read.weekday() if _THIS_WEEK.search(self._question) else None
            if asked:
                number = NUMBER_WORDS.get(asked["number"]) or int(asked["number"])
                back = number * (7 if asked["unit"].startswith(("w", "s")) else 1)
            if back is not None:
                yield from (read.isoformat(), (read - timedelta(days=back)).isoformat())

    def _list_absent(self, proposed: str) -> list[str]:
        """Return the ids and names of a proposal that are nowhere in the evidence; its dates and values are new."""
        everything = self._everything
        plain = re.sub(r"(?:^|: )\W*[A-Z]", lambda begin: begin[0].lower(), proposed)  # "Ask Mina Sato"
        facts = find_facts(plain, everything.names)
        wanted = [fact for fact in facts if fact.kind in {"id", "name", "hash"}]
        absent = [fact for fact in wanted if not everything.everything.has(fact)]
        return [f"no evidence has {fact.text}" for fact in absent if fold(fact.value) not in self._question]

    def _contradict_unread(self, unread: str) -> list[str]:
        """Return what the evidence says otherwise of things that were not read; it need not have them."""
        if not unread:
            return []
        compared = Comparison(unread, self._everything, [], self._whole, self._question, self._whole)
        missing = compared.list_missing()
        return [problem for problem in compared.problems() if problem not in missing]

    def _list_unknown(self, sentence: Sentence) -> list[str]:
        """Return the citations of evidence that is not there; evidence may itself have words such as E501."""
        text = "\n".join(source.text for source in self._sources.values())
        forms: dict[str, set[str]] = defaultdict(set)
        for citation in find_citations(sentence.text):
            for name in citation.ids:
                forms[name].add(citation.form)
        words = {name for name, found in forms.items() if found <= {"code", "alone"}}
        unknown = [name for name in sentence.cited if name not in {*self._sources, *words} and name not in text]
        return [f"there is no evidence {', '.join(unknown)}"] if unknown else []

    def _compare_writes(self, compared: Comparison) -> list[str]:
        """Return how a sentence claims a write that did not happen. A write of others names its record."""
        kinds = {fact.kind for fact in compared.facts}
        claims = list(find_claimed_writes(compared.sentence))
        told = (self._compare_write(claimed, kinds) for claimed in claims)
        return [
            *list(filter(None, told))[:1],
            *compare_links(compared.sentence, self._writes, self._sources.values(), claims),
        ]

    def _compare_write(self, claimed: ClaimedWrite, kinds: Collection[str]) -> str:
        if any(map(claimed.may_be, self._written)):
            return ""
        refused = claimed.thing and any(map(claimed.may_be, self._refused)) and not {"name", "date"} & {*kinds}
        if not claimed.own and not refused and (self._written or _OF_OTHERS & {*kinds}):
            return ""
        if self._written or refused:
            return f"no {claimed.thing} was written"
        return f"nothing was written, so nobody {claimed.verb} anything"

    def quoted_units(self, found: Found) -> list[Unit]:
        """Return the smallest units that hold the quoted lines."""
        chosen: dict[int, Unit] = {}
        for name, places in found.everywhere.items():
            for place in places:
                holding = [unit for unit in self._sources[name].units if place in unit.places]
                if holding:
                    smallest = min(holding, key=lambda unit: (len(unit.places), unit.is_record))
                    chosen[id(smallest)] = smallest
        return list(chosen.values())

    def _knowledge(self, cited: Iterable[str]) -> Knowledge:
        key = frozenset(identifier for identifier in cited if identifier in self._sources)
        if key not in self._known:
            self._known[key] = Knowledge({name: self._sources[name] for name in self._sources if name in key})
        return self._known[key]

    def _around(self, quoted: Iterable[Unit]) -> list[Unit]:
        """Return what stands around quoted units. What was sent and what the service answered to it are one record."""
        units = list(quoted)
        here = {unit.evidence_id for unit in units}
        written = [each for source in self._writes if source.evidence_id in here for each in source.units]
        around = [other for unit in units for other in self._knowledge([unit.evidence_id]).stands_in(unit)]
        return [*around, *(unit for unit in written if unit.is_record)]

    def _leave_out_records(self, statement: str, quoted: Iterable[Unit]) -> str:
        """Return a statement that repeats a line without the id of its record, such as "in build 39" or "39 adds"."""
        own = set[tuple[str, int]]()
        for unit in quoted:
            source = self._sources[unit.evidence_id]
            begin = unit.places.start if unit.is_record else unit.own
            records = [other for other in source.units if other.is_record and other.places.start == begin]
            own |= {identified for record in records for identified in own_ids(record, source.noun)}
            own |= source.call.ids
        numbers = {number for _, number in own}
        for fact in find_facts(statement):
            alone = fact.kind == "number" and fact.text.isdigit() and int(fact.value) in numbers
            alone = alone and STANDS_FOR_RECORD.search(statement[: fact.place[0]]) is not None
            if alone or (fact.kind == "id" and (fact.noun, int(fact.value)) in own):
                begin = max(0, fact.place[1] - len(fact.text))
                statement = f"{statement[:begin]}{' ' * (fact.place[1] - begin)}{statement[fact.place[1] :]}"
        return statement

    def _beside(self, found: Found, cited: Iterable[str]) -> list[Unit]:
        """Return what other cited evidence adds without a quote."""
        return self._read_by(name for name in cited if name not in found.everywhere)

    def _read_by(self, cited: Iterable[str], *, tables: bool = False) -> list[Unit]:
        """Return what evidence says as a whole: the call, the totals, and a record that was read, with its tables."""
        sources = [self._sources[name] for name in cited if name in self._sources]
        units = [unit for source in sources for unit in source.units]
        return [
            *(source.call for source in sources),
            *(unit for unit in units if unit.part == "head" or unit.is_record),
            *(unit for unit in units if tables and unit.fields and unit.own is not None),
        ]


def _size(number: int) -> Unit:
    """Return how many entries a table or a list of the answer itself has."""
    fields = {"total": str(number)}
    return Unit("", f"total: {number}", fields, SIZE)


def _repeats(statement: str, quoted: str) -> bool:
    """Return whether a statement is the quoted line with a word or two changed, so that only this line counts."""
    words, known = re.findall(r"\w+", statement.lower()), set(re.findall(r"\w+", quoted.lower()))
    same = sum(word in known for word in words)
    return len(words) - same <= _MOST_CHANGED < same + 1 and len(words) - same < same
