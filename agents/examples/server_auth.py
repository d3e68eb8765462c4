"""A sign-in for the LangGraph server: users see and approve only what is theirs, and the audit log names them.

pip install 'langchain-azure-devops[agents]' 'langgraph-cli[inmem]'
export AZURE_DEVOPS_ORG=contoso AZURE_DEVOPS_PAT=... AZURE_DEVOPS_PROJECT=Platform OPENAI_API_KEY=...
export USER_TOKENS='{"a-long-random-text": "dana", "another-one": "priya"}'
langgraph dev --config server_auth.json

A user sends `Authorization: Bearer TOKEN` with each request, as server_client.py does with `AGENT_TOKEN`. A thread
belongs to the user who made it. Other users cannot read it, continue it or answer its approvals. The configuration
turns Studio's own sign-in off, because everybody who reaches the server could use it. Replace the tokens by your
sign-in before you offer this to anybody.
"""

import json
import os
import sys
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any

from langgraph_sdk import Auth

# ruff: noqa: ARG001 - the server passes `ctx` and `value` by these names to every handler
try:
    USERS: Mapping[str, str] = dict(json.loads(os.environ["USER_TOKENS"]))
except (KeyError, ValueError, TypeError):
    sys.exit("""Set USER_TOKENS to the users by their tokens, such as '{"a-long-random-text": "dana"}'.""")
OWNER = "owner"

auth = Auth()


@auth.authenticate
async def sign_in(authorization: str | None) -> Auth.types.MinimalUserDict:
    """Return the user that a token belongs to."""
    scheme, _, given = (authorization or "").partition(" ")
    for token, user in USERS.items():
        if scheme.lower() == "bearer" and compare_digest(token.encode(), given.encode()):
            return {"identity": user, "is_authenticated": True}
    detail = "This token belongs to nobody." if given else "No token came. Send the header Authorization: Bearer TOKEN."
    raise Auth.exceptions.HTTPException(status_code=401, detail=detail)


@auth.on
async def refuse_the_rest(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> bool:
    """Refuse what no other handler allows, such as schedules and assistants of a user's own."""
    return False


@auth.on.assistants(actions=["read", "search"])
async def show_assistants(ctx: Auth.types.AuthContext, value: Mapping[str, Any]) -> bool:
    """Let every user find the investigator and its schemas."""
    return True


@auth.on.threads.create
async def own_thread(ctx: Auth.types.AuthContext, value: Auth.types.ThreadsCreate) -> dict[str, str]:
    """Note who made a thread, whatever the client says about it."""
    return _stamp(ctx, value)


@auth.on.threads(actions=["read", "search", "delete"])
async def find_own_threads(ctx: Auth.types.AuthContext, value: Mapping[str, Any]) -> dict[str, str]:
    """Leave out the threads of other users."""
    return {OWNER: ctx.user.identity}


@auth.on.threads.update
async def change_own_thread(ctx: Auth.types.AuthContext, value: Auth.types.ThreadsUpdate) -> dict[str, str]:
    """Let users describe and cancel, and write no state: a decision in it would count as the one of a person."""
    if "metadata" not in value and "action" not in value:
        raise Auth.exceptions.HTTPException(status_code=403, detail="Only the graph writes the state of a thread.")
    return _stamp(ctx, value)


@auth.on.threads.create_run
async def run_own_thread(ctx: Auth.types.AuthContext, value: Auth.types.RunsCreate) -> dict[str, str]:
    """Let users ask questions and answer approvals, and nothing that goes around the graph."""
    command = value.get("kwargs", {}).get("command") or {}
    if any(given for name, given in command.items() if name != "resume"):
        raise Auth.exceptions.HTTPException(status_code=403, detail="A command can only answer an approval.")
    return _stamp(ctx, value)


@auth.on.store
async def keep_stores_apart(ctx: Auth.types.AuthContext, value: Mapping[str, Any]) -> bool:
    """Give each user a part of the store. The evidence of the threads lies elsewhere: only the graph reads it."""
    return tuple(value.get("namespace") or ())[:2] == ("users", ctx.user.identity)


def _stamp(ctx: Auth.types.AuthContext, value: Any) -> dict[str, str]:
    owner = {OWNER: ctx.user.identity}
    # The server stores this very dictionary, so it is changed in place.
    value.setdefault("metadata", {}).update(owner)
    return owner
