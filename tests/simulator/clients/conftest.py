"""Official clients against a served seed organization: one for each module, on a plain port and on a TLS port."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from git_client import Api, Git, git_in
from official_clients import CODE_READ, CODE_WRITE, FULL, READ, Served, not_run

from azure_devops_simulator import Certificate, Organization, SimulatorServer, seed_organization

PACKAGE = "@azure-devops/mcp"
VERSION = "2.10.0"
FOLDER = "AZURE_DEVOPS_MCP_FOLDER"
"""Where `npm install --ignore-scripts --prefix FOLDER @azure-devops/mcp@2.10.0` put the package."""


@pytest.fixture(scope="session")
def start_file() -> Path:
    """The server's program; a missing Node or package is named in the summary."""
    if shutil.which("node") is None:
        not_run("Node is not installed")
    folder = os.environ.get(FOLDER)
    if not folder:
        not_run(f"{FOLDER} does not say where {PACKAGE}@{VERSION} is")
    package = Path(folder) / "node_modules" / PACKAGE
    if not (package / "package.json").is_file():
        not_run(f"{PACKAGE}@{VERSION} is not in {folder}")
    found = json.loads((package / "package.json").read_text("utf-8"))["version"]
    assert found == VERSION
    return package / "dist" / "index.js"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the hosts of the service, and the authority that issued it, thrown away after the run."""
    folder = tmp_path_factory.mktemp("certificates")
    made = trustme.CA()
    made.cert_pem.write_to_path(folder / "authority.pem")
    issued = made.issue_cert(
        "dev.azure.com", "*.dev.azure.com", "*.visualstudio.com", "*.vssps.visualstudio.com", "127.0.0.1"
    )
    issued.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    return folder / "authority.pem"


def _organization() -> Organization:
    organization = seed_organization()
    organization.add_token(FULL)
    organization.add_token(READ, {"vso.code", "vso.project", "vso.work", "vso.build"})
    organization.add_token(CODE_READ, {"vso.code"})
    organization.add_token(CODE_WRITE, {"vso.code_write"})
    return organization


@pytest.fixture(scope="module")
def plain(authority: Path) -> Iterator[Served]:
    organization = _organization()
    with SimulatorServer(organization) as server:
        yield Served(organization, server.base_url, authority)


@pytest.fixture(scope="module")
def secure(authority: Path) -> Iterator[Served]:
    certificate = Certificate(authority.with_name("chain.pem"), authority.with_name("key.pem"))
    organization = _organization()
    with SimulatorServer(organization, certificate=certificate) as server:
        yield Served(organization, server.base_url, authority)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    if shutil.which("git") is None:
        not_run("git is not installed")
    return git_in(tmp_path)


@pytest.fixture
def api(plain: Served) -> Iterator[Api]:
    """The REST API of one repository with some history."""
    made = Api(plain, "Platform", "platform-api")
    yield made
    made.close()
