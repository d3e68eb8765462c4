"""Links of a report: every citation and every write leads to the page of its record, row or line."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from azure_devops_agents.evidence.pages import page_of, page_of_quote
from azure_devops_agents.evidence.record import Evidence, number_of
from azure_devops_agents.reports.outline import added_statements, one_line, safe_url
from azure_devops_agents.reports.quotes import QuoteFinder
from azure_devops_agents.reports.report import SECTIONS, split_gap
from azure_devops_agents.reports.words.citations import Citation, cited_in, find_citations

_EVERY_SECTION = (*SECTIONS, "unverified")
_CITING = ("facts", *_EVERY_SECTION)
_ID = re.compile(r"E\d+")
_LONGEST_TITLE = 120


def add_places(report: Mapping[str, Any], evidence: Mapping[str, Evidence], texts: Mapping[str, str]) -> dict[str, Any]:
    """Add to every statement the page and the lines in which its quote stands, by the id of the evidence.

    Args:
        report: The report.
        evidence: The index of the thread.
        texts: The text of each piece of evidence.
    """
    finder = QuoteFinder(texts)
    found = {
        name: [{**entry, "places": _places(entry, evidence, texts, finder)} for entry in report[name]]
        for name in _EVERY_SECTION
        if name in report
    }
    return {**report, **found}


def _places(
    statement: Mapping[str, Any], evidence: Mapping[str, Evidence], texts: Mapping[str, str], finder: QuoteFinder
) -> dict[str, dict[str, str]]:
    quote = str(statement.get("quote") or "")
    cited = [identifier for identifier in statement["evidence"] if identifier in evidence]
    places = {}
    for identifier, lines in finder.find_in_each(quote, cited).items() if quote.strip() else ():
        page = page_of_quote(evidence[identifier].get("urls"), texts[identifier], lines, quote)
        places[identifier] = {"url": safe_url(page.url), "line": page.lines}
    return places


def list_links(report: Mapping[str, Any], evidence: Mapping[str, Evidence]) -> dict[str, dict[str, str]]:
    """Return what the report cites, in order: what each piece of evidence is called, and its page."""
    cited = {str(name) for section in _CITING for entry in report.get(section, ()) for name in entry["evidence"]}
    cited |= {str(name) for entry in added_statements(report) for name in entry["evidence"]}
    cited |= {str(row["evidence"]) for row in report.get("written", ())}
    cited |= set(cited_in(str(report.get("answer") or "")))
    gaps = [text for entries in (report.get("coverage") or {}).values() for text in entries]
    cited |= {split_gap(text)[0] for text in gaps}
    return {
        name: {"title": name_evidence(evidence[name]), "url": safe_url(page_of(evidence[name].get("urls")))}
        for name in sorted(cited & evidence.keys(), key=number_of)
    }


def name_evidence(entry: Evidence) -> str:
    """Return what a piece of evidence is called: the name of its record, or its summary."""
    return one_line(entry.get("caption") or entry["summary"] or entry["tool"])[:_LONGEST_TITLE]


def list_written(evidence: Iterable[Evidence]) -> list[dict[str, str]]:
    """Return what was written: what it is called, its title, and its page."""
    return [
        {
            "evidence": entry["id"],
            "tool": entry["tool"],
            "what": name_evidence(entry),
            "title": _title_of(entry),
            "url": safe_url(page_of(entry.get("urls"))),
        }
        for entry in evidence
        if entry["status"] == "written"
    ]


def _title_of(entry: Evidence) -> str:
    data = entry.get("data")
    return one_line(data.get("title") or "") if isinstance(data, Mapping) else ""


# -- citations in what is written ---------------------------------------------------------------------------------

_Write = Callable[[Evidence], str]
_TITLE = "title"
"""An argument of one short line, which has no room for an address."""
_VALUE = "value"
"""The place of the text in an argument that is a list of named fields."""


def replace_citations(
    arguments: Mapping[str, Any], evidence: Mapping[str, Evidence], markdown: Collection[str]
) -> dict[str, Any]:
    """Replace evidence ids by links, because readers of a work item cannot resolve them.

    An id becomes a link to the page of its evidence. In a title, and without a page, it becomes the name of the
    evidence. A tag that is only an id is left out, and so is a citation such as `(E9)` of evidence that the thread does
    not have. Blocks of code, addresses, and words in which such an id is a part of something else stay.

    Args:
        arguments: The arguments of the write that hold text.
        evidence: The evidence of the thread that they may cite.
        markdown: The names of those in which Markdown is rendered; all others get plain addresses.
    """
    return {
        name: _replace(
            value, evidence, _as_markdown if name in markdown else _short_name if name == _TITLE else _as_plain
        )
        for name, value in arguments.items()
    }


def _replace(value: Any, evidence: Mapping[str, Evidence], write: _Write) -> Any:
    if isinstance(value, str):
        return _replace_in_text(value, evidence, write)
    if isinstance(value, Mapping):
        return {
            name: _replace_in_text(part, evidence, write) if name == _VALUE and not _is_value(part) else part
            for name, part in value.items()
        }
    if isinstance(value, list):
        kept = [part for part in value if not isinstance(part, str) or part.strip() not in evidence]
        return [_replace(part, evidence, _short_name if isinstance(part, str) else write) for part in kept]
    return value


def _is_value(part: Any) -> bool:
    """Return whether a named field holds no sentence; `E3` alone may be the name of an edition."""
    return not isinstance(part, str) or _ID.fullmatch(part.strip()) is not None


def _replace_in_text(text: str, evidence: Mapping[str, Evidence], write: _Write) -> str:
    pieces, position = [], 0
    for citation in find_citations(text):
        pieces += [text[position : citation.start], _rewrite(citation, text, evidence, write)]
        position = citation.end
    return "".join((*pieces, text[position:]))


def _rewrite(citation: Citation, text: str, evidence: Mapping[str, Evidence], write: _Write) -> str:
    """Return what is written in place of a citation."""
    known = list(dict.fromkeys(write(evidence[name]) for name in citation.ids if name in evidence))
    links = ", ".join(known)
    match citation.form:
        case "brackets":
            return f"{' ' if citation.start else ''}({links})" if links else ""
        case "word":
            return f"{citation.lead}{links}" if links else ""
        case _:
            return links or text[citation.start : citation.end]


def _as_markdown(entry: Evidence) -> str:
    name, url = _short_name(entry), safe_url(page_of(entry.get("urls")))
    return f"[{name}]({url})" if url else name


def _as_plain(entry: Evidence) -> str:
    return safe_url(page_of(entry.get("urls"))) or _short_name(entry)


def _short_name(entry: Evidence) -> str:
    """Return a name without characters that mean something in Markdown."""
    return re.sub(r"[\[\]()<>`*|]", "", name_evidence(entry)).strip() or entry["tool"]
