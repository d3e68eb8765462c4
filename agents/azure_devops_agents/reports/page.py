"""A report as one page of HTML: it loads nothing, runs nothing, and keeps the evidence folded in.

Every text in it may be hostile. All of it is escaped, the answer is rendered without HTML of its own, and a content
security policy forbids scripts and every connection, should something escape anyway.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt

from azure_devops_agents.evidence.record import Evidence, given_arguments
from azure_devops_agents.reports.about import describe_time
from azure_devops_agents.reports.markdown import contain, one_line_markdown
from azure_devops_agents.reports.outline import (
    REASONING,
    STATEMENTS,
    TIMELINE,
    UNVERIFIED,
    Outline,
    Point,
    Reference,
    one_line,
    outline,
    safe_url,
)
from azure_devops_agents.reports.quotes import QuoteFinder
from langchain_azure_devops.text import clean, join_halves

DEFAULT_TITLE = "Investigation report"
_EVIDENCE = "Evidence"
_CHECKED = "Code compared its statements with the evidence above; check what you act on."
_UNTRUSTED = "People or builds wrote some of this text. It may be wrong, and it may try to mislead."
_MOST_TITLE = 300
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?)?")
"""A date or time, which a browser would otherwise break at its hyphens."""
_AN_HOUR, _A_DAY = 3_600, 86_400
_A_DATE = len("2026-11-18")


def render_page(
    report: Mapping[str, Any], evidence: Mapping[str, Evidence], texts: Mapping[str, str], title: str = ""
) -> str:
    """Render a report as a self-contained page.

    Args:
        report: The report, as the graph stores it.
        evidence: The index of the thread; what the report cites is folded in.
        texts: The text of each piece of evidence by its id.
        title: The heading, such as the question.
    """
    heading = one_line(title)[:_MOST_TITLE] or DEFAULT_TITLE
    found = outline(report)
    verdict = str(report.get("verdict") or "inconclusive")
    body = "\n".join(
        [
            *_head(report, found, verdict, heading),
            *_facts(found),
            *_timeline(found),
            *(part for section in found.sections for part in _section(section.title, section.points, found)),
            *_evidence(report, found, evidence, texts),
            *_footer(report, found),
        ]
    )
    return join_halves(clean(_frame(heading, body)))


def _frame(heading: str, body: str) -> str:
    style = _load_style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{escape(heading)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


@cache
def _load_style() -> str:
    return (files("azure_devops_agents.reports") / "page.css").read_text(encoding="utf-8")


class _Parser(MarkdownIt):
    """A parser of Markdown that makes links of web addresses only."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the name that the parser calls
        """Return whether an address may become a link."""
        return bool(safe_url(url))


@cache
def _markdown() -> MarkdownIt:
    """Return the parser of the answer: no HTML, no images, and links to web addresses only."""
    parser = _Parser("commonmark", {"html": False}).enable("table").disable("image")
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("text", lambda _, tokens, place, *__: _text(tokens[place].content))
    parser.add_render_rule("th_open", lambda *_: '<th scope="col">')
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _open_link(_: object, tokens: Sequence[Any], place: int, *__: object) -> str:
    return f'<a href="{escape(str(tokens[place].attrs.get("href", "")))}" rel="noopener noreferrer">'


def _text(text: str) -> str:
    """Escape a text, and keep its dates on one line."""
    return _DATE.sub(r'<span class="date">\g<0></span>', escape(text))


def _inline(text: str) -> str:
    return str(_markdown().renderInline(one_line_markdown(text)))


def _head(report: Mapping[str, Any], found: Outline, verdict: str, heading: str) -> Iterator[str]:
    about: Mapping[str, Any] = report.get("about") or {}
    if found.notice:
        yield f'<p class="notice">{escape(found.notice)}</p>'
    yield f'<p class="verdict {escape(verdict)}">{escape(found.verdict)}</p>'
    yield f"<h1>{escape(heading)}</h1>"
    project = f"project {about['project']}" if about.get("project") else ""
    parts = (about.get("organization"), project, about.get("time"), about.get("model"))
    known = [one_line(part) for part in parts if part]
    if known:
        yield f'<p class="meta">{_text(" · ".join(known))}</p>'
    yield f'<div class="answer">{_markdown().render(contain(found.answer))}</div>'


def _footer(report: Mapping[str, Any], found: Outline) -> Iterator[str]:
    keyless = (report.get("about") or {}).get("language_model") is False
    lines = (*found.footer, f"{'No' if keyless else 'A'} language model wrote this report. {_CHECKED}")
    yield f"<footer>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</footer>"


def _facts(found: Outline) -> Iterator[str]:
    if not found.facts:
        return
    names = {source.id: source.title for source in found.sources}
    yield '<div class="scroll" tabindex="0"><table class="facts">'
    for fact in found.facts:
        problem = f'<p class="problem">{UNVERIFIED}: {escape(fact.problem)}</p>' if fact.problem else ""
        yield (
            f'<tr><th scope="row">{escape(fact.lead)}</th><td>{_text(fact.text)} '
            f"{_references(fact.references, names)}{problem}</td></tr>"
        )
    yield "</table></div>"


def _timeline(found: Outline) -> Iterator[str]:
    if not found.timeline:
        return
    names = {source.id: source.title for source in found.sources}
    yield f'<h2>{TIMELINE} <span class="meta">(UTC)</span></h2>\n<ol class="timeline">'
    before = ""
    for moment in found.timeline:
        if before and (gap := _describe_gap(before, moment.time)):
            yield f'<li class="gap" aria-hidden="true">{gap}</li>'
        before = moment.time
        yield (
            f'<li><time datetime="{escape(moment.time)}">{escape(moment.time)}</time>{_inline(moment.text)} '
            f"{_references(moment.references, names)}</li>"
        )
    yield "</ol>"


def _describe_gap(before: str, after: str) -> str:
    """Say how long it is from one time to the next; in whole days where only the day of one is known."""
    precise = len(before) == len(after) > _A_DATE
    try:
        first, second = (datetime.fromisoformat(time if precise else time[:_A_DATE]) for time in (before, after))
    except ValueError:  # The content policy removed one.
        return ""
    seconds = (second - first).total_seconds()
    if seconds < _AN_HOUR:
        return ""
    size, unit = (seconds / _A_DAY, "day") if seconds >= _A_DAY else (seconds / _AN_HOUR, "hour")
    return f"{size:.0f} {unit}{'' if round(size) == 1 else 's'} later"


def _section(title: str, points: Iterable[Point], found: Outline) -> Iterator[str]:
    names = {source.id: source.title for source in found.sources}
    yield f'<h2>{escape(title)}</h2>\n<ul class="points">'
    for point in points:
        lead = f'<span class="lead">{escape(point.lead)}:</span> ' if point.lead else ""
        yield f"<li>{lead}{_inline(point.text)} {_references(point.references, names)}"
        if point.reasoning:
            yield f'<p class="why">{REASONING}: {_inline(point.reasoning)}</p>'
        if point.problem:
            yield f'<p class="problem">{escape(point.problem)}</p>'
        if point.quote:
            yield f"<blockquote>{_text(point.quote)}</blockquote>"
        yield "</li>"
    yield "</ul>"


def _references(references: Iterable[Reference], names: Mapping[str, str]) -> str:
    """Cite evidence twice: where it is folded in on this page, and where the service shows it."""
    shown = []
    for reference in references:
        if not reference.id:
            continue
        text = ", ".join(part for part in (names.get(reference.id, ""), reference.title) if part) or "open"
        page = (
            f' <a href="{escape(reference.url)}" rel="noopener noreferrer">{escape(text)}</a>' if reference.url else ""
        )
        shown.append(f'<a href="#{escape(reference.id)}">{escape(reference.id)}</a>{page}')
    return f'<span class="sources">[{"; ".join(shown)}]</span>' if shown else ""


def _evidence(
    report: Mapping[str, Any], found: Outline, evidence: Mapping[str, Evidence], texts: Mapping[str, str]
) -> Iterator[str]:
    """Fold in what the report cites, with the lines that it quotes marked."""
    quoted = _find_quoted_lines(report, texts)
    cited = [source for source in found.sources if source.id in evidence]
    if cited:
        yield f"<h2>{_EVIDENCE}</h2>"
    for source in cited:
        entry = evidence[source.id]
        about = f"{entry['tool']} · {_describe_reading(entry)}"
        yield (
            f'<details class="evidence" id="{escape(source.id)}"><summary><b>{escape(source.id)}</b> '
            f'{_text(source.title)} <span class="meta">{_text(about)}</span></summary>\n<div>'
        )
        if source.url:
            yield f'<p><a href="{escape(source.url)}" rel="noopener noreferrer">Open in Azure DevOps</a></p>'
        given = ", ".join(f"{name}={value}" for name, value in given_arguments(entry["arguments"]).items())
        if given:
            yield f'<p class="meta">Asked for: {escape(one_line(given))}</p>'
        if entry["untrusted"]:
            yield f'<p class="meta untrusted">{_UNTRUSTED}</p>'
        text = texts.get(source.id) or "This text is not stored any more."
        marked = (
            f"<mark>{escape(line)}</mark>" if place in quoted.get(source.id, ()) else escape(line)
            for place, line in enumerate(text.split("\n"))
        )
        yield f'<pre tabindex="0">{chr(10).join(marked)}</pre></div></details>'


def _describe_reading(entry: Evidence) -> str:
    """Say how a call ended and when: `ok, read 2026-11-20 09:00 UTC`, or `written 2026-11-20 09:00 UTC`."""
    status, when = entry["status"].replace("_", " "), entry.get("read")
    if not when:
        return status
    try:
        time = describe_time(datetime.fromisoformat(when))
    except ValueError:
        # The index may come from a store that others can write.
        time = one_line(when)
    return f"{status} {time}" if status == "written" else f"{status}, read {time}"


def _find_quoted_lines(report: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, set[int]]:
    """Return the indices of the lines that the report quotes, by the id of the evidence."""
    finder = QuoteFinder(texts)
    places: dict[str, set[int]] = {}
    for section in STATEMENTS:
        for entry in report.get(section) or ():
            quote = str(entry.get("quote") or "")
            found = finder.find_in_each(quote, entry.get("evidence") or ()) if quote.strip() else {}
            for identifier, lines in found.items():
                places.setdefault(identifier, set()).update(lines)
    return places
