"""The secrets that one client has seen: each is replaced in every later text, and resolved only in requests that read.

A secret is known once a rule has found it in any text, or when it is one of the client's own tokens. From then on it
is replaced everywhere, before and after its place in the same text and in every later text, also where no rule would
recognize it, in any letter case, and in its common written forms.

Whoever writes a text can call anything a password there. So a value is replaced elsewhere only if its own form tells
that it is a secret, if a program told it, or if it is unmistakable. Any other value, such as a word or a name, is
replaced only where a rule finds it. An id is replaced elsewhere until the service gives the same one as an id.
"""

import base64
import binascii
import html
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import unquote

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.text.readings import read, read_escapes, read_past_commands, read_past_pseudonyms
from langchain_azure_devops.text.replacements import Replacement, combine, map_back, merge, render
from langchain_azure_devops.text.secret_rules import BETWEEN, load_certain_kinds
from langchain_azure_devops.text.secret_values import is_descriptor, is_id, is_unmistakable
from langchain_azure_devops.text.secrets import PSEUDONYM, find_secrets, make_pseudonym
from langchain_azure_devops.text.written_forms import FormIndex, WrittenForm, is_distinctive, list_forms

T = TypeVar("T")

OWN_TOKEN = "[secret:own-token]"  # noqa: S105 - what a reader sees instead of the token
"""What replaces the client's own tokens. It is no pseudonym, because nothing may resolve it."""
MOST = 20_000
"""So many secrets are replaced everywhere: those that were seen last. `full` says that there were more."""
MOST_ENCODED = 4_000
"""So many are also looked for in their other written forms, which take five times the memory."""
_MOST_IDS = 20_000
"""So many ids that the service gave are remembered, those that it gave last."""
_SHORTEST_PART = 6
_LONG = 4_000
PSEUDONYM_MARK = "[secret:"
"""How every pseudonym begins; a text without it mentions none."""

_Find = Callable[[str], Iterable[Replacement]]


class KnownSecrets:
    """The secrets of one client, in memory only. Safe to use from several threads."""

    def __init__(self, key: bytes, tokens: Callable[[], Sequence[str]] = tuple, never: Sequence[str] = ()) -> None:
        """Begin without a secret.

        Args:
            key: The key of the pseudonyms.
            tokens: Returns the client's own tokens, of which there may be more later.
            never: Texts that are no secrets, such as the URL of the organization: a value that is part of one of them
                is replaced only where a rule finds it. Otherwise a hostile text could make them unreadable.
        """
        self._key = key
        self._tokens = tokens
        self._never = "\n".join(never).lower()
        self._lock = threading.Lock()
        self._secrets: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._everywhere: dict[str, list[WrittenForm]] = {}
        self._encoded: dict[str, None] = {}
        self._ids: dict[str, None] = {}
        self._full = False
        self._index = FormIndex()
        self._own = FormIndex()
        self._own_tokens: tuple[str, ...] = ()
        self._clear = "", 0

    def __repr__(self) -> str:
        """Never shows a secret."""
        return f"KnownSecrets({len(self._secrets)})"

    @property
    def full(self) -> bool:
        """Whether there were more secrets than are replaced everywhere."""
        return self._full

    def values(self) -> tuple[str, ...]:
        """Return every secret that is replaced everywhere, the own tokens included: no write may contain one."""
        with self._lock:
            known = [self._secrets[shown] for shown in self._everywhere]
        return (*(secret for secret in known if secret.lower() not in self._ids), *self._tokens())

    def keep_ids(self, values: Iterable[str]) -> None:
        """Remember the ids among values that the service itself gave, which no text can make unreadable."""
        ids = [value.lower() for value in values if is_id(value) or is_descriptor(value)]
        with self._lock:
            for value in ids:
                self._ids.pop(value, None)
                self._ids[value] = None
            while len(self._ids) > _MOST_IDS:
                del self._ids[next(iter(self._ids))]

    def own_tokens(self) -> tuple[str, ...]:
        """Return the client's own tokens, of which no part may be written, whatever they look like."""
        return tuple(self._tokens())

    def redact(self, text: str) -> str:
        """Replace each secret in a text by `[secret:KIND:DIGEST]`, and learn those that were not known before.

        The number of lines stays the same: each line of a secret that has several is replaced.
        """
        found = self.find(text)
        return render(text, found) if found else text

    def redact_all(self, texts: Sequence[str]) -> Sequence[str]:
        """Redact texts that are shown one after the other as one: a secret may begin in one and end in the next."""
        kept = {at: text for at, text in enumerate(texts) if len(text) >= _LONG and self._is_clear(text)}
        if kept:
            # What was redacted as a whole before would cost most of the time again.
            cleared = self.redact_all(["" if at in kept else text for at, text in enumerate(texts)])
            kept = kept if self._is_clear(next(iter(kept.values()))) else {at: self.redact(kept[at]) for at in kept}
            return [kept.get(at, text) for at, text in enumerate(cleared)]
        joined = BETWEEN.join(texts)
        if joined.count(BETWEEN) != len(texts) - 1:
            texts = [text.replace(BETWEEN, " ") for text in texts]
            joined = BETWEEN.join(texts)
        cleared = self.redact(joined)
        return texts if cleared is joined else cleared.split(BETWEEN)

    def remember_clear(self, text: str) -> str:
        """Return a long text that was redacted with all that surrounds it, so that it need not be redacted again.

        This holds until another secret is learned.
        """
        self._clear = text, len(self._secrets)
        return text

    def _is_clear(self, text: str) -> bool:
        clear, known = self._clear
        return text == clear and known == len(self._secrets)

    def redact_value(self, value: T, *, learn: bool = True) -> T:
        """Redact every text in a value of plain data, the names in it included.

        Args:
            value: The value; it is returned unchanged when it holds no secret.
            learn: Whether to apply the rules; without them, only known secrets are replaced.
        """
        texts: list[str] = []
        _collect(value, texts.append)
        cleared = self.redact_all(texts) if learn else [self.replace_known(text) for text in texts]
        return value if cleared == texts else cast("T", _with_texts(value, iter(cleared)))

    def replace_known(self, text: str) -> str:
        """Replace the secrets that are known already; cheaper than `redact`, and learns nothing."""
        found = merge(self._find_as_shown(text, self._find_known))
        return render(text, found) if found else text

    def redact_echo(self, text: str, asked: str) -> str:
        """Redact the words of somebody who was told secrets, and who may repeat parts of them.

        Args:
            text: The words.
            asked: The request, with pseudonyms in place of the secrets that were told.
        """
        text = self.redact(text)
        for pseudonym in {match[0] for match in PSEUDONYM.finditer(asked)}:
            text = _hide_parts(text, self._secrets.get(pseudonym, ""), pseudonym)
        return text

    def reveal(self, text: str, written: Callable[[str], str] = str) -> str:
        """Replace each pseudonym in a text by its secret; only for what a request that reads sends.

        Args:
            text: The text.
            written: Writes a secret as the text needs it, for example with its quotes doubled.

        Raises:
            InvalidRequest: A pseudonym stands for nothing that was read in this process, or for the own token.
        """
        return PSEUDONYM.sub(lambda match: written(self._look_up(match[0])), text) if PSEUDONYM_MARK in text else text

    def split_at_strangers(self, text: str) -> list[str]:
        """Split a text at the pseudonyms that stand for nothing in this process; another one may have given them."""
        parts, at = [], 0
        for match in PSEUDONYM.finditer(text):
            if match[0] not in self._secrets:
                parts.append(text[at : match.start()])
                at = match.end()
        return [*parts, text[at:]]

    def accept(self, pseudonyms: Sequence[str]) -> None:
        """Accept the pseudonyms of a recording, which stand for themselves because their secrets were never stored."""
        with self._lock:
            self._secrets.update({pseudonym: pseudonym for pseudonym in pseudonyms})

    def find(self, text: str) -> list[Replacement]:
        """Find the secrets in a text, in order, and learn those that were not known before."""
        return merge(self._find_as_shown(text, self._find_all))

    def _find_as_shown(self, text: str, find: _Find) -> list[Replacement]:
        """Find secrets in a text, and in what is left of it without the whole commands that a message in it spells."""
        found = self._find_as_read(text, find)
        bare = read_past_commands(text)
        return found if bare.text == text else combine(found, self._find_as_read(bare.text, find), bare)

    def _find_as_read(self, text: str, find: _Find, *, typed: bool = True) -> list[Replacement]:
        """Find secrets in a text as it is and as it will be read, because either may hide what the other shows."""
        found = list(find(text))
        seen = read(text)
        if seen.text != text:
            found = combine(found, self._find_as_read(seen.text, find, typed=typed), seen)
        elif typed and PSEUDONYM_MARK in text:
            bare = read_past_pseudonyms(text, self._is_given)
            if bare.text != text:
                found += map_back(self._find_as_read(bare.text, find, typed=False), bare)
        return found

    def _is_given(self, pseudonym: str) -> bool:
        return pseudonym in self._secrets

    def _find_all(self, text: str) -> Iterator[Replacement]:
        for secret in find_secrets(text):
            value = read(secret.secret).text
            shown = self._learn(value, secret.kind, spread=_may_spread(value, secret.kind))
            yield from (Replacement(start, end, shown) for start, end in secret.parts)
        yield from self._find_known(text)

    def _find_known(self, text: str) -> Iterator[Replacement]:
        self._learn_tokens()
        found = self._find_forms(text)
        if not found:
            return
        # A pseudonym is no secret, whatever its digits are. Anybody can type one, so only those that stand for
        # something count.
        spans = [match.span() for match in PSEUDONYM.finditer(text) if match[0] in self._secrets]
        for start, end, shown in found:
            if any(low <= start and end <= high for low, high in spans) or text[start:end].lower() in self._ids:
                continue
            self._touch(shown)
            yield Replacement(start, end, shown)

    def _find_forms(self, text: str) -> list[tuple[int, int, str]]:
        found = [*self._index.find(text), *self._own.find(text)]
        if (plain := read_escapes(text)) is not None:
            escaped = [*self._index.find(plain.text), *self._own.find(plain.text)]
            found += [(*plain.original_span(start, end), shown) for start, end, shown in escaped]
        return found

    def _look_up(self, pseudonym: str) -> str:
        secret = self._secrets.get(pseudonym)
        if secret is None:
            raise InvalidRequest(
                f"{pseudonym} stands for nothing that was read in this process. Read it again first.", subject="secret"
            )
        self._learn_tokens()
        if next(self._own.find(secret), None) is not None:
            raise InvalidRequest(
                f"{pseudonym} stands for this client's own token, which no argument may carry. Leave it out.",
                subject="secret",
            )
        return secret

    def _learn_tokens(self) -> None:
        tokens = tuple(self._tokens())
        if tokens != self._own_tokens:
            with self._lock:
                for token in tokens:
                    for form in list_forms(token, OWN_TOKEN):
                        self._own.add(form)
                self._own_tokens = tokens

    def learn(self, secret: str, kind: str) -> str:
        """Remember a secret and return what replaces it; the same secret has the same pseudonym whatever its kind.

        Args:
            secret: The secret, also one that no rule would recognize.
            kind: What its pseudonym calls it, in small letters and hyphens.
        """
        return self._learn(secret, kind, spread=True)

    def _learn(self, secret: str, kind: str, *, spread: bool) -> str:
        """Remember a secret, and replace it everywhere if it is to spread."""
        shown = self._shown.get(secret)
        if shown is None:
            self._learn_tokens()
            if next(self._own.find(secret), None) is not None:
                return OWN_TOKEN
            shown = make_pseudonym(secret, kind, self._key)
            with self._lock:
                shown = self._shown.setdefault(secret, shown)
                self._secrets[shown] = secret
        if shown in self._everywhere:
            self._touch(shown)
        elif spread:
            with self._lock:
                self._spread(secret, shown)
        return shown

    def _touch(self, shown: str) -> None:
        """Move a secret to the end of those that give way to new ones."""
        with self._lock:
            if shown in self._everywhere:
                self._everywhere[shown] = self._everywhere.pop(shown)
            if shown in self._encoded:
                self._encoded[shown] = self._encoded.pop(shown)

    def _spread(self, secret: str, shown: str) -> None:
        """Replace a secret everywhere from now on. If there are too many, the one that was not seen longest ends."""
        if shown in self._everywhere:
            return
        if len(self._everywhere) >= MOST:
            self._full = True
            oldest = next(iter(self._everywhere))
            self._remove_forms(oldest)
            del self._everywhere[oldest]
        if len(self._encoded) >= MOST_ENCODED:
            oldest = next(iter(self._encoded))
            self._remove_forms(oldest)
            self._add_forms(self._secrets[oldest], oldest, encoded=False)
        self._add_forms(secret, shown, encoded=True)

    def _remove_forms(self, shown: str) -> None:
        self._encoded.pop(shown, None)
        for form in self._everywhere[shown]:
            self._index.remove(form)

    def _add_forms(self, secret: str, shown: str, *, encoded: bool) -> None:
        forms = [
            form
            for number, reading in enumerate(dict.fromkeys(_list_readings(secret)))
            if is_distinctive(reading) and reading.lower() not in self._never
            if number == 0 or is_unmistakable(reading)
            for form in list_forms(reading, shown, encoded=encoded)
        ]
        for form in forms:
            self._index.add(form)
        self._everywhere[shown] = forms
        if encoded:
            self._encoded[shown] = None


def _may_spread(secret: str, kind: str) -> bool:
    """Return whether a value that a text declares is a secret wherever it stands."""
    return kind in load_certain_kinds() or is_id(secret) or any(map(is_unmistakable, _list_readings(secret)))


def _hide_parts(text: str, secret: str, pseudonym: str) -> str:
    """Replace every part of a secret that has at least six characters, outside of pseudonyms."""
    seen = read(text)
    lowered, told = seen.text.lower(), secret.lower()
    if len(lowered) != len(seen.text):
        lowered = seen.text
    taken = [match.span() for match in PSEUDONYM.finditer(seen.text)]
    begins, ends = [0, *(end for _, end in taken)], [*(start for start, _ in taken), len(seen.text)]
    found = [
        Replacement(at, at + _SHORTEST_PART, pseudonym)
        for begin, end in zip(begins, ends, strict=True)
        for at in range(begin, end - _SHORTEST_PART + 1)
        if lowered[at : at + _SHORTEST_PART] in told
    ]
    return render(text, merge(map_back(found, seen)))


def _list_readings(secret: str) -> Iterator[str]:
    """Yield what else a secret may be: the value that an escape stands for, and the password of a Basic credential."""
    yield secret
    if "%" in secret:
        yield unquote(secret)
    if "&" in secret:
        yield html.unescape(secret)
    if "\\" in secret:
        yield secret.replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\")
    try:
        decoded = base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    user, colon, password = decoded.partition(":")
    if colon and user.isprintable() and password.isprintable():
        yield password


def _collect(value: object, keep: Callable[[str], None]) -> None:
    if isinstance(value, str):
        keep(value)
    elif isinstance(value, list | tuple):
        for part in value:
            _collect(part, keep)
    elif isinstance(value, dict):
        for name, part in value.items():
            _collect(name, keep)
            _collect(part, keep)


def _with_texts(value: Any, texts: Iterator[str]) -> Any:
    """Return a copy of plain data with other texts in the same places."""
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, list):
        return [_with_texts(part, texts) for part in value]
    if isinstance(value, tuple):
        return tuple(_with_texts(part, texts) for part in value)
    if isinstance(value, dict):
        return {_with_texts(name, texts): _with_texts(part, texts) for name, part in value.items()}
    return value
