"""Remember which writes were begun and what each of them made, so that none takes the effect of another for its own.

All clients of an organization in this process share one memory. It holds ids and arguments, nothing that was read.
"""

import json
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from weakref import WeakValueDictionary

from pydantic import JsonValue

Effect = tuple[str, ...]
"""Identifies what a write made: a kind and ids, such as `("work item", "5", "1")` for the first revision of item 5."""

_MOST_EFFECTS = 10_000
_MOST_OPEN = 1_000
_SAME_START = 5.0
_CLOCK_JITTER = 0.05
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(eq=False)
class BegunWrite:
    """One call that writes, from its start on.

    Attributes:
        tool: The tool's plain name.
        arguments: Its arguments as JSON, with the default project filled in.
        begun: The start by the monotonic clock.
        at: The same by the clock of this machine.
        state: `sending`; `looking` while a lost answer is looked up; `unknown` when that settled nothing; `known`.
        url: The web page where a person sees whether it was done; empty when none is known.
        noted: What the approver noted as its start when its answer was used; None without such a note.
    """

    tool: str
    arguments: Mapping[str, JsonValue]
    begun: float
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: Literal["sending", "looking", "unknown", "known"] = "sending"
    url: str = ""
    noted: float | None = None

    def may_equal(self, other: "BegunWrite") -> bool:
        """Return whether another write may ask for the same thing: no argument surely differs.

        A name and an id, or a name and an e-mail address, may stand for the same project or person.
        """
        if self.tool != other.tool:
            return False
        names = {*self.arguments, *other.arguments}
        return not any(_surely_differ(self.arguments.get(name), other.arguments.get(name)) for name in names)


@dataclass
class WriteMemory:
    """The writes of one organization that this process began. Safe across threads.

    Attributes:
        created: When the memory was made, by the monotonic clock; it knows no earlier writes.
    """

    created: float = field(default_factory=time.monotonic)
    _makers: OrderedDict[Effect, BegunWrite] = field(default_factory=OrderedDict, repr=False)
    _open: OrderedDict[int, BegunWrite] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(
        self, tool: str, arguments: Mapping[str, JsonValue], begun: float | None = None, noted: float | None = None
    ) -> BegunWrite:
        """Note that a write begins; another call that got the same answer may already look for it."""
        now = time.monotonic()
        begun = now if begun is None else begun
        new = BegunWrite(tool, arguments, begun, datetime.now(UTC) - timedelta(seconds=now - begun), noted=noted)
        with self._lock:
            write = _find_noted(self._open.values(), new) or new
            write.state = "sending"
            # It comes after all that began before it is sent, so that it is sent only with a notice of them.
            self._open.pop(id(write), None)
            self._open[id(write)] = write
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
        return write

    def resume(
        self, tool: str, arguments: Mapping[str, JsonValue], begun: float, noted: float | None = None
    ) -> BegunWrite:
        """Return the write of this process that began at that time with these arguments, or note one of an earlier.

        Only a write that began right after the given time is taken for it: the caller stores the time and then calls.
        One of an earlier process has exactly this time when it was noted before. A write with an approver's note is
        known by the note alone.
        """
        with self._lock:
            known = {id(write): write for write in (*self._makers.values(), *self._open.values())}
        if same_note := _find_noted(known.values(), BegunWrite(tool, arguments, begun, noted=noted)):
            return same_note
        same = [
            write
            for write in known.values()
            if noted is None
            and write.tool == tool
            and write.arguments == arguments
            and (
                self.created <= begun <= write.begun <= begun + _SAME_START or abs(write.begun - begun) < _CLOCK_JITTER
            )
        ]
        if same:
            return min(same, key=lambda write: write.begun)
        write = self.begin(tool, arguments, begun, noted)
        write.state = "unknown"
        return write

    def has_made(self, write: BegunWrite) -> bool:
        """Return whether it is known what a write made."""
        with self._lock:
            return any(maker is write for maker in self._makers.values())

    def list_equal(self, write: BegunWrite) -> list[BegunWrite]:
        """List the writes that may ask for the same thing, began before this one, and are not known to be over.

        A write that was not begun here has all of them before it.
        """
        with self._lock:
            found = []
            for other in self._open.values():
                if other is write:
                    break
                if other.may_equal(write):
                    found.append(other)
            return found

    def finish(self, write: BegunWrite, effect: Effect | None) -> None:
        """Note that the outcome of a write is known, and what it made, if that can be identified."""
        with self._lock:
            write.state = "known"
            self._open.pop(id(write), None)
            if effect is not None:
                self._keep(write, effect)

    def is_of_another(self, effect: Effect, write: BegunWrite) -> bool:
        """Return whether another write of this process is known to have made this."""
        with self._lock:
            return self._makers.get(effect, write) is not write

    def twins(self, write: BegunWrite) -> list[BegunWrite]:
        """Return the other writes that may ask for the same thing and whose outcome is not known."""
        with self._lock:
            return [other for other in self._open.values() if other is not write and other.may_equal(write)]

    def claim(self, write: BegunWrite, effect: Effect | None) -> bool:
        """Take what was found as the effect of this write, unless another write may have made it."""
        with self._lock:
            if effect is not None and self._makers.get(effect, write) is not write:
                return False
            if any(other is not write and other.may_equal(write) for other in self._open.values()):
                return False
            write.state = "known"
            self._open.pop(id(write), None)
            if effect is not None:
                self._keep(write, effect)
            return True

    def _keep(self, write: BegunWrite, effect: Effect) -> None:
        self._makers.setdefault(effect, write)
        while len(self._makers) > _MOST_EFFECTS:
            self._makers.popitem(last=False)


_memories: WeakValueDictionary[str, WriteMemory] = WeakValueDictionary()
_guard = threading.Lock()


def forget_writes() -> None:
    """Begin like a new process, which knows no writes: drop the lock and the memories, as after a fork."""
    global _guard  # noqa: PLW0603 - a thread that does not exist here may hold the copy
    _guard = threading.Lock()
    _memories.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_writes)


def shared_memory(place: str) -> WriteMemory:
    """Return the memory of an organization; it lives as long as one of its clients."""
    key = place.lower().rstrip("/")
    with _guard:
        found = _memories.get(key)
        if found is None:
            found = _memories[key] = WriteMemory()
        return found


def _find_noted(writes: Iterable[BegunWrite], wanted: BegunWrite) -> BegunWrite | None:
    """Return the write that was begun with the same answer of an approver."""
    if wanted.noted is None:
        return None
    about = (wanted.noted, wanted.tool, wanted.arguments)
    return next((write for write in writes if (write.noted, write.tool, write.arguments) == about), None)


def _surely_differ(one: JsonValue, other: JsonValue) -> bool:
    first, second = _canonical(one), _canonical(other)
    if first == second:
        return False
    if isinstance(first, str) and isinstance(second, str):
        # A name and an id, or a name and an e-mail address, may mean the same.
        return _is_address(first) == _is_address(second) and bool(_GUID.fullmatch(first)) == bool(
            _GUID.fullmatch(second)
        )
    return True


def _is_address(text: str) -> bool:
    return "@" in text


def _canonical(value: JsonValue) -> JsonValue:
    """Return a value without the differences that the service does not see: letter case, order, empty values."""
    if isinstance(value, str):
        return value.strip().removeprefix("refs/heads/").casefold().strip("\\")
    if isinstance(value, list):
        return json.dumps(sorted((_canonical(each) for each in value), key=json.dumps)) if value else ""
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    return "" if value is None or value is False else value
