"""Check the content of writes: no secret, no link to an unnamed host, no unwanted mention, no logging command.

A hostile text could tell a model to write a secret, an image that tells a foreign server who looked at it, or a line
that a pipeline agent carries out. Every argument of every write is checked here before a person is asked. A text that
is refused in one of its readings is refused: links, mentions and commands in the readings of the programs that show it,
secrets in those of a person who wants to get them back.

This catches known forms. A secret in an encoding that a model invents looks like any other text.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from langchain_azure_devops.safety.active_content import find_active_content
from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.file_types import RENAMED_TO_PAGE, Shown, is_renamed_to_page, tell_shown
from langchain_azure_devops.safety.secret_readings import Budget, read_in_all_ways
from langchain_azure_devops.text.secret_values import is_id
from langchain_azure_devops.text.secrets import PSEUDONYM, find_secrets
from langchain_azure_devops.text.untrusted import clean

_FIELD = re.compile(r"[a-z_]{1,16}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}")
_LONG = 2_000
_END = 10_000
"""The characters at each end of a long text that are searched together with the other texts."""
_TOO_LONG = 200_000
_KEPT, _KEPT_LONG = 1_024, 16
"""The number of texts whose search is kept. There are fewer of the long ones, so that they take little memory."""


def find_violations(
    arguments: Mapping[str, object],
    policy: ContentPolicy,
    is_target: Callable[[str], bool] = lambda _: False,
    files: Collection[str] = (),
) -> list[str]:
    """List all forbidden parts in the arguments of a write, each with its place and the next step.

    Args:
        arguments: What the write sends.
        policy: What it must not contain.
        is_target: Says by its place whether an argument tells where the write goes. An id there, such as a commit, is
            no secret, whatever a text calls it: the service knows its own ids and refuses any other.
        files: The arguments that hold changes of files. An at sign is code there, and no text of a file notifies
            anybody. In a file that no page renders, by its `path`, Markdown is code as well.
    """
    texts = [(where, text) for where, text in _walk_texts(arguments) if not (is_id(text) and is_target(where))]
    found = [
        f"{where}: {objection}"
        for where, text in texts
        for objection in dict.fromkeys(_find_violations_in(text, policy, tell_shown(arguments, where, files)))
    ]
    found += [f"{where}: {RENAMED_TO_PAGE}" for where, _ in texts if is_renamed_to_page(arguments, where, files)]
    # The plain names of arguments and fields say nothing; without them a single text would be read twice.
    telling = [_keep_ends(text) for _, text in texts if not _FIELD.fullmatch(text)]
    if not found and len(telling) > 1:
        found = [f"the arguments together: {objection}" for objection in find_secrets_in("\n".join(telling), policy)]
    return found


def _keep_ends(text: str) -> str:
    """Return a text without its middle, if it is long: only its ends stand beside the other texts."""
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n\n{text[-_END:]}"


def _walk_texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a value, with its place. A name that may itself hold something is not part of a place."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for number, (name, part) in enumerate(value.items()):
            step = str(name) if not where or _NAME.fullmatch(str(name)) else str(number)
            yield f"name {number} of {where}" if where else "name of an argument", str(name)
            yield from _walk_texts(part, f"{where}.{step}" if where else step)
    elif isinstance(value, list | tuple | set | frozenset):
        for number, part in enumerate(value):
            yield from _walk_texts(part, f"{where}.{number}")


def _find_violations_in(text: str, policy: ContentPolicy, shown: Shown) -> Iterator[str]:
    if found := PSEUDONYM.search(clean(text)):
        yield f"{found[0]} stands for a secret. Describe where the secret is instead"
    if secrets := list(find_secrets_in(text, policy)):
        # What else is wrong would be described in words of the text, which may be parts of the secret.
        yield from secrets
    else:
        yield from find_active_content(text, policy, shown)


def find_secrets_in(text: str, policy: ContentPolicy) -> Iterator[str]:
    """Say which kind of secret a text contains, in clear, in part or encoded; nothing when there is none.

    A write is checked again in each step until it is sent, and a report each time it is shown. A text that was searched
    by the same rules, with the same known secrets, is not searched again.
    """
    yield from _search_long(text, policy) if len(text) >= _LONG else _search_short(text, policy)


def _search(text: str, policy: ContentPolicy) -> tuple[str, ...]:
    searched: set[bytes] = set()
    budget = Budget.for_text(text)
    for reading in read_in_all_ways(text, budget):
        recognized = next(find_secrets(reading.text), None) if reading.whole else None
        if recognized is not None or policy.known.occurs_in(reading.text, searched):
            kind = f" ({recognized.kind})" if recognized is not None else ""
            return (f"a secret{kind} or a part of one, perhaps encoded. Describe where it is instead",)
    if budget.exceeded:
        if len(text) >= _TOO_LONG:
            parts = f"parts of at most {_TOO_LONG:,} characters, such as one file in each commit"
            return (f"{len(text):,} characters, too many to check all their readings for secrets. Write it in {parts}",)
        return ("text in so many encodings that it cannot be checked for secrets. Write it in clear",)
    return ()


_search_short = lru_cache(maxsize=_KEPT)(_search)
_search_long = lru_cache(maxsize=_KEPT_LONG)(_search)
