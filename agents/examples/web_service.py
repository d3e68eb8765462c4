"""A web service for many users: one toolkit, one set of connections, and an approver for each user.

pip install langchain-azure-devops langchain langchain-openai fastapi uvicorn
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
export USER_TOKENS='{"a-long-random-text": "dana", "another-one": "priya"}'
python web_service.py 8000

A user sends `Authorization: Bearer TOKEN` with each request:

    POST /questions                {"question": "..."}     starts a question and returns its number
    GET  /questions/NUMBER                                 returns the answer, and the writes that wait for this user
    POST /questions/NUMBER/writes  {"KEY": true}           approves (true) or rejects (false) writes by their keys

No user sees or approves what belongs to another one. `MODEL` chooses another model. Replace the tokens by your sign-in,
and the dictionaries by a database, before you offer this to anybody.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from itertools import count
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, StrictBool

from langchain_azure_devops import Approval, AzureDevOpsToolkit, WriteRequest
from langchain_azure_devops.safety import describe_write

try:
    USERS: dict[str, str] = dict(json.loads(os.environ["USER_TOKENS"]))
except (KeyError, ValueError, TypeError):
    sys.exit("""Set USER_TOKENS to the users by their tokens, such as '{"a-long-random-text": "dana"}'.""")
SECONDS_TO_DECIDE = 600


class Asked(BaseModel):
    """A question of a user."""

    question: str


@dataclass
class Desk:
    """One question of one user: its answer, and its writes that wait for a decision."""

    user: str
    answer: str | None = None
    waiting: dict[str, tuple[str, asyncio.Future[bool]]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    async def approve(self, request: WriteRequest) -> Approval:
        """Wait until the user decides; no decision in time rejects the write."""
        key, decided = str(next(numbers)), asyncio.get_running_loop().create_future()
        self.waiting[key] = (describe_write(request), decided)
        try:
            approved = await asyncio.wait_for(decided, SECONDS_TO_DECIDE)
        except TimeoutError:
            approved = False
        finally:
            del self.waiting[key]
        return Approval(approved, request.digest, self.user, "" if approved else f"{self.user} did not approve it")

    async def work(self, model: BaseChatModel, toolkit: AzureDevOpsToolkit, question: str) -> None:
        """Answer the question with tools whose writes this user approves."""
        tools = toolkit.get_tools(approver=self.approve)
        agent = create_agent(model, tools, system_prompt=toolkit.system_prompt())
        try:
            state = await agent.ainvoke({"messages": [HumanMessage(question)]})
            self.answer = state["messages"][-1].text
        except Exception as error:  # noqa: BLE001 - whatever ends the question is told to its user
            self.answer = f"The question failed: {type(error).__name__}"


@asynccontextmanager
async def share_toolkit(app: FastAPI) -> AsyncIterator[None]:
    """Connect once for all users, and close the connections at the end."""
    app.state.model = init_chat_model(os.environ.get("MODEL", "openai:gpt-5-mini"))
    async with await AzureDevOpsToolkit.aconnect() as toolkit:
        app.state.toolkit = toolkit
        yield
        for desk in desks.values():
            if desk.task is not None:
                desk.task.cancel()


app = FastAPI(lifespan=share_toolkit)
desks: dict[int, Desk] = {}
numbers = count(1)


def sign_in(given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """Return the user that a token belongs to."""
    for token, user in USERS.items():
        if compare_digest(token.encode(), given.credentials.encode()):
            return user
    raise HTTPException(401, "This token belongs to nobody.")


def find_desk(number: int, user: Annotated[str, Depends(sign_in)]) -> Desk:
    """Return a question of this user; the question of another user does not exist for them."""
    desk = desks.get(number)
    if desk is None or desk.user != user:
        raise HTTPException(404, "You asked no such question.")
    return desk


@app.post("/questions")
async def ask(asked: Asked, user: Annotated[str, Depends(sign_in)]) -> dict[str, int]:
    """Start a question."""
    number, desk = next(numbers), Desk(user)
    desks[number] = desk
    desk.task = asyncio.create_task(desk.work(app.state.model, app.state.toolkit, asked.question))
    return {"number": number}


@app.get("/questions/{number}")
async def show(desk: Annotated[Desk, Depends(find_desk)]) -> dict[str, str | dict[str, str] | None]:
    """Return the answer and the writes that wait."""
    return {"answer": desk.answer, "writes": {key: text for key, (text, _) in desk.waiting.items()}}


@app.post("/questions/{number}/writes")
async def decide(decisions: dict[str, StrictBool], desk: Annotated[Desk, Depends(find_desk)]) -> dict[str, int]:
    """Decide about writes that wait; a key that does not wait is ignored."""
    open_ones = {key: decided for key, (_, decided) in desk.waiting.items() if key in decisions and not decided.done()}
    for key, decided in open_ones.items():
        decided.set_result(decisions[key])
    return {"decided": len(open_ones)}


if __name__ == "__main__":
    # The service has no WebSockets. Older releases of uvicorn would still load a library for them, which then warns.
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), ws="none")
