"""Press Ctrl-C at a question that a command asks on a real terminal."""

import time
from pathlib import Path

import pexpect

READ = {"0", "63"}
"""The number of the system call `read` on x86-64 and on ARM."""


def interrupt(process: pexpect.spawn) -> None:
    """Press Ctrl-C once the process is blocked in the read of its input.

    Python loses a signal that arrives after `input()` has printed its prompt and before it reads: the read then waits
    for a line. On a busy machine this happens; a person would press again.
    """
    calls = Path(f"/proc/{process.pid}/syscall")
    if _is_readable(calls):
        for _ in range(800):
            call, *arguments = calls.read_text(encoding="utf-8").split()
            if call in READ and arguments[:1] == ["0x0"]:
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"the process never read its input; it had printed {process.before!r}")
    process.sendintr()


def _is_readable(calls: Path) -> bool:
    """Return whether this system tells in which call a process is; only Linux does, and not to everybody."""
    try:
        calls.read_text(encoding="utf-8")
    except OSError:
        return False
    return True
