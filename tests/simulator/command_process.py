"""The command of the simulator as a process of its own."""

import os
import select
import signal
import subprocess
import sys


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "azure_devops_simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )


def read_line(process):
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20)
    assert ready, "nothing was printed"
    return process.stdout.readline().decode().strip()


def end(process, ending=signal.SIGTERM):
    """End the command, and return its exit code and what it wrote on stderr."""
    process.send_signal(ending)
    _, err = process.communicate(timeout=20)
    return process.returncode, err.decode()
