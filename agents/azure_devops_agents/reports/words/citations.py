"""Find the ids of evidence that a text cites, such as `E3`, in the forms in which models write them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MOST_IN_RANGE = 50
_ID = r"E\d{1,4}"
_RANGE = r"\s*[-\u2013]\s*|\s+to\s+"
_LIST = rf"{_ID}(?:(?:\s*[,;/&]\s*|\s*(?:,\s*)?(?:and|or)\s+|{_RANGE}){_ID})*(?!\d)"
_LEAD = r"(?:see|cf\.?|evidence|sources?)[ :]+"
_CITATION = re.compile(
    rf"(?P<skipped>```[\s\S]*?(?:```|\Z)|\[[^\]\n]*\]\([^)\s]*\)|https?://\S+)"
    rf"|(?<!`)`(?P<code>(?-i:{_LIST}))`(?!`)"
    r"|(?P<other_code>(?<!`)`[^`\n]+`(?!`))"
    rf"|(?P<space>[ \t]*)(?:\((?:{_LEAD})*(?P<round>{_LIST})\)|\[(?P<square>{_LIST})\](?![(:]))"
    rf"|(?<![\w@#./\\-])(?P<lead>{_LEAD})(?P<led>{_LIST})(?![\w./\\-]*\w)"
    rf"|(?<![\w@#./\\-])(?P<alone>(?-i:{_LIST}))(?![\w/\\-]|\.\w)",
    re.IGNORECASE,
)
_EACH = re.compile(rf"({_ID})(?:({_RANGE})(?={_ID}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Citation:
    """A place of a text that names evidence.

    Attributes:
        start: Its first character, with the space before a bracket.
        end: The character after its last one.
        ids: The ids, with all those inside a range.
        form: How it is written: in brackets, after a word such as "see", as code, or alone in the sentence.
        lead: The word before it.
    """

    start: int
    end: int
    ids: tuple[str, ...]
    form: str
    lead: str = ""


def find_citations(text: str) -> Iterator[Citation]:
    """Yield the places that name evidence. Addresses, blocks of code, and longer words stay out of it.

    Alone and as code, only a capital letter makes an id: `e1` may be the name of a variable.
    """
    for found in _CITATION.finditer(text):
        for name, form in _FORMS.items():
            if found[name]:
                yield Citation(found.start(), found.end(), tuple(_read_ids(found[name])), form, found["lead"] or "")


_FORMS = {"code": "code", "round": "brackets", "square": "brackets", "led": "word", "alone": "alone"}


def cited_in(text: str) -> list[str]:
    """Return the ids of the evidence that a text names, each once."""
    return list(dict.fromkeys(name for citation in find_citations(text) for name in citation.ids))


def cited_by(value: object) -> frozenset[str]:
    """Return the ids of the evidence that the texts in plain data name, such as in the arguments of a call."""
    if isinstance(value, str):
        return frozenset(cited_in(value))
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return frozenset().union(*map(cited_by, parts))


def link_citations(text: str, links: dict[str, str]) -> str:
    """Make Markdown links of the ids in a text.

    Args:
        text: Markdown.
        links: The address of each piece of evidence that has one.
    """
    pieces, position = [], 0
    for citation in find_citations(text):
        shown = text[citation.start : citation.end]
        if citation.form == "code":
            shown = shown.strip("`")
        pieces += [text[position : citation.start], _link_each(shown, links)]
        position = citation.end
    return "".join((*pieces, text[position:]))


def _link_each(text: str, links: dict[str, str]) -> str:
    def link(found: "re.Match[str]") -> str:
        url = links.get(found[0].upper())
        return f"[{found[0]}]({url})" if url else found[0]

    return re.sub(rf"\b{_ID}\b", link, text, flags=re.IGNORECASE)


def _read_ids(listed: str) -> Iterator[str]:
    begin: int | None = None
    for found in _EACH.finditer(listed):
        number = int(found[1][1:])
        if begin is not None and begin < number <= begin + _MOST_IN_RANGE:
            yield from (f"E{between}" for between in range(begin + 1, number))
        yield f"E{number}"
        begin = number if found[2] else None
