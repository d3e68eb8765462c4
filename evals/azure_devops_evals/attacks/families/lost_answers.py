"""Lose the answer to a write, in many ways and beside many other writes, and compare the claim with what happened."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import httpx
from langchain_core.messages import ToolMessage

from azure_devops_evals.attacks.attempts import Attempt, call, leaves, open_toolkit
from azure_devops_evals.attacks.planting import changes_something
from azure_devops_evals.attacks.samples import FIXED, OTHERS_TOKEN, SCOPES, call_with, other_values
from azure_devops_evals.attacks.surfaces import PROJECT
from azure_devops_evals.world.world import BASE_URL, TOKEN, World
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.tools import TOOLS

Effect = Literal["at once", "never", "during the look-up", "after the call"]
Outcome = Literal["done", "unknown", "not done"]
Arguments = Mapping[str, Any]
_APPROVAL = re.compile(r"\.value(?:\[\d*\]|\.\d+)\.id")
_NUMBER_OF = re.compile(r"\.(?:id|pullRequestId|cherryPickId|revertId)")
_LOOK_UPS = 2
"""The number of requests after which an effect comes that is late but comes during the look-up."""


@dataclass(frozen=True)
class Loss:
    """How the answer to a write is lost.

    Attributes:
        name: The loss, in words.
        effect: When the write takes effect.
        answer: Returns or raises what the client gets instead of the answer.
    """

    name: str
    effect: Effect
    answer: Callable[[httpx.Response | None], httpx.Response]


def _reset(_: httpx.Response | None) -> httpx.Response:
    raise httpx.ReadError("the connection was reset by the peer")


def _timeout(_: httpx.Response | None) -> httpx.Response:
    raise httpx.ReadTimeout("no answer came in time")


def _gateway(_: httpx.Response | None) -> httpx.Response:
    return httpx.Response(502, headers={"content-type": "text/html"}, content=b"<html><h1>Bad Gateway</h1></html>")


def _damage(answer: httpx.Response | None) -> httpx.Response:
    body = answer.content if answer else b'{"id": 7, "fields": {'
    return httpx.Response(200, headers={"content-type": "application/json"}, content=body[: len(body) // 2])


def _empty(_: httpx.Response | None) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "application/json"})


SILENT = frozenset({"retry_stage"})
"""The tools whose success is an empty answer: it cannot be told from an empty one in place of another."""
PREPARATIONS: Mapping[str, int] = {"upload_attachment": 1}
"""How many requests of a write only prepare it: nobody sees an effect before the next one."""
LOSSES: tuple[Loss, ...] = (
    Loss("reset after the effect", "at once", _reset),
    Loss("502 after the effect", "at once", _gateway),
    Loss("damaged after the effect", "at once", _damage),
    Loss("empty after the effect", "at once", _empty),
    Loss("reset before the effect", "never", _reset),
    Loss("502 before the effect", "never", _gateway),
    Loss("reset, effect during the look-up", "during the look-up", _reset),
    Loss("502, effect during the look-up", "during the look-up", _gateway),
    Loss("timeout, effect after the call", "after the call", _timeout),
    Loss("502, effect after the call", "after the call", _gateway),
)


@dataclass
class LosingTransport(httpx.AsyncBaseTransport):
    """Loses the answer to one write, and carries the write out when the loss says.

    Attributes:
        world: The organization.
        loss: How the answer is lost.
        preparations: The number of state-changing requests that are let through before that write.
        meanwhile: Called when the write arrives, before it takes effect.
        sent: The state-changing requests of the client from that write on.
        made: The successful answers of the organization to them.
        failed: The number of its refusals.
    """

    world: World
    loss: Loss
    preparations: int = 0
    meanwhile: Callable[[], None] = lambda: None
    sent: list[httpx.Request] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    failed: int = 0
    _late: httpx.Request | None = None
    _reads: int = 0
    armed: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; lose the answer if it is the write whose answer is to be lost."""
        if not changes_something(request):
            self._reads += 1
            if self._late is not None and self.loss.effect == "during the look-up" and self._reads > _LOOK_UPS:
                await self.finish()
            return self._dated(await self.world.transport.handle_async_request(request))
        if not self.armed:
            return self._dated(await self.world.transport.handle_async_request(request))
        if self.preparations:
            self.preparations -= 1
            return self._dated(await self.world.transport.handle_async_request(request))
        self.sent.append(request)
        if len(self.sent) > 1:
            return self._dated(await self._carry_out(request))
        await asyncio.to_thread(self.meanwhile)
        if self.loss.effect == "at once":
            return self._dated(self.loss.answer(await self._carry_out(request)))
        if self.loss.effect != "never":
            self._late, self._reads = request, 0
        return self._dated(self.loss.answer(None))

    async def finish(self) -> None:
        """Let a late effect happen."""
        if self._late is not None:
            late, self._late = self._late, None
            await self._carry_out(late)

    async def _carry_out(self, request: httpx.Request) -> httpx.Response:
        answer = await self.world.transport.handle_async_request(request)
        await answer.aread()
        if answer.is_success:
            self.made.append(_made_by(request, answer))
        else:
            self.failed += 1
        return answer

    def _dated(self, answer: httpx.Response) -> httpx.Response:
        """Add the date of the service, which every answer of it has."""
        answer.headers["date"] = f"{self.world.organization.clock.now():%a, %d %b %Y %H:%M:%S} GMT"
        return answer


def _nothing(_: "Stage") -> None:
    """Let nothing else happen."""


@dataclass(frozen=True)
class Situation:
    """What else happens around the write.

    Attributes:
        name: The situation, in words.
        effects: The effects of the lost write for which it is a question at all.
        lag: Whether the index of queries is an hour behind.
        project_id: Whether the project is given by its id.
        before: Happens before the call. It may leave the call nothing to send.
        during: Happens when the write arrives.
        decidable: Whether anything tells the write from what happened around it. Nothing does when this account makes
            the very same thing in another process during the call.
    """

    name: str
    effects: tuple[Effect, ...] = ("at once", "never", "during the look-up", "after the call")
    lag: bool = False
    project_id: bool = False
    before: Callable[["Stage"], None] = _nothing
    during: Callable[["Stage"], None] = _nothing
    decidable: bool = True


@dataclass
class Stage:
    """One call whose answer is lost.

    Attributes:
        tool: The name of the tool.
        arguments: The arguments of the call.
        rival: The arguments of a write to the same place with another content; None where there is none.
        world: The organization.
        toolkit: The toolkit of the call.
    """

    tool: str
    arguments: Arguments
    rival: Arguments | None
    world: World
    toolkit: AzureDevOpsToolkit

    def write_elsewhere(self, *, token: str, arguments: Arguments | None) -> None:
        """Let another process write, of the same account or of another one."""
        with open_toolkit(self.world.transport, token=token, world=self.world) as other:
            call(other, self.tool, arguments or {})


def _twin_before(stage: Stage) -> None:
    stage.write_elsewhere(token=TOKEN, arguments=stage.arguments)
    stage.world.organization.clock.advance(timedelta(minutes=1))


def _twin_of_this_client(stage: Stage) -> None:
    call(stage.toolkit, stage.tool, stage.arguments)


SITUATIONS: tuple[Situation, ...] = (
    Situation("nothing else"),
    Situation("the index lags", lag=True),
    Situation("the project by its id", project_id=True),
    Situation("a twin by another process of this account a minute before", before=_twin_before),
    Situation("a twin by this client before", before=_twin_of_this_client),
    Situation(
        "a twin by another process of this account during the call",
        ("at once",),
        during=lambda stage: stage.write_elsewhere(token=TOKEN, arguments=stage.arguments),
        decidable=False,
    ),
    Situation(
        "a twin by another account during the call",
        during=lambda stage: stage.write_elsewhere(token=OTHERS_TOKEN, arguments=stage.arguments),
    ),
)
RIVAL = Situation(
    "another content by this account during the call",
    during=lambda stage: stage.write_elsewhere(token=TOKEN, arguments=stage.rival),
)


def attempt(tool: str, full: bool) -> Iterator[Attempt]:
    """Lose, damage or delay the answer of a write, beside a lagging index and writes like it; compare the claim."""
    if TOOLS[tool].access == "read":
        return
    example = TOOLS[tool].examples[0]
    for situation in SITUATIONS:
        if not situation.project_id or "project" in TOOLS[tool].parameters.model_fields:
            for loss in LOSSES:
                if loss.effect in situation.effects and not (tool in SILENT and loss.answer is _empty):
                    yield lose(tool, "the example", example, None, loss, situation)
                    if tool in PREPARATIONS:
                        yield lose(tool, "the preparation", example, None, loss, situation, prepares=True)
    for name, arguments, rival in _contents(tool):
        for loss in LOSSES if full else LOSSES[:1] + LOSSES[4:5]:
            yield lose(tool, name, arguments, rival, loss, RIVAL)


def _contents(tool: str) -> Iterator[tuple[str, Arguments, Arguments]]:
    """Return a call for each argument that may have any value, and a rival that differs in this argument alone."""
    for name in TOOLS[tool].parameters.model_fields:
        if name not in FIXED:
            one, other = other_values(tool, name)
            yield name, call_with(tool, name, one), call_with(tool, name, other)


def lose(
    tool: str,
    about: str,
    arguments: Arguments,
    rival: Arguments | None,
    loss: Loss,
    situation: Situation,
    *,
    prepares: bool = False,
) -> Attempt:
    """Lose the answer of one write in one situation, and compare the claim with what happened.

    Args:
        tool: The name of the tool.
        about: What is written, in words.
        arguments: The arguments of the call.
        rival: The arguments of a write to the same place with another content; None where there is none.
        loss: How the answer is lost.
        situation: What else happens around the write.
        prepares: Whether the answer to a request that only prepares the write is lost. Nothing is done then, whatever
            became of that request.
    """
    world = World(SCOPES)
    organization = world.organization
    organization.add_token(OTHERS_TOKEN, scopes=SCOPES, user=organization.named("Luis Ferreira"))
    if situation.lag:
        organization.work_item_lag = timedelta(hours=1)
    if situation.project_id:
        project = organization.project(PROJECT)
        arguments = {**arguments, "project": project.id if project else ""}
    transport = LosingTransport(world, loss, 0 if prepares else PREPARATIONS.get(tool, 0))
    with open_toolkit(transport, world=world) as toolkit:
        stage = Stage(tool, arguments, rival, world, toolkit)
        situation.before(stage)
        transport.meanwhile = partial(situation.during, stage)
        transport.armed = True
        answer = call(toolkit, tool, arguments)
        made = list(transport.made)
        toolkit.client.run_sync(transport.finish())
    if prepares:
        made, transport.made = [], []
    name = f"{about}; {situation.name}; {loss.name}"
    violations = _violations(answer, transport, made, situation) if transport.sent else _unsent(answer)
    proven = bool(transport.sent) or situation.before is not _nothing
    return Attempt(tool, name, proven, tuple(violations))


def _unsent(answer: ToolMessage) -> Iterator[str]:
    """Compare the claim of a call that sent nothing, because what it asks for is there already, with that."""
    claim = claim_of(answer)
    if claim == "done" and "nothing was sent" not in str(answer.content).lower():
        yield "says done, and not that it sent nothing"
    if claim == "unknown":
        yield "says unknown, though it sent nothing"


def _violations(
    answer: ToolMessage, transport: LosingTransport, made: list[Any], situation: Situation
) -> Iterator[str]:
    """Compare what the answer claims with what happened until then and later."""
    claim, text = claim_of(answer), str(answer.content)
    if len(transport.sent) > 1:
        yield f"sent the write {len(transport.sent)} times"
    if claim == "done" and not made and situation.decidable:
        yield "says done, though this call had done nothing"
    elif claim == "done" and made and not _shows(answer, made[0]):
        yield "says done, but shows another item than the one it made"
    if claim == "not done" and transport.made:
        yield f"says not done, though it was done{'' if made else ' later'}"
    if claim == "unknown" and BASE_URL not in text:
        yield "says unknown, without a link to where a person looks"


def claim_of(answer: ToolMessage) -> Outcome:
    """Return what an answer says about a write."""
    if answer.status == "success":
        return "done"
    return "unknown" if answer.artifact["class"] == "WriteOutcomeUnknown" else "not done"


def _shows(answer: ToolMessage, made: Any) -> bool:
    """Return whether an answer shows what the service made: its number or id, else a commit of it, else its name.

    Labels have no number, and an answer to a request for reviewers is a list of them. A wiki page that was moved is
    known by its new path.
    """
    wanted = _identify(made)
    return any(value in wanted for _, value in leaves(answer.artifact["data"]))


def _identify(made: Any) -> list[str]:
    """Return what identifies something that the service made."""
    numbers = [value for path, value in leaves(made) if _NUMBER_OF.fullmatch(path) and value.isdigit()]
    approvals = [value for path, value in leaves(made) if _APPROVAL.fullmatch(path) and "-" in value]
    commits = [value for path, value in leaves(made) if path.lower().endswith("objectid") and int(value, 16)]
    names = [value for path, value in leaves(made) if path.endswith((".name", ".displayName", ".newPath"))]
    return numbers or commits or [*approvals, *names]


def _made_by(request: httpx.Request, answer: httpx.Response) -> Any:
    """Return what the service made; where its answer is empty or names nothing, the record in the request's path."""
    made = answer.json() if answer.content else {}
    changed = re.findall(r"/(\d+)(?=/|$)", request.url.path)
    return made if _identify(made) or not changed else {"id": int(changed[-1])}
