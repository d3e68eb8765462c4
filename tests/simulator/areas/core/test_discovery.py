"""What official clients ask before anything else."""

import httpx
import pytest

from azure_devops_simulator.api.access import ANONYMOUS

GIT_AREA = "4e080c62-fa21-4fbc-8fef-2a10a2b38049"
CORE_AREA = "79134c72-4a58-4b42-976c-04e7115f32bf"


def test_locations_are_those_of_the_service_with_a_route_or_without(client):
    rows = client.call("OPTIONS", "/_apis")["value"]
    by_id = {row["id"]: row for row in rows}
    assert len(by_id) == len(rows)
    for location, resource in (
        ("603fe2ac-9723-48b9-88ad-09305aa6c6e1", "projects"),
        ("225f7195-f9c7-4d14-ab28-a83f7ff77e1f", "repositories"),
        ("9946fd70-0d40-406e-b686-b4744cbbcc37", "pullRequests"),
        ("01a46dea-7d46-4d40-bc84-319e7c260d99", "pullRequests"),
        ("2d874a60-a811-4f62-9c9f-963a6ea0a55b", "refs"),
        ("ea98d07b-3c87-4971-8ede-a613694ffb55", "pushes"),
        ("00d9565f-ed9c-4a06-9a50-00e7896ccab4", "ConnectionData"),
        ("e7f29993-5b82-4fca-9386-f5cfe683d524", "codeSearchResults"),
    ):
        assert by_id[location]["resourceName"] == resource
    without_a_route = {("tfvc", "changesets"), ("distributedtask", "pools"), ("notification", "Subscriptions")}
    assert without_a_route <= {(row["area"], row["resourceName"]) for row in rows}
    assert by_id["225f7195-f9c7-4d14-ab28-a83f7ff77e1f"] == {
        "id": "225f7195-f9c7-4d14-ab28-a83f7ff77e1f",
        "area": "git",
        "resourceName": "repositories",
        "routeTemplate": "{project}/_apis/{area}/{resource}/{repositoryId}",
        "resourceVersion": 1,
        "minVersion": "1.0",
        "maxVersion": "7.2",
        "releasedVersion": "7.1",
    }


def test_locations_of_one_area(client):
    rows = client.call("OPTIONS", "/_apis/Git")["value"]
    assert rows
    assert {row["area"] for row in rows} == {"git"}


def test_an_area_without_known_locations_is_not_simulated(client):
    answer = client.send("OPTIONS", "/_apis/packaging")
    assert (answer.status_code, answer.headers["x-simulator-not-simulated"]) == (404, "the area packaging")


def test_locations_are_given_to_any_token(connect, organization):
    organization.add_token("packages", {"vso.packaging"})
    answer = connect("packages").send("OPTIONS", "/_apis", version=None)
    assert answer.status_code == 200
    assert "x-vss-userdata" in answer.headers


def test_resource_areas_point_back_here(client, server):
    areas = {row["id"]: row for row in client.get("/_apis/ResourceAreas", version="5.0-preview.1")["value"]}
    assert areas[GIT_AREA] == {"id": GIT_AREA, "name": "git", "locationUrl": server.base_url + "/"}
    assert client.get(f"/_apis/ResourceAreas/{CORE_AREA}", version=None)["name"] == "core"


def test_the_host_knows_the_organization_without_credential(server):
    host = server.base_url.rsplit("/", 1)[0]
    found = httpx.get(f"{host}/_apis/resourceAreas/{CORE_AREA}", params={"accountName": "tidewater"})
    assert found.status_code == 200
    assert found.json()["locationUrl"] == server.base_url + "/"
    missing = httpx.get(f"{host}/_apis/resourceAreas/{CORE_AREA}", params={"accountName": "nowhere"})
    assert missing.status_code == 404


def test_connection_data_says_who_i_am(client, organization):
    data = client.get("/_apis/connectionData", version="7.1-preview")
    agent = organization.named("svc-agent")
    assert data["authenticatedUser"] == data["authorizedUser"]
    assert data["authenticatedUser"]["id"] == agent.id
    assert data["authenticatedUser"]["properties"]["Account"]["$value"] == "svc-agent@tidewater.example"
    assert data["instanceId"] == organization.id
    assert data["deploymentType"] == "hosted"


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_connection_data_without_a_good_token_is_anonymous(connect, token):
    answer = connect(token).send("GET", "/_apis/connectionData", version=None)
    assert answer.status_code == 200
    assert answer.json()["authenticatedUser"]["id"] == ANONYMOUS.id == "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
    assert "x-vss-userdata" not in answer.headers


def test_projects_are_paged(client):
    first = client.send("GET", "/_apis/projects", __top=3)
    assert [row["name"] for row in first.json()["value"]] == ["Data", "Mobile App", "Payments"]
    token = first.headers["x-ms-continuationtoken"]
    second = client.send("GET", "/_apis/projects", __top=3, continuationToken=token)
    assert [row["name"] for row in second.json()["value"]] == ["Platform"]
    assert "x-ms-continuationtoken" not in second.headers
    assert client.get("/_apis/projects", __skip=3)["count"] == 1


def test_a_project_by_name_or_id(client):
    project = client.get("/_apis/projects/mobile%20app", includeCapabilities="true")
    assert project["name"] == "Mobile App"
    assert project["capabilities"]["processTemplate"]["templateName"] == "Scrum"
    assert project["defaultTeam"]["name"] == "Mobile App Team"
    assert client.get(f"/_apis/projects/{project['id']}")["id"] == project["id"]
    assert "capabilities" not in client.get(f"/_apis/projects/{project['id']}")


def test_teams_and_their_members(client):
    team = client.get("/_apis/projects/Platform/teams")["value"][0]
    members = client.get(f"/_apis/projects/Platform/teams/{team['id']}/members")["value"]
    assert "Priya Raman" in {member["identity"]["displayName"] for member in members}
    assert client.get("/_apis/projects/Platform/teams/nobody", expect=404)["typeKey"] == "TeamNotFoundException"


def test_processes(client):
    processes = {row["name"]: row for row in client.get("/_apis/process/processes")["value"]}
    assert processes["Agile"]["isDefault"]
    assert client.get(f"/_apis/process/processes/{processes['Scrum']['id']}")["name"] == "Scrum"
