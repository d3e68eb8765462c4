"""Where the agent keeps what outlives a process: threads and the audit log."""

import os
from pathlib import Path


def state_path() -> Path:
    """The file that threads are kept in, under the user's state directory."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return base / "azure-devops-agent" / "threads.sqlite"


def audit_path() -> Path:
    """The audit log: beside the threads, or where `AZURE_DEVOPS_AUDIT` says."""
    given = os.environ.get("AZURE_DEVOPS_AUDIT", "").strip()
    return Path(given) if given else state_path().with_name("audit.jsonl")
