"""HTML from work items as Markdown: the words and their structure, without scripts and other active content."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "table", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
)
_AROUND = {"b": "**", "strong": "**", "i": "_", "em": "_", "code": "`", "s": "~~", "del": "~~", "strike": "~~"}
_SILENT = frozenset({"script", "style", "head", "title"})
_ELEMENTS = """
    a abbr acronym address area article aside audio base basefont bdi bdo big body button canvas caption center cite
    col colgroup data datalist dd details dfn dialog dir dl dt embed fieldset figcaption figure font footer form frame
    frameset header hgroup html iframe img input ins kbd label legend li link main map mark marquee menu meta meter
    nav nobr noframes noscript object optgroup option output param picture progress q rp rt ruby samp section select
    slot small source span strike sub summary sup svg tbody td template textarea tfoot th thead time track tt u var
    video wbr math path g image line
"""
_INLINE = frozenset(re.findall(r"\w+", _ELEMENTS))
"""The other elements of HTML: their content is shown without a mark."""
_OFFICE = re.compile(r"(?:a|m|mc|o|pic|st1|v|w|wp|x):[\w-]+")
"""The elements of office programs, which they paste along with their texts."""
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w*);|<!--")
# Private characters that replace white space of preformatted text and of indents while lines are trimmed.
_KEPT = {" ": "\ue000", "\t": "\ue001", "\n": "\ue002"}
_KEEP, _RELEASE = str.maketrans(_KEPT), str.maketrans({kept: plain for plain, kept in _KEPT.items()})
# What Markdown would take for a tag, an entity, or emphasis.
_TAG_LIKE = re.compile(r"<(?=[a-zA-Z/!?])")
_ENTITY_LIKE = re.compile(r"&(?=(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]\w*);)")
_STARRED = re.compile(r"\*(?=\S(?:[^*\n]*\S)?\*)|(?<=\S)\*(?=[\s.,;:!?)]|$)")


def _joins(around: str) -> bool:
    """Return whether two characters belong to one word."""
    return re.fullmatch(r"\w\w", around) is not None


def _escape(text: str) -> str:
    """Write a text so that Markdown shows it as it is, tags and entities in it included."""
    text = _TAG_LIKE.sub(r"\\<", _ENTITY_LIKE.sub("&amp;", text))
    return _STARRED.sub(r"\\*", text) if text.count("*") > 1 else text


class _Markdown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._preformatted = 0
        self._code = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []
        self._tables = 0
        self._row = 0
        self._cells = 0
        self._in_cell = False
        self._at_item = False
        self._quoted: dict[str, str] = {}
        self._open: list[tuple[str, int, int]] = []
        self._pairs: list[tuple[str, int, int, int, int]] = []
        self._length = self._counted = 0

    def text(self) -> str:
        """Return the Markdown. Emphasis inside a word or around nothing would only hide a name, so it is left out."""
        plain = "".join(self.parts)
        for mark, first, begin, last, end in self._pairs:
            if begin < end and not _joins(plain[begin - 1 : begin + 1]) and not _joins(plain[end - 1 : end + 1]):
                self.parts[first], self.parts[last] = mark, mark
        return "".join(self.parts)

    def _measure(self) -> int:
        """Return how many characters there are so far, without marks."""
        self._length += sum(map(len, self.parts[self._counted :]))
        self._counted = len(self.parts)
        return self._length

    def _begin(self, tag: str) -> None:
        self._open.append((tag, len(self.parts), self._measure()))
        self.parts.append("")

    def _end(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            _, first, begin = self._open.pop()
            self._pairs.append((_AROUND[tag], first, begin, len(self.parts), self._measure()))
            self.parts.append("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if _is_text(tag):
            self._quote(tag)
        elif tag in _SILENT:
            self._silent += 1
        elif self._preformatted and tag != "pre":
            self.parts += [_KEPT["\n"]] if tag == "br" else []
        elif tag == "li":
            self._begin_item()
        elif tag in {"table", "tr", "td", "th"}:
            self._begin_table(tag)
        elif tag == "img":
            self._add_image(values)
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self.parts)))
            self.parts.append("")
        elif tag == "pre":
            self._preformatted += 1
            self.parts.append("\n```\n")
        elif tag in _AROUND:
            self._code += tag == "code"
            self._begin(tag)
        elif tag in _BLOCKS:
            self._begin_block(tag, values)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if not _is_text(tag):
            self.handle_endtag(tag)

    def _quote(self, tag: str) -> None:
        """Show a tag as the text that somebody wrote in angle brackets, in the same letters."""
        text = self.get_starttag_text() or f"<{tag}>"
        self._quoted[tag] = text[1 : 1 + len(tag)]
        self.handle_data(text)

    def _begin_item(self) -> None:
        depth = max(len(self._lists), 1)
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        marker = "- " if number is None else f"{number}. "
        self.parts.append("\n" + _KEPT[" "] * 3 * (depth - 1) + marker)
        self._at_item = True

    def _begin_table(self, tag: str) -> None:
        if tag == "table":
            self._tables += 1
            if self._tables == 1:
                self._row = 0
                self.parts.append("\n\n")
        elif self._tables > 1:
            self.parts.append(" ")
        elif tag == "tr":
            self._end_row()
            self._cells = 0
            self.parts.append("\n|")
        else:
            self._end_cell()
            self._cells += 1
            self._in_cell = True
            self.parts.append(" ")

    def _end_cell(self) -> None:
        if self._in_cell:
            self.parts.append(" |")
        self._in_cell = False

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._row += 1
            if self._row == 1:
                self.parts.append("\n|" + " --- |" * self._cells)
        self._cells = 0

    def _add_image(self, values: dict[str, str | None]) -> None:
        source, words = values.get("src") or "", values.get("alt") or ""
        words = re.sub(r"[\[\]\s]+", " ", words).strip()
        shown = source and not source.lower().startswith("data:")
        self.parts.append(f"![{words}]({_as_target(source)})" if shown else f"[image: {words}]")

    def _begin_block(self, tag: str, values: dict[str, str | None]) -> None:
        if tag in {"ul", "ol"}:
            start = values.get("start") or "1"
            self._lists.append(None if tag == "ul" else int(start) if start.isdecimal() else 1)
        if self._in_cell:
            self.parts.append("<br>" if tag == "br" else " ")
        elif tag == "hr":
            self.parts.append("\n\n---\n\n")
        elif re.fullmatch("h[1-6]", tag):
            self.parts.append("\n" + "#" * int(tag[1]) + " ")
        elif tag in {"ul", "ol"} and len(self._lists) > 1:
            pass
        elif not (self._at_item and tag in {"p", "div"}):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if _is_text(tag):
            self.handle_data(f"</{self._quoted.get(tag, tag)}>")
        elif tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif self._preformatted and tag != "pre":
            pass
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
            self.parts.append("\n```\n")
        elif tag in {"table", "tr", "td", "th"}:
            self._end_table(tag)
        elif tag in _AROUND:
            self._code = max(0, self._code - (tag == "code"))
            self._end(tag)
        elif tag in _BLOCKS and tag not in {"br", "hr"}:
            if tag in {"ul", "ol"} and self._lists:
                self._lists.pop()
            self.parts.append(" " if self._in_cell else "\n")

    def _end_table(self, tag: str) -> None:
        if tag == "table":
            if self._tables == 1:
                self._end_row()
                self.parts.append("\n\n")
            self._tables = max(0, self._tables - 1)
        elif self._tables <= 1:
            self._end_row() if tag == "tr" else self._end_cell()

    def _end_link(self, target: str, at: int) -> None:
        words = "".join(self.parts[at:]).strip()
        if not target or target.startswith("#") or target.lower().startswith("javascript:"):
            return
        if not words:
            self.parts.append(target)
        elif words != target:
            self.parts[at] = "["
            self.parts.append(f"]({_as_target(target)})")
            # The bracket stands before what was counted.
            self._length += at < self._counted

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._preformatted:
            self.parts.append(data.replace("\r\n", "\n").translate(_KEEP))
            return
        text = re.sub(r"[ \t\r\n\u00a0]+", " ", data)
        if text.strip():
            self._at_item = False
        if not self._code:
            text = _escape(text)
        self.parts.append(text.replace("|", "\\|") if self._in_cell else text)


def _is_text(tag: str) -> bool:
    """Return whether no browser knows an element: somebody wrote a text in angle brackets, such as `List<String>`."""
    known = tag in _SILENT or tag in _BLOCKS or tag in _AROUND or tag in _INLINE
    return not known and _OFFICE.fullmatch(tag) is None


def _as_target(url: str) -> str:
    """Return an address in the form of a Markdown target."""
    return re.sub(r"\s", "%20", url).replace("(", "%28").replace(")", "%29")


def html_to_markdown(html: str) -> str:
    """Convert a field that may be HTML; text without tags and entities is returned unchanged."""
    if not _MARKUP.search(html):
        return html
    parser = _Markdown()
    parser.feed(html)
    parser.close()
    lines = (line.strip() for line in parser.text().split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    # A code block has no empty line at its ends that the preformatted text did not show.
    text = re.sub(f"```\n{_KEPT[chr(10)]}", "```\n", re.sub(f"{_KEPT[chr(10)]}\n```", "\n```", text))
    return text.translate(_RELEASE)
