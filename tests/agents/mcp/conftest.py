"""MCP hosts of every kind that use servers of `azure-devops-agent mcp`."""

import os
import shutil
from pathlib import Path

import pytest
from mcp_processes import Host
from official_clients import not_run

CLIENT_1 = "AZURE_DEVOPS_MCP_1"
"""The folder of a virtual environment with the official client 1.x: `uv pip install "mcp>=1.20,<2"`."""
HOSTS = ["2.x", "2.x with an older protocol", "1.x"]
TRANSPORTS = ["stdio", "http"]


@pytest.fixture(scope="session")
def python_with_client_1():
    folder = os.environ.get(CLIENT_1)
    if not folder:
        not_run(f"{CLIENT_1} does not say where the MCP client 1.x is")
    found = Path(folder) / "bin" / "python"
    if not found.is_file():
        not_run(f"there is no {found}")
    return str(found)


@pytest.fixture(params=[(kind, transport) for kind in HOSTS for transport in TRANSPORTS], ids=" over ".join)
def host(request, server):
    kind, transport = request.param
    python = request.getfixturevalue("python_with_client_1") if kind == "1.x" else None
    return Host(kind, transport, server, python)


@pytest.fixture(scope="session")
def inspector():
    """The command line of the MCP inspector."""
    folder = os.environ.get("AZURE_DEVOPS_MCP_FOLDER")
    if shutil.which("node") is None or not folder:
        not_run("AZURE_DEVOPS_MCP_FOLDER does not say where the MCP inspector is")
    found = Path(folder) / "node_modules" / ".bin" / "mcp-inspector"
    if not found.exists():
        not_run(f"there is no {found}")
    return [str(found), "--cli"]
