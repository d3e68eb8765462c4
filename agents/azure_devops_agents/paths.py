"""The files in which the agent keeps what outlives a process: threads and the audit log."""

import os
from pathlib import Path

from platformdirs import user_state_path


def state_path() -> Path:
    """Return the file that keeps threads, in the user's state directory; on Linux, XDG_STATE_HOME can name another."""
    return user_state_path("azure-devops-agent", appauthor=False) / "threads.sqlite"


def filed_path() -> Path:
    """Return the file that keeps which work items the automations created, beside the threads."""
    return state_path().with_name("filed.sqlite")


def audit_path() -> Path:
    """Return the file of the audit log: beside the threads, or the one that `AZURE_DEVOPS_AUDIT` names."""
    given = os.environ.get("AZURE_DEVOPS_AUDIT", "").strip()
    return Path(given) if given else state_path().with_name("audit.jsonl")
