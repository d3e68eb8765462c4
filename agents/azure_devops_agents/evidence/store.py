"""The texts of evidence in a LangGraph store. The state of a thread holds an index of them.

A text is stored under its thread, and its key is its digest: a node that runs again and a fork of the thread store the
same text in the same place. A text in which a secret became known later is deleted. Its key then leads to the text
without the secret, so that older checkpoints still find it.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from langgraph.store.base import BaseStore, GetOp, Op, PutOp, SearchOp

from azure_devops_agents.evidence.record import Evidence, FullEvidence, Place, digest_text, place_text
from azure_devops_agents.evidence.storable import storable

T = TypeVar("T")
Steps = Generator[list[Op], list[Any], T]
"""Operations on a store: yields a batch, is sent its results, and returns the outcome."""

_ROOM = ("azure_devops_agents", "evidence")
_TEXT, _REPLACED_BY, _THREAD = "text", "replaced_by", "thread"
_PAGE = 50
_MOST_REPLACEMENTS = 100


@dataclass(frozen=True)
class EvidenceTexts:
    """The texts of the evidence of one thread. Every method has a form that does not block.

    Attributes:
        store: Where they are.
        thread: The name of the thread; it is empty for a run without one.
    """

    store: BaseStore
    thread: str

    @property
    def namespace(self) -> tuple[str, ...]:
        """The place of the texts in the store. A digest stands for the thread, because a label cannot be any text."""
        return (*_ROOM, hashlib.sha256(self.thread.encode(errors="surrogatepass")).hexdigest()[:32])

    def save(self, texts: Iterable[str]) -> None:
        """Store texts under their digests."""
        self._do(self._save(texts))

    async def asave(self, texts: Iterable[str]) -> None:
        """Store texts under their digests."""
        await self._ado(self._save(texts))

    def load(self, entries: Mapping[str, Evidence]) -> dict[str, str]:
        """Return the text of each entry by its id; it is empty when it is not stored any more."""
        return self._do(self._load(entries))

    async def aload(self, entries: Mapping[str, Evidence]) -> dict[str, str]:
        """Return the text of each entry by its id; it is empty when it is not stored any more."""
        return await self._ado(self._load(entries))

    def complete(self, entries: Mapping[str, Evidence]) -> dict[str, FullEvidence]:
        """Return the entries with their texts."""
        texts = self.load(entries)
        return {name: FullEvidence(**entry, text=texts[name]) for name, entry in entries.items()}

    def clear(self, clear: Callable[[str], str]) -> dict[str, Place]:
        """Replace every text that `clear` changes, and return the place of the new text for each old digest."""
        return self._do(self._clear(clear))

    async def aclear(self, clear: Callable[[str], str]) -> dict[str, Place]:
        """Replace every text that `clear` changes, and return the place of the new text for each old digest."""
        return await self._ado(self._clear(clear))

    def delete(self) -> None:
        """Delete all texts of the thread."""
        self._do(self._delete())

    async def adelete(self) -> None:
        """Delete all texts of the thread."""
        await self._ado(self._delete())

    def _save(self, texts: Iterable[str]) -> Steps[None]:
        puts = [self._put(digest_text(text), {_TEXT: text}) for text in texts]
        if puts:
            yield puts

    def _put(self, key: str, value: dict[str, str] | None) -> Op:
        """Return the operation that stores a value for as long as the store keeps its items, or deletes it."""
        settings = self.store.ttl_config or {}
        if value is not None:
            value = {**value, _THREAD: storable(self.thread)}
        return PutOp(self.namespace, key, value, index=False, ttl=settings.get("default_ttl"))

    def _load(self, entries: Mapping[str, Evidence]) -> Steps[dict[str, str]]:
        found: dict[str, str] = {}
        sought = {entry["digest"]: entry["digest"] for entry in entries.values()}
        for _ in range(_MOST_REPLACEMENTS):
            if not sought:
                break
            keys = sorted(set(sought.values()))
            items = yield [GetOp(self.namespace, key) for key in keys]
            values = {key: item.value for key, item in zip(keys, items, strict=True) if item is not None}
            following = {}
            for digest, key in sought.items():
                value = values.get(key, {})
                if isinstance(value.get(_REPLACED_BY), str):
                    following[digest] = value[_REPLACED_BY]
                elif digest_text(str(value.get(_TEXT, ""))) == key:
                    # A text that somebody changed in the store is no evidence.
                    found[digest] = value[_TEXT]
            sought = following
        return {name: found.get(entry["digest"], "") for name, entry in entries.items()}

    def _list_texts(self) -> Steps[dict[str, str]]:
        texts: dict[str, str] = {}
        for offset in range(0, 10**9, _PAGE):
            [items] = yield [SearchOp(self.namespace, limit=_PAGE, offset=offset)]
            texts |= {item.key: str(item.value.get(_TEXT, "")) for item in items}
            if len(items) < _PAGE:
                break
        return texts

    def _clear(self, clear: Callable[[str], str]) -> Steps[dict[str, Place]]:
        texts = yield from self._list_texts()
        changed = {key: after for key, before in texts.items() if before and (after := clear(before)) != before}
        yield from self._save(changed.values())
        places = {key: place_text(after) for key, after in changed.items()}
        if places:
            yield [self._put(key, {_REPLACED_BY: new["digest"]}) for key, new in places.items()]
        return places

    def _delete(self) -> Steps[None]:
        texts = yield from self._list_texts()
        if texts:
            yield [self._put(key, None) for key in texts]

    def _do(self, steps: Steps[T]) -> T:
        try:
            batch = next(steps)
            while True:
                batch = steps.send(self.store.batch(batch))
        except StopIteration as done:
            outcome: T = done.value
            return outcome

    async def _ado(self, steps: Steps[T]) -> T:
        try:
            batch = next(steps)
            while True:
                batch = steps.send(await self.store.abatch(batch))
        except StopIteration as done:
            outcome: T = done.value
            return outcome


async def alist_owners(store: BaseStore) -> list[str]:
    """Return the names of the threads whose texts are in a store."""
    spaces: list[tuple[str, ...]] = []
    while page := await store.alist_namespaces(prefix=_ROOM, limit=_PAGE, offset=len(spaces)):
        spaces += page
    found = [await store.asearch(space, limit=1) for space in spaces]
    return [str(items[0].value[_THREAD]) for items in found if items and _THREAD in items[0].value]
