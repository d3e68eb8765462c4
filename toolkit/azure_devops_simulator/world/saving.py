"""Write files that nobody else reads, among them the organization as a world."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.world.export import export_world


def write_privately(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads. Another process sees the old content or the whole new one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def save_world(organization: Organization, path: Path) -> None:
    """Write the world of an organization, which `--world` reads. Tokens are not part of it.

    Raises:
        OSError: the file cannot be written. A file that was there before is unchanged.
    """
    write_privately(path.resolve(), json.dumps(export_world(organization), ensure_ascii=False).encode())
