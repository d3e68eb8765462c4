"""Estimate how many tokens a text takes: rather too many than too few, as a tokenizer is no part of the toolkit."""

import re

_PIECE = re.compile(
    r"(?P<digits>[0-9]{1,3})|(?P<word> ?(?:[A-Z]?[a-z]{1,12}|[A-Z]{1,12}))|(?P<same>([!-/:-@\[-`{-~])\4{0,15})"
    r"|(?P<blank> {1,16})|(?P<other>.)",
    re.DOTALL,
)
_REGULAR = re.compile(r"(?=.*[aeiouy])(?!.*[b-df-hj-np-tv-xz]{4})", re.IGNORECASE)
"""A word that can be spoken. Of others, such as keys and random names, a token covers few letters."""
_SPOKEN, _UNSPOKEN = 3, 1.5
"""How many letters one token covers. In ordinary words it covers more, which pays for what is counted too low."""
_IDEOGRAPHS = range(0x3040, 0xA000)
_OF_IDEOGRAPH = 2


def count_tokens(text: str) -> int:
    """Return about how many tokens a text takes."""
    return sum(_cost_of(piece) for piece in _PIECE.finditer(text))


def cut_text(text: str, most: int) -> str:
    """Return the beginning of a text that takes so many tokens."""
    total = 0
    for piece in _PIECE.finditer(text):
        total += _cost_of(piece)
        if total > most:
            return f"{text[: piece.start()]}…"
    return text


def _cost_of(piece: re.Match[str]) -> int:
    """Return how many tokens a piece takes: a character that is no ASCII takes at most one for each of its bytes."""
    found, kind = piece[0], piece.lastgroup
    if kind == "word":
        word = found.lstrip(" ")
        return _divide(len(word), _SPOKEN if _REGULAR.match(word) else _UNSPOKEN)
    if kind == "same":
        return _divide(len(found), 2)
    if kind == "other":
        return _OF_IDEOGRAPH if ord(found) in _IDEOGRAPHS else len(found.encode("utf-8", "surrogatepass"))
    return 1


def _divide(length: int, by: float) -> int:
    """Return a quotient, rounded up."""
    return int(-(-length // by))
