"""A small server with OpenAI's interface, and Azure's form of it, that streams given answers. It has no model.

It tests the way to a model and back: the wire, the client, and what happens when a provider fails.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from azure_devops_agents.models.scripted import Step
from azure_devops_simulator.server.serving import Server, ServerThread, listen


@dataclass(frozen=True)
class Turn:
    """One answer of the model.

    Attributes:
        calls: The tool calls, each with a name and its arguments as JSON text, which can be malformed.
        text: The text of the answer.
        refusal: The text of a refusal.
        status: The status of the HTTP answer.
        dropped: Whether the connection breaks in the middle of the first call.
        garbage: Whether the body is not JSON.
        hangs: Whether the answer never comes.
        usage: The tokens that the answer reports: input, the part of it from the cache, output; None reports nothing.
    """

    calls: Sequence[tuple[str, str]] = ()
    text: str = ""
    refusal: str = ""
    status: int = 200
    dropped: bool = False
    garbage: bool = False
    hangs: bool = False
    usage: tuple[int, int, int] | None = None


Turns = Sequence[Turn] | Callable[[Mapping[str, Any]], Turn]


def scripted(scripts: Mapping[str, Sequence[Step]]) -> Callable[[Mapping[str, Any]], Turn]:
    """Play the steps that belong to the question of a conversation; the conversation alone decides the turn."""

    def turn(asked: Mapping[str, Any]) -> Turn:
        question = next(str(message["content"]) for message in asked["messages"] if message["role"] == "user")
        number = sum(message["role"] == "assistant" for message in asked["messages"])
        steps = scripts.get(question, ())
        step = steps[number] if number < len(steps) else []
        return Turn([(call.name, json.dumps(call.arguments)) for call in step], "" if step else "Nothing more to say.")

    return turn


@dataclass
class OpenAIServer:
    """Answers with the turns in order and repeats the last one, or answers with what a function returns.

    Attributes:
        turns: The answers.
        requests: The bodies of the requests.
        urls: The paths of the requests, with their queries.
    """

    turns: Turns
    requests: list[dict[str, Any]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Serve until the end of the block."""
        deployment = "/openai/deployments/{name}/chat/completions"
        routes = [Route(path, self._complete, methods=["POST"]) for path in ("/v1/chat/completions", deployment)]
        app = Starlette(routes=routes)
        self._server = Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        listener = listen()
        self._thread = ServerThread(self._server, listener, "openai-server")
        self._thread.start()
        self.azure_endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.base_url = f"{self.azure_endpoint}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._thread.stop()

    async def _complete(self, request: Request) -> Response:
        asked = await request.json()
        number = len(self.requests)
        turn = self.turns(asked) if callable(self.turns) else self.turns[min(number, len(self.turns) - 1)]
        self.requests.append(asked)
        self.urls.append(f"{request.url.path}?{request.url.query}".removesuffix("?"))
        if "name" in request.path_params and not request.headers.get("api-key"):
            return JSONResponse({"error": {"message": "Access denied due to missing subscription key."}}, 401)
        while turn.hangs and not self._server.should_exit:  # noqa: ASYNC110 - another thread stops the server
            await asyncio.sleep(0.02)
        if turn.status != 200:
            headers = {"Retry-After": "0"}
            return JSONResponse({"error": {"message": "no", "type": "x"}}, turn.status, headers)
        if turn.garbage:
            return PlainTextResponse("<html>not what you asked for</html>", media_type="application/json")
        if not asked.get("stream"):
            return JSONResponse(_whole(turn))
        return StreamingResponse(_stream(turn), media_type="text/event-stream")


def _message(turn: Turn) -> dict[str, Any]:
    calls = [
        {
            "index": index,
            "id": f"call_{index}_{name}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(turn.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None}
    if calls:
        message["tool_calls"] = calls
    if turn.refusal:
        message["refusal"] = turn.refusal
    return message


def _whole(turn: Turn) -> dict[str, Any]:
    choice = {"index": 0, "message": _message(turn), "finish_reason": "tool_calls" if turn.calls else "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "local", "choices": [choice]}
    return body | _usage(turn)


def _usage(turn: Turn) -> dict[str, Any]:
    """Return the tokens that an answer reports, in the form of the provider."""
    if turn.usage is None:
        return {}
    given, cached, answered = turn.usage
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    counts = {"prompt_tokens": given, "completion_tokens": answered, "total_tokens": given + answered}
    return {"usage": counts | details}


def _stream(turn: Turn) -> Iterator[str]:
    """Stream the answer in small pieces, with tool arguments cut in two."""

    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "local", "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for piece in turn.text.split():
        yield event({"content": piece + " "})
    if turn.refusal:
        yield event({"refusal": turn.refusal})
    for call in _message(turn).get("tool_calls", []):
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        yield event({"tool_calls": [{**call, "function": {**call["function"], "arguments": arguments[:half]}}]})
        if turn.dropped:
            raise ConnectionResetError("dropped on purpose")
        rest = {"index": call["index"], "function": {"arguments": arguments[half:]}}
        yield event({"tool_calls": [rest]})
    yield event({}, "tool_calls" if turn.calls else "stop")
    if turn.usage is not None:
        told = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "local", "choices": []}
        yield f"data: {json.dumps(told | _usage(turn))}\n\n"
    yield "data: [DONE]\n\n"
