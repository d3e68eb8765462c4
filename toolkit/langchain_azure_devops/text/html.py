"""HTML from work items as Markdown: the words and their structure, without scripts and other active content."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "table", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}
)
_AROUND = {"b": "**", "strong": "**", "i": "_", "em": "_", "code": "`"}
_SILENT = frozenset({"script", "style", "head", "title"})
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w*);|<!--")
# A private character that replaces the spaces of preformatted text while lines are trimmed.
_KEPT_SPACE = "\ue000"


def _joins(around: str) -> bool:
    """Return whether two characters belong to one word."""
    return re.fullmatch(r"\w\w", around) is not None


class _Markdown(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._preformatted = 0
        self._links: list[str] = []
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
        if tag in _SILENT:
            self._silent += 1
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag == "img":
            self.parts.append(f"[image: {values.get('alt') or values.get('src') or ''}]")
        elif tag == "a":
            self._links.append(values.get("href") or "")
        elif tag == "pre":
            self._preformatted += 1
            self.parts.append("\n```\n")
        elif tag in _BLOCKS:
            self.parts.append("\n" + "#" * int(tag[1]) + " " if re.fullmatch("h[1-6]", tag) else "\n")
        elif tag in _AROUND:
            self._begin(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            target = self._links.pop()
            if target and not "".join(self.parts[-2:]).endswith(target):
                self.parts.append(f" ({target})")
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
            self.parts.append("\n```\n")
        elif tag in _BLOCKS and tag != "br":
            self.parts.append("\n")
        elif tag in _AROUND:
            self._end(tag)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._preformatted:
            self.parts.append(data.strip("\r\n").replace(" ", _KEPT_SPACE))
        else:
            self.parts.append(re.sub(r"[ \t\r\n\u00a0]+", " ", data))


def html_to_markdown(html: str) -> str:
    """Convert a field that may be HTML; text without tags and entities is returned unchanged."""
    if not _MARKUP.search(html):
        return html
    parser = _Markdown()
    parser.feed(html)
    parser.close()
    lines = (line.strip() for line in parser.text().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip().replace(_KEPT_SPACE, " ")
