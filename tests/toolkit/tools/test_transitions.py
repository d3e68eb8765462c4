"""A state that the process refuses: the error says which states may follow the present one."""

from tool_calls import call, refusal

from langchain_azure_devops.errors import InvalidRequest

STORY = 8


def update(client, **changes):
    revision = call(client, "get_work_item", ids=[STORY]).revision
    return call(client, "update_work_item", id=STORY, revision=revision, **changes)


def test_a_forbidden_transition_names_the_states_that_may_follow(platform_client):
    closed = update(platform_client, state="Closed")
    told = refusal(
        platform_client, "update_work_item", InvalidRequest, id=STORY, revision=closed.revision, state="Removed"
    )
    assert "It is Closed, and this process lets only these follow: New, Active, Resolved." in told
    assert "The states of a User Story are: New, Active, Resolved, Closed, Removed." in told


def test_what_was_removed_only_comes_back_as_new(platform_client):
    removed = update(platform_client, state="Removed")
    told = refusal(
        platform_client, "update_work_item", InvalidRequest, id=STORY, revision=removed.revision, state="active"
    )
    assert "It is Removed, and this process lets only these follow: New." in told
    assert update(platform_client, state="New").state == "New"


def test_a_field_of_that_name_in_the_fields_is_explained_as_well(platform_client):
    closed = update(platform_client, state="Closed")
    changed = [{"name": "System.State", "value": "Removed"}]
    told = refusal(
        platform_client, "update_work_item", InvalidRequest, id=STORY, revision=closed.revision, fields=changed
    )
    assert "only these follow: New, Active, Resolved." in told


def test_a_new_item_is_told_its_first_state(platform_client):
    given = {"type": "User Story", "title": "x", "fields": [{"name": "System.State", "value": "Closed"}]}
    told = refusal(platform_client, "create_work_item", InvalidRequest, **given)
    assert "a new one begins as New" in told
