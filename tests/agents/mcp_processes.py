"""Servers of `azure-devops-agent mcp` as real processes, and hosts that use them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import mcp_hosts
from agent_tokens import FULL

CLI = [sys.executable, "-m", "azure_devops_agents.cli.main", "mcp"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_DEVOPS_")}
BEARER = "a-token-for-the-hosts-of-this-test"


def environ(server, token=FULL, **more):
    return {
        **CLEAN,
        "AZURE_DEVOPS_BASE_URL": server.base_url,
        "AZURE_DEVOPS_PAT": token,
        "AZURE_DEVOPS_PROJECT": "Platform",
        **more,
    }


@contextmanager
def serving(environment, *options):
    """A server over HTTP; gives its process and its address, after the lines about itself."""
    process = subprocess.Popen(
        [*CLI, "--http", "--port", "0", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        while not (lines and lines[-1].startswith("Hosts send")):
            line = process.stderr.readline()
            assert line, f"the server ended: {lines}"
            lines.append(line)
        url = re.search(r"http://\S+/mcp", "".join(lines))
        yield process, url[0] if url else "", "".join(lines)
    finally:
        process.kill()
        process.communicate()


class Host:
    """A host of one kind over one transport, at a simulator."""

    def __init__(self, kind, transport, server, python):
        self.kind, self.transport, self.server, self.python = kind, transport, server, python

    async def follow(self, *steps, answers=(), token=FULL, options=(), **more):
        """Start a server, follow the steps, and end it."""
        environment = environ(self.server, token, **more)
        if self.transport == "stdio":
            return await self._follow({"command": [*CLI, *options], "env": environment}, steps, answers)
        with serving({**environment, "AZURE_DEVOPS_MCP_TOKEN": BEARER}, *options) as (_, url, _told):
            return await self._follow({"url": url, "headers": {"Authorization": f"Bearer {BEARER}"}}, steps, answers)

    async def _follow(self, server, steps, answers):
        plan = {
            "mode": "legacy" if "older" in self.kind else "auto",
            "server": server,
            "answers": None if answers is None else list(answers),
            "steps": list(steps),
        }
        if self.python is None:
            return json.loads(json.dumps(await mcp_hosts.follow(plan)))
        command = [self.python, mcp_hosts.__file__]
        done = await asyncio.to_thread(
            subprocess.run, command, input=json.dumps(plan), capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
