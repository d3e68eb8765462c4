"""Ask the agent on a LangGraph server, and decide about its writes in the terminal.

langgraph dev --config agents/langgraph.json        # agents/README.md says which settings it needs
python server_client.py "Why does platform-api-ci fail? File a bug."

`AGENT_URL` names another server than http://127.0.0.1:2024, and `AGENT_TOKEN` is your token where the server asks who
you are, as server_auth.py does. The digest in an answer says which view was approved: if the state changed meanwhile,
the server asks again. Everything but the words "yes" and "edit" rejects a write.
"""

import json
import os
import sys
from typing import Any

import httpx
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

URL = os.environ.get("AGENT_URL", "http://127.0.0.1:2024")
TOKEN = os.environ.get("AGENT_TOKEN")


def decide(request: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    """Show a write and let the person decide."""
    print(f"\n{request['description']}\n")
    answer = input("Type yes to approve this write, or edit to change it: ").strip()
    if answer == "yes":
        return {"type": "approve", "digest": view["digest"]}
    if answer == "edit":
        action = {"name": request["name"], "args": {**request["args"], **ask_for_changes()}}
        return {"type": "edit", "edited_action": action, "digest": view["digest"]}
    return {"type": "reject"}


def ask_for_changes() -> dict[str, Any]:
    """Let the person type what should be different; the server shows the changed write again."""
    while True:
        try:
            return dict(json.loads(input('The changed arguments as JSON, such as {"title": "..."}: ')))
        except (ValueError, TypeError) as error:
            print(f"This is no JSON object: {error}")


def run(client: SyncLangGraphClient, thread: str, **given: Any) -> None:
    """Run until the question is answered or writes wait, and print what the agent does."""
    for part in client.runs.stream(thread, "investigator", stream_mode="custom", **given):
        if part.event == "error":
            sys.exit(f"The run failed ({part.data['error']}): {part.data['message']}")
        # A call without evidence was refused or rejected; the report says so.
        if part.event == "custom" and part.data["type"] == "tool_finished" and part.data["evidence_id"]:
            print(f"{part.data['evidence_id']} {part.data['tool']}: {part.data['summary']}")


def main(question: str) -> None:
    """Ask, decide about all writes of each turn, and print the report."""
    if not question:
        sys.exit('Give your question as an argument: python server_client.py "Why did the last build fail?"')
    client = get_sync_client(url=URL, headers={"Authorization": f"Bearer {TOKEN}"} if TOKEN else None)
    thread = client.threads.create()["thread_id"]
    run(client, thread, input={"messages": [{"role": "user", "content": question}]})
    while interrupts := client.threads.get_state(thread)["interrupts"]:
        [asked] = [interrupt["value"] for interrupt in interrupts]
        try:
            decisions = list(map(decide, asked["action_requests"], asked["views"]))
        except EOFError:
            sys.exit(f"\nNobody decided, so nothing was written. The writes wait in the thread {thread}.")
        run(client, thread, command={"resume": {"decisions": decisions}})
    values: Any = client.threads.get_state(thread)["values"]
    print(values["messages"][-1]["content"])


if __name__ == "__main__":
    try:
        main(" ".join(sys.argv[1:]).strip())
    except httpx.HTTPError as error:
        sys.exit(f"{URL}: {error}")
