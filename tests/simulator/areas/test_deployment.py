"""Environments, approvals, checks and pools."""

from typing import Any

from azure_devops_simulator import Organization, build_organization, export_world, import_world

PIPELINES = "/Platform/_apis/pipelines"
PREVIEW, CHECKS = "7.2-preview.1", "7.1-preview.1"
POOLS = "/_apis/distributedtask/pools"


def test_an_environment_is_created_once(client: Any, organization: Organization) -> None:
    path, body = f"{PIPELINES}/environments", {"name": "test", "description": "d"}
    sent = client.send("POST", path, body, version=PREVIEW)
    made = sent.json()
    assert (sent.status_code, made["name"], made["project"]["name"]) == (200, "test", "Platform")
    assert client.send("POST", path, body, version=PREVIEW).status_code == 409
    assert [row["name"] for row in client.get(path, version=PREVIEW, name="t")["value"]] == ["test"]
    assert client.get(f"{path}/{made['id']}", version=PREVIEW) == made
    client.get("/Payments/_apis/pipelines/environments/1", version=PREVIEW, expect=404)
    assert export_world(import_world(export_world(organization))) == export_world(organization)


def test_deployments_come_newest_first_and_in_pages(client: Any) -> None:
    path = f"{PIPELINES}/environments/2/environmentdeploymentrecords"
    rows = client.get(path, version=PREVIEW)["value"]
    assert [(row["owner"]["id"], row["stageName"], row["result"]) for row in rows] == [
        (7, "Production", "succeeded"),
        (4, "Production", "succeeded"),
    ]
    first = client.http.get(path, params={"api-version": PREVIEW, "top": 1})
    assert first.headers["x-ms-continuationtoken"] == "1"
    assert client.get(path, version=PREVIEW, top=1, continuationToken="1")["value"] == rows[1:]
    client.get(path, version=PREVIEW, continuationToken="x", expect=400)


def test_an_approval_is_decided_once_by_somebody_who_may() -> None:
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker"):
        world.add_user(name)
    project = world.add_project("Platform")
    pipeline = project.add_pipeline("ci", repository=project.add_repository("api"), yaml="steps:\n- script: make\n")
    environment = project.add_environment("production").add_check(approvers=["Dana Ortiz"], instructions="Look.")
    run = pipeline.run()
    approval = environment.ask(run.build, "Dana Ortiz", instructions="Look.")
    environment.deploy(run.build)
    assert (approval.status, environment.environment.deployments[0].build) == ("pending", run.id)
    assert world.organization.deployment.checks[1].settings["instructions"] == "Look."
    pool = world.add_pool("linux").add_agent("one", online=False).add_agent("two", capabilities={"gpu": "1"})
    assert [agent.online for agent in pool.pool.agents] == [False, True]
    assert export_world(import_world(export_world(world))) == export_world(world)


def test_who_is_not_asked_may_not_approve(client: Any, connect: Any, organization: Organization) -> None:
    world = build_organization(organization)
    environment = world.project("Platform").add_environment("test")
    approval = environment.ask(organization.builds.builds[35], "Tom Becker", "Mina Sato")
    path, body = f"{PIPELINES}/approvals", [{"approvalId": approval.id, "status": "approved", "comment": "Fine."}]
    assert approval.id in [row["id"] for row in client.get(path, state="pending")["value"]]
    client.call("PATCH", path, body, expect=403)
    organization.add_token("tom", user=organization.named("Tom Becker"))
    [done] = connect("tom").call("PATCH", path, body)["value"]
    assert (done["status"], [step["status"] for step in done["steps"]]) == ("approved", ["approved", "skipped"])
    assert done["steps"][0]["actualApprover"]["displayName"] == "Tom Becker"
    connect("tom").call("PATCH", path, body, expect=400)
    client.call("PATCH", path, [{"approvalId": "x", "status": "approved"}], expect=404)
    assert client.get(f"{path}/{approval.id}", __expand="steps")["status"] == "approved"


def test_checks_show_their_settings_only_on_request(client: Any) -> None:
    path = f"{PIPELINES}/checks/configurations"
    [row] = client.get(path, version=CHECKS, resourceType="environment", resourceId="2")["value"]
    assert (row["type"]["name"], row["resource"]["name"], "settings" in row) == ("Approval", "production", False)
    whole = client.http.get(f"{path}/1", params={"api-version": CHECKS, "$expand": "settings"}).json()
    assert [each["displayName"] for each in whole["settings"]["approvers"]] == ["Dana Ortiz", "Priya Raman"]
    assert client.get(path, version=CHECKS, resourceType="queue", resourceId="2")["value"] == []


def test_pools_and_agents(client: Any, connect: Any, organization: Organization) -> None:
    [pool] = client.get(POOLS, poolName="Tidewater-Private")["value"]
    assert (pool["id"], pool["size"], pool["isHosted"]) == (14, 1, False)
    [agent] = client.get(f"{POOLS}/14/agents")["value"]
    assert (agent["status"], agent["enabled"], "systemCapabilities" in agent) == ("offline", True, False)
    whole = client.get(f"{POOLS}/12/agents", includeCapabilities="true")["value"][0]
    assert whole["userCapabilities"] == {"team": "harbor"}
    client.get(f"{POOLS}/99", expect=404)
    organization.add_token("builder", ["build"])
    connect("builder").get(POOLS, expect=401)
