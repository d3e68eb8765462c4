"""The seeded simulator and clients of it: one for all that only read, a fresh one for each test that writes."""

import base64
import ssl
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
from tool_calls import FULL, READ, UPLOADS, Recorder, seed_with_tokens

from azure_devops_simulator import Organization, SimulatorServer
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.runtime import RunContext, Timeouts
from shared_organization import shared, unchanged


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SimulatorServer]:
    with shared(seed_with_tokens()) as organization, SimulatorServer(organization) as running:
        yield running


@pytest.fixture(autouse=True)
def _shared_server_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that writes to the service that others read."""
    if "shared_server" not in request.fixturenames:
        yield
        return
    with unchanged(request.getfixturevalue("shared_server").organization):
        yield


@pytest.fixture(scope="session")
def reader(shared_server: SimulatorServer) -> Iterator[AzureDevOps]:
    """A client whose token only reads; shared, so nothing may be changed behind its back."""
    with AzureDevOps(load_settings(base_url=shared_server.base_url, pat=READ), writes="allow") as reading:
        yield reading


@pytest.fixture
def organization() -> Organization:
    return seed_with_tokens()


@pytest.fixture
def server(organization: Organization) -> Iterator[SimulatorServer]:
    with SimulatorServer(organization) as running:
        yield running


@pytest.fixture
def client(server: SimulatorServer) -> Iterator[AzureDevOps]:
    """A client that may do everything, on a service of its own."""
    with AzureDevOps(load_settings(base_url=server.base_url, pat=FULL), writes="allow", files=UPLOADS) as writing:
        yield writing


@pytest.fixture
def hurry(server: SimulatorServer, organization: Organization) -> Iterator[Callable[..., AzureDevOps]]:
    """Makes clients for the project Platform that write, and look only briefly for what became of a lost write."""
    made: list[AzureDevOps] = []

    def make(transport: httpx.AsyncBaseTransport | None = None, recovery: float = 0.05) -> AzureDevOps:
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
        timeouts = Timeouts(retry_pause=0.005, recovery=recovery, recovery_pause=0.02)
        context = RunContext(clock=organization.clock.now, timeouts=timeouts)
        made.append(AzureDevOps(settings, writes="allow", context=context, transport=transport))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def hasty(hurry: Callable[..., AzureDevOps]) -> AzureDevOps:
    """One client that `hurry` makes."""
    return hurry()


@pytest.fixture
def push(server: SimulatorServer, tls: ssl.SSLContext) -> Callable[..., str]:
    """Commits files to a branch as another client would; returns the commit."""

    def commit(project: str, repository: str, files: Mapping[str, bytes], branch: str = "main") -> str:
        base = f"{server.base_url}/{project}/_apis/git/repositories/{repository}"
        with httpx.Client(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
            refs = http.get(f"{base}/refs", params={"filter": f"heads/{branch}"}).json()["value"]
            old = next((ref["objectId"] for ref in refs if ref["name"] == f"refs/heads/{branch}"), "0" * 40)
            items = http.get(f"{base}/items", params={"scopePath": "/", "recursionLevel": "full"})
            there = {row["path"] for row in items.json().get("value", [])}
            changes = [
                {
                    "changeType": "edit" if path in there else "add",
                    "item": {"path": path},
                    "newContent": {"content": base64.b64encode(content).decode(), "contentType": "base64encoded"},
                }
                for path, content in files.items()
            ]
            body = {
                "refUpdates": [{"name": f"refs/heads/{branch}", "oldObjectId": old}],
                "commits": [{"comment": "Change by test", "changes": changes}],
            }
            answer = http.post(f"{base}/pushes", json=body)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["commits"][0]["commitId"])

    return commit


def _in_platform(server: SimulatorServer, token: str, **arguments) -> AzureDevOps:
    """A client whose default project is Platform and whose fences are the same in every run."""
    settings = load_settings(base_url=server.base_url, pat=token, default_project="Platform", environ={})
    context = RunContext(server.organization.clock.now, nonce=lambda: "nonce", pseudonym_key=b"tests")
    return AzureDevOps(settings, context=context, **{"files": UPLOADS, **arguments})


@pytest.fixture(scope="session")
def platform_reader(shared_server: SimulatorServer) -> Iterator[AzureDevOps]:
    """`reader` with Platform as its default project."""
    with _in_platform(shared_server, READ, writes="allow") as reading:
        yield reading


@pytest.fixture
def connect(server: SimulatorServer) -> Iterator[Callable[..., AzureDevOps]]:
    """Makes clients of the test's own service in Platform; takes a token and what a client takes."""
    clients: list[AzureDevOps] = []

    def make(token: str = FULL, **arguments) -> AzureDevOps:
        clients.append(_in_platform(server, token, **arguments))
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def sent() -> list[httpx.Request]:
    """The requests of `platform_client`, as they went out."""
    return []


@pytest.fixture
def platform_client(
    connect: Callable[..., AzureDevOps], server: SimulatorServer, sent: list[httpx.Request]
) -> AzureDevOps:
    """`client` with Platform as its default project, and with a note of each request in `sent`."""
    return connect(writes="allow", transport=Recorder(server.base_url, sent))
