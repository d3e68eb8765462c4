"""Measure the memory of one large read in a process of its own, because a high-water mark only rises."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub

_CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "file-memory": ("read_repository_file", {"repository": "platform-api", "path": "/big.txt"}),
    "log-memory": ("get_build_log", {"build": 1, "log": 4, "contains": "nowhere in it"}),
    "tail": ("get_build_log", {"build": 1, "log": 4}),
}


def memory(stub: Stub) -> Iterator[Measurement]:
    """Measure how far each read raises the high-water mark above the memory after a smaller call."""
    for name in ("file-memory", "log-memory", "tail"):
        command = [sys.executable, "-m", __name__, stub.url, name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
        seen = json.loads(done.stdout)
        received = seen["received"]
        detail = f"{received:.2f} MB received in {seen['seconds']:.1f} s, +{seen['more']:.1f} MB; {seen['head']}"
        yield Measurement(name, received if name == "tail" else seen["more"], "", detail)


def _measure(url: str, name: str) -> dict[str, object]:
    """Measure the memory of one call in this process."""
    import time  # noqa: PLC0415 - only the process that measures needs what follows

    from langchain_azure_devops.adapters.langchain import bind  # noqa: PLC0415 - same
    from langchain_azure_devops.tools import TOOLS  # noqa: PLC0415 - same

    tool, arguments = _CALLS[name]
    stub = Stub(url)
    with stub.client() as client:
        bound = bind(TOOLS[tool], client)
        bind(TOOLS["list_pull_requests"], client).invoke({"limit": 100})
        stub.wire()
        before, start = _reset_high_water(), time.perf_counter()
        text = bound.invoke(arguments)
        return {
            "more": _high_water() - before,
            "seconds": time.perf_counter() - start,
            "received": stub.wire().sent / 2**20,
            "head": text.splitlines()[0],
        }


_STATUS = Path("/proc/self/status")


def _reset_high_water() -> float:
    """Return the memory of this process in MB, and reset the high-water mark where the system allows it."""
    if not _STATUS.exists():
        return _high_water()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _high_water() -> float:
    """Return the high-water mark of the memory of this process, in MB."""
    if _STATUS.exists():
        return _status("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _status(name: str) -> float:
    found = re.search(rf"{name}:\s*(\d+) kB", _STATUS.read_text(encoding="ascii"))
    assert found is not None  # noqa: S101 - the system names it
    return int(found[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], sys.argv[2])))
