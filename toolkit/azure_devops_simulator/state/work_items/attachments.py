"""Files attached to work items. A file is uploaded first, whole or in chunks, and then work items link to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

LARGEST = 60 * 1024 * 1024
"""The largest file that the service takes, in bytes."""

_URL = re.compile(
    r"/_apis/wit/attachments/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?(?:\?.*)?$", re.IGNORECASE
)


@dataclass
class Attachment:
    """A file. `size` is the number of bytes that it will have, and None while no chunk of it has come."""

    id: str
    name: str
    created_by: str
    created: datetime
    content: bytes
    size: int | None

    @property
    def complete(self) -> bool:
        """Whether every chunk has come."""
        return self.size == len(self.content)


def attachment_id(url: str) -> str | None:
    """Return the id of the attachment that a URL names, or None when it names none."""
    found = _URL.search(url)
    return found[1].lower() if found else None
