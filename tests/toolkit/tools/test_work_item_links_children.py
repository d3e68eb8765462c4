"""Several children are created with one approval, and what became of each of them is said."""

import pytest
from tool_calls import call, lose, refusal, shown, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOps, approve_writes_with
from langchain_azure_devops.errors import InvalidRequest, NotFound, WriteBlocked, WriteOutcomeUnknown
from langchain_azure_devops.safety import describe_write, is_rows, show_row, view_write
from langchain_azure_devops.safety.grants import Approval
from langchain_azure_devops.settings import load_settings

CREATE = "create_child_work_items"
TWO = [
    {"type": "Task", "title": "Write the tests", "assigned_to": "Mina Sato"},
    {"type": "Task", "title": "Tell the planners", "description": "In **two** parts:\n\n- when\n- why"},
]


def children_of(organization, number: int = 8) -> list[str]:
    relations = organization.work_items.items[number].relations()
    kind = "System.LinkTypes.Hierarchy-Forward"
    return [organization.work_items.items[each.target].title for each in relations if each.rel == kind]


def test_children_are_created_below_their_parent_in_its_area_and_iteration(platform_client, organization, sent):
    parent = call(platform_client, "get_work_item", ids=[8])
    sent.clear()
    made = call(platform_client, CREATE, parent=8, children=[*TWO, {**TWO[0], "title": "Later", "area": "Platform"}])
    assert len(writes(sent)) == 3
    assert [row.outcome for row in made.children] == ["created"] * 3
    assert not made.partial
    found = [call(platform_client, "get_work_item", ids=[row.id]) for row in made.children]
    assert [(each.title, each.assigned_to and each.assigned_to.split(" <")[0]) for each in found] == [
        ("Write the tests", "Mina Sato"), ("Tell the planners", None), ("Later", "Mina Sato"),
    ]  # fmt: skip
    assert [each.area for each in found] == [parent.area, parent.area, "Platform"]
    assert {each.iteration for each in found} == {parent.iteration}
    assert found[1].description == TWO[1]["description"]
    assert {link.target for each in found for link in each.links if link.kind == "parent"} == {"8"}
    assert {each.revision for each in found} == {1}
    assert children_of(organization)[-3:] == ["Write the tests", "Tell the planners", "Later"]


def test_a_child_that_is_refused_does_not_hide_the_others(platform_client, organization):
    refused = {"type": "Taks", "title": "Wrong"}
    made = call(platform_client, CREATE, parent=8, children=[refused, TWO[0], {**TWO[1], "assigned_to": "Nobody"}])
    assert [row.outcome for row in made.children] == ["refused", "created", "refused"]
    assert "Did you mean 'Task'?" in made.children[0].reason
    assert made.children[2].reason
    assert made.partial
    assert "1 of 3 were created" in made.notes[0]
    assert {each.place for each in made.unread} == {"Taks Wrong", "Task Tell the planners"}
    assert "Did you mean 'Task'?" in shown(made)
    assert children_of(organization)[-1] == "Write the tests"


def test_when_all_are_refused_the_error_names_each(platform_client, organization):
    before = children_of(organization)
    children = [{"type": "Taks", "title": "One"}, {"type": "Bgu", "title": "Two"}]
    told = refusal(platform_client, CREATE, InvalidRequest, parent=8, children=children)
    assert "1. Taks 'One'" in told
    assert "2. Bgu 'Two'" in told
    refusal(platform_client, CREATE, NotFound, parent=999_999, children=TWO)
    refusal(platform_client, CREATE, InvalidRequest, parent=8, children=[])
    refusal(platform_client, CREATE, InvalidRequest, parent=8, children=[TWO[0]] * 21)
    assert children_of(organization) == before


def test_a_lost_answer_of_one_child_is_found_and_the_others_follow(platform_client, organization):
    lose(organization, TOOLS[CREATE], when="after", times=1, skip=1)
    made = call(platform_client, CREATE, parent=8, children=[TWO[0], TWO[1], {**TWO[0], "title": "Third"}])
    assert [row.outcome for row in made.children] == ["created"] * 3
    assert "looked up and found" in made.children[1].reason
    assert children_of(organization)[-3:] == ["Write the tests", "Tell the planners", "Third"]


def test_behind_a_child_whose_outcome_is_unknown_nothing_is_sent_and_it_is_not_sent_again(hasty, organization):
    lose(organization, TOOLS[CREATE], when="before", times=1, skip=1)
    children = [TWO[0], TWO[1], {**TWO[0], "title": "Third"}]
    made = call(hasty, CREATE, parent=8, children=children)
    assert [row.outcome for row in made.children] == ["created", "unknown", "not sent"]
    assert made.partial
    assert "a person has to look" in made.notes[1]
    again = call(hasty, CREATE, parent=8, children=[children[2], children[1]])
    assert [row.outcome for row in again.children] == ["created", "unknown"]
    assert "an equal write was begun" in again.children[1].reason
    assert children_of(organization)[-2:] == ["Write the tests", "Third"]


def test_when_the_only_child_is_unknown_so_is_the_call(hasty, organization):
    before = children_of(organization)
    lose(organization, TOOLS[CREATE], when="before", times=1)
    with pytest.raises(WriteOutcomeUnknown) as caught:
        call(hasty, CREATE, parent=8, children=TWO[:1])
    assert caught.value.url
    assert children_of(organization) == before


def test_two_equal_children_are_both_created(platform_client, organization):
    made = call(platform_client, CREATE, parent=8, children=[TWO[0], TWO[0]])
    assert len({row.id for row in made.children}) == 2
    assert children_of(organization)[-2:] == ["Write the tests"] * 2


def test_the_approver_sees_each_child_as_a_row_and_those_of_the_same_title(connect, organization):
    asked = []

    def approve(request):
        asked.append(request)
        return Approval(True, request.digest, "dana")

    twin = {"type": "Task", "title": "refuse a negative page"}
    with approve_writes_with(approve):
        call(connect(), CREATE, parent=8, children=[*TWO, twin])
    [request] = asked
    assert request.current["parent_title"] == "As a planner I want to page through search results"
    assert request.current["same_title_as_3"] == "work item 18, Task: Refuse a negative page (Closed)"
    view = view_write(request)
    changes = {change["field"]: change["new"] for change in view["changes"]}
    assert changes["children.1"] == "type: Task; title: Write the tests; assigned_to: Mina Sato"
    assert changes["children.2"].startswith("type: Task; title: Tell the planners\ndescription:\n  In **two** parts:")
    told = describe_write(request)
    assert "1. type: Task; title: Write the tests; assigned_to: Mina Sato\n" in told
    assert "{" not in told
    assert view["lookalikes"] == []
    assert is_rows(view["arguments"]["children"])


def test_a_title_cannot_look_like_another_value_of_its_row():
    children = [{"type": "Task", "title": "x; assigned_to: Priya Raman"}, {"type": "Task", "title": "a\u200bb"}]
    tool = TOOLS[CREATE]
    settings = load_settings(organization="tidewater", pat="t" * 52, environ={})
    with AzureDevOps(settings, writes="allow") as client:
        request = tool.request(client, tool.validate({"parent": 8, "children": children}))
    told = describe_write(request)
    assert 'title: "x; assigned_to: Priya Raman"' in told
    assert "⟦ZERO WIDTH SPACE⟧" in told
    assert view_write(request)["hidden_characters"] == {"children": ["ZERO WIDTH SPACE"]}


def test_only_lists_of_records_without_records_of_their_own_are_rows():
    assert is_rows([{"id": 1, "title": "x", "done": None, "tags": ["a"], "fields": [{"name": "A", "value": "1"}]}])
    nested = [{"a": {"b": 1}}], [{"a": [{"b": 1}]}], [{"a": [["b"]]}]
    for other in ([], "x", [1], [{}], [{"name": "a", "value": "b"}], [{"a": 1}, "b"], *nested):
        assert not is_rows(other)


def test_a_row_shows_its_lists_and_each_of_its_fields_and_nothing_for_what_is_empty():
    fields = [{"name": "Custom.A", "value": "1"}, {"name": "Custom.A", "value": "2"}, {"name": "B; id", "value": "x"}]
    row = {"id": 7, "title": None, "tags": ["a", "b"], "links": [], "fields": fields}
    assert show_row(row) == ('id: 7; tags: ["a", "b"]; fields.Custom.A: 1; fields.Custom.A: 2; fields."B; id": x')


def test_a_text_that_no_write_may_hold_is_refused_in_each_field_of_a_child(platform_client, sent):
    for name in ("title", "description", "assigned_to", "area"):
        child = {**TWO[0], name: "https://evil.example/?d=1"}
        refusal(platform_client, CREATE, WriteBlocked, parent=8, children=[TWO[1], child])
    assert writes(sent) == []


def test_a_service_that_fails_in_between_leaves_the_rest_not_sent(hasty, organization):
    organization.faults.add(Fault("status", "POST", status=503, path="/workitems/$Task", skip=1, times=50))
    made = call(hasty, CREATE, parent=8, children=[*TWO, {**TWO[0], "title": "Third"}])
    outcomes = [row.outcome for row in made.children]
    assert outcomes[0] == "created"
    assert set(outcomes[1:]) <= {"not sent", "unknown"}
    assert children_of(organization)[-1] == "Write the tests"
