"""Make inert what leaves an investigation: reports, texts of the model, and what a front end shows of its calls.

A page may render any of it. The same rules hold as for writes: foreign links are shown as text, mentions and pipeline
commands are broken, and secrets are removed, also in part or encoded. Evidence is not changed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from langchain_core.messages import AIMessage, AnyMessage

from azure_devops_agents.investigation.message_texts import (
    BLOCKS_OF_CALLS,
    CALLS_OF_PROVIDERS,
    is_opaque,
    list_texts,
    message_parts,
    replace_texts,
)
from azure_devops_agents.investigation.state import as_named, find_targets_of_person
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.safety import SECRET_REMOVED, ContentPolicy, NamedTargets, has_secret, neutralize_all

T = TypeVar("T")

_FIELD = re.compile(r"[a-z_]{1,30}")
_BOUNDARY = re.compile(r"[\s。！？]")
_SHORTEST_PIECE = 60
_REMEMBERED = 400

_NOBODY = NamedTargets()


@dataclass(frozen=True)
class Outgoing:
    """Makes texts inert by the rules of one client and the hosts and people that a person named."""

    client: AzureDevOps
    named: NamedTargets = _NOBODY

    @classmethod
    def of_thread(cls, client: AzureDevOps, messages: Sequence[AnyMessage]) -> "Outgoing":
        """Return the rules for a thread: what its questions name stays clickable."""
        return cls(client, as_named(find_targets_of_person(list(messages))))

    @property
    def policy(self) -> ContentPolicy:
        """The rules for content, with the secrets that are known by now."""
        settings = self.client.settings
        known = self.client.secrets
        return ContentPolicy(settings.own_urls, settings.link_hosts, self.named, known.values(), known.own_tokens())

    def text(self, text: str) -> str:
        """Return a text without anything that acts, and without secrets."""
        return self.value(text)

    def value(self, value: T) -> T:
        """Make every text in plain data inert, the names in it included; a secret may be spread over several texts."""
        cleared = self.client.secrets.redact_value(value)
        inert = iter(neutralize_all(list(_list_texts(cleared)), self.policy))
        return cast("T", _replace(cleared, lambda _: next(inert)))

    def message(self, message: AIMessage) -> AIMessage:
        """Make the texts of a message inert. The calls of tools stay as they are; tools need their arguments."""
        parts = message_parts(message)
        inert = iter(neutralize_all(self.client.secrets.redact_value(list_texts(parts)), self.policy))
        return message.model_copy(
            update=replace_texts(parts, lambda path, text: self.opaque(text) if is_opaque(path, text) else next(inert))
        )

    def opaque(self, text: str) -> str:
        """Return a text that a provider needs back unchanged: only secrets are removed."""
        return self.client.secrets.redact(text)

    def report_call(self, message: AIMessage, name: str) -> AIMessage:
        """Make the arguments of a call inert that no tool carries out, because it was the report."""
        calls = [
            {**call, "args": self.value(call["args"])} if call["name"] == name else call for call in message.tool_calls
        ]
        beside = {key: value for key, value in message.additional_kwargs.items() if key not in CALLS_OF_PROVIDERS}
        content = [
            block
            for block in (message.content if isinstance(message.content, list) else ())
            if isinstance(block, str) or block.get("type") not in BLOCKS_OF_CALLS
        ]
        update = {"tool_calls": calls, "additional_kwargs": beside}
        return message.model_copy(update=update | ({"content": content} if isinstance(message.content, list) else {}))


class StreamedText:
    """A text that comes in pieces and leaves in pieces: what could become a link or a secret is held back.

    A piece leaves at a blank or a line break. It is made inert by itself, so that no later piece makes a link of it.
    The end of what left before is kept: a secret may be spread over several pieces.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        """Begin without text."""
        self._outgoing = outgoing
        self._waiting = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """Take a piece and return the text that may leave now, which may be empty."""
        self._waiting += piece
        if len(self._waiting) < _SHORTEST_PIECE and "\n" not in piece:
            return ""
        end = max((found.end() for found in _BOUNDARY.finditer(self._waiting)), default=0)
        ready, self._waiting = self._waiting[:end], self._waiting[end:]
        return self._release(ready)

    def close(self) -> str:
        """Return the rest of the text."""
        ready, self._waiting = self._waiting, ""
        return self._release(ready)

    def _release(self, text: str) -> str:
        if not text.strip():
            return text
        text = self._outgoing.client.secrets.redact(text)
        together = self._before + text
        self._before = together[-_REMEMBERED:]
        if has_secret(together, self._outgoing.policy):
            alone = self._outgoing.text(text)
            # What left before must not be completed by what leaves now.
            return alone if alone != text and together == text else SECRET_REMOVED + text[len(text.rstrip()) :]
        return self._outgoing.text(text)


def _list_texts(value: Any) -> Iterator[str]:
    """Yield every text in plain data, in the order in which `_replace` replaces them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if not _FIELD.fullmatch(name):
                yield name
            yield from _list_texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _list_texts(part)


def _replace(value: Any, replace: Callable[[str], str]) -> Any:
    """Return plain data with every text in it replaced, in a fixed order."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {
            name if _FIELD.fullmatch(name) else replace(name): _replace(part, replace) for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_replace(part, replace) for part in value]
    return value
