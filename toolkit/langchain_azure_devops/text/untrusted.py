"""Text that people and builds wrote: invisible characters are removed, and a fence marks it as untrusted."""

import re
import unicodedata

from langchain_azure_devops.text.fence_tags import Found, find_fence_parts

# Invisible, bidirectional, tag and other format characters hide text from people that a model still reads.
HIDDEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
"""A pattern for one character that no reader sees; line breaks are none."""
ANSI = (
    r"(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\r\n\x85\u2028\u2029]*(?:\x07|\x9c|\x1b\\)?"
    r"|\x1b[ -/]+[0-~]|\x1b[0-~])"
)
"""A pattern for one command to a terminal, which ends with its line: nothing can hide many lines."""
_HIDDEN = re.compile(HIDDEN)
_ANSI = re.compile(ANSI)
_LINE_BREAKS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_FENCE = "untrusted"
_NONCE_REMOVED = "[nonce]"
# Anywhere in a line, because wrapping may move it to the beginning of a line.
_COMMAND = re.compile(r"(?i)##(?=(?:vso)?\[)")
# GitHub's runner obeys these. `std::vector` is not one.
_WORKFLOW_COMMAND = re.compile(r"(?<!\w)::(?=[a-z])")


def clean(text: str) -> str:
    """Remove invisible and bidirectional characters and terminal escapes, and make every line break a newline."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAKS.sub("\n", _ANSI.sub("", text))
    return _HIDDEN.sub("", text)


def join_halves(text: str) -> str:
    """Join the halves of characters, and replace those without their other half: no file or database stores them."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def find_hidden(text: str) -> list[str]:
    """List the names of the characters in a text that a reader would not see."""
    return sorted({unicodedata.name(character, f"U+{ord(character):04X}") for character in _HIDDEN.findall(text)})


def one_line(text: str) -> str:
    """Clean a text and put it on one line with single spaces."""
    return " ".join(clean(text).split())


def escape_cell(text: str) -> str:
    """Clean a text and escape its tabs and line breaks for a cell of a tab-separated table."""
    text = clean(text)
    if "\t" in text or "\n" in text:
        return text.replace("\t", "\\t").replace("\n", "\\n")
    return text


def defuse_commands(text: str) -> str:
    """Break the logging commands in a text, so that no pipeline runner obeys them when the text is printed."""
    return _WORKFLOW_COMMAND.sub(": :", _COMMAND.sub("# #", text))


def fence(text: str, nonce: str) -> str:
    """Put a text between two lines that mark it as untrusted; nothing inside can pass for one of these lines."""
    return f"<{_FENCE} {nonce}>\n{disarm_fences(text, nonce)}\n</{_FENCE} {nonce}>"


def disarm_fences(text: str, nonce: str = "") -> str:
    """Give everything in a text that reads as the tag of a fence a square bracket, and take the nonce out.

    Args:
        text: The text.
        nonce: The nonce of the fence around the text. Nobody who wrote the text can know it; who does cannot use it.
    """
    for every in (False, False, False, True):
        parts = find_fence_parts(text, nonce, every=every)
        if not parts:
            break
        # Where a bracket is gone, others may belong together that did not before.
        text = _replace(text, parts)
    return text


def _replace(text: str, parts: list[Found]) -> str:
    pieces, position = [], 0
    for part in parts:
        pieces += [text[position : part.start], _NONCE_REMOVED if part.nonce else "["]
        position = part.end
    return "".join((*pieces, text[position:]))
