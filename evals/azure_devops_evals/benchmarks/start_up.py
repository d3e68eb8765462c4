"""Measure how long a command takes to start, and what it imports.

Processor time is measured, because a busy machine stretches elapsed time.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import TOKEN, Stub

COMMANDS: Mapping[str, Sequence[str]] = {"help": ["--help"], "verify": ["verify"], "chat": ["chat", "--help"]}
"""The command of each budget."""
_TIMES = 5
_COMMAND = """
import sys
from azure_devops_agents.cli.main import main
sys.argv[0] = "azure-devops-agent"
try:
    main()
finally:
    loaded = [name for name in sys.modules if name.split(".")[0] in {"langchain_core", "langchain", "langgraph"}]
    print(f"loaded {len(loaded)}", file=sys.stderr)
"""


def start_up(stub: Stub) -> Iterator[Measurement]:
    """Measure the median of several starts of each command, and count the LangChain modules that it loads."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AZURE_DEVOPS_")},
        "AZURE_DEVOPS_BASE_URL": stub.base_url(),
        "AZURE_DEVOPS_PAT": TOKEN,
        "AZURE_DEVOPS_SCOPES": "code work build project",
    }
    for name, arguments in COMMANDS.items():
        runs = [_run(arguments, environ) for _ in range(_TIMES)]
        computed, waited, loaded = zip(*runs, strict=True)
        detail = f"{statistics.median(waited):.2f} s by the clock; medians of {_TIMES}"
        yield Measurement(name, statistics.median(computed), "", detail)
        yield Measurement("langchain", max(loaded), " ".join(arguments))


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float, int]:
    """Return processor time and elapsed time in seconds, and the number of LangChain modules that were loaded."""
    start, before = time.perf_counter(), _processor_time()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _COMMAND, *arguments], capture_output=True, text=True, env=environ, check=False
    )
    took, computed = time.perf_counter() - start, _processor_time() - before
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return computed, took, int(done.stderr.rsplit("loaded ", 1)[1])


def _processor_time() -> float:
    """Return the processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def t0(_: Stub) -> Iterator[Measurement]:
    """Run all cases as `azure-devops-evals run` does."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "azure_devops_evals", "run", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"the eval suite ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    yield Measurement("t0", took, "", f"{sum(json.loads(done.stdout)['counts'].values())} cases")
