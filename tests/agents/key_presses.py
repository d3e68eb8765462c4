"""Press Ctrl-C at a question that a command asks on a real terminal."""

import time
from pathlib import Path

import pexpect

READ = {"0", "63"}
"""The number of the system call `read` on x86-64 and on ARM."""


def waits_for_a_line(process: pexpect.spawn) -> bool:
    """Return whether the process is blocked in a read of its standard input, as far as the system tells."""
    try:
        call, *arguments = Path(f"/proc/{process.pid}/syscall").read_text(encoding="utf-8").split()
    except OSError:
        return True  # There is no /proc, or it may not be read.
    return call in READ and arguments[:1] == ["0x0"]


def interrupt(process: pexpect.spawn, told: str | type[pexpect.EOF]) -> None:
    """Press Ctrl-C once the process reads its input, and wait for what it prints then, or for its end.

    Python loses a signal that arrives after `input()` has printed its prompt and before it reads: the read then waits
    on. On a busy machine this happens, and a person presses again. Only a process that still reads is interrupted
    again, so that one Ctrl-C never counts twice.
    """
    for _ in range(400):
        if waits_for_a_line(process):
            break
        time.sleep(0.05)
    for _ in range(4):
        process.sendintr()
        if process.expect([told, pexpect.TIMEOUT], timeout=10) == 0:
            return
        if not waits_for_a_line(process):
            break
    process.expect(told)
