"""What is not simulated says so, and never looks like a fact about the organization."""

import httpx
import pytest

from azure_devops_simulator import SimulatorServer
from azure_devops_simulator.api.errors import NotSimulatedError

HEADER = "X-Simulator-Not-Simulated"

REQUESTS = [
    ("GET", "/_apis/hooks/consumers", "GET _apis/hooks/consumers"),
    ("GET", "/_apis/hooks/Consumers/7/actions/consumers", "GET _apis/hooks/consumers/*/actions/*"),
    ("GET", "/_apis/hooks/consumers/7/nothing/secret", "GET _apis/hooks/consumers/*/*/*"),
    ("POST", "/Platform/Web/_apis/nothing", "POST {project}/{team}/_apis/nothing"),
    ("GET", "/_apis/projects/Platform/categorizedteams", "GET _apis/projects/*/categorizedteams"),
    ("POST", "/Platform/_git/platform-api/info/lfs", "POST {project}/_git/*/info/*"),
    ("GET", "/Platform/_dashboards/directory", "the web pages below _dashboards"),
    ("GET", "/Platform", "the web pages of the service"),
    ("PROPFIND", "/Platform", "PROPFIND of the web pages of the service"),
    ("GET", "/_apis/nothing/a%0d%0aSet-Cookie:%20b%22", "GET _apis/nothing/a%0D%0ASet-Cookie:%20b%22"),
    ("GET", "/_apis/a%0d%0ab%C3%A9%E2%82%AC", "GET _apis/a%0D%0Ab%C3%A9%E2%82%AC"),
]


def assert_says_so(answer: httpx.Response, status: int, what: str) -> None:
    assert answer.status_code == status
    assert answer.headers[HEADER] == what
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    error = answer.json()
    assert error["typeKey"] == "NotSimulatedException"
    assert error["message"] == f"The simulator does not simulate {what}. This says nothing about the organization."


@pytest.mark.parametrize(("method", "path", "what"), REQUESTS)
def test_an_operation_that_is_not_simulated_says_so(client, method, path, what):
    answer = client.send(method, path)
    assert_says_so(answer, 404, what)
    assert "x-vss-userdata" in answer.headers


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/", "the web pages of the service without an organization"),
        ("/_apis/accounts", "GET _apis/accounts without an organization"),
        ("/_apis/profile/profiles/me", "GET _apis/profile/profiles/* without an organization"),
        ("/_usersSettings/tokens", "the web pages below _usersSettings without an organization"),
    ],
)
@pytest.mark.parametrize("host", ["", "app.vssps.visualstudio.com"])
def test_a_path_without_an_organization_says_so(server, path, what, host):
    address = httpx.URL(server.base_url).copy_with(path=path)
    assert_says_so(httpx.get(address, headers={"Host": host} if host else {}), 404, what)


@pytest.mark.parametrize("host", ["vssps.dev.azure.com", "vsrm.dev.azure.com"])
def test_another_host_of_the_service_says_so(client, host):
    answer = client.http.get("/_apis/release/definitions", headers={"Host": host})
    assert_says_so(answer, 404, "GET _apis/release/definitions")


@pytest.mark.parametrize("path", ["/_apis/projects", "/Platform/_apis/git/repositories/docs/refs"])
def test_a_method_that_the_service_does_not_have_either_is_a_405(client, path):
    answer = client.send("DELETE", path)
    assert answer.status_code == 405
    assert "DELETE" in answer.json()["value"]["Message"]
    assert HEADER not in answer.headers


def test_a_strict_server_answers_501(organization):
    with SimulatorServer(organization, strict=True) as server:
        for path in ("/_apis/hooks/consumers", "/Platform"):
            answer = httpx.get(f"{server.base_url}{path}", auth=("", "full-token"))
            assert answer.status_code == 501
            assert answer.headers[HEADER]
        assert httpx.get(f"{server.base_url}/_apis/projects", auth=("", "full-token")).status_code == 200


def test_facts_of_the_service_do_not_look_like_gaps(client):
    for path in ("/_apis/projects/nobody", "/Nowhere/_apis/git/repositories"):
        answer = client.send("GET", path)
        assert answer.is_client_error
        assert HEADER not in answer.headers


def test_each_gap_is_reported_once(client, capsys):
    for number in (1, 2, 3):
        client.send("GET", f"/_apis/hooks/consumers/{number}")
    client.send("GET", "/_apis/graph/users?secret=abcdef")
    printed = capsys.readouterr().err.splitlines()
    assert printed == ["not simulated: GET _apis/hooks/consumers/*", "not simulated: GET _apis/graph/users"]


def test_a_part_of_a_request_says_so(client, capsys):
    body = {
        "name": "Other",
        "capabilities": {"versioncontrol": {"sourceControlType": "Tfvc"}, "processTemplate": {"templateTypeId": "x"}},
    }
    answer = client.send("POST", "/_apis/projects", body)
    assert_says_so(answer, 400, "projects with a version control other than git")
    assert capsys.readouterr().err == "not simulated: projects with a version control other than git\n"


def test_words_of_a_request_cannot_add_headers_or_lines():
    error = NotSimulatedError("the part a\r\nb\u20ac of a definition" + "!" * 1000)
    assert error.what.startswith(r"the part a\r\nb\u20ac of a definition!")
    assert len(error.what) == 200
