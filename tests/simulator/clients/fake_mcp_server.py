"""A small MCP server for tests, without any library: it lists what a file says and misbehaves as it is told.

Use: python fake_mcp_server.py OFFERS.json BEHAVIOUR ORGANIZATION --authentication pat

OFFERS.json holds the version and the list of tools. The behaviours: `echo` answers with the name and the arguments of a
call, `environment` with its environment, `hang` never, `die` ends instead, `garbage` answers with no JSON first,
`change` announces another list before it answers, `text:...` answers with a text, and `refuse:...` with a failure.
"""

import json
import os
import sys
import time
from pathlib import Path


def send(message: dict) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer_call(behaviour: str, call: dict) -> str:
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "die":
        os._exit(3)
    if behaviour == "garbage":
        sys.stdout.write("this is no JSON\n")
    if behaviour == "change":
        send({"method": "notifications/tools/list_changed"})
    if behaviour == "environment":
        return json.dumps(dict(os.environ))
    kind, _, text = behaviour.partition(":")
    return text if kind in {"text", "refuse"} else json.dumps(call)


def main() -> None:
    offers = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.stderr.write("fake server: ready\n")
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        if request["method"] == "initialize":
            result = {
                "protocolVersion": request["params"]["protocolVersion"],
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "fake", "version": offers["version"]},
            }
        elif request["method"] == "tools/list":
            result = {"tools": offers["tools"]}
        else:
            text = answer_call(sys.argv[2], request["params"])
            result = {"content": [{"type": "text", "text": text}], "isError": sys.argv[2].startswith("refuse:")}
        send({"id": request["id"], "result": result})


if __name__ == "__main__":
    main()
