"""Show a known secret where nothing beside it says that it is one: elsewhere, in a line range, a search hit, a diff."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import ToolMessage

from azure_devops_evals.attacks.attempts import Attempt, call, open_toolkit
from azure_devops_evals.attacks.families.secret_oracles import LOOK, PLACE
from azure_devops_evals.attacks.payloads import KEY_LINES, PRIVATE_KEY, TOKEN_OF_GITHUB, WORD, tell
from azure_devops_evals.attacks.planting import TEXT, PlantingTransport, TextLocation
from azure_devops_evals.attacks.samples import SCOPES
from azure_devops_evals.attacks.surfaces import PROJECT, SampleCall, places_of, stages_of
from azure_devops_evals.world.world import World
from azure_devops_simulator import build_organization
from langchain_azure_devops.text import PSEUDONYM
from langchain_azure_devops.tools import TOOLS

_NEEDLE = "zqneedlezq"
_PATH = "/hidden.txt"
_REPOSITORY = "docs"
_BRANCH = "hidden"
_AUTHOR = "Dana Ortiz"
_PIPELINE = "steps:\n- script: make\n"
_FILLER = [f"line {number} of nothing" for number in range(300)]
FIRST, _TAIL = 101, 55
"""The first line that is shown, what tells the secret stands above it; and the number of lines from there on."""


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Name a secret once, then show it without its name: in every text, below a range, in hits, diffs and log tails."""
    for stage in stages_of(tool):
        places = places_of(stage.tool, stage.sample)
        yield from _show_alone(stage, places, None)
        for namer in places if full or len(places) < _MANY else places[::2]:
            yield from _show_alone(stage, places, namer)
    for view in VIEWS:
        if TOOLS[tool].access == "read" and view.fits(tool):
            for document in DOCUMENTS:
                yield view_part(tool, document, view)


# -- elsewhere ---------------------------------------------------------------------------------------------------------

_MANY = 12


def _show_alone(stage: SampleCall, places: Sequence[TextLocation], namer: TextLocation | None) -> Iterator[Attempt]:
    """Plant the secret alone at each place; it is named at one of them, or in an earlier answer."""
    marks = {place: f"zq{number}zq" for number, place in enumerate(places) if place != namer}
    plants = {place: f" {mark} {WORD} " for place, mark in marks.items()}
    text = _call_with(stage, plants, namer)
    about = "named in an earlier answer" if namer is None else f"named in {namer.request} {namer.path}"
    for place, mark in marks.items():
        if mark not in text and namer is None:
            # Other texts of the same answer hid it: plant it alone.
            text = _call_with(stage, {place: plants[place]}, namer)
        if namer is None or (mark in text and PSEUDONYM.search(text)):
            found = ("a known secret is shown in clear",) if f"{mark} {WORD}" in text else ()
            name = f"sample {stage.sample}, {place.request} {place.path}; {about}"
            yield Attempt(stage.tool, name, mark in text, found)


def _call_with(stage: SampleCall, plants: Mapping[TextLocation, str], namer: TextLocation | None) -> str:
    """Make a secret known in an earlier answer, or in the same one, and return what the sample call shows."""
    known = stage.transport.known
    transport = PlantingTransport(stage.transport.inner, {}, known=known, replays=True)
    with open_toolkit(transport, world=stage.world) as toolkit:
        if namer is None:
            transport.plants = {PLACE: f" {tell(WORD)}"}
            call(toolkit, LOOK.name, LOOK.arguments)
        transport.plants = {**plants, **({} if namer is None else {namer: f" {tell(WORD)} "})}
        return _spell(call(toolkit, stage.tool, TOOLS[stage.tool].examples[stage.sample]))


def _spell(answer: ToolMessage) -> str:
    return f"{answer.content}\n{json.dumps(answer.artifact, ensure_ascii=False, default=str)}"


# -- ranges, hits and diffs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A text whose secret is told above the lines that are shown.

    Attributes:
        name: What tells the secret, in words.
        above: The lines that tell it, just above the range.
        shown: The first lines of the range.
        secrets: What must not be shown.
    """

    name: str
    above: Sequence[str]
    shown: Sequence[str]
    secrets: Sequence[str]

    @property
    def lines(self) -> list[str]:
        """The whole text."""
        return [
            *_FILLER[: FIRST - 1 - len(self.above)],
            *self.above,
            *self.shown,
            *_FILLER[: _TAIL - len(self.shown)],
        ]

    @property
    def changed(self) -> list[str]:
        """The text with one more line below the secret, so that a diff shows the lines before it."""
        at = FIRST - 1 + len(self.shown)
        return [*self.lines[:at], "one line more", *self.lines[at:]]


_HALF = len(TOKEN_OF_GITHUB) // 2
DOCUMENTS: Sequence[Document] = (
    Document("named above", [tell(WORD), *_FILLER[:10]], [f"{_NEEDLE} {WORD}"], [WORD]),
    Document("in a key that begins above", PRIVATE_KEY[:8], [*PRIVATE_KEY[8:], _NEEDLE], KEY_LINES[7:]),
    Document(
        "broken where the range begins",
        [f"login {TOKEN_OF_GITHUB[:_HALF]}"],
        [TOKEN_OF_GITHUB[_HALF:], f"( {_NEEDLE} )"],
        [TOKEN_OF_GITHUB[_HALF:]],
    ),
)


@dataclass(frozen=True)
class View:
    """A way to see a part of a text.

    Attributes:
        name: The view, in words.
        fits: Whether a tool has this view.
        arguments: The arguments that show the part, beside those that name the text.
    """

    name: str
    fits: Callable[[str], bool]
    arguments: Callable[[int], Mapping[str, Any]]


def _takes(*names: str) -> Callable[[str], bool]:
    return lambda tool: set(names) <= TOOLS[tool].parameters.model_fields.keys()


def _shows_a_log(tool: str) -> bool:
    """Return whether the first example of a tool shows lines of a log without being asked for some."""
    return any(place.path == TEXT and place.request.endswith("/logs/*") for place in places_of(tool, 0))


VIEWS: Sequence[View] = (
    View("from the first line below", _takes("first_line"), lambda _: {"first_line": FIRST}),
    View(
        "some lines below",
        _takes("first_line", "last_line"),
        lambda _: {"first_line": FIRST, "last_line": FIRST + len(PRIVATE_KEY)},
    ),
    View("the end of a log", _shows_a_log, lambda _: {}),
    View("lines that hold a word", _takes("contains", "context"), lambda _: {"contains": _NEEDLE, "context": 1}),
    View("a search hit", _takes("text", "repository"), lambda _: {"text": _NEEDLE, "repository": _REPOSITORY}),
    View("a diff", _takes("ids", "include"), lambda number: {"ids": [number], "include": ["diff"]}),
)


def view_part(tool: str, document: Document, view: View) -> Attempt:
    """Put a document wherever such a text can stand, and look at a part of it with a tool."""
    world = World((*SCOPES, "vso.code_manage"))
    number = _place(world, document)
    arguments = {**TOOLS[tool].examples[0], **view.arguments(number)}
    if {"repository", "path"} <= TOOLS[tool].parameters.model_fields.keys() and "path" in arguments:
        arguments |= {"repository": _REPOSITORY, "path": _PATH}
    with open_toolkit(world.transport, world=world) as toolkit:
        answer = call(toolkit, tool, arguments)
    text = _spell(answer)
    found = tuple(f"shown in clear: {secret[:6]}..." for secret in document.secrets if secret in text)
    return Attempt(tool, f"{view.name}; {document.name}", _NEEDLE in text, found)


def _place(world: World, document: Document) -> int:
    """Put the text wherever a text of many lines can stand, and a diff below it; return the pull request of the diff.

    It stands in every log, in every file of every artifact, in every attachment, in every page of the wiki, in the
    YAML of every pipeline, and in a file of the default branch.
    """
    content = "\n".join(document.lines)
    builds = world.organization.builds
    for build in builds.builds.values():
        build.logs = {key: replace(log, messages=document.lines, written=None) for key, log in build.logs.items()}
        for artifact in build.artifacts:
            artifact.files = dict.fromkeys(artifact.files, content.encode())
    for attached in world.organization.work_items.attachments.values():
        attached.content = content.encode()
        attached.size = len(attached.content)
    project = build_organization(world.organization).project(PROJECT)
    wiki = project.wiki()
    for page in wiki.paths():
        wiki.edit_page(page, content, author=_AUTHOR)
    yaml = "".join(f"# {line}\n" for line in document.lines) + _PIPELINE
    for definition in builds.definitions.values():
        if definition.project is project.project:
            repository = project.repository(definition.repository.name)
            branch = definition.default_branch.removeprefix("refs/heads/")
            repository.commit("Hide it", {definition.yaml_path: yaml}, branch=branch, author=_AUTHOR)
    docs = project.repository(_REPOSITORY).commit("Hide it", {_PATH: content}, author=_AUTHOR)
    docs.commit("Hide it", {_PATH: "\n".join(document.changed)}, branch=_BRANCH, author=_AUTHOR)
    return docs.open_pull_request("Hide it", source=_BRANCH, author=_AUTHOR).id
