"""Prepare what evidence says, so that facts can be compared with it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property

from azure_devops_agents.reports.facts import Fact
from azure_devops_agents.reports.units import KINDS, NOUNS, Source, Unit, kind_of_id
from azure_devops_agents.reports.words.counts import Counted, list_counted
from azure_devops_agents.reports.words.dates import WEEKDAYS, Moment, find_dates, list_differences
from azure_devops_agents.reports.words.results import AGREES, RESULT, RESULTS

_FAULT = re.compile(
    r"\berror|exception|\bfault|exit code|exited with code|denied|refused|gave up|timed out|^\[[a-z_]+ (?-i:[A-Z])\w+",
    re.IGNORECASE | re.MULTILINE,
)
"""Words of a failure, and how the answer of a call that failed begins, such as `[not_signed_in TokenRejected]`."""
_NUMBER = re.compile(r"(?<![\w.])v?(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)*)(?![\d])")
_MENTION = re.compile(
    rf"(?:\b(?P<noun>{'|'.join(NOUNS).replace(' ', '[ _-]')})s?"
    r"(?:[ :#!]|/){1,3}|(?P<mark>AB#|#|!|pull/))(?P<number>\d{1,9})\b"
    r"(?P<more>(?:(?:, | and |, and )\d{1,9}\b(?![.,]\d))*)",
    re.IGNORECASE,
)
_LINE_OF_FILE = re.compile(r"(?P<path>[^:#]+\.\w+)(?::|#L)(?P<line>\d{1,7})(?:-L?(?P<last>\d{1,7})|:\d+)?")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][\w.-]{1,99}) ?[:=] ?[\"']?(?P<value>[\w.-]{1,99})[\"']?")
ELLIPSIS = re.compile(r"[\[(]?(?:\.{3,}|\u2026)[\])]?")
"""What stands in a quotation for what it leaves out."""
_SHORTEST_PASSAGE = 4
_STANDARD = re.compile(r"(?P<name>SHA|UTF|AES|RSA|HMAC|Base|RFC|ISO|TLS|MD)-?(?P<number>\d{1,4})")
_SPACES = re.compile(r"[\s|`*]+")
_SIZES = {"kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "kib": 1_024, "mib": 1_048_576, "gib": 1_073_741_824}
SECONDS = {"ms": 0.001, "s": 1, "second": 1, "minute": 60, "h": 3_600, "hour": 3_600, "day": 86_400, "week": 604_800}
"""The seconds of each unit of time."""
_SHORT_LIST = 5
"""The number of rows that a reader sees at once, so that a statement may quote the line above them."""
_LONGEST = 400_000
"""Characters of one unit, or of one set of units, that are searched for numbers and dates."""


def fold(text: str) -> str:
    """Return a text without differences of letter case, white space and Markdown."""
    return _SPACES.sub(" ", text.replace("\u2019", "'").casefold()).strip()


class Support:
    """Units that may support a sentence, read together."""

    def __init__(self, units: Iterable[Unit]) -> None:
        """Take the units; each counts once."""
        self.units = list(
            {(unit.evidence_id, unit.places.start, unit.part, unit.text[:40]): unit for unit in units}.values()
        )

    @cached_property
    def text(self) -> str:
        """All their texts."""
        return "\n".join(unit.text for unit in self.units)[:_LONGEST]

    @cached_property
    def folded(self) -> str:
        """All their texts, as `fold` returns them."""
        return fold(self.text)

    @cached_property
    def ids(self) -> set[tuple[str, int]]:
        """Everything that they identify or mention."""
        found = {identified for unit in self.units for identified in unit.ids}
        for match in _MENTION.finditer(self.text):
            noun = re.sub(r"[_-]", " ", (match["noun"] or "").lower())
            marked = {"ab#": "work item", "!": "pull request", "pull/": "pull request", "#": ""}
            kind = KINDS.get(noun, noun) if noun else marked[match["mark"].lower()]
            found |= {(kind, int(number)) for number in (match["number"], *re.findall(r"\d+", match["more"]))}
        return found

    @cached_property
    def moments(self) -> list[Moment]:
        """The dates and times."""
        return [reading for written in find_dates(self.text) for reading in written.readings]

    @cached_property
    def numbers(self) -> set[str]:
        """The numbers, without those inside dates and names."""
        text = list(self.text)
        for written in find_dates(self.text):
            text[written.start : written.end] = " " * (written.end - written.start)
        return {match[1].replace(",", "") for match in _NUMBER.finditer("".join(text))}

    @cached_property
    def counted(self) -> set[Counted]:
        """The numbers of things that the units count."""
        return {counted for unit in self.units for counted in list_counted(unit)}

    @cached_property
    def results(self) -> dict[str, set[str]]:
        """The results by the question that they answer."""
        return results_of(self.text)

    def has(self, fact: Fact) -> bool:
        """Return whether the units say a fact; results are compared elsewhere."""
        match fact.kind:
            case "literal":
                written = fact.value.replace("\\t", " ").replace("\\\\", "\\")  # as in a text with escapes
                found = fold(fact.value) in self.folded or fold(written) in self.folded or self._has_line(fact.value)
                found = found or self._has_assignment(fact.value) or self._has_passages(fact.value)
                found = found or self._allows_standard(fact.value)
            case "name":
                found = re.search(rf"(?<!\w)(?:{re.escape(fold(fact.value))})+(?!\w)", self.folded) is not None
            case "hash":
                found = re.search(rf"(?<![0-9a-f]){fact.value}", self.folded) is not None
            case "id":
                found = self._has_id(fact)
            case "date":
                found = any(reading.agrees(moment) for reading in fact.readings for moment in self.moments)
            case "count":
                found = any(counted.agrees(int(fact.value), fact.noun) for counted in self.counted)
            case "weekday":
                found = fact.value.lower() in self.folded or fact.value.lower() in self._weekdays
            case _:
                found = self._has_number(fact) or (fact.also != "" and self._has_number(replace(fact, value=fact.also)))
        return found

    def _has_line(self, value: str) -> bool:
        """Return whether a value such as `session.py:14` is a line of a file that a unit, or its record, names."""
        match = _LINE_OF_FILE.fullmatch(value)
        if match is None:
            return False
        named = re.compile(rf"(?<![\w.-]){re.escape(fold(match['path']))}(?![\w-])")
        whole = {unit.evidence_id for unit in self.units if unit.is_record and named.search(fold(unit.text))}
        lines = {("line", int(number)) for number in match.group("line", "last") if number}
        holding = [
            unit for unit in self.units
            if (not unit.is_row and unit.evidence_id in whole) or named.search(fold(unit.text))
        ]  # fmt: skip
        return lines <= {identified for unit in holding for identified in unit.ids}

    def _has_assignment(self, value: str) -> bool:
        """Return whether a setting such as `PORT=80` is written in another notation, such as `PORT: "80"`."""
        match = _ASSIGNMENT.fullmatch(value)
        if match is None:
            return False
        name, said = (re.escape(part) for part in match.group("name", "value"))
        return re.search(rf"(?<![\w.-]){name}[\"']? ?[:=] ?[\"']?{said}(?![\w.-])", self.text) is not None

    def _has_passages(self, value: str) -> bool:
        """Return whether one piece of evidence has the passages between the ellipses of a value, in their order."""
        passages = [part for part in ELLIPSIS.split(value) if part.strip()]
        if ELLIPSIS.search(value) is None or max(map(len, passages), default=0) < _SHORTEST_PASSAGE:
            return False
        # Only a passage without a space before the ellipsis, such as a long hash, may end inside a word.
        ends = [r"(?!\w)" if part.endswith(" ") or value.endswith(part) else "" for part in passages]
        patterns = [
            re.compile(rf"(?<!\w){re.escape(fold(part))}{end}") for part, end in zip(passages, ends, strict=True)
        ]
        return any(_has_in_order(text, patterns) for text in self._folded_by_evidence)

    @cached_property
    def _folded_by_evidence(self) -> list[str]:
        texts: dict[str, list[str]] = defaultdict(list)
        for unit in self.units:
            texts[unit.evidence_id].append(unit.text)
        return [fold("\n".join(parts)[:_LONGEST]) for parts in texts.values()]

    def _allows_standard(self, value: str) -> bool:
        """Return whether a value such as "SHA-256" is named here in another form, or no other one of its kind is."""
        standard = _STANDARD.fullmatch(value)
        if standard is None:
            return False
        named = re.findall(rf"(?<![^\W_]){standard['name']}[-_ ]?(\d{{1,4}})(?!\w)", self.text, re.IGNORECASE)
        return not named or standard["number"] in named

    @cached_property
    def _weekdays(self) -> set[str]:
        days = {moment.day_of_year for moment in self.moments}
        return {WEEKDAYS[day.weekday()].lower() for day in days if day is not None}

    def _has_id(self, fact: Fact) -> bool:
        number = int(fact.value)
        if (fact.noun, number) in self.ids or (("", number) in self.ids and fact.noun == "work item"):
            return True
        if not fact.noun:
            return fact.value in self.numbers or any(other == number for _, other in self.ids)
        return False

    def _has_number(self, fact: Fact) -> bool:
        value = fact.value
        if value in self.numbers or any(number.startswith(f"{value}.") for number in self.numbers if "." in value):
            return True
        if not fact.noun and value.isdigit() and any(other == int(value) for kind, other in self.ids if kind != "line"):
            return True
        if value.count(".") > 1:
            return False
        numbers = {float(number) for number in self.numbers if number.count(".") < 2}
        return float(value) in numbers or self._is_converted(float(value), fact.noun.lower(), numbers)

    def _is_converted(self, value: float, unit: str, numbers: set[float]) -> bool:
        """Return whether a size or a duration follows from a number or from two dates."""
        if size := _SIZES.get(unit):
            scales = (size, _SIZES.get(f"{unit[0]}i{unit[1:]}", size))
            slack = max(0.5, 0.01 * value)
            return any(abs(number / scale - value) <= slack for number in numbers for scale in scales if number > 999)
        seconds = SECONDS.get(unit) or SECONDS.get(unit.removesuffix("s"))
        if not seconds:
            return False
        known = [difference.total_seconds() for difference in list_differences(self.moments)]
        known += [86_400.0 * (first - second).days for first, second in _days_between(self.moments)]
        for name, scale in SECONDS.items():
            known += [number * scale for number in numbers if re.search(rf"(?<![\w.]){number:g} ?{name}", self.folded)]
        return any(abs(number - value * seconds) <= 0.5 * seconds for number in known)


class Knowledge:
    """Pieces of evidence with their records and rows by id."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        """Take the evidence by id."""
        self.sources = sources
        # The units live as long as their sources, so their ids stay theirs.
        self._alone: dict[int, Support] = {}

    @cached_property
    def everything(self) -> Support:
        """All units of all evidence."""
        return Support(unit for source in self.sources.values() for unit in (*source.units, source.call))

    @cached_property
    def texts(self) -> dict[str, Support]:
        """Each piece of evidence by itself."""
        return {name: Support(source.units) for name, source in self.sources.items()}

    def units_of(self, name: str) -> list[Unit]:
        """Return the units of one piece of evidence; none when it is not there."""
        return self.sources[name].units if name in self.sources else []

    def alone(self, unit: Unit) -> Support:
        """Return what one unit says by itself. Every sentence asks for it again, so it is kept."""
        return self._alone.setdefault(id(unit), Support([unit]))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every whole value of a field, a cell or an argument, in lower case."""
        units = self.everything.units
        values = {value.lower() for unit in units for value in unit.fields.values() if len(value) < 80}
        words = {part for value in values for part in re.split(r"[ ;,]", value)}
        return frozenset(values | {word for word in words if len(word) > 2})

    @cached_property
    def _owners(self) -> dict[tuple[str, int], list[Unit]]:
        found: dict[tuple[str, int], list[Unit]] = defaultdict(list)
        for source in self.sources.values():
            for unit in source.units:
                if unit.is_row or unit.is_record:
                    for identified in own_ids(unit, source.noun):
                        found[identified].append(unit)
        return found

    def owners(self, fact: Fact) -> list[Unit]:
        """Return the records and rows that an id or a plain number stands for."""
        number = int(fact.value)
        if fact.kind == "id" and fact.noun:
            return self._owners.get((fact.noun, number), [])
        return [unit for (_, other), units in self._owners.items() if other == number for unit in units]

    def extend(self, units: Iterable[Unit]) -> Support:
        """Return records and rows with all that is in them, and the calls that read them."""
        found: list[Unit] = []
        for unit in units:
            source = self.sources[unit.evidence_id]
            # What the call asked for holds for each row of its list, such as the project; its dates are limits.
            found += [unit, source.call if unit.is_record else _without_dates(source.call)]
            if unit.is_record:
                found += [inner for inner in source.units if inner.own == unit.places.start]
        return Support(found)

    def stands_in(self, unit: Unit) -> list[Unit]:
        """Return what stands around a quoted unit: its record with the tables in it, the totals, and the call.

        The line above a short list stands for its rows.
        """
        source = self.sources[unit.evidence_id]
        begin = unit.places.start if unit.is_record else unit.own
        short = sum(other.is_row for other in source.units) <= _SHORT_LIST
        around = [
            other
            for other in source.units
            if other.part == "head"
            or (unit.part == "head" and other.is_row and short)
            or (begin is not None and other.is_record and other.places.start == begin)
            or (begin is not None and other.own == begin and other.fields)
        ]
        return [unit, *around, source.call]


def _without_dates(call: Unit) -> Unit:
    """Return a call without the arguments that are dates."""
    kept = [line for line in call.text.split("\n") if not any(find_dates(line))]
    return replace(call, text="\n".join(kept))


def results_of(text: str) -> dict[str, set[str]]:
    """Return the results that a text tells, by the question that they answer."""
    found: dict[str, set[str]] = defaultdict(set)
    for match in RESULT.finditer(text):
        dimension, value = RESULTS[match[0].lower()]
        found[dimension].add(value)
    if _FAULT.search(text):
        found["fault"].add("failed")
    return found


def agrees(claimed: str, known: Iterable[str]) -> bool:
    """Return whether a result that a sentence claims is one of those that are known."""
    return not AGREES.get(claimed, frozenset({claimed})).isdisjoint(known)


def own_ids(unit: Unit, noun: str) -> set[tuple[str, int]]:
    """Return what a record or row is, such as ("build", 39), and not what it is linked to.

    Without an `id`, the field that has the name of the kind is its own: a comparison is about its `build`, and its
    `good_build` is another one.
    """
    own = unit.fields.get("id", "")
    if own.isdigit():
        return {(kind_of_id(unit.fields, noun), int(own))}
    if "id" in unit.fields:
        return set()
    named = {(KINDS[name], int(value)) for name, value in unit.fields.items() if name in KINDS and value.isdigit()}
    kinds = {"build", noun}
    return {one for one in named if one[0] in kinds} or {one for one in unit.ids if one[0] in kinds}


def _has_in_order(text: str, patterns: Iterable["re.Pattern[str]"]) -> bool:
    position = 0
    for pattern in patterns:
        found = pattern.search(text, position)
        if found is None:
            return False
        position = found.end()
    return True


def _days_between(moments: Iterable[Moment]) -> list[tuple[date, date]]:
    days = list(dict.fromkeys(d for moment in moments if (d := moment.day_of_year) is not None))[:40]
    return [(first, second) for first in days for second in days if first > second]


def has_cell(row: Unit, text: str) -> bool:
    """Return whether a row has a word as it is: "Active" is one state, and stands for all that is open as well."""
    return fold(text) in map(fold, row.fields.values())


def says(row: Unit, fact: Fact) -> bool:
    """Return whether a row says a fact."""
    if fact.kind == "result":
        return agrees(fact.value, results_of(row.text)[fact.noun])
    return Support([row]).has(fact)
