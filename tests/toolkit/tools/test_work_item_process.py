"""Types of work items, templates of teams, and the recycle bin."""

from datetime import UTC, datetime

import pytest
from stub_service import Reply, Seen, StubService, failure, ok
from tool_calls import call, refusal, shown

from azure_devops_simulator import Fault, Organization
from azure_devops_simulator.state.work_items.templates import Template
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.errors import InvalidRequest, NotFound, ProjectNotFound


def test_the_types_of_a_project_have_their_states(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_work_item_types")
    found = {row.name: row.states for row in page.items}
    assert found["Task"] == ["New", "Active", "Closed", "Removed"]
    assert len(found) == page.total == 6
    assert "in Platform" in shown(page)
    scrum = {row.name for row in call(platform_reader, "list_work_item_types", project="Mobile App").items}
    assert "Product Backlog Item" in scrum


def test_a_type_tells_which_states_may_follow_and_where_a_new_item_begins(platform_reader: AzureDevOps) -> None:
    found = call(platform_reader, "get_work_item_type", type="user story")
    states = {state.name: state for state in found.states}
    assert [name for name, state in states.items() if state.first] == ["New"]
    assert states["Active"].category == "InProgress"
    assert states["Removed"].next == ["New"]
    assert "Active" not in states["Active"].next


def test_a_type_tells_required_fields_and_allowed_values(platform_reader: AzureDevOps) -> None:
    found = call(platform_reader, "get_work_item_type", type="Bug")
    fields = {field.reference_name: field for field in found.fields}
    assert fields["System.Title"].required
    severity = fields["Microsoft.VSTS.Common.Severity"]
    assert severity.allowed == ["1 - Critical", "2 - High", "3 - Medium", "4 - Low"]
    assert (severity.kind, severity.default) == ("string", "3 - Medium")
    assert "System.Watermark" not in fields
    assert any("only the service sets them" in note for note in found.notes)


def test_a_type_that_does_not_exist_is_refused_with_near_names(platform_reader: AzureDevOps) -> None:
    told = refusal(platform_reader, "get_work_item_type", NotFound, type="Bugg")
    assert "Did you mean 'Bug'?" in told
    assert "User Story" in told
    refusal(platform_reader, "get_work_item_type", ProjectNotFound, type="Bug", project="Platfrom")


def test_a_type_is_read_although_its_allowed_values_cannot_be(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    organization.faults.add(Fault(kind="status", status=403, path="/workitemtypes/Bug/fields"))
    found = call(platform_client, "get_work_item_type", type="Bug")
    assert found.partial
    assert [each.place for each in found.unread] == ["allowed values"]
    assert {"System.Title", "System.State"} <= {field.reference_name for field in found.fields}
    assert "allowed values could not be read" in shown(found)


def test_templates_have_their_values(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_work_item_templates", team="Platform Team")
    found = {row.name: row for row in page.items}
    bug = found["Production bug"]
    assert (bug.type, bug.team) == ("Bug", "Platform Team")
    assert {field.field: field.value for field in bug.fields}["Microsoft.VSTS.Common.Priority"] == "1"
    assert "team Platform Team of Platform" in shown(page)


def add_template(organization: Organization, team: str, name: str) -> Template:
    project = organization.project("Platform")
    assert project is not None
    own = next(each for each in project.teams if each.name == team)
    number = organization.new_guid()
    made = Template(number, project, own.id, name, "", "Bug", {"System.Tags": "x"})
    organization.work_items.templates.items[number] = made
    return made


def test_without_a_team_the_templates_of_all_teams_are_listed(client: AzureDevOps, organization: Organization) -> None:
    call(client, "list_work_item_templates", project="Platform")
    project = organization.project("Platform")
    assert project is not None
    project.teams.append(type(project.teams[0])(organization.new_guid(), "Harbor", ""))
    add_template(organization, "Harbor", "Of Harbor")
    page = call(client, "list_work_item_templates", project="Platform")
    assert [(row.team, row.name) for row in page.items][-1] == ("Harbor", "Of Harbor")
    assert len(page.items) == 3


def test_more_templates_than_one_page(platform_client: AzureDevOps, organization: Organization) -> None:
    for number in range(60):
        add_template(organization, "Platform Team", f"Template {number:02}")
    first = call(platform_client, "list_work_item_templates", team="Platform Team")
    second = call(platform_client, "list_work_item_templates", team="Platform Team", cursor=first.cursor)
    assert (len(first.items), len(second.items), second.cursor) == (50, 12, None)
    assert all(row.fields for row in [*first.items, *second.items])


def test_a_template_whose_values_cannot_be_read_is_named(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    bad = add_template(organization, "Platform Team", "Broken")
    organization.faults.add(Fault(kind="status", status=403, path=f"/templates/{bad.id}"))
    page = call(platform_client, "list_work_item_templates", team="Platform Team")
    assert page.partial
    assert [each.place for each in page.failed] == ["fields of template Broken"]
    assert {row.name for row in page.items if row.fields} == {"Production bug", "Follow-up of an incident"}


def test_a_team_that_does_not_exist_is_refused_with_near_names(platform_reader: AzureDevOps) -> None:
    told = refusal(platform_reader, "list_work_item_templates", NotFound, team="Platfrm Team")
    assert "Did you mean 'Platform Team'?" in told


def test_a_token_that_cannot_list_teams_is_told_to_name_one() -> None:
    with (
        StubService([failure(403, "AccessDeniedException", "No access")]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client,
    ):
        assert "Name the team" in refusal(client, "list_work_item_templates", InvalidRequest, project="Platform")


def delete(organization: Organization, *numbers: int, by: str = "Tom Becker") -> None:
    for number in numbers:
        item = organization.work_items.items[number]
        organization.work_items.delete(item, by=organization.named(by), when=organization.clock.tick())


def test_the_recycle_bin_says_who_deleted_what_and_when(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    delete(organization, 17)
    delete(organization, 31, by="Mina Sato")
    rows = call(platform_client, "list_deleted_work_items").items
    assert [row.id for row in rows][:2] == [31, 17]
    assert rows[0].deleted_by == "Mina Sato <mina.sato@tidewater.example>"
    assert rows[1].title == "Move limit and offset into models.SEARCH"
    assert rows[1].deleted == organization.work_items.items[17].deletion.date.replace(microsecond=0)


@pytest.mark.parametrize("when", ["11/18/2026 1:38:07 PM", "2026-11-18T13:38:07.1234567Z", "2026-11-18T13:38:07Z"])
def test_the_recycle_bin_is_read_in_every_form_of_a_date(when: str) -> None:
    row = {"id": "92", "type": "Bug", "name": "Gone", "deletedDate": when, "deletedBy": "Mia <mia@a.example>"}
    with (
        StubService([ok({"count": 1, "value": [row]})]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client,
    ):
        [found] = call(client, "list_deleted_work_items", project="Platform").items
    assert found.deleted is not None
    assert found.deleted.replace(microsecond=0) == datetime(2026, 11, 18, 13, 38, 7, tzinfo=UTC)


def test_an_empty_recycle_bin_says_where_it_is(platform_reader: AzureDevOps) -> None:
    assert shown(call(platform_reader, "list_deleted_work_items", project="Data")) == (
        "No deleted work items found in Data."
    )
    refusal(platform_reader, "list_deleted_work_items", ProjectNotFound, project="Nowhere")


def test_a_part_of_the_recycle_bin_that_cannot_be_read_is_named() -> None:
    def answer(seen: Seen) -> Reply:
        if "ids=" not in seen.target:
            return ok({"count": 250, "value": [{"id": number} for number in range(1, 251)]})
        if "ids=1%2C" in seen.target:
            return failure(403, "AccessDeniedException", "No access")
        row = {"id": 201, "type": "Bug", "name": "Gone", "deletedBy": "Mia <mia@a.example>"}
        return ok({"count": 1, "value": [row | {"deletedDate": "2026-10-06T10:38:00.1234567Z"}]})

    with StubService(answer) as service, AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client:
        page = call(client, "list_deleted_work_items", project="Platform")
    assert [(row.id, row.deleted_by) for row in page.items] == [(201, "Mia <mia@a.example>")]
    assert page.partial
    assert page.failed[0].place == "deleted work items 1 and following"
