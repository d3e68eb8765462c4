"""A real `langgraph dev` process beside the simulator and a scripted model behind HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.client import LangGraphClient, SyncLangGraphClient

AGENTS = Path(__file__).parent.parent.parent / "agents"
CONFIG = AGENTS / "langgraph.json"


def _find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class LangGraphServer:
    """A server that can be stopped and started again with what it stored.

    Attributes:
        folder: Where it runs and stores its threads.
        environ: The settings of the agent.
        config: The file that names the graph.
    """

    folder: Path
    environ: Mapping[str, str]
    config: Path = CONFIG
    port: int = field(default_factory=_find_port)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "azure-devops-agent" / "threads.sqlite"

    @property
    def audit(self) -> Path:
        return self.folder / "state" / "azure-devops-agent" / "audit.jsonl"

    def approvers(self) -> list[str]:
        """Return who approved each write, as the audit log says."""
        entries = [json.loads(line) for line in self.audit.read_text(encoding="utf-8").splitlines()]
        return [entry["details"]["approver"] for entry in entries if entry["event"] == "approved"]

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        command = [Path(sys.executable).with_name("langgraph"), "dev", "--no-browser", "--no-reload"]
        command += ["--port", str(self.port), "--config", self.config]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=self._environ(), stdout=log, stderr=log
            )
        while self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/ok", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.log)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def client(self, token: str | None = None) -> SyncLangGraphClient:
        return get_sync_client(url=self.url, api_key=None, headers=_sign(token))

    def async_client(self, token: str | None = None) -> LangGraphClient:
        return get_client(url=self.url, api_key=None, headers=_sign(token))

    def _environ(self) -> dict[str, str]:
        """Return a small environment: no proxy, no key and no setting of this machine reaches the server."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPYCACHEPREFIX") if name in os.environ}
        quiet = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "1", "LANGSMITH_TRACING": "false"}
        home = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        return {**kept, **quiet, **home, "PYTHONUNBUFFERED": "1", **self.environ}


def _sign(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
