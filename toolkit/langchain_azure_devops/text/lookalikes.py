"""Names that look like other names: letters of several alphabets in one word, and letters that look alike."""

import re
import unicodedata
from collections.abc import Iterable

from langchain_azure_devops.text.letter_shapes import ALIKE, CAPITALS
from langchain_azure_devops.text.untrusted import clean

_WORD = re.compile(r"[^\W\d_]+")
# Scripts that are written together, also with Latin letters.
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})
_ASIDE = frozenset({"MODIFIER", "COMBINING", "MASCULINE", "FEMININE"})
_CAPITALS = str.maketrans(dict(CAPITALS))
_LOOKS = str.maketrans({other: letter for letter, others in ALIKE.items() for other in others})


def skeleton(text: str) -> str:
    """Return a form that two names share when a reader can take one for the other."""
    bare = unicodedata.normalize("NFKD", clean(text)).translate(_CAPITALS).casefold()
    bare = "".join(character for character in bare if not unicodedata.combining(character)).translate(_LOOKS)
    return "".join(bare.replace("rn", "m").replace("vv", "w").split())


def find_alphabets(text: str) -> list[str]:
    """Return the alphabets of a word that mixes several of them, such as Latin and Cyrillic; empty if none does."""
    for word in _WORD.findall(text):
        scripts = {script for character in word if (script := _script_of(character))}
        if len(scripts - _TOGETHER) > 1:
            return sorted(script.capitalize() for script in scripts)
    return []


def find_disguise(text: str) -> str:
    """Return the Latin form of a text whose letters are of another alphabet and all look like Latin ones."""
    letters = [character for character in text if character.isalpha()]
    bare = skeleton(text)
    foreign = any(_script_of(letter) not in {"LATIN", ""} for letter in letters)
    return bare if foreign and bare.isascii() else ""


def find_similar(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that look like a name and are others."""
    bare = skeleton(name)
    return sorted({other for other in known if other != name and skeleton(other) == bare})


def _script_of(character: str) -> str:
    """Return the first word of the name of a letter, which names its script; empty where it names none."""
    letter = unicodedata.normalize("NFKC", character)[:1]
    words = unicodedata.name(letter, "").split()
    return words[0] if letter.isalpha() and words and words[0] not in _ASIDE else ""
