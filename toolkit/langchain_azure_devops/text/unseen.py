"""Characters that a person does not see, or does not see for what they are, in a text that they approve.

`clean` removes from the texts of a model what hides other text. A person who approves is told of more: of every blank
that is no space, and of every character without a form of its own.
"""

import unicodedata

from langchain_azure_devops.text.untrusted import find_hidden

_LEFT, _RIGHT = "⟦⟧"
# Letters, marks and symbols by their category that show nothing: a braille pattern, an object, a note without a head.
_BLANK = frozenset("\u2800\ufffc\U0001d159")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_SEEN = frozenset(" \n\t")
# People write these in sentences: the space of French and of numbers, and the space of Chinese and Japanese.
_IN_PROSE = frozenset("\u00a0\u202f\u3000")
_MOST_MARKS = 3
"""Combining marks on one letter; more of them cover the lines above and below."""


def find_unseen(text: str, *, prose: bool = False) -> list[str]:
    """List the names of the characters in a text that a person does not see.

    Args:
        text: The text.
        prose: Whether it consists of sentences, in which a no-break or ideographic space is usual.
    """
    if text.isascii() and text.isprintable():
        return []
    return sorted({_name(character) for character in text if _is_unseen(character, prose)})


def spell_out(text: str, *, prose: bool = False, brackets: bool = True) -> str:
    """Write out the name of every character that a person does not see, as in ⟦ZERO WIDTH SPACE⟧.

    Args:
        text: The text.
        prose: Whether it consists of sentences, in which a no-break or ideographic space is usual.
        brackets: Whether to write out these brackets, too, so that no text imitates such a name. False for a text that
            was spelled out before.
    """
    if text.isascii() and text.isprintable():
        return text
    pieces: list[str] = []
    marks = _MOST_MARKS
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if _is_unseen(character, prose) or marks > _MOST_MARKS or (brackets and character in (_LEFT, _RIGHT)):
            pieces.append(f"{_LEFT}{_name(character)}{_RIGHT}")
        else:
            pieces.append(character)
    return "".join(pieces)


def _is_unseen(character: str, prose: bool) -> bool:
    if character in _SEEN or (prose and character in _IN_PROSE):
        return False
    return character in _BLANK or unicodedata.category(character) in _UNSEEN or bool(find_hidden(character))


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")
