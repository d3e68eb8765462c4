"""The guard of organizations that many tests read fails a test that writes."""

import pytest

from azure_devops_simulator import SimulatorServer, seed_organization
from shared_organization import shared, unchanged

WRITES = {
    "over HTTP": lambda client, organization: client.http.post(
        "/Platform/_apis/wit/workitems/$Bug",
        params={"api-version": "7.1"},
        headers={"Content-Type": "application/json-patch+json"},
        json=[{"op": "add", "path": "/fields/System.Title", "value": "Written"}],
    ).raise_for_status(),
    "the clock": lambda client, organization: organization.clock.tick(),
    "a token": lambda client, organization: organization.add_token("another"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_test_that_writes_fails(client, organization, write):
    with pytest.raises(AssertionError, match="changed the organization that other tests read"):
        with unchanged(organization):
            WRITES[write](client, organization)


def test_reading_is_no_change(client, organization):
    with shared(organization), unchanged(organization):
        client.get("/_apis/projects")
        client.get("/Platform/_apis/wit/workitems/4")


def test_what_no_mark_shows_is_found_at_the_end():
    with pytest.raises(AssertionError, match="changed the organization"):
        with shared(seed_organization()) as organization, SimulatorServer(organization):
            organization.project("Data").description = "Changed."
