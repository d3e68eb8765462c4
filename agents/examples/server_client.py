"""Ask the agent on a LangGraph server, and decide about its writes in the terminal.

langgraph dev --config agents/langgraph.json        # agents/README.md says which settings it needs
python server_client.py "Why does platform-api-ci fail? File a bug."

`AGENT_URL` names another server than http://127.0.0.1:2024. The digest in an answer says which view was approved: if
the state changed meanwhile, the server asks again. Everything but the word "yes" rejects a write.
"""

import os
import sys
from typing import Any

from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

URL = os.environ.get("AGENT_URL", "http://127.0.0.1:2024")


def decide(request: dict[str, Any], view: dict[str, Any]) -> dict[str, str]:
    """Show a write and let the person decide."""
    print(f"\n{request['description']}\n")
    if input("Type yes to approve this write: ").strip() == "yes":
        return {"type": "approve", "digest": view["digest"]}
    return {"type": "reject"}


def run(client: SyncLangGraphClient, thread: str, **given: Any) -> None:
    """Run until the question is answered or writes wait, and print what the agent does."""
    for part in client.runs.stream(thread, "investigator", stream_mode="custom", **given):
        if part.event == "custom" and part.data["type"] == "tool_finished":
            print(f"{part.data['evidence_id']} {part.data['tool']}: {part.data['summary']}")


def main(question: str) -> None:
    """Ask, decide about all writes of each turn, and print the report."""
    client = get_sync_client(url=URL)
    thread = client.threads.create()["thread_id"]
    run(client, thread, input={"messages": [{"role": "user", "content": question}]})
    while interrupts := client.threads.get_state(thread)["interrupts"]:
        [asked] = [interrupt["value"] for interrupt in interrupts]
        decisions = list(map(decide, asked["action_requests"], asked["views"]))
        run(client, thread, command={"resume": {"decisions": decisions}})
    values: Any = client.threads.get_state(thread)["values"]
    print(values["messages"][-1]["content"])


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
