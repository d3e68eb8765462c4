"""Requests addressed to the hosts of the public service, and the TLS port."""

import collections
import os
import socket
import ssl
import subprocess
import sys
from contextlib import ExitStack

import httpx
import pytest
import trustme

from azure_devops_simulator import Certificate, Fault, SimulatorServer

CORE, GIT, SEARCH = (
    "79134c72-4a58-4b42-976c-04e7115f32bf",
    "4e080c62-fa21-4fbc-8fef-2a10a2b38049",
    "ea48a0a1-269c-42d8-b8ad-ddc8fcdcf578",
)


def ask(server, host, path, method="GET", token="full-token"):
    port_url = server.base_url.rsplit("/", 1)[0]
    auth = ("", token) if token else None
    return httpx.request(method, port_url + path, headers={"Host": host}, auth=auth)


@pytest.mark.parametrize(
    ("host", "prefix", "main", "search"),
    [
        ("dev.azure.com", "/tidewater", "http://dev.azure.com/tidewater/", "http://almsearch.dev.azure.com/tidewater/"),
        (
            "almsearch.dev.azure.com",
            "/tidewater",
            "http://dev.azure.com/tidewater/",
            "http://almsearch.dev.azure.com/tidewater/",
        ),
        (
            "tidewater.visualstudio.com",
            "",
            "http://tidewater.visualstudio.com/",
            "http://tidewater.almsearch.visualstudio.com/",
        ),
    ],
)
def test_a_host_of_the_service_gets_addresses_in_the_form_it_was_asked_in(server, host, prefix, main, search):
    areas = ask(server, host, f"{prefix}/_apis/ResourceAreas").json()["value"]
    places = {area["id"]: area["locationUrl"] for area in areas}
    assert (places[CORE], places[GIT], places[SEARCH]) == (main, main, search)
    repositories = ask(server, host, f"{prefix}/Platform/_apis/git/repositories").json()["value"]
    assert {repository["url"].partition("_apis")[0] for repository in repositories} <= {
        f"{main}{repository['project']['id']}/" for repository in repositories
    }


def test_another_name_keeps_everything_at_one_address(server):
    areas = httpx.get(f"{server.base_url}/_apis/ResourceAreas", auth=("", "full-token")).json()["value"]
    assert {area["locationUrl"] for area in areas} == {f"{server.base_url}/"}


def test_the_area_of_an_organization_is_told_without_a_credential(server):
    path = f"/_apis/resourceAreas/{SEARCH}?accountName=tidewater"
    found = ask(server, "dev.azure.com", path, token=None).json()
    assert found["locationUrl"] == "http://almsearch.dev.azure.com/tidewater/"
    assert ask(server, "dev.azure.com", path.replace("tidewater", "nobody"), token=None).status_code == 404


def test_the_tenant_stands_in_the_refusal_of_the_identity_host(server, organization):
    answer = ask(server, "vssps.dev.azure.com", "/tidewater", method="HEAD", token=None)
    assert (answer.status_code, answer.headers["x-vss-resourcetenant"]) == (404, organization.id)


@pytest.fixture
def certificate(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    issued = authority.issue_cert("dev.azure.com", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return Certificate(tmp_path / "chain.pem", tmp_path / "key.pem")


def test_with_a_certificate_it_speaks_tls(organization, certificate):
    trusted = ssl.create_default_context(cafile=certificate.chain.with_name("authority.pem"))
    with SimulatorServer(organization, certificate=certificate) as server:
        assert server.base_url.startswith("https://127.0.0.1:")
        answer = httpx.get(f"{server.base_url}/_apis/projects", auth=("", "full-token"), verify=trusted)
        assert answer.json()["value"][0]["url"].startswith(f"{server.base_url}/_apis/projects/")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.base_url}/_apis/projects", auth=("", "full-token"))


def test_faults_break_a_tls_connection_as_they_break_a_plain_one(organization, certificate):
    trusted = ssl.create_default_context(cafile=certificate.chain.with_name("authority.pem"))
    with (
        SimulatorServer(organization, certificate=certificate) as server,
        httpx.Client(base_url=server.base_url, auth=("", "full-token"), verify=trusted) as client,
    ):
        whole = client.get("/_apis/projects")
        for fault, error in (
            # What TLS makes of a reset depends on how much of the answer to the handshake was still unread.
            (Fault("reset", times=1), (httpx.ReadError, httpx.RemoteProtocolError)),
            (Fault("reset", times=1, when="after"), (httpx.ReadError, httpx.RemoteProtocolError)),
            (Fault("truncate", times=1), httpx.RemoteProtocolError),
        ):
            organization.faults.add(fault)
            with pytest.raises(error):
                client.get("/_apis/projects")
            assert client.get("/_apis/projects").content == whole.content
        organization.faults.add(Fault("slow", times=1, delay=0.01), Fault("endless", times=1))
        assert client.get("/_apis/projects").content == whole.content
        with client.stream("GET", "/_apis/projects") as answer:
            got = 0
            for piece in answer.iter_bytes():
                got += len(piece)
                if got > 20 * len(whole.content):
                    break
        assert client.get("/_apis/projects").content == whole.content


def test_a_reset_of_a_tls_connection_is_one_on_the_wire(organization, certificate):
    trusted = ssl.create_default_context(cafile=certificate.chain.with_name("authority.pem"))
    organization.faults.add(Fault("reset"))
    with SimulatorServer(organization, certificate=certificate) as server:
        address = ("127.0.0.1", int(server.base_url.split(":")[2].split("/")[0]))
        with (
            socket.create_connection(address) as plain,
            trusted.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"GET /tidewater/_apis/projects HTTP/1.1\r\nHost: x\r\n\r\n")
            # Below TLS, which calls a reset an early end.
            with socket.socket(fileno=os.dup(connection.fileno())) as below, pytest.raises(ConnectionResetError):
                collections.deque(iter(lambda: below.recv(1000), b""), maxlen=0)


def test_it_stops_while_a_tls_client_owes_the_answer_to_its_closing_message(organization, certificate):
    trusted = ssl.create_default_context(cafile=certificate.chain.with_name("authority.pem"))
    with ExitStack() as open_longer:
        # An error in the thread of the server fails the test.
        with SimulatorServer(organization, certificate=certificate) as server:
            address = ("127.0.0.1", int(server.base_url.split(":")[2].split("/")[0]))
            plain = open_longer.enter_context(socket.create_connection(address))
            connection = open_longer.enter_context(trusted.wrap_socket(plain, server_hostname="127.0.0.1"))
            connection.sendall(b"GET /tidewater/_apis/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert connection.recv(9) == b"HTTP/1.1 "


def test_a_certificate_that_is_none_is_said_where_the_server_is_made(organization, tmp_path):
    tmp_path.joinpath("none.pem").write_text("none", encoding="utf-8")
    with pytest.raises(OSError, match="PEM"):
        SimulatorServer(organization, certificate=Certificate(tmp_path / "none.pem", tmp_path / "none.pem"))


def test_the_command_serves_tls_and_wants_both_files(certificate):
    command = [sys.executable, "-m", "azure_devops_simulator", "--certificate", str(certificate.chain)]
    half = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (half.returncode, half.stderr.splitlines()[-1].rpartition("error: ")[2]) == (
        2,
        "give --certificate and --key together",
    )
    with subprocess.Popen([*command, "--key", str(certificate.key)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("https://127.0.0.1:")
        process.terminate()
        assert process.wait(20) == 0
