"""Templates of work items: those of a team, their fields, and what becomes of them."""

from typing import Any

from azure_devops_simulator import Organization, build_organization, export_world, import_world

TEMPLATES = "/Platform/Platform Team/_apis/wit/templates"


def names(answer: Any) -> list[str]:
    return [row["name"] for row in answer["value"]]


def test_a_list_has_no_fields_and_one_template_has_them(client: Any) -> None:
    found = client.get(TEMPLATES)
    assert names(found) == ["Production bug", "Follow-up of an incident"]
    row = found["value"][0]
    assert "fields" not in row
    whole = client.get(f"{TEMPLATES}/{row['id']}")
    assert whole["fields"]["System.Tags"] == "production"
    assert {name: value for name, value in whole.items() if name != "fields"} == row
    assert names(client.get(TEMPLATES, workitemtypename="task")) == ["Follow-up of an incident"]


def test_a_template_belongs_to_its_team(client: Any) -> None:
    [other] = client.get("/Payments/Payments Team/_apis/wit/templates")["value"]
    assert other["name"] == "Ledger correction"
    error = client.get(f"{TEMPLATES}/{other['id']}", expect=404)
    assert other["id"] in error["message"]
    client.get("/Platform/Nobody/_apis/wit/templates", expect=404)


def test_a_template_is_created_replaced_and_deleted(client: Any) -> None:
    body = {"name": "Chore", "workItemTypeName": "Task", "fields": {"System.Tags": "chore"}}
    made = client.call("POST", TEMPLATES, body, expect=201)
    assert (made["description"], made["fields"]) == ("", {"System.Tags": "chore"})
    one = f"{TEMPLATES}/{made['id']}"
    changed = client.call("PUT", one, {"name": "Chore 2", "workItemTypeName": "Bug", "fields": {}})
    assert (changed["name"], changed["workItemTypeName"], changed["fields"]) == ("Chore 2", "Bug", {})
    client.call("DELETE", one, expect=204)
    client.get(one, expect=404)


def test_a_template_needs_a_name_a_type_and_known_fields(client: Any) -> None:
    client.call("POST", TEMPLATES, {"workItemTypeName": "Task"}, expect=400)
    client.call("POST", TEMPLATES, {"name": "Chore", "workItemTypeName": "Nothing"}, expect=404)
    body = {"name": "Chore", "workItemTypeName": "Task", "fields": {"Custom.Nothing": "1"}}
    client.call("POST", TEMPLATES, body, expect=400)


def test_a_template_goes_with_its_team(client: Any) -> None:
    team = client.call("POST", "/_apis/projects/Platform/teams", {"name": "Short"}, expect=201)
    own = "/Platform/Short/_apis/wit/templates"
    made = client.call("POST", own, {"name": "Chore", "workItemTypeName": "Task"}, expect=201)
    client.call("DELETE", f"/_apis/projects/Platform/teams/{team['id']}", expect=204)
    again = client.call("POST", "/_apis/projects/Platform/teams", {"name": "Short"}, expect=201)
    assert again["id"] != team["id"]
    client.get(f"{own}/{made['id']}", expect=404)


def test_a_world_keeps_templates(organization: Organization) -> None:
    world = export_world(organization)
    assert export_world(import_world(world)) == world
    assert "Production bug" in {row["name"] for row in world["templates"].values()}  # type: ignore[union-attr,call-overload,index]


def test_a_builder_adds_templates() -> None:
    built = build_organization("contoso").at("2026-11-02 09:00")
    project = built.add_project("Platform")
    project.add_team("Harbor").add_template("Crash", "Bug", {"System.Tags": "crash"}, description="When it crashes")
    [made] = built.organization.work_items.templates.items.values()
    assert (made.name, made.type, made.fields) == ("Crash", "Bug", {"System.Tags": "crash"})
    assert [team.id for team in project.project.teams if team.name == "Harbor"] == [made.team]
