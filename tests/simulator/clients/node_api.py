"""The vendor's Node client in a process of its own: a call goes in, and what became of it comes out."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from official_clients import not_run

PACKAGE, VERSION = "azure-devops-node-api", "17.0.1"
FOLDER = "AZURE_DEVOPS_NODE_API"
"""Where the package is: `npm install --ignore-scripts --prefix X azure-devops-node-api@17.0.1` puts it below X."""

PLAYER = Path(__file__).with_name("play_node_api.cjs")


@dataclass(frozen=True)
class Outcome:
    """What the client made of one call, and the requests that it sent for it.

    `value` is what the method returned: a stream as `{"$bytes": length, "$starts": text}`, and None for a 404, which
    the client does not report as an error. `refused` is the text of the error that it threw, or "".
    """

    value: Any
    refused: str
    exchanges: list[dict[str, Any]]

    @property
    def status(self) -> int:
        """The status of the last answer; 0 when nothing was sent."""
        return int(self.exchanges[-1]["status"]) if self.exchanges else 0

    @property
    def not_simulated(self) -> str:
        """What the simulator said that it does not simulate, or ""."""
        return next((exchange["not_simulated"] for exchange in self.exchanges if exchange["not_simulated"]), "")


class NodeApi:
    """A running player. `call` waits for the outcome, so calls come one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(self, url: str, token: str, api: str, method: str, *arguments: Any) -> Outcome:
        """Call one method of one API class. A date is `{"$date": text}`, a stream is `{"$stream": text}`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        call = {"url": url, "token": token, "api": api, "method": method, "arguments": arguments}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return Outcome(said.get("value"), said.get("error", ""), said["exchanges"])


def package_folder() -> Path:
    """Return the folder of the package; a missing Node or package is named in the summary."""
    if shutil.which("node") is None:
        not_run("Node is not installed")
    folder = os.environ.get(FOLDER)
    if not folder:
        not_run(f"{FOLDER} does not say where {PACKAGE}@{VERSION} is")
    package = Path(folder)
    if not (package / "package.json").is_file():
        not_run(f"{PACKAGE}@{VERSION} is not in {folder}")
    assert json.loads((package / "package.json").read_text("utf-8"))["version"] == VERSION
    return package


@contextmanager
def player(package: Path) -> Iterator[NodeApi]:
    """Start the client; it ends with the block."""
    command = ["node", str(PLAYER), str(package)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield NodeApi(process)
        assert process.stdin is not None
        process.stdin.close()
