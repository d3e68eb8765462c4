"""Give a pseudonym, or the secret itself, as an argument, and look for the secret in everything that leaves."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx
from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, KeylessModel, Step
from azure_devops_evals.attacks.attempts import Attempt, call, open_toolkit
from azure_devops_evals.attacks.payloads import SECRETS, WORD, shows, tell
from azure_devops_evals.attacks.planting import PlantingTransport, TextLocation
from azure_devops_evals.attacks.samples import SCOPES
from azure_devops_evals.world.world import World
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.text import PSEUDONYM
from langchain_azure_devops.tools import TOOLS

LOOK = Call.to("list_projects")
PLACE = TextLocation("GET /tidewater/_apis/projects", "value[].description")
"""The call that makes a secret known, and the text of its answer that tells it."""


@dataclass
class EchoingTransport(httpx.AsyncBaseTransport):
    """A service that repeats every request in the error that it answers, as far as it is told to.

    Attributes:
        inner: The organization.
        echoes: Whether errors are answered instead.
    """

    inner: httpx.AsyncBaseTransport
    echoes: bool = False
    sent: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or repeat it in an error."""
        asked = f"{unquote(str(request.url))} {request.content.decode('utf-8', 'replace')}"
        self.sent.append(asked)
        if not self.echoes or "connectionData" in asked:
            return await self.inner.handle_async_request(request)
        error = {"typeKey": "NotFoundException", "message": f"TF200099: {asked} does not exist."}
        return httpx.Response(404, json=error, headers={"x-vss-userdata": "1:someone"})


def arguments_with(tool: str, value: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the example call of a tool once for each argument, with this value there."""
    example = TOOLS[tool].examples[0]
    for name, declared in TOOLS[tool].parameters.model_fields.items():
        listed = str(declared.annotation).startswith("list[")
        yield name, {**example, name: [value] if listed else value}


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Give the pseudonym of a secret, or the secret, as each argument of a read; look for it in all that leaves."""
    if TOOLS[tool].access == "write":
        return
    for secret in SECRETS if full else SECRETS[:2]:
        for echoes in (False, True):
            yield from _ask(tool, secret, echoes)
    yield from (_investigate(tool, clear) for clear in (False, True))


def _ask(tool: str, secret: str, echoes: bool) -> Iterator[Attempt]:
    world = World(SCOPES)
    transport = EchoingTransport(PlantingTransport(world.transport, {PLACE: f" {tell(secret)}"}))
    with tempfile.TemporaryDirectory() as folder:
        audit = Path(folder) / "audit.jsonl"
        with open_toolkit(transport, audit=audit) as toolkit, open_toolkit(transport, on_error="raise") as raising:
            shown = "".join(str(call(each, LOOK.name, LOOK.arguments).content) for each in (toolkit, raising))
            told = PSEUDONYM.search(shown)
            known = told is not None and not shows(shown, secret)
            transport.echoes = echoes
            read = 0
            values = {"pseudonym": told[0], "pseudonym inside": f"a {told[0]} b", "secret": secret} if told else {}
            if not known:
                yield Attempt(tool, "the secret is not known before", False)
            for form, value in values.items():
                for name, arguments in arguments_with(tool, value):
                    texts = {**_answers(toolkit, tool, arguments), "exception": _raised(raising, tool, arguments)}
                    assert toolkit.client.audit is not None  # noqa: S101 - the toolkit was opened with one
                    toolkit.client.audit.flush()
                    texts["audit log"], read = audit.read_text()[read:], audit.stat().st_size
                    about = f"{name} = the {form}{', which the service repeats' if echoes else ''}"
                    yield Attempt(tool, about, known, tuple(_leaks(texts, secret)))


def _answers(toolkit: AzureDevOpsToolkit, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the texts of the message that a model gets."""
    answer = call(toolkit, tool, arguments)
    artifact = json.dumps(answer.artifact, ensure_ascii=False, default=str)
    return {"content": str(answer.content), "artifact": artifact}


def _raised(toolkit: AzureDevOpsToolkit, tool: str, arguments: Mapping[str, Any]) -> str:
    """Return all that the exception of a call says, with the exceptions behind it."""
    try:
        call(toolkit, tool, arguments)
    except AzureDevOpsError as error:
        return "\n".join(_chain(error))
    return ""


def _chain(error: BaseException | None) -> Iterator[str]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield f"{error} {error!r} {error.args} {vars(error)}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _leaks(texts: Mapping[str, str], secret: str) -> Iterator[str]:
    yield from (f"the secret is in clear: {where}" for where, text in texts.items() if shows(text, secret))


class Repeater(KeylessModel):
    """Reads a secret, then gives its pseudonym, or the secret itself, to a tool and to its report."""

    description: ClassVar[str] = "a script that repeats a secret"

    tool: str
    secret: str = ""
    _said: str = PrivateAttr(default="")

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:
        """Return the calls of this turn."""
        if turn == 0:
            return [LOOK]
        told = PSEUDONYM.search(str(messages[-1].content))
        self._said = self._said or self.secret or (told[0] if told else "")
        if turn == 1:
            return [Call(name=self.tool, arguments=dict(given)) for _, given in arguments_with(self.tool, self._said)]
        part = {"statement": f"It says {self._said}.", "evidence": ["E1"], "quote": self._said}
        report = {"verdict": "answered", "answer": f"It is {self._said}.", "observed": [part], "inferred": [part]}
        return [Call(name="write_report", arguments=report)]


def _investigate(tool: str, clear: bool) -> Attempt:
    """Let a model repeat a pseudonym or a secret that it was told, and look into all that the thread stores."""
    transport = PlantingTransport(World(SCOPES).transport, {PLACE: f" {tell(WORD)}"})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "threads.sqlite"
        with (
            open_toolkit(transport) as toolkit,
            open_investigator(Repeater(tool=tool, secret=WORD if clear else ""), toolkit, path=file) as investigator,
        ):
            events = list(investigator.ask("attack", "Look."))
            state, evidence = investigator.state("attack"), investigator.evidence("attack")
            texts = {
                "events": _spell(asdict(event) for event in events),
                "messages": _spell(message.model_dump() for message in state["messages"]),
                "evidence": _spell([*state["evidence"].values(), *evidence.values()]),
                "report": _spell([state["report"]]),
            }
        stored = b"".join(path.read_bytes() for path in Path(folder).iterdir() if path.is_file())
    texts["thread database"] = stored.decode("latin-1")
    about = f"a model gives the {'secret' if clear else 'pseudonym'} to every argument and to its report"
    proven = "[secret:" in texts["messages"] and tool in texts["events"]
    return Attempt(tool, about, proven, tuple(_leaks(texts, WORD)))


def _spell(parts: Iterable[object]) -> str:
    return "\n".join(json.dumps(part, default=str, ensure_ascii=False) for part in parts)
