"""Text that people and builds wrote: cleaned of what a reader cannot see, and kept inside a fence."""

import re
import unicodedata

# Invisible, bidirectional-override, tag and other format characters hide text from people that a model still reads.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LINE_BREAKS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_FENCE = "untrusted"


def clean(text: str) -> str:
    """Text without invisible and bidirectional characters and terminal escapes; every line break is a newline."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAKS.sub("\n", _ANSI.sub("", text))
    return _HIDDEN.sub("", text)


def hidden(text: str) -> list[str]:
    """The names of the characters in a text that a reader would not see."""
    return sorted({unicodedata.name(character, f"U+{ord(character):04X}") for character in _HIDDEN.findall(text)})


def one_line(text: str) -> str:
    """Cleaned text on one line, runs of white space folded."""
    return " ".join(clean(text).split())


def cell(text: str) -> str:
    """Cleaned text as one cell of a tab-separated table: tabs and line breaks escaped."""
    text = clean(text)
    if "\t" in text or "\n" in text:
        return text.replace("\t", "\\t").replace("\n", "\\n")
    return text


def fenced(text: str, nonce: str) -> str:
    """Text between two lines that name it untrusted; a fence line inside cannot close it."""
    inner = text.replace(nonce, "")
    return f"<{_FENCE} {nonce}>\n{inner}\n</{_FENCE} {nonce}>"
