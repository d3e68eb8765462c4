"""The write gate by itself, in front of a network that notes what passed: which requests, and why not the others."""

import time

import httpx
import pytest

from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.http.request import PROBES, RequestContext
from langchain_azure_devops.http.write_gate import WriteGate, spend_grant
from langchain_azure_devops.safety.grants import Operation, WriteRequest
from langchain_azure_devops.settings import load_settings

URL = "https://dev.azure.com/contoso"
CREATE = Operation("POST", "/{project}/_apis/wit/workitems/${type}")
READ = Operation("GET", "/{project}/_apis/git/repositories/{repository}/items")
BUG = {"project": "Platform", "type": "Bug"}
WRITE = "POST /{project}/_apis/wit/workitems/${type}"


class Passed(httpx.AsyncBaseTransport):
    """The network behind the gate."""

    def __init__(self):
        self.requests, self.closed = [], 0

    async def handle_async_request(self, request):
        self.requests.append(request)
        return httpx.Response(200)

    async def aclose(self):
        self.closed += 1


@pytest.fixture
def network():
    return Passed()


@pytest.fixture(params=["writer", "reader"])
def mode(request):
    return request.param


def client_of(mode="writer"):
    return AzureDevOps(load_settings(organization="contoso", pat="x" * 52, environ={}), read_only=mode == "reader")


def request_of(client, operation, url, *, method="", content=b"", headers=None, **options):
    context = RequestContext(
        operation, options.pop("path", {}), client, time.monotonic() + 9, client.progress, **options
    )
    extensions = {"request_context": context}
    return httpx.Request(
        method or operation.method, f"{URL}{url}", content=content, headers=headers, extensions=extensions
    )


async def refusal(network, request):
    with pytest.raises(WriteBlocked) as caught:
        await WriteGate(network).handle_async_request(request)
    assert network.requests == []
    return caught.value


async def passes(network, request):
    response = await WriteGate(network).handle_async_request(request)
    assert network.requests.pop() is request
    return response.status_code == 200


def grant_of(client):
    request = WriteRequest("create_work_item", {}, "digest", "Platform")
    return client.grants.open(request, frozenset({CREATE}), 1, BUG)


@pytest.mark.parametrize(
    "path",
    [
        "/Platform/_apis/git/repositories/api/items",
        "/Platform/_apis/git/repositories/api/items?path=/a?b&x=/c",
        "/_apis/git/repositories/api/items",
        "/Mobile%20App/_apis/git/repositories/50%25/items",
    ],
)
async def test_a_read_on_its_route_passes(network, mode, path):
    with client_of(mode) as client:
        assert await passes(network, request_of(client, READ, path))


@pytest.mark.parametrize(
    "path",
    [
        "/Platform/_apis/git/repositories/api/items/more",
        "/Platform/_apis/git/repositories/a/b/items",
        "/Platform/_apis/git/repositories/api",
        "/Platform/_apis/git/repositories//items",
        "/Platform/_apis/git/pushes",
        "/Platform/_apis/git/pushes?x=/Platform/_apis/git/repositories/api/items",
        "/Platform/_apisXgit/repositories/api/items",
    ],
)
async def test_a_request_beside_its_route_does_not_pass(network, path):
    with client_of() as client:
        blocked = await refusal(network, request_of(client, READ, path))
    shown = path.partition("?")[0]
    assert blocked.subject == "route"
    assert blocked.message == (
        f"GET /contoso{shown} was not sent: it is not the GET {READ.template} that it claims to be."
    )


async def test_a_request_with_another_method_does_not_pass(network):
    with client_of() as client:
        request = request_of(client, READ, "/Platform/_apis/git/repositories/api/items", method="PUT")
        blocked = await refusal(network, request)
    assert blocked.message.startswith("PUT /contoso/Platform/_apis/git/repositories/api/items was not sent")


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-METHOD-OVERRIDE"])
async def test_no_header_changes_the_method(network, name):
    with client_of() as client:
        request = request_of(client, READ, "/_apis/git/repositories/api/items", headers={name: "DELETE"})
        blocked = await refusal(network, request)
        assert await passes(
            network, request_of(client, READ, "/_apis/git/repositories/api/items", headers={"X-A": "b"})
        )
    assert blocked.subject == "route"
    assert blocked.message == "A request was not sent: a header would turn it into another one."


async def test_a_write_passes_with_its_grant_once(network):
    with client_of() as client:
        grant = grant_of(client)
        request = request_of(client, CREATE, "/Platform/_apis/wit/workitems/$Bug", path=BUG, grant=grant)
        assert await passes(network, request)
        assert "used up" in (await refusal(network, request)).message


async def test_a_write_without_a_grant_or_for_something_else_does_not_pass(network):
    with client_of() as client:
        without = await refusal(network, request_of(client, CREATE, "/Platform/_apis/wit/workitems/$Bug", path=BUG))
        path = {**BUG, "project": "Payments"}
        request = request_of(client, CREATE, "/Payments/_apis/wit/workitems/$Bug", path=path, grant=grant_of(client))
        other = await refusal(network, request)
    assert (without.subject, without.message) == (
        "grant",
        f"{WRITE} was not sent: a write needs an approved tool call.",
    )
    assert "it is for project 'Platform', not 'Payments'" in other.message


def test_a_client_that_only_reads_spends_no_grant():
    with client_of("reader") as client, pytest.raises(WriteBlocked) as caught:
        spend_grant(client, grant_of(client), CREATE, BUG)
    assert caught.value.subject == "read_only"
    assert caught.value.message == f"{WRITE} was not sent: this client only reads."


@pytest.mark.parametrize("scope", PROBES)
async def test_a_constant_probe_passes_and_no_other(network, scope):
    operation, content_type, body = PROBES[scope]
    headers = {"Content-Type": content_type}
    with client_of() as client:
        probe = {"content": body.encode(), "headers": headers, "probe": True}
        assert await passes(network, request_of(client, operation, operation.template, **probe))
        changed = {**probe, "content": body.replace("1", "2").replace("{}", "[]").encode()}
        blocked = await refusal(network, request_of(client, operation, operation.template, **changed))
        assert blocked.message == (
            "A probe was not sent: it is not one of the constant probes, or this client only reads."
        )
        elsewhere = Operation(operation.method, "/_apis/wit/workitems/7")
        await refusal(network, request_of(client, elsewhere, elsewhere.template, **probe))
    with client_of("reader") as client:
        await refusal(network, request_of(client, operation, operation.template, **probe))


async def test_closing_the_gate_closes_the_network(network):
    await WriteGate(network).aclose()
    assert network.closed == 1
