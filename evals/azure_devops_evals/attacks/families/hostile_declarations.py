"""Call an ordinary value a secret in one hostile log, then look whether anybody can still read it and write it."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import httpx

from azure_devops_evals.attacks.attempts import Attempt, call, leaves, open_toolkit, tools_with
from azure_devops_evals.attacks.families.encodings import fits_nowhere, text_arguments
from azure_devops_evals.attacks.planting import PlantingTransport, changes_something
from azure_devops_evals.attacks.samples import FIXED, SCOPES, call_with, other_values
from azure_devops_evals.attacks.surfaces import SampleCall, stages_of
from azure_devops_evals.world.world import World
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.text import PSEUDONYM
from langchain_azure_devops.tools import TOOLS

LOG = "get_build_log"
_AT_ONCE = 40
"""Values that one log declares; one call shows at most 1,000 lines of a log."""
_LOG_ANSWER = "GET /tidewater/Platform/_apis/build/builds/*/logs/*"
_END = "zqendzq"
_LONGEST = 80
_SHORTEST = 3
_VALUES = 40
_TEXT = 120
_NAMED = "it names values in"
_WORD = re.compile(r"[^\W\d_]{5,}")
_MADE = re.compile(r"(?i)[0-9a-f]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Values that look like secrets: they may be hidden in the words of people, but not where they are an id."""

DECLARATIONS: Mapping[str, Callable[[str], str]] = {
    "a mask": lambda value: f"::add-mask::{value}",
    "a secret variable": lambda value: f"##vso[task.setvariable variable=p;issecret=true]{value}",
    "a connection string": lambda value: f"Server=tcp:h;Password={value};User=u",
    "an address": lambda value: f"https://u:{value}@h.example/a",
    "an assignment": lambda value: f'password = "{value}"',
    "a line of YAML": lambda value: f"token: {value}",
    "an option": lambda value: f"docker login -u x --password {value}",
    "a Basic credential": lambda value: f"Authorization: Basic {base64.b64encode(f'u:{value}'.encode()).decode()}",
    "a setting in XML": lambda value: f'<add key="ApiKey" value="{value}"/>',
    "a member of JSON": lambda value: f'{{"client_secret": "{value}"}}',
    "a variable of the shell": lambda value: f"export DB_PASSWORD={value}",
}
"""The lines that call a value a secret."""


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Call names, ids, dates, states and words secrets in one log; all are still shown, and honest writes go on."""
    if TOOLS[tool].access == "read":
        for stage in stages_of(tool):
            yield from _read(stage, full)
    else:
        yield from _write(tool, full)


# -- reading -----------------------------------------------------------------------------------------------------------


def _read(stage: SampleCall, full: bool) -> Iterator[Attempt]:
    """Read once before the declarations and once after them."""
    transport = PlantingTransport(stage.transport.inner, known=stage.transport.known, replays=True)
    arguments = TOOLS[stage.tool].examples[stage.sample]
    with open_toolkit(transport, world=stage.world) as toolkit:
        before = call(toolkit, stage.tool, arguments)
        told = _told(before.artifact, full)
        declared = _declare(toolkit, transport, told)
        after = call(toolkit, stage.tool, arguments)
    shown = dict(leaves(after.artifact))
    for value in told:
        fields = [path for path, leaf in leaves(before.artifact) if leaf == value]
        lost = [path for path in fields if shown.get(path) != value]
        fewer = str(after.content).count(value) < (1 if _MADE.fullmatch(value) else str(before.content).count(value))
        found = [f"{value!r} is no longer shown: {', '.join(lost[:3]) or 'the text for the model'}"]
        hidden = bool(lost) or (fewer and value in str(before.content))
        yield Attempt(
            stage.tool, f"sample {stage.sample}, {value!r} is called a secret", declared, tuple(found * hidden)
        )


def _told(artifact: object, full: bool = False) -> Sequence[str]:
    """Return the ordinary values of a result: whole short texts, numbers of four digits, dates, and words of texts."""
    found: dict[str, None] = {}
    words: dict[str, None] = {}
    for path, leaf in leaves(artifact):
        if ".data" not in path and ".urls" not in path:
            continue
        if _SHORTEST <= len(leaf) <= _LONGEST and "\n" not in leaf and not PSEUDONYM.search(leaf):
            found[leaf] = None
        if " " in leaf:
            words.update(dict.fromkeys(_WORD.findall(leaf)))
    both = [*found, *(word for word in words if word not in found)]
    step = 1 if full else max(1, -(-len(both) // _VALUES))
    return both[::step]


def _declare(toolkit: AzureDevOpsToolkit, transport: PlantingTransport, values: Sequence[str]) -> bool:
    """Read logs that call each value a secret in every way, and return whether they were read."""
    return all(_declare_some(toolkit, transport, values[at : at + _AT_ONCE]) for at in range(0, len(values), _AT_ONCE))


def _declare_some(toolkit: AzureDevOpsToolkit, transport: PlantingTransport, values: Sequence[str]) -> bool:
    lines = [declare(value) for value in values for declare in DECLARATIONS.values()]
    log = "\n".join(f"2026-11-20T08:55:00.0000000Z {line}" for line in [*lines, _END])
    transport.errors = {_LOG_ANSWER: httpx.Response(200, text=log, headers={"content-type": "text/plain"})}
    arguments = {**TOOLS[LOG].examples[0], "first_line": 1, "last_line": len(lines) + 1}
    shown = str(call(toolkit, LOG, arguments).content)
    transport.errors = {}
    return "[secret:" in shown and _END in shown


# -- writing -----------------------------------------------------------------------------------------------------------


def _write(tool: str, full: bool) -> Iterator[Attempt]:
    """Read the declarations, then make honest writes with the values that they name."""
    values = [value for value in _shown() if not _MADE.fullmatch(value)]
    honest = dict(_honest(tool, values if full else values[:: max(1, len(values) // _VALUES)]))
    transport = PlantingTransport(World(SCOPES).transport)
    with open_toolkit(transport) as toolkit:
        declared = _declare(toolkit, transport, _told({".data": list(honest.values())}, full=True))
        for name, arguments in honest.items():
            sent = _sends(toolkit, transport, tool, arguments)
            with open_toolkit(transport) as fresh:
                possible = sent or _sends(fresh, transport, tool, arguments)
            if not possible and name.startswith(_NAMED) and fits_nowhere(tool, arguments):
                continue
            found = () if sent else ("an honest write is blocked",)
            yield Attempt(tool, name, declared and possible, found)


@cache
def _shown() -> Sequence[str]:
    """Return what the tools that read show: one call of each."""
    found: dict[str, None] = {}
    for tool in tools_with("read"):
        found.update(dict.fromkeys(_told(stages_of(tool)[0].call().artifact)))
    return list(found)


def _honest(tool: str, values: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return honest writes, by what they write."""
    example = TOOLS[tool].examples[0]
    yield "it is the example", example
    for name in TOOLS[tool].parameters.model_fields:
        if name == "source_commit" and "status" in TOOLS[tool].parameters.model_fields:
            commit = _leaf(stages_of("get_pull_request")[0].call().artifact, ".data.source_commit")
            yield "it completes a pull request", {**call_with(tool, name, commit), "status": "completed"}
        elif name not in FIXED:
            yield f"it writes {name}", call_with(tool, name, other_values(tool, name)[0])
    for place, make in text_arguments(tool):
        if place in TOOLS[tool].contents:
            for number, text in enumerate(_texts(values), start=1):
                yield f"{_NAMED} {place}, text {number}", make(text)


def _leaf(artifact: object, path: str) -> str:
    return dict(leaves(artifact))[path]


def _texts(values: Sequence[str]) -> Iterator[str]:
    """Return texts that name the values, each as long as a title or a label may be."""
    text = "See"
    for value in values:
        if len(text) + len(value) > _TEXT:
            yield text
            text = "See"
        text += f" {value},"
    yield text


def _sends(toolkit: AzureDevOpsToolkit, transport: PlantingTransport, tool: str, arguments: Mapping[str, Any]) -> bool:
    """Return whether a write is sent, in an organization in which nothing was written before."""
    transport.inner = World(SCOPES).transport
    transport.sent.clear()
    transport.known.clear()
    call(toolkit, tool, arguments)
    return any(map(changes_something, transport.sent))
