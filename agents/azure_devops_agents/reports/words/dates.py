"""Find dates and times in texts, in the forms in which services, logs and people write them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

_MONTHS: Mapping[str, int] = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januar februar m\u00e4rz april mai juni juli august september oktober november dezember",
        "janvier f\u00e9vrier mars avril mai juin juillet ao\u00fbt septembre octobre novembre d\u00e9cembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for number, name in enumerate(names.split(), 1)
}
_ENGLISH = list(_MONTHS)[:12]
_SHORT = {**{name[:3]: _MONTHS[name] for name in _ENGLISH}, "sept": 9, "okt": 10, "dez": 12}
_CAPITALIZED = frozenset({*_SHORT, *_ENGLISH})
"""Names that count only with a capital letter, as in English and German: "build 26 may pass"."""
_MONTH = rf"(?P<{{}}>{'|'.join(_MONTHS)}|(?:{'|'.join(_SHORT)}))"
_DAY = r"(?P<{}>[0-3]?\d)(?:st|nd|rd|th|er|\.(?= ?[^\W\d]))?"
_TIME = r"(?P<hour>[012]?\d):(?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d{1,7})?)?"
_ZONES = {"utc": 0, "gmt": 0, "z": 0, "cet": 1, "cest": 2, "bst": 1, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
          "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}  # fmt: skip
_ZONE = r"(?:\s?(?P<noon>[ap]m)\b)?(?:\s?(?P<zone>" + "|".join(_ZONES) + r"|[+-]\d\d:?\d\d)\b)?"
_SPOKEN = re.compile(
    rf"(?<![\w.])(?:{_DAY.format('day')}(?:\s(?:of|de))?\s{_MONTH.format('month')}(?:\.(?=,?\s20\d\d))?|"
    rf"{_MONTH.format('month2')}\.?\s{_DAY.format('day2')})(?![\w-])(?:,?\s(?:del?\s)?(?P<year>20\d\d)\b)?",
    re.IGNORECASE,
)
_ISO = re.compile(
    rf"(?<![\w-])(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)(?:(?:T|,?\s(?:at\s)?){_TIME}{_ZONE})?(?!\d)",
    re.IGNORECASE,
)
_NUMERIC = re.compile(r"(?<![\d./])(?P<a>[0-3]?\d)(?P<dot>[./])(?P<b>[0-3]?\d)(?P=dot)(?P<year>20\d\d)(?!\d)")
_WITHOUT_YEAR = re.compile(
    r"(?<![\d./])(?P<a>[0-3]?\d)(?P<dot>\.)(?P<b>[01]?\d)\.(?=,? (?:um|bis|von|ab|und|gegen)\b|,? \d?\d:\d\d)"
)
"""As in German: "am 17.11. um 08:52 Uhr"."""
_CLOCK = re.compile(rf"(?<![\w:.,-]){_TIME}{_ZONE}(?![\w:])", re.IGNORECASE)
_MONTH_ALONE = re.compile(
    r"\b(?:in|of|since|until|by|during|late|early|mid|last|im|seit|bis|en|depuis|desde)[\s-]"
    rf"{_MONTH.format('month')}\b(?:\s(?:del?\s)?(?P<year>20\d\d)\b)?",
    re.IGNORECASE,
)
_DAY_THEN_TIME = re.compile(r"(?: uhr)?,? (?:at |um |\u00e0 |a las |\()?", re.IGNORECASE)
_TIME_THEN_DAY = re.compile(
    r"(?: uhr)?,? (?:on |of |am |le |el )?(?:the )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?", re.IGNORECASE
)
"""What stands between a day and its time."""
_RANGE_BEGINS = re.compile(
    r"(?<![\w.#])(?P<day>[0-3]?\d)(?:st|nd|rd|th|\.)?"
    r"(?: ?[-\u2013] ?| (?:to|until|through|bis) |(?<=\bbetween \d) and |(?<=\bbetween \d\d) and )(?:the )?"
    r"(?:[^\W\d]{2,10},? )?$"
)


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BEFORE_DATE = re.compile(r"\.?,? [\0\d]")
"""The characters between a short weekday and its date. A mark stands for a date that was taken out before."""


@dataclass(frozen=True)
class Moment:
    """A point in time as far as a text gives it. Without a zone it is in UTC, as all results are."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    zone: timedelta = timedelta(0)

    @property
    def exact(self) -> datetime | None:
        """The moment in UTC; None when a part is missing."""
        if None in (self.year, self.month, self.day, self.hour):
            return None
        try:
            local = datetime(self.year, self.month, self.day, self.hour, self.minute or 0, tzinfo=UTC)  # type: ignore[arg-type] # checked above
        except ValueError:
            return None
        return local - self.zone

    @property
    def day_of_year(self) -> date | None:
        """The day; None when a part of it is missing."""
        try:
            return date(self.year or 0, self.month or 0, self.day or 0)
        except ValueError:
            return None

    def agrees(self, other: "Moment") -> bool:
        """Return whether another moment can be the same one: no part that both give differs."""
        if (exact := other.exact) is not None:
            there = exact + self.zone
            other = Moment(there.year, there.month, there.day, there.hour, there.minute)
        mine = (self.year, self.month, self.day, self.hour, self.minute)
        theirs = (other.year, other.month, other.day, other.hour, other.minute)
        shared = [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None and b is not None]
        asked = next(index for index, part in reversed(list(enumerate(mine))) if part is not None)
        return bool(shared) and all(a == b for a, b in shared) and (theirs[asked] is not None or asked > 2)


@dataclass(frozen=True)
class Written:
    """A date or time in a text: the forms that it may have, and its place."""

    start: int
    end: int
    readings: tuple[Moment, ...]


def find_dates(text: str) -> list[Written]:
    """Return the dates and times of a text in their order; none overlaps another."""
    found: list[Written] = []
    taken = bytearray(len(text))
    for pattern, read in (
        (_ISO, _read), (_SPOKEN, _read), (_NUMERIC, _read_numeric), (_WITHOUT_YEAR, _read_numeric), (_CLOCK, _read),
        (_MONTH_ALONE, _read),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]) and (readings := tuple(read(match))):
                found.append(Written(match.start(), match.end(), readings))
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    found += [begin for written in found for begin in _begin_range(text, written)]
    return list(_join(text, sorted(found, key=lambda written: written.start)))


def _begin_range(text: str, written: Written) -> Iterator[Written]:
    """Yield the first day of "16 to 20 November" or "Monday 16 to Friday 20 November", whose month comes later."""
    begin = _RANGE_BEGINS.search(text[: written.start]) if written.readings[0].month else None
    days = [moment for moment in written.readings if begin and moment.day and int(begin["day"]) < moment.day]
    if begin and days and not text[written.start : written.start + 4].isdigit():
        first = tuple(replace(moment, day=int(begin["day"]), hour=None, minute=None) for moment in days)
        yield Written(begin.start("day"), begin.end("day"), first)


def _join(text: str, found: Iterable[Written]) -> Iterator[Written]:
    """Yield dates and times; a day and the time beside it, in either order, are one moment."""
    waiting: Written | None = None
    for written in found:
        between = text[waiting.end : written.start] if waiting else ""
        if waiting and (pairs := _pair(waiting, written, between)):
            waiting = Written(waiting.start, written.end, pairs)
        else:
            if waiting:
                yield waiting
            waiting = written
    if waiting:
        yield waiting


def _pair(first: Written, second: Written, between: str) -> tuple[Moment, ...]:
    """Return the moments of a day and a time; none when they are no such pair."""
    begins = first.readings[0]
    words, days, times = _TIME_THEN_DAY, second, first
    if begins.hour is None:
        words, days, times = _DAY_THEN_TIME, first, second
    apart = all(day.hour is None and day.day is not None for day in days.readings)
    apart = apart and all(time.hour is not None and time.day is None for time in times.readings)
    if not apart or not words.fullmatch(between):
        return ()
    return tuple(
        replace(day, hour=time.hour, minute=time.minute, zone=time.zone)
        for day in days.readings for time in times.readings
    )  # fmt: skip


def list_differences(moments: Iterable[Moment]) -> set[timedelta]:
    """Return the time between any two of the first exact moments."""
    exact = list(dict.fromkeys(moment.exact for moment in moments if moment.exact))[:40]
    return {abs(first - second) for first in exact for second in exact if first != second}


def _read(match: "re.Match[str]") -> Iterator[Moment]:
    parts = match.groupdict()
    month = parts.get("month") or parts.get("month2") or ""
    if month in _CAPITALIZED:
        return
    name = month.lower()
    number = int(month) if month.isdigit() else _MONTHS.get(name) or _SHORT.get(name)
    hour = _number(parts.get("hour"))
    if hour is not None and parts.get("noon"):
        hour = hour % 12 + (12 if parts["noon"].lower() == "pm" else 0)
    moment = Moment(
        _number(parts.get("year")), number, _number(parts.get("day") or parts.get("day2")), hour,
        _number(parts.get("minute")), _zone(parts.get("zone")),
    )  # fmt: skip
    if 1 <= (moment.month or 1) <= 12 and 1 <= (moment.day or 1) <= 31 and (moment.hour or 0) < 24:
        yield moment


def _read_numeric(match: "re.Match[str]") -> Iterator[Moment]:
    """Yield both orders of day and month where slashes stand between them."""
    first, second, year = int(match["a"]), int(match["b"]), _number(match.groupdict().get("year"))
    orders = ((first, second),) if match["dot"] == "." else ((first, second), (second, first))
    for day, month in orders:
        if 1 <= month <= 12 and 1 <= day <= 31:
            yield Moment(year, month, day)


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _zone(text: str | None) -> timedelta:
    if not text:
        return timedelta(0)
    if text.lower() in _ZONES:
        return timedelta(hours=_ZONES[text.lower()])
    digits = text[1:].replace(":", "")
    return timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if text[0] == "-" else 1)


def find_weekday(word: str, after: str) -> str:
    """Return the weekday that a word names, also in the plural, or short in front of a date; empty when it is none."""
    if word.removesuffix("s") in WEEKDAYS:
        return word.removesuffix("s")
    short = len(word) >= 3 and _BEFORE_DATE.match(after)
    return next((day for day in WEEKDAYS if short and day.startswith(word)), "")
