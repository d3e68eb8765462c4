"""The outline of a report: its sections in the order in which people read them, the same for every form.

The terminal, the Markdown and the page show what stands here, so that a section has one title and one place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

from azure_devops_agents.reports.report import split_gap
from azure_devops_agents.reports.words.citations import link_citations

VERDICTS = {
    "answered": "Answered",
    "incident": "Incident",
    "no_incident": "No incident",
    "inconclusive": "Inconclusive",
}
"""The words for each verdict; any other verdict is shown as it is."""
STATEMENTS = {
    "observed": "Observed",
    "inferred": "Inferred",
    "hypotheses_rejected": "Hypotheses rejected",
    "not_determined": "Not determined",
    "unverified": "Not verified",
    "answer_unverified": "Not verified in the answer",
}
"""The sections that consist of statements, in order, with their titles."""
NOT_KNOWN = "not known"
"""The value of a fact that was asked for and not found out."""
UNVERIFIED = STATEMENTS["unverified"]
"""The words before the reason why the evidence does not support a fact."""
TIMELINE, SECOND_LOOK, WRITTEN, COVERAGE, SOURCES = "Time line", "Second look", "Written", "Not covered", "Sources"
_LOOKS = {
    "agrees": "An independent pass came to the same result.",
    "disagrees": "An independent pass came to another result. Trust this report less until the difference is settled.",
    "failed": "The second look failed, so nothing was compared.",
    "left_out": "No independent pass looked at this report.",
}
_GAPS = {
    "partial": "Read in part",
    "not_written": "Not written",
    "limits": "Limit reached",
    "failure": "Ended early",
    "unknown": "Unknown",
}
REASONING = "Reasoning"
"""The label of the line that says how an inferred statement follows from its evidence."""
_CODE = re.compile(r"(`[^`]+`)")
_EMPHASIS = re.compile(
    r"\*\*|(?<![\w*])\*(?=\w)|(?<=[\w.!?:])\*(?![\w*])|(?<!\w)_{1,2}(?=\w)|(?<=[\w.!?:])_{1,2}(?!\w)"
)
"""A mark of emphasis outside code; an asterisk between blanks and an underline in a name are none."""
_LINK = re.compile(r"https?://[!#$%&*+,./0-9:;=?@A-Z_a-z~-]+")


@dataclass(frozen=True)
class Reference:
    """A citation: what it is called, and the web page that shows it; `url` is empty when there is none."""

    id: str
    title: str
    url: str

    @property
    def label(self) -> str:
        """The citation in a few characters, such as `E3, line 12`."""
        return f"{self.id}, {self.title}" if self.title else self.id


@dataclass(frozen=True)
class Point:
    """One statement or gap, with what it rests on.

    Attributes:
        text: One line.
        references: What it cites.
        lead: What stands before the text, such as the kind of a gap or a time.
        reasoning: How an inferred statement follows.
        quote: What the evidence says literally, a row on each line; empty when the text itself holds it.
        problem: Why it is not verified.
    """

    text: str
    references: tuple[Reference, ...] = ()
    lead: str = ""
    reasoning: str = ""
    quote: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Section:
    """A section of a report, which has at least one point."""

    key: str
    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Moment:
    """A row of the time line: when it happened in UTC, what, and what says so."""

    time: str
    text: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Outline:
    """A whole report in the order in which people read it.

    Attributes:
        notice: What people must know before they read it; mostly empty.
        verdict: As people read it.
        answer: Markdown.
        facts: The facts that a program reads, each with its name as the lead.
        timeline: Empty unless enough dated facts are known.
        sections: Those that have something to say.
        sources: What the report cites, each with its page.
        footer: What the question cost, and what to know of the links; each on a line of its own.
    """

    notice: str
    verdict: str
    answer: str
    facts: tuple[Point, ...]
    timeline: tuple[Moment, ...]
    sections: tuple[Section, ...]
    sources: tuple[Reference, ...]
    footer: tuple[str, ...]


def outline(report: Mapping[str, Any]) -> Outline:
    """Return the outline of a report."""
    verdict = str(report.get("verdict") or "inconclusive")
    links: Mapping[str, Any] = report.get("links") or {}
    about: Mapping[str, Any] = report.get("about") or {}
    sections = [
        Section(key, title, tuple(_statement(key, entry, links) for entry in report[key]))
        for key, title in STATEMENTS.items()
        if report.get(key)
    ]
    if looked := tuple(_second_look(report, links)):
        sections.append(Section("second_look", SECOND_LOOK, looked))
    if written := report.get("written"):
        sections.append(Section("written", WRITTEN, tuple(_written(entry) for entry in written)))
    if gaps := tuple(_gaps(report.get("coverage") or {}, links)):
        sections.append(Section("coverage", COVERAGE, gaps))
    ended = one_line(about.get("links") or "") if links else ""
    return Outline(
        notice=one_line(about.get("notice") or ""),
        verdict=_name_verdict(verdict) + (", a second look disagrees" if _disagrees(report) else ""),
        answer=link_citations(str(report.get("answer") or ""), _addresses(links)),
        facts=tuple(_fact(entry, links) for entry in report.get("facts") or ()),
        timeline=tuple(
            Moment(str(row["time"]), one_line(row["text"]), _references(row, links))
            for row in report.get("timeline") or ()
        ),
        sections=tuple(sections),
        sources=tuple(_source(identifier, entry) for identifier, entry in links.items()),
        footer=tuple(filter(None, (describe_usage(_usage(report)), _name_cut(report), ended))),
    )


def _addresses(links: Mapping[str, Any]) -> dict[str, str]:
    return {name: url for name, entry in links.items() if (url := safe_url(entry.get("url")))}


def added_statements(report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the statements that the second look adds to a report."""
    return (report.get("second_look") or {}).get("added") or ()


def _name_verdict(verdict: str) -> str:
    return VERDICTS.get(verdict) or verdict.replace("_", " ").capitalize()


def _disagrees(report: Mapping[str, Any]) -> bool:
    return (report.get("second_look") or {}).get("result") == "disagrees"


def _second_look(report: Mapping[str, Any], links: Mapping[str, Any]) -> Iterator[Point]:
    """Yield the result of the second look, how it differs, its own answer, and what it adds."""
    looked: Mapping[str, Any] = report.get("second_look") or {}
    if not looked:
        return
    yield Point(_LOOKS[str(looked["result"])])
    lead = "Reason" if looked["result"] in {"left_out", "failed"} else "Difference"
    yield from (Point(one_line(entry), lead=lead) for entry in looked["differences"])
    if _disagrees(report):
        yield Point(one_line(looked["answer"]), lead=f"Its answer ({_name_verdict(str(looked['verdict']))})")
    yield from (replace(_point(entry, links), lead="Added") for entry in looked["added"])


def one_line(text: object) -> str:
    """Put a text on one line with single spaces."""
    return " ".join(str(text).split())


def safe_url(url: object) -> str:
    """Return a web address that every form can show as a link; empty for anything else."""
    return str(url) if url and _LINK.fullmatch(str(url)) else ""


def _usage(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a question cost; no tokens where no language model got any."""
    usage: Mapping[str, Any] = report.get("usage") or {}
    keyless = (report.get("about") or {}).get("language_model") is False
    return {name: value for name, value in usage.items() if not (keyless and name == "tokens")}


def _name_cut(report: Mapping[str, Any]) -> str:
    """Say which reads the time limit cut; empty when it cut none."""
    cut = tuple(map(str, (report.get("usage") or {}).get("cut") or ()))
    return f"The time limit of the question cut {', '.join(cut)}; see “{COVERAGE}”." if cut else ""


def describe_usage(usage: Mapping[str, Any]) -> str:
    """Say in one line what a question cost: tool calls, tokens, time, and money where prices are known."""
    parts = []
    if (calls := usage.get("calls")) is not None:
        parts.append(f"{calls:,} tool call{'' if calls == 1 else 's'}")
    if tokens := usage.get("tokens"):
        parts.append(f"{'about ' if usage.get('estimated') else ''}{tokens:,} tokens")
    if (seconds := usage.get("seconds")) is not None:
        parts.append(_describe_seconds(float(seconds)))
    if (cost := usage.get("cost")) is not None:
        amount, currency = f"{cost:.{2 if cost >= 0.1 else 4}f}", one_line(usage.get("currency") or "")
        parts.append(f"{amount} {currency}" if currency else f"cost {amount}")
    return " · ".join(parts)


def _describe_seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _statement(section: str, entry: Mapping[str, Any], links: Mapping[str, Any]) -> Point:
    point = _point(entry, links)
    return replace(point, text=_plain_words(point.text)) if section == "answer_unverified" else point


def _fact(entry: Mapping[str, Any], links: Mapping[str, Any]) -> Point:
    text = ", ".join(map(one_line, entry["values"])) or NOT_KNOWN
    lead = one_line(entry["name"]).replace("_", " ").capitalize()
    return Point(text, _references(entry, links), lead=lead, problem=one_line(entry.get("problem") or ""))


def _point(entry: Mapping[str, Any], links: Mapping[str, Any]) -> Point:
    text, quote = one_line(entry["statement"]), _rows(str(entry.get("quote") or ""))
    section = STATEMENTS.get(str(entry.get("section") or ""), "")
    return Point(
        text,
        _references(entry, links),
        lead=section,
        reasoning=one_line(entry.get("reasoning") or ""),
        quote="" if _holds(text, str(entry.get("quote") or "")) else quote,
        problem=one_line(entry.get("problem") or ""),
    )


def _holds(text: str, quote: str) -> bool:
    """Return whether a text holds the cells of a quote literally in their order, so that the quote tells no more."""
    place, said = 0, text.replace("_", " ")
    for cell in (one_line(part).replace("_", " ") for part in re.split(r"[\t\r\n]", quote)):
        if re.search(r"\w", cell):
            found = said.find(cell, place)
            if found < 0:
                return False
            place = found + len(cell)
    return True


def _rows(quote: str) -> str:
    """Return a quote with each of its rows on a line of its own; the cells of a row stand two blanks apart."""
    rows = (re.sub(r"\s*\t\s*", "  ", row.rstrip()) for row in quote.splitlines() if row.strip())
    return dedent("\n".join(rows))


def _plain_words(sentence: str) -> str:
    """Return a sentence of the answer without its marks of emphasis, of which it may hold only one half."""
    return "".join(part if place % 2 else _EMPHASIS.sub("", part) for place, part in enumerate(_CODE.split(sentence)))


def _references(entry: Mapping[str, Any], links: Mapping[str, Any]) -> tuple[Reference, ...]:
    """Return what an entry cites, with the page of the very line where it is known."""
    places: Mapping[str, Any] = entry.get("places") or {}
    return tuple(
        Reference(
            identifier,
            one_line((places.get(identifier) or {}).get("line") or ""),
            safe_url((places.get(identifier) or {}).get("url") or (links.get(identifier) or {}).get("url")),
        )
        for identifier in map(str, entry.get("evidence") or ())
    )


def _written(entry: Mapping[str, Any]) -> Point:
    title = one_line(entry.get("title") or "")
    what = one_line(entry.get("what") or entry.get("tool") or "")
    reference = Reference(str(entry.get("evidence") or ""), "", safe_url(entry.get("url")))
    return Point(title, (reference,), lead=what)


def _gaps(coverage: Mapping[str, Sequence[str]], links: Mapping[str, Any]) -> Iterator[Point]:
    for status, entries in coverage.items():
        # What was written has a section of its own.
        for entry in entries if status != "written" else ():
            text = one_line(entry)
            identifier, rest = split_gap(text)
            known = identifier in links
            lead = _GAPS.get(status, status.replace("_", " ").capitalize())
            cited = {"evidence": [identifier] if known else []}
            yield Point(rest if known else text, _references(cited, links), lead=lead)


def _source(identifier: str, entry: Mapping[str, Any]) -> Reference:
    return Reference(identifier, one_line(entry.get("title") or ""), safe_url(entry.get("url")))
