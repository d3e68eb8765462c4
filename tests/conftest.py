"""What all tests share."""

import ssl
import sys
from pathlib import Path

import pytest

# The folders of modules that tests import by their plain names.
for folder in ("toolkit", "toolkit/text", "simulator", "simulator/clients", "simulator/contract", "agents", "evals"):
    sys.path.insert(0, str(Path(__file__).parent / folder))


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """A context for HTTP clients: to make one for each client would take longer than most tests."""
    return ssl.create_default_context()
