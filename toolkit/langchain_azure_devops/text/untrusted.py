"""Text that people and builds wrote: invisible characters are removed, and a fence marks it as untrusted."""

import re
import unicodedata

# Invisible, bidirectional, tag and other format characters hide text from people that a model still reads.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LINE_BREAKS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_FENCE = "untrusted"
# Characters that look like the bracket and the letters of the fence.
_BRACKETS = "<\uff1c\ufe64\u2039\u3008\u27e8\u2329\u276c\u276e\u2770\u02c2\u1438\u227a\u2a9d\u00ab"
_LOOKS_LIKE = str.maketrans(
    "\u03c5\u057d\u028b\u1d1c\u043f\u0578\u057c\u03b7\u0274\u0442\u03c4\u1d1b\u01ad\u0433\u0280\u1d26\u027c\u0455\ua731\u0282\u01a8"
    "\u0435\u0454\u04bd\u212e\u1d07\u025b\u03b5\u0501\u0257\u1d05\u0111\u0430\u03b1",
    "uuuunnnnnttttrrrrsssseeeeeeeddddaa",
)
_PLAIN_TAG = re.compile("(?i)<(?=[^a-z]{0,20}" + "[^a-z]{0,4}".join(_FENCE) + ")")
_ANY_BRACKET = re.compile(f"[{_BRACKETS}]")
# Anywhere in a line, because wrapping may move it to the beginning of a line.
_COMMAND = re.compile(r"(?i)##(?=(?:vso)?\[)")
# GitHub's runner obeys these. `std::vector` is not one.
_WORKFLOW_COMMAND = re.compile(r"(?<!\w)::(?=[a-z])")
_TAG_SPAN = 60
"""Characters after a bracket that are checked; the letters of a tag may be spread out."""


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
    return f"<{_FENCE} {nonce}>\n{disarm_fences(text)}\n</{_FENCE} {nonce}>"


def disarm_fences(text: str) -> str:
    """Give everything in a text that looks like the tag of a fence a square bracket."""
    if text.isascii():
        return _PLAIN_TAG.sub("[", text) if "<" in text else text

    def bracket(found: re.Match[str]) -> str:
        return "[" if _is_fence_tag(text[found.end() : found.end() + _TAG_SPAN]) else found[0]

    return _ANY_BRACKET.sub(bracket, text)


def _is_fence_tag(text: str) -> bool:
    """Whether a reader sees the name of the fence at the start of a text, also in other scripts or with gaps."""
    bare = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKS_LIKE)
    return "".join(filter(str.isalpha, bare)).startswith(_FENCE)
