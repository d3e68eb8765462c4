"""Variable groups and service connections: who changed them, and never a value."""

import httpx
from tool_calls import FULL, Recorder, call, connected, text_of


def test_a_variable_group_names_its_variables_and_who_changed_it(platform_client):
    tests, production = call(platform_client, "list_variable_groups").items
    assert (tests.id, tests.name, tests.variables) == (1, "platform-api-tests", ["DB_HOST", "DB_NAME", "DB_TIMEOUT"])
    assert (production.secret_variables, production.modified_by) == (["STATE_ACCESS_KEY"], "Priya Raman")
    assert f"{production.modified:%Y-%m-%d}" == "2026-09-24"
    assert [row.id for row in call(platform_client, "list_variable_groups", name="infra*").items] == [2]


def test_no_value_of_a_variable_is_shown_or_kept(platform_client, organization):
    organization.resources.variable_groups[1].variables["HIDDEN_TRUTH"] = {"value": "swordfish-and-more"}
    page = call(platform_client, "list_variable_groups")
    assert "HIDDEN_TRUTH" in page.items[0].variables
    assert "swordfish" not in text_of(platform_client, "list_variable_groups") + page.model_dump_json()


def test_a_service_connection_says_what_it_reaches_and_who_changed_it(platform_client):
    azure, registry = call(platform_client, "list_service_connections").items
    assert (azure.name, azure.type, azure.sign_in) == ("tidewater-azure", "azurerm", "WorkloadIdentityFederation")
    assert (registry.modified_by, f"{registry.modified:%Y-%m-%d}") == ("Priya Raman", "2026-10-06")
    [found] = call(platform_client, "list_service_connections", name="tidewater-registry").items
    assert found == registry


class Older(Recorder):
    """A server that does not know version 7.2."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "7.2" not in request.url.params.get("api-version", ""):
            return await super().handle_async_request(request)
        key = "VssVersionOutOfRangeException"
        body = {"message": "out of range", "typeKey": key, "typeName": key, "errorCode": 0, "eventId": 3000}
        return httpx.Response(400, json=body, request=request)


def test_an_older_server_is_asked_without_the_changes(server):
    with connected(server.base_url, FULL, Older(server.base_url, [])) as client:
        page = call(client, "list_service_connections")
    assert (page.items[0].name, page.items[0].modified_by) == ("tidewater-azure", None)
    assert page.notes == ["This server does not say who changed a service connection, nor when."]
