"""What no client should send: every request has an answer below 500, and what was stored can be read again."""

import socket

import httpx
import pytest

from azure_devops_simulator import SimulatorServer, difference, export_world

JSON, PATCH = "application/json", "application/json-patch+json"
WIQL, ITEM, PUSH = "/_apis/wit/wiql", "/_apis/wit/workitems/1", "/Platform/_apis/git/repositories/docs/pushes"
WHERE = "SELECT [System.Id] FROM WorkItems WHERE "
DEEP = b"[" * 100_000
MANY = "9" * 5_000


def put(name, value):
    return f'[{{"op":"add","path":"/fields/{name}","value":{value}}}]'.encode()


def push(path):
    change = f'{{"changeType":"add","item":{{"path":"{path}"}},"newContent":{{"content":"x"}}}}'
    update = f'{{"name":"refs/heads/odd","oldObjectId":"{"0" * 40}"}}'
    return f'{{"refUpdates":[{update}],"commits":[{{"comment":"x","changes":[{change}]}}]}}'.encode()


@pytest.fixture
def send(organization, tls):
    with (
        SimulatorServer(organization, control=True) as server,
        httpx.Client(auth=("", "full-token"), verify=tls) as client,
    ):

        def send(method, path, /, body=None, media_type=JSON, **query):
            url = httpx.URL(server.base_url + path).copy_merge_params({"api-version": "7.1", **query})
            return client.request(method, url, content=body, headers={"Content-Type": media_type})

        yield send


@pytest.mark.parametrize(
    ("method", "path", "body", "media_type"),
    [
        ("POST", WIQL, DEEP, JSON),
        ("POST", WIQL, DEEP + b"]" * len(DEEP), JSON),
        ("PATCH", ITEM, DEEP, PATCH),
        ("PATCH", "/_apis/wit/$batch", DEEP, JSON),
        ("POST", "/Platform/_apis/build/builds", b'{"definition":{"id":1},"parameters":"%s"}' % DEEP, JSON),
        ("POST", WIQL, f'{{"query":"{WHERE}{"(" * 5_000}[System.Id]=1{")" * 5_000}"}}'.encode(), JSON),
        ("POST", WIQL, f'{{"query":"{WHERE}{"NOT " * 5_000}[System.Id]=1"}}'.encode(), JSON),
        ("POST", WIQL, f'{{"query":"{WHERE}[System.ChangedDate] > @Today - {MANY[:12]}"}}'.encode(), JSON),
        ("POST", WIQL, b'{"query":"\xff\xfe"}', JSON),
        ("POST", WIQL, b'{"query":NaN}', JSON),
        ("POST", "/Platform/_apis/search/codesearchresults", b'{"searchText":"%s","$top":5}' % (b"(" * 5_000), JSON),
        ("PATCH", ITEM, put("Microsoft.VSTS.Common.StackRank", "NaN"), PATCH),
        ("PATCH", ITEM, put("Microsoft.VSTS.Common.StackRank", "1e999"), PATCH),
        ("PATCH", ITEM, put("Microsoft.VSTS.Common.StackRank", '"inf"'), PATCH),
        ("PATCH", ITEM, put("Microsoft.VSTS.Common.Priority", '"inf"'), PATCH),
        ("PATCH", ITEM, put("Microsoft.VSTS.Common.Priority", MANY), PATCH),
        ("PATCH", ITEM, put("Microsoft.VSTS.Scheduling.StartDate", '"0001-01-01T00:00:00+23:59"'), PATCH),
        ("GET", f"/_apis/wit/workitems/{MANY}", None, JSON),
        ("GET", "/_apis/git/pullrequests/%C2%B2", None, JSON),
        ("GET", f"/Platform/_apis/build/builds/{MANY}", None, JSON),
        ("GET", "/_apis/projects?$top=2147483648", None, JSON),
        ("POST", PUSH, push("/../up"), JSON),
        ("POST", PUSH, push("/docs/.git/config"), JSON),
        ("POST", PUSH, push("/a//b"), JSON),
    ],
)
def test_it_is_refused_and_nothing_changes(organization, send, method, path, body, media_type):
    before = export_world(organization)
    answer = send(method, path, body, media_type)
    assert 400 <= answer.status_code < 500, answer.text
    assert not difference(before, export_world(organization))
    assert send("GET", "/_apis/projects").status_code == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/_apis/projects", {"continuationToken": MANY}),
        ("/_apis/projects", {"$skip": "-5", "$top": "-1"}),
        ("/Platform/_apis/build/builds", {"continuationToken": MANY, "minTime": "0001-01-01T00:00:00+23:00"}),
        (ITEM, {"asOf": "9999-12-31T23:59:59-23:59"}),
        ("/Platform/_apis/git/repositories/docs/refs", {"filter": "\0"}),
        ("/Platform/_apis/git/repositories/docs/items", {"path": "/../../etc/passwd"}),
    ],
)
def test_odd_parameters_have_an_answer(send, path, query):
    assert send("GET", path, **query).status_code < 500


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (WIQL, f'{{"query":"{WHERE}{"NOT " * 5_000}[System.Id]=1"}}'.encode(), "The request is nested too deeply."),
        (PUSH, push("/x" * 1_500), "The request is nested too deeply."),
    ],
)
def test_what_is_nested_too_deeply_is_told_so(send, path, body, message):
    assert send("POST", path, body).json()["message"].startswith(message)


def test_half_a_character_is_replaced_and_can_be_read_again(organization, send):
    assert send("PATCH", ITEM, put("System.Title", '"half \\ud800 a pair"'), PATCH).status_code == 200
    assert send("GET", ITEM).json()["fields"]["System.Title"] == "half � a pair"
    assert send("PATCH", ITEM, put("System.Title", '"\\ud83d\\ude00"'), PATCH).json()["fields"]["System.Title"] == "😀"
    assert "�" in str(export_world(organization))


def test_a_client_that_leaves_within_a_body_changes_nothing_and_prints_nothing(organization, send, capfd):
    before = export_world(organization)
    with SimulatorServer(organization) as server:
        url = httpx.URL(server.base_url)
        with socket.create_connection((url.host, url.port or 0)) as connection:
            head = f"POST {url.path}{PUSH}?api-version=7.1 HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 1000\r\n\r\n"
            connection.sendall(head.encode() + b'{"refUpdates":')
        assert send("GET", "/_apis/projects").status_code == 200
    assert capfd.readouterr().err == ""
    assert not difference(before, export_world(organization))
