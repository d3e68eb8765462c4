"""The control endpoint: what a test in another process may change while the simulator runs."""

import httpx
import pytest

from azure_devops_simulator import SimulatorServer, export_world, seed_organization

QUERY = {"query": "SELECT [System.Id] FROM WorkItems WHERE [System.Title] = 'Found late'"}
SEARCH = "/Platform/_apis/search/codesearchresults"


@pytest.fixture
def server(organization):
    with SimulatorServer(organization, control=True) as running:
        yield running


@pytest.fixture
def control(server):
    with httpx.Client(base_url=server.base_url.rsplit("/", 1)[0] + "/_simulator") as client:
        yield lambda method, path, body=None: client.request(method, path, json=body).raise_for_status().json()


def test_it_is_off_unless_switched_on(organization):
    with SimulatorServer(organization) as plain:
        root = plain.base_url.rsplit("/", 1)[0]
        assert httpx.get(f"{root}/_simulator/faults").status_code == 404


def test_it_does_not_answer_web_pages(server):
    root = server.base_url.rsplit("/", 1)[0]
    answer = httpx.request("DELETE", f"{root}/_simulator/faults", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_faults_are_added_counted_and_removed(client, control):
    control("POST", "/faults", [{"kind": "status", "status": 500, "times": 1}, {"kind": "status", "path": "/wit/"}])
    assert client.send("GET", "/_apis/projects").status_code == 500
    assert client.send("GET", "/_apis/wit/workitems/1").status_code == 503
    assert [(fault["seen"], fault["failed"]) for fault in control("GET", "/faults")] == [(2, 1), (1, 1)]
    assert control("DELETE", "/faults") == []
    assert client.send("GET", "/_apis/wit/workitems/1").status_code == 200


def test_a_limit_is_set_and_lifted(client, control):
    control("PUT", "/throttle", {"capacity": 1, "refill": 0.001})
    assert [client.send("GET", "/_apis/projects").status_code for _ in range(2)] == [200, 429]
    control("DELETE", "/throttle")
    assert client.send("GET", "/_apis/projects").status_code == 200


def test_issued_tokens_and_personal_ones_as_bearer(server, control):
    def status(value):
        headers = {"Authorization": f"Bearer {value}", "X-TFS-FedAuthRedirect": "Suppress"}
        return httpx.get(f"{server.base_url}/_apis/projects", headers=headers).status_code

    made = control("PUT", "/tokens", {"value": "job", "kind": "issued"})
    assert made["kind"] == "issued"
    assert control("PUT", "/tokens", {"value": "job", "state": "active"}) == made
    assert (status("job"), status("full-token")) == (200, 401)
    control("PATCH", "/settings", {"bearer_pats": True})
    assert status("full-token") == 200


def test_tokens_come_and_go(connect, control):
    made = control("PUT", "/tokens", {"value": "new", "scopes": ["vso.code"], "user": "Dana Ortiz"})
    owner = {"user": "dana.ortiz@tidewater.example", "scopes": ["vso.code"]}
    assert made == {**owner, "state": "active", "kind": "personal"}
    assert connect("new").send("GET", "/_apis/git/repositories").status_code == 200
    assert control("PUT", "/tokens", {"value": "new", "state": "revoked"}) == {**made, "state": "revoked"}
    assert connect("new").send("GET", "/_apis/git/repositories").status_code == 401
    assert control("PUT", "/tokens", {"value": "new", "state": "active"}) == made


def test_a_permission_is_taken_in_one_part_of_a_project(client, organization, control):
    def branch(repository, name):
        tip = organization.repository("Platform", repository).default_tip()
        update = [{"name": name, "oldObjectId": "0" * 40, "newObjectId": tip}]
        path = f"/Platform/_apis/git/repositories/{repository}/refs"
        return client.call("POST", path, update)["value"][0]["updateStatus"]

    denial = {"user": "svc-agent", "permission": "CreateBranch", "project": "Platform"}
    control("PUT", "/permissions", {**denial, "within": "docs/refs/heads/release"})
    assert branch("docs", "refs/heads/release/1") == "createBranchPermissionRequired"
    assert branch("docs", "refs/heads/other") == "succeeded"
    control("PUT", "/permissions", {**denial, "within": "docs"})
    assert branch("docs", "refs/heads/another") == "createBranchPermissionRequired"
    assert branch("platform-api", "refs/heads/another") == "succeeded"
    control("DELETE", "/permissions")
    assert branch("docs", "refs/heads/release/1") == "succeeded"


def test_an_area_path_may_be_closed_to_somebody(client, organization, control):
    item = next(i for i in organization.work_items if "\\" in i.revision.fields["System.AreaPath"])
    other = next(i for i in organization.work_items if i.project is not item.project)
    within = item.revision.fields["System.AreaPath"]
    control("PUT", "/permissions", {"user": "svc-agent", "permission": "WorkItemWrite", "within": within})
    change = [{"op": "add", "path": "/fields/System.Title", "value": "New"}]
    headers = {"Content-Type": "application/json-patch+json"}
    statuses = [
        client.http.patch(f"/_apis/wit/workitems/{one.id}?api-version=7.1", json=change, headers=headers).status_code
        for one in (item, other)
    ]
    assert statuses == [403, 200]


def test_a_project_is_hidden_from_somebody(client, control):
    control("PUT", "/hidden", {"user": "svc-agent", "project": "Payments"})
    assert client.send("GET", "/_apis/projects/Payments").status_code == 404
    assert client.get("/_apis/projects")["count"] == 3


def test_a_group_is_named_where_a_user_is(client, organization, control):
    group = organization.add_group("Contractors", [organization.named("svc-agent")])
    control("PUT", "/permissions", {"user": "Contractors", "permission": "CreateRepository"})
    client.call("POST", "/Platform/_apis/git/repositories", {"name": "more"}, expect=403)
    control("PUT", "/hidden", {"user": "contractors", "project": "Payments"})
    assert client.send("GET", "/_apis/projects/Payments").status_code == 404
    group.members.clear()
    assert client.send("GET", "/_apis/projects/Payments").status_code == 200
    client.call("POST", "/Platform/_apis/git/repositories", {"name": "more"}, expect=201)


def test_queries_lag_behind_and_catch_up(client, organization, control):
    control("PATCH", "/settings", {"work_item_lag": 60})
    change = [{"op": "add", "path": "/fields/System.Title", "value": "Found late"}]
    headers = {"Content-Type": "application/json-patch+json"}
    path = "/Platform/_apis/wit/workitems/$Task?api-version=7.1"
    number = client.http.post(path, json=change, headers=headers).json()["id"]
    assert client.get(f"/_apis/wit/workitems/{number}")["fields"]["System.Title"] == "Found late"
    assert client.call("POST", "/_apis/wit/wiql", QUERY)["workItems"] == []
    before = control("GET", "/clock")["now"]
    assert control("PATCH", "/clock", {"advance": 61})["now"] > before
    assert [row["id"] for row in client.call("POST", "/_apis/wit/wiql", QUERY)["workItems"]] == [number]


def test_code_search_lags_behind_and_catches_up(client, organization, control):
    control("PATCH", "/settings", {"code_search_lag": 300})
    repository = organization.repository("Platform", "docs")
    change = {"changeType": "add", "item": {"path": "/new.md"}, "newContent": {"content": "zanzibar"}}
    update = {"name": "refs/heads/main", "oldObjectId": repository.default_tip()}
    push = {"refUpdates": [update], "commits": [{"comment": "New", "changes": [change]}]}
    client.call("POST", "/Platform/_apis/git/repositories/docs/pushes", push, expect=201)
    query = {"searchText": "zanzibar", "$top": 5}
    assert client.call("POST", SEARCH, query)["count"] == 0
    assert client.call("POST", SEARCH, {"searchText": "ext:md", "$top": 5})["count"] > 0
    control("PATCH", "/clock", {"advance": 301})
    assert client.call("POST", SEARCH, query)["count"] == 1


def test_time_passes_by_itself_when_told_to(control):
    control("PATCH", "/clock", {"rate": 1_000_000})
    first, second = (control("GET", "/clock")["now"] for _ in range(2))
    assert first < second


def test_a_new_rate_takes_nothing_of_the_time_before_it(control, organization):
    organization.clock.rate = 1_000_000
    reached = control("GET", "/clock")["now"]
    organization.clock.rate = 0
    stopped = organization.clock.now()
    assert control("GET", "/clock")["now"] >= reached
    assert organization.clock.now() == stopped


def test_a_world_is_taken_out_and_put_in(client, organization, control):
    other = seed_organization()
    other.project("Data").description = "Another world."
    seed = control("GET", "/world")
    assert seed["projects"].keys() == {"Platform", "Payments", "Mobile App", "Data"}
    control("PUT", "/world", export_world(other))
    assert client.get("/_apis/projects/Data")["description"] == "Another world."
    control("PUT", "/world", seed)
    assert client.get("/_apis/projects/Data")["description"] != "Another world."
    assert control("GET", "/world") == seed


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faults", {"kind": "explode"}),
        ("PUT", "/throttle", {"capacity": "many"}),
        ("PUT", "/tokens", {"value": "x", "state": "tired"}),
        ("PUT", "/tokens", {"value": "x", "kind": "found"}),
        ("PATCH", "/settings", {"bearer_pats": 1}),
        ("PUT", "/permissions", {"user": "Nobody", "permission": "X"}),
        ("POST", "/faults", 3),
        ("PUT", "/tokens", {"value": "x", "scopes": "vso.code"}),
        ("PUT", "/tokens", {"value": "x", "scopes": ["vso.cod"]}),
        ("PUT", "/tokens", {}),
        ("PUT", "/permissions", {"user": "svc-agent", "permission": "Write"}),
        ("PATCH", "/clock", {"advance": 1e300}),
        ("PATCH", "/clock", {"rate": -1}),
        ("PUT", "/hidden", {"user": "svc-agent", "project": "Nowhere"}),
        ("PATCH", "/clock", {"advance": -1}),
        ("PATCH", "/settings", {"colour": "red"}),
        ("PUT", "/world", {"format": 99}),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(server, method, path, body):
    answer = httpx.request(method, server.base_url.rsplit("/", 1)[0] + "/_simulator" + path, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]
