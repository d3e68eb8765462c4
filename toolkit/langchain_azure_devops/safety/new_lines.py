"""Read only what is new in the second and later readings of a long text: most of its lines are the same in all of them.

Without its escapes or its markup, a long text is the same for the most part, and reading all of it again takes long.
A line counts as known only after the same line before it, so that lines which come together in one reading are new.
"""

import re
from itertools import groupby, pairwise

_LONG = 50_000
"""Characters of a text from which on only new lines of its later readings are read."""
_LONGEST_LINE = 2_000
_AROUND = 12
"""Lines before and after a new one that are read with it: ten characters may be spread over as many lines."""
_WORDS_AROUND = 40
_WORD = re.compile(r"[^\s,;={}#&%+\\]*[\s,;={}#&%+\\]*")


class NewLines:
    """The lines that were read already, and the choice of those that were not."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._seen: set[tuple[str, str]] = set()

    def choose(self, text: str) -> str:
        """Return the lines of a text that are new, with those around them; a text that is short is returned whole."""
        if len(text) < _LONG:
            return text
        parts, around, between = text.split("\n"), _AROUND, "\n"
        if len(max(parts, key=len)) > _LONGEST_LINE:
            parts, around, between = _WORD.findall(text), _WORDS_AROUND, ""
        pairs = list(pairwise(["", *parts]))
        new = [number for number, pair in enumerate(pairs) if pair not in self._seen]
        self._seen.update(pairs)
        width = 2 * around + 1
        wanted, mark = bytearray(len(parts) + width), b"\1" * width
        for number in new:
            wanted[number : number + width] = mark
        kept = groupby(enumerate(parts), key=lambda part: wanted[part[0] + around])
        return "\n\n".join(between.join(part for _, part in group) for is_wanted, group in kept if is_wanted)
