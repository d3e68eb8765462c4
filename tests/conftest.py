"""Shared by all tests: the paths of their modules, the number of processes, and the lines of the summary."""

import gc
import os
import signal
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The folders of modules that tests import by their plain names.
for folder in (
    "",
    "official",
    "toolkit",
    "toolkit/text",
    "simulator",
    "simulator/clients",
    "simulator/contract",
    "agents",
    "agents/server",
    "evals",
):
    sys.path.insert(0, str(ROOT / "tests" / folder))

# Tests start many processes. Without byte code each of them would compile LangChain again, which takes seconds; where
# none may be written beside the sources, it is kept in pytest's own folder.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".pytest_cache" / "bytecode")

# Importing and collecting makes objects that stay, and nothing that is worth a look for garbage.
gc.disable()

# A shell starts a background job with Ctrl-C ignored, and every program that the job starts would ignore it as well.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All cores for the whole suite and for folders; none for named files, which end before workers have started."""
    named = any(".py" in argument for argument in config.args)
    return 0 if named else os.cpu_count() or 1


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but never in the modules and the tests, which would be gone through each time."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 10, 10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the lines that tests recorded as a summary, wherever they ran."""
    for report in terminalreporter.getreports("passed"):
        for title, lines in report.user_properties:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _forget_writes() -> Iterator[None]:
    """Let each test begin like a new process, which remembers no write of an earlier one with an unknown outcome."""
    yield
    if (write_memory := sys.modules.get("langchain_azure_devops.safety.write_memory")) is not None:
        write_memory.forget_writes()


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """A context for HTTP clients: to make one for each client would take longer than most tests."""
    return ssl.create_default_context()
