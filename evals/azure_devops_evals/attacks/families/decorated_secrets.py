"""Put colours, invisible characters and markup into secrets and their names; no reader may see what they hide."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from langchain_core.messages import ToolMessage

from azure_devops_evals.attacks.attempts import Attempt, call, leaves, open_toolkit
from azure_devops_evals.attacks.families.secret_oracles import LOOK, PLACE
from azure_devops_evals.attacks.payloads import DECORATIONS, MARKUP, WORD, made_up, tell
from azure_devops_evals.attacks.planting import PlantingTransport, TextLocation
from azure_devops_evals.attacks.surfaces import SampleCall, places_of, stages_of
from langchain_azure_devops.text import clean
from langchain_azure_devops.tools import TOOLS

_MARK = re.compile(r"zq\d+zq")


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Decorate secrets and their names with colours, invisible letters and markup, another way in each text."""
    kinds = list(DECORATIONS)
    start = list(TOOLS).index(tool)
    for stage in stages_of(tool):
        places = places_of(stage.tool, stage.sample)
        for turn in range(len(kinds) if full else 1):
            chosen = {place: kinds[(start + at + turn) % len(kinds)] for at, place in enumerate(places)}
            yield from _show(stage, chosen)
        start += len(places)


class Decorated(NamedTuple):
    """A secret in a decorated text.

    Attributes:
        how: What tells that it is a secret.
        secret: The secret.
        text: The text that holds and tells it.
        seen: What a reader who sees the decoration would see; empty where this makes no difference.
    """

    how: str
    secret: str
    text: str
    seen: str = ""


def decorated(number: int, kind: str) -> list[Decorated]:
    """Return secrets of which each, or the name before it, is decorated."""
    decorate = DECORATIONS[kind]
    token = f"ghp_{made_up(f'token {number}', 36)}"
    named = f"{made_up(f'named {number}', 14)}_9"
    quoted = f"{made_up(f'quoted {number}', 14)}_7"
    name = decorate("password")
    return [
        Decorated("known", WORD, decorate(WORD)),
        Decorated("found by a rule", token, decorate(token)),
        Decorated("named", named, tell(decorate(named)), decorate(named) if kind in MARKUP else ""),
        Decorated("named by a decorated name", quoted, f'{name}="{quoted}"', name if kind in MARKUP else ""),
    ]


def _show(stage: SampleCall, chosen: Mapping[TextLocation, str]) -> Iterator[Attempt]:
    """Plant decorated secrets at all places at once, after one of them was told in an earlier answer."""
    planted = {place: decorated(number, kind) for number, (place, kind) in enumerate(chosen.items())}
    plants = {
        place: f" zq{number}zq {' , '.join(each.text for each in planted[place])} "
        for number, place in enumerate(planted)
    }
    shown = _call_with(stage, plants)
    for number, (place, secrets) in enumerate(planted.items()):
        mark = f"zq{number}zq"
        texts = shown
        if not any(mark in text for text in shown):
            # Other texts of the same answer hid it: plant it alone.
            texts = _call_with(stage, {place: plants[place]})
        mine = [_MARK.split(part)[0] for text in texts for part in text.split(mark)[1:]]
        found = tuple(f"a secret is shown in clear: {each.how}" for each in secrets if shows(mine, each))
        name = f"sample {stage.sample}, {place.request} {place.path}; {chosen[place]}"
        yield Attempt(stage.tool, name, bool(mine), found)


def shows(texts: Sequence[str], secret: Decorated) -> bool:
    """Return whether a text shows a secret, as it is or after all that is not seen was taken out."""
    return any(
        secret.secret in reading and not (secret.seen and secret.seen in unquote(reading))
        for text in texts
        for reading in (text, clean(text))
    )


def _call_with(stage: SampleCall, plants: Mapping[TextLocation, str]) -> list[str]:
    """Make a secret known in an earlier answer, and return what the sample call shows after it."""
    transport = PlantingTransport(stage.transport.inner, {}, known=stage.transport.known, replays=True)
    with open_toolkit(transport, world=stage.world) as toolkit:
        transport.plants = {PLACE: f" {tell(WORD)}"}
        call(toolkit, LOOK.name, LOOK.arguments)
        transport.plants = plants
        return _texts(call(toolkit, stage.tool, TOOLS[stage.tool].examples[stage.sample]))


def _texts(answer: ToolMessage) -> list[str]:
    return [str(answer.content), *(text for _, text in leaves(answer.artifact))]
