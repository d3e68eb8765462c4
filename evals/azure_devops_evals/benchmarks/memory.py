"""Measure the memory of one large read in a process of its own, because a high-water mark only rises.

The failure view of a long log is measured there as well: its memory, and the processor time of the whole call.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.calls import confirm
from azure_devops_evals.benchmarks.service import Stub

_CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "file-memory": ("read_repository_file", {"repository": "platform-api", "path": "/big.txt"}),
    "log-memory": ("get_build_log", {"build": 1, "log": 4, "contains": "nowhere in it"}),
    "tail": ("get_build_log", {"build": 1, "log": 4, "first_line": -60}),
    "no failure": ("get_build_log", {"build": 1, "log": 4}),
    "a failure in every 5,000 lines": ("get_build_log", {"build": 1, "log": 5}),
    "an error in every line": ("get_build_log", {"build": 1, "log": 6}),
}
_VIEWS = ("no failure", "a failure in every 5,000 lines", "an error in every line")


def memory(stub: Stub) -> Iterator[Measurement]:
    """Measure how far each read raises the high-water mark above the memory after a smaller call."""
    for name in ("file-memory", "log-memory", "tail"):
        seen = _run(stub, name)
        yield Measurement(name, seen.received if name == "tail" else seen.more, "", f"{seen}; {seen.head}")
    for name in _VIEWS:
        yield from _view(stub, name)


class Seen(NamedTuple):
    """What one call took.

    Attributes:
        more: The memory in MB above that of a smaller call.
        seconds: The time by the clock.
        processor: The processor time.
        received: The bytes in MB that the server sent.
        head: The first line of the answer.
    """

    more: float
    seconds: float
    processor: float
    received: float
    head: str

    def __str__(self) -> str:
        """Return the numbers as a text."""
        return f"{self.received:.2f} MB received in {self.seconds:.1f} s, +{self.more:.1f} MB"


def _run(stub: Stub, name: str) -> Seen:
    command = [sys.executable, "-m", __name__, stub.url, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    return Seen(*json.loads(done.stdout))


def _view(stub: Stub, name: str) -> Iterator[Measurement]:
    """Measure the time of a failure view, again while it is too long, and the most memory of these calls."""
    made: list[Seen] = []

    def measure() -> Measurement:
        made.append(_run(stub, name))
        return Measurement("view-time", made[-1].processor, name, str(made[-1]))

    yield confirm(measure)
    yield Measurement("view-memory", max(one.more for one in made), name)


def _measure(url: str, name: str) -> Seen:
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
        before, start, busy = _reset_high_water(), time.perf_counter(), time.process_time()
        text = bound.invoke(arguments)
        return Seen(
            more=_high_water() - before,
            seconds=time.perf_counter() - start,
            processor=time.process_time() - busy,
            received=stub.wire().sent / 2**20,
            head=text.splitlines()[0],
        )


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
