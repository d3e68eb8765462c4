"""What the tests of official clients share: tokens, the served organization, and how a missing client is reported."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from azure_devops_simulator import Organization

FULL, READ, CODE_READ, CODE_WRITE = "full-token", "read-token", "code-token", "code-write-token"
REQUIRED = "AZURE_DEVOPS_CLIENTS"
"""Set to `required`, a client that is missing fails its tests; otherwise they are reported as not run."""


def not_run(reason: str) -> NoReturn:
    """Say by name which client is missing."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"not run: {reason} ({REQUIRED}=required)", pytrace=False)
    pytest.skip(f"not run: {reason}")


@dataclass(frozen=True)
class Served:
    """A running simulator: the organization behind it, its address, and what a TLS client has to trust."""

    organization: Organization
    base_url: str
    authority: Path

    @property
    def port(self) -> int:
        return int(self.base_url.rsplit(":", 1)[1].partition("/")[0])
