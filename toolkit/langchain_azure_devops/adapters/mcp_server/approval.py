"""Ask the person at an MCP host about a write, and accept nothing but a clear yes to exactly this write.

There are two ways. Up to the protocol version 2025-11-25, the server sends the question while the call waits. Later
versions end the call with the question, and the host calls again with the answer. The second call then reads the
current values again: the answer counts only if the person was shown exactly what would be written now.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from langchain_azure_devops.calls.approval import BegunBefore, refuse_unsent, stamp_use
from langchain_azure_devops.safety.grants import Approval, Approver, WriteRequest
from langchain_azure_devops.safety.write_view import describe_write
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.untrusted import one_line

Context = ServerRequestContext[object, object]
ANSWER_SECONDS = 600.0
"""How long a person may think about one write."""
_ANSWER = "approval"
_MOST_QUESTIONS = 1_000
_MOST_SHOWN = 20_000
"""Characters of a question. Hosts show it in a dialog."""
_FORM: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "approve": {
            "type": "boolean",
            "title": "Approve this write",
            "description": "Only yes writes. Everything else refuses the write.",
            "default": False,
        }
    },
    "required": ["approve"],
}


class Asking(BaseException):  # not an Exception: it is no failure of the approver, and nothing on its way handles it
    """A call ends with a question for the person.

    Attributes:
        question: The question.
    """

    def __init__(self, question: "Question") -> None:
        """Keep the question."""
        super().__init__("A person has to be asked first.")
        self.question = question


@dataclass
class Question:
    """A write that a person was asked about, in a call that has ended.

    Attributes:
        request: What the person was shown.
        asked: When, by the monotonic clock.
        begun: When the answer was used, in seconds since the epoch; None before.
        result: What the call with the answer returned; None before it has ended.
        lock: Held by the call with the answer, so that a repeated one waits for it.
    """

    request: WriteRequest
    asked: float = field(default_factory=time.monotonic)
    begun: float | None = None
    result: types.CallToolResult | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Questions:
    """The questions of one server that wait for an answer. Each of them is answered once."""

    def __init__(self) -> None:
        """Begin without questions."""
        self._open: OrderedDict[str, Question] = OrderedDict()

    def use(self, question: Question) -> float:
        """Note that the answer to a question is used now, and return the time.

        Raises:
            BegunBefore: It was used before.
        """
        if question.begun is not None:
            raise BegunBefore(question.begun)
        question.begun = stamp_use()
        return question.begun

    def add(self, question: Question) -> str:
        """Keep a question, and return the unguessable name under which the host gives the answer."""
        name = secrets.token_urlsafe(16)
        self._open[name] = question
        while len(self._open) > _MOST_QUESTIONS:
            self._open.popitem(last=False)
        return name

    def find(self, name: str | None) -> Question | None:
        """Return a question that a person may still answer; None when there is no such question."""
        question = self._open.get(name or "")
        if question is None or time.monotonic() - question.asked > ANSWER_SECONDS:
            return None
        return question


def choose_approver(
    context: Context,
    questions: Questions,
    question: Question | None,
    answers: types.InputResponses | None,
    known: KnownSecrets,
) -> Approver:
    """Return the approver for one call.

    Args:
        context: The request of the host.
        questions: The questions of the server.
        question: What the person was asked before this call; None when nothing was asked.
        answers: What the host says that the person answered.
        known: The secrets that no question may show.
    """
    if not _can_ask(context):
        return _Refuse()
    person = _name_person(context)
    if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return _AskNow(context, person, known)
    answer = (answers or {}).get(_ANSWER)
    return _AskAndEnd(questions, question, answer if isinstance(answer, types.ElicitResult) else None, person)


def as_input_required(question: Question, name: str, known: KnownSecrets) -> types.InputRequiredResult:
    """Return the result of a call that ends with a question."""
    form = types.ElicitRequestFormParams(message=_show(question.request, known), requested_schema=dict(_FORM))
    return types.InputRequiredResult(input_requests={_ANSWER: types.ElicitRequest(params=form)}, request_state=name)


class _Refuse:
    """The approver for hosts that cannot ask a person; the current values are not read for it."""

    needs_current = False

    def __call__(self, request: WriteRequest) -> Approval:
        raise refuse_unsent(
            request,
            "this host cannot ask a person for approval (it has no elicitation). Start the server with --read-only, or "
            "use a host that can ask.",
        )


class _AskNow:
    """Sends the question to the host and waits for the answer, for protocol versions up to 2025-11-25."""

    def __init__(self, context: Context, person: str, known: KnownSecrets) -> None:
        self._context, self._person, self._known = context, person, known

    async def __call__(self, request: WriteRequest) -> Approval:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._context.session.elicit_form(
                    _show(request, self._known), dict(_FORM), related_request_id=self._context.request_id
                )
        except TimeoutError:
            return request.reject("nobody", f"nobody answered within {ANSWER_SECONDS / 60:.0f} min")
        except MCPError:
            return request.reject("nobody", "the host could not ask a person. Look at the messages of the host")
        return _judge(request, answer, self._person)


class _AskAndEnd:
    """Ends the call with the question, or uses the answer that came with the call, once."""

    def __init__(
        self, questions: Questions, question: Question | None, answer: types.ElicitResult | None, person: str
    ) -> None:
        self._questions, self._question, self._answer, self._person = questions, question, answer, person

    def find_begun(self, request: WriteRequest) -> float | None:
        """Return when an earlier call with this answer began this write; None when the answer was not used."""
        question = self._question
        if question is None or self._answer is None:
            return None
        asked = question.request
        return question.begun if (asked.tool, asked.arguments) == (request.tool, request.arguments) else None

    def __call__(self, request: WriteRequest) -> Approval:
        question, answer = self._question, self._answer
        self._answer = None
        if question is None or answer is None:
            raise Asking(Question(request))
        if question.begun is None and _says_yes(answer) and question.request.digest != request.digest:
            # What the person was shown is no longer true.
            if request.current is not None:
                request = request.show(request.current, question.request.current)
            raise Asking(Question(request))
        return replace(_judge(request, answer, self._person), begun=self._questions.use(question))


def _says_yes(answer: types.ElicitResult) -> bool:
    return answer.action == "accept" and (answer.content or {}).get("approve") is True


def _judge(request: WriteRequest, answer: types.ElicitResult, person: str) -> Approval:
    if _says_yes(answer):
        return Approval(True, request.digest, person)
    why = {"accept": "did not approve it", "decline": "declined it", "cancel": "closed the question without an answer"}
    return Approval(False, request.digest, person, f"a person {why[answer.action]}")


def _show(request: WriteRequest, known: KnownSecrets) -> str:
    """Return what the person reads: no secret, and nothing left out without saying so."""
    text = known.redact(describe_write(request))
    if len(text) > _MOST_SHOWN:
        left = len(text) - _MOST_SHOWN
        text = f"{text[:_MOST_SHOWN]}\n… {left:,} more characters are not shown. Decline if you need to see them."
    return text


def _can_ask(context: Context) -> bool:
    capabilities = context.session.client_capabilities
    asking = None if capabilities is None else capabilities.elicitation
    # Hosts before 2025-11-25 name no kinds, and ask by a form.
    return asking is not None and (asking.form is not None or asking.url is None)


def _name_person(context: Context) -> str:
    about = context.session.client_params
    host = "" if about is None else one_line(about.client_info.name)[:60]
    return f"a person at {host or 'an MCP host'}"
